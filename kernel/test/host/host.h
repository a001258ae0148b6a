/*
 * test/host/host.h - what the harnesses of fs/ext and fs/jbd share.
 */
#ifndef TEST_HOST_HOST_H
#define TEST_HOST_HOST_H

/* The kernel's time structures are the host's: they come first and count as defined. */
#define _STRUCT_TIMESPEC 1
#define __timeval_defined 1
#define __itimerspec_defined 1
#include "abi/time.h"

#include "test/host/unit.h"
#undef FD_SETSIZE

#include "abi/errno.h"
#include "vm/pagecache.h"

/* host_os.c */
void *os_map(void *at, size_t bytes); /* at that address; does not return without it */
/* Runs a shell command, formatted: its exit status. */
int host_run(const char *fmt, ...) __printf(1, 2);
const char *os_temp_dir(void); /* of this program's own, removed at exit */

/* host_mem.c */
/* Whether one that counts down has reached its end: then, or from there on, it fails. */
bool host_fail(unsigned *countdown, bool for_good);
bool host_fail_hold(bool hold);	/* nothing fails meanwhile; the old state */

/* host_pages.c */
struct page *host_cache_next(struct pagecache *cache, pgoff_t first); /* the first from there on */
void host_cache_remove(struct pagecache *cache, struct page *page);

/* The harness' own: ends all requests in flight. */
void host_io_finish(void);

#endif
