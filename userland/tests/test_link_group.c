/* Groups of packet sockets that share what comes (packet(7), PACKET_FANOUT); rings of version 1. */
#include "tap.h"
#include "loopback.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>

#define TYPE 0x88b6

static struct sockaddr_ll lo_address(int protocol)
{
	return (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(protocol),
				    .sll_ifindex = 1, .sll_halen = 6};
}

static int link_socket(int protocol)
{
	struct sockaddr_ll a = lo_address(protocol);
	int fd = must(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static int group(int fd, unsigned id, unsigned mode)
{
	return set_int(fd, SOL_PACKET, PACKET_FANOUT, (int)(id | mode << 16));
}

static void send_frame(int fd, unsigned n)
{
	unsigned char frame[14 + 2000] = {[12] = TYPE >> 8, TYPE & 0xff};
	struct sockaddr_ll a = lo_address(TYPE);

	must(sendto(fd, frame, 14 + n, 0, (struct sockaddr *)&a, sizeof(a)));
}

/* How many frames wait in a socket, which is emptied. */
static int count(int fd)
{
	char b[2100];
	int n = 0;

	while (recv(fd, b, sizeof(b), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

TEST(in_turn)
{
	int out, s[3], n[3];

	loopback_up();
	out = must(socket(AF_PACKET, SOCK_RAW, 0));
	for (int i = 0; i < 3; i++) {
		s[i] = link_socket(TYPE);
		works(group(s[i], 77, PACKET_FANOUT_LB), "PACKET_FANOUT");
	}
	is(get_int(s[0], SOL_PACKET, PACKET_FANOUT), 77 | PACKET_FANOUT_LB << 16, "is told");
	for (int i = 0; i < 30; i++)
		send_frame(out, 60);
	for (int i = 0; i < 3; i++)
		n[i] = count(s[i]);
	is(n[0] + n[1] + n[2], 30, "each frame is one member's");
	ok(n[0] == 10 && n[1] == 10 && n[2] == 10, "in turn");
	close(s[1]);
	for (int i = 0; i < 30; i++)
		send_frame(out, 60);
	is(count(s[0]) + count(s[2]), 30, "also when one has left");
}

TEST(by_flow)
{
	int a, s[2], n[2];

	loopback_up();
	a = udp_at(INADDR_LOOPBACK);
	for (int i = 0; i < 2; i++) {
		s[i] = link_socket(ETH_P_IP);
		must(group(s[i], 78, PACKET_FANOUT_HASH));
	}
	for (int i = 0; i < 20; i++)
		sendto4(a, "x", 1, INADDR_LOOPBACK, 9);
	n[0] = count(s[0]);
	n[1] = count(s[1]);
	ok(n[0] + n[1] >= 20 && n[0] + n[1] <= 40, "the frames of a flow");
	for (int i = 0; i < 64; i++)
		sendto4(udp_at(INADDR_LOOPBACK), "x", 1, INADDR_LOOPBACK, 9);
	n[0] = count(s[0]);
	n[1] = count(s[1]);
	ok(n[0] && n[1], "many flows go to both");
}

TEST(rollover)
{
	int out, s[2], n;

	loopback_up();
	out = must(socket(AF_PACKET, SOCK_RAW, 0));
	for (int i = 0; i < 2; i++) {
		s[i] = link_socket(TYPE);
		set_int(s[i], SOL_SOCKET, SO_RCVBUF, 8192);
		must(group(s[i], 79, PACKET_FANOUT_ROLLOVER));
	}
	send_frame(out, 1000);
	send_frame(out, 1000);
	is(count(s[0]) + count(s[1]), 2, "two frames");
	for (int i = 0; i < 12; i++)
		send_frame(out, 1000);
	n = count(s[0]);
	ok(n > 0 && count(s[1]) > 0, "what one has no room for is the other's");
}

TEST(chances)
{
	static const unsigned modes[] = {PACKET_FANOUT_CPU, PACKET_FANOUT_RND, PACKET_FANOUT_QM};
	int out, a, b;

	loopback_up();
	out = must(socket(AF_PACKET, SOCK_RAW, 0));
	for (unsigned k = 0; k < 3; k++) {
		a = link_socket(TYPE);
		b = link_socket(TYPE);
		works(group(a, 100 + k, modes[k]), "a mode");
		works(group(b, 100 + k, modes[k]), "another member");
		for (int i = 0; i < 40; i++)
			send_frame(out, 60);
		is(count(a) + count(b), 40, "each frame is one member's");
		close(a);
		close(b);
	}
}

/* A program says which member gets a frame, of which it sees what is behind the link header. */
TEST(program)
{
	struct sock_filter by_byte[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 5),
					BPF_STMT(BPF_RET | BPF_A, 0)};
	struct sock_filter bad[] = {BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 5)};
	struct sock_fprog f = {2, by_byte}, wrong = {1, bad};
	unsigned char frame[60] = {[12] = TYPE >> 8, TYPE & 0xff};
	struct sockaddr_ll a = lo_address(TYPE);
	int out, s[3];

	loopback_up();
	out = must(socket(AF_PACKET, SOCK_RAW, 0));
	for (int i = 0; i < 3; i++) {
		s[i] = link_socket(TYPE);
		if (!i)
			fails(setsockopt(s[i], SOL_PACKET, PACKET_FANOUT_DATA, &f, sizeof(f)),
			      EINVAL, "of no group");
		works(group(s[i], 90, PACKET_FANOUT_CBPF), "PACKET_FANOUT_CBPF");
	}
	is(get_int(s[1], SOL_PACKET, PACKET_FANOUT), 90 | PACKET_FANOUT_CBPF << 16, "is told");
	send_frame(out, 60);
	is(count(s[0]), 1, "without a program the first gets it");
	fails(setsockopt(s[1], SOL_PACKET, PACKET_FANOUT_DATA, &wrong, sizeof(wrong)), EINVAL,
	      "no program");
	works(setsockopt(s[1], SOL_PACKET, PACKET_FANOUT_DATA, &f, sizeof(f)),
	      "PACKET_FANOUT_DATA");
	for (int i = 0; i < 9; i++) {
		frame[14 + 5] = (unsigned char)(i < 6 ? i : 2);
		must(sendto(out, frame, sizeof(frame), 0, (struct sockaddr *)&a, sizeof(a)));
	}
	is(count(s[0]), 2, "as it says");
	is(count(s[1]), 2, "as it says");
	is(count(s[2]), 5, "as it says");
	f.filter[1].k = 0;
	works(setsockopt(s[2], SOL_PACKET, PACKET_FANOUT_DATA, &f, sizeof(f)), "another");
}

TEST(program_of_another_mode)
{
	struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
	struct sock_fprog f = {1, all};
	int s;

	loopback_up();
	s = link_socket(TYPE);
	must(group(s, 91, PACKET_FANOUT_HASH));
	fails(setsockopt(s, SOL_PACKET, PACKET_FANOUT_DATA, &f, sizeof(f)), EINVAL, "no program");
	is(get_int(s, SOL_PACKET, PACKET_FANOUT), 91, "the group is as it was");
}

TEST(refused)
{
	struct sockaddr_ll any = lo_address(TYPE);
	int a, b, fresh;

	loopback_up();
	a = link_socket(TYPE);
	b = link_socket(TYPE);
	fresh = must(socket(AF_PACKET, SOCK_RAW, 0));
	fails(group(fresh, 80, PACKET_FANOUT_HASH), EINVAL, "one that receives nothing");
	fails(group(a, 80, 200), EINVAL, "no such mode");
	fails(group(a, 80, PACKET_FANOUT_ROLLOVER | PACKET_FANOUT_FLAG_ROLLOVER), EINVAL,
	      "rollover behind itself");
	works(group(a, 80, PACKET_FANOUT_HASH), "a group");
	fails(group(a, 81, PACKET_FANOUT_HASH), EALREADY, "in two groups");
	fails(group(b, 80, PACKET_FANOUT_CPU), EINVAL, "another mode");
	fails(group(b, 80, PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_ROLLOVER), EINVAL,
	      "other flags");
	any.sll_ifindex = 0;
	fails(bind(a, (struct sockaddr *)&any, sizeof(any)), EINVAL, "a member stays where it is");
	must(bind(b, (struct sockaddr *)&any, sizeof(any)));
	fails(group(b, 80, PACKET_FANOUT_HASH), EINVAL, "another interface");
	works(group(b, 0, PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_UNIQUEID), "a number of its own");
	is(get_int(fresh, SOL_PACKET, PACKET_FANOUT), 0, "none");
}

TEST(first_rings)
{
	struct tpacket_req q = {.tp_block_size = 4096, .tp_block_nr = 4, .tp_frame_size = 2048,
				.tp_frame_nr = 8};
	struct tpacket_hdr *h;
	struct sockaddr_ll *from;
	unsigned char *ring;
	int out, in;

	loopback_up();
	out = must(socket(AF_PACKET, SOCK_RAW, 0));
	in = link_socket(TYPE);
	is(get_int(in, SOL_PACKET, PACKET_VERSION), TPACKET_V1, "version 1 is the first");
	works(setsockopt(in, SOL_PACKET, PACKET_RX_RING, &q, sizeof(q)), "a ring");
	ring = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, in, 0);
	if (!ok(ring != MAP_FAILED, "is mapped"))
		return;
	for (int i = 0; i < 10; i++)
		send_frame(out, 100 + (unsigned)i);
	for (int i = 0; i < 8; i++) {
		h = (struct tpacket_hdr *)(ring + i * 2048);
		from = (struct sockaddr_ll *)(ring + i * 2048 + TPACKET_ALIGN(sizeof(*h)));
		ok(h->tp_status & TP_STATUS_USER, "a frame is ours");
		is(h->tp_len, 114 + i, "its length");
		is(h->tp_snaplen, 114 + i, "all of it");
		ok(h->tp_mac >= TPACKET_HDRLEN && h->tp_net == h->tp_mac + 14, "where it lies");
		ok(((unsigned char *)h)[h->tp_mac + 12] == TYPE >> 8, "its type");
		is(from->sll_ifindex, 1, "where it is from");
		ok(h->tp_sec > 1000000000 && h->tp_usec < 1000000, "when it came");
		h->tp_status = TP_STATUS_KERNEL;
	}
	send_frame(out, 60);
	h = (struct tpacket_hdr *)ring;
	is(h->tp_len, 74, "the first place is used again");
}
