/*
 * UDP's and UDP-Lite's sockets as text: /proc/net/udp, udp6, udplite, udplite6, and their number.
 */
#include "net/inet/show.h"
#include "net/udp/udp.h"

struct rows { struct format_sink *out; u16 family; u32 n; };

static bool row(struct inet_sock *i, void *arg)
{
	struct rows *r = arg;
	bool connected = i->remote_port || !ipaddr_any(&i->remote);

	if (i->sock.family != r->family)
		return true;
	r->n++;
	if (r->out) /* states of TCP: 1 established, 7 closed */
		inet_show_sock(r->out, i, i->local_port, 5, connected ? 1 : 7);
	return true;
}

void udp_show(struct format_sink *out, u16 protocol, bool six)
{
	struct rows r = { .out = out, .family = six ? AF_INET6 : AF_INET };

	inet_show_sock_header(out, 5, six);
	port_walk(udp_kind(protocol)->ports, row, &r);
}

static u32 count(u16 protocol, bool six)
{
	struct rows r = { .family = six ? AF_INET6 : AF_INET };

	port_walk(udp_kind(protocol)->ports, row, &r);
	return r.n;
}

static void sockstat(struct format_sink *out, bool six)
{
	const char *version = six ? "6" : "";

	format_to(out, "UDP%s: inuse %u%s\n", version, count(IPPROTO_UDP, six),
		  six ? "" : " mem 0");
	format_to(out, "UDPLITE%s: inuse %u\n", version, count(IPPROTO_UDPLITE, six));
}

static struct inet_show show = { .sockstat = sockstat };

void udp_show_init(void)
{
	inet_show_register(&show);
}
