/*
 * The chain of headers of an IPv6 packet (RFC 8200, 4), and addresses: prefixes, scopes. Pure: no
 * packet, no lock.
 *
 * A chain is a list that the sender makes as long as it likes, so it is read with limits: at most
 * IP6_EXTENSIONS_MAX headers, hop-by-hop options only as the first, no more bytes than there are.
 * Options that are not known say by their two high bits what is to happen (RFC 8200, 4.2); routing
 * headers that want to be routed are refused, of whatever type (RFC 5095).
 */
#include "abi/errno.h"
#include "abi/in.h"
#include "lib/bitops.h"
#include "net/ip6/ip6_wire.h"

enum { OPT_PAD1 = 0, OPT_PADN = 1, OPT_ALERT = 5 };
enum { UNKNOWN_SKIP = 0, UNKNOWN_DROP = 1, UNKNOWN_ANSWER = 2, UNKNOWN_ANSWER_ONE = 3 };

/* A walk along the chain. */
struct walk {
	const u8 *bytes;
	u32 n;
	enum ip6_reader reader;
	u32 at;                  /* offset of the header that is looked at */
	struct ip6_chain *out;
};

static int bad(struct walk *w, u8 code, u32 pointer)
{
	w->out->send_error = true;
	w->out->code = code;
	w->out->pointer = pointer;
	return -EINVAL;
}

/* Whether there are n bytes of the header: if not, how many are needed is in out->transport. */
static bool there(struct walk *w, u32 n)
{
	if (w->n - w->at >= n)
		return true;
	w->out->transport = w->at + n;
	return false;
}

static int unknown_option(struct walk *w, u32 at)
{
	if (w->reader == IP6_READ_SENDER)
		return 0;
	switch (w->bytes[at] >> 6) {
	case UNKNOWN_SKIP:
		return 0;
	case UNKNOWN_DROP:
		return -EINVAL;
	case UNKNOWN_ANSWER_ONE:
		if (w->reader == IP6_READ_MEMBER)
			return -EINVAL;
		return bad(w, ICMP6_BAD_OPTION, at);
	case UNKNOWN_ANSWER:
	default:
		return bad(w, ICMP6_BAD_OPTION, at);
	}
}

/* The options between two offsets. */
static int options_read(struct walk *w, u32 at, u32 end, bool hop, u16 *count)
{
	const u8 *b = w->bytes;
	int err = 0;

	while (!err && at < end) {
		u32 length;

		if (b[at] == OPT_PAD1) {
			at++;
			continue;
		}
		if (end - at < 2 || b[at + 1] > end - at - 2)
			return bad(w, ICMP6_BAD_FIELD, at);
		length = b[at + 1];
		if (b[at] == OPT_PADN) {
			at += 2 + length;
			continue;
		}
		(*count)++;
		if (hop && b[at] == OPT_ALERT) {
			w->out->router_alert = length == 2;
			w->out->alert = length == 2 ? (u16)(b[at + 2] << 8 | b[at + 3]) : 0;
		} else {
			err = unknown_option(w, at);
		}
		at += 2 + length;
	}
	return err;
}

/* A header with a length of its own: its bytes, or 0 if not all of them are there. */
static u32 extension_length(struct walk *w)
{
	u32 length;

	if (!there(w, 8))
		return 0;
	length = (w->bytes[w->at + 1] + 1u) * 8;
	return there(w, length) ? length : 0;
}

static int routing_read(struct walk *w)
{
	const struct ip6_routing_header *h = (const void *)(w->bytes + w->at);

	/* Those that have been everywhere are passed over, whatever they are. */
	return h->left && w->reader != IP6_READ_SENDER ? bad(w, ICMP6_BAD_FIELD, w->at + 2) : 0;
}

/* The header at w->at, number `next`, and its length: 0, -EINVAL, -ENODATA. */
static int header_read(struct walk *w, u8 next, u32 *length)
{
	struct ip6_chain *out = w->out;

	*length = next == IP6_FRAGMENT ? there(w, 8) * 8u : extension_length(w);
	if (!*length)
		return -ENODATA;
	switch (next) {
	case IP6_HOP_BY_HOP:
		if (w->at != sizeof(struct ip6_header))
			return bad(w, ICMP6_BAD_NEXT, out->link);
		out->hop_by_hop = w->at;
		return options_read(w, w->at + 2, w->at + *length, true, &out->hop_options);
	case IP6_ROUTING:
		out->routing = w->at;
		return routing_read(w);
	case IP6_DESTINATION:
		out->destination = w->at;
		return options_read(w, w->at + 2, w->at + *length, false,
				    &out->destination_options);
	default:
		out->fragment = w->at;
		return 0;
	}
}

/* Whether the fragment header at w->at is of a packet that is whole (RFC 6946). */
static bool is_atomic(const struct walk *w)
{
	const struct ip6_fragment_header *h = (const void *)(w->bytes + w->at);

	return !(h->offset_more & hton16(0xfff9));
}

static int chain_walk(struct walk *w, u8 next)
{
	struct ip6_chain *out = w->out;
	unsigned headers = 0;

	while (!out->piece && ip6_is_extension(next)) {
		u32 length;
		int err;

		if (headers++ == IP6_EXTENSIONS_MAX)
			return -EINVAL;
		err = header_read(w, next, &length);
		if (err)
			return err;
		out->piece = next == IP6_FRAGMENT && !is_atomic(w);
		if (out->piece) {
			out->fixed = w->at;
			out->fixed_link = out->link;
		} else if (next == IP6_HOP_BY_HOP || next == IP6_ROUTING) {
			out->fixed = w->at + length;
			out->fixed_link = w->at;
		}
		out->link = w->at;
		next = w->bytes[w->at];
		w->at += length;
	}
	out->protocol = next;
	out->transport = w->at;
	return 0;
}

int ip6_chain_read(const u8 *bytes, u32 n, enum ip6_reader reader,
		   struct ip6_chain *out)
{
	enum { LINK = offsetof(struct ip6_header, next) };
	struct walk w = { .bytes = bytes, .n = n, .reader = reader,
			  .at = sizeof(struct ip6_header), .out = out };

	*out = (struct ip6_chain){ .link = LINK, .fixed_link = LINK, .fixed = w.at };
	if (n < sizeof(struct ip6_header)) {
		out->transport = sizeof(struct ip6_header);
		return -ENODATA;
	}
	return chain_walk(&w, ((const struct ip6_header *)bytes)->next);
}

bool ip6_chain_is_whole(const u8 *bytes, u32 n, const struct ip6_chain *chain)
{
	struct ip6_chain rest = { .link = chain->fragment };
	struct walk w = { .bytes = bytes, .n = n, .reader = IP6_READ_SENDER,
			  .at = chain->transport, .out = &rest };
	u32 least;
	int err = chain_walk(&w, chain->protocol);

	if (err)
		return err != -ABI_ENODATA; /* what else is wrong shows when it is put together */
	switch (rest.protocol) {
	case IPPROTO_TCP:
		least = 20;
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_ICMPV6:
		least = 8;
		break;
	default:
		least = 0;
	}
	return n - rest.transport >= least;
}

/* Addresses ----------------------------------------------------------------------------------- */

enum ip6_scope ip6_scope_of(const struct ipaddr *a)
{
	if (a->b[0] == 0xff)
		return (enum ip6_scope)(a->b[1] & 15);
	if (ipaddr_link_local(a) || ipaddr_loopback(a))
		return IP6_SCOPE_LINK;
	if (a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0xc0)
		return IP6_SCOPE_SITE; /* of old (RFC 3879), still its own in RFC 6724, 3.1 */
	return IP6_SCOPE_GLOBAL;
}

unsigned ip6_common_bits(const struct ipaddr *a, const struct ipaddr *b)
{
	for (unsigned i = 0; i < 2; i++) {
		u64 differ = bswap64(a->d[i] ^ b->d[i]);

		if (differ)
			return i * 64 + (unsigned)__builtin_clzll(differ);
	}
	return 128;
}

bool ip6_prefix_equal(const struct ipaddr *a, const struct ipaddr *b, unsigned length)
{
	return ip6_common_bits(a, b) >= length;
}

struct ipaddr ip6_prefix(const struct ipaddr *a, unsigned length)
{
	struct ipaddr out = *a;

	for (unsigned i = 0; i < 2; i++) {
		unsigned keep = length > i * 64 ? min(length - i * 64, 64u) : 0;

		out.d[i] &= keep ? bswap64(~0ull << (64 - keep)) : 0;
	}
	return out;
}
