/* Threads and futexes: musl's pthreads, futex operations, thread-directed signals, exit of a
 * process with threads. */
#include "tap.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <time.h>

static long futex(void *word, int op, long value, void *timeout, void *word2, long value3)
{
	return syscall(SYS_futex, word, op, value, timeout, word2, value3);
}

static void *add(void *argument)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	long *sum = argument;

	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&lock);
		*sum += 1;
		pthread_mutex_unlock(&lock);
	}
	return (void *)(long)syscall(SYS_gettid);
}

TEST(mutex)
{
	pthread_t threads[8];
	void *tids[8];
	long sum = 0;
	int bad = 0, same = 0;

	for (int i = 0; i < 8; i++)
		bad += pthread_create(&threads[i], NULL, add, &sum) != 0;
	for (int i = 0; i < 8; i++)
		bad += pthread_join(threads[i], &tids[i]) != 0;
	is(bad, 0, "eight threads");
	is(sum, 160000, "no count is lost");
	for (int i = 0; i < 8; i++)
		for (int j = 0; j < i; j++)
			same += tids[i] == tids[j];
	is(same, 0, "each has its own number");
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn = PTHREAD_COND_INITIALIZER;
static int whose;

static void *player(void *argument)
{
	int me = (int)(long)argument;

	for (int i = 0; i < 2000; i++) {
		pthread_mutex_lock(&lock);
		while (whose != me)
			pthread_cond_wait(&turn, &lock);
		whose = !me;
		pthread_cond_broadcast(&turn);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

TEST(condition)
{
	pthread_t a, b;
	struct timespec t;

	must(pthread_create(&a, NULL, player, (void *)0));
	must(pthread_create(&b, NULL, player, (void *)1));
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	is(whose, 0, "2,000 turns each");
	clock_gettime(CLOCK_REALTIME, &t);
	pthread_mutex_lock(&lock);
	is(pthread_cond_timedwait(&turn, &lock, &t), ETIMEDOUT, "a wait with a time");
}

static __thread int mine = 5;

static void *local(void *argument)
{
	mine += (int)(long)argument;
	sched_yield();
	return (void *)(long)mine;
}

TEST(local_storage)
{
	pthread_t a, b;
	void *x, *y;

	must(pthread_create(&a, NULL, local, (void *)10));
	must(pthread_create(&b, NULL, local, (void *)20));
	pthread_join(a, &x);
	pthread_join(b, &y);
	ok(x == (void *)15 && y == (void *)25 && mine == 5, "each thread has its own variables");
}

static void *waker(void *argument)
{
	uint32_t *word = argument;

	tap_sleep_ms(50);
	__atomic_store_n(word, 1, __ATOMIC_SEQ_CST);
	futex(word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	return NULL;
}

TEST(futex)
{
	struct timespec t = {0, 20000000};
	uint32_t word = 0, other = 0;
	pthread_t thread;
	long r = 0;

	fails(futex(&word, FUTEX_WAIT, 1, NULL, NULL, 0), EAGAIN, "another value");
	fails(futex(&word, FUTEX_WAIT, 0, &t, NULL, 0), ETIMEDOUT, "time runs out");
	fails(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0), EINVAL, "no bits");
	t = (struct timespec){0, 0};
	fails(futex(&word, FUTEX_WAIT_BITSET, 0, &t, NULL, -1), ETIMEDOUT, "a time that has gone");
	is(futex(&word, FUTEX_WAKE, 10, NULL, NULL, 0), 0, "nobody to wake");
	must(pthread_create(&thread, NULL, waker, &word));
	while (!__atomic_load_n(&word, __ATOMIC_SEQ_CST))
		r = futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	ok(r == 0 || errno == EAGAIN, "woken");
	pthread_join(thread, NULL);
	fails(futex((void *)0x11, FUTEX_WAIT, 0, NULL, NULL, 0), EINVAL, "an odd address");
	fails(futex((void *)0x1000, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT, "bad address");
	fails(futex(KBAD, FUTEX_WAIT, 0, NULL, NULL, 0), EFAULT, "the kernel's");
	fails(futex(&word, FUTEX_WAIT, 1, BAD, NULL, 0), EFAULT, "bad time pointer");
	t.tv_nsec = -1;
	fails(futex(&word, FUTEX_WAIT, 1, &t, NULL, 0), EINVAL, "bad time");
	fails(futex(&word, 99, 0, NULL, NULL, 0), ENOSYS, "no such operation");
	fails(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 5), EAGAIN,
	      "requeue with another value");
	is(futex(&word, FUTEX_REQUEUE, 1, (void *)1, &other, 0), 0, "requeue nobody");
	is(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &other,
		 FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_EQ, 0)),
	   0, "FUTEX_WAKE_OP");
	is(other, 7, "did its operation");
}

static struct {
	uint32_t first, second;
	int woken;
} *queue;

static void *queue_waiter(void *argument)
{
	futex(&queue->first, FUTEX_WAIT, 0, NULL, NULL, 0);
	__atomic_add_fetch(&queue->woken, 1, __ATOMIC_SEQ_CST);
	return argument;
}

TEST(requeue)
{
	pthread_t threads[4];
	long woken, moved = 0;

	queue = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < 4; i++)
		must(pthread_create(&threads[i], NULL, queue_waiter, NULL));
	/* Each call moves those that wait by now; count until all four are behind the second
	 * word. */
	for (int i = 0; i < 500 && moved < 4; i++) {
		long n = must(
			futex(&queue->first, FUTEX_CMP_REQUEUE, 0, (void *)10, &queue->second, 0));

		moved += n;
		tap_sleep_ms(10);
	}
	is(moved, 4, "FUTEX_CMP_REQUEUE moves all");
	is(queue->woken, 0, "and wakes none");
	is(futex(&queue->first, FUTEX_WAKE, 10, NULL, NULL, 0), 0, "nobody waits on the first");
	woken = futex(&queue->second, FUTEX_WAKE, 1, NULL, NULL, 0);
	is(woken, 1, "wake one on the second");
	is(futex(&queue->second, FUTEX_WAKE, 10, NULL, NULL, 0), 3, "wake the rest");
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	is(queue->woken, 4, "all came back");
}

TEST(processes)
{
	sem_t *sem = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	must(sem_init(sem, 1, 0));
	pid = must(fork());
	if (pid == 0) {
		for (int i = 0; i < 100; i++)
			sem_wait(sem);
		_exit(0);
	}
	for (int i = 0; i < 100; i++)
		sem_post(sem);
	exits(pid, 0, "a futex in shared memory wakes another process");
}

static pthread_t main_thread;
static volatile int handled_by;

static void which(int signal)
{
	(void)signal;
	handled_by = syscall(SYS_gettid);
}

static void *target(void *argument)
{
	*(volatile int *)argument = syscall(SYS_gettid);
	while (!handled_by)
		tap_sleep_ms(1);
	return NULL;
}

TEST(signals)
{
	volatile int tid = 0;
	sigset_t set;
	pthread_t thread;

	signal(SIGUSR1, which);
	must(pthread_create(&thread, NULL, target, (void *)&tid));
	while (!tid)
		sched_yield();
	must(syscall(SYS_tgkill, getpid(), tid, SIGUSR1));
	pthread_join(thread, NULL);
	is(handled_by, tid, "tgkill reaches its thread");
	handled_by = 0;
	tid = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	must(pthread_create(&thread, NULL, target, (void *)&tid));
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	while (!tid)
		sched_yield();
	kill(getpid(), SIGUSR1);
	pthread_join(thread, NULL);
	is(handled_by, tid, "kill reaches a thread that does not block it");
	(void)main_thread;
}

static void *exiter(void *argument)
{
	exit((int)(long)argument);
}

static void *execer(void *argument)
{
	execl(tap_self, tap_self, "--as", "single", argument, NULL);
	return NULL;
}

HELPER(single)
{
	return getpid() == syscall(SYS_gettid) && getpid() == atoi(argv[0]) ? 8 : 9;
}

static int with_threads(void *argument)
{
	void *(*last)(void *) = argument;
	static char pid[20];
	pthread_t thread;

	for (int i = 0; i < 3; i++) {
		static volatile int tid;

		must(pthread_create(&thread, NULL, target, (void *)&tid));
	}
	snprintf(pid, sizeof(pid), "%d", getpid());
	must(pthread_create(&thread, NULL, last, last == execer ? (void *)pid : (void *)6));
	pause();
	return 7;
}

static void *crasher(void *argument)
{
	*(volatile char *)argument = 1;
	return NULL;
}

TEST(ends)
{
	exits(tap_spawn(with_threads, exiter), 6, "exit in one thread ends all");
	dies(tap_spawn(with_threads, crasher), SIGSEGV, "a crash, too");
	exits(tap_spawn(with_threads, execer), 8,
	      "execve in one leaves it alone, as the process's first");
}

static void *leave(void *argument)
{
	tap_sleep_ms(20);
	_exit((int)(long)argument);
}

static int first_leaves(void *argument)
{
	pthread_t thread;

	must(pthread_create(&thread, NULL, leave, argument));
	syscall(SYS_exit, 1);
	return 2;
}

TEST(first_thread)
{
	exits(tap_spawn(first_leaves, (void *)9), 9,
	      "the process lives on without its first thread");
}

static void *die_holding(void *argument)
{
	pthread_mutex_lock(argument);
	return NULL;
}

TEST(robust)
{
	pthread_mutexattr_t attr;
	pthread_mutex_t m;
	pthread_t thread;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&m, &attr);
	must(pthread_create(&thread, NULL, die_holding, &m));
	pthread_join(thread, NULL);
	is(pthread_mutex_lock(&m), EOWNERDEAD, "a robust mutex tells that its owner has died");
	fails(syscall(SYS_set_robust_list, NULL, 5), EINVAL, "wrong size of the list's head");
	fails(syscall(SYS_get_robust_list, 0, BAD, BAD), EFAULT, "get_robust_list: bad pointer");
}

TEST(many)
{
	pthread_t thread;
	int bad = 0;

	for (int i = 0; i < 1000; i++)
		bad += pthread_create(&thread, NULL, local, NULL) || pthread_join(thread, NULL);
	is(bad, 0, "1,000 threads, one after the other");
}

TEST(fork_in_thread)
{
	pthread_t thread;
	static volatile int tid;
	pid_t pid;

	must(pthread_create(&thread, NULL, target, (void *)&tid));
	pid = must(fork());
	if (pid == 0)
		_exit(getpid() != syscall(SYS_gettid));
	exits(pid, 0, "a child of a process with threads has one");
	handled_by = 1;
	pthread_join(thread, NULL);
}
