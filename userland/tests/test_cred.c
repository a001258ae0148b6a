/* Identity and limits: the setuid family, groups, capabilities, rlimits, priorities. */
#include "tap.h"
#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/fsuid.h>
#include <sys/resource.h>

static bool ids_are(uid_t r, uid_t e, uid_t s)
{
	uid_t x, y, z;

	must(getresuid(&x, &y, &z));
	return x == r && y == e && z == s;
}

static bool gids_are(gid_t r, gid_t e, gid_t s)
{
	gid_t x, y, z;

	must(getresgid(&x, &y, &z));
	return x == r && y == e && z == s;
}

static int drop(void *argument)
{
	(void)argument;
	works(syscall(SYS_setresuid, 1000, 2000, 3000), "setresuid as root");
	ok(ids_are(1000, 2000, 3000), "three identities");
	ok(getuid() == 1000 && geteuid() == 2000, "getuid, geteuid");
	works(syscall(SYS_setresuid, -1, 3000, -1), "the effective becomes the saved");
	ok(ids_are(1000, 3000, 3000), "only it");
	fails(syscall(SYS_setresuid, -1, 0, -1), EPERM, "not root again");
	works(syscall(SYS_setuid, 1000), "setuid to the real one");
	ok(ids_are(1000, 1000, 3000), "changes the effective only");
	fails(syscall(SYS_setreuid, 3000, -1), EPERM,
	      "the real one cannot become the saved one by setreuid");
	return 0;
}

static int setuid_root(void *argument)
{
	(void)argument;
	works(syscall(SYS_setuid, 1234), "setuid as root");
	ok(ids_are(1234, 1234, 1234), "changes all");
	fails(syscall(SYS_setuid, 0), EPERM, "for good");
	fails(syscall(SYS_setgid, 5), EPERM, "and groups are fixed");
	fails(setgroups(0, NULL), EPERM, "all of them");
	return 0;
}

static int real_and_effective(void *argument)
{
	(void)argument;
	works(syscall(SYS_setreuid, 1000, 2000), "setreuid");
	ok(ids_are(1000, 2000, 2000), "the saved follows the effective");
	works(syscall(SYS_setreuid, 2000, 1000), "swap");
	ok(ids_are(2000, 1000, 1000), "swapped");
	fails(syscall(SYS_setreuid, 5, -1), EPERM, "no other");
	return 0;
}

static int group_ids(void *argument)
{
	gid_t list[4] = {10, 20, 30}, got[4] = {0};

	(void)argument;
	works(syscall(SYS_setresgid, 100, 200, 300), "setresgid");
	ok(gids_are(100, 200, 300), "three groups");
	works(syscall(SYS_setregid, 500, 600), "setregid");
	ok(gids_are(500, 600, 600), "the saved follows");
	works(syscall(SYS_setgid, 700), "setgid");
	ok(gids_are(700, 700, 700), "all");
	works(setgroups(3, list), "setgroups");
	is(getgroups(0, NULL), 3, "how many");
	is(getgroups(4, got), 3, "getgroups");
	ok(!memcmp(list, got, 12), "the same");
	fails(getgroups(2, got), EINVAL, "no room");
	fails(syscall(SYS_getgroups, 4, BAD), EFAULT, "getgroups: bad pointer");
	fails(syscall(SYS_setgroups, 3, BAD), EFAULT, "setgroups: bad pointer");
	fails(syscall(SYS_setgroups, 70000, list), EINVAL, "setgroups: too many");
	fails(syscall(SYS_getgroups, -1, got), EINVAL, "getgroups: a negative number");
	return 0;
}

TEST(ids)
{
	fails(syscall(SYS_getresuid, BAD, BAD, BAD), EFAULT, "getresuid: bad pointer");
	fails(syscall(SYS_getresgid, BAD, BAD, BAD), EFAULT, "getresgid: bad pointer");
	fails(syscall(SYS_setuid, -1), EINVAL, "setuid to -1");
	fails(syscall(SYS_setgid, -1), EINVAL, "setgid to -1");
	if (!tap_root())
		return skip("changing identity", "not root");
	exits(tap_spawn(drop, NULL), 0, "setresuid");
	exits(tap_spawn(setuid_root, NULL), 0, "setuid");
	exits(tap_spawn(real_and_effective, NULL), 0, "setreuid");
	exits(tap_spawn(group_ids, NULL), 0, "groups");
}

static int file_identity(void *argument)
{
	(void)argument;
	is(syscall(SYS_setfsuid, 1000), 0, "setfsuid tells the old");
	is(syscall(SYS_setfsuid, -1), 1000, "and is set");
	fails(open("secret", O_RDONLY), EACCES, "files are another's");
	is(geteuid(), 0, "the process is still root");
	syscall(SYS_setfsuid, 0);
	works(open("secret", O_RDONLY), "and back");
	is(syscall(SYS_setfsgid, 5), 0, "setfsgid");
	is(syscall(SYS_setfsgid, -1), 5, "likewise");
	return 0;
}

TEST(file_identity)
{
	if (!tap_root())
		return skip("setfsuid", "not root");
	close(must(open("secret", O_CREAT | O_WRONLY, 0600)));
	exits(tap_spawn(file_identity, NULL), 0, "the process ends well");
}

static uint64_t effective(void)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];

	must(syscall(SYS_capget, &h, d));
	return d[0].effective | (uint64_t)d[1].effective << 32;
}

static int after_setuid(void *argument)
{
	(void)argument;
	is(effective(), 0, "none after leaving root");
	fails(chown("f", 0, 0), EPERM, "so nothing is special");
	return 0;
}

static int keep(void *argument)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2] = {{0}};

	(void)argument;
	must(prctl(PR_SET_KEEPCAPS, 1));
	must(setuid(1000));
	is(effective(), 0, "PR_SET_KEEPCAPS keeps none effective");
	d[0].permitted = d[0].effective = 1 << CAP_CHOWN;
	works(syscall(SYS_capset, &h, d), "but permitted: raise one");
	is(effective(), 1 << CAP_CHOWN, "it is raised");
	works(chown("f", 5, 5), "it works");
	fails(kill(1, 0), EPERM, "the others do not");
	d[0].permitted = d[0].effective = 3;
	fails(syscall(SYS_capset, &h, d), EPERM, "what is dropped is gone");
	return 0;
}

TEST(capabilities)
{
	struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct d[2];

	works(syscall(SYS_capget, &h, d), "capget");
	fails(syscall(SYS_capget, BAD, d), EFAULT, "bad header");
	fails(syscall(SYS_capget, &h, BAD), EFAULT, "bad data");
	fails(syscall(SYS_capset, &h, BAD), EFAULT, "capset: bad data");
	h.version = 1;
	fails(syscall(SYS_capget, &h, d), EINVAL, "unknown version");
	is(h.version, _LINUX_CAPABILITY_VERSION_3, "the known one is told");
	h.pid = 999999;
	fails(syscall(SYS_capget, &h, d), ESRCH, "nobody");
	is(prctl(PR_CAPBSET_READ, CAP_CHOWN), 1, "PR_CAPBSET_READ");
	if (!tap_root())
		return skip("root's capabilities", "not root");
	ok(effective() & 1, "root has them");
	close(tap_file("f", ""));
	is(tap_as_user(after_setuid, NULL), 0, "a user");
	exits(tap_spawn(keep, NULL), 0, "keeping");
}

static int lower_only(void *argument)
{
	struct rlimit r;

	(void)argument;
	must(getrlimit(RLIMIT_NOFILE, &r));
	r.rlim_max += 1;
	fails(setrlimit(RLIMIT_NOFILE, &r), EPERM, "a user cannot raise a hard limit");
	r.rlim_max -= 2;
	if (r.rlim_cur > r.rlim_max)
		r.rlim_cur = r.rlim_max;
	works(setrlimit(RLIMIT_NOFILE, &r), "but lower it");
	return 0;
}

TEST(rlimits)
{
	struct rlimit r = {100, 200}, old;

	works(setrlimit(RLIMIT_NOFILE, &r), "setrlimit");
	works(getrlimit(RLIMIT_NOFILE, &old), "getrlimit");
	ok(old.rlim_cur == 100 && old.rlim_max == 200, "set");
	r.rlim_cur = 150;
	works(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &r, &old), "prlimit64");
	ok(old.rlim_cur == 100, "gives the old");
	works(syscall(SYS_prlimit64, getpid(), RLIMIT_NOFILE, NULL, &old), "asks only");
	is(old.rlim_cur, 150, "the new");
	r.rlim_cur = 300;
	fails(setrlimit(RLIMIT_NOFILE, &r), EINVAL, "soft above hard");
	fails(getrlimit(99, &r), EINVAL, "no such limit");
	fails(syscall(SYS_getrlimit, RLIMIT_NOFILE, BAD), EFAULT, "getrlimit: bad pointer");
	fails(syscall(SYS_setrlimit, RLIMIT_NOFILE, BAD), EFAULT, "setrlimit: bad pointer");
	fails(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, BAD, NULL), EFAULT, "prlimit64: bad new");
	fails(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, BAD), EFAULT, "prlimit64: bad old");
	fails(syscall(SYS_prlimit64, 999999, RLIMIT_NOFILE, NULL, &old), ESRCH,
	      "prlimit64: nobody");
	for (int i = 0; i < 16; i++)
		must(getrlimit(i, &r));
	ok(true, "all sixteen can be asked");
	if (tap_root())
		is(tap_as_user(lower_only, NULL), 0, "a user");
}

static int burn(void *argument)
{
	struct rlimit r = {1, 2};

	setrlimit(RLIMIT_CPU, &r);
	if (argument)
		signal(SIGXCPU, SIG_IGN);
	for (volatile long i = 0;; i++)
		;
	return 0;
}

TEST(cpu_limit)
{
	dies(tap_spawn(burn, NULL), SIGXCPU, "the soft limit of processor time");
	dies(tap_spawn(burn, "x"), SIGKILL, "the hard one");
}

static int user_nice(void *argument)
{
	(void)argument;
	works(setpriority(PRIO_PROCESS, 0, 10), "be nicer");
	fails(setpriority(PRIO_PROCESS, 0, 5), EACCES, "never less nice again");
	fails(setpriority(PRIO_PROCESS, 1, 5), EPERM, "not for others");
	return 0;
}

TEST(priorities)
{
	works(setpriority(PRIO_PROCESS, 0, 5), "setpriority");
	is(getpriority(PRIO_PROCESS, 0), 5, "getpriority");
	is(syscall(SYS_getpriority, PRIO_PROCESS, 0), 15, "as the call tells it: 20 less");
	works(setpriority(PRIO_PROCESS, 0, 100), "more than there is");
	is(getpriority(PRIO_PROCESS, 0), 19, "is the most");
	fails(getpriority(77, 0), EINVAL, "no such kind");
	fails(setpriority(77, 0, 0), EINVAL, "setpriority: no such kind");
	fails(setpriority(PRIO_PROCESS, 999999, 0), ESRCH, "nobody");
	if (!tap_root())
		return skip("a user's", "not root");
	must(setpriority(PRIO_PROCESS, 0, 0));
	is(tap_as_user(user_nice, NULL), 0, "a user");
}
