/*
 * What test_trace_debian.py lets strace and gdb look at: a program with functions, a variable that
 * changes, threads, children and signals. Built with debug information.
 *
 *	traced sums | threads | forks | signals | leaf | waits | falls
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile long total;
static volatile double mean;
static const char *self;
static pthread_barrier_t barrier;

static long inner(long value)
{
	total += value;
	return total * 2;
}

static long outer(long value)
{
	long result = inner(value + 1);

	mean = (double)total / 2;
	return result;
}

static int sums(void)
{
	long result = 0;

	for (long i = 0; i < 3; i++)
		result = outer(i);
	printf("total %ld, result %ld, mean %.1f\n", total, result, mean);
	return 0;
}

static void *worker(void *argument)
{
	long number = (long)argument;

	pthread_barrier_wait(&barrier);
	__atomic_add_fetch(&total, number, __ATOMIC_SEQ_CST);
	pthread_barrier_wait(&barrier);
	return argument;
}

static int threads(void)
{
	pthread_t ids[3];

	pthread_barrier_init(&barrier, NULL, 4);
	for (long i = 0; i < 3; i++)
		pthread_create(&ids[i], NULL, worker, (void *)(i + 1));
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 3; i++)
		pthread_join(ids[i], NULL);
	printf("total %ld\n", total);
	return 0;
}

static int leaf(void)
{
	puts("leaf");
	return 7;
}

static int forks(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execl(self, self, "leaf", NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	printf("status %d\n", WEXITSTATUS(status));
	return 0;
}

static void handler(int signal)
{
	total = signal;
}

static int signals(void)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	printf("signal %ld\n", total);
	fflush(stdout);
	abort();
}

static int waits(void)
{
	while (!total)
		usleep(20000);
	return (int)total;
}

/* Dies of a bad address while others wait. */
static int falls(void)
{
	pthread_t id;

	outer(40);
	pthread_barrier_init(&barrier, NULL, 4);
	for (long i = 0; i < 3; i++)
		pthread_create(&id, NULL, worker, (void *)(i + 1));
	pthread_barrier_wait(&barrier);
	return *(volatile char *)(total * 4096 + 5);
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int (*run)(void); } modes[] = {
		{"sums", sums}, {"threads", threads}, {"forks", forks}, {"signals", signals},
		{"leaf", leaf}, {"waits", waits}, {"falls", falls},
	};

	self = "/proc/self/exe";
	for (unsigned i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(argv[1], modes[i].name))
			return modes[i].run();
	return 2;
}
