/* mq_notify(2): signals, threads of the C library, sockets. */
#include "mq.h"
#include <sys/socket.h>

TEST(notify)
{
	mqd_t q = make(0);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1,
				 .sigev_value.sival_int = 1234};
	char text[64], want[128];
	pid_t pid;

	catch(SIGUSR1, 0);
	works(mq_notify(q, &event), "register");
	fails(mq_notify(q, &event), EBUSY, "again");
	snprintf(want, sizeof(want), "QSIZE:0          NOTIFY:0     SIGNO:%-5d NOTIFY_PID:%-6d\n",
		 SIGUSR1, getpid());
	must(read(q, text, 1));
	lseek(q, 0, SEEK_SET);
	memset(text, 0, sizeof(text));
	char line[100] = "";
	works(read(q, line, sizeof(line)), "read");
	is_text(line, want, "that can be seen");
	must(mq_send(q, "hello", 5, 0));
	is(caught, SIGUSR1, "a message comes");
	is(last.si_code, SI_MESGQ, "it says so");
	is(last.si_value.sival_int, 1234, "with its value");
	is(last.si_pid, getpid(), "and who sent it");
	caught = 0;
	must(mq_receive(q, text, 64, NULL));
	must(mq_send(q, "again", 5, 0));
	is(caught, 0, "only once");
	works(mq_notify(q, &event), "register at one that is not empty");
	must(mq_send(q, "more", 4, 0));
	is(caught, 0, "it was not empty");
	works(mq_notify(q, NULL), "give up");
	works(mq_notify(q, NULL), "when there is nothing");
	event.sigev_notify = SIGEV_NONE;
	works(mq_notify(q, &event), "a registration that says nothing");
	pid = fork();
	if (pid == 0)
		_exit(mq_notify(q, &event) == 0 || errno != EBUSY || mq_notify(q, NULL) ||
		      mq_notify(q, &event) == 0);
	exits(pid, 0, "it is the process' own");
	close(dup(q));
	works(mq_notify(q, &event), "a close ends it");
	event.sigev_notify = 3;
	fails(mq_notify(q, &event), EINVAL, "unknown kinds");
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = 65;
	fails(mq_notify(q, &event), EINVAL, "unknown signals");
	event.sigev_signo = SIGUSR1;
	fails(mq_notify(0x7fff, &event), EBADF, "no descriptor");
	fails(syscall(SYS_mq_notify, q, BAD), EFAULT, "a bad pointer");
	event.sigev_notify = SIGEV_THREAD;
	fails(syscall(SYS_mq_notify, q, &event), EFAULT, "a bad cookie");
	event.sigev_value.sival_ptr = line;
	event.sigev_signo = 0x7fff;
	fails(syscall(SYS_mq_notify, q, &event), EBADF, "no socket");
	event.sigev_signo = q;
	fails(syscall(SYS_mq_notify, q, &event), ENOTSOCK, "not a socket");
	event.sigev_signo = must(socket(AF_UNIX, SOCK_STREAM, 0));
	fails(syscall(SYS_mq_notify, q, &event), EINVAL, "another kind of socket");
	mq_unlink(NAME);
}

/* Says that it runs and waits for a word; fails if there is a signal then. */
HELPER(notified)
{
	sigset_t set;
	char c;

	if (write(1, "r", 1) != 1 || read(0, &c, 1) != 1)
		return 2;
	sigpending(&set);
	return sigismember(&set, SIGUSR1);
}

/* A later program of the process is sent nothing. */
TEST(notify_and_exec)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	mqd_t q = make(0);
	int in[2], out[2];
	sigset_t set;
	pid_t pid;
	char c;

	must(pipe(in));
	must(pipe(out));
	pid = must(fork());
	if (pid == 0) {
		sigemptyset(&set);
		sigaddset(&set, SIGUSR1);
		sigprocmask(SIG_BLOCK, &set, NULL);
		fcntl(q, F_SETFD, 0);
		dup2(in[0], 0);
		dup2(out[1], 1);
		if (mq_notify(q, &event) == 0)
			execl(tap_self, tap_self, "--as", "notified", NULL);
		_exit(3);
	}
	close(out[1]);
	is(read(out[0], &c, 1), 1, "the other program runs");
	works(mq_send(q, "x", 1, 0), "a message comes");
	must(write(in[1], "x", 1));
	exits(pid, 0, "it was not signalled");
	mq_unlink(NAME);
}

static int receive_first(void *argument)
{
	char text[64];

	return mq_receive(*(mqd_t *)argument, text, 64, NULL) != 1;
}

TEST(notify_and_receivers)
{
	mqd_t q = make(0);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	pid_t pid;

	catch(SIGUSR1, 0);
	pid = tap_spawn(receive_first, &q);
	tap_await_state(pid, 'S');
	must(mq_notify(q, &event));
	must(mq_send(q, "x", 1, 0));
	exits(pid, 0, "who waits gets it");
	is(caught, 0, "then nobody is told");
	must(mq_send(q, "y", 1, 0));
	is(caught, SIGUSR1, "the next time");
	mq_unlink(NAME);
}

static volatile int called;

static void in_thread(union sigval value)
{
	called = value.sival_int;
}

TEST(notify_thread)
{
	mqd_t q = make(0);
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 77,
				 .sigev_notify_function = in_thread};
	char cookie[32] = "who goes there", text[64];
	int s = must(socket(AF_NETLINK, SOCK_RAW, 0));

	must(mq_notify(q, &event));
	must(mq_send(q, "x", 1, 0));
	for (int i = 0; i < 5000 && !called; i++)
		tap_sleep_ms(1);
	is(called, 77, "a function of the C library's thread");
	must(mq_receive(q, text, 64, NULL));
	event.sigev_signo = s;
	event.sigev_value.sival_ptr = cookie;
	works(syscall(SYS_mq_notify, q, &event), "with a socket of one's own");
	must(mq_send(q, "x", 1, 0));
	is(recv(s, cookie, 32, MSG_DONTWAIT), 32, "the cookie comes back");
	is_text(cookie, "who goes there", "as it was");
	is(cookie[31], 1, "with the news");
	works(syscall(SYS_mq_notify, q, &event), "again");
	works(mq_notify(q, NULL), "given up");
	is(recv(s, cookie, 32, MSG_DONTWAIT), 32, "that is said, too");
	is(cookie[31], 2, "in its last byte");
	mq_unlink(NAME);
}
