/*
 * Errors and where in the kernel they began: /proc/[pid]/errno while /proc/sys/kernel/errno_trace
 * is 1 (which Linux does not have: there only the errors are looked at).
 */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <regex.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tap.h"

#define SWITCH "/proc/sys/kernel/errno_trace"
#define PLACE  "[a-z0-9_/]+\\.[ch]:[0-9]+"

static void turn(const char *on)
{
	if (is_skerry())
		must(tap_write(SWITCH, on));
}

static bool matches(const char *line, const char *pattern)
{
	regex_t re;
	bool found;

	must(-regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB));
	found = regexec(&re, line, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

static int lines(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += *s == '\n';
	return n;
}

/* Whether the last error of this thread was this call's, with this number, from a place that the
 * pattern tells. */
static void last_is(const char *call, int error, const char *place, const char *what)
{
	const char *all, *line;
	char pattern[256];

	if (!is_skerry()) {
		skip(what, "Linux does not remember");
		return;
	}
	all = tap_read("/proc/thread-self/errno");
	line = all + strlen(all);
	for (line -= line > all; line > all && line[-1] != '\n';)
		line--;
	snprintf(pattern, sizeof(pattern), "^[0-9]+\\.[0-9]{6} %s %d %s\n$", call, error, place);
	ok(matches(line, pattern), "%s", what);
	if (!matches(line, pattern))
		printf("# %s", line);
}

TEST(places)
{
	char buffer[8];
	int fd, p[2];

	turn("1");
	fails(close(-1), EBADF, "a descriptor that is none");
	last_is("close", EBADF, PLACE, "close");
	fails(open("no/such", O_RDONLY), ENOENT, "a name that is not there");
	last_is("open", ENOENT, "vfs/" PLACE, "open");
	fd = must(open("file", O_CREAT | O_RDWR, 0600));
	fails(ioctl(fd, 0x4242), ENOTTY, "an operation that is none");
	last_is("ioctl", ENOTTY, PLACE, "ioctl");
	fails(write(fd, (void *)1, 4), EFAULT, "memory that is not there");
	last_is("write", EFAULT, PLACE, "write");
	fails(lseek(fd, -1, SEEK_SET), EINVAL, "a position that is none");
	last_is("lseek", EINVAL, PLACE, "lseek");
	must(pipe2(p, O_NONBLOCK));
	fails(read(p[0], buffer, 1), EAGAIN, "an empty pipe");
	last_is("read", EAGAIN, "ipc/" PLACE, "read");
	fails(syscall(461), ENOSYS, "a call that is none");
	last_is("461", ENOSYS, "sys/dispatch.c:[0-9]+", "a call without name");
	fails(rmdir("."), EINVAL, "the last part is a dot");
	last_is("rmdir", EINVAL, "vfs/names_remove.c:[0-9]+", "from a table");
	turn("0");
}

TEST(handled_inside)
{
	int fd;

	must(mkdir("dir", 0700));
	must(chown("dir", 1000, 1000));
	must(chmod("dir", 0555));
	turn("1");
	must(seteuid(1000));
	fails(open("dir/file", O_CREAT | O_WRONLY, 0600), EACCES, "it may not be made");
	must(seteuid(0));
	last_is("open", EACCES, PLACE, "the error that was given, not the one before");
	fd = must(open("dir/file", O_CREAT | O_WRONLY, 0600));
	close(fd);
	last_is("open", EACCES, PLACE, "a call without error changes nothing");
	turn("0");
}

static void nothing(int signo)
{
	(void)signo;
}

TEST(interrupted)
{
	struct sigaction act = { .sa_handler = nothing };
	struct rlimit limit = { 10, 10 };
	struct pollfd none = { .fd = -1 };
	int fd;

	must(sigaction(SIGALRM, &act, NULL));
	turn("1");
	alarm(1);
	fails(pause(), EINTR, "a handler ran");
	last_is("pause", EINTR, "sys/" PLACE, "where pause waited");
	alarm(1);
	fails(poll(&none, 1, 60000), EINTR, "a handler ran");
	last_is("poll", EINTR, "(sys|vfs)/" PLACE, "where poll waited");
	signal(SIGXFSZ, SIG_IGN);
	fd = must(open("file", O_CREAT | O_RDWR, 0600));
	must(setrlimit(RLIMIT_FSIZE, &limit));
	fails(ftruncate(fd, 100), EFBIG, "beyond the limit");
	last_is("ftruncate", EFBIG, "vfs/" PLACE, "a number that only the kernel has");
	turn("0");
}

TEST(taken_over)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	char c;

	must(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	turn("1");
	must(send(fd, "x", 1, 0));
	fails(recv(fd, &c, 1, 0), ECONNREFUSED, "nobody is there");
	last_is("recvfrom", ECONNREFUSED, "net/" PLACE, "where recv took it over");
	turn("0");
}

TEST(kept)
{
	const char *all;

	turn("1");
	for (int i = 0; i < 30; i++)
		close(-1);
	fails(dup(-1), EBADF, "one more");
	turn("0");
	fails(close(-1), EBADF, "one that is not traced");
	if (is_skerry()) {
		all = tap_read("/proc/self/errno");
		ok(lines(all) == 16, "sixteen are kept");
		ok(matches(all, "^([^ ]+ close 9 [^\n]+\n){15}[^ ]+ dup 9 [^\n]+\n$"),
		   "the last ones, the oldest first");
	} else {
		skip("sixteen are kept", "Linux keeps none");
		skip("the last ones, the oldest first", "Linux keeps none");
	}
}

static void *failing_thread(void *arg)
{
	close(-1);
	last_is("close", EBADF, PLACE, arg);
	return NULL;
}

/* What a new task shows: nothing, whatever the one that made it was given. */
static void empty(const char *what)
{
	if (is_skerry())
		is_text(tap_read("/proc/thread-self/errno"), "", what);
	else
		skip(what, "Linux has none");
}

/* pthread_join() may have had an error since, if the thread was quick. */
static void keeps_dup(const char *what)
{
	const char *all = tap_read("/proc/thread-self/errno");

	if (is_skerry())
		ok(strstr(all, " dup 9 ") && !strstr(all, " close "), "%s", what);
	else
		skip(what, "Linux has none");
}

static void *fresh_thread(void *arg)
{
	empty(arg);
	return NULL;
}

TEST(each_task)
{
	pthread_t t;
	int status;
	pid_t pid;

	turn("1");
	fails(dup(-1), EBADF, "of the first thread");
	must(-pthread_create(&t, NULL, fresh_thread, "a thread begins with none"));
	must(-pthread_join(t, NULL));
	must(-pthread_create(&t, NULL, failing_thread, "a thread has its own"));
	must(-pthread_join(t, NULL));
	keeps_dup("the first thread keeps its own");
	pid = must(fork());
	if (pid == 0) {
		empty("a child begins with none");
		_exit(0);
	}
	must(waitpid(pid, &status, 0));
	turn("0");
}

TEST(who)
{
	int fd;

	if (!is_skerry()) {
		skip("who may", "Linux has none");
		return;
	}
	is_text(tap_read(SWITCH), "0\n", "it is off");
	fd = must(open(SWITCH, O_RDWR));
	fails(write(fd, "2", 1), EINVAL, "neither on nor off");
	must(setuid(1000));
	fails(open("/proc/1/errno", O_RDONLY), EACCES, "not anybody's");
	fails(open(SWITCH, O_WRONLY), EACCES, "not anybody turns it on");
}

/* The kernel rewrites itself under those who come by the places. */
TEST(while_running)
{
	char buffer[8];
	pid_t pid[2];
	int wrong, status;

	for (unsigned i = 0; i < 2; i++) {
		pid[i] = must(fork());
		for (wrong = 0; pid[i] == 0;) {
			wrong |= close(-1) != -1 || errno != EBADF;
			wrong |= open("no such", O_RDONLY) != -1 || errno != ENOENT;
			wrong |= read(0, buffer, (size_t)-1) != -1;
			wrong |= syscall(461) != -1 || errno != ENOSYS;
			if (wrong)
				_exit(1);
		}
	}
	for (int i = 0; i < 5; i++) {
		turn("1");
		usleep(5000);
		turn("0");
	}
	for (unsigned i = 0; i < 2; i++) {
		must(kill(pid[i], SIGKILL));
		must(waitpid(pid[i], &status, 0));
		ok(WIFSIGNALED(status), "only killed, no wrong error");
	}
}
