/*
 * abi/kdev.h - device numbers as user space sees them.
 */
#ifndef ABI_KDEV_H
#define ABI_KDEV_H

#include "abi/types.h"

/*
 * makedev(3) in 32 bits: the low eight bits of the minor, twelve of the major, the upper twelve of
 * the minor. stat's 64-bit st_dev and st_rdev hold the same value, zero-extended.
 */
#define DEV_MAJOR_MAX	0xfffu
#define DEV_MINOR_MAX	0xfffffu

static inline u32 dev_make(u32 major, u32 minor)
{
	return (minor & 0xff) | (major & 0xfff) << 8 | (minor & 0xfff00) << 12;
}

static inline u32 dev_major(u32 dev)
{
	return dev >> 8 & 0xfff;
}

static inline u32 dev_minor(u32 dev)
{
	return (dev & 0xff) | (dev >> 12 & 0xfff00);
}

/* The old 16-bit form, in which small device numbers stand in ext inodes. */
static inline bool dev_is_old(u32 dev)
{
	return dev_major(dev) < 256 && dev_minor(dev) < 256;
}

static inline u32 dev_encode_old(u32 dev)
{
	return dev_major(dev) << 8 | dev_minor(dev);
}

static inline u32 dev_decode_old(u32 old)
{
	return dev_make(old >> 8 & 0xff, old & 0xff);
}

/* Majors with a fixed meaning (Linux's devices.txt). */
#define MEM_MAJOR		1
#define TTY_MAJOR		4	/* tty0.. at minor 0, ttyS0.. at minor 64 */
#define TTYAUX_MAJOR		5	/* tty 0, console 1, ptmx 2 */
#define LOOP_MAJOR		7
#define SCSI_DISK_MAJOR		8	/* sda at minor 0, sixteen minors per disk */
#define MISC_MAJOR		10
#define SCSI_CDROM_MAJOR	11	/* sr0 at minor 0 */
#define INPUT_MAJOR		13
#define FB_MAJOR		29
#define UNIX98_PTY_SLAVE_MAJOR	136
#define VIRTBLK_MAJOR		254

#endif
