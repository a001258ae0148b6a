/* Rings to send frames from (packet(7), PACKET_TX_RING), and sending past the taps. */
#include "tap.h"
#include "loopback.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>

#define TYPE 0x88b7

enum { BLOCK = 8192, BLOCKS = 2, FRAME = 2048, FRAMES = BLOCK / FRAME * BLOCKS };

static struct sockaddr_ll lo_address(int protocol)
{
	return (struct sockaddr_ll){.sll_family = AF_PACKET, .sll_protocol = htons(protocol),
				    .sll_ifindex = 1, .sll_halen = 6};
}

static int bound(int type, int protocol)
{
	struct sockaddr_ll a = lo_address(protocol);
	int fd = must(socket(AF_PACKET, type | SOCK_CLOEXEC, 0));

	must(bind(fd, (struct sockaddr *)&a, sizeof(a)));
	return fd;
}

static const struct tpacket_req3 request = {.tp_block_size = BLOCK, .tp_block_nr = BLOCKS,
					    .tp_frame_size = FRAME, .tp_frame_nr = FRAMES};

static int set_ring(int fd, int name, const struct tpacket_req3 *req, int version)
{
	return setsockopt(fd, SOL_PACKET, name, req,
			  version == TPACKET_V3 ? sizeof(*req) : sizeof(struct tpacket_req));
}

static char *map(int fd, size_t n)
{
	char *ring = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return ring == MAP_FAILED ? NULL : ring;
}

static size_t header(int version)
{
	return version == TPACKET_V1 ? TPACKET_ALIGN(sizeof(struct tpacket_hdr)) :
	       version == TPACKET_V2 ? TPACKET_ALIGN(sizeof(struct tpacket2_hdr)) :
				       TPACKET_ALIGN(sizeof(struct tpacket3_hdr));
}

/* A frame of n bytes, the last of which is `mark`, is to be sent. */
static void fill(char *frame, int version, size_t at, unsigned n, char mark)
{
	char *data = frame + at;

	memset(data, 0, 14);
	data[12] = (char)(TYPE >> 8);
	data[13] = (char)(TYPE & 0xff);
	data[n - 1] = mark;
	switch (version) {
	case TPACKET_V1:
		((struct tpacket_hdr *)frame)->tp_len = n;
		((struct tpacket_hdr *)frame)->tp_status = TP_STATUS_SEND_REQUEST;
		break;
	case TPACKET_V2:
		((struct tpacket2_hdr *)frame)->tp_len = n;
		((struct tpacket2_hdr *)frame)->tp_status = TP_STATUS_SEND_REQUEST;
		break;
	default:
		((struct tpacket3_hdr *)frame)->tp_len = n;
		((struct tpacket3_hdr *)frame)->tp_next_offset = 0;
		((struct tpacket3_hdr *)frame)->tp_status = TP_STATUS_SEND_REQUEST;
	}
}

static unsigned long status(const char *frame, int version)
{
	return version == TPACKET_V1 ? ((volatile struct tpacket_hdr *)frame)->tp_status :
	       version == TPACKET_V2 ? ((volatile struct tpacket2_hdr *)frame)->tp_status :
				       ((volatile struct tpacket3_hdr *)frame)->tp_status;
}

static void version_of(int version)
{
	int out, in, round, wrong = 0, got = 0;
	unsigned char b[FRAME];
	char *ring;

	loopback_up();
	out = bound(SOCK_RAW, 0);
	in = bound(SOCK_RAW, TYPE);
	must(set_int(out, SOL_PACKET, PACKET_VERSION, version));
	works(set_ring(out, PACKET_TX_RING, &request, version), "a ring to send from");
	fails(set_ring(out, PACKET_TX_RING, &request, version), EBUSY, "one is enough");
	fails(set_int(out, SOL_PACKET, PACKET_VERSION, TPACKET_V1), EBUSY, "its version stays");
	ring = map(out, BLOCK * BLOCKS);
	if (!ok(ring, "in memory"))
		return;
	is(send(out, NULL, 0, 0), 0, "there is nothing to send");
	ok(ready(out, POLLOUT, 0), "there is room");
	for (round = 0; round < 3; round++) {
		long bytes = 0;

		for (int i = 0; i < FRAMES - 1; i++) {
			int k = (round * (FRAMES - 1) + i) % FRAMES;

			fill(ring + k * FRAME, version, header(version), 100 + (unsigned)i,
			     (char)i);
			bytes += 100 + i;
		}
		is(send(out, NULL, 0, 0), bytes, "all in one call");
		for (int i = 0; i < FRAMES - 1; i++, got++) {
			long n = recv(in, b, sizeof(b), 0);

			wrong += n != 100 + i || b[n - 1] != i;
		}
	}
	for (int i = 0; i < FRAMES; i++)
		wrong += status(ring + i * FRAME, version) != TP_STATUS_AVAILABLE;
	is(wrong, 0, "as they were, and the frames are free again");
}

TEST(version1)
{
	version_of(TPACKET_V1);
}

TEST(version2)
{
	version_of(TPACKET_V2);
}

TEST(version3)
{
	struct tpacket_req3 req = request;
	int fd = must(socket(AF_PACKET, SOCK_RAW, 0));

	must(set_int(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V3));
	req.tp_retire_blk_tov = 10;
	fails(set_ring(fd, PACKET_TX_RING, &req, TPACKET_V3), EINVAL, "blocks are not sent");
	version_of(TPACKET_V3);
}

TEST(bad_frames)
{
	int out, in;
	char *ring, b[FRAME];

	loopback_up();
	out = bound(SOCK_RAW, 0);
	in = bound(SOCK_RAW, TYPE);
	must(set_int(out, SOL_PACKET, PACKET_VERSION, TPACKET_V2));
	must(set_ring(out, PACKET_TX_RING, &request, TPACKET_V2));
	ring = map(out, BLOCK * BLOCKS);
	if (!ok(ring, "in memory"))
		return;
	fill(ring, TPACKET_V2, 32, 100, 1);
	((struct tpacket2_hdr *)ring)->tp_len = FRAME;
	fails(send(out, NULL, 0, 0), EMSGSIZE, "longer than its place");
	is(status(ring, TPACKET_V2), TP_STATUS_WRONG_FORMAT, "it is marked");
	fill(ring, TPACKET_V2, 32, 100, 1);
	is(send(out, NULL, 0, 0), 100, "mended");
	is(recv(in, b, sizeof(b), 0), 100, "it goes");
	fails(set_int(out, SOL_PACKET, PACKET_LOSS, 1), EBUSY, "PACKET_LOSS comes before the ring");
	close(out);
	munmap(ring, BLOCK * BLOCKS);
	out = bound(SOCK_RAW, 0);
	must(set_int(out, SOL_PACKET, PACKET_VERSION, TPACKET_V2));
	works(set_int(out, SOL_PACKET, PACKET_LOSS, 1), "PACKET_LOSS");
	is(get_int(out, SOL_PACKET, PACKET_LOSS), 1, "is told");
	must(set_ring(out, PACKET_TX_RING, &request, TPACKET_V2));
	ring = map(out, BLOCK * BLOCKS);
	if (!ok(ring, "in memory"))
		return;
	fill(ring, TPACKET_V2, 32, 100, 1);
	((struct tpacket2_hdr *)ring)->tp_len = FRAME;
	fill(ring + FRAME, TPACKET_V2, 32, 120, 1);
	is(send(out, NULL, 0, 0), 120, "a bad one is passed over");
	is(recv(in, b, sizeof(b), 0), 120, "the next one goes");
	is(status(ring, TPACKET_V2), TP_STATUS_AVAILABLE, "its place is free");
}

TEST(elsewhere)
{
	int out, in;
	char *ring, b[FRAME];

	loopback_up();
	out = bound(SOCK_RAW, 0);
	in = bound(SOCK_RAW, TYPE);
	must(set_int(out, SOL_PACKET, PACKET_VERSION, TPACKET_V2));
	works(set_int(out, SOL_PACKET, PACKET_TX_HAS_OFF, 1), "PACKET_TX_HAS_OFF");
	must(set_ring(out, PACKET_TX_RING, &request, TPACKET_V2));
	ring = map(out, BLOCK * BLOCKS);
	if (!ok(ring, "in memory"))
		return;
	fill(ring, TPACKET_V2, 200, 100, 7);
	((struct tpacket2_hdr *)ring)->tp_mac = 200;
	is(send(out, NULL, 0, 0), 100, "from where the header says");
	is(recv(in, b, sizeof(b), 0), 100, "received");
	is(b[99], 7, "as it was");
	fill(ring + FRAME, TPACKET_V2, 200, 100, 7);
	((struct tpacket2_hdr *)(ring + FRAME))->tp_mac = FRAME - 50;
	fails(send(out, NULL, 0, 0), EINVAL, "beyond its place");
	((struct tpacket2_hdr *)(ring + FRAME))->tp_mac = 4;
	((struct tpacket2_hdr *)(ring + FRAME))->tp_status = TP_STATUS_SEND_REQUEST;
	fails(send(out, NULL, 0, 0), EINVAL, "within the header");
}

/* One mapping holds both: first the one to receive. */
static void both_in_order(bool send_first)
{
	struct tpacket_req3 none = {0};
	int fd;
	char *ring, *tx;

	loopback_up();
	fd = bound(SOCK_RAW, TYPE);
	must(set_int(fd, SOL_PACKET, PACKET_VERSION, TPACKET_V2));
	must(set_ring(fd, send_first ? PACKET_TX_RING : PACKET_RX_RING, &request, TPACKET_V2));
	works(set_ring(fd, send_first ? PACKET_RX_RING : PACKET_TX_RING, &request, TPACKET_V2),
	      "the second");
	ok(!map(fd, BLOCK * BLOCKS), "not one alone");
	ring = map(fd, 2 * BLOCK * BLOCKS);
	if (!ok(ring, "both"))
		return;
	tx = ring + BLOCK * BLOCKS;
	fill(tx, TPACKET_V2, 32, 200, 9);
	is(send(fd, NULL, 0, 0), 200, "sent from the one");
	ok(ready(fd, POLLIN, 1000), "something comes");
	is(((struct tpacket2_hdr *)ring)->tp_len, 200, "received in the other");
	is(ring[((struct tpacket2_hdr *)ring)->tp_mac + 199], 9, "as it was");
	fails(set_ring(fd, PACKET_TX_RING, &none, TPACKET_V2), EBUSY, "they stay while mapped");
	must(munmap(ring, 2 * BLOCK * BLOCKS));
	works(set_ring(fd, PACKET_TX_RING, &none, TPACKET_V2), "one goes");
	ring = map(fd, BLOCK * BLOCKS);
	if (!ok(ring, "the other stays"))
		return;
	is(((struct tpacket2_hdr *)ring)->tp_len, 200, "with what is in it");
	must(munmap(ring, BLOCK * BLOCKS));
	works(set_ring(fd, PACKET_TX_RING, &request, TPACKET_V2), "a new one");
	ring = map(fd, 2 * BLOCK * BLOCKS);
	if (ok(ring, "both again"))
		is(status(ring + BLOCK * BLOCKS, TPACKET_V2), 0, "it is empty");
}

TEST(both)
{
	both_in_order(false);
}

TEST(both_the_other_way)
{
	both_in_order(true);
}

TEST(datagrams)
{
	int out, in;
	char *ring, b[FRAME];
	struct sockaddr_ll a = lo_address(TYPE);

	loopback_up();
	out = must(socket(AF_PACKET, SOCK_DGRAM, 0));
	in = bound(SOCK_DGRAM, TYPE);
	must(set_ring(out, PACKET_TX_RING, &request, TPACKET_V1));
	ring = map(out, BLOCK * BLOCKS);
	if (!ok(ring, "in memory"))
		return;
	fill(ring, TPACKET_V1, header(TPACKET_V1), 60, 5);
	fails(send(out, NULL, 0, 0), ENXIO, "to nobody");
	is(sendto(out, NULL, 0, 0, (struct sockaddr *)&a, sizeof(a)), 60, "to an address");
	is(recv(in, b, sizeof(b), 0), 60, "without a link header");
	is(b[59], 5, "as it was");
}

/* With PACKET_QDISC_BYPASS taps do not see what is sent, only what is received. */
TEST(bypass)
{
	unsigned char frame[100] = {[12] = TYPE >> 8, TYPE & 0xff};
	struct sockaddr_ll from;
	socklen_t n = sizeof(from);
	int out, tap, received = 0, sent = 0;

	loopback_up();
	out = bound(SOCK_RAW, 0);
	is(get_int(out, SOL_PACKET, PACKET_QDISC_BYPASS), 0, "off");
	works(set_int(out, SOL_PACKET, PACKET_QDISC_BYPASS, 1), "PACKET_QDISC_BYPASS");
	is(get_int(out, SOL_PACKET, PACKET_QDISC_BYPASS), 1, "is told");
	tap = bound(SOCK_RAW, ETH_P_ALL);
	is(send(out, frame, sizeof(frame), 0), 100, "a frame");
	while (ready(tap, POLLIN, 100)) {
		must(recvfrom(tap, frame, sizeof(frame), 0, (struct sockaddr *)&from, &n));
		if (from.sll_protocol != htons(TYPE))
			continue;
		received += from.sll_pkttype == PACKET_HOST;
		sent += from.sll_pkttype == PACKET_OUTGOING;
	}
	is(received, 1, "is received");
	is(sent, 0, "nobody saw it go");
}
