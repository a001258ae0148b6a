/*
 * The Internet protocols' common part: the table of versions, the table of transports, and how a
 * packet gets from one to the other.
 *
 * Walk of a packet in: dev/netif → net/ip4 or net/ip6 (header, for us?) → ip_deliver() here →
 * transport. Out: transport → ip_send() here → net/ip4 or net/ip6 (header) → net/link → dev/netif.
 */
#include "net/inet/inet.h"

#include "abi/errno.h"
#include "core/panic.h"
#include "net/inet/inet_int.h"
#include "net/inet/reassembly.h"
#include "net/tcp/tcp.h"

const struct ip_version *ip_versions[2];
static const struct ip_protocol *protocols[2][256]; /* I after boot: of IPv4, IPv6 */
DEFINE_PERCPU(struct inet_counters, inet_counters);

void ip_version_register(bool six, const struct ip_version *version)
{
	ip_versions[six] = version;
}

void ip_protocol_register(const struct ip_protocol *protocol)
{
	for (unsigned six = 0; six < 2; six++) {
		if (protocol->only == (six ? IP_ONLY_4 : IP_ONLY_6))
			continue;
		kassert(!protocols[six][protocol->number]);
		protocols[six][protocol->number] = protocol;
	}
}

int ip_send(struct packet *p, struct route *r, const struct ip_meta *meta)
{
	return ip_version_of(&r->to)->send(p, r, meta);
}

void ip_send_unreachable(struct packet *p, enum ip_unreachable what)
{
	ip_version_of(&ip_info(p)->to)->refuse(p, what);
}

static void refuse_route(struct packet *p, const struct flow *f, int err)
{
	const struct ip_version *version = ip_version_of(&f->to);

	if (err == -ABI_ENETUNREACH)
		version->refuse(p, IP_NET_UNREACHABLE);
	else if (err == -ABI_EHOSTUNREACH)
		version->refuse(p, IP_HOST_UNREACHABLE);
	else if (err == -ABI_EACCES)
		version->refuse(p, IP_PROHIBITED);
}

int ip_forward(struct packet *p, const struct flow *f,
	       void (*forward)(struct packet *p, struct route *r))
{
	struct route *r;
	int err = route_output(f, &r);

	if (err) {
		refuse_route(p, f, err);
		return err;
	}
	if (r->kind == ROUTE_UNICAST)
		forward(p, r);
	else
		packet_free(p);
	route_put(r);
	return 0;
}

bool ip_deliver(struct packet *p)
{
	const struct ip_info *info = ip_info(p);
	const struct ip_protocol *protocol;
	u8 number = info->protocol;
	bool taken = false;

	protocol = protocols[!ipaddr_is4(&info->to)][number];
	if (unlikely(READ_ONCE(raw_listeners[number])))
		taken = raw_receive(p);
	if (likely(protocol)) {
		protocol->receive(p);
		return true;
	}
	if (taken)
		packet_free(p);
	return taken;
}

void ip_deliver_error(struct ip_error *e, u8 protocol)
{
	const struct ip_protocol *its = protocols[!ipaddr_is4(&e->to)][protocol];

	if (unlikely(READ_ONCE(raw_listeners[protocol])))
		raw_error(e, protocol);
	if (its && its->error)
		its->error(e);
}

u32 ip_pseudo_sum(const struct ipaddr *from, const struct ipaddr *to, u8 protocol, u32 length)
{
	u32 sum = hton32(length + protocol);

	if (likely(ipaddr_is4(to)))
		return sum_add(sum_add(sum, from->w[3]), to->w[3]);
	for (unsigned i = 0; i < 4; i++)
		sum = sum_add(sum, sum_add(from->w[i], to->w[i]));
	return sum;
}

void ip_sum_partial(struct packet *p, const struct ipaddr *from, const struct ipaddr *to,
		    u8 protocol, u16 offset)
{
	u16 sum = sum_fold(ip_pseudo_sum(from, to, protocol, p->length));

	p->sum = SUM_PARTIAL;
	p->sum_start = packet_offset(p);
	p->sum_offset = offset;
	memcpy(p->data + offset, &sum, sizeof(sum));
}

u16 ip_sum_over(const struct packet *p, const struct ipaddr *from, const struct ipaddr *to,
		u8 protocol, u32 n)
{
	return sum_fold(packet_sum(p, 0, n, ip_pseudo_sum(from, to, protocol, p->length)));
}

bool ip_sum_valid(struct packet *p, u32 n)
{
	const struct ip_info *info = ip_info(p);

	if (likely(p->sum != SUM_NONE && n == p->length)) /* devices know of whole ones */
		return true;
	if (ip_sum_over(p, &info->from, &info->to, info->protocol, n) != 0xffff)
		return false;
	p->sum = SUM_VALID;
	return true;
}

u64 inet_counter_read(enum inet_counter counter)
{
	u64 sum = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		sum += READ_ONCE(percpu_ptr(inet_counters, cpu)->n[counter]);
	return sum;
}

/* An interface goes: nothing may keep a route by it (and with that the interface) for long. */
static void inet_watch(struct netif_watch *watch, struct netif *nif, enum netif_event event)
{
	if (event == NETIF_CARRIER)
		return;
	route_flush();
	if (event == NETIF_GONE) {
		port_tables_forget(nif);
		raw_forget(nif);
		reassembly_forget(nif);
	}
}

static struct netif_watch watch = { .fn = inet_watch };

void inet_init(void)
{
	route_init();
	neighbour_init();
	inet_sock_family_init();
	reassembly_init();
	ip4_init();
	ip6_init();
	udp_init();
	tcp_init();
	raw_init();
	ping_init();
	inet_error_init();
	netif_watch(&watch);
}
