/* System V shared memory, semaphores and message queues. */
#include "tap.h"
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

enum { PAGE = 4096 };

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

static int stat_shm(int id, struct shmid_ds *ds)
{
	memset(ds, 0x5a, sizeof(*ds));
	return shmctl(id, IPC_STAT, ds);
}

static int attached(int id)
{
	struct shmid_ds ds;

	return stat_shm(id, &ds) ? -1 : (int)ds.shm_nattch;
}

static key_t some_key(void)
{
	return 0x5ce00000 | (getpid() & 0xfffff);
}

TEST(shm_basics)
{
	key_t key = some_key();
	struct shmid_ds ds;
	int id, other;
	char *a, *b;

	works(id = shmget(key, 10000, IPC_CREAT | IPC_EXCL | 0640), "make a segment");
	fails(shmget(key, 10000, IPC_CREAT | IPC_EXCL | 0640), EEXIST, "make it again");
	is(shmget(key, 0, 0), id, "found by its key");
	is(shmget(key, 10000, IPC_CREAT), id, "found, as it exists");
	fails(shmget(key, 10001, 0), EINVAL, "larger than it is");
	fails(shmget(key + 0x100000, 10, 0), ENOENT, "no such key");
	fails(shmget(IPC_PRIVATE, 0, 0600), EINVAL, "of size 0");
	works(stat_shm(id, &ds), "IPC_STAT");
	is(ds.shm_segsz, 10000, "its size");
	is(ds.shm_perm.mode, 0640, "its mode");
	ok(ds.shm_perm.__key == key, "its key");
	is(ds.shm_cpid, getpid(), "its maker");
	ok(ds.shm_lpid == 0 && ds.shm_atime == 0 && ds.shm_dtime == 0, "nobody has attached it");
	ok(ds.shm_ctime >= time(NULL) - 10 && ds.shm_ctime <= time(NULL), "the time it was made");
	ok((a = shmat(id, NULL, 0)) != (void *)-1, "attach");
	ok((b = shmat(id, NULL, SHM_RDONLY)) != (void *)-1 && a != b, "attach once more");
	is(attached(id), 2, "attached twice");
	ok(a[0] == 0 && a[9999] == 0 && a[12287] == 0, "zeroes to the end of its last page");
	strcpy(a + 5000, "hello");
	is_text(b + 5000, "hello", "both show the same memory");
	stat_shm(id, &ds);
	is(ds.shm_lpid, getpid(), "who attached it last");
	ok(ds.shm_atime >= ds.shm_ctime, "and when");
	works(shmdt(b), "detach");
	is(attached(id), 1, "attached once");
	fails(shmdt(b), EINVAL, "detach what is not attached");
	fails(shmdt(a + PAGE), EINVAL, "detach from the middle");
	works(shmctl(id, IPC_RMID, NULL), "remove");
	fails(shmget(key, 0, 0), ENOENT, "its key has gone");
	is(attached(id), 1, "the segment stays while it is attached");
	stat_shm(id, &ds);
	ok(ds.shm_perm.mode == (01000 | 0640), "and is marked");
	is_text(a + 5000, "hello", "with its contents");
	ok((b = shmat(id, NULL, 0)) != (void *)-1, "who knows it may attach it");
	works(other = shmget(key, 4096, IPC_CREAT | 0600), "the key is free for another");
	ok(other != id, "which has another identifier");
	works(shmdt(a), "detach");
	works(shmdt(b), "the last one");
	fails(stat_shm(id, &ds), EINVAL, "now it has gone");
	ok(shmat(id, NULL, 0) == (void *)-1 && errno == EINVAL, "and cannot be attached");
	works(shmctl(other, IPC_RMID, NULL), "remove one that nobody has attached");
	fails(stat_shm(other, &ds), EINVAL, "goes at once");
}

TEST(shm_places)
{
	int id = must(shmget(IPC_PRIVATE, 3 * PAGE, IPC_CREAT | 0600));
	char *place = mmap(NULL, 8 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *a;

	must(munmap(place, 8 * PAGE));
	ok(shmat(id, place, 0) == place, "at an address");
	ok(shmat(id, place + PAGE, 0) == (void *)-1 && errno == EINVAL, "not where something is");
	ok(shmat(id, place + PAGE, SHM_REMAP) == place + PAGE, "SHM_REMAP replaces it");
	is(attached(id), 2, "twice");
	ok(shmat(id, place + 4 * PAGE + 100, 0) == (void *)-1 && errno == EINVAL, "not aligned");
	ok(shmat(id, place + 4 * PAGE + 100, SHM_RND) == place + 4 * PAGE, "SHM_RND aligns");
	ok(shmat(id, NULL, SHM_REMAP) == (void *)-1 && errno == EINVAL, "SHM_REMAP nowhere");
	works(shmdt(place), "detach what was cut");
	works(shmdt(place + PAGE), "detach what cut it");
	works(shmdt(place + 4 * PAGE), "detach the third");
	is(attached(id), 0, "not attached");
	a = shmat(id, NULL, 0);
	must(mprotect(a + PAGE, PAGE, PROT_READ));
	is(attached(id), 3, "each part counts");
	must(munmap(a + PAGE, PAGE));
	works(shmdt(a), "detach the rest");
	is(attached(id), 0, "both parts");
	a = shmat(id, NULL, SHM_RDONLY);
	fails(mprotect(a, PAGE, PROT_READ | PROT_WRITE), EACCES, "read only stays read only");
	must(shmdt(a));
	a = shmat(id, NULL, SHM_EXEC);
	ok(a != (void *)-1, "SHM_EXEC");
	must(shmdt(a));
	fails(shmget(IPC_PRIVATE, 2 << 20, IPC_CREAT | SHM_HUGETLB | 0600), ENOMEM,
	      "no reserved large pages");
	must(shmctl(id, IPC_RMID, NULL));
}

static int shm_child(void *arg)
{
	char *a = arg;

	a[1] = 'c';
	return a[0] != 'p';
}

HELPER(attached)
{
	struct shmid_ds ds;

	return stat_shm(atoi(argv[0]), &ds) ? 99 : (int)ds.shm_nattch;
}

TEST(shm_processes)
{
	int id = must(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600));
	char number[20], *a = shmat(id, NULL, 0);
	struct shmid_ds ds;
	pid_t child;

	a[0] = 'p';
	child = tap_spawn(shm_child, a);
	exits(child, 0, "a child inherits it");
	is(a[1], 'c', "and writes to it");
	stat_shm(id, &ds);
	is(ds.shm_nattch, 1, "its exit detaches");
	is(ds.shm_lpid, child, "the child was the last");
	child = fork();
	if (child == 0)
		_exit(attached(id));
	exits(child, 2, "two while it lives");
	snprintf(number, sizeof(number), "%d", id);
	child = fork();
	if (child == 0) {
		execl(tap_self, tap_self, "--as", "attached", number, NULL);
		_exit(98);
	}
	exits(child, 1, "exec detaches");
	must(shmctl(id, IPC_RMID, NULL));
	must(shmdt(a));
	id = must(shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600));
	child = fork();
	if (child == 0) {
		shmat(id, NULL, 0);
		shmctl(id, IPC_RMID, NULL);
		_exit(0);
	}
	exits(child, 0, "a child attaches, removes and ends");
	fails(stat_shm(id, &ds), EINVAL, "the segment went with it");
}

struct ids {
	int open, closed, readable;
};

static int shm_user(void *arg)
{
	struct ids *ids = arg;
	struct shmid_ds ds;

	fails(stat_shm(ids->closed, &ds), EACCES, "user: IPC_STAT of mode 600");
	ok(shmat(ids->closed, NULL, 0) == (void *)-1 && errno == EACCES, "user: attach it");
	works(stat_shm(ids->readable, &ds), "user: IPC_STAT of mode 604");
	ok(shmat(ids->readable, NULL, SHM_RDONLY) != (void *)-1, "user: attach it to read");
	ok(shmat(ids->readable, NULL, 0) == (void *)-1 && errno == EACCES, "user: or to write");
	ok(shmat(ids->open, NULL, 0) != (void *)-1, "user: attach mode 666");
	ok(shmat(ids->open, NULL, SHM_EXEC) == (void *)-1 && errno == EACCES, "user: to execute");
	fails(shmctl(ids->open, IPC_RMID, NULL), EPERM, "user: remove it");
	stat_shm(ids->open, &ds);
	fails(shmctl(ids->open, IPC_SET, &ds), EPERM, "user: change it");
	fails(shmctl(ids->open, SHM_LOCK, NULL), EPERM, "user: lock it");
	return 0;
}

TEST(shm_permissions)
{
	struct ids ids = {
		must(shmget(IPC_PRIVATE, PAGE, 0666)),
		must(shmget(IPC_PRIVATE, PAGE, 0600)),
		must(shmget(IPC_PRIVATE, PAGE, 0604)),
	};
	struct shmid_ds ds;

	if (!tap_root()) {
		skip("permissions", "not root");
		return;
	}
	is(tap_as_user(shm_user, &ids), 0, "the user's part");
	stat_shm(ids.closed, &ds);
	ds.shm_perm.uid = 1000;
	ds.shm_perm.mode = 0777;
	works(shmctl(ids.closed, IPC_SET, &ds), "IPC_SET");
	stat_shm(ids.closed, &ds);
	ok(ds.shm_perm.uid == 1000 && ds.shm_perm.cuid == 0 && ds.shm_perm.mode == 0777,
	   "another owner and mode, the same creator");
	works(shmctl(ids.open, SHM_LOCK, NULL), "SHM_LOCK");
	stat_shm(ids.open, &ds);
	is(ds.shm_perm.mode, 02666, "shows in the mode");
	works(shmctl(ids.open, SHM_UNLOCK, NULL), "SHM_UNLOCK");
	stat_shm(ids.open, &ds);
	is(ds.shm_perm.mode, 0666, "no more");
	must(shmctl(ids.open, IPC_RMID, NULL));
	must(shmctl(ids.closed, IPC_RMID, NULL));
	must(shmctl(ids.readable, IPC_RMID, NULL));
}

static int locker(void *arg)
{
	struct rlimit none = {0, 0}, some = {3 * PAGE, 3 * PAGE};
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0600), more = shmget(IPC_PRIVATE, 2 * PAGE, 0600);

	(void)arg;
	must(setrlimit(RLIMIT_MEMLOCK, &some));
	works(shmctl(id, SHM_LOCK, NULL), "user: lock within the limit");
	works(shmctl(id, SHM_LOCK, NULL), "user: again");
	fails(shmctl(more, SHM_LOCK, NULL), ENOMEM, "user: lock beyond it");
	works(shmctl(id, IPC_RMID, NULL), "user: remove what is locked");
	works(shmctl(more, SHM_LOCK, NULL), "user: which makes room");
	must(shmctl(more, SHM_UNLOCK, NULL));
	must(setrlimit(RLIMIT_MEMLOCK, &none));
	fails(shmctl(more, SHM_LOCK, NULL), EPERM, "user: nothing may be locked");
	works(shmctl(more, SHM_UNLOCK, NULL), "user: unlock");
	must(shmctl(more, IPC_RMID, NULL));
	return 0;
}

TEST(shm_locking)
{
	if (!tap_root()) {
		skip("locking", "not root");
		return;
	}
	is(tap_as_user(locker, NULL), 0, "the user's part");
}

/* The line of an identifier in /proc/sysvipc/NAME. */
static const char *proc_line(const char *name, int id)
{
	static char line[300];
	char path[40];
	FILE *f;
	int key, got;

	snprintf(path, sizeof(path), "/proc/sysvipc/%s", name);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%d %d", &key, &got) == 2 && got == id) {
			fclose(f);
			return line;
		}
	if (f)
		fclose(f);
	return "";
}

static bool begins(const char *path, const char *text)
{
	return strncmp(tap_read(path), text, strlen(text)) == 0;
}

TEST(shm_proc)
{
	int id = must(shmget(IPC_PRIVATE, 5000, 0600)), key, got, cpid, lpid, index, highest;
	char *a = shmat(id, NULL, 0), maps[100];
	unsigned long size, n, rss;
	struct shm_info info;
	struct shmid_ds ds;
	unsigned mode;

	a[0] = 1;
	ok(begins("/proc/sysvipc/shm",
		  "       key      shmid perms                  size  cpid  lpid nattch   uid   "
		  "gid  cuid  cgid      atime      dtime      ctime                   rss"
		  "                  swap\n"),
	   "the header");
	is(sscanf(proc_line("shm", id), "%d %d %o %lu %d %d %lu %*d %*d %*d %*d %*d %*d %*d %lu",
		  &key, &got, &mode, &size, &cpid, &lpid, &n, &rss), 8, "the line");
	ok(key == 0 && mode == 0600 && size == 5000 && cpid == getpid() && lpid == getpid() &&
	   n == 1 && rss == PAGE, "says what it is");
	snprintf(maps, sizeof(maps), "/SYSV00000000 (deleted)");
	ok(strstr(tap_read("/proc/self/maps"), maps), "named in maps");
	works(highest = shmctl(0, SHM_INFO, (void *)&info), "SHM_INFO");
	ok(info.used_ids >= 1 && info.shm_tot >= 2 && info.shm_rss >= 1, "counts");
	for (index = 0; index <= highest; index++)
		if (shmctl(index, SHM_STAT, &ds) == id)
			break;
	ok(index <= highest && ds.shm_segsz == 5000, "SHM_STAT by index");
	is(shmctl(index, SHM_STAT_ANY, &ds), id, "SHM_STAT_ANY");
	fails(shmctl(highest + 1, SHM_STAT, &ds), EINVAL, "no such index");
	fails(shmctl(id, 77, &ds), EINVAL, "no such command");
	fails(shmctl(-1, IPC_STAT, &ds), EINVAL, "no such identifier");
	fails(syscall(SYS_shmctl, id, IPC_STAT, BAD), EFAULT, "bad buffer");
	must(shmdt(a));
	must(shmctl(id, IPC_RMID, NULL));
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	ok(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "write %s", path);
	close(fd);
}

TEST(limits)
{
	char was[100], all[100];
	int id;

	if (!tap_root()) {
		skip("limits", "not root");
		return;
	}
	is_text(tap_read("/proc/sys/kernel/shmmni"), "4096\n", "shmmni");
	is_text(tap_read("/proc/sys/kernel/shmmax"), "18446744073692774399\n", "shmmax");
	is_text(tap_read("/proc/sys/kernel/shmall"), "18446744073692774399\n", "shmall");
	is_text(tap_read("/proc/sys/kernel/shm_rmid_forced"), "0\n", "shm_rmid_forced");
	is_text(tap_read("/proc/sys/kernel/msgmax"), "8192\n", "msgmax");
	is_text(tap_read("/proc/sys/kernel/msgmnb"), "16384\n", "msgmnb");
	is_text(tap_read("/proc/sys/kernel/msgmni"), "32000\n", "msgmni");
	is_text(tap_read("/proc/sys/kernel/sem"), "32000\t1024000000\t500\t32000\n", "sem");
	strcpy(was, tap_read("/proc/sys/kernel/shmmax"));
	strcpy(all, tap_read("/proc/sys/kernel/shmall"));
	write_text("/proc/sys/kernel/shmmax", "8192\n");
	fails(shmget(IPC_PRIVATE, 8193, 0600), EINVAL, "above shmmax");
	works(id = shmget(IPC_PRIVATE, 8192, 0600), "up to shmmax");
	must(shmctl(id, IPC_RMID, NULL));
	write_text("/proc/sys/kernel/shmmax", was);
	write_text("/proc/sys/kernel/shmall", "3\n");
	fails(shmget(IPC_PRIVATE, 4 * PAGE, 0600), ENOSPC, "above shmall");
	write_text("/proc/sys/kernel/shmall", all);
	write_text("/proc/sys/kernel/sem", "10 1000 3\n");
	is_text(tap_read("/proc/sys/kernel/sem"), "10\t1000\t3\t32000\n", "sem in part");
	fails(semget(IPC_PRIVATE, 11, 0600), EINVAL, "above semmsl");
	write_text("/proc/sys/kernel/sem", "32000 1024000000 500 32000\n");
}

TEST(shm_forced)
{
	struct shmid_ds ds;
	int id, orphan;
	void *a;
	pid_t child;

	if (!tap_root()) {
		skip("shm_rmid_forced", "not root");
		return;
	}
	orphan = shmget(0x5ceffff1, PAGE, IPC_CREAT | 0600);
	must(shmctl(orphan, IPC_RMID, NULL));
	child = fork();
	if (child == 0)
		_exit(shmget(0x5ceffff1, PAGE, IPC_CREAT | 0600) < 0);
	exits(child, 0, "a child makes a segment");
	works(orphan = shmget(0x5ceffff1, PAGE, 0), "which outlives it");
	write_text("/proc/sys/kernel/shm_rmid_forced", "1\n");
	fails(stat_shm(orphan, &ds), EINVAL, "it goes when the rule comes");
	works(id = shmget(IPC_PRIVATE, PAGE, 0600), "one of our own");
	a = shmat(id, NULL, 0);
	works(stat_shm(id, &ds), "is there while attached");
	must(shmdt(a));
	fails(stat_shm(id, &ds), EINVAL, "goes with the last detach");
	child = fork();
	if (child == 0)
		_exit(shmget(0x5ceffff1, PAGE, IPC_CREAT | 0600) < 0);
	exits(child, 0, "a child makes another");
	fails(shmget(0x5ceffff1, PAGE, 0), ENOENT, "which went with it");
	write_text("/proc/sys/kernel/shm_rmid_forced", "0\n");
}

/* ---- Semaphores ---- */

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

static void on_signal(int signal)
{
	(void)signal;
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

/* ---- Message queues ---- */

struct message {
	long type;
	char text[100];
};

static int send(int id, long type, const char *text, int flags)
{
	struct message m = {.type = type};

	strcpy(m.text, text);
	return msgsnd(id, &m, strlen(text), flags);
}

/* The message that comes, or an error's name. */
static const char *receive(int id, long type, int flags)
{
	static struct message m;
	ssize_t n;

	memset(&m, 0, sizeof(m));
	n = msgrcv(id, &m, sizeof(m.text) - 1, type, flags | IPC_NOWAIT);
	if (n < 0)
		return errno == ENOMSG ? "ENOMSG" : errno == EINVAL ? "EINVAL" : "?";
	return m.text;
}

TEST(msg_basics)
{
	key_t key = some_key();
	struct message m = {.type = 1};
	struct msqid_ds ds;
	int id;

	works(id = msgget(key, IPC_CREAT | IPC_EXCL | 0600), "make a queue");
	fails(msgget(key, IPC_CREAT | IPC_EXCL | 0600), EEXIST, "again");
	is(msgget(key, 0), id, "found");
	is_text(receive(id, 0, 0), "ENOMSG", "empty");
	works(send(id, 3, "three", 0), "send");
	works(send(id, 1, "one", 0), "send");
	works(send(id, 2, "two", 0), "send");
	works(send(id, 3, "three again", 0), "send");
	works(msgctl(id, IPC_STAT, &ds), "IPC_STAT");
	ok(ds.msg_qnum == 4 && ds.msg_cbytes == 5 + 3 + 3 + 11 && ds.msg_qbytes == 16384, "counts");
	ok(ds.msg_lspid == getpid() && ds.msg_lrpid == 0 && ds.msg_stime && !ds.msg_rtime, "who");
	is_text(receive(id, 3, 0), "three", "by type");
	is_text(receive(id, -2, 0), "one", "the least type");
	is_text(receive(id, -1, 0), "ENOMSG", "none so small");
	is_text(receive(id, 2, MSG_EXCEPT), "three again", "any but one type");
	is_text(receive(id, 0, 0), "two", "the first");
	is_text(receive(id, 0, 0), "ENOMSG", "empty again");
	must(send(id, 7, "a long message", 0));
	fails(msgrcv(id, &m, 4, 0, 0), E2BIG, "too long");
	is(msgrcv(id, &m, 4, 0, MSG_NOERROR), 4, "cut with MSG_NOERROR");
	ok(m.type == 7 && memcmp(m.text, "a lo", 4) == 0, "what was cut");
	is_text(receive(id, 0, 0), "ENOMSG", "the rest is lost");
	works(send(id, 5, "", 0), "of no bytes");
	is(msgrcv(id, &m, 0, 0, 0), 0, "received");
	is(m.type, 5, "its type");
	fails(send(id, 0, "x", 0), EINVAL, "of type 0");
	fails(send(id, -1, "x", 0), EINVAL, "of negative type");
	fails(syscall(SYS_msgsnd, id, &m, 8193, 0), EINVAL, "larger than msgmax");
	fails(syscall(SYS_msgsnd, id, BAD, 1, 0), EFAULT, "bad buffer");
	fails(syscall(SYS_msgrcv, id, &m, -1L, 0, 0), EINVAL, "negative size");
	works(msgctl(id, IPC_RMID, NULL), "remove");
	fails(msgctl(id, IPC_STAT, &ds), EINVAL, "gone");
	fails(send(id, 1, "x", 0), EINVAL, "no message to it");
}

TEST(msg_copy)
{
	int id = must(msgget(IPC_PRIVATE, 0600));
	struct message m;

	must(send(id, 1, "zero", 0));
	must(send(id, 2, "first", 0));
	is_text(receive(id, 1, MSG_COPY), "first", "a copy by place");
	is_text(receive(id, 0, MSG_COPY), "zero", "another");
	is_text(receive(id, 2, MSG_COPY), "ENOMSG", "no such place");
	fails(msgrcv(id, &m, 10, 0, MSG_COPY), EINVAL, "without IPC_NOWAIT");
	is_text(receive(id, 0, MSG_COPY | MSG_EXCEPT), "EINVAL", "with MSG_EXCEPT");
	is_text(receive(id, 0, 0), "zero", "they are still there");
	must(msgctl(id, IPC_RMID, NULL));
}

static int receiver(void *arg)
{
	struct message m = {0};

	if (msgrcv(*(int *)arg, &m, sizeof(m.text), 5, 0) < 0)
		return errno;
	return strcmp(m.text, "five") ? 255 : 0;
}

static int sender(void *arg)
{
	return send(*(int *)arg, 9, "nine", 0) ? errno : 0;
}

TEST(msg_waiting)
{
	int id = must(msgget(IPC_PRIVATE, 0600)), n = 0;
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	struct msqid_ds ds;
	pid_t pid;

	pid = tap_spawn(receiver, &id);
	ok(tap_await_state(pid, 'S'), "a receiver sleeps");
	must(send(id, 4, "four", 0));
	must(send(id, 5, "five", 0));
	exits(pid, 0, "until its message comes");
	is_text(receive(id, 0, 0), "four", "the other stays");
	while (send(id, 1, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		    IPC_NOWAIT) == 0)
		n++;
	is(errno, EAGAIN, "a full queue");
	is(n, 16384 / 64, "as many as fit");
	pid = tap_spawn(sender, &id);
	ok(tap_await_state(pid, 'S'), "a sender sleeps");
	receive(id, 0, 0);
	exits(pid, 0, "until there is room");
	is_text(receive(id, 9, 0), "nine", "its message");
	must(msgctl(id, IPC_STAT, &ds));
	ds.msg_qbytes = 100;
	works(msgctl(id, IPC_SET, &ds), "IPC_SET makes it smaller");
	pid = tap_spawn(sender, &id);
	ok(tap_await_state(pid, 'S'), "a sender sleeps");
	ds.msg_qbytes = 20000;
	works(msgctl(id, IPC_SET, &ds), "and larger");
	exits(pid, 0, "which wakes it");
	pid = tap_spawn(receiver, &id);
	ok(tap_await_state(pid, 'S'), "a receiver sleeps");
	must(msgctl(id, IPC_RMID, NULL));
	exits(pid, EIDRM, "removal wakes it");
	id = must(msgget(IPC_PRIVATE, 0600));
	must(sigaction(SIGUSR1, &action, NULL));
	pid = tap_spawn(receiver, &id);
	ok(tap_await_state(pid, 'S'), "a receiver sleeps");
	kill(pid, SIGUSR1);
	exits(pid, EINTR, "a signal ends it, SA_RESTART or not");
	must(msgctl(id, IPC_RMID, NULL));
}

TEST(msg_proc)
{
	int id = must(msgget(IPC_PRIVATE, 0604)), key, got, highest, index;
	unsigned long bytes, n;
	struct msginfo info;
	struct msqid_ds ds;
	unsigned mode;

	must(send(id, 1, "hello", 0));
	ok(begins("/proc/sysvipc/msg",
		  "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  "
		  "cuid  cgid      stime      rtime      ctime\n"), "the header");
	is(sscanf(proc_line("msg", id), "%d %d %o %lu %lu", &key, &got, &mode, &bytes, &n), 5,
	   "the line");
	ok(key == 0 && mode == 0604 && bytes == 5 && n == 1, "says what it is");
	works(highest = msgctl(0, MSG_INFO, (void *)&info), "MSG_INFO");
	ok(info.msgpool >= 1 && info.msgmap >= 1 && info.msgtql >= 5, "counts");
	works(msgctl(0, IPC_INFO, (void *)&info), "IPC_INFO");
	ok(info.msgmax == 8192 && info.msgmnb == 16384 && info.msgmni == 32000, "limits");
	for (index = 0; index <= highest; index++)
		if (msgctl(index, MSG_STAT, &ds) == id)
			break;
	ok(index <= highest && ds.msg_qnum == 1, "MSG_STAT by index");
	is(msgctl(index, MSG_STAT_ANY, &ds), id, "MSG_STAT_ANY");
	must(msgctl(id, IPC_RMID, NULL));
}

static int msg_user(void *arg)
{
	int id = *(int *)arg;
	struct message m;
	struct msqid_ds ds;

	fails(send(id, 1, "x", IPC_NOWAIT), EACCES, "user: send to mode 604");
	fails(msgrcv(id, &m, 10, 0, IPC_NOWAIT), ENOMSG, "user: receive");
	works(msgctl(id, IPC_STAT, &ds), "user: IPC_STAT");
	fails(msgctl(id, IPC_SET, &ds), EPERM, "user: IPC_SET");
	fails(msgctl(id, IPC_RMID, NULL), EPERM, "user: remove");
	id = msgget(IPC_PRIVATE, 0600);
	must(msgctl(id, IPC_STAT, &ds));
	ds.msg_qbytes = 20000;
	fails(msgctl(id, IPC_SET, &ds), EPERM, "user: more bytes than msgmnb");
	return msgctl(id, IPC_RMID, NULL);
}

TEST(msg_permissions)
{
	int id = must(msgget(IPC_PRIVATE, 0604));

	if (!tap_root()) {
		skip("permissions", "not root");
		return;
	}
	is(tap_as_user(msg_user, &id), 0, "the user's part");
	must(msgctl(id, IPC_RMID, NULL));
}

/* Many identifiers: each finds its own, and stale ones nothing. */
TEST(many)
{
	enum { N = 300 };
	int id[N], wrong = 0;

	for (int i = 0; i < N; i++)
		id[i] = must(msgget(0x5cf00000 + i, IPC_CREAT | 0600));
	for (int i = 0; i < N; i++)
		wrong += msgget(0x5cf00000 + i, 0) != id[i];
	is(wrong, 0, "each key finds its queue");
	for (int i = 0; i < N; i += 2)
		must(msgctl(id[i], IPC_RMID, NULL));
	for (int i = 0; i < N; i += 2)
		wrong += msgget(0x5cf00000 + i, 0) != -1;
	is(wrong, 0, "those removed are not found");
	for (int i = 0; i < N; i += 2) {
		int new = must(msgget(0x5cf00000 + i, IPC_CREAT | 0600));

		wrong += send(id[i], 1, "x", 0) == 0;
		id[i] = new;
	}
	is(wrong, 0, "stale identifiers find nothing");
	for (int i = 0; i < N; i++)
		must(msgctl(id[i], IPC_RMID, NULL));
}

TEST(tools)
{
	char command[200];
	int id = must(shmget(0x5cafe001, 12345, IPC_CREAT | 0640));

	must(semget(0x5cafe002, 3, IPC_CREAT | 0600));
	must(msgget(0x5cafe003, IPC_CREAT | 0600));
	is(system("ipcs -m | grep -q '0x5cafe001.* 640 .* 12345 '"), 0, "ipcs -m");
	is(system("ipcs -s | grep -q '0x5cafe002.* 600 .* 3 '"), 0, "ipcs -s");
	is(system("ipcs -q | grep -q '0x5cafe003.* 600 .* 0 .* 0'"), 0, "ipcs -q");
	is(system("ipcs -l | grep -q 'max number of arrays = 32000'"), 0, "ipcs -l");
	is(system("ipcs -u | grep -q 'segments allocated'"), 0, "ipcs -u");
	snprintf(command, sizeof(command), "ipcs -m -i %d | grep -q 'bytes=12345'", id);
	is(system(command), 0, "ipcs -i");
	snprintf(command, sizeof(command), "ipcrm -m %d", id);
	is(system(command), 0, "ipcrm by identifier");
	is(system("ipcrm -S 0x5cafe002 -Q 0x5cafe003"), 0, "ipcrm by key");
	fails(shmget(0x5cafe001, 0, 0), ENOENT, "no segment");
	fails(semget(0x5cafe002, 0, 0), ENOENT, "no set");
	fails(msgget(0x5cafe003, 0), ENOENT, "no queue");
}
