/*
 * program -f KIND: every test is run again and again, and each time another allocation (or request
 * to a disk) of it fails, until a round comes through in which none did. KIND is what
 * /sys/kernel/debug/fail understands: alloc, read, write, flush, disk. KIND:N counts, n = 1, 2 ...
 * N; without N each round is for the first one on a path through the kernel that has not failed in
 * this program yet, which comes sooner to the end and leaves out nothing (kernel/core/fail.h).
 *
 * A test gets SECONDS for its rounds; the next one that comes by the paths left out has them.
 *
 * A test is written for a kernel in which nothing fails, so a round may go wrong: checks fail,
 * processes die, wait for each other for ever, and are killed. It is judged by what the kernel says
 * of the call that was struck. Legal is
 *
 *	- that all goes well: the kernel came along without, or the test expects an error there
 *	- that the call returned an error which means it, or less than was asked for
 *	- that a page could not be had: the process dies, or the call says EFAULT
 *	- that execve() fails behind the point of no return, or a process ends with something undone
 *	- that a later call of the test's returned ENOMEM (EIO, EROFS)
 *
 * What is left is a lie: the struck call returned success, and something was wrong afterwards. Nor
 * may processes outlive SIGKILL, a test fail with nothing struck, or anything be left behind: the
 * kernel's objects are counted after each test, and in the end those that nothing points to.
 */
#define _GNU_SOURCE
#include "tap_int.h"

#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/timex.h>

#define FAIL    "/sys/kernel/debug/fail"
#define MEMLEAK "/sys/kernel/debug/memleak"

enum { ROUNDS = 4000, SECONDS = 150, OUTPUT_MAX = 3000, CACHES = 200, MAX_SETTINGS = 80 };
enum verdict { UNTOUCHED, LEGAL, WRONG };

/* What the kernel says of the struck call. */
struct strike {
	char text[1600];
	bool struck, returned;
	int call, errors;
	unsigned long args[3];
	long result;
};

static int fail_fd, output_fd;
static const char *tests_dir;
static char kind[16], ask[40];
static bool is_disk;
bool tap_failing;

static void tell(const char *what)
{
	if (pwrite(fail_fd, what, strlen(what), 0) < 0)
		diag("fail: %s: %s", what, strerror(errno));
}

static void arm(void)
{
	tell(ask);
	close(fail_fd);
	close(output_fd);
}

static void strike_read(struct strike *s)
{
	const char *at;
	ssize_t n;

	memset(s, 0, sizeof(*s));
	s->call = -1;
	n = pread(fail_fd, s->text, sizeof(s->text) - 1, 0);
	s->text[n > 0 ? n : 0] = 0;
	s->struck = tap_number(s->text, "struck ") == 1;
	s->errors = (int)tap_number(s->text, "errors ");
	at = strstr(s->text, " call ");
	if (at)
		sscanf(at, " call %d of %lx %lx %lx", &s->call, s->args, s->args + 1, s->args + 2);
	at = strstr(s->text, " result ");
	s->returned = at && sscanf(at, " result %ld", &s->result) == 1;
}

/* A call that may do less than it was asked for, and did, as far as can be seen. */
static bool fell_short(const struct strike *s)
{
	switch (s->call) {
	case SYS_read:
	case SYS_write:
	case SYS_pread64:
	case SYS_pwrite64:
	case SYS_getdents64:
	case SYS_sendto:
	case SYS_recvfrom:
	case SYS_sendmmsg:
	case SYS_recvmmsg:
	case SYS_getrandom:
		return s->result < (long)s->args[s->call == SYS_getrandom ? 1 : 2];
	case SYS_brk:
		return s->result < (long)s->args[0];
	case SYS_readv:
	case SYS_writev:
	case SYS_sendmsg: /* of a stream, or UDP_SEGMENT */
	case SYS_preadv:
	case SYS_pwritev:
	case SYS_preadv2:
	case SYS_pwritev2:
	case SYS_sendfile:
	case SYS_splice:
	case SYS_tee:
	case SYS_vmsplice:
	case SYS_copy_file_range:
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
		return true;
	}
	return false;
}

static bool error_fits(const struct strike *s)
{
	switch ((int)-s->result) {
	case EIO:
	case EROFS:
		return is_disk;
	case ENOMEM:
	case ENFILE:
	case EAGAIN:
	case ENOBUFS:
	case ENOSPC:
		return !is_disk;
	case EFAULT:
		return strstr(s->text, "upcall_page_fault") != NULL;
	}
	return false;
}

/* What may be lost without an error, by the kernel's function that cannot have it, and one through
 * which it is called. */
static const struct loss {
	const char *where, *through;
} losses[] = {
	/* What belongs to a signal, not the signal: signal(7). */
	{" queue_add+", " send_locked+"},
	/* An event, and IN_Q_OVERFLOW says so: inotify(7). */
	{" inotify_queue+", " inotify_queue+"},
	/* setfsuid(2): "no error indications of any kind". */
	{" cred_clone+", " sys_setfsuid+"},
	{" cred_clone+", " sys_setfsgid+"},
	/* The caller's own word, where it is told: as with a bad pointer, clone(2) says nothing. */
	{" upcall_page_fault+", " process_clone+"},
	/* Descriptors that come with a message, and MSG_CTRUNC says so: recvmsg(2). */
	{" unix_scm_deliver+", " receive_message+"},
	/* A reset, which nobody repeats: the peer finds out when it sends (RFC 9293, 3.5.2). */
	{" tcp_transmit+", " tcp_send_reset+"},
	/* The report of an error that the call returns as well. */
	{" inet_local_error+", " inet_local_error+"},
	/* A time stamp; the data go all the same. */
	{" inet_stamp_report+", " inet_stamp_report+"},
	{" tcp_mark+", " tcp_mark+"},
	/* A frame that is only looked at, and PACKET_STATISTICS says so: packet(7). */
	{" packet_clone+", " packet_tap+"},
};

static bool is_legal(const struct strike *s)
{
	if (s->call < 0 || s->errors > 0)
		return true;
	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++)
		if (strstr(s->text, losses[i].where) && strstr(s->text, losses[i].through))
			return true;
	switch (s->call) {
	case SYS_execve:
	case SYS_execveat:
	case SYS_exit:
	case SYS_exit_group:
		if (!s->returned)
			return true;
	}
	if (!s->returned)
		return false;
	return s->result < 0 ? error_fits(s) : fell_short(s);
}

static void kill_if_child(const char *name, const char *path)
{
	char file[300], line[600], *after;
	int fd, parent = 0;
	ssize_t n;

	if (*name < '1' || *name > '9')
		return;
	snprintf(file, sizeof(file), "%s/%s/stat", path, name);
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	line[n > 0 ? n : 0] = 0;
	after = strrchr(line, ')');
	if (after && sscanf(after, ") %*c %d", &parent) == 1 && parent == getpid())
		kill(atoi(name), SIGKILL);
}

/* The children that this process has, orphans of the test's among them, are killed, and theirs in
 * turn; false if some do not die. */
static bool kill_rest(void)
{
	for (int i = 0; i < 300; i++) {
		pid_t pid;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return true;
		tap_names("/proc", kill_if_child);
		if (i)
			tap_sleep_ms(i < 20 ? 2 : 20);
	}
	return false;
}

static int n_mounts; /* before the first test */

static int mounts_count(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* What outlives processes: swap files, mounts, System V's objects, International Atomic Time, the
 * network's configuration. */
static void clean(const char *place)
{
	static char mounts[65536], where[PATH_MAX];
	char *line;
	int max, id;
	pid_t pid;
	union {
		struct shmid_ds shm;
		struct semid_ds sem;
		struct msqid_ds msg;
		struct seminfo seminfo;
		struct msginfo msginfo;
		struct timex timex;
	} u;

	strcpy(mounts, tap_read("/proc/swaps"));
	for (line = strtok(mounts, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, place, strlen(place)) && sscanf(line, "%4095s", where) == 1)
			swapoff(where);
	strcpy(mounts, tap_read("/proc/self/mounts"));
	for (int n = mounts_count(mounts); n > n_mounts; n--) {
		line = strrchr(mounts, '\n');
		*line = 0;
		line = strrchr(mounts, '\n');
		if (sscanf(line ? line + 1 : mounts, "%*s %4095s", where) == 1)
			umount2(where, MNT_DETACH);
		if (line)
			line[1] = 0;
	}
	max = shmctl(0, SHM_INFO, &u.shm);
	for (int i = 0; i <= max; i++)
		if ((id = shmctl(i, SHM_STAT, &u.shm)) >= 0)
			shmctl(id, IPC_RMID, NULL);
	max = semctl(0, 0, SEM_INFO, &u.seminfo);
	for (int i = 0; i <= max; i++)
		if ((id = semctl(i, 0, SEM_STAT, &u.sem)) >= 0)
			semctl(id, 0, IPC_RMID);
	max = msgctl(0, MSG_INFO, &u.msg);
	for (int i = 0; i <= max; i++)
		if ((id = msgctl(i, MSG_STAT, &u.msg)) >= 0)
			msgctl(id, IPC_RMID, NULL);
	u.timex = (struct timex){.modes = ADJ_TAI};
	adjtimex(&u.timex);
	tap_net_restore();
	/* Another process does it, whose stack may grow where directories are deep. */
	pid = (fork)();
	if (pid == 0) {
		tap_remove(place);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* What a test sets below /proc/sys, and does not set back when it ends early. */
static struct setting {
	char path[100], value[60];
} settings[MAX_SETTINGS];
static int n_settings;

static int setting_read(const char *path, char *value, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, value, size);

	if (fd >= 0)
		close(fd);
	if (n <= 0 || n >= (ssize_t)size)
		return -1;
	value[n] = 0;
	return 0;
}

static void setting_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		diag("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void setting_save(const char *name, const char *path)
{
	struct setting *s = &settings[n_settings];
	struct stat st;

	if (n_settings == MAX_SETTINGS ||
	    snprintf(s->path, sizeof(s->path), "%s/%s", path, name) >= (int)sizeof(s->path) ||
	    stat(s->path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		char below[100];

		strcpy(below, s->path);
		tap_names(below, setting_save);
	} else if ((st.st_mode & 0600) == 0600 && !setting_read(s->path, s->value, 60)) {
		n_settings++;
	}
}

static void settings_restore(void)
{
	for (int i = 0; i < n_settings; i++) {
		struct setting *s = &settings[i];
		char value[60];

		if (!setting_read(s->path, value, sizeof(value)) && strcmp(value, s->value))
			setting_write(s->path, s->value);
	}
}

/* The kernel's objects, by cache; but open files are counted by file-nr, since the storage of some
 * is kept at hand, as are a few stacks. Connections of TCP that nobody has any more wait for a
 * minute, and are counted apart, at the end. */
struct census {
	int n;
	struct {
		char name[40];
		long active;
	} cache[CACHES];
};

static bool is_connection(const char *cache)
{
	static const char *const theirs[] = {"tcp", "tcp_sent", "tcp_request", "tcp_wait",
					     "port_owner", "route"};

	for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
		if (!strcmp(cache, theirs[i]))
			return true;
	return false;
}

/* A journal remembers what is not in its place on the disk yet, but when it is frozen. */
static void journal_empty(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && ioctl(fd, FIFREEZE, 0) == 0 && ioctl(fd, FITHAW, 0) < 0)
		diag("%s stays frozen: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void census_take(struct census *c, bool connections)
{
	static char text[65536];
	char *line;

	sync();
	journal_empty("/");
	journal_empty(tests_dir);
	setting_write("/proc/sys/vm/drop_caches", "3");
	setting_write("/proc/sys/net/ipv4/route/flush", "1"); /* answers that are kept at hand */
	strcpy(text, tap_read("/proc/slabinfo"));
	c->n = 0;
	for (line = strtok(text, "\n"); line && c->n < CACHES; line = strtok(NULL, "\n"))
		if (sscanf(line, "%39s %ld", c->cache[c->n].name, &c->cache[c->n].active) == 2) {
			if (!strcmp(c->cache[c->n].name, "file"))
				c->cache[c->n].active = atol(tap_read("/proc/sys/fs/file-nr"));
			if (strcmp(c->cache[c->n].name, "kmap_area") &&
			    strcmp(c->cache[c->n].name, "magazine") &&
			    is_connection(c->cache[c->n].name) == connections)
				c->n++;
		}
}

/* Whether there are not more than before; what is, as text. */
static bool census_compare(const struct census *before, const struct census *now, char *text,
			   size_t size)
{
	size_t have = 0;

	text[0] = 0;
	for (int i = 0; i < now->n && i < before->n; i++) {
		long more = now->cache[i].active - before->cache[i].active;

		if (more > 0 && have < size)
			have += (size_t)snprintf(text + have, size - have, " %s +%ld",
						 now->cache[i].name, more);
	}
	return have == 0;
}

/* Waits until there are not more than before; false if there are, and what. */
static bool census_returns(const struct census *before, bool connections, int tries, char *text,
			   size_t size)
{
	static struct census now;

	while (tries--) {
		census_take(&now, connections);
		if (census_compare(before, &now, text, size))
			return true;
		tap_sleep_ms(100);
	}
	return false;
}

static void show(const struct tap_result *r, const struct strike *s, const char *what)
{
	static char output[OUTPUT_MAX + 1];
	off_t end = lseek(output_fd, 0, SEEK_END);
	ssize_t n = pread(output_fd, output, OUTPUT_MAX, end > OUTPUT_MAX ? end - OUTPUT_MAX : 0);
	char *line;

	diag("  %s: wait status %#x, %d checks ok, %d not%s", what, r->status, r->counts[0],
	     r->counts[1], r->timed_out ? ", out of time" : "");
	for (line = strtok((char *)s->text, "\n"); line; line = strtok(NULL, "\n"))
		diag("  | %s", line);
	output[n > 0 ? n : 0] = 0;
	for (line = strtok(output, "\n"); line; line = strtok(NULL, "\n"))
		diag("  > %s", line);
}

/* One round. */
static enum verdict run_round(const struct tap_test *test, const struct tap_way *way)
{
	struct tap_result r;
	struct strike s;
	bool well;

	if (ftruncate(output_fd, 0) < 0 || lseek(output_fd, 0, SEEK_SET) < 0)
		return WRONG;
	r = tap_run(test, way);
	tell("off family");
	if (!kill_rest()) {
		strike_read(&s);
		show(&r, &s, "a process does not die");
		return WRONG;
	}
	strike_read(&s);
	clean(way->place);
	well = !r.status && !r.timed_out && !r.counts[1];
	if (!well)
		settings_restore();
	if (!s.struck) {
		if (well)
			return UNTOUCHED;
		show(&r, &s, "fails with nothing failing");
		return WRONG;
	}
	if (well || is_legal(&s))
		return LEGAL;
	show(&r, &s, "says that it worked, and it did not");
	return WRONG;
}

/* All rounds of a test; how many. Objects may be freed late, so what stays is asked for again. */
static int fail_test(const struct tap_test *test, struct tap_way *way, const char *nth, int most)
{
	static struct census before;
	int64_t started = tap_now();
	enum verdict v = LEGAL;
	char text[600] = "";
	int bad = 0, n = 0;

	snprintf(ask, sizeof(ask), "%s 0 family", kind); /* only counted */
	way->seconds = test->is_long ? TIME_LIMIT_LONG : TIME_LIMIT;
	if (run_round(test, way) != UNTOUCHED)
		return ok(false, "comes through"), 0;
	way->seconds = (unsigned)(3 + (tap_now() - started) * 2 / 1000000000);
	census_take(&before, false);
	started = tap_now();
	while (v != UNTOUCHED && n < most && bad < 8) {
		if ((tap_now() - started) / 1000000000 >= SECONDS) {
			diag("%s: stopped, since it takes too long", test->name);
			break;
		}
		n++;
		if (nth)
			snprintf(ask, sizeof(ask), "%s new family", kind);
		else
			snprintf(ask, sizeof(ask), "%s %d family", kind, n);
		v = run_round(test, way);
		bad += v == WRONG;
	}
	ok(!bad && n < ROUNDS, "comes through");
	diag("%s: %d rounds", test->name, n);
	if (!ok(census_returns(&before, false, 40, text, sizeof(text)), "leaves nothing behind"))
		diag("  more than before:%s", text);
	return n;
}

/* Objects that nothing points to. */
static int forgotten(void)
{
	int fd = open(MEMLEAK, O_RDWR), n = 0;
	const char *at;

	if (fd < 0)
		return 0;
	if (write(fd, "scan", 4) < 0)
		diag("memleak: %s", strerror(errno));
	close(fd);
	for (at = tap_read(MEMLEAK); (at = strstr(at, "unreferenced")); at++)
		n++;
	return n;
}

static int runner_fd(int fd)
{
	int high = fcntl(fd, F_DUPFD_CLOEXEC, SCORE_FD);

	close(fd);
	return high;
}

void tap_fail_all(const char *what, const char *dir, const struct tap_test *const *tests, int n,
		  int counts[3])
{
	static struct census connections;
	char place[PATH_MAX], text[600] = "";
	struct tap_way way = {.place = place, .begin = arm};
	const char *colon = strchr(what, ':');
	int most = colon ? atoi(colon + 1) : ROUNDS, before, after, rounds = 0;

	snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(what, ":"), what);
	is_disk = strcmp(kind, "alloc");
	tests_dir = dir;
	fail_fd = open(FAIL, O_RDWR);
	if (fail_fd < 0) {
		skip(what, "not a debug kernel");
		return;
	}
	fail_fd = runner_fd(fail_fd);
	way.output = output_fd = runner_fd((int)syscall(SYS_memfd_create, "output", 0));
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	tap_failing = true;
	n_mounts = mounts_count(tap_read("/proc/self/mounts"));
	/* Fragments that wait for lost ones, and connections that nobody answers, go soon. */
	setting_write("/proc/sys/net/ipv4/ipfrag_time", "1");
	setting_write("/proc/sys/net/ipv6/ip6frag_time", "1");
	setting_write("/proc/sys/net/ipv4/tcp_orphan_retries", "1");
	tap_names("/proc/sys", setting_save);
	tap_net_save();
	tell("forget");
	census_take(&connections, true);
	before = forgotten();
	for (int i = 0; i < n; i++) {
		snprintf(place, sizeof(place), "%s/tap.%d.%s", dir, getpid(), tests[i]->name);
		rounds += fail_test(tests[i], &way, colon ? NULL : "new", most);
		tap_count(counts);
	}
	if (!ok(census_returns(&connections, true, 1500, text, sizeof(text)),
		"leaves no connections"))
		diag("  more than before:%s", text);
	after = forgotten();
	if (!ok(after <= before, "nothing is forgotten"))
		diag("  %d objects, %d before:\n%s", after, before, tap_read(MEMLEAK));
	diag("%d tests, %d rounds", n, rounds);
}
