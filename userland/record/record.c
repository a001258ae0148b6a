/*
 * The recorder of system calls: runs a guest test, unchanged, under ptrace(2) and tells which calls
 * each of its TESTs made, with which flags and commands, and what they gave.
 *
 *	record PROGRAM ARG...
 *
 * While the program runs, its output is as ever; at its end there is for each TEST
 *
 *	@@ SAW TEST CALL.ROW:ERRNO ...
 *
 * CALL is a number; ROW 0 stands for the call, the others for a flag or command (abi.tbl); ERRNO is
 * 0 for success; what a signal interrupted gave EINTR, even if the kernel begins it anew. Status as
 * the program's.
 *
 * A process belongs to a TEST from when it enters that one's directory, tap.PID.TEST (tap.c), and
 * so do those it makes. Who traces for himself is let: the recorder lets go of a process before
 * somebody else may take it, and sees nothing more of it. Of PTRACE_TRACEME and exit(2) it does not
 * see what they give, and takes it for success, which a test that passes shows.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
#include "abi_headers.h"

struct abi_name {
	uint64_t mask, value;
};

/* Where in a call the names are looked for; see abi.tbl. */
struct abi_word {
	uint16_t call;
	int8_t arg, second;
	bool pointer;
	uint8_t offset, size;
	bool bits;
	uint16_t row;   /* of the first name */
	uint16_t names; /* the first in abi_names */
	uint16_t count;
	uint32_t ignored;
};

#include "abi_gen.h"

enum {
	TRACEES = 8192,
	TESTS = 256,
	SEEN = 1 << 17, /* powers of two, the tables below */
	ROWS = 40,      /* that one call may have */
	ERESTARTSYS = 512, /* the kernel's own, which only a tracer sees */
	ERESTART_RESTARTBLOCK = 516,
	LINE = 120,     /* words of a line of the report */
	NOBODY = -1,
	OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		  PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL
};

struct tracee {
	pid_t pid;     /* 0: free */
	int test;      /* NOBODY outside of one */
	bool known;    /* its parent's event came */
	bool waits;    /* for that, stopped at its beginning */
	int call, n;   /* what it is in; -1: none */
	uint16_t rows[ROWS];
};

static struct tracee tracees[TRACEES];
static char *tests[TESTS];
static int test_count;
static uint64_t seen[SEEN]; /* test + 1, call, row, errno: 16 bits each */
static int seen_count;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static long trace(long request, pid_t pid, unsigned long addr, unsigned long data)
{
	return syscall(SYS_ptrace, request, pid, addr, data);
}

/* A tracee's record, made if need be. */
static struct tracee *tracee_of(pid_t pid)
{
	for (unsigned i = 0; i < TRACEES; i++) {
		struct tracee *t = &tracees[(pid + i) % TRACEES];

		if (t->pid == pid)
			return t;
		if (!t->pid) {
			*t = (struct tracee){.pid = pid, .test = NOBODY, .call = -1};
			return t;
		}
	}
	fprintf(stderr, "record: too many processes\n");
	exit(2);
}

/* It is gone. Those behind it move up, so that each is found again. */
static void forget(struct tracee *t)
{
	unsigned hole = t - tracees;

	t->pid = 0;
	for (unsigned i = (hole + 1) % TRACEES; tracees[i].pid; i = (i + 1) % TRACEES) {
		struct tracee moved = tracees[i];

		tracees[i].pid = 0;
		*tracee_of(moved.pid) = moved;
	}
}

static int test_number(const char *name)
{
	for (int i = 0; i < test_count; i++)
		if (!strcmp(tests[i], name))
			return i;
	if (test_count == TESTS)
		return NOBODY;
	tests[test_count] = strdup(name);
	return test_count++;
}

static void add(int test, int call, int row, int error)
{
	uint64_t key = (uint64_t)(test + 1) << 48 | (uint64_t)call << 32 | row << 16 | error;
	uint64_t at = key * 0x9e3779b97f4a7c15ull >> 40;

	for (;; at++) {
		uint64_t *slot = &seen[at % SEEN];

		if (*slot == key)
			return;
		if (!*slot) {
			if (seen_count++ < SEEN - 1)
				*slot = key;
			return;
		}
	}
}

static bool peek(pid_t pid, uint64_t from, void *to, size_t size)
{
	struct iovec local = {to, size}, remote = {(void *)from, size};

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* The TEST whose directory a path is, or NOBODY. */
static int test_of(pid_t pid, uint64_t path)
{
	char text[256] = "", *name = NULL;

	for (size_t i = 0; i < sizeof(text) - 1 && peek(pid, path + i, text + i, 1) && text[i]; i++)
		text[i + 1] = 0;
	name = strstr(text, "/tap.");
	if (name && !strchr(name + 1, '/') && (name = strchr(name + 5, '.')))
		return test_number(name + 1);
	return NOBODY;
}

/* The rows of one word. */
static int word_rows(const struct abi_word *w, uint64_t word, uint16_t *rows, int room)
{
	uint64_t named = w->ignored;
	int n = 0;

	for (int i = 0; i < w->count && n < room; i++) {
		const struct abi_name *name = &abi_names[w->names + i];

		if ((word & name->mask) == name->value)
			rows[n++] = w->row + i;
		named |= name->mask;
	}
	if (w->bits ? word & ~named : n == 0)
		rows[n++] = w->row + w->count;
	return n;
}

/* A call begins: what it asks for is noted now, as its memory may change. */
static void enter(struct tracee *t, const uint64_t *args)
{
	t->n = 0;
	for (size_t i = 0; i < sizeof(abi_words) / sizeof(*abi_words); i++) {
		const struct abi_word *w = &abi_words[i];
		uint64_t word = args[w->arg];

		if (w->call != t->call || t->n >= ROWS - 1)
			continue;
		if (w->pointer) {
			uint64_t at = word + w->offset;

			word = 0;
			if (!peek(t->pid, at, &word, w->size))
				continue;
		} else if (w->second >= 0) {
			word = word << 32 | (uint32_t)args[w->second];
		} else {
			word = (uint32_t)word;
		}
		t->n += word_rows(w, word, t->rows + t->n, ROWS - 1 - t->n);
	}
}

static void leave(struct tracee *t, int64_t result)
{
	int error = result < 0 && result >= -4095 ? -result : 0;

	if (t->call == SYS_rt_sigreturn)
		error = 0;
	if (error >= ERESTARTSYS && error <= ERESTART_RESTARTBLOCK)
		error = EINTR;
	if (t->call >= 0 && t->test != NOBODY) {
		add(t->test, t->call, 0, error);
		for (int i = 0; i < t->n; i++)
			add(t->test, t->call, t->rows[i], error);
	}
	t->call = -1;
}

/* Lets go of a tracee, if it is one, wherever it runs. */
static void let_go(pid_t pid)
{
	int status, signal = 0;

	if (!tracee_of(pid)->waits) {
		if (trace(PTRACE_INTERRUPT, pid, 0, 0) || waitpid(pid, &status, __WALL) != pid ||
		    !WIFSTOPPED(status)) {
			forget(tracee_of(pid));
			return;
		}
		if (!(status >> 16) && WSTOPSIG(status) != (SIGTRAP | 0x80))
			signal = WSTOPSIG(status);
	}
	forget(tracee_of(pid));
	trace(PTRACE_DETACH, pid, 0, signal);
}

/* Somebody begins to trace. True when this process is not the recorder's any more. */
static bool yields(struct tracee *t, const uint64_t *args)
{
	if ((args[0] == PTRACE_ATTACH || args[0] == PTRACE_SEIZE) && (pid_t)args[1] != t->pid)
		let_go((pid_t)args[1]);
	if (args[0] != PTRACE_TRACEME)
		return false;
	leave(t, 0);
	trace(PTRACE_DETACH, t->pid, 0, 0);
	forget(t);
	return true;
}

/* A stop of a system call. True when the tracee was let go of. */
static bool at_call(struct tracee *t)
{
	struct __ptrace_syscall_info info;

	if (trace(PTRACE_GET_SYSCALL_INFO, t->pid, sizeof(info), (unsigned long)&info) < 0)
		return false;
	if (info.op == PTRACE_SYSCALL_INFO_EXIT)
		leave(t, info.exit.rval);
	if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.arch != AUDIT_ARCH_X86_64 ||
	    info.entry.nr > 0xffff)
		return false;
	t->call = (int)info.entry.nr;
	if (t->call == SYS_chdir && test_of(t->pid, info.entry.args[0]) != NOBODY)
		t->test = test_of(t->pid, info.entry.args[0]);
	enter(t, (const uint64_t *)info.entry.args);
	if (t->call == SYS_exit || t->call == SYS_exit_group)
		leave(t, 0);
	return t->call == SYS_ptrace && yields(t, (const uint64_t *)info.entry.args);
}

/* A process was made, or has changed its number in execve(2). */
static void at_event(struct tracee *t, int event)
{
	unsigned long message = 0;
	struct tracee *other;

	if (trace(PTRACE_GETEVENTMSG, t->pid, 0, (unsigned long)&message) < 0)
		return;
	other = tracee_of((pid_t)message);
	if (event == PTRACE_EVENT_EXEC && other != t) {
		struct tracee old = *other;

		t->test = old.test, t->call = old.call, t->n = old.n;
		memcpy(t->rows, old.rows, sizeof(t->rows));
		forget(other);
	} else if (event != PTRACE_EVENT_EXEC) {
		other->test = t->test;
		other->known = true;
		if (other->waits)
			trace(PTRACE_SYSCALL, other->pid, 0, 0);
		other->waits = false;
	}
}

/* A tracee stands; it goes on. */
static void stopped(pid_t pid, int status)
{
	struct tracee *t = tracee_of(pid);
	int signal = WSTOPSIG(status), event = status >> 16;

	if (!t->known) {
		t->waits = true;
		return;
	}
	if (signal == (SIGTRAP | 0x80)) {
		if (at_call(t))
			return;
		signal = 0;
	} else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
		trace(PTRACE_LISTEN, pid, 0, 0);
		return;
	} else if (event) {
		if (event != PTRACE_EVENT_STOP)
			at_event(t, event);
		signal = 0;
	}
	trace(PTRACE_SYSCALL, pid, 0, signal);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void report(void)
{
	int test = 0, words = 0;

	qsort(seen, SEEN, sizeof(*seen), by_value);
	for (int i = 0; i < SEEN; i++) {
		uint64_t key = seen[i];

		if (!key)
			continue;
		if ((int)(key >> 48) != test || words == LINE) {
			test = (int)(key >> 48);
			words = 0;
			printf("%s@@ SAW %s", i && seen[i - 1] ? "\n" : "", tests[test - 1]);
		}
		words++;
		printf(" %d.%d:%d", (int)(key >> 32 & 0xffff), (int)(key >> 16 & 0xffff),
		       (int)(key & 0xffff));
	}
	printf("\n");
}

/* Runs the program, held until it is traced; its process. */
static pid_t start(char **argv)
{
	int gate[2];
	char byte = 0;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		die("record");
	if (pid == 0) {
		if (read(gate[0], &byte, 1) == 1)
			execv(argv[0], argv);
		_exit(127);
	}
	if (trace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0 || trace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
		die("record: ptrace");
	tracee_of(pid)->known = true;
	if (write(gate[1], &byte, 1) != 1)
		die("record");
	close(gate[0]);
	close(gate[1]);
	return pid;
}

int main(int argc, char **argv)
{
	int status, end = -1;
	pid_t first, pid;

	if (argc < 2)
		return fprintf(stderr, "usage: record PROGRAM ARG...\n"), 2;
	first = start(argv + 1);
	while (end < 0 && ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)) {
		if (pid > 0 && WIFSTOPPED(status))
			stopped(pid, status);
		else if (pid > 0)
			forget(tracee_of(pid));
		if (pid == first && !WIFSTOPPED(status))
			end = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	report();
	return end < 0 ? 2 : end;
}
