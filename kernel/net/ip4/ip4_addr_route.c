/*
 * What follows from an address of an interface that is up: the routes to the address itself, to its
 * broadcasts and to its prefix. Which these are is a function of the address alone, so that one
 * that goes takes with it what no other address of the interface stands for; nothing is made anew.
 */
#include "abi/if.h"
#include "net/ip4/ip4_int.h"

struct own_route {
	be32 prefix;
	u8 length, type;
};

/* Those of an address: how many. */
static unsigned own_routes(const struct ip4_addr *a, struct own_route out[ADDR_ROUTES])
{
	be32 prefix = a->peer & a->mask;
	bool loop = a->nif->flags & IFF_LOOPBACK;
	unsigned n = 0;

	out[n++] = (struct own_route){ a->local, 32, FIB_LOCAL };
	if (a->broadcast && a->broadcast != IP4_BROADCAST)
		out[n++] = (struct own_route){ a->broadcast, 32, FIB_BROADCAST };
	if (!prefix || a->secondary || (a->length == 32 && a->peer == a->local))
		return n;
	out[n++] = (struct own_route){ prefix, a->length, loop ? FIB_LOCAL : FIB_UNICAST };
	if (a->length >= 31)
		return n;
	/* The prefix with all ones, and all zeroes as of old (RFC 1122, 3.3.6). */
	out[n++] = (struct own_route){ prefix | ~a->mask, 32, FIB_BROADCAST };
	out[n++] = (struct own_route){ prefix, 32, FIB_BROADCAST };
	return n;
}

static struct fib_entry entry_of(const struct ip4_addr *a, const struct own_route *r)
{
	bool local = r->type == FIB_LOCAL || r->type == FIB_BROADCAST;

	return (struct fib_entry){
		.prefix = r->prefix, .length = r->length, .type = r->type,
		.protocol = FIB_BY_KERNEL, .table = local ? FIB_LOCAL_TABLE : FIB_MAIN,
		.scope = r->type == FIB_LOCAL ? FIB_SCOPE_HOST : FIB_SCOPE_LINK,
		.source = a->local, .nif = a->nif,
	};
}

void ip4_addr_routes_add(const struct ip4_addr *a, struct fib_stock *stock)
{
	struct own_route own[ADDR_ROUTES];
	unsigned n = own_routes(a, own);

	/* Each is there afterwards: added, or by another address already. */
	for (unsigned i = 0; i < n; i++) {
		struct fib_entry e = entry_of(a, &own[i]);

		(void)fib4_add_reserved(stock, &e);
	}
}

/* Whether another address has it, too. */
static bool is_shared(const struct ip4_addr *a, const struct own_route *r)
{
	struct own_route own[ADDR_ROUTES];

	for (struct ip4_addr *other = ip4_if(a->nif)->addrs; other; other = other->next) {
		unsigned n = other != a && other->local == a->local ? own_routes(other, own) : 0;

		for (unsigned i = 0; i < n; i++)
			if (own[i].prefix == r->prefix && own[i].length == r->length &&
			    own[i].type == r->type)
				return true;
	}
	return false;
}

void ip4_addr_routes_drop(const struct ip4_addr *a)
{
	struct own_route own[ADDR_ROUTES];
	unsigned n = own_routes(a, own);

	for (unsigned i = 0; i < n; i++) {
		struct fib_entry e = entry_of(a, &own[i]);

		if (!is_shared(a, &own[i]))
			(void)fib4_remove(&e); /* it may have gone before, by hand */
	}
}
