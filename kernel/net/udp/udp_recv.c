/*
 * Receiving datagrams.
 */
#include "net/udp/udp.h"

#include "abi/errno.h"

/* Who sent it. */
static void put_name(struct sock *s, struct msg *m, struct packet *p)
{
	const struct udp_header *h = packet_transport(p);
	const struct ip_info *info = ip_info(p);

	m->name_length = (u32)inet_address_out(s, &info->from, ntoh16(h->from), info->nif,
					       &m->name);
}

ssize_t udp_recv(struct sock *s, struct msg *m)
{
	struct packet *p;
	ssize_t n;
	int err;

	if (unlikely(m->flags & MSG_ERRQUEUE))
		return inet_recv_error(s, m);
	if (unlikely(inet_recv_path_mtu(s, m, &err)))
		return err;
	err = sock_recv_packet(s, m, &p);
	if (unlikely(err || !p))
		return err;
	n = sock_recv_copy(s, m, p, 0);
	if (likely(n >= 0)) {
		if (m->wants_name)
			put_name(s, m, p);
		err = inet_put_control(s, m, p);
	}
	packet_free(p);
	return err ?: n;
}
