/*
 * abi/dirent.h - directory entries: getdents64(2), getdents(2).
 */
#ifndef ABI_DIRENT_H
#define ABI_DIRENT_H

#include "abi/types.h"

struct linux_dirent64 {
	u64 d_ino;
	s64 d_off;		/* where the next getdents64 goes on */
	u16 d_reclen;		/* of this record, a multiple of 8 */
	u8 d_type;		/* DT_* */
	char d_name[];		/* terminated */
};
static_assert(offsetof(struct linux_dirent64, d_name) == 19, "struct linux_dirent64");

/* The older record keeps d_type in its last byte, at d_reclen - 1. */
struct linux_dirent {
	u64 d_ino;
	u64 d_off;
	u16 d_reclen;
	char d_name[];
};

#define DT_UNKNOWN	0
#define DT_FIFO		1
#define DT_CHR		2
#define DT_DIR		4
#define DT_BLK		6
#define DT_REG		8
#define DT_LNK		10
#define DT_SOCK		12
#define DT_WHT		14

/* The d_type of a file mode. */
#define DT_FROM_MODE(m)	(((m) & 0170000) >> 12)

#endif
