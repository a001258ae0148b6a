/* Packets: room and fragments, clones, sums, and segmentation. */
#include "dev/packet.h"
#include "lib/bitops.h"
#include "lib/inetsum.h"
#include "lib/string.h"
#include "test/ktest.h"

static void fill(struct packet *p, u32 n, u8 first)
{
	u8 *to = packet_put(p, n);

	for (u32 i = 0; i < n; i++)
		to[i] = (u8)(first + i);
}

/* Adds n bytes that go on from `first` in a page of their own. */
static void add_page(struct packet *p, u32 offset, u32 n, u8 first)
{
	struct page *page = page_alloc(MM_KERNEL);
	u8 *to = (u8 *)page_to_virt(page) + offset;

	for (u32 i = 0; i < n; i++)
		to[i] = (u8)(first + i);
	KTEST_CHECK(packet_add_frag(p, page, offset, n));
}

static bool counts(const struct packet *p, u8 first)
{
	static u8 b[512];

	packet_read(p, 0, b, p->length);
	for (u32 i = 0; i < p->length; i++)
		if (b[i] != (u8)(first + i))
			return false;
	return true;
}

KTEST(packet_pieces)
{
	struct packet *p = packet_alloc(32, 100, MM_KERNEL), *clone, *copy;

	fill(p, 50, 0);
	add_page(p, 7, 101, 50);
	add_page(p, 0, 300, 151);
	KTEST_CHECK(p->length == 451 && p->head == 50 && counts(p, 0));
	clone = packet_clone(p, MM_KERNEL);
	copy = packet_copy(p, 64, MM_KERNEL);
	KTEST_CHECK(counts(clone, 0) && counts(copy, 0) && copy->n_frags == 0);
	KTEST_CHECK(packet_room(copy) >= 64);
	packet_pull(p, 60);
	KTEST_CHECK(p->length == 391 && p->head == 0 && counts(p, 60));
	packet_pull(p, 91);
	KTEST_CHECK(p->n_frags == 1 && counts(p, 151));
	KTEST_CHECK(packet_want(clone, 200) && clone->head == 200 && counts(clone, 0));
	KTEST_CHECK(!packet_want(clone, 452));
	packet_trim(clone, 201);
	KTEST_CHECK(clone->n_frags == 1 && clone->length == 201 && counts(clone, 0));
	packet_trim(clone, 3);
	KTEST_CHECK(clone->n_frags == 0 && counts(clone, 0));
	KTEST_CHECK(packet_linearize(p) == 0 && p->n_frags == 0 && counts(p, 151));
	packet_free(p);
	packet_free(clone);
	packet_free(copy);
}

KTEST(packet_sums)
{
	struct packet *p = packet_alloc(64, 200, MM_KERNEL);
	u8 b[512];

	fill(p, 33, 1);
	add_page(p, 1, 77, 34);
	add_page(p, 2, 40, 111);
	packet_read(p, 0, b, p->length);
	for (u32 from = 0; from < 80; from += 13) {
		u32 n = p->length - from;

		KTEST_CHECK(sum_fold(packet_sum(p, from, n, 5)) ==
			    sum_fold(sum_bytes(b + from, n, 5)));
	}
	memset(p->data + 6, 0, 2);
	p->sum = SUM_PARTIAL;
	p->sum_start = packet_offset(p);
	p->sum_offset = 6;
	KTEST_CHECK(packet_sum_finish(p) == 0 && p->sum == SUM_NONE);
	KTEST_CHECK(sum_finish(packet_sum(p, 0, p->length, 0)) == 0);
	packet_free(p);
}

/* 14 bytes of link header, 20 of IPv4, 20 of TCP, 250 of payload; cut at 100. */
KTEST(packet_segments)
{
	struct packet *p = packet_alloc(16, 200, MM_KERNEL), *s;
	struct packet_queue out;
	u32 offset = 0, number = 0;
	u16 partial;
	u8 *h;

	h = packet_put(p, 54);
	memset(h, 0, 54);
	h[14] = 0x45;
	h[14 + 4] = 0xff;
	h[14 + 5] = 0xff;
	h[34 + 7] = 0xf0;
	h[34 + 12] = 0x50;
	h[34 + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	p->link = packet_offset(p);
	p->network = (u16)(p->link + 14);
	p->transport = (u16)(p->link + 34);
	p->sum = SUM_PARTIAL;
	p->sum_start = p->transport;
	p->sum_offset = 16;
	p->gso = GSO_TCP4;
	p->gso_size = 100;
	add_page(p, 0, 130, 0);
	add_page(p, 9, 120, 130);
	partial = sum_fold(bswap16(20 + 250) + bswap16(6));
	memcpy(h + 34 + 16, &partial, 2);
	KTEST_CHECK(packet_segment(p, &out) == 0 && out.n == 3);
	while ((s = packet_dequeue(&out))) {
		u32 n = min(100u, 250 - offset), seq;
		u16 v;

		KTEST_CHECK(s->length == 54 + n && s->gso_size == 0);
		h = packet_network(s);
		KTEST_CHECK(sum_finish(sum_bytes(h, 20, 0)) == 0);
		KTEST_CHECK(h[2] * 256u + h[3] == 40 + n);
		KTEST_CHECK((u16)(h[4] * 256u + h[5]) == (u16)(0xffff + number));
		h = packet_transport(s);
		memcpy(&seq, h + 4, 4);
		KTEST_CHECK(bswap32(seq) == 0xf0 + offset);
		KTEST_CHECK(h[13] == (0x10 | (number ? 0 : 0x80) | (number == 2 ? 9 : 0)));
		memcpy(&v, h + 16, 2);
		KTEST_CHECK(sum_fold(v) == sum_fold(bswap16((u16)(20 + n)) + bswap16(6)));
		packet_pull(s, 54);
		KTEST_CHECK(counts(s, (u8)offset));
		offset += n;
		number++;
		packet_free(s);
	}
	KTEST_CHECK(offset == 250);
}
