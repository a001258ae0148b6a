/*
 * UDP_GRO (udp(7)): datagrams of one flow that come in one round of the network's soft work are
 * read together. They stay the packets that they are: those after the first bear PACKET_JOINED, and
 * the reader takes all of them at once. A train is as long as its datagrams are of one size; a
 * shorter one is its last. Until the round's end the reader does not see them, so that he does not
 * take a train's head away from it, and he is woken once.
 */
#include "net/udp/udp.h"

#include "lib/string.h"

enum { TRAIN_MOST = 64, TRAIN_BYTES = 65535 - 8 - 40 };

static void round_ends(struct netif_after *after)
{
	struct udp_sock *u = container_of(after, struct udp_sock, gro.after);
	struct sock *s = &u->inet.sock;
	struct packet *p;

	spin_lock(&s->lock);
	while ((p = packet_dequeue(&u->gro.waiting)))
		packet_enqueue(&s->receive, p);
	u->gro.asked = false;
	u->gro.last = NULL;
	spin_unlock(&s->lock);
	sock_wake(s, POLLIN | POLLRDNORM);
	sock_put(s);
}

static bool same_flow(struct packet *a, struct packet *b)
{
	const struct udp_header *ha = packet_transport(a), *hb = packet_transport(b);
	const struct ip_info *ia = ip_info(a), *ib = ip_info(b);

	return ipaddr_equal(&ia->from, &ib->from) && ipaddr_equal(&ia->to, &ib->to) &&
	       ia->nif == ib->nif && ia->tos == ib->tos && ia->ttl == ib->ttl &&
	       ha->from == hb->from && ha->to == hb->to && !ia->options_length &&
	       !ib->options_length && !ha->sum == !hb->sum;
}

/* Whether a datagram goes on with the train that came before it. */
static bool may_join(const struct udp_gro *g, struct packet *p)
{
	return g->last && p->length && p->length <= g->size && g->last->length == g->size &&
	       g->n < TRAIN_MOST && g->bytes + p->length <= TRAIN_BYTES && same_flow(g->last, p);
}

void udp_gro_init(struct udp_sock *u)
{
	packet_queue_init(&u->gro.waiting);
	u->gro.after.fn = round_ends;
}

int udp_gro_queue(struct udp_sock *u, struct packet *p)
{
	struct udp_gro *g = &u->gro;
	int err;

	if (may_join(g, p))
		p->bits |= PACKET_JOINED;
	err = sock_queue_receive_on(&u->inet.sock, p, &g->waiting);
	if (err) {
		p->bits = 0;
		return err;
	}
	if (!(p->bits & PACKET_JOINED)) {
		g->size = p->length;
		g->n = g->bytes = 0;
	}
	g->n++;
	g->bytes += p->length;
	g->last = p;
	if (!g->asked) {
		g->asked = true;
		sock_get(&u->inet.sock);
		netif_after_round(&g->after);
	}
	return 0;
}
