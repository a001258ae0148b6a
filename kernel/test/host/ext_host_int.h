/*
 * test/host/ext_host_int.h - what the files of the ext harness share.
 */
#ifndef TEST_HOST_EXT_HOST_INT_H
#define TEST_HOST_EXT_HOST_INT_H

#include "test/host/ext_host.h"

/* ext_host_mem.c */
void host_mem_init(void);
u64 host_allocations(void);	/* in use: objects and pages */
void host_locks_check(void);	/* none is held */

/* ext_host_os.c: the host's own calls, whose headers disagree with the kernel's. */
void os_poison(void *p, size_t n);
int os_open(const char *path, bool read_only);
int os_create(const char *path);
void os_close(int fd);
u64 os_size(int fd);
bool os_pread(int fd, void *buf, size_t n, u64 at);
bool os_pwrite(int fd, const void *buf, size_t n, u64 at);
struct os_stat { u64 mode, nlink, uid, gid, rdev, size, ino; s64 mtime; };
bool os_lstat(const char *path, struct os_stat *out);
long os_readlink(const char *path, char *buf, size_t size);
/* Calls fn for each name of a directory: how many, or -1. */
int os_list(const char *dir, void (*fn)(const char *name, void *arg), void *arg);
void os_alarm(unsigned seconds); /* the program is killed then; 0: no longer */

/* ext_host_record.c */
void host_record_write(u64 offset, const void *data, u32 length, bool fua);
void host_record_flush(void);

/* ext_host_io.c */
struct blkdev *host_dev_open(const char *path, bool read_only);
void host_dev_close(struct blkdev *dev);
bool host_io_fails(void);	/* whether the transfer that is due is one that fails */
bool host_dev_read(struct blkdev *dev, void *data, u32 n, u64 at);	/* at once */
bool host_dev_write(struct blkdev *dev, const void *data, u32 n, u64 at);

#endif
