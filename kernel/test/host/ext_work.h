/*
 * test/host/ext_work.h - workloads for file systems in trouble, and a tree that they leave alone.
 */
#ifndef TEST_HOST_EXT_WORK_H
#define TEST_HOST_EXT_WORK_H

#include "test/host/ext_host.h"

/* Runs on a file system made by work_make(): 0 or the first error; goes on after errors. */
struct workload {
	const char *name;
	int (*run)(struct superblock *sb);
};

#define N_WORKLOADS 8
extern const struct workload workloads[N_WORKLOADS];

struct work_format {
	const char *type, *args;
};

#define N_WORK_FORMATS 4
extern const struct work_format work_formats[N_WORK_FORMATS];

/* An image of `mib` MiB with the tree in it, unmounted: its path (static). */
const char *work_make(const struct work_format *format, unsigned mib, const char *more);
/* Puts the image back as work_make() left it. */
void work_reset(void);
/* Whether everything in durable/ is as it was, told as failures of the test. */
void work_check(struct superblock *sb, const char *when);
/* e2fsck puts it right, and then durable/ is as it was. */
void work_repair(const char *type, const char *when);

#endif
