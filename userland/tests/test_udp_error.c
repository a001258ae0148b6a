/* UDP: errors that come back, to whom they are told, and the queue that keeps them (ip(7)). */
#include "tap.h"

#include <linux/errqueue.h>

#include "loopback.h"

#define LO INADDR_LOOPBACK

/* What nobody read goes with the socket: the group's memory is weighed in the end. */
TEST(unread)
{
	static char data[30000];
	int sent = 0;

	loopback_up();
	for (int i = 0; i < 200; i++) {
		int a = udp_at(LO);

		for (int n = 0; n < 3; n++)
			sent += sendto4(a, data, sizeof(data), LO, port_of(a)) > 0;
		close(a);
	}
	is(sent, 600, "datagrams that wait at the end");
}

/* And the errors that nobody asked for. */
TEST(unread_errors)
{
	int told = 0, a, port;

	loopback_up();
	a = udp_at(LO);
	port = port_of(a);
	close(a);
	for (int i = 0; i < 300; i++) {
		a = must(socket(AF_INET, SOCK_DGRAM, 0));
		must(set_int(a, IPPROTO_IP, IP_RECVERR, 1));
		for (int n = 0; n < 20; n++)
			sendto4(a, "to nobody", 9, LO, port);
		told += ready(a, POLLERR, 1000);
		close(a);
	}
	is(told, 300, "sockets with errors that wait at the end");
}

TEST(refused_first)
{
	int a, b, port;
	char c = 0;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	port = port_of(a);
	must(connect4(a, LO, port_of(b)));
	must(sendto4(b, "data", 4, LO, port));
	ok(ready(a, POLLIN, 1000), "a datagram waits");
	close(b);
	is(send(a, "x", 1, 0), 1, "send to nobody");
	ok(ready(a, POLLERR, 1000), "an error waits");
	fails(recv(a, &c, 1, 0), ECONNREFUSED, "the error comes first");
	is(recv(a, &c, 1, 0), 1, "then the datagram");
	is(c, 'd', "its data");
}

/* Who does much wrong on this machine hears of all of it. */
TEST(refused_often)
{
	int a, port, heard = 0;

	loopback_up();
	a = udp_at(LO);
	port = port_of(a);
	close(a);
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	must(connect4(a, LO, port));
	for (int i = 0; i < 60; i++) {
		send(a, "x", 1, 0);
		heard += ready(a, POLLIN, 1000) &&
			 get_int(a, SOL_SOCKET, SO_ERROR) == ECONNREFUSED;
	}
	is(heard, 60, "refused each time");
}

TEST(error_queue)
{
	char data[100], control[512];
	struct sockaddr_in name;
	struct iovec iov = {data, sizeof(data)};
	struct msghdr m = {.msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &iov,
			   .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct sock_extended_err *e;
	struct cmsghdr *c;
	int a, port;

	loopback_up();
	a = udp_at(LO);
	port = port_of(a);
	close(a);
	a = must(socket(AF_INET, SOCK_DGRAM, 0));
	works(set_int(a, IPPROTO_IP, IP_RECVERR, 1), "IP_RECVERR");
	fails(recvmsg(a, &m, MSG_ERRQUEUE), EAGAIN, "nothing yet");
	is(sendto4(a, "query", 5, LO, port), 5, "send, not connected");
	ok(ready(a, POLLERR, 1000), "POLLERR");
	is(recvmsg(a, &m, MSG_ERRQUEUE), 5, "the datagram comes back");
	ok(!memcmp(data, "query", 5), "its bytes");
	ok(m.msg_flags & MSG_ERRQUEUE, "MSG_ERRQUEUE in the flags");
	is(ntohs(name.sin_port), port, "where it went");
	c = CMSG_FIRSTHDR(&m);
	ok(c && c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR, "control data");
	if (!c)
		return;
	e = (struct sock_extended_err *)CMSG_DATA(c);
	is(e->ee_errno, ECONNREFUSED, "errno");
	is(e->ee_origin, SO_EE_ORIGIN_ICMP, "origin");
	is(e->ee_type, 3, "type");
	is(e->ee_code, 3, "code");
	is(ntohl(((struct sockaddr_in *)SO_EE_OFFENDER(e))->sin_addr.s_addr), LO, "offender");
}
