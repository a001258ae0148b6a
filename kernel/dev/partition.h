/*
 * Partition tables read from a disk: GPT (UEFI 2.10, 5.3) and MBR with its chain of extended ones.
 * Pure: what is on the disk comes through a reader, and every value of it is taken for hostile.
 * Addresses are in logical sectors of the disk.
 */
#pragma once

#include "lib/types.h"

struct partition {
	unsigned number;  /* from 1; logical ones of an MBR from 5 */
	u64 start, n;     /* within the disk, n > 0 */
	u8 uuid[16];      /* in order of its text; MBR: signature and number; all zero: none */
	char label[37];   /* ASCII; '?' for other characters */
};

struct partition_reader {
	/* Reads `count` sectors at `lba` (checked against n_sectors): 0 or a negative errno. */
	int (*read)(struct partition_reader *r, u64 lba, unsigned count, void *buf);
	u64 n_sectors;
	u32 sector_size;  /* 512, 1024, 2048 or 4096 */
	void *buf;        /* PARTITION_BUF bytes of work space */
};

#define PARTITION_BUF 16384
#define PARTITION_MAX 128 /* more are left out */

/* Fill `out` with up to `max` partitions: how many; -ENOENT: there is no such table; -EINVAL: there
 * is one, damaged beyond use; or the reader's error. */
int partition_scan_gpt(struct partition_reader *r, struct partition *out, unsigned max);
int partition_scan_mbr(struct partition_reader *r, struct partition *out, unsigned max);
/* GPT if there is one, else MBR; 0 for a disk without a table. *kind: "gpt", "mbr" or "none". */
int partition_scan(struct partition_reader *r, struct partition *out, unsigned max,
		   const char **kind);
