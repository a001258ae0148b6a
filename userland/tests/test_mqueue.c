/* POSIX message queues: mq_overview(7), mq_open(3) and its relatives, and their file system. */
#include "mq.h"
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <time.h>

#define SYSCTL(name) "/proc/sys/fs/mqueue/" name

static struct timespec after_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* The call itself, with the name as it is. */
static long raw_open(const char *name, int flags, int mode, void *attr)
{
	return syscall(SYS_mq_open, name, flags, mode, attr);
}

TEST(open)
{
	struct mq_attr attr;
	char name[300];
	mqd_t q;

	mq_unlink(NAME);
	fails(mq_open(NAME, O_RDWR), ENOENT, "there is none");
	q = must(mq_open(NAME, O_RDWR | O_CREAT, 0600, NULL));
	is(fcntl(q, F_GETFD), FD_CLOEXEC, "it is closed by exec");
	works(mq_getattr(q, &attr), "attributes");
	is(attr.mq_maxmsg, 10, "ten messages");
	is(attr.mq_msgsize, 8192, "of 8192 bytes");
	is(attr.mq_curmsgs, 0, "none is there");
	fails(mq_open(NAME, O_RDWR | O_CREAT | O_EXCL, 0600, NULL), EEXIST, "it is there");
	works(close(mq_open(NAME, O_RDONLY)), "opened again");
	works(mq_unlink(NAME), "unlink");
	fails(mq_unlink(NAME), ENOENT, "only once");
	works(mq_send(q, "x", 1, 0), "it can still be used");
	fails(raw_open("", O_RDWR, 0, NULL), ENOENT, "no name");
	fails(raw_open("/x", O_RDWR, 0, NULL), EACCES, "a slash");
	fails(raw_open("a/b", O_RDWR | O_CREAT, 0600, NULL), EACCES, "a slash within");
	fails(raw_open(".", O_RDWR, 0, NULL), EACCES, "a dot");
	fails(raw_open("..", O_RDWR, 0, NULL), EACCES, "two dots");
	fails(raw_open(BAD, O_RDWR, 0, NULL), EFAULT, "a bad name");
	fails(raw_open("x", O_RDWR | O_CREAT, 0600, BAD), EFAULT, "bad attributes");
	fails(syscall(SYS_mq_unlink, BAD), EFAULT, "unlink: a bad name");
	fails(syscall(SYS_mq_unlink, "a/b"), EACCES, "unlink: a slash");
	memset(name, 'n', sizeof(name));
	name[256] = 0;
	fails(raw_open(name, O_RDWR | O_CREAT, 0600, NULL), ENAMETOOLONG, "too long");
	name[255] = 0;
	works(close(must(raw_open(name, O_RDWR | O_CREAT, 0600, NULL))), "as long as may be");
	works(syscall(SYS_mq_unlink, name), "and gone");
}

TEST(attributes)
{
	static const long bad[][2] = {{0, 10}, {10, 0}, {-1, 10}, {10, -1}, {65537, 1},
				      {1, 16777217}};
	struct mq_attr attr, old;
	mqd_t q;
	int wrong = 0;

	mq_unlink(NAME);
	for (int i = 0; i < 6; i++) {
		attr = (struct mq_attr){.mq_maxmsg = bad[i][0], .mq_msgsize = bad[i][1]};
		wrong += mq_open(NAME, O_RDWR | O_CREAT, 0600, &attr) >= 0 || errno != EINVAL;
	}
	is(wrong, 0, "sizes that cannot be");
	q = make(O_NONBLOCK);
	works(mq_getattr(q, &attr), "attributes");
	is(attr.mq_flags, O_NONBLOCK, "its flag");
	is(attr.mq_maxmsg * 1000 + attr.mq_msgsize, 4064, "its sizes");
	attr = (struct mq_attr){.mq_flags = 0, .mq_maxmsg = 100, .mq_msgsize = 1};
	works(mq_setattr(q, &attr, &old), "set");
	is(old.mq_flags, O_NONBLOCK, "what it was");
	works(mq_getattr(q, &attr), "look");
	is(attr.mq_flags * 1000000 + attr.mq_maxmsg, 4, "only the flag has changed");
	attr.mq_flags = O_APPEND;
	fails(mq_setattr(q, &attr, NULL), EINVAL, "another flag");
	fails(mq_getattr(0x7fff, &attr), EBADF, "no descriptor");
	fails(mq_getattr(tap_file("f", "x"), &attr), EBADF, "not of a queue");
	fails(syscall(SYS_mq_getsetattr, q, BAD, NULL), EFAULT, "bad new ones");
	fails(syscall(SYS_mq_getsetattr, q, NULL, BAD), EFAULT, "bad old ones");
	mq_unlink(NAME);
}

TEST(order)
{
	static const unsigned priority[] = {3, 7, 3, 7};
	mqd_t q = make(O_NONBLOCK);
	char text[64], got[16] = "";
	unsigned p, sum = 0;

	for (int i = 0; i < 4; i++)
		must(mq_send(q, &"abcd"[i], 1, priority[i]));
	fails(mq_send(q, "e", 1, 32767), EAGAIN, "it is full");
	for (int i = 0; i < 4; i++) {
		must(mq_receive(q, text, 64, &p));
		strncat(got, text, 1);
		sum = sum * 10 + p;
	}
	is_text(got, "bdac", "by priority, then by age");
	is(sum, 7733, "with their priorities");
	fails(mq_receive(q, text, 64, NULL), EAGAIN, "it is empty");
	works(mq_send(q, "", 0, 32767), "nothing, urgently");
	is(mq_receive(q, text, 64, NULL), 0, "is received, too");
	mq_unlink(NAME);
}

TEST(errors)
{
	mqd_t q = make(0), r, w;
	struct timespec bad = {0, 1000000000}, t;
	char text[100] = "";

	r = must(mq_open(NAME, O_RDONLY));
	w = must(mq_open(NAME, O_WRONLY));
	fails(mq_send(q, text, 65, 0), EMSGSIZE, "too long");
	fails(mq_send(q, text, 1, 32768), EINVAL, "too urgent");
	fails(mq_send(r, text, 1, 0), EBADF, "not for writing");
	fails(mq_receive(w, text, 100, NULL), EBADF, "not for reading");
	fails(mq_receive(r, text, 63, NULL), EMSGSIZE, "no room for the longest");
	fails(mq_send(0x7fff, text, 1, 0), EBADF, "no descriptor");
	fails(mq_send(tap_file("f", ""), text, 1, 0), EBADF, "not of a queue");
	fails(mq_send(q, BAD, 1, 0), EFAULT, "a bad text");
	fails(syscall(SYS_mq_timedsend, q, text, 1, 0, BAD), EFAULT, "a bad time pointer");
	fails(syscall(SYS_mq_timedsend, q, text, 1, 0, &bad), EINVAL, "a bad time");
	fails(syscall(SYS_mq_timedreceive, q, text, 64, NULL, &bad), EINVAL, "a bad time");
	t = after_ms(30);
	fails(mq_timedreceive(q, text, 64, NULL, &t), ETIMEDOUT, "nothing comes");
	for (int i = 0; i < 4; i++)
		must(mq_send(q, "x", 1, 0));
	t = after_ms(30);
	fails(mq_timedsend(q, "x", 1, 0, &t), ETIMEDOUT, "nobody takes one");
	t.tv_sec = t.tv_nsec = 0;
	fails(mq_timedsend(q, "x", 1, 0, &t), ETIMEDOUT, "long ago");
	fails(syscall(SYS_mq_timedreceive, q, BAD, 64, NULL, NULL), EFAULT, "a bad buffer");
	fails(write(q, "x", 1), EINVAL, "it cannot be written to");
	mq_unlink(NAME);
}

static int send_later(void *argument)
{
	tap_sleep_ms(40);
	must(mq_send(*(mqd_t *)argument, "late", 4, 9));
	return 0;
}

static int receive_later(void *argument)
{
	char text[64];

	tap_sleep_ms(40);
	must(mq_receive(*(mqd_t *)argument, text, 64, NULL));
	return 0;
}

TEST(waiting)
{
	mqd_t q = make(0);
	struct itimerspec once = {.it_value.tv_nsec = 30000000};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
	char text[64];
	unsigned p;
	timer_t timer;
	pid_t pid = tap_spawn(send_later, &q);

	is(mq_receive(q, text, 64, &p), 4, "a message comes from another process");
	is(p, 9, "with its priority");
	exits(pid, 0, "the sender");
	for (int i = 0; i < 4; i++)
		must(mq_send(q, &"1234"[i], 1, 0));
	pid = tap_spawn(receive_later, &q);
	works(mq_send(q, "5", 1, 5), "there is room at last");
	exits(pid, 0, "the receiver");
	must(mq_receive(q, text, 64, &p));
	is(text[0], '5', "and it is in its place");
	for (int i = 0; i < 3; i++)
		must(mq_receive(q, text, 64, &p));
	catch(SIGUSR1, 0);
	must(timer_create(CLOCK_MONOTONIC, &event, &timer));
	must(timer_settime(timer, 0, &once, NULL));
	fails(mq_receive(q, text, 64, NULL), EINTR, "a signal ends the wait");
	mq_unlink(NAME);
}

struct urgent {
	mqd_t q;
	int priority;
	volatile int tid;
	char got;
	pthread_t thread;
};

static void *receive_urgently(void *argument)
{
	struct urgent *u = argument;
	struct sched_param param = {.sched_priority = u->priority};
	char text[64];

	if (u->priority)
		must(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param));
	u->tid = (int)syscall(SYS_gettid);
	if (mq_receive(u->q, text, 64, NULL) == 1)
		u->got = text[0];
	return NULL;
}

TEST(urgent_receivers)
{
	mqd_t q = make(0);
	struct urgent u[3] = {{.q = q}, {.q = q, .priority = 20}, {.q = q, .priority = 10}};
	char got[4] = "";

	for (int i = 0; i < 3; i++) {
		char path[64];

		must(pthread_create(&u[i].thread, NULL, receive_urgently, &u[i]));
		while (!u[i].tid)
			tap_sleep_ms(1);
		snprintf(path, sizeof(path), "/proc/self/task/%d/stat", u[i].tid);
		for (int n = 0; n < 5000 && !strstr(tap_read(path), ") S"); n++)
			tap_sleep_ms(1);
	}
	for (int i = 0; i < 3; i++)
		must(mq_send(q, &"abc"[i], 1, 0));
	for (int i = 0; i < 3; i++) {
		must(pthread_join(u[i].thread, NULL));
		got[i] = u[i].got;
	}
	is_text(got, "cab", "the most urgent thread is served first");
	mq_unlink(NAME);
}

static int try_as_user(void *argument)
{
	(void)argument;
	if (mq_open(NAME, O_RDONLY) >= 0 || errno != EACCES)
		return 1;
	if (mq_open(NAME "-read", O_RDWR) >= 0 || errno != EACCES)
		return 2;
	if (mq_open(NAME "-read", O_RDONLY) < 0)
		return 3;
	if (mq_unlink(NAME "-read") == 0 || (errno != EPERM && errno != EACCES))
		return 4;
	if (mq_open(NAME "-read", O_RDONLY | O_CREAT, 0600, NULL) < 0)
		return 5;
	if (mq_open(NAME "-mine", O_RDWR | O_CREAT, 0600, &small) < 0)
		return 6;
	if (mq_unlink(NAME "-mine"))
		return 7;
	struct mq_attr attr = {.mq_maxmsg = 11, .mq_msgsize = 1};
	if (mq_open(NAME "-mine", O_RDWR | O_CREAT, 0600, &attr) >= 0 || errno != EINVAL)
		return 8;
	attr = (struct mq_attr){.mq_maxmsg = 1, .mq_msgsize = 8193};
	if (mq_open(NAME "-mine", O_RDWR | O_CREAT, 0600, &attr) >= 0 || errno != EINVAL)
		return 9;
	return 0;
}

TEST(permissions)
{
	make(0);
	umask(0);
	mq_unlink(NAME "-read");
	must(mq_open(NAME "-read", O_RDWR | O_CREAT, 0644, &small));
	is(tap_as_user(try_as_user, NULL), 0, "what a user may");
	mq_unlink(NAME);
	mq_unlink(NAME "-read");
	umask(022);
	mqd_t q = must(mq_open(NAME, O_RDWR | O_CREAT, 0666, &small));
	struct stat st;
	works(fstat(q, &st), "stat");
	is(st.st_mode, S_IFREG | 0644, "the umask counts");
	is(st.st_size, 80, "the size that is shown");
	is(st.st_nlink, 1, "one name");
	mq_unlink(NAME);
	works(fstat(q, &st), "stat");
	is(st.st_nlink, 0, "none");
}

TEST(limit)
{
	struct rlimit limit = {.rlim_cur = 2 * (4 * (64 + 48 + 48)), .rlim_max = RLIM_INFINITY};
	mqd_t a, b;

	mq_unlink(NAME "-a");
	mq_unlink(NAME "-b");
	mq_unlink(NAME "-c");
	must(setrlimit(RLIMIT_MSGQUEUE, &limit));
	a = must(mq_open(NAME "-a", O_RDWR | O_CREAT, 0600, &small));
	b = must(mq_open(NAME "-b", O_RDWR | O_CREAT, 0600, &small));
	fails(mq_open(NAME "-c", O_RDWR | O_CREAT, 0600, &small), EMFILE, "RLIMIT_MSGQUEUE");
	mq_unlink(NAME "-a");
	fails(mq_open(NAME "-c", O_RDWR | O_CREAT, 0600, &small), EMFILE, "open ones count");
	close(a);
	works(close(must(mq_open(NAME "-c", O_RDWR | O_CREAT, 0600, &small))), "one less");
	close(b);
	mq_unlink(NAME "-b");
	mq_unlink(NAME "-c");
}

TEST(no_descriptor)
{
	struct rlimit limit;

	mq_unlink(NAME);
	must(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = 3;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	fails(mq_open(NAME, O_RDWR | O_CREAT, 0600, NULL), EMFILE, "no descriptor is left");
	limit.rlim_cur = 64;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	fails(mq_open(NAME, O_RDWR), ENOENT, "and no queue was made");
}

static int reach_maximum(void *argument)
{
	(void)argument;
	return mq_open(NAME, O_RDWR | O_CREAT, 0600, &small) >= 0 || errno != ENOSPC;
}

TEST(limits)
{
	struct mq_attr attr;
	mqd_t q;

	is_text(tap_read(SYSCTL("queues_max")), "256\n", "queues_max");
	is_text(tap_read(SYSCTL("msg_max")), "10\n", "msg_max");
	is_text(tap_read(SYSCTL("msgsize_max")), "8192\n", "msgsize_max");
	is_text(tap_read(SYSCTL("msg_default")), "10\n", "msg_default");
	is_text(tap_read(SYSCTL("msgsize_default")), "8192\n", "msgsize_default");
	mq_unlink(NAME);
	works(tap_write(SYSCTL("msg_default"), "7"), "set msg_default");
	works(tap_write(SYSCTL("msgsize_default"), "200"), "set msgsize_default");
	q = must(mq_open(NAME, O_RDWR | O_CREAT, 0600, NULL));
	must(mq_getattr(q, &attr));
	is(attr.mq_maxmsg * 1000 + attr.mq_msgsize, 7200, "new queues obey");
	mq_unlink(NAME);
	must(tap_write(SYSCTL("msg_max"), "5"));
	q = must(mq_open(NAME, O_RDWR | O_CREAT, 0600, NULL));
	must(mq_getattr(q, &attr));
	is(attr.mq_maxmsg, 5, "the default is no more than the maximum");
	mq_unlink(NAME);
	fails(tap_write(SYSCTL("msg_max"), "65537"), EINVAL, "msg_max: too much");
	fails(tap_write(SYSCTL("msg_max"), "0"), EINVAL, "too little");
	fails(tap_write(SYSCTL("msgsize_max"), "16777217"), EINVAL, "msgsize_max: too much");
	fails(tap_write(SYSCTL("msgsize_max"), "127"), EINVAL, "too little");
	must(tap_write(SYSCTL("queues_max"), "0"));
	is(tap_as_user(reach_maximum, NULL), 0, "no more queues for a user");
	must(tap_write(SYSCTL("queues_max"), "256"));
	must(tap_write(SYSCTL("msg_max"), "10"));
	must(tap_write(SYSCTL("msg_default"), "10"));
	must(tap_write(SYSCTL("msgsize_default"), "8192"));
}

TEST(poll)
{
	mqd_t q = make(O_NONBLOCK);
	struct pollfd p = {.fd = q, .events = POLLIN | POLLOUT};
	struct epoll_event e = {.events = EPOLLIN | EPOLLET};
	int epoll = must(epoll_create1(0));
	char text[64];
	pid_t pid;

	must(epoll_ctl(epoll, EPOLL_CTL_ADD, q, &e));
	is(poll(&p, 1, 0), 1, "an empty one");
	is(p.revents, POLLOUT, "takes messages");
	is(epoll_wait(epoll, &e, 1, 0), 0, "and has none");
	pid = tap_spawn(send_later, &q);
	is(epoll_wait(epoll, &e, 1, 5000), 1, "one comes");
	exits(pid, 0, "the sender");
	for (int i = 0; i < 3; i++)
		must(mq_send(q, "x", 1, 0));
	is(poll(&p, 1, 0), 1, "a full one");
	is(p.revents, POLLIN, "has messages");
	pid = tap_spawn(receive_later, &q);
	p.events = POLLOUT;
	is(poll(&p, 1, 5000), 1, "until one is taken");
	exits(pid, 0, "the receiver");
	must(mq_receive(q, text, 64, NULL));
	mq_unlink(NAME);
}

TEST(filesystem)
{
	mqd_t q = make(0), other;
	struct statfs fs;
	struct stat st;
	char path[64] = "mnt" NAME;

	if (!tap_root())
		return;
	mkdir("mnt", 0755);
	works(mount("none", "mnt", "mqueue", 0, NULL), "mount");
	works(statfs("mnt", &fs), "statfs");
	is(fs.f_type, 0x19800202, "its magic number");
	works(stat("mnt", &st), "stat");
	is(st.st_mode, S_IFDIR | 01777, "its root");
	must(mq_send(q, "hello", 5, 0));
	is_text(tap_read(path), "QSIZE:5          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n",
		"a queue is a file there");
	other = must(open("mnt/made", O_RDWR | O_CREAT, 0600));
	works(mq_send(other, "x", 1, 0), "what is made there is a queue");
	works(close(mq_open("/made", O_RDWR)), "for everybody");
	fails(mkdir("mnt/dir", 0755), EPERM, "no directories");
	fails(rename("mnt/made", "mnt/moved"), EPERM, "no new names");
	fails(link("mnt/made", "mnt/moved"), EPERM, "no more names");
	fails(symlink("made", "mnt/moved"), EPERM, "no links");
	works(unlink("mnt/made"), "unlink");
	fails(mq_open("/made", O_RDWR), ENOENT, "it is gone");
	works(chmod(path, 0640), "chmod");
	works(chown(path, 5, 6), "chown");
	must(fstat(q, &st));
	is(st.st_uid * 1000000 + st.st_gid * 10000 + (st.st_mode & 07777), 5060000 + 0640,
	   "the queue has changed");
	close(other);
	works(umount("mnt"), "umount");
	works(close(mq_open(NAME, O_RDWR)), "it is still there");
	mq_unlink(NAME);
}

enum { EACH = 500 };

static int send_many(void *argument)
{
	mqd_t q = *(mqd_t *)argument;

	for (unsigned i = 0; i < EACH; i++) {
		unsigned text[2] = {(unsigned)getpid(), i};

		if (mq_send(q, (char *)text, sizeof(text), i % 3))
			return 1;
	}
	return 0;
}

static int receive_many(void *argument)
{
	mqd_t q = *(mqd_t *)argument;
	char text[64];

	for (int i = 0; i < EACH; i++)
		if (mq_receive(q, text, sizeof(text), NULL) != 8)
			return 1;
	return 0;
}

TEST(crowd)
{
	mqd_t q = make(0);
	struct mq_attr attr;
	pid_t pids[8];

	for (int i = 0; i < 4; i++) {
		pids[2 * i] = tap_spawn(send_many, &q);
		pids[2 * i + 1] = tap_spawn(receive_many, &q);
	}
	for (int i = 0; i < 8; i++)
		exits(pids[i], 0, "one of four senders or four receivers");
	must(mq_getattr(q, &attr));
	is(attr.mq_curmsgs, 0, "none is left");
	mq_unlink(NAME);
}
