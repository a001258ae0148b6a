/*
 * Raw and ping sockets as text: /proc/net/raw, raw6, icmp.
 */
#include "net/inet/show.h"
#include "net/raw/ping.h"
#include "net/raw/raw.h"

struct rows { struct format_sink *out; u32 n; };

static bool row(struct inet_sock *i, void *arg)
{
	struct rows *r = arg;

	r->n++;
	if (r->out)
		inet_show_sock(r->out, i, i->local_port, 4, ipaddr_any(&i->remote) ? 7 : 1);
	return true;
}

void raw_show(struct format_sink *out, bool six)
{
	struct rows r = { .out = out };

	inet_show_sock_header(out, 4, six);
	raw_walk(six ? AF_INET6 : AF_INET, row, &r);
}

void ping_show(struct format_sink *out, bool six)
{
	struct rows r = { .out = out };

	inet_show_sock_header(out, 5, six);
	port_walk(six ? ping6_ports : ping_ports, row, &r);
}

static void sockstat(struct format_sink *out, bool six)
{
	struct rows r = { 0 };

	raw_walk(six ? AF_INET6 : AF_INET, row, &r);
	format_to(out, "RAW%s: inuse %u\n", six ? "6" : "", r.n);
}

static struct inet_show show = { .sockstat = sockstat };

void raw_show_init(void)
{
	inet_show_register(&show);
}
