/* System calls that have a number but no kernel behind it any more, and numbers without a call. */
#include "tap.h"

/* Of the calls that Linux had once, or only elsewhere, and of the one that it has when it is asked
 * for at boot (memfd_secret(2)), each by its own number. */
TEST(calls)
{
	static const struct {
		long number;
		const char *name;
	} gone[] = {
		{SYS__sysctl, "_sysctl"},
		{SYS_create_module, "create_module"},
		{SYS_get_kernel_syms, "get_kernel_syms"},
		{SYS_query_module, "query_module"},
		{SYS_nfsservctl, "nfsservctl"},
		{SYS_getpmsg, "getpmsg"},
		{SYS_putpmsg, "putpmsg"},
		{SYS_afs_syscall, "afs_syscall"},
		{SYS_tuxcall, "tuxcall"},
		{SYS_security, "security"},
		{SYS_set_thread_area, "set_thread_area"},
		{SYS_get_thread_area, "get_thread_area"},
		{SYS_lookup_dcookie, "lookup_dcookie"},
		{SYS_epoll_ctl_old, "epoll_ctl_old"},
		{SYS_epoll_wait_old, "epoll_wait_old"},
		{SYS_vserver, "vserver"},
		{447, "memfd_secret"},
	};

	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		fails(syscall(gone[i].number, 0l, 0l, 0l, 0l, 0l, 0l), ENOSYS, gone[i].name);
}

TEST(numbers)
{
	static const long none[] = {335, 400, 423, 1000, 1024, 65536, 0x7fffffff, -1, -4096};

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		char name[40];

		snprintf(name, sizeof(name), "number %ld", none[i]);
		fails(syscall(none[i], 0l, 0l, 0l, 0l, 0l, 0l), ENOSYS, name);
	}
	is(syscall(1l << 32 | SYS_getpid), getpid(), "a number has 32 bits");
}
