/* Several who wait for connections, or hear of a file: who is woken, who is told. */
#include "tcp.h"

#include <sys/un.h>

enum { WAITERS = 4 };

/* How often a process gave up the processor of itself. */
static long switches(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return tap_number(tap_read(path), "\nvoluntary_ctxt_switches:");
}

static int accept_one(void *argument)
{
	int fd = accept(*(int *)argument, NULL, NULL);

	return fd < 0 || write(fd, "x", 1) != 1;
}

/* Four wait; each connection wakes one of them. */
static void waiters(int l, int (*make)(void *), void *argument)
{
	long before[WAITERS];
	pid_t child[WAITERS];
	char c;

	for (int i = 0; i < WAITERS; i++)
		child[i] = tap_spawn(accept_one, &l);
	for (int i = 0; i < WAITERS; i++)
		ok(tap_await_state(child[i], 'S'), "one waits");
	for (int i = 0; i < WAITERS; i++) {
		int fd, woken = 0;

		for (int k = 0; k < WAITERS; k++)
			before[k] = child[k] ? switches(child[k]) : 0;
		fd = make(argument);
		is(read(fd, &c, 1), 1, "a connection is accepted");
		close(fd);
		for (int k = 0; k < WAITERS; k++) {
			int status;

			if (!child[k])
				continue;
			tap_sleep_ms(20);
			if (waitpid(child[k], &status, WNOHANG) == child[k]) {
				is(status, 0, "by one");
				child[k] = 0;
			} else {
				woken += switches(child[k]) != before[k];
			}
		}
		is(woken, 0, "the others sleep on");
	}
}

static int connect_tcp(void *argument)
{
	return connected(*(int *)argument);
}

TEST(streams)
{
	int l = listener(10);

	waiters(l, connect_tcp, &l);
}

static int connect_local(void *argument)
{
	int fd = must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(connect(fd, argument, sizeof(struct sockaddr_un)));
	return fd;
}

TEST(local_streams)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int l = must(socket(AF_UNIX, SOCK_STREAM, 0));

	must(bind(l, (struct sockaddr *)&a, sizeof(a)));
	must(listen(l, 10));
	waiters(l, connect_local, &a);
}

static int wait_for_ever(void *argument)
{
	(void)argument;
	while (pause() < 0)
		;
	return 0;
}

/* F_SETOWN means the process, not its number. */
TEST(owners)
{
	pid_t child = tap_spawn(wait_for_ever, NULL);
	int p[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
	works(fcntl(p[0], F_SETOWN, child), "F_SETOWN");
	is(fcntl(p[0], F_GETOWN), child, "F_GETOWN");
	kill(child, SIGKILL);
	dies(child, SIGKILL, "the owner ends");
	is(fcntl(p[0], F_GETOWN), 0, "there is none any more");
	fails(fcntl(p[0], F_SETOWN, child), ESRCH, "nor can it be one");
}
