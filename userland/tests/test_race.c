/* Processes against each other: ends, signals, stops and execs that meet. */
#include "tap.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

TEST(init_is_not_killed)
{
	if (!tap_root()) {
		skip("kill(1, SIGKILL)", "needs root");
		return;
	}
	works(kill(1, SIGKILL), "kill(1, SIGKILL) is no error");
	works(kill(1, SIGSTOP), "nor is SIGSTOP");
	tap_sleep_ms(50);
	works(kill(1, 0), "init is still there");
}

static void *end_me(void *argument)
{
	sigset_t all;

	sigfillset(&all);
	if (!argument)
		pthread_sigmask(SIG_SETMASK, &all, NULL);
	syscall(SYS_exit, 7);
	return NULL;
}

/* All threads end by themselves at about the same time, the leader first or last: the last one's
 * status is the process's. */
static int threads_end(void *argument)
{
	pthread_t thread;

	for (int i = 0; i < 8; i++)
		if (pthread_create(&thread, NULL, end_me, argument))
			return 1;
	syscall(SYS_exit, 7);
	return 2;
}

TEST(threads_end_together)
{
	for (int i = 0; i < 20; i++)
		if (!exits(tap_spawn(threads_end, (void *)(long)(i & 1)), 7,
			   "the process ends with its threads"))
			break;
}

static _Atomic int n_taken;

static void take(int signo)
{
	n_taken += signo == SIGUSR1;
}

static void *wait_for_signal(void *argument)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	while (!n_taken)
		usleep(1000);
	*(int *)argument = 1;
	return NULL;
}

static int signal_outlives_thread(void *argument)
{
	struct sigaction action = {.sa_handler = take};
	sigset_t usr1;
	pthread_t thread;
	int seen = 0;

	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &usr1, NULL);
	kill(getpid(), SIGUSR1); /* pending for the process: nobody takes it */
	if (pthread_create(&thread, NULL, wait_for_signal, &seen))
		return 1;
	pthread_join(thread, NULL);
	return (int)(long)argument + !seen;
}

static void *end_later(void *argument)
{
	tap_sleep_ms(50);
	syscall(SYS_exit, 5);
	return argument;
}

static int leader_ends_first(void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_later, argument))
		return 1;
	syscall(SYS_exit, 7);
	return 2;
}

TEST(leader_ends_first)
{
	exits(tap_spawn(leader_ends_first, NULL), 5, "the last thread's status is the process's");
}

TEST(pending_signal_finds_a_thread)
{
	exits(tap_spawn(signal_outlives_thread, 0), 0, "a thread that unblocks takes it");
}

static int stop_then_exec(void *argument)
{
	execl(tap_self, tap_self, "--as", "exit3", NULL);
	return (int)(long)argument;
}

HELPER(exit3)
{
	return 3;
}

static void *exec_elsewhere(void *argument)
{
	stop_then_exec(argument);
	return NULL;
}

static int exec_from_thread(void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exec_elsewhere, argument))
		return 1;
	syscall(SYS_exit, 9); /* the leader ends first or is ended */
	return 2;
}

TEST(exec_replaces_leader)
{
	for (int i = 0; i < 10; i++)
		if (!exits(tap_spawn(exec_from_thread, NULL), 3,
			   "the program that a thread ran ends the process"))
			break;
}

static _Atomic int vforked;

/* One vfork whose child ends with the code: whether it did, and the parent came back. */
static __attribute__((noinline)) bool vfork_once(int code, int options)
{
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		vforked++;
		_exit(code);
	}
	return waitpid(pid, &status, options) == pid && status == code << 8;
}

TEST(vfork_many)
{
	int bad = 0;

	for (int i = 0; i < 100; i++)
		bad += !vfork_once(i, 0);
	is(bad, 0, "all are waited for");
	is(vforked, 100, "each ran in this memory");
}

static void *vfork_thread(void *argument)
{
	for (int i = 0; i < 20; i++)
		if (!vfork_once(i, __WALL))
			*(int *)argument = 1;
	return NULL;
}

TEST(vfork_in_threads)
{
	pthread_t thread[4];
	int bad = 0;

	for (int i = 0; i < 4; i++)
		must(pthread_create(&thread[i], NULL, vfork_thread, &bad));
	for (int i = 0; i < 4; i++)
		must(pthread_join(thread[i], NULL));
	is(bad, 0, "every thread's vfork comes back");
}

static int leave_zombie(void *argument)
{
	pid_t pid = fork();

	if (pid == 0)
		kill(getpid(), SIGTERM);
	tap_await_state(pid, 'Z');
	return write(*(int *)argument, &pid, sizeof(pid)) != sizeof(pid);
}

static int adopt_ignoring(void *argument)
{
	int p[2], status;
	pid_t pid = 0;

	if (pipe(p) || prctl(PR_SET_CHILD_SUBREAPER, 1))
		return 1;
	signal(SIGCHLD, argument ? SIG_IGN : SIG_DFL);
	pid_t child = tap_spawn(leave_zombie, &p[1]);
	if (read(p[0], &pid, sizeof(pid)) != sizeof(pid))
		return 2;
	if (argument) {
		while (waitpid(-1, &status, 0) != -1)
			;
		return kill(pid, 0) == 0 ? 3 : 0;
	}
	if (waitpid(child, &status, 0) != child)
		return 4;
	if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
		return 5;
	return 0;
}

TEST(adopted_zombies)
{
	exits(tap_spawn(adopt_ignoring, (void *)0), 0,
	      "a subreaper waits for a zombie it inherits");
	exits(tap_spawn(adopt_ignoring, (void *)1), 0, "one that ignores SIGCHLD does not see it");
}

/* A process that looks at itself leaves entries of /proc behind: they may not keep its number. */
static int look_at_self(void *argument)
{
	char text[64];
	int fd = open("/proc/self/stat", O_RDONLY);

	return fd < 0 || read(fd, text, sizeof(text)) <= 0 || argument != NULL;
}

TEST_LONG(numbers_come_back)
{
	int bad = 0;

	for (int i = 0; i < 35000 && !bad; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(look_at_self(NULL));
		bad = pid < 0 || waitpid(pid, &status, 0) != pid || status;
	}
	is(bad, 0, "35000 processes that looked at /proc/self");
}

#ifdef SYS_pidfd_open
TEST(pidfd_of_the_dead)
{
	siginfo_t info;
	pid_t pid = tap_spawn(tap_forever, NULL);
	int fd = (int)must(syscall(SYS_pidfd_open, pid, 0));

	works(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), "pidfd_send_signal");
	works(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), "waitid(P_PIDFD)");
	is(info.si_pid, pid, "it was the one");
	fails(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), ESRCH, "nobody to signal any more");
	fails(waitid(P_PIDFD, (id_t)fd, &info, WEXITED), ECHILD, "nobody to wait for");
}
#endif

static int reuse_personality(void *argument)
{
	return personality(0xffffffff) & ADDR_NO_RANDOMIZE ? 0 : (int)(long)argument;
}

TEST(personality_is_inherited)
{
	personality(ADDR_NO_RANDOMIZE);
	exits(tap_spawn(reuse_personality, (void *)1), 0, "fork");
	personality(0);
}

static int many_processes(void *argument)
{
	struct rlimit limit = {2, 2};

	if (setrlimit(RLIMIT_NPROC, &limit) || setgid(1234) || setuid(1234))
		return 1;
	pid_t first = fork();
	if (first == 0)
		tap_forever(NULL);
	pid_t second = fork();
	int result = first > 0 && second == -1 && errno == EAGAIN ? 0 : 2;
	if (second == 0)
		_exit(0);
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	return result + (argument != NULL);
}

TEST(nproc)
{
	if (!tap_root()) {
		skip("RLIMIT_NPROC", "needs root");
		return;
	}
	exits(tap_spawn(many_processes, NULL), 0, "the third process of a user with two");
}

static int over_limit(void *argument)
{
	struct rlimit limit = {0, 0};
	pid_t other = fork();

	if (other == 0) {
		if (setuid(1235) == 0)
			tap_forever(NULL);
		_exit(1);
	}
	if (!tap_await_state(other, 'S') || setrlimit(RLIMIT_NPROC, &limit) || setgid(1235) ||
	    setuid(1235))
		return 1;
	execl(tap_self, tap_self, "--as", "exit3", NULL);
	int error = errno;
	kill(other, SIGKILL);
	return error == EAGAIN ? 0 : (int)(long)argument;
}

TEST(nproc_and_exec)
{
	if (!tap_root()) {
		skip("RLIMIT_NPROC", "needs root");
		return;
	}
	exits(tap_spawn(over_limit, (void *)2), 0, "exec after setuid beyond the limit");
}

/* Futex words handed to and fro: a lost wake-up is a time-out. */
static uint32_t *words;

static void futex_pass(int from, int to)
{
	struct timespec limit = {5, 0};

	while (__atomic_load_n(&words[from], __ATOMIC_ACQUIRE) == 0)
		if (syscall(SYS_futex, &words[from], FUTEX_WAIT, 0, &limit, NULL, 0) &&
		    errno == ETIMEDOUT)
			_exit(1);
	words[from] = 0;
	*(volatile uint32_t *)&words[to] = 1;
	syscall(SYS_futex, &words[to], FUTEX_WAKE, 1, NULL, NULL, 0);
}

TEST(futex_ping_pong)
{
	words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = must(fork());
	if (pid == 0) {
		for (int i = 0; i < 5000; i++)
			futex_pass(0, 1);
		_exit(0);
	}
	for (int i = 0; i < 5000; i++) {
		*(volatile uint32_t *)&words[0] = 1;
		syscall(SYS_futex, &words[0], FUTEX_WAKE, 1, NULL, NULL, 0);
		while (words[1] == 0) {
			struct timespec limit = {5, 0};

			if (syscall(SYS_futex, &words[1], FUTEX_WAIT, 0, &limit, NULL, 0) &&
			    errno == ETIMEDOUT) {
				ok(false, "lost");
				return;
			}
		}
		words[1] = 0;
	}
	exits(pid, 0, "5000 rounds");
}

/* A robust lock of a program that execs another is given up as if it had ended. */
static int exec_with_lock(void *argument)
{
	static struct robust_list_head head;
	static struct {
		struct robust_list link;
		uint32_t *pad;
	} entry;
	uint32_t *word = argument;

	*word = (uint32_t)syscall(SYS_gettid) | FUTEX_WAITERS;
	entry.link.next = &head.list;
	head.list.next = &entry.link;
	head.futex_offset = (long)((char *)word - (char *)&entry.link);
	if (syscall(SYS_set_robust_list, &head, sizeof(head)))
		return 1;
	execl(tap_self, tap_self, "--as", "exit3", NULL);
	return 2;
}

TEST(robust_lock_and_exec)
{
	uint32_t *word =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	exits(tap_spawn(exec_with_lock, word), 3, "exec");
	is(*word & FUTEX_OWNER_DIED, FUTEX_OWNER_DIED, "the lock's owner died");
}

static void *spin_thread(void *argument)
{
	int64_t end = tap_now() + 300000000;

	while (tap_now() < end)
		;
	return argument;
}

static long thread_ticks(int tid)
{
	char path[64];
	long user = 0, system = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	const char *text = strrchr(tap_read(path), ')');
	if (!text || sscanf(text, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user,
			    &system) != 2)
		return -1;
	return user + system;
}

static void *spin_and_look(void *argument)
{
	spin_thread(NULL);
	*(long *)argument = thread_ticks((int)syscall(SYS_gettid));
	return NULL;
}

TEST(thread_times)
{
	pthread_t thread;
	long before = thread_ticks(getpid()), spun = 0, after;

	must(pthread_create(&thread, NULL, spin_and_look, &spun));
	must(pthread_join(thread, NULL));
	after = thread_ticks(getpid());
	ok(spun >= 20, "the thread that spins has the time");
	ok(before >= 0 && after - before < 10, "the one that waits has not");
	diag("%ld and %ld ticks", spun, after - before);
	fails(access("/proc/self/task/01", F_OK), ENOENT, "no leading zeros");
	fails(access("/proc/self/task/12345678901", F_OK), ENOENT, "nor long numbers");
}

/* Stops and continues that race with ends leave nothing behind that cannot be killed. */
static int stop_me(void *argument)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		pthread_create(&thread, NULL, spin_thread, NULL);
	for (;;)
		pause();
	return (int)(long)argument;
}

TEST(stop_continue_kill)
{
	int status, bad = 0;

	for (int i = 0; i < 20; i++) {
		pid_t pid = tap_spawn(stop_me, NULL);

		for (int j = 0; j < i % 5; j++) {
			kill(pid, SIGSTOP);
			if (j & 1)
				bad += waitpid(pid, &status, WUNTRACED) != pid ||
				       !WIFSTOPPED(status);
			kill(pid, SIGCONT);
		}
		kill(pid, i & 1 ? SIGSTOP : SIGTSTP);
		kill(pid, SIGKILL);
		do
			bad += waitpid(pid, &status, 0) != pid;
		while (!bad && WIFSTOPPED(status));
		bad += !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
	}
	is(bad, 0, "all died of SIGKILL");
}

static int short_alarm(void *argument)
{
	struct itimerval fast = {{0, 200}, {0, 200}};

	signal(SIGALRM, take);
	setitimer(ITIMER_REAL, &fast, NULL);
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			_exit(i);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
		if (status != i << 8)
			return 1;
	}
	return (int)(long)argument;
}

TEST(alarms_and_forks)
{
	exits(tap_spawn(short_alarm, NULL), 0, "fork and wait under a fast timer");
}
