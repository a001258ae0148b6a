/*
 * Devices that generate random numbers. A device is asked for one buffer at a time; what comes is a
 * reader's if one wants it, and else the generator's. Bytes are handed out once, and erased.
 */
#include "dev/hwrng.h"

#include "abi/errno.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "lib/string.h"

#define FEED_NS (60 * NSEC_PER_SEC)

static struct hwrng *the_one; /* that registered first; readers' */

/* h->lock held. */
static void ask_locked(struct hwrng *h)
{
	if (h->asked || h->ready)
		return;
	h->asked = true;
	h->ask(h);
}

/* Gives what is ready to the kernel's generator. h->lock held. */
static void mix_locked(struct hwrng *h)
{
	random_mix(h->bytes + h->first, h->ready);
	memzero_explicit(h->bytes, HWRNG_BYTES);
	h->ready = 0;
}

void hwrng_done(struct hwrng *h, unsigned n)
{
	u64 flags = spin_lock_irq(&h->lock);

	h->asked = false;
	h->first = 0;
	h->failures += n == 0;
	h->ready = min(n, (unsigned)HWRNG_BYTES);
	if (h->ready && !h->wanted)
		mix_locked(h);
	spin_unlock_irq(&h->lock, flags);
	wait_wake(&h->queue, 0);
}

/* What a reader left is mixed in, too. */
static void feed(struct work *work)
{
	struct hwrng *h = container_of(work, struct hwrng, feed.work);
	u64 flags = spin_lock_irq(&h->lock);

	if (h->ready)
		mix_locked(h);
	ask_locked(h);
	spin_unlock_irq(&h->lock, flags);
	delayed_work_queue(&h->feed, FEED_NS);
}

void hwrng_register(struct hwrng *h)
{
	spin_init(&h->lock, RANK_DRIVER, "hwrng");
	wait_init(&h->queue);
	delayed_work_init(&h->feed, feed);
	log_info("%s: random numbers for the generator, and for /dev/hwrng", h->name);
	delayed_work_queue(&h->feed, 0);
	if (!the_one)
		store_release(&the_one, h);
}

bool hwrng_present(void)
{
	return load_acquire(&the_one);
}

/* Takes up to n bytes that are ready; if there are none, sees to it that some will be. */
static size_t take(struct hwrng *h, void *out, size_t n)
{
	u64 flags = spin_lock_irq(&h->lock);
	size_t got = min(n, (size_t)h->ready);

	memcpy(out, h->bytes + h->first, got);
	memzero_explicit(h->bytes + h->first, got);
	h->first += (unsigned)got;
	h->ready -= (unsigned)got;
	h->wanted = !got;
	if (!got)
		ask_locked(h);
	spin_unlock_irq(&h->lock, flags);
	return got;
}

ssize_t hwrng_read(void *out, size_t n, bool wait)
{
	struct hwrng *h = load_acquire(&the_one);
	u32 failures;

	if (!h)
		return -ENODEV;
	failures = READ_ONCE(h->failures);
	for (;;) {
		size_t got = take(h, out, n);
		int err;

		if (got)
			return (ssize_t)got;
		if (!wait)
			return -EAGAIN;
		err = wait_interruptible(&h->queue, READ_ONCE(h->ready) || !READ_ONCE(h->asked));
		if (err < 0)
			return err;
		if (READ_ONCE(h->failures) != failures)
			return -EIO;
	}
}
