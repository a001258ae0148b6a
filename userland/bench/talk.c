/* Rows of processes and threads that talk: pipes, context switches, futexes, bandwidth of a
 * pipe. */
#include "bench.h"
#include <linux/futex.h>
#include <pthread.h>

/* Answers each byte by one until no more come. */
static _Noreturn void echo_run(int in, int out)
{
	char b;

	while (read(in, &b, 1) == 1)
		if (write(out, &b, 1) != 1)
			break;
	_exit(0);
}

static void ends_close(struct ends e)
{
	close(e.in);
	if (e.out != e.in)
		close(e.out);
}

int64_t talk_round_trips(struct ends near, struct ends far, long n)
{
	int64_t took;
	pid_t pid = fork();
	char b = 0;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		ends_close(near);
		echo_run(far.in, far.out);
	}
	ends_close(far);
	took = TIMED(n, {
		if (write(near.out, &b, 1) != 1 || read(near.in, &b, 1) != 1)
			return -1;
	});
	ends_close(near);
	waitpid(pid, NULL, 0);
	return took;
}

int64_t talk_stream(const int p[2], long n)
{
	static char buf[TALK_PIECE];
	int64_t start;
	pid_t pid = fork();

	if (pid < 0)
		return -1;
	if (pid == 0) {
		close(p[0]);
		for (long i = 0; i < n; i++)
			if (write(p[1], buf, sizeof(buf)) != sizeof(buf))
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	start = now_ns();
	while (read(p[0], buf, sizeof(buf)) > 0)
		;
	start = now_ns() - start;
	close(p[0]);
	waitpid(pid, NULL, 0);
	return start;
}

static int64_t pipe_round_trip(long n)
{
	int there[2], back[2];

	if (pipe(there) < 0 || pipe(back) < 0)
		return -1;
	return talk_round_trips((struct ends){back[0], there[1]}, (struct ends){there[0], back[1]},
				n);
}

/*
 * A ring of processes on one processor, joined by pipes: a byte goes round, and each hop is a
 * write, a switch and a read. What counts is the hop; with more processes, more memory is touched
 * between two turns of the same one.
 */
enum { RING_MAX = 16 };

/* One member: hands on what comes, until nothing does. */
static _Noreturn void ring_member(int ring[][2], int members, int self)
{
	int from = ring[self][0], to = ring[(self + 1) % members][1];

	for (int i = 0; i < members; i++) {
		if (ring[i][0] != from)
			close(ring[i][0]);
		if (ring[i][1] != to)
			close(ring[i][1]);
	}
	echo_run(from, to);
}

static int64_t ring_run(int members, long n)
{
	int ring[RING_MAX][2];
	int64_t took;
	char b = 0;

	for (int i = 0; i < members; i++)
		if (pipe(ring[i]) < 0)
			return -1;
	for (int i = 1; i < members; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return -1;
		if (pid == 0)
			ring_member(ring, members, i);
	}
	for (int i = 0; i < members; i++) {
		if (i != 0)
			close(ring[i][0]);
		if (i != 1)
			close(ring[i][1]);
	}
	took = TIMED((n + members - 1) / members, {
		if (write(ring[1][1], &b, 1) != 1 || read(ring[0][0], &b, 1) != 1)
			return -1;
	});
	close(ring[1][1]);
	while (wait(NULL) > 0)
		;
	close(ring[0][0]);
	return took;
}

static int64_t switches(int members, long n)
{
	unsigned long one = 1, all[16];
	long size = syscall(SYS_sched_getaffinity, 0, sizeof(all), all);
	int64_t took;

	if (size < 0 || syscall(SYS_sched_setaffinity, 0, sizeof(one), &one) < 0)
		return -1;
	took = ring_run(members, n);
	syscall(SYS_sched_setaffinity, 0, size, all);
	return took;
}

static int64_t switch_2(long n)
{
	return switches(2, n);
}

static int64_t switch_8(long n)
{
	return switches(8, n);
}

static int64_t switch_16(long n)
{
	return switches(16, n);
}

static int64_t pipe_bandwidth(long n)
{
	int p[2];

	return pipe(p) < 0 ? -1 : talk_stream(p, n);
}

static struct {
	uint32_t there, back;
} words;

static void post(uint32_t *word)
{
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await(uint32_t *word)
{
	while (!__atomic_exchange_n(word, 0, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void *answer(void *rounds)
{
	for (long i = 0; i < (long)rounds; i++) {
		await(&words.there);
		post(&words.back);
	}
	return NULL;
}

static int64_t futex_round_trip(long n)
{
	pthread_t thread;
	int64_t took;

	if (pthread_create(&thread, NULL, answer, (void *)n))
		return -1;
	took = TIMED(n, {
		post(&words.there);
		await(&words.back);
	});
	pthread_join(thread, NULL);
	return took;
}

const struct row talk_rows[] = {
	{"pipe_round_trip", pipe_round_trip, 0},
	{"context_switch_2", switch_2, 0},
	{"context_switch_8", switch_8, 0},
	{"context_switch_16", switch_16, 0},
	{"futex_round_trip", futex_round_trip, 0},
	{"pipe_bandwidth", pipe_bandwidth, TALK_PIECE},
	{NULL, NULL, 0},
};
