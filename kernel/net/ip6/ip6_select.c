/*
 * Which of two source addresses is better for a destination (RFC 6724, 5), by the rules in their
 * order and the policy table of labels in its default form (2.1). Pure.
 *
 * Rule 5.5 (which router told of the prefix) has nothing to say here: routers are not told apart
 * by prefixes. Optimistic addresses come last of those that are alike (RFC 4429, 3.3).
 */
#include "net/ip6/ip6_wire.h"

struct policy { struct ipaddr prefix; u8 length, label; };

/* Longest prefixes first. */
static const struct policy policies[] = {
	{ { .b = { [15] = 1 } }, 128, 0 },
	{ { .b = { [10] = 0xff, [11] = 0xff } }, 96, 4 },
	{ { .b = { 0 } }, 96, 3 },
	{ { .b = { 0x20, 0x01 } }, 32, 5 },
	{ { .b = { 0x20, 0x02 } }, 16, 2 },
	{ { .b = { 0x3f, 0xfe } }, 16, 12 },
	{ { .b = { 0xfe, 0xc0 } }, 10, 11 },
	{ { .b = { 0xfc } }, 7, 13 },
};

static u8 label_of(const struct ipaddr *a)
{
	for (unsigned i = 0; i < ARRAY_SIZE(policies); i++)
		if (ip6_prefix_equal(a, &policies[i].prefix, policies[i].length))
			return policies[i].label;
	return 1;
}

/* Equal bits, as far as the prefix of the source goes. */
static unsigned matching(const struct ip6_candidate *c, const struct ipaddr *to)
{
	return min(ip6_common_bits(&c->address, to), (unsigned)c->length);
}

/* Whether it is of the kind that is wanted, temporary or public. */
static bool suits(const struct ip6_candidate *c, u32 prefer)
{
	bool temporary = c->temporary_first;

	if (prefer & (IP6_PREFER_TEMPORARY | IP6_PREFER_PUBLIC))
		temporary = prefer & IP6_PREFER_TEMPORARY;
	return c->temporary == temporary;
}

bool ip6_source_better(const struct ip6_candidate *a, const struct ip6_candidate *b,
		       const struct ipaddr *to, u32 prefer)
{
	enum ip6_scope scope_a = ip6_scope_of(&a->address), scope_b = ip6_scope_of(&b->address);
	bool same_a = ipaddr_equal(&a->address, to), same_b = ipaddr_equal(&b->address, to);
	bool label_a, label_b;

	if (same_a != same_b)                                    /* 1 */
		return same_a;
	if (scope_a != scope_b)                                  /* 2 */
		return scope_a < scope_b ? scope_a >= ip6_scope_of(to) :
					   scope_b < ip6_scope_of(to);
	if (a->deprecated != b->deprecated)                      /* 3 */
		return b->deprecated;
	if (a->home != b->home)                                  /* 4 */
		return a->home == !(prefer & IP6_PREFER_CARE_OF);
	if (a->outgoing != b->outgoing)                          /* 5 */
		return a->outgoing;
	label_a = label_of(&a->address) == label_of(to);
	label_b = label_of(&b->address) == label_of(to);
	if (label_a != label_b)                                  /* 6 */
		return label_a;
	if (suits(a, prefer) != suits(b, prefer))                /* 7 */
		return suits(a, prefer);
	if (matching(a, to) != matching(b, to))                  /* 8 */
		return matching(a, to) > matching(b, to);
	return !a->optimistic && b->optimistic;
}
