/*
 * test/host/ext_host_tail.c - the block that holds a file's end, as vfs leaves it when the file
 * grows: the ext driver zeroes it, as there is no cache of pages that would.
 */
#include "test/host/ext_host_int.h"

#include "fs/ext/ext_file.h"

int cached_zero_tail(struct inode *inode, s64 old_size, s64 pos)
{
	return pos > old_size ? ext_zero_tail(inode, (u64)old_size) : 0;
}
