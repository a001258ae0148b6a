/* Filters of system calls: seccomp(2), prctl(PR_SET_SECCOMP). */
#include "seccomp.h"
#include <pthread.h>

#define W_CORE 0x80

static int status_of(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	return status;
}

TEST(arguments)
{
	unsigned action = SECCOMP_RET_ALLOW;
	struct seccomp_notif_sizes sizes;
	struct sock_filter f[] = { RET(SECCOMP_RET_ALLOW) };

	fails(seccomp(99, 0, NULL), EINVAL, "an unknown operation");
	fails(seccomp(SECCOMP_SET_MODE_STRICT, 1, NULL), EINVAL, "strict has no flags");
	fails(seccomp(SECCOMP_SET_MODE_STRICT, 0, f), EINVAL, "and no argument");
	works(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), "ALLOW is available");
	action = SECCOMP_RET_USER_NOTIF;
	works(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), "USER_NOTIF");
	action = SECCOMP_RET_KILL_PROCESS;
	works(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), "KILL_PROCESS");
	action = 0x12340000;
	fails(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), EOPNOTSUPP, "an unknown action");
	fails(seccomp(SECCOMP_GET_ACTION_AVAIL, 1, &action), EINVAL, "it has no flags");
	fails(seccomp(SECCOMP_GET_ACTION_AVAIL, 0, BAD), EFAULT, "a bad pointer");
	works(seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes), "sizes");
	ok(sizes.seccomp_notif == 80 && sizes.seccomp_notif_resp == 24 && sizes.seccomp_data == 64,
	   "are those of the structures");
	fails(seccomp(SECCOMP_GET_NOTIF_SIZES, 1, &sizes), EINVAL, "sizes: no flags");
	fails(seccomp(SECCOMP_GET_NOTIF_SIZES, 0, BAD), EFAULT, "sizes: a bad pointer");
	fails(seccomp(SECCOMP_SET_MODE_FILTER, 1 << 20, PROGRAM(f)), EINVAL, "an unknown flag");
	fails(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC |
		      SECCOMP_FILTER_FLAG_NEW_LISTENER, PROGRAM(f)), EINVAL,
	      "a thread or a descriptor?");
	fails(seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, PROGRAM(f)),
	      EINVAL, "WAIT_KILLABLE_RECV without a listener");
	fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, BAD), EFAULT, "a bad program");
	fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, &(struct sock_fprog){ 1, BAD }), EFAULT,
	      "bad instructions");
	fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, &(struct sock_fprog){ 0, f }), EINVAL,
	      "an empty one");
	fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, &(struct sock_fprog){ 4097, f }), EINVAL,
	      "too long a one");
	fails(prctl(PR_SET_SECCOMP, 3, 0, 0, 0), EINVAL, "an unknown mode");
	fails(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, BAD, 0, 0), EFAULT, "prctl: bad program");
	is(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 0, "no mode yet");
}

/* What socket filters may do and these not, and what nobody may. */
TEST(programs)
{
	static const struct {
		struct sock_filter f;
		const char *what;
	} bad[] = {
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64), "a load behind the data" },
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2), "a load between words" },
		{ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0), "half a word" },
		{ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0), "a byte" },
		{ BPF_STMT(BPF_LD | BPF_W | BPF_IND, 0), "a load by index" },
		{ BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), "a header's length" },
		{ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_AD_OFF),
		  "a packet's attribute" },
		{ BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3), "a remainder" },
		{ BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), "a division by zero" },
		{ BPF_STMT(BPF_LD | BPF_MEM, 0), "memory that nobody wrote" },
		{ BPF_STMT(BPF_JMP | BPF_JA, 5), "a jump out of it" },
		{ BPF_STMT(0xffff, 0), "nonsense" },
	};

	no_new_privs();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sock_filter f[] = { bad[i].f, RET(SECCOMP_RET_ALLOW) };

		fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, PROGRAM(f)), EINVAL, bad[i].what);
	}
	struct sock_filter no_end[] = { LOAD(nr) };

	fails(seccomp(SECCOMP_SET_MODE_FILTER, 0, PROGRAM(no_end)), EINVAL, "no return");
	struct sock_filter all[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_W | BPF_LEN, 0), BPF_STMT(BPF_LD | BPF_MEM, 3),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0), BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 32),
		BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 2), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_ALU | BPF_NEG, 0), BPF_STMT(BPF_MISC | BPF_TXA, 0),
		/* a is 16 */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 16, 0, 5), LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 4),
		BPF_STMT(BPF_LD | BPF_IMM, SECCOMP_RET_ERRNO),
		BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 77), BPF_STMT(BPF_RET | BPF_A, 0),
		RET(SECCOMP_RET_KILL_PROCESS), RET(SECCOMP_RET_ALLOW),
	};

	works(seccomp(SECCOMP_SET_MODE_FILTER, 0, PROGRAM(all)), "arithmetic, memory and lengths");
	fails(syscall(SYS_getppid), 77, "is done right");
}

static int unprivileged(void *argument)
{
	(void)argument;
	fails(filter(0, SYS_getppid, SECCOMP_RET_ERRNO | 5), EACCES, "who may gain privileges");
	no_new_privs();
	works(filter(0, SYS_getppid, SECCOMP_RET_ERRNO | 5), "who may not");
	fails(syscall(SYS_getppid), 5, "and it judges");
	return 0;
}

TEST(privilege)
{
	is(tap_as_user(unprivileged, NULL), 0, "a user");
	if (tap_root())
		works(filter(0, SYS_getppid, SECCOMP_RET_ERRNO | 5), "root need not promise");
}

static void status_is(const char *mode, const char *filters)
{
	char want[64];
	const char *text = tap_read("/proc/self/status");

	snprintf(want, sizeof(want), "\nSeccomp:\t%s\nSeccomp_filters:\t%s\n", mode, filters);
	ok(strstr(text, want), "status: mode %s, filters %s", mode, filters);
}

HELPER(after_exec)
{
	if (!strstr(tap_read("/proc/self/status"), "\nSeccomp:\t2\nSeccomp_filters:\t3\n"))
		return 1;
	return syscall(SYS_getppid) == -1 && errno == 11 ? 0 : 2;
}

TEST(actions)
{
	struct sock_filter by_argument[] = {
		LOAD(arch), IF(AUDIT_ARCH_X86_64), BPF_STMT(BPF_JMP | BPF_JA, 1),
		RET(SECCOMP_RET_KILL_PROCESS), LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup, 0, 4), LOAD(args[0]), IF(77),
		RET(SECCOMP_RET_ERRNO | 4095), RET(SECCOMP_RET_ERRNO | 0xffff),
		RET(SECCOMP_RET_ALLOW),
	};
	pid_t pid;

	no_new_privs();
	status_is("0", "0");
	works(filter(0, SYS_getppid, SECCOMP_RET_ERRNO | 11), "ERRNO");
	fails(syscall(SYS_getppid), 11, "gives that error");
	is(prctl(PR_GET_SECCOMP, 0, 0, 0, 0), 2, "the mode");
	fails(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL), EINVAL,
	      "strict is not possible any more");
	works(filter(0, SYS_getppid, SECCOMP_RET_LOG), "a milder filter");
	fails(syscall(SYS_getppid), 11, "changes nothing");
	works(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PROGRAM(by_argument), 0, 0),
	      "by argument");
	fails(syscall(SYS_dup, 77), 4095, "this argument");
	fails(syscall(SYS_dup, 78), 4095, "errors have a limit");
	status_is("2", "3");
	pid = fork();
	if (!pid) {
		fails(syscall(SYS_getppid), 11, "a child's, too");
		execl(tap_self, tap_self, "--as", "after_exec", NULL);
		_exit(1);
	}
	exits(pid, 0, "a program's, too");
	works(filter(0, SYS_getpgrp, SECCOMP_RET_ERRNO), "ERRNO of 0");
	is(syscall(SYS_getpgrp), 0, "is success");
	works(filter(0, SYS_sync, SECCOMP_RET_TRACE), "TRACE");
	fails(syscall(SYS_sync), ENOSYS, "without a tracer");
	works(filter(SECCOMP_FILTER_FLAG_LOG, SYS_getpriority, SECCOMP_RET_LOG), "LOG");
	works(syscall(SYS_getpriority, 0, 0), "allows");
	works(filter(0, -1, SECCOMP_RET_ERRNO | 12), "a number that is no call");
	fails(syscall(-1), 12, "is judged as well");
	fails(syscall(100000), ENOSYS, "others are what they were");
}

/* How a child ends that calls sync(2). */
static int end_of_sync(void (*handler)(int))
{
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSYS, handler);
		syscall(SYS_sync);
		_exit(1);
	}
	return status_of(pid) & ~W_CORE;
}

TEST(kills)
{
	no_new_privs();
	works(filter(0, SYS_sync, SECCOMP_RET_KILL_THREAD), "KILL_THREAD");
	is(end_of_sync(SIG_DFL), SIGSYS, "a lone thread is the process");
	works(filter(0, SYS_sync, SECCOMP_RET_KILL_PROCESS), "KILL_PROCESS");
	is(end_of_sync(SIG_IGN), SIGSYS, "nobody ignores that");
	works(filter(0, SYS_sync, 0x12340000), "an unknown action");
	is(end_of_sync(SIG_DFL), SIGSYS, "kills");
}

static siginfo_t got;
static long got_rax;

static void on_sys(int signo, siginfo_t *info, void *context)
{
	(void)signo;
	got = *info;
	got_rax = (long)((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX];
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = 4711;
}

TEST(trap)
{
	struct sigaction action = { .sa_sigaction = on_sys, .sa_flags = SA_SIGINFO };
	pid_t pid;

	no_new_privs();
	must(sigaction(SIGSYS, &action, NULL));
	works(filter(SECCOMP_FILTER_FLAG_SPEC_ALLOW, SYS_getppid, SECCOMP_RET_TRAP | 99), "TRAP");
	is(syscall(SYS_getppid), 4711, "the handler decides");
	ok(got.si_signo == SIGSYS && got.si_code == 1 && got.si_errno == 99, "why");
	ok(got.si_syscall == SYS_getppid && got.si_arch == AUDIT_ARCH_X86_64 && got.si_call_addr,
	   "which call");
	is(got_rax, SYS_getppid, "registers as before the call");
	pid = fork();
	if (!pid) {
		sigset_t set;

		sigfillset(&set);
		sigprocmask(SIG_SETMASK, &set, NULL);
		syscall(SYS_getppid);
		_exit(1);
	}
	is(status_of(pid) & ~W_CORE, SIGSYS, "blocked, it kills");
}

TEST(strict)
{
	pid_t pid = fork();

	if (!pid) {
		char c;
		int fds[2];

		must(pipe(fds));
		must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0));
		if (write(fds[1], "x", 1) != 1 || read(fds[0], &c, 1) != 1)
			syscall(SYS_exit, 2);
		syscall(SYS_exit, 3);
	}
	is(status_of(pid), 3 << 8, "read, write, exit");
	pid = fork();
	if (!pid) {
		must(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL));
		syscall(SYS_getpid);
		syscall(SYS_exit, 1);
	}
	is(status_of(pid), SIGKILL, "anything else kills");
	pid = fork();
	if (!pid) {
		must(seccomp(SECCOMP_SET_MODE_STRICT, 0, NULL));
		syscall(SYS_exit_group, 0);
	}
	is(status_of(pid), SIGKILL, "exit_group too");
}

TEST(length)
{
	static struct sock_filter f[4096];
	long n = 0;

	no_new_privs();
	for (int i = 0; i < 4096; i++)
		f[i] = (struct sock_filter)RET(SECCOMP_RET_ALLOW);
	while (n < 100 && !seccomp(SECCOMP_SET_MODE_FILTER, 0, PROGRAM(f)))
		n++;
	ok(n >= 1 && n <= 7 && errno == ENOMEM, "there is an end to filters of 4096 instructions");
	works(filter(0, SYS_getppid, SECCOMP_RET_ALLOW), "a short one is still possible");
}

TEST(settings)
{
	char old[256], text[256];
	int fd;

	snprintf(text, sizeof(text), "%s", tap_read("/proc/sys/kernel/seccomp/actions_avail"));
	is_text(text, "kill_process kill_thread trap errno user_notif trace log allow\n",
		"actions_avail");
	snprintf(old, sizeof(old), "%s", tap_read("/proc/sys/kernel/seccomp/actions_logged"));
	if (!tap_root())
		return;
	fd = must(open("/proc/sys/kernel/seccomp/actions_logged", O_WRONLY));
	fails(write(fd, "allow", 5), EINVAL, "allow is not logged");
	fails(write(fd, "nonsense", 8), EINVAL, "what is that?");
	works(pwrite(fd, "log trap", 8, 0), "two of them");
	is_text(tap_read("/proc/sys/kernel/seccomp/actions_logged"), "trap log\n",
		"in their order");
	works(pwrite(fd, old, strlen(old), 0), "and back");
	is_text(tap_read("/proc/sys/kernel/seccomp/actions_logged"), old, "as it was");
}

static pthread_barrier_t before, after;
static long thread_result;
static pid_t thread_tid;
static int thread_error, thread_privs, thread_mode;
static bool thread_own;

static void *member(void *argument)
{
	(void)argument;
	thread_tid = (pid_t)syscall(SYS_gettid);
	if (thread_own)
		filter(0, SYS_getpgrp, SECCOMP_RET_ERRNO | 9);
	pthread_barrier_wait(&before);
	pthread_barrier_wait(&after);
	thread_result = syscall(SYS_getppid);
	thread_error = errno;
	thread_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	thread_mode = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
	return NULL;
}

static long with_thread(unsigned flags, bool own)
{
	pthread_t thread;
	long result;

	thread_own = own;
	pthread_barrier_init(&before, NULL, 2);
	pthread_barrier_init(&after, NULL, 2);
	pthread_create(&thread, NULL, member, NULL);
	pthread_barrier_wait(&before);
	no_new_privs();
	result = filter(flags, SYS_getppid, SECCOMP_RET_ERRNO | 6);
	pthread_barrier_wait(&after);
	pthread_join(thread, NULL);
	return result;
}

static int sync_one(void *argument)
{
	(void)argument;
	is(with_thread(0, false), 0, "without TSYNC");
	ok(thread_result >= 0 && !thread_privs && !thread_mode, "the other thread is free");
	return 0;
}

static int sync_all(void *argument)
{
	(void)argument;
	is(with_thread(SECCOMP_FILTER_FLAG_TSYNC, false), 0, "TSYNC");
	ok(thread_result == -1 && thread_error == 6, "all threads are bound");
	ok(thread_privs == 1 && thread_mode == 2, "and have promised");
	return 0;
}

static int sync_differs(void *argument)
{
	long other;

	(void)argument;
	no_new_privs();
	other = with_thread(SECCOMP_FILTER_FLAG_TSYNC, true);
	is(other, thread_tid, "who has filters of its own");
	ok(thread_result >= 0, "keeps them");
	is(syscall(SYS_getppid) >= 0, 1, "and the caller gets none");
	errno = 0;
	is(with_thread(SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH, true), -1,
	   "TSYNC_ESRCH");
	return 0;
}

TEST(sync)
{
	exits(tap_spawn(sync_one, NULL), 0, "one");
	exits(tap_spawn(sync_all, NULL), 0, "all");
	exits(tap_spawn(sync_differs, NULL), 0, "differing");
}

static void *dies_alone(void *argument)
{
	(void)argument;
	filter(0, SYS_getppid, SECCOMP_RET_KILL_THREAD);
	syscall(SYS_getppid);
	return (void *)1;
}

static int kill_thread(void *argument)
{
	pthread_t thread;

	(void)argument;
	no_new_privs();
	pthread_create(&thread, NULL, dies_alone, NULL);
	for (int i = 0; i < 1000; i++) {
		if (tap_number(tap_read("/proc/self/status"), "Threads:") == 1)
			return 0;
		tap_sleep_ms(10);
	}
	return 1;
}

TEST(kill_one_thread)
{
	exits(tap_spawn(kill_thread, NULL), 0, "the others go on");
}
