/* Filters on sockets of all kinds (socket(7), SO_ATTACH_FILTER). */
#include "nl.h"
#include "tcp.h"

#include <linux/filter.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <sys/ioctl.h>
#include <sys/un.h>

#define LO INADDR_LOOPBACK

static int attach(int fd, struct sock_filter *code, unsigned n)
{
	struct sock_fprog program = {(unsigned short)n, code};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* Keeps `keep` bytes of each packet. */
static int attach_keep(int fd, unsigned keep)
{
	struct sock_filter code[] = {BPF_STMT(BPF_RET | BPF_K, keep)};

	return attach(fd, code, 1);
}

/* Takes packets whose byte at `at` is `value`. */
static int attach_byte(int fd, unsigned at, unsigned value)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, at),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return attach(fd, code, 4);
}

TEST(datagrams)
{
	char text[16];
	int a, b;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	works(attach_byte(b, 8, 'y'), "a filter that wants a letter");
	must(sendto4(a, "no", 2, LO, port_of(b)));
	must(sendto4(a, "yes", 3, LO, port_of(b)));
	is(recv(b, text, sizeof(text), 0), 3, "gets it");
	fails(recv(b, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "and nothing else");
	works(attach_keep(b, 8 + 2), "a filter that cuts");
	must(sendto4(a, "yes", 3, LO, port_of(b)));
	is(recv(b, text, sizeof(text), 0), 2, "two bytes of three");
}

/* What a filter finds in front of a datagram that came in pieces is a link header or nothing: the
 * header on lo has zeros first. The filter keeps as many bytes as the byte says, and one. */
TEST(datagrams_in_pieces)
{
	static char text[4000];
	struct ifreq r = {.ifr_name = "lo"};
	int a, b, mtu, wrong = 0;

	loopback_up();
	a = udp_at(LO);
	b = udp_at(LO);
	must(ioctl(a, SIOCGIFMTU, &r));
	mtu = r.ifr_mtu;
	r.ifr_mtu = 1500;
	must(ioctl(a, SIOCSIFMTU, &r));
	for (unsigned k = 0; k < 12; k++) {
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_B | BPF_ABS, (unsigned)SKF_LL_OFF + k),
			BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 8 + 1),
			BPF_STMT(BPF_RET | BPF_A, 0),
		};

		must(attach(b, code, 3));
		must(sendto4(a, text, sizeof(text), LO, port_of(b)));
		wrong += recv(b, text, sizeof(text), MSG_DONTWAIT) > 1;
	}
	r.ifr_mtu = mtu;
	must(ioctl(a, SIOCSIFMTU, &r));
	is(wrong, 0, "no byte of anything else is seen");
}

TEST(local_sockets)
{
	static const int types[] = {SOCK_DGRAM, SOCK_SEQPACKET};
	char text[16];
	int p[2];

	for (unsigned i = 0; i < 2; i++) {
		must(socketpair(AF_UNIX, types[i], 0, p));
		works(attach_byte(p[1], 0, 'y'), "a filter");
		is(send(p[0], "no", 2, 0), 2, "the sender is not told");
		is(send(p[0], "yes", 3, 0), 3, "sent");
		is(recv(p[1], text, sizeof(text), MSG_DONTWAIT), 3, "what is wanted");
		fails(recv(p[1], text, sizeof(text), MSG_DONTWAIT), EAGAIN, "and nothing else");
		works(attach_keep(p[1], 1), "a filter that cuts");
		is(send(p[0], "yes", 3, 0), 3, "sent");
		is(recv(p[1], text, sizeof(text), MSG_DONTWAIT), 1, "one byte of it");
	}
}

/* The byte behind the header of 32 bytes (with time stamps); what has no data passes. */
TEST(streams)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 32, 0, 2),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 32),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 'n', 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	char text[16];
	int p[2];

	make_pair(p);
	works(attach(p[1], code, 6), "a filter");
	must(write(p[0], "yes", 3));
	is(read(p[1], text, sizeof(text)), 3, "what it lets pass");
	must(write(p[0], "no", 2));
	ok(!ready(p[1], POLLIN, 300), "what it does not let pass is lost");
	works(setsockopt(p[1], SOL_SOCKET, SO_DETACH_FILTER, code, 4), "without it");
	ok(ready(p[1], POLLIN, 5000), "it is sent again");
	is(read(p[1], text, sizeof(text)), 2, "and arrives");
}

TEST(inherited)
{
	int l = listener(5), c, fd;
	struct sock_filter got[8];
	socklen_t n = 8;

	must(attach_keep(l, 0xffffffff));
	must(set_int(l, SOL_SOCKET, SO_LOCK_FILTER, 1));
	c = connected(l);
	fd = must(accept(l, NULL, NULL));
	works(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, got, &n), "a connection has a filter");
	is(n, 1, "its listener's");
	fails(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &n, 4), EPERM, "which is locked");
	close(l);
	is(write(c, "hello", 5), 5, "sent");
	is(read(fd, got, sizeof(got)), 5, "and received by it");
	must(attach_keep(c, 0));
}

static int ping_open(void)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ping_group_range", "w");

	if (f) {
		fprintf(f, "0 2147483647\n");
		fclose(f);
	}
	return must(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
}

TEST(pings)
{
	struct icmphdr h = {.type = ICMP_ECHO, .un.echo.sequence = htons(7)};
	char text[64];
	int s;

	if (!tap_root()) {
		skip("pings", "needs root");
		return;
	}
	loopback_up();
	s = ping_open();
	must(connect4(s, LO, 0));
	works(attach_byte(s, 7, 9), "a filter that wants a sequence number");
	must(send(s, &h, sizeof(h), 0));
	h.un.echo.sequence = htons(9);
	must(send(s, &h, sizeof(h), 0));
	is(recv(s, text, sizeof(text), 0), sizeof(h), "an answer");
	is(text[7], 9, "that one");
	fails(recv(s, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "and no other");
}

TEST(raw_packets)
{
	struct icmphdr h = {.type = ICMP_ECHO, .un.echo = {htons(77), htons(3)}};
	char text[128];
	uint32_t sum = 0;
	int s;

	if (!tap_root()) {
		skip("raw_packets", "needs root");
		return;
	}
	loopback_up();
	s = must(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	works(attach_byte(s, 20, ICMP_ECHOREPLY), "a filter that wants answers");
	for (unsigned i = 0; i < sizeof(h) / 2; i++)
		sum += ((uint16_t *)&h)[i];
	h.checksum = (uint16_t)~((sum & 0xffff) + (sum >> 16));
	must(sendto4(s, &h, sizeof(h), LO, 0));
	is(recv(s, text, sizeof(text), 0), 28, "gets one");
	is(text[20], ICMP_ECHOREPLY, "of that type");
	fails(recv(s, text, sizeof(text), MSG_DONTWAIT), EAGAIN, "and not the question");
}

TEST(netlink)
{
	struct rtgenmsg any = {.rtgen_family = AF_UNSPEC};
	struct request r = request(RTM_GETLINK, NLM_F_DUMP, &any, sizeof(any));
	struct timeval limit = {0, 300000};
	char text[8192];
	int fd = nl_open(0);

	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	works(attach_keep(fd, 0), "a filter that wants nothing");
	ask(fd, &r);
	fails(recv(fd, text, sizeof(text), 0), EAGAIN, "no answer comes");
	close(fd);
	fd = nl_open(0);
	works(attach_keep(fd, 0xffffffff), "one that wants all");
	ask(fd, &r);
	ok(recv(fd, text, sizeof(text), 0) > 16, "and gets it");
}

TEST(locking)
{
	int s = must(socket(AF_INET, SOCK_DGRAM, 0)), v = 0;

	fails(setsockopt(s, SOL_SOCKET, SO_DETACH_FILTER, &v, 4), ENOENT, "there is none");
	must(attach_keep(s, 100));
	works(set_int(s, SOL_SOCKET, SO_LOCK_FILTER, 1), "SO_LOCK_FILTER");
	fails(attach_keep(s, 100), EPERM, "cannot be replaced");
	fails(setsockopt(s, SOL_SOCKET, SO_DETACH_FILTER, &v, 4), EPERM, "nor taken away");
	fails(set_int(s, SOL_SOCKET, SO_LOCK_FILTER, 0), EPERM, "nor unlocked");
}
