/* The order in which the room comes up. */
#include "vm/large_int.h"
#include "vm/vm_int.h"

void vm_init(void)
{
	page_lock_init();
	pagecache_init_nodes();
	area_init_cache();
	fault_init();
	large_init();
	writeback_init();
	reclaim_init();
}
