/* Events of devices over netlink (netlink(7), NETLINK_KOBJECT_UEVENT), and the files that make
 * them. */
#define _GNU_SOURCE
#include <linux/loop.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tap.h"

#define NULL_UEVENT "/sys/class/mem/null/uevent"
#define UUID "12345678-9abc-def0-1234-56789abcdef0"

static char message[4096];
static ssize_t message_size;

static int listener(void)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));

	must(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	return fd;
}

/* The part of the message with that key, or "". */
static const char *part(const char *key)
{
	size_t n = strlen(key);

	for (ssize_t at = 0; at < message_size; at += (ssize_t)strlen(message + at) + 1)
		if (!strncmp(message + at, key, n) && message[at + (ssize_t)n] == '=')
			return message + at + n + 1;
	return "";
}

/* Waits for the next message about a device whose path ends so: whether one came. */
static bool next_about(int fd, const char *end)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, 2000) == 1) {
		size_t n = strlen(end), have;

		message_size = recv(fd, message, sizeof(message) - 1, 0);
		if (message_size <= 0)
			return false;
		message[message_size] = 0;
		have = strlen(message);
		if (have > n && !strcmp(message + have - n, end))
			return true;
	}
	return false;
}

static int write_event(const char *text)
{
	int fd = must(open(NULL_UEVENT, O_WRONLY)), result;

	result = (int)write(fd, text, strlen(text));
	close(fd);
	return result < 0 ? -errno : result;
}

TEST(written)
{
	unsigned long long first;
	int fd;

	if (!tap_root())
		return;
	fd = listener();
	is(write_event("change"), 6, "an action is written");
	ok(next_about(fd, "/null"), "an event comes");
	is_text(message, "change@/devices/virtual/mem/null", "its head");
	is_text(part("ACTION"), "change", "action");
	is_text(part("DEVPATH"), "/devices/virtual/mem/null", "path");
	is_text(part("SUBSYSTEM"), "mem", "subsystem");
	is_text(part("SYNTH_UUID"), "0", "it is somebody's");
	is_text(part("MAJOR"), "1", "major");
	is_text(part("MINOR"), "3", "minor");
	is_text(part("DEVNAME"), "null", "name");
	first = strtoull(part("SEQNUM"), NULL, 10);
	ok(strtoull(tap_read("/sys/kernel/uevent_seqnum"), NULL, 10) >= first, "its number");
	is(write_event("add\n"), 4, "with a newline");
	ok(next_about(fd, "/null"), "an event comes");
	is_text(part("ACTION"), "add", "action");
	ok(strtoull(part("SEQNUM"), NULL, 10) > first, "a later number");
	is(write_event("online " UUID " A=b C4=5"), 6 + 1 + 36 + 4 + 5, "a name and arguments");
	ok(next_about(fd, "/null"), "an event comes");
	is_text(part("SYNTH_UUID"), UUID, "name");
	is_text(part("SYNTH_ARG_A"), "b", "argument");
	is_text(part("SYNTH_ARG_C4"), "5", "argument");
	is(write_event("adds"), -EINVAL, "no action");
	is(write_event("add 5"), -EINVAL, "no name");
	is(write_event("add " UUID " A"), -EINVAL, "an argument without value");
	is(write_event("add " UUID " A=!"), -EINVAL, "a value that is none");
	close(fd);
}

TEST(sender)
{
	struct iovec v = { message, sizeof(message) };
	struct sockaddr_nl from;
	char control[200];
	struct msghdr m = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &v,
			    .msg_iovlen = 1, .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct cmsghdr *c;
	struct ucred who = { .pid = -1 };
	int fd, on = 1;

	if (!tap_root())
		return;
	fd = listener();
	must(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
	write_event("change");
	works(recvmsg(fd, &m, 0), "recvmsg");
	is(from.nl_pid, 0, "the kernel sends");
	is(from.nl_groups, 1, "to group 1");
	c = CMSG_FIRSTHDR(&m);
	ok(c && c->cmsg_type == SCM_CREDENTIALS, "credentials");
	if (c)
		memcpy(&who, CMSG_DATA(c), sizeof(who));
	ok(who.pid == 0 && who.uid == 0 && who.gid == 0, "are the kernel's");
	close(fd);
}

TEST(everybody)
{
	struct sockaddr_nl group = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd, one = 1;

	if (!tap_root())
		return;
	must(seteuid(65534));
	fd = listener();
	works(setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &one, sizeof(one)), "joining");
	fails(sendto(fd, "x", 1, 0, (struct sockaddr *)&group, sizeof(group)), EPERM, "sending");
	fails(open(NULL_UEVENT, O_WRONLY), EACCES, "writing");
	must(seteuid(0));
	write_event("change");
	ok(next_about(fd, "/null"), "others hear events, too");
	close(fd);
}

/* What programs send to the kernel comes back to all. */
TEST(forwarded)
{
	struct { struct nlmsghdr h; char text[40]; } request = {
		.h = { .nlmsg_len = sizeof(request), .nlmsg_type = NLMSG_MIN_TYPE,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.text = "add@/devices/mine\0ACTION=add\0MINE=1",
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct { struct nlmsghdr h; struct nlmsgerr e; char rest[200]; } answer;
	int fd, sender;

	if (!tap_root())
		return;
	fd = listener();
	sender = must(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT));
	works(sendto(sender, &request, sizeof(request), 0, (struct sockaddr *)&kernel,
		     sizeof(kernel)), "sending");
	works(recv(sender, &answer, sizeof(answer), 0), "an answer");
	is(answer.e.error, 0, "it was taken");
	ok(next_about(fd, "/mine"), "it comes");
	is_text(part("MINE"), "1", "with what was in it");
	ok(*part("SEQNUM"), "and a number");
	close(sender);
	close(fd);
}

TEST(overflow)
{
	int fd, size = 1, n = 0, lost = 0;

	if (!tap_root())
		return;
	fd = listener();
	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	for (int i = 0; i < 300; i++)
		write_event("change");
	for (;;) {
		if (recv(fd, message, sizeof(message), MSG_DONTWAIT) >= 0)
			n++;
		else if (errno == ENOBUFS)
			lost++;
		else
			break;
	}
	ok(n < 300, "not all fit");
	is(lost, 1, "which is told once");
	write_event("change");
	ok(next_about(fd, "/null"), "and it goes on");
	close(fd);
}

TEST(loop_device)
{
	struct loop_config config = { 0 };
	char name[40], end[40];
	int fd, control, loop, file, n;

	if (!tap_root() || (control = open("/dev/loop-control", O_RDWR)) < 0)
		return;
	n = must(ioctl(control, LOOP_CTL_GET_FREE));
	snprintf(name, sizeof(name), "/dev/loop%d", n);
	snprintf(end, sizeof(end), "/loop%d", n);
	loop = must(open(name, O_RDWR));
	file = must(open("backing", O_RDWR | O_CREAT | O_TRUNC, 0600));
	must(ftruncate(file, 1 << 20));
	fd = listener();
	config.fd = (unsigned)file;
	must(ioctl(loop, LOOP_CONFIGURE, &config));
	ok(next_about(fd, end), "a file is bound: an event");
	is_text(part("ACTION"), "change", "a change");
	is_text(part("DEVTYPE"), "disk", "of a disk");
	while (recv(fd, message, sizeof(message), MSG_DONTWAIT) > 0)
		;
	must(ioctl(loop, LOOP_CLR_FD, 0));
	close(loop);
	ok(next_about(fd, end), "and at the end");
	close(file);
	close(control);
	close(fd);
}
