/*
 * /proc/sys/net/ipv4: settings of TCP that are no single numbers (ip-sysctl): sizes of buffers, and
 * congestion controls by name.
 */
#include "abi/errno.h"
#include "lib/parse.h"
#include "lib/string.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_setting.h"
#include "proc/procfs/procfs_int.h"

static int show_sizes(struct text *t, const u32 *v)
{
	text_printf(t, "%u\t%u\t%u\n", READ_ONCE(v[0]), READ_ONCE(v[1]), READ_ONCE(v[2]));
	return 0;
}

/* Up to three sizes, of at least one byte or page each; what is not there stays. */
static int store_sizes(const char *at, u32 *v)
{
	s32 in[3];
	int n = 0;

	for (at += strspn(at, " \t\n"); *at; at += strspn(at, " \t\n")) {
		if (n == 3 || parse_s32(at, 10, &in[n], &at) || in[n] < 1)
			return -EINVAL;
		n++;
	}
	if (!n)
		return -EINVAL;
	for (int k = 0; k < n; k++)
		WRITE_ONCE(v[k], (u32)in[k]);
	return 0;
}

int show_tcp_mem(struct text *t, struct task *task)
{
	return show_sizes(t, tcp_mem);
}

int store_tcp_mem(struct task *task, char *buf, size_t n)
{
	return store_sizes(buf, tcp_mem);
}

int show_tcp_rmem(struct text *t, struct task *task)
{
	return show_sizes(t, tcp_rmem);
}

int store_tcp_rmem(struct task *task, char *buf, size_t n)
{
	return store_sizes(buf, tcp_rmem);
}

int show_tcp_wmem(struct text *t, struct task *task)
{
	return show_sizes(t, tcp_wmem);
}

int store_tcp_wmem(struct task *task, char *buf, size_t n)
{
	return store_sizes(buf, tcp_wmem);
}

int show_tcp_cc(struct text *t, struct task *task)
{
	text_printf(t, "%s\n", tcp_cc_default_name());
	return 0;
}

int store_tcp_cc(struct task *task, char *buf, size_t n)
{
	buf[strcspn(buf, " \t\n")] = 0;
	return tcp_cc_set_default(buf);
}

static int show_names(struct text *t, bool allowed)
{
	char names[64];

	tcp_cc_names(names, sizeof(names), allowed);
	text_printf(t, "%s\n", names);
	return 0;
}

int show_tcp_cc_available(struct text *t, struct task *task)
{
	return show_names(t, false);
}

int show_tcp_cc_allowed(struct text *t, struct task *task)
{
	return show_names(t, true);
}

int store_tcp_cc_allowed(struct task *task, char *buf, size_t n)
{
	return tcp_cc_set_allowed(buf);
}

int show_tcp_notsent(struct text *t, struct task *task)
{
	text_printf(t, "%u\n", READ_ONCE(tcp_notsent_lowat));
	return 0;
}

int store_tcp_notsent(struct task *task, char *buf, size_t n)
{
	const char *end;
	u32 v;

	if (parse_u32(buf, 10, &v, &end) || end[strspn(end, " \t\n")])
		return -EINVAL;
	WRITE_ONCE(tcp_notsent_lowat, v);
	return 0;
}
