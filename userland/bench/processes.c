/* Rows of processes: fork and exit, vfork, exec of a small static program, a shell, threads. */
#include "bench.h"
#include <pthread.h>

#define HELLO "/usr/lib/skerry-bench/hello"

extern char **environ;

static int64_t fork_exit(long n)
{
	return TIMED(n, {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return -1;
	});
}

static int64_t vfork_exit(long n)
{
	return TIMED(n, {
		pid_t pid = vfork();

		if (pid == 0)
			_exit(0);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return -1;
	});
}

/* Runs a program n times, its output thrown away. */
static int64_t run(long n, bool by_vfork, char *const *argv)
{
	int null = open("/dev/null", O_WRONLY);
	int64_t took;

	if (null < 0)
		return -1;
	took = TIMED(n, {
		pid_t pid = by_vfork ? vfork() : fork();
		int status;

		if (pid == 0) {
			dup2(null, 1);
			execve(argv[0], argv, environ);
			_exit(127);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return -1;
	});
	close(null);
	return took;
}

static int64_t fork_exec(long n)
{
	return run(n, false, (char *[]){HELLO, NULL});
}

static int64_t vfork_exec(long n)
{
	return run(n, true, (char *[]){HELLO, NULL});
}

static int64_t fork_shell(long n)
{
	return run(n, false, (char *[]){"/bin/sh", "-c", HELLO, NULL});
}

static int64_t fork_64m(long n)
{
	static char *room;

	if (!room) {
		room = mmap(NULL, 64 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		if (room == MAP_FAILED)
			return -1;
		madvise(room, 64 << 20, MADV_NOHUGEPAGE);
		memset(room, 1, 64 << 20);
	}
	return fork_exit(n);
}

static void *thread(void *argument)
{
	return argument;
}

static int64_t thread_join(long n)
{
	return TIMED(n, {
		pthread_t t;

		if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
			return -1;
	});
}

const struct row process_rows[] = {
	{"fork_exit", fork_exit, 0}, {"vfork_exit", vfork_exit, 0}, {"fork_exec", fork_exec, 0},
	{"vfork_exec", vfork_exec, 0}, {"fork_shell", fork_shell, 0},
	{"thread_join", thread_join, 0}, {"fork_64m", fork_64m, 0}, {NULL, NULL, 0},
};
