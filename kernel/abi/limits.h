/*
 * abi/limits.h - limits that are part of the ABI.
 */
#ifndef ABI_LIMITS_H
#define ABI_LIMITS_H

#define NGROUPS_MAX	65536	/* supplementary groups */
#define ARG_MAX		131072	/* the least that execve must accept, bytes */
#define MAX_ARG_STRLEN	131072	/* one argument or environment string, bytes */
#define NAME_MAX	255	/* one name in a path, without the terminator */
#define PATH_MAX	4096	/* a path, with the terminator */
#define PIPE_BUF	4096	/* writes to a pipe up to this are atomic */
#define XATTR_NAME_MAX	255
#define XATTR_SIZE_MAX	65536
#define XATTR_LIST_MAX	65536
#define UIO_MAXIOV	1024	/* elements of an iovec array */
#define MAXSYMLINKS	40	/* symbolic links followed in one walk before ELOOP */

/* The most bytes one read or write moves: read(2), NOTES. */
#define MAX_RW_COUNT	0x7ffff000

#endif
