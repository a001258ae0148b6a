/* Signals: actions, masks, delivery, restart, queues, waiting for them, kill. */
#include "tap.h"
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t count, order[32];
static siginfo_t last;

static void handler(int signal)
{
	if (count < 32)
		order[count] = signal;
	count++;
}

static void info_handler(int signal, siginfo_t *info, void *context)
{
	(void)context;
	last = *info;
	handler(signal);
}

static void catch(int signal, int flags)
{
	struct sigaction a = {.sa_flags = flags};

	if (flags & SA_SIGINFO)
		a.sa_sigaction = info_handler;
	else
		a.sa_handler = handler;
	must(sigaction(signal, &a, NULL));
}

static void block(int how, int signal)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(how, &set, NULL);
}

TEST(actions)
{
	struct sigaction old;

	catch(SIGUSR1, SA_RESTART);
	works(raise(SIGUSR1), "raise");
	is(count, 1, "the handler ran");
	must(sigaction(SIGUSR1, NULL, &old));
	ok(old.sa_handler == handler && (old.sa_flags & SA_RESTART),
	   "sigaction tells the old action");
	signal(SIGUSR1, SIG_IGN);
	raise(SIGUSR1);
	is(count, 1, "ignored");
	catch(SIGUSR1, SA_RESETHAND);
	raise(SIGUSR1);
	must(sigaction(SIGUSR1, NULL, &old));
	ok(count == 2 && old.sa_handler == SIG_DFL, "SA_RESETHAND");
	fails(syscall(SYS_rt_sigaction, SIGKILL, &(char[32]){0}, NULL, 8), EINVAL,
	      "SIGKILL cannot be caught");
	fails(syscall(SYS_rt_sigaction, SIGSTOP, &(char[32]){0}, NULL, 8), EINVAL, "nor SIGSTOP");
	fails(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8), EINVAL, "signal 0");
	fails(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL, "signal 65");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL, "wrong size of a set");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, BAD, NULL, 8), EFAULT, "bad new action");
	fails(syscall(SYS_rt_sigaction, SIGUSR1, NULL, BAD, 8), EFAULT, "bad old action");
}

TEST(masks)
{
	sigset_t set, old;

	catch(SIGUSR1, 0);
	catch(SIGUSR2, 0);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	raise(SIGUSR1);
	is(count, 0, "blocked");
	must(sigpending(&set));
	ok(sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2), "sigpending");
	block(SIG_UNBLOCK, SIGUSR1);
	is(count, 1, "delivered once when it is open");
	sigfillset(&set);
	must(sigprocmask(SIG_SETMASK, &set, &old));
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &old, 8);
	ok(!sigismember(&old, SIGKILL) && !sigismember(&old, SIGSTOP),
	   "SIGKILL and SIGSTOP cannot be blocked");
	fails(syscall(SYS_rt_sigprocmask, 77, &set, NULL, 8), EINVAL, "bad how");
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BAD, NULL, 8), EFAULT, "bad set");
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, BAD, 8), EFAULT, "bad old set");
	fails(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, 16), EINVAL, "bad size");
	fails(syscall(SYS_rt_sigpending, BAD, 8), EFAULT, "sigpending: bad pointer");
}

static volatile sig_atomic_t depth, deepest, blocked_within;

static void nesting(int signal)
{
	sigset_t set;

	depth++;
	if (depth > deepest)
		deepest = depth;
	sigprocmask(SIG_SETMASK, NULL, &set);
	blocked_within = sigismember(&set, signal) | sigismember(&set, SIGHUP) << 1;
	if (count++ < 3)
		raise(signal);
	depth--;
}

TEST(handler_mask)
{
	struct sigaction a = {.sa_handler = nesting};
	sigset_t set;

	sigemptyset(&a.sa_mask);
	sigaddset(&a.sa_mask, SIGHUP);
	must(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	is(deepest, 1, "a handler does not interrupt itself");
	is(count, 4, "but runs again");
	is(blocked_within, 3, "its signal and sa_mask are blocked within");
	sigprocmask(SIG_SETMASK, NULL, &set);
	ok(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGHUP), "and not behind");
	count = deepest = 0;
	a.sa_flags = SA_NODEFER;
	must(sigaction(SIGUSR1, &a, NULL));
	raise(SIGUSR1);
	is(deepest, 4, "SA_NODEFER: it does interrupt itself");
}

TEST(siginfo)
{
	union sigval v = {.sival_int = 4711};
	pid_t pid;

	catch(SIGUSR1, SA_SIGINFO);
	kill(getpid(), SIGUSR1);
	ok(last.si_signo == SIGUSR1 && last.si_code == SI_USER, "kill: SI_USER");
	ok(last.si_pid == getpid() && last.si_uid == getuid(), "who sent it");
	raise(SIGUSR1);
	is(last.si_code, SI_TKILL, "tkill: SI_TKILL");
	sigqueue(getpid(), SIGUSR1, v);
	ok(last.si_code == SI_QUEUE && last.si_value.sival_int == 4711, "sigqueue: its value");
	catch(SIGCHLD, SA_SIGINFO);
	pid = must(fork());
	if (pid == 0)
		_exit(5);
	must(waitpid(pid, NULL, 0));
	ok(last.si_signo == SIGCHLD && last.si_code == CLD_EXITED && last.si_pid == pid &&
		   last.si_status == 5,
	   "SIGCHLD");
	pid = must(fork());
	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	must(waitpid(pid, NULL, WUNTRACED));
	ok(last.si_code == CLD_STOPPED && last.si_status == SIGSTOP, "CLD_STOPPED");
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0));
	ok(last.si_code == CLD_KILLED && last.si_status == SIGKILL, "CLD_KILLED");
	catch(SIGCHLD, SA_SIGINFO | SA_NOCLDSTOP);
	count = 0;
	pid = must(fork());
	if (pid == 0)
		for (;;)
			pause();
	kill(pid, SIGSTOP);
	must(waitpid(pid, NULL, WUNTRACED));
	is(count, 0, "SA_NOCLDSTOP");
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0));
}

TEST(queue)
{
	int base = SIGRTMIN, sent[] = {base + 2, base, SIGUSR2, base + 2, base + 1, SIGUSR2, base};
	int want[] = {SIGUSR2, base, base, base + 1, base + 2, base + 2};
	union sigval v;
	sigset_t set;
	siginfo_t info;
	struct timespec zero = {0, 0};
	int bad = 0;

	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	for (int i = 0; i < 7; i++) {
		v.sival_int = i;
		bad += sigqueue(getpid(), sent[i], v) < 0;
	}
	is(bad, 0, "send seven signals, blocked");
	for (int i = 0; i < 6; i++)
		bad += sigtimedwait(&set, &info, &zero) != want[i];
	is(bad, 0, "lowest first; real-time ones as often as they came");
	fails(sigtimedwait(&set, &info, &zero), EAGAIN, "no more");
	for (int i = 0; i < 5; i++) {
		v.sival_int = 10 + i;
		sigqueue(getpid(), base, v);
	}
	for (int i = 0; i < 5; i++)
		bad += sigwaitinfo(&set, &info) != base || info.si_value.sival_int != 10 + i;
	is(bad, 0, "values in the order they were sent");
}

TEST(queue_delivery)
{
	int base = SIGRTMIN;
	sigset_t set;

	for (int i = 0; i < 4; i++) {
		struct sigaction a = {.sa_handler = handler};

		sigfillset(&a.sa_mask);
		must(sigaction(base + i, &a, NULL));
	}
	sigfillset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	raise(base + 3);
	raise(base + 1);
	raise(base + 1);
	raise(base);
	sigemptyset(&set);
	sigprocmask(SIG_SETMASK, &set, NULL);
	ok(count == 4 && order[0] == base && order[1] == base + 1 && order[2] == base + 1 &&
		   order[3] == base + 3,
	   "real-time handlers run lowest number first");
}

TEST(queue_limit)
{
	struct rlimit limit = {10, 10};
	union sigval v = {0};
	int n = 0;

	must(setrlimit(RLIMIT_SIGPENDING, &limit));
	block(SIG_BLOCK, SIGRTMIN);
	while (n < 20 && sigqueue(getpid(), SIGRTMIN, v) == 0)
		n++;
	is(errno, EAGAIN, "EAGAIN at RLIMIT_SIGPENDING");
	ok(n <= 10, "not more than the limit");
	works(kill(getpid(), SIGCONT), "plain signals still go");
}

TEST(timedwait)
{
	struct timespec t = {0, 50000000};
	sigset_t set;
	siginfo_t info;
	int64_t start = tap_now();

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fails(sigtimedwait(&set, &info, &t), EAGAIN, "time runs out");
	ok(tap_now() - start >= 50000000, "not too early");
	kill(getpid(), SIGUSR1);
	is(sigtimedwait(&set, &info, &t), SIGUSR1, "a pending signal");
	ok(info.si_code == SI_USER && info.si_pid == getpid(), "its information");
	t.tv_nsec = -1;
	fails(sigtimedwait(&set, &info, &t), EINVAL, "bad time");
	fails(syscall(SYS_rt_sigtimedwait, BAD, NULL, NULL, 8), EFAULT, "bad set");
	fails(syscall(SYS_rt_sigtimedwait, &set, NULL, BAD, 8), EFAULT, "bad time pointer");
	kill(getpid(), SIGUSR1);
	fails(syscall(SYS_rt_sigtimedwait, &set, BAD, NULL, 8), EFAULT, "bad information pointer");
	fails(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 9), EINVAL, "bad size");
	catch(SIGALRM, 0);
	alarm(1);
	fails(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8), EINTR,
	      "another signal interrupts");
}

/* What ends a child that waits by sigwait(3) for `signal`, which it does not block. */
static int wait_unblocked(int signal)
{
	pid_t pid = must(fork());
	sigset_t set;
	int status = -1, got;

	if (pid == 0) {
		sigemptyset(&set);
		sigaddset(&set, signal);
		_exit(sigwait(&set, &got) ? 0 : got);
	}
	tap_await_state(pid, 'S');
	kill(pid, signal);
	must(waitpid(pid, &status, 0));
	return status;
}

TEST(wait_unblocked)
{
	is(wait_unblocked(SIGTERM), SIGTERM, "a signal that kills does not wait to be taken");
	is(wait_unblocked(SIGRTMIN), SIGRTMIN, "nor does a real-time signal");
	is(wait_unblocked(SIGQUIT), SIGQUIT << 8, "one that would dump is taken");
	is(wait_unblocked(SIGTSTP), SIGTSTP << 8, "and one that would stop");
}

/* Signals that kill do so at once, where only such ones end a wait: in vfork(2). */
TEST(kills_at_once)
{
	const int signals[] = {SIGTERM, SIGHUP, SIGUSR1, SIGRTMAX};
	int to_child[2], status;
	char c;

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		pid_t pid;

		must(pipe(to_child));
		pid = must(fork());
		if (pid == 0) {
			close(to_child[1]);
			if (vfork() == 0)
				_exit(read(to_child[0], &c, 1) < 0);
			_exit(1);
		}
		tap_await_state(pid, 'D');
		kill(pid, signals[i]);
		must(waitpid(pid, &status, 0));
		is(status, signals[i], "it ends by that signal");
		close(to_child[0]);
		close(to_child[1]);
	}
}

TEST(kills_when_continued)
{
	pid_t pid = must(fork());
	int status;

	if (pid == 0)
		while (1)
			pause();
	kill(pid, SIGSTOP);
	must(waitpid(pid, &status, WUNTRACED));
	kill(pid, SIGTERM);
	tap_sleep_ms(50);
	is(waitpid(pid, &status, WNOHANG), 0, "a stopped process keeps SIGTERM");
	kill(pid, SIGCONT);
	must(waitpid(pid, &status, 0));
	is(status, SIGTERM, "and ends by it when it goes on");
}

TEST(suspend)
{
	sigset_t none, set;

	catch(SIGUSR1, 0);
	block(SIG_BLOCK, SIGUSR1);
	raise(SIGUSR1);
	sigemptyset(&none);
	fails(sigsuspend(&none), EINTR, "sigsuspend");
	is(count, 1, "the handler ran");
	sigprocmask(SIG_SETMASK, NULL, &set);
	ok(sigismember(&set, SIGUSR1), "the mask is back");
	fails(syscall(SYS_rt_sigsuspend, BAD, 8), EFAULT, "bad pointer");
	fails(syscall(SYS_rt_sigsuspend, &none, 4), EINVAL, "bad size");
	catch(SIGALRM, SA_RESTART);
	alarm(1);
	fails(pause(), EINTR, "pause is never restarted");
}

static int late(void *argument)
{
	int *a = argument;

	tap_await_state(getppid(), 'S');
	kill(getppid(), SIGUSR1);
	tap_sleep_ms(50);
	tap_await_state(getppid(), 'S');
	return write(a[1], "x", 1) != 1;
}

TEST(restart)
{
	int p[2];
	pid_t pid;
	char b;

	must(pipe(p));
	catch(SIGUSR1, SA_RESTART);
	pid = tap_spawn(late, p);
	is(read(p[0], &b, 1), 1, "SA_RESTART: read goes on");
	is(count, 1, "after the handler");
	exits(pid, 0, "writer");
	catch(SIGUSR1, 0);
	pid = tap_spawn(late, p);
	fails(read(p[0], &b, 1), EINTR, "without: EINTR");
	is(read(p[0], &b, 1), 1, "the byte comes later");
	exits(pid, 0, "writer");
	signal(SIGUSR1, SIG_IGN);
	pid = tap_spawn(late, p);
	is(read(p[0], &b, 1), 1, "an ignored signal interrupts nothing");
	exits(pid, 0, "writer");
	catch(SIGUSR1, SA_RESTART);
	pid = must(fork());
	if (pid == 0) {
		tap_await_state(getppid(), 'S');
		kill(getppid(), SIGUSR1);
		tap_sleep_ms(50);
		_exit(6);
	}
	exits(pid, 6, "SA_RESTART: wait goes on");
}

TEST(stop_restarts)
{
	struct timespec t = {0, 300000000};
	int status;
	pid_t pid = must(fork());

	if (pid == 0)
		_exit(nanosleep(&t, NULL) < 0);
	tap_await_state(pid, 'S');
	kill(pid, SIGSTOP);
	must(waitpid(pid, &status, WUNTRACED));
	ok(WIFSTOPPED(status), "stopped in a sleep");
	kill(pid, SIGCONT);
	exits(pid, 0, "the sleep goes on after SIGCONT");
}

static int spin(void *argument)
{
	for (volatile long *n = argument; *n >= 0;)
		*n += 1;
	return 1;
}

TEST(spinning)
{
	long n = 0;
	pid_t pid = tap_spawn(spin, &n);

	tap_sleep_ms(20);
	kill(pid, SIGINT);
	dies(pid, SIGINT, "a signal ends a loop that makes no calls");
	pid = tap_spawn(spin, &n);
	kill(pid, SIGSTOP);
	ok(tap_await_state(pid, 'T'), "and SIGSTOP stops it");
	kill(pid, SIGKILL);
	dies(pid, SIGKILL, "SIGKILL ends a stopped process");
}

static int default_action(void *argument)
{
	raise((int)(long)argument);
	return 77;
}

TEST(defaults)
{
	static const int fatal[] = {SIGHUP,    SIGINT,	SIGQUIT, SIGILL,    SIGTRAP, SIGABRT,
				    SIGBUS,    SIGFPE,	SIGKILL, SIGUSR1,   SIGSEGV, SIGUSR2,
				    SIGPIPE,   SIGALRM, SIGTERM, SIGSTKFLT, SIGXCPU, SIGXFSZ,
				    SIGVTALRM, SIGPROF, SIGIO,	 SIGPWR,    SIGSYS};
	static const int ignored[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};
	static const int stopping[] = {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU};
	struct rlimit none = {0, 0};
	int status, bad = 0;

	setrlimit(RLIMIT_CORE, &none);
	for (unsigned i = 0; i < sizeof(fatal) / sizeof(*fatal); i++) {
		must(waitpid(tap_spawn(default_action, (void *)(long)fatal[i]), &status, 0));
		bad += !WIFSIGNALED(status) || WTERMSIG(status) != fatal[i];
	}
	is(bad, 0, "those that end a process");
	must(waitpid(tap_spawn(default_action, (void *)(long)SIGRTMAX), &status, 0));
	is(WTERMSIG(status), SIGRTMAX, "real-time ones do");
	for (unsigned i = 0; i < sizeof(ignored) / sizeof(*ignored); i++) {
		must(waitpid(tap_spawn(default_action, (void *)(long)ignored[i]), &status, 0));
		bad += status != 77 << 8;
	}
	is(bad, 0, "those that do nothing");
	for (unsigned i = 0; i < sizeof(stopping) / sizeof(*stopping); i++) {
		pid_t pid = tap_spawn(default_action, (void *)(long)stopping[i]);

		must(waitpid(pid, &status, WUNTRACED));
		bad += !WIFSTOPPED(status) || WSTOPSIG(status) != stopping[i];
		kill(pid, SIGCONT);
		must(waitpid(pid, &status, 0));
		bad += status != 77 << 8;
	}
	is(bad, 0, "those that stop");
}

static int send_as_user(void *argument)
{
	pid_t *pids = argument;

	fails(kill(pids[0], SIGTERM), EPERM, "to another's process");
	fails(kill(pids[0], 0), EPERM, "not even nothing");
	works(kill(getpid(), 0), "to oneself");
	fails(kill(1, SIGCONT), EPERM, "to init");
	works(kill(-1, 0), "to everybody, though none may be signalled");
	return 0;
}

TEST(kill)
{
	pid_t pids[2] = {getpid(), 0};

	catch(SIGUSR1, 0);
	works(kill(getpid(), 0), "signal 0 only asks");
	fails(kill(999999, 0), ESRCH, "no such process");
	fails(kill(getpid(), 65), EINVAL, "no such signal");
	fails(kill(getpid(), -1), EINVAL, "a negative one");
	fails(kill(-999999, SIGUSR1), ESRCH, "no such group");
	works(kill(0, SIGUSR1), "one's own group");
	is(count, 1, "reaches oneself");
	works(kill(-getpgrp(), SIGUSR1), "by its number");
	is(count, 2, "too");
	works(syscall(SYS_tkill, getpid(), SIGUSR1), "tkill");
	works(syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1), "tgkill");
	is(count, 4, "both arrive");
	fails(syscall(SYS_tgkill, 1, getpid(), SIGUSR1), ESRCH, "tgkill in another process");
	fails(syscall(SYS_tkill, 999999, 0), ESRCH, "tkill of nobody");
	fails(syscall(SYS_tkill, -1, 0), EINVAL, "tkill of -1");
	fails(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, BAD), EFAULT,
	      "rt_sigqueueinfo: bad pointer");
	fails(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGUSR1, BAD), EFAULT,
	      "rt_tgsigqueueinfo: bad pointer");
	if (!tap_root())
		return skip("as another user", "not root");
	is(tap_as_user(send_as_user, pids), 0, "the user ends well");
}

TEST(interval)
{
	struct itimerval t = {{0, 20000}, {0, 20000}}, old;

	catch(SIGALRM, 0);
	works(setitimer(ITIMER_REAL, &t, NULL), "setitimer");
	while (count < 3)
		pause();
	ok(count >= 3, "SIGALRM again and again");
	works(getitimer(ITIMER_REAL, &old), "getitimer");
	is(old.it_interval.tv_usec, 20000, "its interval");
	ok(old.it_value.tv_sec == 0 && old.it_value.tv_usec <= 20000, "what is left");
	memset(&t, 0, sizeof(t));
	works(setitimer(ITIMER_REAL, &t, &old), "stop it");
	catch(SIGVTALRM, 0);
	count = 0;
	t.it_value.tv_usec = 10000;
	works(setitimer(ITIMER_VIRTUAL, &t, NULL), "ITIMER_VIRTUAL");
	while (!count)
		;
	is(order[0], SIGVTALRM, "SIGVTALRM");
	catch(SIGPROF, 0);
	count = 0;
	works(setitimer(ITIMER_PROF, &t, NULL), "ITIMER_PROF");
	while (!count)
		;
	is(order[0], SIGPROF, "SIGPROF");
	alarm(100);
	ok(alarm(0) > 90, "alarm tells what was left");
	is(alarm(0), 0, "and 0 when there was none");
	t.it_value.tv_usec = 2000000;
	fails(setitimer(ITIMER_REAL, &t, NULL), EINVAL, "too many microseconds");
	fails(setitimer(77, &t, NULL), EINVAL, "no such timer");
	fails(syscall(SYS_setitimer, ITIMER_REAL, BAD, NULL), EFAULT, "bad new value");
	t.it_value.tv_usec = 0;
	fails(syscall(SYS_setitimer, ITIMER_REAL, &t, BAD), EFAULT, "bad old value");
	fails(syscall(SYS_getitimer, ITIMER_REAL, BAD), EFAULT, "getitimer: bad pointer");
}
