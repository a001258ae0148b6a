/*
 * The IPv4 header and its options: checking what came, filling in what routers and hosts are asked
 * to (RFC 791, 3.1; RFC 1122, 3.2.1.8). Pure: no packet, no lock.
 *
 * Source routing is understood enough to be refused: it is off, as everywhere (RFC 7126, 4.3).
 */
#include "abi/errno.h"
#include "lib/inetsum.h"
#include "lib/string.h"
#include "net/ip4/ip4_wire.h"

enum {
	OPT_END = 0, OPT_NOP = 1, OPT_RECORD = 7, OPT_TIMESTAMP = 68, OPT_LOOSE = 131,
	OPT_STRICT = 137, OPT_ALERT = 148,
};
enum { TS_ONLY = 0, TS_ADDRESS = 1, TS_PRESPECIFIED = 3 };

void ip4_header_sum(struct ip4_header *h)
{
	h->sum = 0;
	h->sum = sum_finish(sum_bytes(h, ip4_header_bytes(h), 0));
}

int ip4_header_check(const u8 *bytes, u32 n, u32 packet_length, u32 *header_length, u32 *length)
{
	const struct ip4_header *h = (const struct ip4_header *)bytes;
	u32 header, total;

	if (n < sizeof(*h) || h->version_length >> 4 != 4)
		return -EINVAL;
	header = ip4_header_bytes(h);
	total = ntoh16(h->length);
	if (header < sizeof(*h) || header > n || total < header || total > packet_length)
		return -EINVAL;
	if (sum_fold(sum_bytes(h, header, 0)) != 0xffff)
		return -EINVAL;
	*header_length = header;
	*length = total;
	return 0;
}

/* One option with a pointer, at `at`: whether it is well-formed. */
static bool pointed_option(const u8 *o, u32 n, u8 least)
{
	return n >= 3 && o[2] >= least;
}

static bool timestamp_option(const u8 *o, u32 n)
{
	u8 flag = n >= 4 ? o[3] & 15 : 0xff;

	return pointed_option(o, n, 5) &&
	       (flag == TS_ONLY || flag == TS_ADDRESS || flag == TS_PRESPECIFIED);
}

static bool option_parse(const u8 *o, u32 n, u32 at, struct ip4_options *out)
{
	u8 offset = (u8)(sizeof(struct ip4_header) + at);

	switch (o[0]) {
	case OPT_RECORD:
		if (out->record || !pointed_option(o, n, 4))
			return false;
		out->record = offset;
		return true;
	case OPT_TIMESTAMP:
		if (out->timestamp || !timestamp_option(o, n))
			return false;
		out->timestamp = offset;
		return true;
	case OPT_LOOSE:
	case OPT_STRICT:
		if (out->source_route || !pointed_option(o, n, 4))
			return false;
		out->source_route = offset;
		return true;
	case OPT_ALERT:
		out->router_alert = n == 4 && !o[2] && !o[3];
		return n == 4;
	default:
		return true;
	}
}

bool ip4_options_parse(const u8 *options, u32 n, struct ip4_options *out)
{
	u32 at = 0;

	*out = (struct ip4_options){ 0 };
	while (at < n) {
		u32 length;

		if (options[at] == OPT_END)
			return true;
		if (options[at] == OPT_NOP) {
			at++;
			continue;
		}
		length = at + 1 < n ? options[at + 1] : 0;
		if (length < 2 || length > n - at ||
		    !option_parse(options + at, length, at, out)) {
			out->bad = (u8)(sizeof(struct ip4_header) + at);
			return false;
		}
		at += length;
	}
	return true;
}

static void record_fill(u8 *o, be32 address)
{
	u32 at = o[2];

	if (at < 4 || at + 3 > o[1])
		return; /* full */
	memcpy(o + at - 1, &address, 4);
	o[2] = (u8)(at + 4);
}

static void timestamp_fill(u8 *o, be32 address, u32 ms)
{
	u8 flag = o[3] & 15;
	u32 at = o[2], need = flag == TS_ONLY ? 4 : 8;
	be32 stamp = hton32(ms);

	if (at < 5 || at + need - 1 > o[1]) {
		if (o[3] >> 4 < 15)
			o[3] = (u8)(o[3] + 0x10); /* one more who found no room */
		return;
	}
	if (flag == TS_PRESPECIFIED && memcmp(o + at - 1, &address, 4))
		return;
	if (flag != TS_ONLY)
		memcpy(o + at - 1, &address, 4);
	memcpy(o + at - 1 + (flag == TS_ONLY ? 0 : 4), &stamp, 4);
	o[2] = (u8)(at + need);
}

void ip4_options_fill(u8 *options, const struct ip4_options *found, be32 address, u32 ms_of_day)
{
	u8 *header = options - sizeof(struct ip4_header);

	if (found->record)
		record_fill(header + found->record, address);
	if (found->timestamp)
		timestamp_fill(header + found->timestamp, address, ms_of_day);
}

int ip4_options_user(u8 *options, u32 n, u8 *padded)
{
	struct ip4_options found;

	if (n > IP4_OPTIONS_MAX)
		return -EINVAL;
	while (n % 4)
		options[n++] = OPT_END;
	if (!ip4_options_parse(options, n, &found) || found.source_route)
		return -EINVAL;
	*padded = (u8)n;
	return 0;
}

u32 ip4_options_of_fragments(const u8 *options, u32 n, u8 *out)
{
	u32 used = 0, at = 0;

	while (at < n && options[at] != OPT_END) {
		u32 length = options[at] == OPT_NOP ? 1 : at + 1 < n ? options[at + 1] : 0;

		if (!length || length > n - at)
			break;
		if (options[at] & 0x80) {
			memcpy(out + used, options + at, length);
			used += length;
		}
		at += length;
	}
	while (used % 4)
		out[used++] = OPT_END;
	return used;
}
