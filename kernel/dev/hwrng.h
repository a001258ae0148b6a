/*
 * Generators of random numbers that are devices. Each is asked when it registers, and again once a
 * minute, for bytes that are mixed into the kernel's own generator (core/random.h); readers of
 * /dev/hwrng get those that come while they wait.
 */
#pragma once

#include "sched/wait.h"
#include "sched/work.h"

#define HWRNG_BYTES 64

/* I: constant.  l: lock. */
struct hwrng {
	const char *name;               /* I */
	/* I: has the device fill `bytes`, after which hwrng_done() is called once. ->lock is held,
	 * interrupts are off; must not sleep. */
	void (*ask)(struct hwrng *h);
	u8 *bytes;                      /* I: HWRNG_BYTES, the device's while it is asked */
	/* From here on dev/hwrng.c's. */
	struct spinlock lock;           /* RANK_DRIVER, interrupts off */
	bool asked;                     /* l: the device has `bytes` */
	bool wanted;                    /* l: by a reader, what it will give */
	u32 failures;                   /* l: answers without a byte */
	unsigned first, ready;          /* l: where in `bytes` those are that nobody took, and how
					 * many */
	struct wait_queue queue;        /* readers */
	struct delayed_work feed;
};

/* The driver has set name, ask and bytes, and the device works. It stays for ever. At boot. */
void hwrng_register(struct hwrng *h);
/* The device has filled the first n bytes (0: it failed). Any context. */
void hwrng_done(struct hwrng *h, unsigned n);
/* Whether there is any. Any context. */
bool hwrng_present(void);
/* Up to n > 0 bytes of the first one registered: how many; -ENODEV, -EIO, -ERESTARTSYS, and with
 * !wait -EAGAIN if it has none ready. May sleep. */
ssize_t hwrng_read(void *out, size_t n, bool wait);
