/*
 * /proc/sys: settings of the kernel (proc(5), sysctl(8)).
 */
#include "abi/capability.h"
#include "abi/errno.h"
#include "abi/stat.h"
#include "core/clock.h"
#include "core/log.h"
#include "core/random.h"
#include "dev/uevent.h"
#include "fs/devfs/kmsg.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "lib/uuid.h"
#include "mm/slab.h"
#include "proc/procfs/procfs_int.h"
#include "proc/uts.h"
#include "sched/edf.h"
#include "vfs/file.h"
#include "vm/swap.h"

#define ULL(x) ((unsigned long long)(x))
#define MODE_R  (S_IFREG | 0444)
#define MODE_RW (S_IFREG | 0644)
#define MODE_D  (S_IFDIR | 0555)

static int show_hostname(struct text *t, struct task *task)
{
	struct utsname u;

	uts_read(&u);
	text_printf(t, "%s\n", u.nodename);
	return 0;
}

static int show_domainname(struct text *t, struct task *task)
{
	struct utsname u;

	uts_read(&u);
	text_printf(t, "%s\n", u.domainname);
	return 0;
}

static int store_name(char *buf, bool domain)
{
	buf[strcspn(buf, "\n")] = 0;
	if (strlen(buf) > UTS_LEN)
		return -EINVAL;
	uts_set_name(buf, domain);
	return 0;
}

static int store_hostname(struct task *task, char *buf, size_t n)
{
	return store_name(buf, false);
}

static int store_domainname(struct task *task, char *buf, size_t n)
{
	return store_name(buf, true);
}

static int show_hotplug(struct text *t, struct task *task)
{
	char path[UEVENT_HELPER];

	uevent_helper_get(path);
	text_printf(t, "%s\n", path);
	return 0;
}

static int store_hotplug(struct task *task, char *buf, size_t n)
{
	buf[strcspn(buf, "\n")] = 0;
	return uevent_helper_set(buf);
}

static int show_ostype(struct text *t, struct task *task)
{
	struct utsname u;

	uts_read(&u);
	text_printf(t, "%s\n", u.sysname);
	return 0;
}

static int show_osrelease(struct text *t, struct task *task)
{
	struct utsname u;

	uts_read(&u);
	text_printf(t, "%s\n", u.release);
	return 0;
}

static int show_os_version(struct text *t, struct task *task)
{
	struct utsname u;

	uts_read(&u);
	text_printf(t, "%s\n", u.version);
	return 0;
}

static int show_pid_max(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", PID_MAX_DEFAULT);
	return 0;
}

static int show_threads_max(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", PID_MAX_DEFAULT);
	return 0;
}

static int show_cap_last(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", CAP_LAST_CAP);
	return 0;
}

static int show_ngroups_max(struct text *t, struct task *task)
{
	text_printf(t, "65536\n");
	return 0;
}

static void print_uuid(struct text *t, const u8 *id)
{
	for (int i = 0; i < 16; i++)
		text_printf(t, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", id[i]);
	text_printf(t, "\n");
}

static void uuid_random(u8 *id)
{
	random_bytes(id, 16);
	id[6] = (u8)((id[6] & 0x0f) | 0x40); /* version 4 (RFC 4122, 4.4) */
	id[8] = (u8)((id[8] & 0x3f) | 0x80);
}

static int show_random_uuid(struct text *t, struct task *task)
{
	u8 id[16];

	uuid_random(id);
	print_uuid(t, id);
	return 0;
}

static int show_boot_id(struct text *t, struct task *task)
{
	static struct spinlock lock = SPINLOCK_INIT(RANK_FILE, "boot_id");
	static u8 boot_id[16]; /* lock */

	spin_lock(&lock);
	if (!boot_id[6])
		uuid_random(boot_id);
	spin_unlock(&lock);
	print_uuid(t, boot_id);
	return 0;
}

static int show_entropy(struct text *t, struct task *task)
{
	text_printf(t, "256\n");
	return 0;
}

static int show_overcommit(struct text *t, struct task *task)
{
	text_printf(t, "%d\n", vm_overcommit_mode);
	return 0;
}

int procfs_store_number(char *buf, u64 max, u64 *out)
{
	buf[strcspn(buf, " \n")] = 0;
	if (parse_u64(buf, 10, out, NULL) < 0 || *out > max)
		return -EINVAL;
	return 0;
}

static int store_overcommit(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, 2, &value);

	if (!error)
		vm_overcommit_mode = (int)value;
	return error;
}

static int show_overcommit_ratio(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", vm_overcommit_ratio);
	return 0;
}

static int store_overcommit_ratio(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, 1000000, &value);

	if (!error)
		vm_overcommit_ratio = (u32)value;
	return error;
}

/* A setting that is a u32 below a bound. */
#define VM_NUMBER(name, variable, max) \
	static int show_##name(struct text *t, struct task *task) \
	{ \
		text_printf(t, "%u\n", READ_ONCE(variable)); \
		return 0; \
	} \
	static int store_##name(struct task *task, char *buf, size_t n) \
	{ \
		u64 value; \
		int error = procfs_store_number(buf, max, &value); \
\
		if (!error) \
			WRITE_ONCE(variable, (u32)value); \
		return error; \
	}

VM_NUMBER(swappiness, vm_swappiness, 200)
VM_NUMBER(dirty_ratio, vm_dirty_ratio, 100)
VM_NUMBER(dirty_background_ratio, vm_dirty_background_ratio, 100)
VM_NUMBER(dirty_expire, vm_dirty_expire_centisecs, 0x7fffffff)

static int show_max_map_count(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", vm_max_map_count);
	return 0;
}

/* proc(5): 1 drops clean pages, 2 names and inodes, 3 both. */
static int store_drop_caches(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, 4, &value);

	if (error)
		return error;
	if (!value)
		return -EINVAL;
	vfs_drop_caches(value & 1, value & 2);
	slab_shrink();
	return 0;
}

static int store_max_map_count(struct task *task, char *buf, size_t n)
{
	u64 value;
	int error = procfs_store_number(buf, 0x7fffffff, &value);

	if (!error)
		vm_max_map_count = (u32)value;
	return error;
}

static int show_mmap_min_addr(struct text *t, struct task *task)
{
	text_printf(t, "%llu\n", ULL(vm_mmap_min_addr));
	return 0;
}

/* sched(7): the share of real-time threads, microseconds; -1: all. */
static int show_rt_period(struct text *t, struct task *task)
{
	u64 period, runtime;

	sched_rt_limits(&period, &runtime);
	text_printf(t, "%llu\n", ULL(period / NSEC_PER_USEC));
	return 0;
}

static int store_rt_period(struct task *task, char *buf, size_t n)
{
	u64 period, runtime, us;
	int error = procfs_store_number(buf, 0x7fffffff, &us);

	sched_rt_limits(&period, &runtime);
	return error ?: sched_set_rt_limits(us * NSEC_PER_USEC, runtime);
}

static int show_rt_runtime(struct text *t, struct task *task)
{
	u64 period, runtime;

	sched_rt_limits(&period, &runtime);
	text_printf(t, "%lld\n", runtime == ~0ull ? -1ll : (long long)(runtime / NSEC_PER_USEC));
	return 0;
}

static int store_rt_runtime(struct task *task, char *buf, size_t n)
{
	u64 period, runtime, us;
	int error;

	sched_rt_limits(&period, &runtime);
	buf[strcspn(buf, "\n")] = 0;
	if (!strcmp(buf, "-1"))
		return sched_set_rt_limits(period, ~0ull);
	error = procfs_store_number(buf, 0x7fffffff, &us);
	return error ?: sched_set_rt_limits(period, us * NSEC_PER_USEC);
}

/* sched(7): the bounds of the periods of SCHED_DEADLINE. Two may cross each other if both are
 * written at once; then no period is right. */
static int show_period_min(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", READ_ONCE(edf_period_min_us));
	return 0;
}

static int store_period_min(struct task *task, char *buf, size_t n)
{
	u64 us;
	int error = procfs_store_number(buf, READ_ONCE(edf_period_max_us), &us);

	if (!error)
		WRITE_ONCE(edf_period_min_us, (u32)us);
	return error;
}

static int show_period_max(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", READ_ONCE(edf_period_max_us));
	return 0;
}

static int store_period_max(struct task *task, char *buf, size_t n)
{
	u64 us;
	int error = procfs_store_number(buf, EDF_PERIOD_MAX, &us);

	if (!error && us < READ_ONCE(edf_period_min_us))
		error = -EINVAL;
	if (!error)
		WRITE_ONCE(edf_period_max_us, (u32)us);
	return error;
}

/* How long a thread may sleep uninterruptibly before the log says so, seconds; 0: for ever. */
static int show_hung_limit(struct text *t, struct task *task)
{
	text_printf(t, "%llu\n", ULL(sched_hung_limit() / NSEC_PER_SEC));
	return 0;
}

static int store_hung_limit(struct task *task, char *buf, size_t n)
{
	u64 seconds;
	int error = procfs_store_number(buf, 0x7fffffff, &seconds);

	if (!error)
		sched_set_hung_limit(seconds * NSEC_PER_SEC);
	return error;
}

static int show_printk(struct text *t, struct task *task)
{
	text_printf(t, "%d\t%d\t%d\t%d\n", log_console_level(), log_levels.message,
		    log_levels.console_least, log_levels.console_boot);
	return 0;
}

/* Up to four numbers; those that are not given stay. */
static int store_printk(struct task *task, char *buf, size_t n)
{
	int level[4] = { log_console_level(), log_levels.message, log_levels.console_least,
			 log_levels.console_boot };
	const char *at = buf + strspn(buf, " \t\n");
	int got = 0;
	u64 value;

	if (!cred_capable(cred_current(), CAP_SYS_ADMIN))
		return -EPERM;
	for (; *at && got < 4; at += strspn(at, " \t\n")) {
		if (parse_u64(at, 10, &value, &at) < 0 || value > 0x7fffffff)
			return -EINVAL;
		level[got++] = (int)value;
	}
	if (!got)
		return -EINVAL;
	log_console_level_set(level[0]);
	WRITE_ONCE(log_levels.message, level[1]);
	WRITE_ONCE(log_levels.console_least, level[2]);
	WRITE_ONCE(log_levels.console_boot, level[3]);
	return 0;
}

static int show_dmesg_restrict(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", READ_ONCE(dmesg_restrict));
	return 0;
}

static int store_dmesg_restrict(struct task *task, char *buf, size_t n)
{
	u64 on;
	int error = cred_capable(cred_current(), CAP_SYS_ADMIN) ?
			    procfs_store_number(buf, 1, &on) : -EPERM;

	if (!error)
		WRITE_ONCE(dmesg_restrict, (u32)on);
	return error;
}

static const struct proc_node random_children[] = {
	{ .name = "uuid", .mode = MODE_R, .show = show_random_uuid },
	{ .name = "boot_id", .mode = MODE_R, .show = show_boot_id },
	{ .name = "entropy_avail", .mode = MODE_R, .show = show_entropy },
	{ .name = "poolsize", .mode = MODE_R, .show = show_entropy },
	{ 0 },
};

static const struct proc_node kernel_children[] = {
	{ .name = "hostname", .mode = MODE_RW, .show = show_hostname, .store = store_hostname },
	{ .name = "domainname", .mode = MODE_RW, .show = show_domainname,
	  .store = store_domainname },
	{ .name = "hotplug", .mode = MODE_RW, .show = show_hotplug, .store = store_hotplug },
	{ .name = "ostype", .mode = MODE_R, .show = show_ostype },
	{ .name = "osrelease", .mode = MODE_R, .show = show_osrelease },
	{ .name = "version", .mode = MODE_R, .show = show_os_version },
	{ .name = "pid_max", .mode = MODE_R, .show = show_pid_max },
	{ .name = "dmesg_restrict", .mode = MODE_RW, .show = show_dmesg_restrict,
	  .store = store_dmesg_restrict },
	{ .name = "printk", .mode = MODE_RW, .show = show_printk, .store = store_printk },
	{ .name = "threads-max", .mode = MODE_R, .show = show_threads_max },
	{ .name = "cap_last_cap", .mode = MODE_R, .show = show_cap_last },
	{ .name = "ngroups_max", .mode = MODE_R, .show = show_ngroups_max },
	{ .name = "core_pattern", .mode = MODE_RW, .show = show_core_pattern,
	  .store = store_core_pattern },
	{ .name = "core_uses_pid", .mode = MODE_RW, .show = show_core_uses_pid,
	  .store = store_core_uses_pid },
	{ .name = "core_pipe_limit", .mode = MODE_RW, .show = show_core_pipe_limit,
	  .store = store_core_pipe_limit },
	{ .name = "abi_gaps", .mode = MODE_RW, .show = show_gaps_enabled,
	  .store = store_gaps_enabled },
	{ .name = "errno_trace", .mode = MODE_RW, .show = show_errno_trace,
	  .store = store_errno_trace },
	{ .name = "random", .mode = MODE_D, .children = random_children },
	{ .name = "seccomp", .mode = MODE_D, .children = procfs_seccomp_children },
	{ .name = "hung_task_timeout_secs", .mode = MODE_RW, .show = show_hung_limit,
	  .store = store_hung_limit },
	{ .name = "sched_rt_period_us", .mode = MODE_RW, .show = show_rt_period,
	  .store = store_rt_period },
	{ .name = "sched_rt_runtime_us", .mode = MODE_RW, .show = show_rt_runtime,
	  .store = store_rt_runtime },
	{ .name = "sched_deadline_period_max_us", .mode = MODE_RW, .show = show_period_max,
	  .store = store_period_max },
	{ .name = "sched_deadline_period_min_us", .mode = MODE_RW, .show = show_period_min,
	  .store = store_period_min },
	{ .name = "shmmax", .mode = MODE_RW, .show = show_shmmax, .store = store_shmmax },
	{ .name = "shmall", .mode = MODE_RW, .show = show_shmall, .store = store_shmall },
	{ .name = "shmmni", .mode = MODE_RW, .show = show_shmmni, .store = store_shmmni },
	{ .name = "shm_rmid_forced", .mode = MODE_RW, .show = show_shm_forced,
	  .store = store_shm_forced },
	{ .name = "msgmax", .mode = MODE_RW, .show = show_msgmax, .store = store_msgmax },
	{ .name = "msgmnb", .mode = MODE_RW, .show = show_msgmnb, .store = store_msgmnb },
	{ .name = "msgmni", .mode = MODE_RW, .show = show_msgmni, .store = store_msgmni },
	{ .name = "sem", .mode = MODE_RW, .show = show_sem_limits, .store = store_sem_limits },
	{ 0 },
};

static const struct proc_node vm_children[] = {
	{ .name = "overcommit_memory", .mode = MODE_RW, .show = show_overcommit,
	  .store = store_overcommit },
	{ .name = "overcommit_ratio", .mode = MODE_RW, .show = show_overcommit_ratio,
	  .store = store_overcommit_ratio },
	{ .name = "swappiness", .mode = MODE_RW, .show = show_swappiness,
	  .store = store_swappiness },
	{ .name = "dirty_ratio", .mode = MODE_RW, .show = show_dirty_ratio,
	  .store = store_dirty_ratio },
	{ .name = "dirty_background_ratio", .mode = MODE_RW, .show = show_dirty_background_ratio,
	  .store = store_dirty_background_ratio },
	{ .name = "dirty_expire_centisecs", .mode = MODE_RW, .show = show_dirty_expire,
	  .store = store_dirty_expire },
	{ .name = "drop_caches", .mode = S_IFREG | 0200, .store = store_drop_caches },
	{ .name = "max_map_count", .mode = MODE_RW, .show = show_max_map_count,
	  .store = store_max_map_count },
	{ .name = "mmap_min_addr", .mode = MODE_R, .show = show_mmap_min_addr },
	{ 0 },
};

const struct proc_node procfs_sys_children[] = {
	{ .name = "kernel", .mode = MODE_D, .children = kernel_children },
	{ .name = "vm", .mode = MODE_D, .children = vm_children },
	{ .name = "fs", .mode = MODE_D, .children = procfs_fs_children },
	{ .name = "net", .mode = MODE_D, .children = procfs_net_sys_children },
	{ 0 },
};
