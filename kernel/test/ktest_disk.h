/*
 * An imaginary disk for self-tests: its sectors are in memory, a worker does what start() took, and
 * it can be told to fail, to hang, and to keep a diary of what it was asked to do.
 */
#pragma once

#include "dev/blk.h"

#define KTEST_DISK_SECTORS 4096
#define KTEST_DISK_DIARY   64

/* d: disk.lock.  t: the test, while nothing is in flight. */
struct ktest_disk {
	struct disk disk;
	u8 *bytes;                     /* the worker's */
	struct mutex serving;          /* one worker at a time does what was taken */
	struct work work;
	struct blk_request *taken[32]; /* d */
	unsigned n_taken;              /* d */
	unsigned next_tag;             /* d: no more than depth are in flight, first come, first
					* served */
	lba_t bad_lba;                 /* t: transfers that touch it end with -EIO; ~0: none */
	unsigned n_bad;                /* t: how many more times */
	unsigned hang;                 /* t: so many requests are taken and never done */
	struct blk_request *hung;      /* d: the last one */
	unsigned n_timeouts;           /* timeout() calls */
	dma_addr_t highest;            /* bus address that was used; the worker's */
	bool hold;                     /* t: nothing is done until ktest_disk_let_go() */
	bool released;                 /* a: ops->release() was called */
	struct blk_transfer diary[KTEST_DISK_DIARY]; /* d */
	unsigned n_diary;              /* d */
};

/* Makes and registers one, or NULL (no memory). `with_cache`, `with_fua`: as in struct disk. */
struct ktest_disk *ktest_disk_create(unsigned depth, bool with_cache, bool with_fua);
/* Unregisters it and waits for the end of the last reference. */
void ktest_disk_destroy(struct ktest_disk *k);
/* Does what was held back. */
void ktest_disk_let_go(struct ktest_disk *k);
/* Forgets the diary. */
void ktest_disk_diary_clear(struct ktest_disk *k);
