/*
 * Locks, waits, signals and ends that meet on several CPUs: each test has threads or processes
 * hammer one part of the system for a moment, with an invariant that a race would break. They pass
 * on one CPU as well.
 */
#include "meet.h"
#include <dirent.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/time.h>

/*
 * Locks.
 */
static struct flock range(int type, int at)
{
	return (struct flock){
		.l_type = (short)type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
}

static _Atomic int lock_result, lock_errno;

static void *lock_and_wait(void *argument)
{
	struct flock l = range(F_WRLCK, 0);

	lock_result = fcntl(*(int *)argument, F_SETLKW, &l);
	lock_errno = errno;
	return NULL;
}

static int hold_lock(void *argument)
{
	struct flock l = range(F_WRLCK, 0);
	int *to = argument, fd = open("f", O_RDWR);
	char c;

	if (fcntl(fd, F_SETLK, &l) || write(to[1], "x", 1) != 1 || read(to[2], &c, 1) != 1)
		return 1;
	l.l_type = F_UNLCK;
	if (fcntl(fd, F_SETLK, &l) || read(to[2], &c, 1) != 1)
		return 2;
	l.l_type = F_WRLCK;
	return fcntl(fd, F_SETLK, &l) ? 3 : 0;
}

TEST(lock_of_a_closed_descriptor)
{
	pthread_t thread;
	int p[4], fd = tap_file("f", "text");
	char c;

	must(pipe(p));
	must(pipe(p + 2));
	pid_t pid = tap_spawn(hold_lock, p);
	must(read(p[0], &c, 1));
	must(pthread_create(&thread, NULL, lock_and_wait, &fd));
	tap_sleep_ms(100);
	close(fd);
	must(write(p[3], "x", 1));
	must(pthread_join(thread, NULL));
	is(lock_result, -1, "who waited for a lock on a descriptor closed meanwhile");
	is(lock_errno, EBADF, "has none");
	must(write(p[3], "x", 1));
	exits(pid, 0, "nor has the process");
}

/* Holds Y, waits for X, lets go of both. */
static int lock_other_way(void *argument)
{
	struct flock x = range(F_WRLCK, 0), y = range(F_WRLCK, 1);
	int fd = open("f", O_RDWR), *to = argument;

	if (fcntl(fd, F_SETLK, &y) || write(to[1], "x", 1) != 1 || fcntl(fd, F_SETLKW, &x))
		return 1;
	tap_sleep_ms(2);
	return 0;
}

TEST(no_deadlock_where_none_is)
{
	int p[2], fd = tap_file("f", "text"), rounds = 0;
	char c;

	must(pipe(p));
	begin();
	while (go_on()) {
		struct flock x = range(F_WRLCK, 0), y = range(F_WRLCK, 1);

		must(fcntl(fd, F_SETLK, &x));
		pid_t pid = tap_spawn(lock_other_way, p);
		must(read(p[0], &c, 1));
		if (!tap_await_state(pid, 'S'))
			break;
		x.l_type = F_UNLCK;
		must(fcntl(fd, F_SETLK, &x));
		if (fcntl(fd, F_SETLKW, &y))
			bad++;
		y.l_type = F_UNLCK;
		must(fcntl(fd, F_SETLK, &y));
		must(waitpid(pid, NULL, 0));
		rounds++;
	}
	ok(rounds > 0, "rounds were made");
	is(bad, 0, "who was let go and has not run waits for nobody");
}

static void nothing(int signo)
{
	(void)signo;
}

static int ofd_other_way(void *argument)
{
	struct flock x = range(F_WRLCK, 0), y = range(F_WRLCK, 1);
	int fd = open("f", O_RDWR), *to = argument;

	if (fcntl(fd, F_OFD_SETLK, &y) || write(to[1], "x", 1) != 1)
		return 1;
	fcntl(fd, F_OFD_SETLKW, &x);
	return 0;
}

TEST(open_files_may_deadlock)
{
	struct sigaction action = {.sa_handler = nothing};
	struct itimerval soon = {{0, 0}, {0, 200000}};
	struct flock x = range(F_WRLCK, 0), y = range(F_WRLCK, 1);
	int p[2], fd = tap_file("f", "text");
	char c;

	must(pipe(p));
	must(fcntl(fd, F_OFD_SETLK, &x));
	pid_t pid = tap_spawn(ofd_other_way, p);
	must(read(p[0], &c, 1));
	tap_await_state(pid, 'S');
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	fails(fcntl(fd, F_OFD_SETLKW, &y), EINTR, "nobody looks for a circle of open files");
	x.l_type = F_UNLCK;
	must(fcntl(fd, F_OFD_SETLK, &x));
	exits(pid, 0, "the other one goes on");
}

/*
 * What waits.
 */
static int epoll_fd;

static void *wait_level(void *argument)
{
	while (go_on()) {
		struct epoll_event e;

		if (epoll_wait(epoll_fd, &e, 1, 0) < 0)
			bad++;
	}
	return argument;
}

static void *poll_level(void *argument)
{
	while (go_on()) {
		struct pollfd p = {epoll_fd, POLLIN, 0};

		if (poll(&p, 1, 0) != 1)
			bad++;
	}
	return argument;
}

TEST(level_is_always_there)
{
	static void *(*const run[])(void *) = {wait_level, wait_level, poll_level};
	struct epoll_event e = {.events = EPOLLIN};

	epoll_fd = must(epoll_create1(0));
	must(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, must(eventfd(1, 0)), &e));
	begin();
	together(3, run, NULL);
	is(bad, 0, "who polls sees what others are taking and will be there again");
}

/* A byte to and fro, each waited for by poll. */
static void *echo(void *argument)
{
	int *fd = argument;

	for (int i = 0; i < 2000 && !bad; i++) {
		struct pollfd p = {fd[0], POLLIN, 0};
		char c;

		if (poll(&p, 1, 5000) != 1 || read(fd[0], &c, 1) != 1 || write(fd[3], &c, 1) != 1)
			bad++;
	}
	return NULL;
}

static void *call(void *argument)
{
	int *fd = argument;

	for (int i = 0; i < 2000 && !bad; i++) {
		struct epoll_event e = {.events = EPOLLIN};
		char c = 'c';

		/* added anew each time: nothing is lost between the hook and the look */
		if (write(fd[1], &c, 1) != 1 || epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd[2], &e) ||
		    epoll_wait(epoll_fd, &e, 1, 5000) != 1 || read(fd[2], &c, 1) != 1 ||
		    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd[2], NULL))
			bad++;
	}
	return NULL;
}

TEST(polls_that_meet_writes)
{
	static void *(*const run[])(void *) = {echo, call};
	int fd[4];

	must(pipe(fd));
	must(pipe(fd + 2));
	epoll_fd = must(epoll_create1(0));
	begin();
	together(2, run, fd);
	is(bad, 0, "2000 rounds without a lost wake-up");
}

static void *close_watched(void *argument)
{
	while (go_on()) {
		struct epoll_event e = {.events = EPOLLIN | EPOLLET};
		int fd = eventfd(1, 0);

		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &e))
			bad++;
		close(fd);
	}
	return argument;
}

static void *harvest(void *argument)
{
	while (go_on()) {
		struct epoll_event e[4];

		if (epoll_wait(epoll_fd, e, 4, 1) < 0)
			bad++;
	}
	return argument;
}

TEST(close_against_epoll)
{
	static void *(*const run[])(void *) = {close_watched, close_watched, harvest, harvest};

	epoll_fd = must(epoll_create1(0));
	begin();
	together(4, run, NULL);
	is(bad, 0, "watches go with their files");
	struct epoll_event e;
	is(epoll_wait(epoll_fd, &e, 1, 0), 0, "none is left");
}

static uint32_t word;

static void *sleep_on_word(void *argument)
{
	syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
	return argument;
}

TEST(requeue_to_itself)
{
	pthread_t thread[3];
	long woken = 0;

	for (int i = 0; i < 3; i++)
		must(pthread_create(&thread[i], NULL, sleep_on_word, NULL));
	tap_sleep_ms(100);
	works(syscall(SYS_futex, &word, FUTEX_REQUEUE, 0, 0x7fffffffL, &word, 0),
	      "all waiters of a word to that word");
	for (int i = 0; i < 100 && woken < 3; i++) {
		woken += syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0);
		tap_sleep_ms(1);
	}
	is(woken, 3, "they wait there");
	for (int i = 0; i < 3; i++)
		must(pthread_join(thread[i], NULL));
}

static int critical(void *argument)
{
	struct sembuf down = {0, -1, SEM_UNDO}, up = {0, 1, SEM_UNDO};
	int id = *(int *)argument;

	for (;;)
		if (semop(id, &down, 1) || semop(id, &up, 1))
			return 1;
}

TEST(undo_of_the_killed)
{
	int id = must(semget(IPC_PRIVATE, 1, 0600)), strange = 0;

	must(semctl(id, 0, SETVAL, 1));
	begin();
	while (go_on()) {
		pid_t pid[3];
		int status;

		for (int i = 0; i < 3; i++)
			pid[i] = tap_spawn(critical, &id);
		usleep(5000);
		for (int i = 0; i < 3; i++)
			kill(pid[i], SIGKILL);
		for (int i = 0; i < 3; i++)
			strange += waitpid(pid[i], &status, 0) != pid[i] || !WIFSIGNALED(status);
	}
	is(strange, 0, "all were killed at it");
	is(semctl(id, 0, GETVAL), 1, "what they had taken is given back");
	must(semctl(id, 0, IPC_RMID));
}

/*
 * Processes.
 */
static int end_under_timer(void *argument)
{
	struct itimerval fast = {{0, 50}, {0, 50}};

	signal(SIGALRM, SIG_IGN);
	setitimer(ITIMER_REAL, &fast, NULL);
	usleep((unsigned)(long)argument);
	return 0;
}

TEST(ends_under_timers)
{
	begin();
	for (long i = 0; go_on(); i++) {
		pid_t pid[3];
		int status;

		for (int j = 0; j < 3; j++)
			pid[j] = tap_spawn(end_under_timer, (void *)(i % 7 * 30));
		for (int j = 0; j < 3; j++)
			if (waitpid(pid[j], &status, 0) != pid[j] || status)
				bad++;
	}
	is(bad, 0, "a timer ends with its process");
}

static void *send_many(void *argument)
{
	pid_t pid = *(pid_t *)argument;

	for (int i = 0; i < 300; i++)
		while (sigqueue(pid, SIGRTMIN + 1, (union sigval){.sival_int = i}) &&
		       errno == EAGAIN)
			usleep(100);
	return NULL;
}

static int count_signals(void *argument)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	for (int i = 0; i < 900; i++) {
		struct timespec limit = {10, 0};

		if (sigtimedwait(&set, NULL, &limit) != SIGRTMIN + 1)
			return 1;
	}
	return (int)(long)argument;
}

TEST(signals_from_all_sides)
{
	static void *(*const run[])(void *) = {send_many, send_many, send_many};
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	must(sigprocmask(SIG_BLOCK, &set, NULL));
	pid = tap_spawn(count_signals, NULL);
	together(3, run, &pid);
	exits(pid, 0, "every queued signal arrives once");
}

static _Atomic int n_reaped;

static void *wait_for_any(void *argument)
{
	int status;

	while (waitpid(-1, &status, 0) > 0)
		n_reaped++;
	return argument;
}

TEST(waits_share_children)
{
	static void *(*const run[])(void *) = {wait_for_any, wait_for_any, wait_for_any};

	n_reaped = 0;
	for (int i = 0; i < 60; i++)
		if (must(fork()) == 0) {
			usleep((unsigned)(i * 300));
			_exit(i);
		}
	together(3, run, NULL);
	is(n_reaped, 60, "each child is waited for once");
}

static void *end_or_exec(void *argument)
{
	usleep(200);
	if (argument)
		execl(tap_self, tap_self, "--as", "nothing", NULL);
	return NULL;
}

HELPER(nothing)
{
	return 0;
}

static int live_shortly(void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, end_or_exec, argument) ||
	    pthread_create(&thread, NULL, end_or_exec, NULL))
		return 1;
	usleep(300);
	return 0;
}

static void read_quietly(const char *path)
{
	char text[512];
	int fd = open(path, O_RDONLY);

	while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
		;
	if (fd >= 0)
		close(fd);
}

static pid_t _Atomic watched;

static void *spy(void *argument)
{
	static const char *const files[] = {"stat", "status", "maps", "cmdline",
					    "environ", "limits", "mounts", "wchan",
					    "io", "auxv", "smaps", "statm"};

	while (go_on()) {
		char path[64];
		DIR *dir;

		for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", watched, files[i]);
			read_quietly(path);
		}
		for (int i = 0; i < 2; i++) {
			snprintf(path, sizeof(path), "/proc/%d/%s", watched, i ? "fd" : "task");
			dir = opendir(path);
			while (dir && readdir(dir))
				;
			if (dir)
				closedir(dir);
		}
	}
	return argument;
}

TEST(spies_and_the_dying)
{
	pthread_t thread[2];

	begin();
	watched = getpid();
	for (int i = 0; i < 2; i++)
		must(pthread_create(&thread[i], NULL, spy, NULL));
	for (long i = 0; go_on(); i++) {
		int status;

		watched = tap_spawn(live_shortly, (void *)(i & 1));
		if (waitpid(watched, &status, 0) != watched || status)
			bad++;
	}
	for (int i = 0; i < 2; i++)
		must(pthread_join(thread[i], NULL));
	is(bad, 0, "who is looked at lives and ends as ever");
}
