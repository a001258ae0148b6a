/* System V semaphores. */
#include "sysv.h"
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static int op(int id, int number, int change, int flags)
{
	struct sembuf b = {number, change, flags};

	return semop(id, &b, 1);
}

static int value(int id, int number)
{
	return semctl(id, number, GETVAL);
}

TEST(sem_basics)
{
	key_t key = some_key();
	unsigned short values[3] = {5, 6, 7};
	struct semid_ds ds;
	struct sembuf two[2] = {{0, -2, 0}, {1, -7, IPC_NOWAIT}};
	union semun u;
	int id;

	works(id = semget(key, 3, IPC_CREAT | IPC_EXCL | 0600), "make a set");
	fails(semget(key, 3, IPC_CREAT | IPC_EXCL), EEXIST, "again");
	is(semget(key, 0, 0), id, "found");
	fails(semget(key, 4, 0), EINVAL, "with more than it has");
	fails(semget(IPC_PRIVATE, 0, 0600), EINVAL, "none at all");
	fails(semget(IPC_PRIVATE, -1, 0600), EINVAL, "less than none");
	is(value(id, 0), 0, "zero at first");
	u.val = 4;
	works(semctl(id, 0, SETVAL, u), "SETVAL");
	is(value(id, 0), 4, "the value");
	is(semctl(id, 0, GETPID), getpid(), "who set it");
	u.val = 32768;
	fails(semctl(id, 0, SETVAL, u), ERANGE, "too large");
	u.val = -1;
	fails(semctl(id, 0, SETVAL, u), ERANGE, "negative");
	fails(value(id, 3), EINVAL, "no such semaphore");
	u.array = values;
	works(semctl(id, 0, SETALL, u), "SETALL");
	memset(values, 0, sizeof(values));
	works(semctl(id, 0, GETALL, u), "GETALL");
	ok(values[0] == 5 && values[1] == 6 && values[2] == 7, "the values");
	values[1] = 40000;
	fails(semctl(id, 0, SETALL, u), ERANGE, "one too large");
	is(value(id, 2), 7, "none set");
	works(op(id, 0, 3, 0), "add");
	is(value(id, 0), 8, "8");
	works(op(id, 0, -8, 0), "take");
	works(op(id, 0, 0, 0), "is zero");
	fails(op(id, 0, -1, IPC_NOWAIT), EAGAIN, "take what is not there");
	fails(op(id, 1, 0, IPC_NOWAIT), EAGAIN, "is not zero");
	works(op(id, 0, 5, 0), "add");
	fails(semop(id, two, 2), EAGAIN, "two at once, one impossible");
	is(value(id, 0), 5, "nothing done");
	two[1].sem_op = -6;
	works(semop(id, two, 2), "two at once");
	ok(value(id, 0) == 3 && value(id, 1) == 0, "both done");
	fails(op(id, 3, 1, 0), EFBIG, "no such semaphore");
	fails(op(id, 0, 32767, 0), ERANGE, "too much");
	fails(semop(id, two, 0), EINVAL, "no operation");
	fails(syscall(SYS_semop, id, two, 501), E2BIG, "too many");
	fails(syscall(SYS_semop, id, BAD, 1), EFAULT, "bad operations");
	u.buf = &ds;
	works(semctl(id, 0, IPC_STAT, u), "IPC_STAT");
	ok(ds.sem_nsems == 3 && ds.sem_perm.mode == 0600 && ds.sem_otime >= ds.sem_ctime - 5,
	   "says what it is");
	fails(semctl(id, 0, 77, u), EINVAL, "no such command");
	works(semctl(id, 0, IPC_RMID), "remove");
	fails(value(id, 0), EINVAL, "gone");
	fails(op(id, 0, 1, 0), EINVAL, "no operation on it");
}

static int take_one(void *arg)
{
	return op(*(int *)arg, 0, -1, 0) ? errno : 0;
}

static int wait_zero(void *arg)
{
	return op(*(int *)arg, 0, 0, 0) ? errno : 0;
}

static void await(int id, int cmd, int n)
{
	for (int i = 0; i < 500 && semctl(id, 0, cmd) != n; i++)
		tap_sleep_ms(10);
	is(semctl(id, 0, cmd), n, cmd == GETNCNT ? "so many want more" : "so many want zero");
}

TEST(sem_waiting)
{
	struct timespec short_time = {0, 50000000}, bad = {0, 1000000000};
	struct sembuf b = {0, -1, 0};
	int id = must(semget(IPC_PRIVATE, 1, 0600));
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	pid_t one, two, zero;
	int64_t began;

	one = tap_spawn(take_one, &id);
	two = tap_spawn(take_one, &id);
	await(id, GETNCNT, 2);
	must(op(id, 0, 1, 0));
	await(id, GETNCNT, 1);
	is(value(id, 0), 0, "one took it");
	must(op(id, 0, 3, 0));
	exits(one, 0, "the first");
	exits(two, 0, "the second");
	is(value(id, 0), 2, "two are left");
	zero = tap_spawn(wait_zero, &id);
	await(id, GETZCNT, 1);
	must(op(id, 0, -2, 0));
	exits(zero, 0, "who waited for zero");
	began = tap_now();
	fails(semtimedop(id, &b, 1, &short_time), EAGAIN, "semtimedop");
	ok(tap_now() - began >= 50000000, "waited as long");
	fails(semtimedop(id, &b, 1, &bad), EINVAL, "no such time");
	one = tap_spawn(take_one, &id);
	await(id, GETNCNT, 1);
	must(semctl(id, 0, IPC_RMID));
	exits(one, EIDRM, "removal wakes");
	id = must(semget(IPC_PRIVATE, 1, 0600));
	must(sigaction(SIGUSR1, &action, NULL));
	one = tap_spawn(take_one, &id);
	await(id, GETNCNT, 1);
	kill(one, SIGUSR1);
	exits(one, EINTR, "a signal ends it, SA_RESTART or not");
	is(semctl(id, 0, GETNCNT), 0, "nobody waits");
	must(semctl(id, 0, IPC_RMID));
}

static int undo_some(void *arg)
{
	struct sembuf ops[3] = {{0, -3, SEM_UNDO}, {1, 4, SEM_UNDO}, {0, 1, 0}};

	return semop(*(int *)arg, ops, 3) ? errno : 0;
}

static int undo_set(void *arg)
{
	union semun u = {.val = 9};

	if (op(*(int *)arg, 0, -3, SEM_UNDO) || semctl(*(int *)arg, 0, SETVAL, u))
		return 1;
	return 0;
}

static int undo_removed(void *arg)
{
	(void)arg;
	for (int i = 0; i < 200; i++) {
		int id = semget(IPC_PRIVATE, 2, 0600);

		if (id < 0 || op(id, 1, 1, SEM_UNDO) || semctl(id, 0, IPC_RMID))
			return 1;
	}
	return 0;
}

static int undo_far(void *arg)
{
	int id = *(int *)arg;

	if (op(id, 1, 32767, SEM_UNDO) || op(id, 1, -32767, 0))
		return 1;
	return op(id, 1, 2, SEM_UNDO) == -1 && errno == ERANGE ? 0 : 2;
}

TEST(sem_undo)
{
	unsigned short values[2] = {10, 0};
	union semun u = {.array = values};
	int id = must(semget(IPC_PRIVATE, 2, 0600));
	pid_t waiter;

	must(semctl(id, 0, SETALL, u));
	exits(tap_spawn(undo_some, &id), 0, "a process operates and ends");
	is(value(id, 0), 11, "what it took with SEM_UNDO came back");
	is(value(id, 1), 0, "what it gave went");
	exits(tap_spawn(undo_set, &id), 0, "a process takes and sets");
	is(value(id, 0), 9, "setting forgets what was to be undone");
	exits(tap_spawn(undo_removed, &id), 0, "of sets that are removed");
	exits(tap_spawn(undo_far, &id), 0, "no more than can be undone");
	is(value(id, 1), 0, "not below zero");
	u.val = 0;
	must(semctl(id, 0, SETVAL, u));
	u.val = 1;
	must(semctl(id, 1, SETVAL, u));
	waiter = tap_spawn(take_one, &id);
	await(id, GETNCNT, 1);
	if (!fork()) {
		op(id, 1, -1, SEM_UNDO);
		op(id, 0, 1, 0);
		op(id, 0, -1, SEM_UNDO);
		_exit(0);
	}
	exits(waiter, 0, "an end wakes who waits");
	must(semctl(id, 0, IPC_RMID));
}

TEST(sem_proc)
{
	int id = must(semget(IPC_PRIVATE, 7, 0640)), key, got, highest, index;
	struct seminfo info;
	struct semid_ds ds;
	union semun u = {.info = &info};
	unsigned mode, n;

	ok(begins("/proc/sysvipc/sem",
		  "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      "
		  "ctime\n"), "the header");
	is(sscanf(proc_line("sem", id), "%d %d %o %u", &key, &got, &mode, &n), 4, "the line");
	ok(key == 0 && mode == 0640 && n == 7, "says what it is");
	works(highest = semctl(0, 0, SEM_INFO, u), "SEM_INFO");
	ok(info.semusz >= 1 && info.semaem >= 7, "counts");
	works(semctl(0, 0, IPC_INFO, u), "IPC_INFO");
	ok(info.semmni == 32000 && info.semmsl == 32000 && info.semmns == 1024000000 &&
	   info.semopm == 500 && info.semvmx == 32767, "limits");
	u.buf = &ds;
	for (index = 0; index <= highest; index++)
		if (semctl(index, 0, SEM_STAT, u) == id)
			break;
	ok(index <= highest && ds.sem_nsems == 7, "SEM_STAT by index");
	is(semctl(index, 0, SEM_STAT_ANY, u), id, "SEM_STAT_ANY");
	must(semctl(id, 0, IPC_RMID));
}

static int sem_user(void *arg)
{
	int id = *(int *)arg;
	struct semid_ds ds;
	union semun u = {.buf = &ds};

	works(value(id, 0), "user: GETVAL of mode 604");
	fails(op(id, 0, 1, 0), EACCES, "user: add");
	works(op(id, 0, 0, 0), "user: is zero");
	works(semctl(id, 0, IPC_STAT, u), "user: IPC_STAT");
	fails(semctl(id, 0, IPC_SET, u), EPERM, "user: IPC_SET");
	fails(semctl(id, 0, IPC_RMID), EPERM, "user: remove");
	u.val = 1;
	fails(semctl(id, 0, SETVAL, u), EACCES, "user: SETVAL");
	return 0;
}

TEST(sem_permissions)
{
	int id = must(semget(IPC_PRIVATE, 1, 0604));

	if (!tap_root()) {
		skip("permissions", "not root");
		return;
	}
	is(tap_as_user(sem_user, &id), 0, "the user's part");
	must(semctl(id, 0, IPC_RMID));
}

/* Processes that count under a semaphore, in shared memory. */
static int counting(void *arg)
{
	int *ids = arg;
	volatile long *n = shmat(ids[0], NULL, 0);

	for (int i = 0; i < 2000; i++) {
		if (op(ids[1], 0, -1, SEM_UNDO))
			return 1;
		++*n;
		if (op(ids[1], 0, 1, SEM_UNDO))
			return 1;
	}
	return 0;
}

TEST(together)
{
	int ids[2] = {must(shmget(IPC_PRIVATE, PAGE, 0600)), must(semget(IPC_PRIVATE, 1, 0600))};
	long *n = shmat(ids[0], NULL, 0);
	pid_t pid[4];

	must(op(ids[1], 0, 1, 0));
	for (int i = 0; i < 4; i++)
		pid[i] = tap_spawn(counting, ids);
	for (int i = 0; i < 4; i++)
		exits(pid[i], 0, "one of four");
	is(*n, 8000, "none lost");
	must(semctl(ids[1], 0, IPC_RMID));
	must(shmctl(ids[0], IPC_RMID, NULL));
	must(shmdt(n));
}
