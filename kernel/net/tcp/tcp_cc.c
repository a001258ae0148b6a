/*
 * The table of congestion controls, and slow start, which they share.
 */
#include "abi/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_int.h"

static const struct tcp_cc *const controls[] = { &tcp_reno, &tcp_cubic };
static const struct tcp_cc *default_cc = &tcp_cubic; /* a */
static u32 allowed = (1u << ARRAY_SIZE(controls)) - 1; /* a: a bit for each */

/* Its number, or -ENOENT. `length`: of the name. */
static int find(const char *name, size_t length)
{
	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++)
		if (strlen(controls[i]->name) == length &&
		    memcmp(controls[i]->name, name, length) == 0)
			return (int)i;
	return -ENOENT;
}

const struct tcp_cc *tcp_cc_find(const char *name)
{
	int i = find(name, strlen(name));

	return i < 0 ? NULL : controls[i];
}

bool tcp_cc_allowed(const struct tcp_cc *cc)
{
	return READ_ONCE(allowed) >> find(cc->name, strlen(cc->name)) & 1;
}

const struct tcp_cc *tcp_cc_default(void)
{
	return READ_ONCE(default_cc);
}

int tcp_cc_set_default(const char *name)
{
	int i = find(name, strlen(name));

	if (i < 0)
		return i;
	WRITE_ONCE(default_cc, controls[i]);
	__atomic_fetch_or(&allowed, 1u << i, __ATOMIC_RELAXED);
	return 0;
}

int tcp_cc_set_allowed(const char *names)
{
	u32 bits = 0;

	for (names += strspn(names, " \t\n"); *names; names += strspn(names, " \t\n")) {
		size_t length = strcspn(names, " \t\n");
		int i = find(names, length);

		if (i < 0)
			return i;
		bits |= 1u << i;
		names += length;
	}
	WRITE_ONCE(allowed, bits);
	return 0;
}

void tcp_cc_names(char *out, size_t size, bool only_allowed)
{
	u32 which = only_allowed ? READ_ONCE(allowed) : ~0u;
	size_t at = 0;

	out[0] = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++)
		if (which >> i & 1 && at < size)
			at += (size_t)snprintf(out + at, size - at, "%s%s", at ? " " : "",
					       controls[i]->name);
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
