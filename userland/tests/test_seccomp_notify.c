/* System calls that another process answers: seccomp_unotify(2). */
#include "seccomp.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int listener(long nr, unsigned flags)
{
	no_new_privs();
	return (int)filter(SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, nr, SECCOMP_RET_USER_NOTIF);
}

/* A child that is filtered and makes calls; its listener comes by a socket. */
static pid_t filtered(long nr, unsigned flags, int (*run)(void), int *fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr head;
	} u = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &u,
			    .msg_controllen = sizeof(u) };
	int pair[2];
	pid_t pid;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = fork();
	if (!pid) {
		int mine = listener(nr, flags);

		u.head = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
					   .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(&u.head), &mine, sizeof(int));
		if (mine < 0 || sendmsg(pair[0], &m, 0) != 1)
			_exit(99);
		close(mine);
		close(pair[0]);
		close(pair[1]);
		_exit(run());
	}
	close(pair[0]);
	if (recvmsg(pair[1], &m, 0) != 1)
		must(-1);
	memcpy(fd, CMSG_DATA(&u.head), sizeof(int));
	close(pair[1]);
	return pid;
}

static short events(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	must(poll(&p, 1, 0));
	return p.revents;
}

static int ask_four(void)
{
	if (syscall(SYS_getppid, 11, 22, 33, 44, 55, 66) != 1000)
		return 1;
	if (syscall(SYS_getppid) != -1 || errno != EXDEV)
		return 2;
	if (syscall(SYS_getppid) <= 0)
		return 3;
	if (syscall(SYS_getppid) != -1 || errno != ENOSYS)
		return 4;
	return syscall(SYS_getppid) != -1 || errno != ENOSYS ? 5 : 0;
}

TEST(listener)
{
	struct seccomp_notif n = { 0 };
	struct seccomp_notif_resp r = { 0 };
	uint64_t id = 12345;
	int fd;
	pid_t pid = filtered(SYS_getppid, 0, ask_four, &fd);

	ok(fcntl(fd, F_GETFD) >= 0, "a descriptor");
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id), ENOENT, "no such question");
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), ENOENT, "nor an answer to it");
	n.flags = 1;
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), EINVAL, "room that is not empty");
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, BAD), EFAULT, "no room at all");
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, BAD), EFAULT, "no answer at all");
	fails(ioctl(fd, 0x2100), EINVAL, "an unknown request");
	n.flags = 0;
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, tap_readonly()), EFAULT, "room that stays empty");
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), "the question comes again");
	ok(n.pid == (unsigned)pid && n.data.nr == SYS_getppid && n.data.arch == AUDIT_ARCH_X86_64,
	   "who asks what");
	ok(n.data.args[0] == 11 && n.data.args[5] == 66, "with which arguments");
	is(events(fd), POLLOUT, "an answer is due");
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id), "it waits");
	r = (struct seccomp_notif_resp){ .id = n.id, .val = 1000, .flags = 2 };
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), EINVAL, "an unknown flag");
	r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), EINVAL, "CONTINUE and a value");
	r.flags = 0;
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), "a value");
	n = (struct seccomp_notif){ 0 };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), "the next question");
	ok(n.id != r.id, "is another");
	r = (struct seccomp_notif_resp){ .id = n.id, .error = -EXDEV };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), "an error");
	n = (struct seccomp_notif){ 0 };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), "the third");
	r = (struct seccomp_notif_resp){ .id = n.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), "is to be made");
	n = (struct seccomp_notif){ 0 };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), "the fourth");
	close(fd);
	exits(pid, 0, "and without a listener there is no such call");
}

static int ask_fds(void)
{
	char byte;
	long fd = syscall(SYS_getppid);

	if (fd < 0 || write((int)fd, "a", 1) != 1 || fcntl((int)fd, F_GETFD) != 0)
		return 1;
	fd = syscall(SYS_getppid);
	if (fd != 50 || write(50, "b", 1) != 1 || fcntl(50, F_GETFD) != FD_CLOEXEC)
		return 2;
	fd = syscall(SYS_getppid);
	return fd < 0 || write((int)fd, "c", 1) != 1 || read((int)fd, &byte, 1) != -1;
}

TEST(descriptors)
{
	struct seccomp_notif n = { 0 };
	struct seccomp_notif_resp r = { 0 };
	struct seccomp_notif_addfd a = { 0 };
	char text[4] = "";
	int fd, fds[2], there;
	pid_t pid;

	must(pipe(fds));
	pid = filtered(SYS_getppid, 0, ask_fds, &fd);
	a.srcfd = (unsigned)fds[1];
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a), ENOENT, "to nobody");
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, BAD), EFAULT, "nothing");
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n));
	a.id = n.id;
	a.flags = 4;
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a), EINVAL, "an unknown flag");
	a.flags = 0;
	a.newfd = 50;
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a), EINVAL, "a place without SETFD");
	a.newfd = 0;
	a.newfd_flags = O_NONBLOCK;
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a), EINVAL, "an unknown flag of it");
	a.newfd_flags = 0;
	a.srcfd = 999;
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a), EBADF, "one that is none");
	a.srcfd = (unsigned)fds[1];
	there = (int)ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
	works(there, "a descriptor");
	r = (struct seccomp_notif_resp){ .id = n.id, .val = there };
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r));
	n = (struct seccomp_notif){ 0 };
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n));
	a.id = n.id;
	a.flags = SECCOMP_ADDFD_FLAG_SETFD;
	a.newfd = 50;
	a.newfd_flags = O_CLOEXEC;
	is(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a), 50, "at that place");
	r = (struct seccomp_notif_resp){ .id = n.id, .val = 50 };
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r));
	n = (struct seccomp_notif){ 0 };
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n));
	a = (struct seccomp_notif_addfd){ .id = n.id, .srcfd = (unsigned)fds[1],
					  .flags = SECCOMP_ADDFD_FLAG_SEND };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a), "which is the answer");
	exits(pid, 0, "all are there");
	is(read(fds[0], text, 3), 3, "and were written to");
	is_text(text, "abc", "in order");
}

static volatile int caught;

static void on_usr1(int signo)
{
	caught = signo;
}

static int ask_caught(void)
{
	signal(SIGUSR1, on_usr1); /* SA_RESTART */
	return syscall(SYS_getppid) == 5 && caught ? 0 : 1;
}

static int ask_killed(void)
{
	return (int)syscall(SYS_getppid);
}

TEST(interrupted)
{
	struct seccomp_notif n = { 0 };
	struct seccomp_notif_resp r = { 0 };
	uint64_t first;
	int fd;
	pid_t pid = filtered(SYS_getppid, 0, ask_caught, &fd);

	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n));
	first = n.id;
	kill(pid, SIGUSR1);
	n = (struct seccomp_notif){ 0 };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), "a call that is made again asks again");
	ok(n.id != first, "by another number");
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &first), ENOENT, "the first one is void");
	r = (struct seccomp_notif_resp){ .id = n.id, .val = 5 };
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r));
	exits(pid, 0, "answered");
	close(fd);
	pid = filtered(SYS_getppid, 0, ask_killed, &fd);
	n = (struct seccomp_notif){ 0 };
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n));
	kill(pid, SIGKILL);
	dies(pid, SIGKILL, "it can be killed");
	r = (struct seccomp_notif_resp){ .id = n.id, .val = 5 };
	fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), ENOENT, "nobody waits for the answer");
	is(events(fd) & POLLHUP, POLLHUP, "nobody is filtered any more");
	n = (struct seccomp_notif){ 0 };
	if (is_skerry()) /* Linux 6.1 waits for ever */
		fails(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n), ENOENT, "and nobody will ask");
	close(fd);
	pid = filtered(SYS_getppid, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, ask_caught, &fd);
	n = (struct seccomp_notif){ 0 };
	must(ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n));
	kill(pid, SIGUSR1);
	tap_sleep_ms(50);
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id), "WAIT_KILLABLE_RECV: undisturbed");
	r = (struct seccomp_notif_resp){ .id = n.id, .val = 5 };
	works(ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r), "by signals that do not kill");
	exits(pid, 0, "which come afterwards");
}

TEST(one_listener)
{
	int fd;

	works(fd = listener(SYS_getppid, 0), "a listener");
	is(fcntl(fd, F_GETFD), FD_CLOEXEC, "is closed on exec");
	fails(listener(SYS_getpgrp, 0), EBUSY, "a second one");
	close(fd);
	fails(syscall(SYS_getppid), ENOSYS, "nobody answers");
	works(fd = listener(SYS_getpgrp, 0), "another one, now");
	is(events(fd), 0, "nothing is asked");
}
