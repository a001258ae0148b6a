/* Settings of the network below /proc/sys/net, and that they take effect. */
#include "tcp.h"

#define DIR4 "/proc/sys/net/ipv4/"
#define DIR6 "/proc/sys/net/ipv6/"

/* A setting is changed for a test, and put back. */
static void with(const char *path, const char *text, void (*run)(void))
{
	char before[256];

	snprintf(before, sizeof(before), "%s", tap_read(path));
	works(tap_write(path, text), path);
	run();
	must(tap_write(path, before));
}

static const char *congestion(int fd)
{
	static char name[16];
	socklen_t n = sizeof(name);

	must(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &n));
	return name;
}

static int as_user(void *argument)
{
	int s = must(socket(AF_INET, SOCK_STREAM, 0));

	(void)argument;
	fails(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5), EPERM,
	      "a user may not choose another");
	works(setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), "but that one");
	return 0;
}

static void users_choose(void)
{
	is_text(tap_read(DIR4 "tcp_allowed_congestion_control"), "reno\n", "one is allowed");
	is(tap_as_user(as_user, NULL), 0, "the user's checks");
}

static void new_ones_have_reno(void)
{
	with(DIR4 "tcp_allowed_congestion_control", "reno\n", users_choose);
	is_text(congestion(must(socket(AF_INET, SOCK_STREAM, 0))), "reno", "new sockets have it");
}

TEST(congestion_controls)
{
	int s = must(socket(AF_INET, SOCK_STREAM, 0));

	is_text(tap_read(DIR4 "tcp_congestion_control"), "cubic\n", "the first one");
	ok(strstr(tap_read(DIR4 "tcp_available_congestion_control"), "cubic") &&
	   strstr(tap_read(DIR4 "tcp_available_congestion_control"), "reno"), "what there is");
	with(DIR4 "tcp_congestion_control", "reno\n", new_ones_have_reno);
	is_text(congestion(s), "cubic", "old ones keep theirs");
	fails(tap_write(DIR4 "tcp_congestion_control", "none"), ENOENT, "no such");
	fails(tap_write(DIR4 "tcp_allowed_congestion_control", "reno none"), ENOENT, "no such");
}

static void buffers_are_small(void)
{
	int s = must(socket(AF_INET, SOCK_STREAM, 0));

	is(get_int(s, SOL_SOCKET, SO_RCVBUF), 20000, "a new socket has that");
}

static void send_buffers_are_small(void)
{
	int s = must(socket(AF_INET, SOCK_STREAM, 0));

	is(get_int(s, SOL_SOCKET, SO_SNDBUF), 30000, "a new socket has that");
}

TEST(buffers)
{
	unsigned v[3];

	is(sscanf(tap_read(DIR4 "tcp_rmem"), "%u %u %u", v, v + 1, v + 2), 3, "three sizes");
	ok(v[0] <= v[1] && v[1] <= v[2], "in order");
	with(DIR4 "tcp_rmem", "4096 20000 6000000", buffers_are_small);
	with(DIR4 "tcp_wmem", "4096 30000 6000000\n", send_buffers_are_small);
	fails(tap_write(DIR4 "tcp_rmem", "0 1 2"), EINVAL, "nothing");
	fails(tap_write(DIR4 "tcp_wmem", "x"), EINVAL, "no number");
}

static void little_is_unsent(void)
{
	static char data[1 << 20];
	struct pollfd p;
	int pair[2];

	make_pair(pair);
	must(fcntl(pair[0], F_SETFL, O_NONBLOCK));
	set_int(pair[1], SOL_SOCKET, SO_RCVBUF, 4096);
	while (write(pair[0], data, sizeof(data)) > 0)
		;
	p = (struct pollfd){.fd = pair[0], .events = POLLOUT};
	is(poll(&p, 1, 0), 0, "a full connection is not ready");
}

TEST(unsent)
{
	is_text(tap_read(DIR4 "tcp_notsent_lowat"), "4294967295\n", "no limit");
	with(DIR4 "tcp_notsent_lowat", "1000\n", little_is_unsent);
}

/* A line of names and one of numbers. */
static void table(const char *path, const char *name)
{
	char text[16384], *line, *rest = text;
	int words[2] = {0, 0}, found = 0;

	snprintf(text, sizeof(text), "%s", tap_read(path));
	while ((line = strsep(&rest, "\n")) && found < 2) {
		if (strncmp(line, name, strlen(name)))
			continue;
		for (char *w = strtok(line, " "); w; w = strtok(NULL, " "))
			words[found]++;
		found++;
	}
	is(found, 2, "two lines");
	ok(words[0] > 1 && words[0] == words[1], "a number for each name");
}

static void heading(const char *line)
{
	ok(strstr(tap_read("/proc/net/snmp"), line), "%s", line);
}

TEST(counters)
{
	const char *text;

	table("/proc/net/netstat", "TcpExt:");
	table("/proc/net/netstat", "IpExt:");
	table("/proc/net/snmp", "Tcp:");
	table("/proc/net/snmp", "Udp:");
	heading("\nIcmp: InMsgs InErrors InCsumErrors InDestUnreachs InTimeExcds InParmProbs "
		"InSrcQuenchs InRedirects InEchos InEchoReps InTimestamps InTimestampReps "
		"InAddrMasks InAddrMaskReps OutMsgs OutErrors OutRateLimitGlobal OutRateLimitHost "
		"OutDestUnreachs OutTimeExcds ");
	heading("\nUdp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors "
		"InCsumErrors IgnoredMulti MemErrors\n");
	heading("\nUdpLite: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors "
		"InCsumErrors IgnoredMulti MemErrors\n");
	text = tap_read("/proc/net/snmp6");
	ok(strstr(text, "\nUdp6IgnoredMulti ") && strstr(text, "\nUdp6MemErrors "), "Udp6");
	ok(!strstr(text, "\nUdpLite6IgnoredMulti ") && strstr(text, "\nUdpLite6MemErrors "),
	   "UdpLite6");
}

/* The column before the last of Udp's row. */
static long ignored(void)
{
	const char *at = strstr(tap_read("/proc/net/snmp"), "\nUdp: ");
	long n = -1;

	at = at ? strstr(at + 1, "\nUdp: ") : NULL;
	if (at)
		sscanf(at, "\nUdp: %*d %*d %*d %*d %*d %*d %*d %ld", &n);
	return n;
}

TEST(ignored_multicasts)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9),
				 .sin_addr.s_addr = htonl(0x7fffffff)};
	int s = must(socket(AF_INET, SOCK_DGRAM, 0)), r = must(socket(AF_INET, SOCK_DGRAM, 0));
	long then = ignored();
	char byte;

	set_int(s, SOL_SOCKET, SO_BROADCAST, 1);
	works(sendto(s, "x", 1, 0, (void *)&to, sizeof(to)), "a broadcast that nobody wants");
	for (int i = 0; i < 100 && ignored() == then; i++)
		tap_sleep_ms(10);
	is(ignored() - then, 1, "counts");
	must(bind(r, (void *)&to, sizeof(to)));
	works(sendto(s, "x", 1, 0, (void *)&to, sizeof(to)), "one that somebody wants");
	is(recv(r, &byte, 1, 0), 1, "arrives");
	is(ignored() - then, 1, "and does not");
}

TEST(round_trip_of_a_receiver)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);
	char text[20000] = "";
	int p[2];

	make_pair(p);
	for (int i = 0; i < 20; i++) {
		must(write(p[0], text, sizeof(text)));
		for (size_t got = 0; got < sizeof(text);)
			got += (size_t)must(read(p[1], text, sizeof(text)));
		tap_sleep_ms(2);
	}
	must(getsockopt(p[1], IPPROTO_TCP, TCP_INFO, &info, &n));
	ok(info.tcpi_rcv_rtt > 0 && info.tcpi_rcv_rtt < 60000000, "tcpi_rcv_rtt");
}

/* What `ip route flush cache` writes. */
TEST(flush)
{
	works(tap_write(DIR4 "route/flush", "-1"), "IPv4's routes");
	works(tap_write("/proc/sys/net/ipv6/route/flush", "1\n"), "IPv6's routes");
	fails(tap_write("/proc/sys/net/ipv6/route/flush", "now"), EINVAL, "not a number");
}

/* Each of the four directories of settings has the numbers of its own. */
TEST(neighbours_default)
{
	is_text(tap_read("/proc/sys/net/ipv4/neigh/default/base_reachable_time_ms"), "30000\n",
		"IPv4's");
	is_text(tap_read("/proc/sys/net/ipv6/neigh/default/base_reachable_time_ms"), "30000\n",
		"IPv6's");
	is_text(tap_read("/proc/sys/net/ipv6/neigh/default/delay_first_probe_time"), "5\n",
		"the second");
	is_text(tap_read("/proc/sys/net/ipv6/neigh/lo/base_reachable_time_ms"), "30000\n",
		"an interface's");
}

static void ipv4_has_its_own(void)
{
	is_text(tap_read(DIR6 "route/mtu_expires"), "77\n", "reads");
	is_text(tap_read(DIR4 "route/mtu_expires"), "600\n", "IPv4 has its own");
}

TEST(path_mtu)
{
	is_text(tap_read(DIR6 "route/mtu_expires"), "600\n", "ten minutes");
	with(DIR6 "route/mtu_expires", "77\n", ipv4_has_its_own);
}
