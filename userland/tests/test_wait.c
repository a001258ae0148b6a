/* Waiting for children: wait4, waitid, what they tell and of whom; orphans and who gets them. */
#include "tap.h"
#include <sys/prctl.h>

static int with_code(void *argument)
{
	return (int)(long)argument;
}

TEST(status)
{
	int status;
	pid_t pid;

	must(waitpid(tap_spawn(with_code, (void *)0x1ff), &status, 0));
	is(status, 0xff00, "only the low byte of an exit status counts");
	pid = tap_spawn(tap_forever, NULL);
	must(kill(pid, SIGTERM));
	must(waitpid(pid, &status, 0));
	is(status, SIGTERM, "ended by a signal");
	pid = tap_spawn(tap_forever, NULL);
	must(kill(pid, SIGSTOP));
	is(waitpid(pid, &status, WUNTRACED), pid, "WUNTRACED");
	is(status, SIGSTOP << 8 | 0x7f, "stopped");
	is(waitpid(pid, &status, WNOHANG | WUNTRACED), 0, "told once");
	must(kill(pid, SIGCONT));
	is(waitpid(pid, &status, WCONTINUED), pid, "WCONTINUED");
	is(status, 0xffff, "continued");
	is(waitpid(pid, &status, WNOHANG), 0, "WNOHANG of a running one");
	must(kill(pid, SIGKILL));
	dies(pid, SIGKILL, "SIGKILL");
}

TEST(wait_errors)
{
	int status;
	pid_t pid = tap_spawn(with_code, NULL);

	fails(waitpid(1, &status, 0), ECHILD, "not one's child");
	fails(waitpid(-99999, &status, 0), ECHILD, "no such group");
	fails(syscall(SYS_wait4, -1, &status, 0x8000, NULL), EINVAL, "unknown option");
	tap_await_state(pid, 'Z');
	fails(syscall(SYS_wait4, pid, BAD, 0, NULL), EFAULT, "bad status pointer");
	pid = tap_spawn(with_code, NULL);
	fails(syscall(SYS_wait4, pid, &status, 0, BAD), EFAULT, "bad usage pointer");
	pid = tap_spawn(with_code, NULL);
	tap_await_state(pid, 'Z');
	fails(syscall(SYS_waitid, P_PID, pid, BAD, WEXITED, NULL), EFAULT, "waitid: bad pointer");
	fails(syscall(SYS_waitid, 77, pid, NULL, WEXITED, NULL), EINVAL, "waitid: bad kind");
	fails(syscall(SYS_waitid, P_ALL, 0, NULL, 0, NULL), EINVAL, "waitid: nothing to wait for");
}

TEST(which_child)
{
	pid_t a, b, c;
	int status;

	a = tap_spawn(with_code, (void *)1);
	b = tap_spawn(with_code, (void *)2);
	is(waitpid(b, &status, 0), b, "a certain one");
	is(WEXITSTATUS(status), 2, "its status");
	is(waitpid(-1, &status, 0), a, "any one");
	a = tap_spawn(tap_forever, NULL);
	b = tap_spawn(tap_forever, NULL);
	must(setpgid(a, a));
	c = tap_spawn(with_code, (void *)3);
	must(setpgid(b, a));
	must(kill(b, SIGKILL));
	is(waitpid(-a, &status, 0), b, "one of a group");
	is(waitpid(0, &status, 0), c, "one of one's own group");
	must(kill(a, SIGKILL));
	dies(a, SIGKILL, "the last");
}

/* Whether only the six fields of a child were written, as 32-bit numbers. */
static bool six_fields(const siginfo_t *info)
{
	static const bool written[] = {true, true, true, false, true, true, true};
	const uint32_t *words = (const uint32_t *)info;
	bool so = true;

	for (unsigned i = 0; i < sizeof(*info) / sizeof(*words); i++)
		so &= (i < sizeof(written) && written[i]) == (words[i] != 0xa5a5a5a5);
	return so;
}

static long raw_waitid(int which, pid_t pid, siginfo_t *info, int options)
{
	memset(info, 0xa5, sizeof(*info));
	return syscall(SYS_waitid, which, pid, info, options, NULL);
}

TEST(waitid_writes)
{
	pid_t pid = tap_spawn(with_code, (void *)5);
	siginfo_t info;
	char *edge = tap_edge(28);

	works(raw_waitid(P_PID, pid, &info, WEXITED | WNOWAIT), "a child that has ended");
	ok(six_fields(&info), "the six fields are written and no others");
	ok(info.si_signo == SIGCHLD && !info.si_errno && info.si_code == CLD_EXITED &&
	   info.si_pid == pid && info.si_uid == getuid() && info.si_status == 5, "as they are");
	works(syscall(SYS_waitid, P_PID, pid, edge, WEXITED | WNOWAIT, NULL),
	      "there need be no room for more");
	fails(raw_waitid(P_PID, pid, &info, WSTOPPED), ECHILD, "it will not stop any more");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros");
	fails(raw_waitid(77, pid, &info, WEXITED), EINVAL, "an unknown kind");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros, too");
	exits(pid, 5, "the child");
	fails(raw_waitid(P_PID, pid, &info, WEXITED), ECHILD, "one that is not there");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros again");
	pid = tap_spawn(tap_forever, NULL);
	works(raw_waitid(P_PID, pid, &info, WSTOPPED | WNOHANG), "one that has not stopped");
	ok(six_fields(&info) && !info.si_signo && !info.si_code && !info.si_pid, "zeros once more");
	kill(pid, SIGKILL);
	fails(raw_waitid(P_PID, pid, &info, WSTOPPED), ECHILD, "while it is waited for it ends");
	dies(pid, SIGKILL, "killed");
	fails(syscall(SYS_waitid, P_PID, pid, KBAD, WEXITED, NULL), EFAULT, "nowhere to put them");
	fails(syscall(SYS_waitid, 77, pid, BAD, WEXITED, NULL), EFAULT, "even these");
}

TEST(waitid)
{
	siginfo_t info;
	pid_t pid = tap_spawn(with_code, (void *)7);

	memset(&info, 0, sizeof(info));
	works(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), "waitid leaving it");
	ok(info.si_pid == pid && info.si_status == 7 && info.si_code == CLD_EXITED &&
		   info.si_signo == SIGCHLD,
	   "told");
	works(waitid(P_PID, pid, &info, WEXITED), "waitid taking it");
	fails(waitid(P_PID, pid, &info, WEXITED), ECHILD, "gone");
	pid = tap_spawn(tap_forever, NULL);
	info.si_pid = 99;
	works(waitid(P_ALL, 0, &info, WEXITED | WNOHANG), "WNOHANG");
	is(info.si_pid, 0, "nobody");
	must(kill(pid, SIGSTOP));
	works(waitid(P_PID, pid, &info, WSTOPPED), "WSTOPPED");
	ok(info.si_code == CLD_STOPPED && info.si_status == SIGSTOP, "stopped by");
	must(kill(pid, SIGCONT));
	works(waitid(P_PID, pid, &info, WCONTINUED), "WCONTINUED");
	is(info.si_code, CLD_CONTINUED, "continued");
	must(kill(pid, SIGKILL));
	works(waitid(P_PID, pid, &info, WEXITED), "WEXITED");
	ok(info.si_code == CLD_KILLED && info.si_status == SIGKILL, "killed by");
}

static int orphan_parent(void *argument)
{
	int *p = argument;
	pid_t parent = getpid();

	if (fork() == 0) {
		for (int i = 0; i < 1000 && getppid() == parent; i++)
			tap_sleep_ms(10);
		_exit(write(p[1], &(pid_t){getppid()}, sizeof(pid_t)) < 0);
	}
	return 0;
}

TEST(orphans)
{
	pid_t parent = 0;
	int p[2];

	must(pipe(p));
	exits(tap_spawn(orphan_parent, p), 0, "the parent ends first");
	must(read(p[0], &parent, sizeof(parent)));
	ok(parent != 0 && parent != getpid(), "the orphan has another parent");
	must(prctl(PR_SET_CHILD_SUBREAPER, 1));
	exits(tap_spawn(orphan_parent, p), 0, "again, below a subreaper");
	must(read(p[0], &parent, sizeof(parent)));
	is(parent, getpid(), "which gets it");
	exits(-1, 0, "and can wait for it");
}

/* A branch of three generations: the youngest says who its parent is, and again once the middle one
 * has ended. */
static int branch(void *argument)
{
	char c;
	int *p = argument, status;

	if (fork() == 0) {
		pid_t middle = getpid();

		if (fork() == 0) {
			(void)!write(p[1], &middle, sizeof(middle));
			for (int i = 0; i < 1000 && getppid() == middle; i++)
				tap_sleep_ms(10);
			_exit(write(p[1], &(pid_t){getppid()}, sizeof(pid_t)) < 0);
		}
		_exit(read(p[2], &c, 1) != 1);
	}
	return wait(&status) < 0 || status;
}

/* With the ends of two pipes: what the youngest say, what the middle ones wait for. */
TEST(late_subreaper)
{
	enum { N = 3 };
	pid_t parent, pids[N];
	int says[2], go[2];

	must(pipe(says));
	must(pipe(go));
	for (int i = 0; i < N; i++)
		pids[i] = tap_spawn(branch, (int[]){says[0], says[1], go[0]});
	for (int i = 0; i < N; i++)
		must(read(says[0], &parent, sizeof(parent)));
	works(prctl(PR_SET_CHILD_SUBREAPER, 1), "a subreaper that already has offspring");
	must(write(go[1], "abc", N));
	for (int i = 0; i < N; i++) {
		exits(pids[i], 0, "its children end well");
		must(read(says[0], &parent, sizeof(parent)));
		is(parent, getpid(), "it gets its great-grandchild");
	}
	for (int i = 0; i < N; i++)
		exits(-1, 0, "and can wait for it");
	works(prctl(PR_SET_CHILD_SUBREAPER, 0), "no subreaper any more");
	pids[0] = tap_spawn(branch, (int[]){says[0], says[1], go[0]});
	must(read(says[0], &parent, sizeof(parent)));
	must(write(go[1], "d", 1));
	exits(pids[0], 0, "its child ends");
	must(read(says[0], &parent, sizeof(parent)));
	ok(parent != getpid(), "and it gets nothing");
}

TEST(ignored_children)
{
	struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
	int status;

	signal(SIGCHLD, SIG_IGN);
	tap_spawn(with_code, NULL);
	fails(waitpid(-1, &status, 0), ECHILD,
	      "SIGCHLD ignored: no zombies, wait for the last to end");
	sigaction(SIGCHLD, &action, NULL);
	tap_spawn(with_code, NULL);
	fails(waitpid(-1, &status, 0), ECHILD, "SA_NOCLDWAIT: likewise");
}
