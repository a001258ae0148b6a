/*
 * test/host/fat_host_signal.c - signals for fs/fat on the host, where nobody sends any.
 */
#include "test/host/ext_host_int.h"

#include "sched/thread.h"

bool thread_fatal_pending(void)
{
	return false;
}
