/*
 * The machine as a whole: uname(2), sysinfo(2), reboot(2), syslog(2), getrandom(2), host names.
 */
#include "abi/capability.h"
#include "abi/random.h"
#include "abi/reboot.h"
#include "abi/sysinfo.h"
#include "core/clock.h"
#include "core/gaps.h"
#include "dev/power.h"
#include "fs/devfs/random.h"
#include "lib/string.h"
#include "proc/signal.h"
#include "proc/uts.h"
#include "sys/sys_int.h"
#include "tty/tty.h"
#include "vm/pagecache.h"
#include "vm/swap.h"

long sys_uname(struct utsname __user *buf)
{
	struct utsname out;

	uts_read(&out);
	return copy_out_obj(buf, &out);
}

/* A new host or domain name: 0, -EPERM, -EINVAL, -EFAULT. */
static long set_name(const char __user *name, int len, bool domain)
{
	char text[UTS_LEN + 1] = { 0 };

	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	if (len < 0 || len > UTS_LEN)
		return -EINVAL;
	if (copy_in(text, name, (size_t)len) < 0)
		return -EFAULT;
	uts_set_name(text, domain);
	return 0;
}

long sys_sethostname(const char __user *name, int len)
{
	return set_name(name, len, false);
}

long sys_setdomainname(const char __user *name, int len)
{
	return set_name(name, len, true);
}

long sys_sysinfo(struct abi_sysinfo __user *uinfo)
{
	struct pagecache_stats cache;
	struct mm_stats mem;
	struct abi_sysinfo out;
	u32 load[3];

	mm_stats(&mem);
	pagecache_stats(&cache);
	sched_loadavg(load);
	memset(&out, 0, sizeof(out));
	out.uptime = (s64)((clock_monotonic() + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
	for (int i = 0; i < 3; i++)
		out.loads[i] = (u64)load[i] << (SI_LOAD_SHIFT - 11);
	out.totalram = mem.total * PAGE_SIZE;
	out.freeram = mem.free * PAGE_SIZE;
	out.sharedram = cache.shmem * PAGE_SIZE;
	swap_totals(&out.totalswap, &out.freeswap);
	out.totalswap *= PAGE_SIZE;
	out.freeswap *= PAGE_SIZE;
	out.procs = (u16)pid_count();
	out.mem_unit = 1;
	return copy_out_obj(uinfo, &out);
}

long sys_vhangup(void)
{
	if (!cred_capable(cred_current(), CAP_SYS_TTY_CONFIG))
		return -EPERM;
	tty_hangup_current();
	return 0;
}

static bool reboot_magic(int magic1, int magic2)
{
	return (u32)magic1 == LINUX_REBOOT_MAGIC1 &&
	       (magic2 == LINUX_REBOOT_MAGIC2 || magic2 == LINUX_REBOOT_MAGIC2A ||
		magic2 == LINUX_REBOOT_MAGIC2B || magic2 == LINUX_REBOOT_MAGIC2C);
}

long sys_reboot(int magic1, int magic2, unsigned cmd, void __user *arg)
{
	if (!cred_capable(cred_current(), CAP_SYS_BOOT))
		return -EPERM;
	if (!reboot_magic(magic1, magic2))
		return -EINVAL;
	switch (cmd) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		WRITE_ONCE(ctrl_alt_del_resets, cmd == LINUX_REBOOT_CMD_CAD_ON);
		return 0;
	case LINUX_REBOOT_CMD_RESTART:
	case LINUX_REBOOT_CMD_RESTART2:
		vfs_sync_all();
		power_reset();
	case LINUX_REBOOT_CMD_POWER_OFF:
		vfs_sync_all();
		power_off();
	case LINUX_REBOOT_CMD_HALT:
		vfs_sync_all();
		power_halt();
	default:
		return -EINVAL;
	}
}

long sys_getrandom(char __user *buf, size_t count, unsigned flags)
{
	struct iov_iter to;
	int error;

	if (gap_flags(flags, GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	error = iov_init_user(&to, buf, min(count, (size_t)0x7fffffff));
	return error ? error : random_give(&to);
}
