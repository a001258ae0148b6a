/* The system: uname, sysinfo, hostname, random numbers, devices, reboot's guards, arch_prctl,
 * unknown calls. */
#include "tap.h"
#include <asm/prctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

TEST(uname)
{
	struct utsname u;
	int major = 0, minor = 0;

	works(uname(&u), "uname");
	is_text(u.sysname, "Linux", "the name of the ABI");
	is_text(u.machine, "x86_64", "machine");
	ok(sscanf(u.release, "%d.%d", &major, &minor) == 2 && major * 1000 + minor >= 6001,
	   "release 6.1 or later");
	ok(u.version[0] && u.nodename[0], "version and node");
	fails(syscall(SYS_uname, BAD), EFAULT, "bad pointer");
	fails(syscall(SYS_uname, tap_edge(100)), EFAULT, "across an edge");
}

static int user_names(void *argument)
{
	(void)argument;
	fails(sethostname("x", 1), EPERM, "sethostname as a user");
	fails(syscall(SYS_setdomainname, "x", 1), EPERM, "setdomainname as a user");
	fails(syscall(SYS_reboot, RB_AUTOBOOT, 0, 0, NULL), EPERM, "reboot as a user");
	fails(chroot("/"), EPERM, "chroot as a user");
	fails(syscall(SYS_mount, "x", "/", "tmpfs", 0, NULL), EPERM, "mount as a user");
	fails(syscall(SYS_umount2, "/", 0), EPERM, "umount as a user");
	fails(syscall(SYS_pivot_root, "/", "/"), EPERM, "pivot_root as a user");
	fails(syscall(SYS_settimeofday, &(struct timespec){1, 0}, NULL), EPERM,
	      "settimeofday as a user");
	fails(syscall(SYS_vhangup), EPERM, "vhangup as a user");
	return 0;
}

TEST(hostname)
{
	struct utsname old, u;

	if (!tap_root())
		return skip("sethostname", "not root");
	must(uname(&old));
	works(sethostname("another", 7), "sethostname");
	must(uname(&u));
	is_text(u.nodename, "another", "is set");
	is_text(tap_read("/proc/sys/kernel/hostname"), "another\n", "also in /proc");
	works(sethostname(old.nodename, strlen(old.nodename)), "and back");
	fails(sethostname("x", -1), EINVAL, "a negative length");
	fails(sethostname("x", 65), EINVAL, "too long");
	fails(syscall(SYS_sethostname, BAD, 5), EFAULT, "bad pointer");
	fails(syscall(SYS_setdomainname, BAD, 5), EFAULT, "setdomainname: bad pointer");
	is(tap_as_user(user_names, NULL), 0, "the user ends well");
}

TEST(sysinfo)
{
	struct sysinfo s;

	works(sysinfo(&s), "sysinfo");
	ok(s.totalram > s.freeram && s.freeram > 0 && s.mem_unit > 0, "memory");
	ok(s.uptime > 0 && s.procs > 0, "uptime and processes");
	fails(syscall(SYS_sysinfo, BAD), EFAULT, "bad pointer");
}

TEST(random)
{
	unsigned char a[256], b[256];
	int zeros = 0;

	is(syscall(SYS_getrandom, a, 256, 0), 256, "getrandom");
	is(syscall(SYS_getrandom, b, 256, 1), 256, "GRND_NONBLOCK");
	ok(memcmp(a, b, 256) != 0, "different every time");
	for (int i = 0; i < 256; i++)
		zeros += a[i] == 0;
	ok(zeros < 20, "not zeros");
	fails(syscall(SYS_getrandom, BAD, 16, 0), EFAULT, "bad pointer");
	fails(syscall(SYS_getrandom, a, 16, 64), EINVAL, "unknown flag");
}

TEST(devices)
{
	static char buf[100000];
	struct stat st;
	int fd, sum = 0;

	fd = must(open("/dev/null", O_RDWR));
	is(read(fd, buf, 100), 0, "/dev/null is empty");
	is(write(fd, buf, sizeof(buf)), sizeof(buf), "and takes all");
	fd = must(open("/dev/zero", O_RDWR));
	memset(buf, 'x', sizeof(buf));
	is(read(fd, buf, sizeof(buf)), sizeof(buf), "/dev/zero");
	for (unsigned i = 0; i < sizeof(buf); i++)
		sum |= buf[i];
	is(sum, 0, "gives zeros");
	is(write(fd, buf, 100), 100, "and takes all");
	fails(syscall(SYS_read, fd, BAD, 10), EFAULT, "to a bad buffer");
	fd = must(open("/dev/full", O_RDWR));
	fails(write(fd, buf, 1), ENOSPC, "/dev/full is full");
	is(read(fd, buf, 10), 10, "and gives zeros");
	for (int i = 0; i < 2; i++) {
		fd = must(open(i ? "/dev/random" : "/dev/urandom", O_RDWR));
		is(read(fd, buf, 64), 64, i ? "/dev/random" : "/dev/urandom");
		ok(memcmp(buf, buf + 32, 32) != 0, "is random");
		is(write(fd, buf, 64), 64, "and takes what it gets");
	}
	must(stat("/dev/tty", &st));
	ok(S_ISCHR(st.st_mode) && st.st_rdev == 0x500, "/dev/tty");
	must(stat("/dev/console", &st));
	ok(S_ISCHR(st.st_mode) && st.st_rdev == 0x501, "/dev/console");
}

TEST(klog)
{
	static char buf[1 << 18];
	int n;

	if (!tap_root())
		return skip("syslog", "not root");
	n = klogctl(10, NULL, 0);
	ok(n > 0, "the log's size");
	n = klogctl(3, buf, sizeof(buf));
	ok(n > 0 && buf[0] == '<', "read all");
	fails(syscall(SYS_syslog, 3, BAD, 65536), EFAULT, "bad pointer");
	fails(syscall(SYS_syslog, 99, buf, 100), EINVAL, "no such action");
	fails(syscall(SYS_syslog, 3, buf, -1), EINVAL, "a negative length");
}

TEST(reboot_guards)
{
	if (!tap_root())
		return skip("reboot", "not root");
	fails(syscall(SYS_reboot, 1, 2, RB_AUTOBOOT, NULL), EINVAL, "wrong magic numbers");
	fails(syscall(SYS_reboot, 0xfee1dead, 672274793, 0x1234, NULL), EINVAL, "no such command");
	works(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, NULL), "Ctrl-Alt-Del off");
}

TEST(arch_prctl)
{
	unsigned long base = 0, value = 0;
	long self = 0x1122334455667788;

	works(syscall(SYS_arch_prctl, ARCH_GET_FS, &base), "ARCH_GET_FS");
	ok(base == *(unsigned long *)base, "points to the thread's block");
	works(syscall(SYS_arch_prctl, ARCH_SET_GS, &self), "ARCH_SET_GS");
	__asm__ volatile("mov %%gs:0, %0" : "=r"(value));
	is(value, self, "is used");
	works(syscall(SYS_arch_prctl, ARCH_GET_GS, &base), "ARCH_GET_GS");
	is(base, &self, "told back");
	fails(syscall(SYS_arch_prctl, ARCH_SET_FS, KBAD), EPERM, "not the kernel's memory");
	fails(syscall(SYS_arch_prctl, ARCH_GET_FS, BAD), EFAULT, "bad pointer");
	fails(syscall(SYS_arch_prctl, 0x9999, 0), EINVAL, "no such code");
	is(syscall(SYS_personality, 0xffffffff), 0, "personality");
}

TEST(unknown)
{
	fails(syscall(999), ENOSYS, "call 999");
	fails(syscall(-1), ENOSYS, "call -1");
	fails(syscall(0x40000000 | 5000), ENOSYS, "a call of the x32 ABI that is none");
	fails(syscall(400), ENOSYS, "a number between two ranges");
}

TEST(registers)
{
	unsigned long rbx, r12, r15, rdx = 77, rsi = 66, after[3];

	/* A call changes rax, rcx and r11 only. */
	register unsigned long r10 __asm__("r10") = 10;
	register unsigned long r8 __asm__("r8") = 8;
	register unsigned long r9 __asm__("r9") = 9;
	long rax = SYS_getppid;

	__asm__ volatile(
		"mov $1, %%rbx; mov $2, %%r12; mov $5, %%r15; syscall; mov %%rbx, %1; mov %%r12, "
		"%2; mov %%r15, %3"
		: "+a"(rax), "=&m"(rbx), "=&m"(r12), "=&m"(r15), "+d"(rdx), "+S"(rsi), "+r"(r10),
		  "+r"(r8), "+r"(r9)::"rbx", "r12", "r15", "rcx", "r11", "memory");
	after[0] = r10, after[1] = r8, after[2] = r9;
	ok(rbx == 1 && r12 == 2 && r15 == 5, "what is saved by the callee");
	ok(rdx == 77 && rsi == 66 && after[0] == 10 && after[1] == 8 && after[2] == 9,
	   "the arguments");
}
