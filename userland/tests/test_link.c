/* Packet sockets (packet(7)) on the loopback interface, their filters and rings. */
#include "tap.h"
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define TYPE 0x88b5

static void lo_up(int fd)
{
	struct ifreq r = {.ifr_name = "lo"};

	must(ioctl(fd, SIOCGIFFLAGS, &r));
	r.ifr_flags |= IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &r));
}

static struct sockaddr_ll lo_address(int protocol)
{
	return (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(protocol),
				    .sll_ifindex = 1, .sll_halen = 6};
}

/* A socket that is bound to lo and a protocol, with a time limit. */
static int link_socket(int type, int protocol)
{
	struct sockaddr_ll a = lo_address(protocol);
	struct timeval limit = {5, 0};
	int fd = must(socket(AF_PACKET, type | SOCK_CLOEXEC, 0));

	lo_up(fd);
	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	return fd;
}

/* Sends n bytes behind a header of zeros. */
static void send_frame(int fd, int protocol, unsigned n)
{
	unsigned char frame[14 + 2000] = {[12] = (unsigned char)(protocol >> 8),
					  (unsigned char)protocol};
	struct sockaddr_ll a = lo_address(protocol);

	for (unsigned i = 0; i < n; i++)
		frame[14 + i] = (unsigned char)i;
	must(sendto(fd, frame, 14 + n, 0, (struct sockaddr *)&a, sizeof(a)));
}

TEST(link_raw)
{
	int out = must(socket(AF_PACKET, SOCK_RAW, 0)), in = link_socket(SOCK_RAW, TYPE);
	struct sockaddr_ll from;
	socklen_t n = sizeof(from);
	unsigned char b[2000];

	send_frame(out, TYPE + 1, 50);
	send_frame(out, TYPE, 100);
	is(recvfrom(in, b, sizeof(b), 0, (struct sockaddr *)&from, &n), 114, "a whole frame");
	ok(b[12] == TYPE >> 8 && b[13] == (TYPE & 0xff) && b[14 + 99] == 99, "as it was sent");
	is(n, sizeof(from), "the address has its length");
	is(from.sll_family, AF_PACKET, "family");
	is(ntohs(from.sll_protocol), TYPE, "protocol");
	is(from.sll_ifindex, 1, "interface");
	is(from.sll_hatype, ARPHRD_LOOPBACK, "kind of hardware");
	is(from.sll_pkttype, PACKET_HOST, "it is for us");
	is(from.sll_halen, 6, "length of the link address");
	is(recv(in, b, sizeof(b), MSG_DONTWAIT), -1, "nothing of another protocol");
	send_frame(out, TYPE, 100);
	is(recv(in, b, 20, MSG_TRUNC), 114, "the length of what was cut");
}

TEST(link_all)
{
	int out = must(socket(AF_PACKET, SOCK_RAW, 0)), in = link_socket(SOCK_RAW, ETH_P_ALL);
	struct sockaddr_ll from;
	socklen_t n = sizeof(from);
	unsigned char b[2000];

	send_frame(out, TYPE, 60);
	is(recvfrom(in, b, sizeof(b), 0, (struct sockaddr *)&from, &n), 74, "what is sent");
	is(from.sll_pkttype, PACKET_OUTGOING, "as outgoing");
	is(recvfrom(in, b, sizeof(b), 0, (struct sockaddr *)&from, &n), 74, "and received");
	is(from.sll_pkttype, PACKET_HOST, "as ours");
	send_frame(in, TYPE, 60);
	is(recvfrom(in, b, sizeof(b), 0, (struct sockaddr *)&from, &n), 74, "its own");
	is(from.sll_pkttype, PACKET_HOST, "it sees only as received");
}

TEST(link_dgram)
{
	int fd = link_socket(SOCK_DGRAM, TYPE);
	struct sockaddr_ll a = lo_address(TYPE), name;
	socklen_t n = sizeof(name);
	char b[100];

	is(sendto(fd, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)), 5, "without a header");
	is(recv(fd, b, sizeof(b), 0), 5, "received without one");
	ok(!memcmp(b, "hello", 5), "as it was sent");
	works(getsockname(fd, (struct sockaddr *)&name, &n), "its name");
	ok(n == 18 && name.sll_ifindex == 1 && name.sll_halen == 6, "is what it is bound to");
	is(ntohs(name.sll_protocol), TYPE, "and the protocol");
}

static int as_user(void *argument __attribute__((unused)))
{
	fails(socket(AF_PACKET, SOCK_RAW, 0), EPERM, "as a user");
	return 0;
}

TEST(link_errors)
{
	int fd = must(socket(AF_PACKET, SOCK_RAW, 0));
	struct sockaddr_ll a = lo_address(TYPE);
	char b[100] = "";

	fails(socket(AF_PACKET, SOCK_STREAM, 0), ESOCKTNOSUPPORT, "a stream");
	fails(bind(fd, (struct sockaddr *)&a, 10), EINVAL, "too short an address");
	a.sll_ifindex = 4711;
	fails(bind(fd, (struct sockaddr *)&a, sizeof(a)), ENODEV, "no such interface");
	fails(sendto(fd, b, sizeof(b), 0, (struct sockaddr *)&a, sizeof(a)), ENXIO,
	      "to no such interface");
	fails(send(fd, b, sizeof(b), 0), ENXIO, "to nowhere");
	a.sll_ifindex = 1;
	fails(sendto(fd, b, 5, 0, (struct sockaddr *)&a, sizeof(a)), EINVAL, "too short a frame");
	fails(listen(fd, 1), EOPNOTSUPP, "listening");
	is(tap_as_user(as_user, NULL), 0, "the user's checks");
}

static int attach(int fd, struct sock_filter *insns, unsigned n)
{
	struct sock_fprog program = {(unsigned short)n, insns};

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

TEST(link_filter)
{
	/* Frames of more than 100 bytes, the first 40 of them. */
	struct sock_filter longer[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 100, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 40),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	/* Outgoing ones, by what the kernel knows of them. */
	struct sock_filter outgoing[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_PKTTYPE)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PACKET_OUTGOING, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter endless[] = {BPF_STMT(BPF_LD | BPF_IMM, 0)};
	int out = must(socket(AF_PACKET, SOCK_RAW, 0)), in = link_socket(SOCK_RAW, TYPE), on = 1;
	struct sock_filter back[8];
	socklen_t n = 8;
	char b[2000];

	fails(attach(in, endless, 1), EINVAL, "a program that does not return");
	fails(attach(in, longer, 0), EINVAL, "an empty program");
	fails(setsockopt(in, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)), ENOENT, "none there");
	works(attach(in, longer, 4), "attaching one");
	send_frame(out, TYPE, 50);
	send_frame(out, TYPE, 150);
	is(recv(in, b, sizeof(b), 0), 40, "the long one, cut");
	is(recv(in, b, sizeof(b), MSG_DONTWAIT), -1, "nothing else");
	works(getsockopt(in, SOL_SOCKET, SO_GET_FILTER, back, &n), "asking for it");
	ok(n == 4 && !memcmp(back, longer, sizeof(longer)), "it is that");
	works(setsockopt(in, SOL_SOCKET, SO_DETACH_FILTER, &on, sizeof(on)), "detaching");
	send_frame(out, TYPE, 50);
	is(recv(in, b, sizeof(b), 0), 64, "all comes again");
	works(setsockopt(in, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof(on)), "locking");
	fails(attach(in, longer, 4), EPERM, "no change any more");
	close(in);
	in = link_socket(SOCK_RAW, ETH_P_ALL);
	works(attach(in, outgoing, 4), "by the direction");
	send_frame(out, TYPE, 50);
	is(recv(in, b, sizeof(b), 0), 64, "the outgoing one");
	is(recv(in, b, sizeof(b), MSG_DONTWAIT), -1, "only that");
}

TEST(link_auxdata)
{
	int out = must(socket(AF_PACKET, SOCK_RAW, 0)), in = link_socket(SOCK_RAW, TYPE), on = 1;
	char b[100], control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov = {b, sizeof(b)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			   .msg_controllen = sizeof(control)};
	struct tpacket_auxdata aux;
	struct tpacket_stats stats;
	socklen_t n = sizeof(stats);
	struct cmsghdr *c;

	works(setsockopt(in, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), "asking for it");
	send_frame(out, TYPE, 200);
	send_frame(out, TYPE, 10);
	is(recvmsg(in, &m, 0), 100, "as much as there is room for");
	c = CMSG_FIRSTHDR(&m);
	if (!ok(c && c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA, "it comes"))
		return;
	memcpy(&aux, CMSG_DATA(c), sizeof(aux));
	ok(aux.tp_len == 214 && aux.tp_snaplen == 214 && aux.tp_net == 14, "and says the length");
	ok(aux.tp_status & TP_STATUS_USER, "status");
	works(getsockopt(in, SOL_PACKET, PACKET_STATISTICS, &stats, &n), "statistics");
	ok(stats.tp_packets == 2 && stats.tp_drops == 0, "two frames");
	must(getsockopt(in, SOL_PACKET, PACKET_STATISTICS, &stats, &n));
	is(stats.tp_packets, 0, "reading takes them away");
}

TEST(link_membership)
{
	int fd = link_socket(SOCK_RAW, TYPE);
	struct packet_mreq mr = {.mr_ifindex = 1, .mr_type = PACKET_MR_PROMISC};

	works(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr)), "promiscuous");
	works(setsockopt(fd, SOL_PACKET, PACKET_DROP_MEMBERSHIP, &mr, sizeof(mr)), "no more");
	mr.mr_type = PACKET_MR_MULTICAST;
	mr.mr_alen = 6;
	memcpy(mr.mr_address, "\1\0\136\1\2\3", 6);
	works(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr)), "a group");
	mr.mr_ifindex = 4711;
	fails(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, sizeof(mr)), ENODEV,
	      "of no interface");
	fails(setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mr, 4), EINVAL, "too short");
	fails(setsockopt(fd, SOL_PACKET, 9999, &mr, sizeof(mr)), ENOPROTOOPT, "no such option");
}

TEST(link_ring2)
{
	enum { BLOCK = 16384, FRAME = 2048, FRAMES = 16 };
	int out = must(socket(AF_PACKET, SOCK_RAW, 0)), in = link_socket(SOCK_RAW, TYPE);
	struct tpacket_req req = {BLOCK, 2, FRAME, FRAMES};
	struct pollfd wait = {.fd = in, .events = POLLIN};
	int version = TPACKET_V2, header = TPACKET_V2;
	struct tpacket_stats stats;
	socklen_t n = sizeof(header);
	char *ring;

	works(getsockopt(in, SOL_PACKET, PACKET_HDRLEN, &header, &n), "the header's length");
	is(header, sizeof(struct tpacket2_hdr), "is version 2's");
	works(setsockopt(in, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)), "version 2");
	req.tp_frame_nr = 5;
	fails(setsockopt(in, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)), EINVAL, "bad numbers");
	req.tp_frame_nr = FRAMES;
	works(setsockopt(in, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)), "a ring");
	ring = mmap(NULL, 2 * BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED, in, 0);
	if (!ok(ring != MAP_FAILED, "in memory"))
		return;
	ok(mmap(NULL, BLOCK, PROT_READ, MAP_SHARED, in, 0) == MAP_FAILED, "all of it, or nothing");
	is(poll(&wait, 1, 0), 0, "it is empty");
	for (int i = 0; i < FRAMES + 3; i++)
		send_frame(out, TYPE, 100 + (unsigned)i);
	is(poll(&wait, 1, 5000), 1, "there is something");
	for (int i = 0; i < FRAMES; i++) {
		volatile struct tpacket2_hdr *h = (void *)(ring + i * FRAME);
		struct sockaddr_ll *a = (void *)(ring + i * FRAME + TPACKET_ALIGN(sizeof(*h)));

		if (!(h->tp_status & TP_STATUS_USER) || h->tp_len != 114 + (unsigned)i ||
		    h->tp_snaplen != h->tp_len || ring[i * FRAME + h->tp_mac + 14 + 50] != 50 ||
		    h->tp_net != h->tp_mac + 14 || a->sll_ifindex != 1 || !h->tp_sec)
			ok(false, "frame %d", i);
		h->tp_status = TP_STATUS_KERNEL;
	}
	n = sizeof(stats);
	must(getsockopt(in, SOL_PACKET, PACKET_STATISTICS, &stats, &n));
	ok(stats.tp_packets == FRAMES + 3 && stats.tp_drops == 3, "what did not fit is counted");
	send_frame(out, TYPE, 60);
	is(poll(&wait, 1, 5000), 1, "one more");
	is(((struct tpacket2_hdr *)ring)->tp_len, 74, "at the start again");
	req = (struct tpacket_req){0, 0, 0, 0};
	fails(setsockopt(in, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)), EBUSY,
	      "it cannot go while it is mapped");
	must(munmap(ring, 2 * BLOCK));
	works(setsockopt(in, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)), "then it can");
}

TEST(link_ring3)
{
	enum { BLOCK = 4096, BLOCKS = 4 };
	int out = must(socket(AF_PACKET, SOCK_RAW, 0)), in = link_socket(SOCK_RAW, TYPE);
	struct tpacket_req3 req = {.tp_block_size = BLOCK, .tp_block_nr = BLOCKS,
				   .tp_frame_size = 2048, .tp_frame_nr = BLOCK / 2048 * BLOCKS,
				   .tp_retire_blk_tov = 20};
	struct pollfd wait = {.fd = in, .events = POLLIN};
	int version = TPACKET_V3, seen = 0, wrong = 0;
	char *ring;

	must(setsockopt(in, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	works(setsockopt(in, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)), "a ring of blocks");
	ring = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, in, 0);
	if (!ok(ring != MAP_FAILED, "in memory"))
		return;
	for (int i = 0; i < 10; i++)
		send_frame(out, TYPE, 500);
	for (int block = 0; seen < 10 && poll(&wait, 1, 5000) == 1; block = (block + 1) % BLOCKS) {
		struct tpacket_block_desc *d = (void *)(ring + block * BLOCK);
		volatile uint32_t *status = &d->hdr.bh1.block_status;
		char *at = (char *)d + d->hdr.bh1.offset_to_first_pkt;

		if (!(*status & TP_STATUS_USER))
			break;
		for (unsigned i = 0; i < d->hdr.bh1.num_pkts; i++) {
			struct tpacket3_hdr *h = (void *)at;

			wrong += h->tp_len != 514 || h->tp_snaplen != 514 ||
				 at[h->tp_net + 99] != 99;
			seen++;
			at += h->tp_next_offset;
		}
		*status = TP_STATUS_KERNEL;
	}
	is(seen, 10, "all frames, over several blocks, the last by time");
	is(wrong, 0, "as they were sent");
}

/* Frames that end where their block does, though what is the program's own leaves its beginning at
 * an odd place: each stays within its block. */
TEST(link_ring3_full_blocks)
{
	enum { BLOCK = 4096, BLOCKS = 8, OWN = 8, FRAMES = 6 };
	int out = must(socket(AF_PACKET, SOCK_RAW, 0)), in = link_socket(SOCK_RAW, TYPE);
	struct tpacket_req3 req = {.tp_block_size = BLOCK, .tp_block_nr = BLOCKS,
				   .tp_frame_size = BLOCK, .tp_frame_nr = BLOCKS,
				   .tp_retire_blk_tov = 20, .tp_sizeof_priv = OWN};
	struct pollfd wait = {.fd = in, .events = POLLIN};
	int version = TPACKET_V3, reserve = 2000, seen = 0, beyond = 0;
	unsigned room = BLOCK - sizeof(struct tpacket_block_desc) - OWN;
	char *ring;

	must(setsockopt(in, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)));
	must(setsockopt(in, SOL_PACKET, PACKET_RESERVE, &reserve, sizeof(reserve)));
	must(setsockopt(in, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)));
	ring = mmap(NULL, BLOCK * BLOCKS, PROT_READ | PROT_WRITE, MAP_SHARED, in, 0);
	if (!ok(ring != MAP_FAILED, "a ring of blocks"))
		return;
	for (int i = 0; i < FRAMES; i++)
		send_frame(out, TYPE, room - reserve - 82 - 14);
	for (int block = 0; seen < FRAMES && poll(&wait, 1, 5000) == 1;
	     block = (block + 1) % BLOCKS) {
		struct tpacket_block_desc *d = (void *)(ring + block * BLOCK);
		volatile uint32_t *status = &d->hdr.bh1.block_status;
		unsigned at = d->hdr.bh1.offset_to_first_pkt;

		if (!(*status & TP_STATUS_USER))
			break;
		for (unsigned i = 0; i < d->hdr.bh1.num_pkts && at < BLOCK - 100; i++) {
			struct tpacket3_hdr *h = (void *)((char *)d + at);

			beyond += at + h->tp_mac + h->tp_snaplen > BLOCK;
			seen++;
			at += h->tp_next_offset;
		}
		*status = TP_STATUS_KERNEL;
	}
	is(seen, FRAMES, "all frames");
	is(beyond, 0, "each in its block");
}
