/*
 * The counters of TCP as text: the lines of /proc/net/snmp and /proc/net/netstat that are its own.
 */
#include "net/tcp/tcp_stat.h"

#include "net/inet/show.h"
#include "net/tcp/tcp_account.h"
#include "net/tcp/tcp_mem.h"

DEFINE_PERCPU(u64, tcp_counts[TCP_COUNTER_MAX]);

#define NAME(name) #name,
static const char *const names[] = { TCP_COUNTERS(NAME) TCP_EXT_COUNTERS(NAME) };
static_assert(ARRAY_SIZE(names) == TCP_COUNTER_MAX, "a name for each counter");

static u64 counter_sum(unsigned counter)
{
	u64 sum = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		sum += READ_ONCE((*percpu_ptr(tcp_counts, cpu))[counter]);
	return sum;
}

/* Counters low … high - 1, with what is no counter put in after CurrEstab's predecessor. */
static void print_line(struct format_sink *out, unsigned low, unsigned high, bool values)
{
	for (unsigned i = low; i < high; i++) {
		if (values)
			format_to(out, " %llu", (unsigned long long)counter_sum(i));
		else
			format_to(out, " %s", names[i]);
		if (i == COUNT_EstabResets) {
			if (values)
				format_to(out, " %llu",
					  (unsigned long long)tcp_established_count());
			else
				format_to(out, " CurrEstab");
		}
	}
	format_to(out, "\n");
}

/* RFC 4022: RtoAlgorithm other(1) is what Linux says, RtoMin, RtoMax in ms, MaxConn -1: dynamic. */
static void show_snmp(struct format_sink *out)
{
	format_to(out, "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn");
	print_line(out, 0, COUNT_InCsumErrors + 1, false);
	format_to(out, "Tcp: 1 200 120000 -1");
	print_line(out, 0, COUNT_InCsumErrors + 1, true);
}

static void show_netstat(struct format_sink *out)
{
	format_to(out, "TcpExt:");
	print_line(out, COUNT_InCsumErrors + 1, TCP_COUNTER_MAX, false);
	format_to(out, "TcpExt:");
	print_line(out, COUNT_InCsumErrors + 1, TCP_COUNTER_MAX, true);
}

static void show_sockstat(struct format_sink *out, bool six)
{
	if (six) {
		format_to(out, "TCP6: inuse %u\n", tcp_count_six());
		return;
	}
	format_to(out, "TCP: inuse %u orphan %u tw %u alloc %u mem %u\n",
		  READ_ONCE(tcp_n_sockets), READ_ONCE(tcp_n_orphans),
		  READ_ONCE(tcp_n_timewait), READ_ONCE(tcp_n_sockets), tcp_mem_pages());
}

static struct inet_show show = {
	.snmp = show_snmp, .netstat = show_netstat, .sockstat = show_sockstat,
};

void tcp_stat_init(void)
{
	inet_show_register(&show);
}
