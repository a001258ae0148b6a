/*
 * table.h - a disk's partition table, of which one partition is made longer.
 */
#ifndef TABLE_H
#define TABLE_H

#include <stdint.h>

struct disk {
	int fd;			/* open for reading and writing */
	uint32_t sector;	/* bytes */
	uint64_t n_sectors;
	const char *why;	/* what is wrong, if something is */
};

/*
 * Makes partition `number`, which begins at sector `start`, as long as the disk has room, if it is
 * the last: its new size in sectors; 0 if there is nothing to be done, or -1 and disk->why. What is
 * on the disk is a table, the old or the new one, whenever the power fails.
 */
int64_t table_extend(struct disk *disk, unsigned number, uint64_t start);

#endif
