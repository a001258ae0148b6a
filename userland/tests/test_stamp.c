/* Time stamps of packets: SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMPING (socket(7)). */
#include "tcp.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <time.h>

#define LO INADDR_LOOPBACK

/* What a message brought. */
struct got {
	long length;
	int flags;
	struct timespec stamp, fine;
	bool has_stamp, has_fine, has_report, has_ts;
	struct sock_extended_err report;
};

static struct got receive(int fd, int flags)
{
	static char text[4096], control[512];
	struct iovec iov = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct got g = {.length = recvmsg(fd, &m, flags)};

	g.flags = m.msg_flags;
	if (g.length < 0)
		return g;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMP) {
			g.has_ts = true;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
			g.has_fine = true;
			memcpy(&g.fine, CMSG_DATA(c), sizeof(g.fine));
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING) {
			g.has_stamp = true;
			memcpy(&g.stamp, CMSG_DATA(c), sizeof(g.stamp));
		} else if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) {
			g.has_report = true;
			memcpy(&g.report, CMSG_DATA(c), sizeof(g.report));
		}
	}
	return g;
}

static bool recent(struct timespec t)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return t.tv_sec <= now.tv_sec && t.tv_sec >= now.tv_sec - 10;
}

/* A report about what was sent, waited for. */
static struct got report(int fd)
{
	struct pollfd p = {.fd = fd};

	poll(&p, 1, 2000);
	return receive(fd, MSG_ERRQUEUE | MSG_DONTWAIT);
}

TEST(received)
{
	struct got g;
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	works(set_int(b, SOL_SOCKET, SO_TIMESTAMPNS, 1), "SO_TIMESTAMPNS");
	is(get_int(b, SOL_SOCKET, SO_TIMESTAMPNS), 1, "is told");
	is(get_int(b, SOL_SOCKET, SO_TIMESTAMP), 0, "and not the other");
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	tap_sleep_ms(50);
	g = receive(b, 0);
	ok(g.has_fine && recent(g.fine), "a stamp comes with the datagram");
	ok(!g.has_ts && !g.has_stamp, "one of that kind");
	works(set_int(b, SOL_SOCKET, SO_TIMESTAMP, 1), "SO_TIMESTAMP");
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	g = receive(b, 0);
	ok(g.has_ts && !g.has_fine, "takes its place");
	works(set_int(b, SOL_SOCKET, SO_TIMESTAMP, 0), "off");
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	g = receive(b, 0);
	ok(!g.has_ts && !g.has_fine, "no stamp");
}

TEST(stamping_received)
{
	struct got g;
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	is(get_int(b, SOL_SOCKET, SO_TIMESTAMPING), 0, "nothing is asked for");
	works(set_int(b, SOL_SOCKET, SO_TIMESTAMPING,
		      SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE),
	      "SO_TIMESTAMPING");
	is(get_int(b, SOL_SOCKET, SO_TIMESTAMPING),
	   SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE, "is told");
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	g = receive(b, 0);
	is(g.length, 5, "the datagram");
	ok(g.has_stamp && recent(g.stamp), "its stamp");
	fails(set_int(b, SOL_SOCKET, SO_TIMESTAMPING, 1 << 30), EINVAL, "no such flag");
	fails(set_int(b, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_OPT_STATS), EINVAL,
	      "statistics want OPT_TSONLY");
}

TEST(stamping_sent)
{
	int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE |
		    SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	struct got g;
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	works(set_int(a, SOL_SOCKET, SO_TIMESTAMPING, flags), "SO_TIMESTAMPING");
	for (unsigned i = 0; i < 3; i++) {
		must(sendto4(a, "hello", 5, LO, port_of(b)));
		g = report(a);
		is(g.length, 0, "a report without the packet");
		ok(g.flags & MSG_ERRQUEUE, "of the queue of errors");
		ok(g.has_stamp && recent(g.stamp), "its stamp");
		ok(g.has_report, "what it is about");
		is(g.report.ee_errno, ENOMSG, "no error");
		is(g.report.ee_origin, SO_EE_ORIGIN_TIMESTAMPING, "its origin");
		is(g.report.ee_info, SCM_TSTAMP_SND, "it was sent");
		is(g.report.ee_data, i, "its number");
	}
	is(get_int(a, SOL_SOCKET, SO_ERROR), 0, "no error is pending");
	fails(receive(a, MSG_ERRQUEUE).length, EAGAIN, "no more reports");
	works(set_int(a, SOL_SOCKET, SO_TIMESTAMPING, flags & ~SOF_TIMESTAMPING_OPT_TSONLY),
	      "with the packet");
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	g = report(a);
	is(g.length, 14 + 20 + 8 + 5, "comes with its headers");
	works(set_int(a, SOL_SOCKET, SO_TIMESTAMPING, flags | SOF_TIMESTAMPING_TX_SCHED),
	      "when it is queued, too");
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	g = report(a);
	is(g.report.ee_info, SCM_TSTAMP_SCHED, "queued");
	g = report(a);
	is(g.report.ee_info, SCM_TSTAMP_SND, "sent");
	is(recv(b, &g, 100, MSG_DONTWAIT), 5, "nothing else is different for the receiver");
}

TEST(asked_by_control_data)
{
	union { struct cmsghdr h; char bytes[CMSG_SPACE(4)]; } control = {0};
	uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;
	struct sockaddr_in to;
	struct iovec iov = {"hello", 5};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &to,
			   .msg_namelen = sizeof(to), .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	struct got g;
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	to = in4(LO, port_of(b));
	set_int(a, SOL_SOCKET, SO_TIMESTAMPING,
		SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY);
	control.h.cmsg_level = SOL_SOCKET;
	control.h.cmsg_type = SO_TIMESTAMPING;
	control.h.cmsg_len = CMSG_LEN(4);
	memcpy(CMSG_DATA(&control.h), &flags, 4);
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	works(sendmsg(a, &m, 0), "one of two messages");
	g = report(a);
	ok(g.has_report && g.has_stamp, "is reported");
	fails(receive(a, MSG_ERRQUEUE).length, EAGAIN, "the other is not");
	flags = SOF_TIMESTAMPING_SOFTWARE;
	memcpy(CMSG_DATA(&control.h), &flags, 4);
	fails(sendmsg(a, &m, 0), EINVAL, "only what is recorded can be asked for so");
}

TEST(streams)
{
	int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_ACK |
		    SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_ID |
		    SOF_TIMESTAMPING_OPT_TSONLY;
	int fresh = must(socket(AF_INET, SOCK_STREAM, 0)), p[2];
	struct got g;

	make_pair(p);
	fails(set_int(fresh, SOL_SOCKET, SO_TIMESTAMPING, flags), EINVAL,
	      "bytes are counted in connections only");
	works(set_int(p[0], SOL_SOCKET, SO_TIMESTAMPING, flags), "SO_TIMESTAMPING");
	works(set_int(p[1], SOL_SOCKET, SO_TIMESTAMPNS, 1), "SO_TIMESTAMPNS");
	must(write(p[0], "hello", 5));
	g = report(p[0]);
	is(g.report.ee_info, SCM_TSTAMP_SND, "sent");
	is(g.report.ee_data, 4, "the last byte's number");
	ok(recent(g.stamp), "its stamp");
	g = receive(p[1], 0);
	is(g.length, 5, "received");
	ok(g.has_fine && recent(g.fine), "with a stamp");
	g = report(p[0]);
	is(g.report.ee_info, SCM_TSTAMP_ACK, "acknowledged");
	is(g.report.ee_data, 4, "the same byte");
	must(write(p[0], "hello again", 11));
	g = report(p[0]);
	is(g.report.ee_data, 15, "the next");
}

TEST(polling)
{
	struct pollfd p;
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	p = (struct pollfd){.fd = a, .events = POLLPRI};
	set_int(a, SOL_SOCKET, SO_TIMESTAMPING, SOF_TIMESTAMPING_TX_SOFTWARE);
	must(sendto4(a, "hello", 5, LO, port_of(b)));
	is(poll(&p, 1, 1000), 1, "a report wakes");
	is(p.revents, POLLERR, "POLLERR");
	works(set_int(a, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1), "SO_SELECT_ERR_QUEUE");
	is(poll(&p, 1, 1000), 1, "ready");
	is(p.revents, POLLERR | POLLPRI, "POLLPRI, too");
}
