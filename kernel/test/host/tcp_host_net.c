/*
 * test/host/tcp_host_net.c - ports, routes, IP and the link of the TCP harness.
 */
#include "test/host/tcp_host_int.h"

#include "lib/inetsum.h"
#include "mm/slab.h"
#include "net/inet/show.h"

#define IP_HEADER 20u

struct host_link host_link;
u64 host_sent;

/* Packets on their way, by time of arrival. */
struct flight { struct packet *p; u32 from, to; u64 at; struct flight *next; };
static struct flight *flights;
static u64 link_free_ns;

static struct host_segment *inbox, **inbox_tail = &inbox;
static struct netif nif = { .index = 2, .mtu = 1500 };
static struct route *routes[3];

/* The link ------------------------------------------------------------------------------------ */

static bool chance(unsigned per_mille)
{
	return per_mille && host_random() % 1000 < per_mille;
}

static void launch(struct packet *p, u32 from, u32 to, u64 at)
{
	struct flight *f = malloc(sizeof(*f)), **place = &flights;

	*f = (struct flight){ p, from, to, at, NULL };
	while (*place && (*place)->at <= at)
		place = &(*place)->next;
	f->next = *place;
	*place = f;
}

static unsigned queued(void)
{
	unsigned n = 0;

	for (struct flight *f = flights; f; f = f->next)
		n++;
	return n;
}

/* TCP_TRACE: every packet, as it is sent. */
static void trace(const struct packet *p, u32 from)
{
	const struct tcp_header *h = packet_transport(p);
	u32 head = (u32)(h->offset >> 4) * 4, length = p->length - IP_HEADER - head;

	printf("# %10.3f %x:%u > %u flags %02x seq %u +%u ack %u win %u opt %u\n",
	       (double)(host_now_ns % 1000000000000ull) / 1e6, from & 15, ntoh16(h->from),
	       ntoh16(h->to), h->flags, ntoh32(h->seq), length, ntoh32(h->ack), ntoh16(h->window),
	       head - TCP_HEADER);
	if (head == TCP_HEADER + 12)
		return;
	for (u32 at = 16; at + 8 <= head - TCP_HEADER; at += 8) {
		const be32 *b = (const be32 *)((const u8 *)(h + 1) + at);

		printf("#     sack %u %u\n", ntoh32(b[0]), ntoh32(b[1]));
	}
}

static void send_one(struct packet *p, u32 from, u32 to)
{
	static int tracing = -1;
	u64 at = host_now_ns + host_link.delay_ns;

	if (tracing < 0)
		tracing = getenv("TCP_TRACE") != NULL;
	if (tracing)
		trace(p, from);

	host_now_ns += host_link.send_ns;
	host_sent++;
	if (packet_sum_finish(p))
		goto drop;
	if (chance(host_link.loss))
		goto drop;
	if (host_link.bytes_per_s) {
		u64 start = max(link_free_ns, host_now_ns);

		if (queued() > 200 && start - host_now_ns > 100 * TCP_MS)
			goto drop;
		link_free_ns = start + p->length * 1000000000ull / host_link.bytes_per_s;
		at += link_free_ns - host_now_ns;
	}
	if (host_link.jitter_ns)
		at += host_random() % host_link.jitter_ns;
	if (chance(host_link.reorder))
		at += host_link.delay_ns / 2 + host_random() % (2 * host_link.delay_ns + 1);
	if (chance(host_link.duplicate)) {
		struct packet *copy = packet_copy(p, PACKET_ROOM, MM_ATOMIC);

		if (copy) {
			copy->transport = (u16)(PACKET_ROOM + (p->transport - packet_offset(p)));
			copy->network = PACKET_ROOM;
			launch(copy, from, to, at + host_random() % (host_link.delay_ns + 1));
		}
	}
	launch(p, from, to, at);
	return;
drop:
	packet_free(p);
}

u64 host_link_next(void)
{
	return flights ? flights->at : ~0ull;
}

static void to_inbox(struct packet *p, u32 from, u32 to)
{
	struct host_segment *s = calloc(1, sizeof(*s));

	if (!packet_linearize(p) && tcp_header_parse(p->data, p->length, p->length, &s->seg)) {
		u32 sum = ip_pseudo_sum(&ip_info(p)->from, &ip_info(p)->to, IPPROTO_TCP, p->length);

		CHECK_LEFT(sum_fold(sum_bytes(p->data, p->length, sum)) != 0xffff);
		s->from = from;
		s->to = to;
		s->lossy = p->lossy;
		s->data = malloc(s->seg.length + 1);
		memcpy(s->data, p->data + s->seg.header, s->seg.length);
		*inbox_tail = s;
		inbox_tail = &s->next;
	} else {
		free(s);
	}
	packet_free(p);
}

static struct netif_after *after;
static bool round_held;

void netif_after_round(struct netif_after *a)
{
	a->next = after;
	after = a;
}

static void end_round(void)
{
	struct netif_after *a;

	while (!round_held && (a = after)) {
		after = a->next;
		a->fn(a);
	}
}

void host_hold_round(bool hold)
{
	round_held = hold;
	end_round();
}

static void deliver(struct packet *p, u32 from, u32 to)
{
	packet_pull(p, IP_HEADER);
	p->nif = &nif;
	p->sum = SUM_NONE;
	p->gso_size = 0;
	p->release = NULL;
	*ip_info(p) = (struct ip_info){
		.from = ipaddr_4(hton32(from)), .to = ipaddr_4(hton32(to)), .nif = nif.index,
		.protocol = IPPROTO_TCP, .kind = ROUTE_LOCAL, .header_length = IP_HEADER,
	};
	if (to == HOST_PEER)
		to_inbox(p, from, to);
	else
		tcp_receive(p);
	end_round();
}

void host_link_deliver(void)
{
	struct flight *f = flights;

	flights = f->next;
	deliver(f->p, f->from, f->to);
	free(f);
}

void host_link_changed(void)
{
	nif.mtu = host_link.mtu;
	for (unsigned i = 0; i < ARRAY_SIZE(routes); i++)
		if (routes[i])
			routes[i]->mtu = host_link.mtu;
}

void host_link_forget(void)
{
	struct host_segment *s;

	while (flights) {
		struct flight *f = flights;

		flights = f->next;
		packet_free(f->p);
		free(f);
	}
	link_free_ns = 0;
	while ((s = host_next()))
		host_segment_free(s);
	host_link_changed();
}

struct host_segment *host_next(void)
{
	struct host_segment *s = inbox;

	if (!s)
		return NULL;
	inbox = s->next;
	if (!inbox)
		inbox_tail = &inbox;
	return s;
}

void host_segment_free(struct host_segment *s)
{
	free(s->data);
	free(s);
}

void host_inject_raw(u32 to, const void *bytes, u32 n)
{
	struct packet *p = packet_alloc(PACKET_ROOM, n + IP_HEADER, MM_ATOMIC);

	if (!p)
		return;
	packet_put(p, IP_HEADER);
	p->network = packet_offset(p);
	memcpy(packet_put(p, n), bytes, n);
	p->transport = (u16)(p->network + IP_HEADER);
	deliver(p, HOST_PEER, to);
}

void host_inject(u32 to, const struct tcp_segment *seg, const void *data)
{
	struct ipaddr from = ipaddr_4(hton32(HOST_PEER)), dest = ipaddr_4(hton32(to));
	u32 options = tcp_options_size(&seg->options), n = TCP_HEADER + options + seg->length;
	u8 *bytes = calloc(1, n);
	struct tcp_header *h = (struct tcp_header *)bytes;

	h->from = hton16(seg->from_port);
	h->to = hton16(seg->to_port);
	h->seq = hton32(seg->seq);
	h->ack = hton32(seg->ack);
	h->offset = (u8)((TCP_HEADER + options) / 4 << 4);
	h->flags = seg->flags;
	h->window = hton16((u16)seg->window);
	h->urgent = hton16(seg->urgent);
	tcp_options_write(bytes + TCP_HEADER, &seg->options);
	if (seg->length)
		memcpy(bytes + TCP_HEADER + options, data, seg->length);
	h->sum = sum_finish(sum_bytes(bytes, n, ip_pseudo_sum(&from, &dest, IPPROTO_TCP, n)));
	host_inject_raw(to, bytes, n);
	free(bytes);
}

/* IP ------------------------------------------------------------------------------------------ */

u32 ip_pseudo_sum(const struct ipaddr *from, const struct ipaddr *to, u8 protocol, u32 length)
{
	u32 sum = sum_bytes(&from->w[3], 4, 0);

	sum = sum_bytes(&to->w[3], 4, sum);
	return sum_add(sum, hton16(protocol) + (u32)hton16((u16)length));
}

void ip_sum_partial(struct packet *p, const struct ipaddr *from, const struct ipaddr *to,
		    u8 protocol, u16 offset)
{
	*(u16 *)(p->data + offset) = sum_fold(ip_pseudo_sum(from, to, protocol, p->length));
	p->sum = SUM_PARTIAL;
	p->sum_start = packet_offset(p);
	p->sum_offset = offset;
}

int ip_send(struct packet *p, struct route *r, const struct ip_meta *meta)
{
	u32 from = ntoh32(r->from.w[3]), to = ntoh32(r->to.w[3]);
	struct packet_queue segments;
	u8 *h;

	if (!p->gso_size && p->length + IP_HEADER > r->mtu && meta->dont_fragment) {
		packet_free(p);
		return -EMSGSIZE;
	}
	h = packet_push(p, IP_HEADER);
	memset(h, 0, IP_HEADER);
	h[0] = 0x45;
	h[2] = (u8)(p->length >> 8);
	h[3] = (u8)p->length;
	p->network = packet_offset(p);
	if (!p->gso_size || !host_link.cut) {
		send_one(p, from, to);
		return 0;
	}
	if (packet_segment(p, &segments))
		return -ENOMEM;
	while ((p = packet_dequeue(&segments)))
		send_one(p, from, to);
	return 0;
}

static struct route *route_to(u32 to)
{
	unsigned i = to == HOST_A ? 0 : to == HOST_B ? 1 : 2;

	if (!routes[i]) {
		routes[i] = calloc(1, sizeof(**routes));
		ref_set(&routes[i]->refs, 1000000);
		routes[i]->to = ipaddr_4(hton32(to));
		routes[i]->from = ipaddr_4(hton32(to == HOST_A ? HOST_B : HOST_A));
		routes[i]->nif = &nif;
		routes[i]->mtu = host_link.mtu;
	}
	return routes[i];
}

int route_output(const struct flow *f, struct route **out)
{
	*out = route_to(ntoh32(f->to.w[3]));
	return 0;
}

void route_put(struct route *r) { }

void route_set_mtu(const struct ipaddr *to, u32 mtu)
{
	route_to(ntoh32(to->w[3]))->mtu = mtu;
}

struct route *inet_sock_route(struct inet_sock *i, int *err)
{
	i->route = route_to(ntoh32(i->remote.w[3]));
	return i->route;
}

void inet_sock_drop_route(struct inet_sock *i)
{
	i->route = NULL;
}

/* Ports: lists that are searched. -------------------------------------------------------------- */

static struct inet_sock *bound[4096];
static unsigned n_bound;
static u16 next_port = 40000;

struct port_table *port_table_create(const char *name, unsigned flow_buckets)
{
	return (struct port_table *)&bound;
}

static void enter(struct inet_sock *i)
{
	for (unsigned k = 0; k < n_bound; k++)
		if (bound[k] == i)
			return;
	if (n_bound == ARRAY_SIZE(bound))
		abort();
	bound[n_bound++] = i;
}

int port_bind(struct port_table *t, struct inet_sock *i, const struct ipaddr *local, u16 port,
	      bool (*listening)(const struct sock *other))
{
	for (unsigned k = 0; port && k < n_bound; k++)
		if (bound[k] != i && bound[k]->local_port == port &&
		    ipaddr_equal(&bound[k]->local, local))
			return -EADDRINUSE;
	i->local = *local;
	i->local_port = port ? port : next_port++;
	enter(i);
	return 0;
}

static struct inet_sock *find_flow(const struct ipaddr *local, u16 local_port,
				   const struct ipaddr *remote, u16 remote_port)
{
	for (unsigned k = 0; k < n_bound; k++)
		if (bound[k]->local_port == local_port && bound[k]->in_list == PORT_FLOW &&
		    bound[k]->remote_port == remote_port &&
		    ipaddr_equal(&bound[k]->local, local) &&
		    ipaddr_equal(&bound[k]->remote, remote))
			return bound[k];
	return NULL;
}

/* Flows that wait: a list. */
static struct flow_wait *waits[4096];
static unsigned n_waits;
static bool (*wait_yields)(struct flow_wait *w);

void port_table_set_waits(struct port_table *t, bool (*yields)(struct flow_wait *w))
{
	wait_yields = yields;
}

void flow_wait_begin(struct port_table *t, struct flow_wait *w, struct inet_sock *from)
{
	ref_set(&w->refs, 1);
	w->family = from->sock.family;
	w->local = from->local;
	w->remote = from->remote;
	w->local_port = from->local_port;
	w->remote_port = from->remote_port;
	if (n_waits == ARRAY_SIZE(waits))
		abort();
	waits[n_waits++] = w;
}

void flow_wait_end(struct port_table *t, struct flow_wait *w)
{
	for (unsigned k = 0; k < n_waits; k++)
		if (waits[k] == w) {
			waits[k] = waits[--n_waits];
			break;
		}
	flow_wait_put(w);
}

void flow_wait_put(struct flow_wait *w)
{
	if (ref_put(&w->refs))
		slab_free(w->cache, w);
}

struct flow_wait *flow_wait_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
				 const struct ipaddr *remote, u16 remote_port, u32 index)
{
	for (unsigned k = 0; k < n_waits; k++)
		if (waits[k]->local_port == local_port && waits[k]->remote_port == remote_port &&
		    ipaddr_equal(&waits[k]->local, local) &&
		    ipaddr_equal(&waits[k]->remote, remote) && ref_try_get(&waits[k]->refs))
			return waits[k];
	return NULL;
}

void flow_wait_walk(struct port_table *t, struct port_place *at,
		    bool (*fn)(struct flow_wait *w, void *arg), void *arg)
{
	for (unsigned k = 0; k < n_waits && fn(waits[k], arg); k++)
		;
}

int flow_enter(struct port_table *t, struct inet_sock *i, bool (*reusable)(struct sock *other))
{
	struct inet_sock *other = find_flow(&i->local, i->local_port, &i->remote, i->remote_port);

	if (other && other != i) {
		if (!reusable || !reusable(&other->sock))
			return -EADDRNOTAVAIL;
		other->in_list = PORT_OPEN;
	}
	for (unsigned k = 0; k < n_waits; k++)
		if (waits[k]->local_port == i->local_port &&
		    waits[k]->remote_port == i->remote_port &&
		    ipaddr_equal(&waits[k]->local, &i->local) &&
		    ipaddr_equal(&waits[k]->remote, &i->remote) && !wait_yields(waits[k]))
			return -EADDRNOTAVAIL;
	enter(i);
	i->in_list = PORT_FLOW;
	return 0;
}

int port_bind_flow(struct port_table *t, struct inet_sock *i, bool (*reusable)(struct sock *other))
{
	i->local_port = next_port++;
	if (next_port < 40000)
		next_port = 40000;
	return flow_enter(t, i, reusable);
}

void flow_leave(struct port_table *t, struct inet_sock *i) { i->in_list = PORT_OPEN; }

bool port_inherit(struct port_table *t, struct inet_sock *child, struct inet_sock *parent)
{
	child->local_port = parent->local_port;
	enter(child);
	return true;
}

void port_release(struct port_table *t, struct inet_sock *i)
{
	for (unsigned k = 0; k < n_bound; k++)
		if (bound[k] == i) {
			bound[k] = bound[--n_bound];
			break;
		}
	i->in_list = PORT_NONE;
}

struct inet_sock *flow_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 index)
{
	struct inet_sock *i = find_flow(local, local_port, remote, remote_port);

	return i && sock_try_get(&i->sock) ? i : NULL;
}

struct inet_sock *port_find(struct port_table *t, const struct ipaddr *local, u16 local_port,
			    const struct ipaddr *remote, u16 remote_port, u32 index,
			    bool (*suits)(const struct sock *s))
{
	for (unsigned k = 0; k < n_bound; k++)
		if (bound[k]->local_port == local_port && bound[k]->in_list != PORT_FLOW &&
		    suits(&bound[k]->sock) && sock_try_get(&bound[k]->sock))
			return bound[k];
	return NULL;
}

void port_walk(struct port_table *t, bool (*fn)(struct inet_sock *i, void *arg), void *arg)
{
	for (unsigned k = 0; k < n_bound && fn(bound[k], arg); k++)
		;
}

static const struct ip_protocol *tcp_protocol;

void ip_protocol_register(const struct ip_protocol *protocol) { tcp_protocol = protocol; }
void inet_type_register(struct inet_type *type) { }
void inet_show_register(struct inet_show *show) { }
void host_error(const struct ip_error *e) { tcp_protocol->error(e); }
