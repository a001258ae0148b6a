/* dnotify, F_NOTIFY of fcntl(2): signals when something happens in a directory. */
#include "tap.h"
#include <poll.h>

#define ALL (DN_ACCESS | DN_MODIFY | DN_CREATE | DN_DELETE | DN_RENAME | DN_ATTRIB)
#define RT  (SIGRTMIN + 2)

static int dir;

/* A directory `d` with a file, and signals that are waited for. */
static void begin(void)
{
	sigset_t set;

	must(mkdir("d", 0755));
	close(tap_file("d/file", "text"));
	dir = must(open("d", O_RDONLY | O_DIRECTORY));
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, RT);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
}

/* How many signals there are, of any kind; what the last one said. */
static int signals(siginfo_t *info)
{
	struct timespec none = {0, 0};
	siginfo_t ignored;
	sigset_t set;
	int n = 0;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, RT);
	while (sigtimedwait(&set, info ? info : &ignored, &none) > 0)
		n++;
	return n;
}

static void make(const char *path)
{
	close(must(open(path, O_CREAT | O_EXCL | O_RDWR, 0644)));
}

TEST(once)
{
	siginfo_t info = {0};

	begin();
	works(fcntl(dir, F_NOTIFY, DN_CREATE), "F_NOTIFY");
	is(fcntl(dir, F_GETOWN), getpid(), "who asks owns the file");
	make("d/a");
	is(signals(&info), 1, "a signal");
	is(info.si_signo, SIGIO, "SIGIO");
	is(info.si_code, SI_KERNEL, "that says nothing");
	make("d/b");
	is(signals(NULL), 0, "and no more");
	works(fcntl(dir, F_NOTIFY, DN_CREATE | DN_DELETE), "again");
	must(unlink("d/b"));
	is(signals(NULL), 1, "of several kinds of events");
	make("d/b");
	is(signals(NULL), 0, "the first one is all");
}

TEST(information)
{
	siginfo_t info = {0};
	int other;

	begin();
	must(fcntl(dir, F_SETSIG, RT));
	must(fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	make("d/a");
	is(signals(&info), 1, "a signal");
	is(info.si_signo, RT, "that F_SETSIG chose");
	is(info.si_code, POLL_MSG, "POLL_MSG");
	is(info.si_fd, dir, "the descriptor");
	is(info.si_band, POLLIN | POLLRDNORM | POLLMSG, "the band");
	make("d/b");
	make("d/c");
	is(signals(NULL), 2, "DN_MULTISHOT: each time");
	must(fcntl(dir, F_SETSIG, 0));
	make("d/e");
	is(signals(&info), 1, "F_SETSIG counts when it happens");
	is(info.si_signo, SIGIO, "SIGIO again");
	must(fcntl(dir, F_SETSIG, RT));
	other = must(dup(dir));
	must(fcntl(other, F_NOTIFY, DN_CREATE));
	make("d/f");
	is(signals(&info), 1, "the same file by another descriptor is one");
	is(info.si_fd, other, "which is told");
	must(fcntl(dir, F_SETOWN, 0));
	make("d/g");
	is(signals(NULL), 0, "without an owner nobody is told");
}

/* What an event gives to who asked for `events`. */
static void gives(int events, void (*what)(void), int n, const char *name)
{
	must(fcntl(dir, F_NOTIFY, 0));
	signals(NULL);
	must(fcntl(dir, F_NOTIFY, events | DN_MULTISHOT));
	what();
	is(signals(NULL), n, name);
}

static void reads(void)
{
	char c;
	int fd = must(open("d/file", O_RDONLY));

	must(read(fd, &c, 1));
	close(fd);
}

static void writes(void)
{
	int fd = must(open("d/file", O_WRONLY));

	must(write(fd, "x", 1));
	close(fd);
}

static void creates(void)
{
	make("d/new");
}

static void links(void)
{
	must(link("d/file", "d/link"));
}

static void makes_dir(void)
{
	must(mkdir("d/dir", 0755));
}

static void removes(void)
{
	must(unlink("d/new"));
}

static void removes_dir(void)
{
	must(rmdir("d/dir"));
}

static void renames(void)
{
	must(rename("d/file", "d/name"));
	must(rename("d/name", "d/file"));
}

static void moves_out(void)
{
	must(rename("d/link", "link"));
}

static void moves_in(void)
{
	must(rename("link", "d/link"));
}

static void changes_mode(void)
{
	must(chmod("d/file", 0600));
}

static void changes_own_mode(void)
{
	must(chmod("d", 0700));
}

static void cuts(void)
{
	must(truncate("d/file", 2));
}

static void outside(void)
{
	make("other");
	must(chmod("other", 0600));
	must(unlink("other"));
}

TEST(events)
{
	begin();
	must(fcntl(dir, F_SETSIG, RT)); /* each is counted */
	gives(DN_ACCESS, reads, 1, "DN_ACCESS: read");
	gives(ALL & ~DN_ACCESS, reads, 0, "is nothing else");
	gives(DN_MODIFY, writes, 1, "DN_MODIFY: write");
	gives(ALL & ~DN_MODIFY, writes, 0, "is nothing else");
	gives(DN_MODIFY, cuts, 1, "truncate");
	gives(DN_CREATE, creates, 1, "DN_CREATE: open");
	gives(ALL & ~DN_DELETE, removes, 0, "a name goes");
	creates();
	gives(DN_DELETE, removes, 1, "DN_DELETE: unlink");
	gives(DN_CREATE, links, 1, "link");
	gives(DN_CREATE, makes_dir, 1, "mkdir");
	gives(DN_DELETE, removes_dir, 1, "rmdir");
	gives(DN_RENAME, renames, 2, "DN_RENAME: within the directory");
	gives(DN_CREATE, renames, 2, "where a name comes");
	gives(DN_DELETE, renames, 2, "and one goes");
	gives(DN_CREATE | DN_DELETE | DN_RENAME, renames, 6, "which are three");
	gives(DN_RENAME | DN_CREATE, moves_out, 0, "out of it is no DN_RENAME");
	gives(DN_RENAME | DN_DELETE, moves_in, 0, "nor into it");
	gives(DN_DELETE, moves_out, 1, "but DN_DELETE");
	gives(DN_CREATE, moves_in, 1, "and DN_CREATE");
	gives(DN_ATTRIB, changes_mode, 1, "DN_ATTRIB: chmod");
	gives(ALL & ~DN_ATTRIB, changes_mode, 0, "is nothing else");
	gives(DN_ATTRIB, changes_own_mode, 1, "of the directory itself");
	gives(ALL, outside, 0, "what happens elsewhere");
	gives(0, creates, 0, "nothing asked for");
}

TEST(one_of_a_rename)
{
	begin();
	must(fcntl(dir, F_SETSIG, RT));
	must(fcntl(dir, F_NOTIFY, ALL));
	renames();
	is(signals(NULL), 1, "the first event is the only one, whatever else it is");
}

TEST(cumulative)
{
	begin();
	must(fcntl(dir, F_SETSIG, RT));
	must(fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	must(fcntl(dir, F_NOTIFY, DN_DELETE));
	make("d/a");
	must(unlink("d/a"));
	make("d/a");
	is(signals(NULL), 3, "both, and still more than once");
	works(fcntl(dir, F_NOTIFY, 0), "0");
	must(unlink("d/a"));
	is(signals(NULL), 0, "ends it");
	works(fcntl(dir, F_NOTIFY, DN_MULTISHOT), "DN_MULTISHOT alone, of nothing,");
	make("d/a");
	is(signals(NULL), 0, "is nothing");
}

static int creates_in_child(void *unused)
{
	(void)unused;
	make("d/by_child");
	must(close(dir));
	return signals(NULL);
}

TEST(closed)
{
	int twin, again;

	begin();
	twin = must(dup(dir));
	must(fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	exits(tap_spawn(creates_in_child, NULL), 0, "a child is not told");
	is(signals(NULL), 1, "who asked is");
	make("d/a");
	is(signals(NULL), 1, "and still is when the child has closed it");
	again = must(open("d", O_RDONLY));
	must(close(again));
	make("d/b");
	is(signals(NULL), 1, "another file of the directory was closed");
	must(close(twin));
	make("d/c");
	is(signals(NULL), 0, "any descriptor of the file");
	must(fcntl(dir, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	must(dup2(0, dir));
	make("d/e");
	is(signals(NULL), 0, "dup2 closes, too");
}

TEST(two_files)
{
	int second;

	begin();
	second = must(open("d", O_RDONLY));
	must(fcntl(dir, F_SETSIG, RT));
	must(fcntl(dir, F_NOTIFY, DN_CREATE));
	must(fcntl(second, F_NOTIFY, DN_CREATE));
	make("d/a");
	is(signals(NULL), 2, "each has its own");
}

TEST(refused)
{
	static const char enable[] = "/proc/sys/fs/dir-notify-enable";
	int fd, path, p[2];

	begin();
	fd = must(open("d/file", O_RDONLY));
	path = must(open("d", O_PATH));
	must(pipe(p));
	fails(fcntl(fd, F_NOTIFY, DN_CREATE), ENOTDIR, "a file");
	works(fcntl(fd, F_NOTIFY, 0), "from which nothing is asked");
	fails(fcntl(p[0], F_NOTIFY, DN_CREATE), ENOTDIR, "a pipe");
	fails(fcntl(path, F_NOTIFY, DN_CREATE), EBADF, "a path");
	fails(fcntl(999, F_NOTIFY, DN_CREATE), EBADF, "no descriptor");
	works(fcntl(dir, F_NOTIFY, 0x4000), "an event that is not known");
	if (geteuid() || tap_write(enable, "0"))
		return;
	fails(fcntl(dir, F_NOTIFY, DN_CREATE), EINVAL, "when it is turned off");
	must(tap_write(enable, "1"));
	works(fcntl(dir, F_NOTIFY, DN_CREATE), "and on");
}
