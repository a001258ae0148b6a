/* Any bytes as packets: the first says which parser gets the rest. */
#include "test/host/fuzz.h"

#include "net/inet/frag_list.h"
#include "net/ip4/icmp_wire.h"
#include "net/ip4/igmp_wire.h"
#include "net/ip4/ip4_wire.h"
#include "net/link/arp_wire.h"

static void ip4(u8 *b, u32 n)
{
	u32 header, length;
	struct ip4_options found;
	u8 rest[IP4_OPTIONS_MAX];

	if (n < sizeof(struct ip4_header))
		return;
	if (ip4_header_bytes((struct ip4_header *)b) <= n)
		ip4_header_sum((struct ip4_header *)b);
	if (ip4_header_check(b, n, n, &header, &length))
		return;
	INSIST(header >= 20 && header <= length && length <= n);
	if (ip4_options_parse(b + 20, header - 20, &found)) {
		ip4_options_fill(b + 20, &found, 0x01020304, 5);
		INSIST(ip4_options_of_fragments(b + 20, header - 20, rest) <= sizeof(rest));
	} else {
		INSIST(found.bad >= 20 && found.bad < header);
	}
}

static void user_options(const u8 *b, u32 n)
{
	u8 options[IP4_OPTIONS_MAX], padded;

	if (n > sizeof(options))
		return;
	memcpy(options, b, n);
	if (!ip4_options_user(options, n, &padded))
		INSIST(padded % 4 == 0 && padded <= sizeof(options));
}

static void fragments(const u8 *b, u32 n)
{
	struct frag_piece piece[64];
	struct frag_list list = { 0 };

	for (u32 k = 0; k < 64 && n >= 4; k++, b += 4, n -= 4) {
		enum frag_result r;
		u32 end = 0;

		piece[k].offset = (u32)b[0] * 8;
		piece[k].length = b[1];
		r = frag_list_add(&list, &piece[k], b[2] & 1, 1000);
		for (struct frag_piece *f = list.first; f; f = f->next) {
			INSIST(f->offset >= end);
			end = f->offset + f->length;
		}
		INSIST(!list.total || end <= list.total);
		if (r == FRAG_WHOLE)
			INSIST(list.have == list.total && list.first->offset == 0);
		if (r == FRAG_WHOLE || r == FRAG_BAD)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct igmp_heard heard;
	struct ip_error e;
	u8 protocol, *b;
	u32 n;

	if (size < 1 || size > 2000)
		return 0;
	n = (u32)size - 1;
	b = malloc(n ? n : 1);
	memcpy(b, data + 1, n);
	switch (data[0] % 6) {
	case 0:
		ip4(b, n);
		break;
	case 1:
		if (icmp4_error_parse(b, n, &e, &protocol))
			INSIST(e.length >= 8 && e.transport + e.length == b + n);
		break;
	case 2:
		igmp_parse(b, n, &heard);
		break;
	case 3:
		arp_check(b, n);
		break;
	case 4:
		fragments(b, n);
		break;
	default:
		user_options(b, n);
	}
	free(b);
	return 0;
}
