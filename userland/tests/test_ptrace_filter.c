/* ptrace(2) of processes with filters of system calls. */
#include "trace.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#ifndef PTRACE_SECCOMP_GET_FILTER
#define PTRACE_SECCOMP_GET_FILTER 0x420c
#endif

/* Two calls that a filter shows to the tracer. */
static int filtered(void *argument)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 77),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, code};
	pid_t parent = getppid();

	(void)argument;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 9;
	return (syscall(SYS_getppid) == parent) | (syscall(SYS_getppid) == 4711) << 1;
}

TEST(filter)
{
	pid_t pid = tracee(filtered, NULL);
	struct __ptrace_syscall_info info;
	unsigned long message;

	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD));
	message = event(pid, PTRACE_EVENT_SECCOMP, "PTRACE_EVENT_SECCOMP");
	is(message, 77, "the filter's message");
	must(trace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), (unsigned long)&info));
	is(info.op, PTRACE_SYSCALL_INFO_SECCOMP, "PTRACE_SYSCALL_INFO_SECCOMP");
	ok(info.seccomp.nr == SYS_getppid && info.seccomp.ret_data == 77, "tells the call");
	must(trace(PTRACE_SYSCALL, pid, 0, 0));
	stops(pid, SIGTRAP | 0x80, 0, "its end is a stop if the tracer wants that");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGTRAP, PTRACE_EVENT_SECCOMP, "another call");
	must(trace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax), -1ul));
	must(trace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax), 4711));
	finish(pid, 3, "which is not made");
	pid = tracee(filtered, NULL);
	finish(pid, 0, "without the option there is no such call");
}

/* A filter that has an answer to a number that no call has. */
static int numberless(void *argument)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, -1u, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 12),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {4, code};

	(void)argument;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 9;
	return syscall(-1) == -1 && errno == 12 ? 0 : errno;
}

TEST(numberless)
{
	pid_t pid = tracee(numberless, NULL);
	int status;

	must(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD));
	do {
		must(trace(PTRACE_SYSCALL, pid, 0, 0));
		must(waitpid(pid, &status, 0));
	} while (WIFSTOPPED(status));
	is(status, 0, "number -1 is judged when a tracer has seen it, too");
}

static int strict(void *argument)
{
	(void)argument;
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0))
		return 1;
	return getppid() > 0 ? 5 : 2;
}

static int suspends(void *argument)
{
	pid_t pid = tracee(strict, NULL);

	(void)argument;
	fails(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_SUSPEND_SECCOMP), EPERM,
	      "PTRACE_O_SUSPEND_SECCOMP is not for users");
	must(trace(PTRACE_CONT, pid, 0, 0));
	is(next_status(pid), SIGKILL, "strict mode ends it");
	return 0;
}

TEST(suspended_seccomp)
{
	pid_t pid = tracee(strict, NULL);

	works(trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_SUSPEND_SECCOMP),
	      "PTRACE_O_SUSPEND_SECCOMP");
	finish(pid, 5, "calls are made that strict mode forbids");
	is(tap_as_user(suspends, NULL), 0, "by a user");
}

static const struct sock_filter first[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static const struct sock_filter second[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};

static int install(const struct sock_filter *code, unsigned short n)
{
	struct sock_fprog program = {n, (struct sock_filter *)code};

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int filtered_twice(void *argument)
{
	(void)argument;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || install(first, 2) || install(second, 1))
		return 1;
	raise(SIGSTOP);
	return 0;
}

static long get_filter(pid_t pid, unsigned long number, void *to)
{
	return trace(PTRACE_SECCOMP_GET_FILTER, pid, number, (unsigned long)to);
}

static int asked_by_user(void *argument)
{
	pid_t pid = tracee(filtered_twice, NULL);

	(void)argument;
	fails(get_filter(pid, 0, NULL), EACCES, "not for users");
	return kill(pid, SIGKILL);
}

struct metadata {
	uint64_t number, flags;
};

static long get_metadata(pid_t pid, unsigned long size, struct metadata *m)
{
	return trace(0x420d, pid, size, (unsigned long)m);
}

static int filtered_logged(void *argument)
{
	struct sock_fprog p = {2, (struct sock_filter *)first};

	(void)argument;
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	must(install(second, 1));
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &p));
	raise(SIGSTOP);
	return 0;
}

static int metadata_by_user(void *argument)
{
	struct metadata m = {0};
	pid_t pid = tracee(filtered_logged, NULL);

	(void)argument;
	fails(get_metadata(pid, sizeof(m), &m), EACCES, "not for everybody");
	fails(get_metadata(pid, 7, &m), EACCES, "whatever the size");
	return kill(pid, SIGKILL);
}

TEST(get_metadata)
{
	struct metadata m[2] = {{0}};
	pid_t pid = tracee(filtered_logged, NULL);

	fails(get_metadata(pid, sizeof(*m), m), EINVAL, "there is no filter yet");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGSTOP, 0, "it has two");
	m->flags = 99;
	is(get_metadata(pid, sizeof(*m), m), 16, "of the first");
	is(m->flags, 0, "it has no flags");
	m->number = 1;
	is(get_metadata(pid, sizeof(m), m), 16, "of the second, in more room");
	is(m->flags, SECCOMP_FILTER_FLAG_LOG, "it has one");
	is(m->number, 1, "the number stays");
	m->flags = 99;
	is(get_metadata(pid, 8, m), 8, "in less");
	is(m->flags, 99, "nothing is written then");
	is(get_metadata(pid, 10, m), 10, "in a little more");
	fails(get_metadata(pid, 7, m), EINVAL, "in too little");
	fails(get_metadata(pid, 16, (void *)BAD), EFAULT, "nowhere");
	m->number = 2;
	fails(get_metadata(pid, 16, m), ENOENT, "there is no third");
	finish(pid, 0, "end");
	is(tap_as_user(metadata_by_user, NULL), 0, "by a user");
}

static int asked_by_filtered(void *argument)
{
	pid_t pid = tracee(filtered_twice, NULL);

	(void)argument;
	must(install(second, 1));
	fails(get_filter(pid, 0, NULL), EACCES, "nor for who is filtered itself");
	return kill(pid, SIGKILL);
}

TEST(get_filter)
{
	struct sock_filter code[4] = {{0}};
	pid_t pid = tracee(filtered_twice, NULL);

	fails(get_filter(pid, 0, code), EINVAL, "there is none yet");
	must(trace(PTRACE_CONT, pid, 0, 0));
	stops(pid, SIGSTOP, 0, "it has two");
	is(get_filter(pid, 0, NULL), 2, "how long the first is");
	is(get_filter(pid, 0, code), 2, "the first");
	ok(!memcmp(code, first, sizeof(first)), "as it was installed");
	is(get_filter(pid, 1, code), 1, "the second");
	ok(!memcmp(code, second, sizeof(second)), "as it was installed, too");
	fails(get_filter(pid, 2, code), ENOENT, "there is no third");
	fails(get_filter(pid, -1ul, code), ENOENT, "nor one of the greatest number");
	fails(get_filter(pid, 0, BAD), EFAULT, "nowhere");
	finish(pid, 0, "end");
	is(tap_as_user(asked_by_user, NULL), 0, "by a user");
	exits(tap_spawn(asked_by_filtered, NULL), 0, "by one with a filter");
}
