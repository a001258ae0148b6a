/*
 * NETLINK_SOCK_DIAG: questions about sockets, asked by family (sock_diag(7)). Each family answers
 * for its own; what they have in common is here.
 */
#include "abi/errno.h"
#include "abi/sock_diag.h"
#include "core/panic.h"
#include "net/netlink/netlink_int.h"

#define FAMILIES 5

static const struct diag_family *families[FAMILIES]; /* I after boot */

void diag_register(const struct diag_family *family)
{
	unsigned i = 0;

	while (i < FAMILIES && families[i])
		i++;
	kassert(i < FAMILIES);
	families[i] = family;
}

static const struct diag_family *family_of(u16 family)
{
	for (unsigned i = 0; i < FAMILIES && families[i]; i++)
		if (families[i]->family == family)
			return families[i];
	return NULL;
}

int diag_request(struct nl_request *r)
{
	const struct sock_diag_req *q = r->payload;
	const struct diag_family *f;
	bool destroys;
	int err;

	/* The question of old, which knew only IPv4. */
	if (r->h->nlmsg_type == TCPDIAG_GETSOCK || r->h->nlmsg_type == DCCPDIAG_GETSOCK)
		return -ENOENT;
	destroys = r->h->nlmsg_type == SOCK_DESTROY;
	if ((r->h->nlmsg_type != SOCK_DIAG_BY_FAMILY && !destroys) || r->length < sizeof(*q))
		return -EINVAL;
	if (q->sdiag_family >= AF_MAX)
		return -EINVAL;
	f = family_of(q->sdiag_family);
	if (!f)
		return -ENOENT;
	if (destroys && !f->destroy)
		return -EOPNOTSUPP;
	if (r->length < f->header)
		return -EINVAL;
	if (destroys)
		return f->destroy(r);
	if (!(r->h->nlmsg_flags & NLM_F_DUMP))
		return f->one(r);
	err = f->check ? f->check(r) : 0;
	if (!err)
		err = nl_dump_start(r, f->dump, true);
	return err ? err : 1;
}

int diag_cookie_check(u64 own, const u32 cookie[2])
{
	if (cookie[0] == INET_DIAG_NOCOOKIE && cookie[1] == INET_DIAG_NOCOOKIE)
		return 0;
	return cookie[0] == (u32)own && cookie[1] == (u32)(own >> 32) ? 0 : -ESTALE;
}

void diag_cookie_put(u64 own, u32 cookie[2])
{
	cookie[0] = (u32)own;
	cookie[1] = (u32)(own >> 32);
}

void diag_put_memory(struct nl_out *out, u16 type, struct sock *s)
{
	u32 memory[SK_MEMINFO_VARS];

	sock_memory(s, memory);
	nl_put(out, type, memory, sizeof(memory));
}
