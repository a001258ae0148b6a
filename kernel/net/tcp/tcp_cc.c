/*
 * The table of congestion controls, and slow start, which they share.
 */
#include "abi/errno.h"
#include "lib/string.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_int.h"

static const struct tcp_cc *const controls[] = { &tcp_cubic, &tcp_reno };
static const struct tcp_cc *default_cc = &tcp_cubic; /* a */

const struct tcp_cc *tcp_cc_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++)
		if (strcmp(controls[i]->name, name) == 0)
			return controls[i];
	return NULL;
}

const struct tcp_cc *tcp_cc_default(void)
{
	return READ_ONCE(default_cc);
}

int tcp_cc_set_default(const char *name)
{
	const struct tcp_cc *cc = tcp_cc_find(name);

	if (!cc)
		return -ENOENT;
	WRITE_ONCE(default_cc, cc);
	return 0;
}

const char *tcp_cc_names(void)
{
	return "cubic reno";
}

const char *tcp_cc_default_name(void)
{
	return tcp_cc_default()->name;
}

u32 tcp_slow_start(struct tcp_sock *t, u32 bytes)
{
	u32 room = t->ssthresh - t->cwnd;
	u32 n = min(bytes, room);

	t->cwnd += n;
	return bytes - n;
}
