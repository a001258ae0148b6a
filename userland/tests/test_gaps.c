/*
 * What this kernel does not know is refused as on Linux, and counted in /proc/abi_gaps (which Linux
 * does not have: there only the refusals are looked at).
 */
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "tap.h"

#define GAPS   "/proc/abi_gaps"
#define SWITCH "/proc/sys/kernel/abi_gaps"

/* The name that the lines are under; other programs' are not ours to judge. */
static void begin(const char *name)
{
	must(prctl(PR_SET_NAME, name));
	if (is_skerry())
		must(tap_write(GAPS, "0\n"));
}

static void counted(const char *line, const char *what)
{
	if (is_skerry())
		ok(strstr(tap_read(GAPS), line), "%s is counted", what);
	else
		skip(what, "Linux does not count");
}

TEST(each_kind)
{
	int fd, n;
	socklen_t length = sizeof(n);

	begin("asker");
	fails(syscall(461), ENOSYS, "a call that is none");
	fails(syscall(461), ENOSYS, "again");
	counted("2 asker call 461\n", "a call, twice");
	fails(prctl(0x7fff1234, 0, 0, 0, 0), EINVAL, "an operation of prctl");
	counted("1 asker command 0x7fff1234 of prctl\n", "an operation");
	fails(getrandom(&n, 1, 0x400), EINVAL, "a flag of getrandom");
	counted("1 asker flags 0x400 of getrandom\n", "a flag");
	fails(getrandom(&n, 1, 0x401), EINVAL, "with another that is known");
	counted("2 asker flags 0x400 of getrandom\n", "the flag alone");
	fails(fcntl(0, 0x5555), EINVAL, "an operation of fcntl");
	counted("1 asker command 0x5555 of fcntl\n", "an operation of fcntl");
	fd = must(open("/dev/null", O_RDONLY));
	fails(ioctl(fd, 0x4242), ENOTTY, "an ioctl");
	counted("1 asker ioctl 0x4242\n", "an ioctl");
	fd = must(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(getsockopt(fd, SOL_SOCKET, 9999, &n, &length), ENOPROTOOPT, "an option");
	counted("1 asker option 9999 of level 1\n", "an option");
	fails(socket(60, SOCK_STREAM, 3), EAFNOSUPPORT, "a family");
	counted("1 asker socket 60 1 3\n", "a family");
	fails(open("/proc/sys/kernel/no_such", O_RDONLY), ENOENT, "a path");
	counted("1 asker path kernel/no_such\n", "a path");
	fails(open("/proc/no_such", O_RDONLY), ENOENT, "a path at the top");
	counted("1 asker path /no_such\n", "a path at the top");
	fails(mount("none", ".", "nofs", 0, NULL), ENODEV, "a file system");
	counted("1 asker file system nofs\n", "a file system");
}

TEST(no_gaps)
{
	char buffer[100];
	int fd;

	begin("decent");
	fd = must(open("/dev/null", O_RDONLY));
	fails(ioctl(fd, TIOCGWINSZ, buffer), ENOTTY, "isatty's question");
	fails(open("/proc/99999999/stat", O_RDONLY), ENOENT, "a process that is not there");
	works(getrandom(buffer, 1, 0), "a known call");
	if (is_skerry())
		ok(!strstr(tap_read(GAPS), "decent"), "none of these is counted");
	else
		skip("none of these is counted", "Linux does not count");
}

TEST(names)
{
	begin("new\nline sp");
	fails(syscall(461), ENOSYS, "a call that is none");
	counted("1 new\\012line\\040sp call 461\n", "a program's odd name");
}

TEST(full)
{
	char path[64];

	begin("many");
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/proc/no%d", i);
		if (open(path, O_RDONLY) >= 0)
			ok(false, "there is %s", path);
	}
	if (is_skerry()) {
		ok(strstr(tap_read(GAPS), " - others\n"), "what had no room is told");
		must(tap_write(GAPS, "0"));
		is_text(tap_read(GAPS), "", "root empties the list");
		must(tap_write(SWITCH, "0"));
		syscall(461);
		is_text(tap_read(GAPS), "", "counting can be turned off");
		must(tap_write(SWITCH, "1"));
		syscall(461);
		is_text(tap_read(GAPS), "1 many call 461\n", "and on");
	} else {
		skip("the list", "Linux has none");
	}
}

TEST(who)
{
	begin("who");
	if (!is_skerry()) {
		skip("who may", "Linux has none");
		return;
	}
	syscall(461);
	must(setuid(1000));
	fails(open(GAPS, O_WRONLY), EACCES, "not anybody empties it");
	fails(open(SWITCH, O_WRONLY), EACCES, "or turns it off");
	ok(strstr(tap_read(GAPS), "who call 461"), "anybody may look");
}
