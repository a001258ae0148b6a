/* System V shared memory. */
#include "sysv.h"
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <time.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

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
	works(tap_write("/proc/sys/kernel/shmmax", "8192\n"), "write shmmax");
	fails(shmget(IPC_PRIVATE, 8193, 0600), EINVAL, "above shmmax");
	works(id = shmget(IPC_PRIVATE, 8192, 0600), "up to shmmax");
	must(shmctl(id, IPC_RMID, NULL));
	works(tap_write("/proc/sys/kernel/shmmax", was), "write shmmax");
	works(tap_write("/proc/sys/kernel/shmall", "3\n"), "write shmall");
	fails(shmget(IPC_PRIVATE, 4 * PAGE, 0600), ENOSPC, "above shmall");
	works(tap_write("/proc/sys/kernel/shmall", all), "write shmall");
	works(tap_write("/proc/sys/kernel/sem", "10 1000 3\n"), "write sem");
	is_text(tap_read("/proc/sys/kernel/sem"), "10\t1000\t3\t32000\n", "sem in part");
	fails(semget(IPC_PRIVATE, 11, 0600), EINVAL, "above semmsl");
	works(tap_write("/proc/sys/kernel/sem", "32000 1024000000 500 32000\n"), "write sem");
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
	works(tap_write("/proc/sys/kernel/shm_rmid_forced", "1\n"), "write shm_rmid_forced");
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
	works(tap_write("/proc/sys/kernel/shm_rmid_forced", "0\n"), "write shm_rmid_forced");
}
