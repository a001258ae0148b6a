/*
 * vfs comes up: caches first, then what is mounted in no place. File systems register after this.
 */
#include "vfs/dcache_int.h"
#include "vfs/fdtable_int.h"
#include "vfs/file_int.h"
#include "vfs/mount_int.h"
#include "vfs/super_int.h"

void vfs_init(void)
{
	dcache_init();
	icache_init();
	super_init();
	mount_init();
	file_init();
	fd_table_init();
	pseudo_init();
	inode_writeback_init();
}
