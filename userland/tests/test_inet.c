/* Addresses, routes and neighbours by the classic calls; /proc/net; settings. */
#include "tap.h"

#include <net/if_arp.h>
#include <net/route.h>

#include "loopback.h"

#define LO INADDR_LOOPBACK

static int fd;

static long address(unsigned long request, const char *name, uint32_t a)
{
	struct ifreq r = {0};
	struct sockaddr_in in = in4(a, 0);

	strcpy(r.ifr_name, name);
	memcpy(&r.ifr_addr, &in, sizeof(in));
	return ioctl(fd, request, &r);
}

/* An address that is read: 0 if there is none. */
static uint32_t address_of(unsigned long request, const char *name)
{
	struct ifreq r = {0};

	strcpy(r.ifr_name, name);
	r.ifr_addr.sa_family = AF_INET;
	if (ioctl(fd, request, &r) < 0)
		return 0;
	return ntohl(((struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr);
}

static void begin(void)
{
	loopback_up();
	fd = must(socket(AF_INET, SOCK_DGRAM, 0));
}

TEST(addresses)
{
	struct ifreq r = {.ifr_name = "lo:7"};

	begin();
	is(address_of(SIOCGIFADDR, "lo"), LO, "lo has 127.0.0.1");
	is(address_of(SIOCGIFNETMASK, "lo"), 0xff000000, "and its mask");
	works(address(SIOCSIFADDR, "lo:7", 0x0a010203), "an alias");
	is(address_of(SIOCGIFADDR, "lo:7"), 0x0a010203, "has its address");
	is(address_of(SIOCGIFNETMASK, "lo:7"), 0xff000000, "and the mask of its class");
	is(address_of(SIOCGIFADDR, "lo"), LO, "lo keeps its own");
	works(address(SIOCSIFNETMASK, "lo:7", 0xffffff00), "another mask");
	is(address_of(SIOCGIFNETMASK, "lo:7"), 0xffffff00, "is there");
	is(address_of(SIOCGIFADDR, "lo:7"), 0x0a010203, "the address is as before");
	fails(address(SIOCSIFNETMASK, "lo:7", 0xff00ff00), EINVAL, "a mask with holes");
	works(bind4(udp_at(0x0a010203), 0, 0) == -1 ? 0 : -1, "a socket can have it");
	works(ioctl(fd, SIOCSIFFLAGS, &r), "the alias is taken down");
	is(address_of(SIOCGIFADDR, "lo:7"), 0, "is gone");
	fails(ioctl(fd, SIOCSIFFLAGS, &r), EADDRNOTAVAIL, "twice");
	works(address(SIOCSIFADDR, "lo:8", 0x0a010204), "another alias");
	works(address(SIOCSIFADDR, "lo:8", 0), "the address 0 takes it away");
	is(address_of(SIOCGIFADDR, "lo:8"), 0, "is gone");
	fails(address(SIOCGIFADDR, "lo:7", 0), EADDRNOTAVAIL, "no such alias");
	fails(address(SIOCGIFADDR, "nowhere0", 0), ENODEV, "no such interface");
	fails(ioctl(fd, SIOCGIFADDR, BAD), EFAULT, "a bad address");
}

TEST(all_addresses)
{
	struct ifreq r[20];
	struct ifconf c = {.ifc_len = sizeof(r), .ifc_req = r};
	bool found = false;

	begin();
	works(ioctl(fd, SIOCGIFCONF, &c), "SIOCGIFCONF");
	for (int i = 0; i < c.ifc_len / (int)sizeof(r[0]); i++)
		found = found || !strcmp(r[i].ifr_name, "lo");
	ok(found, "lo is in it");
	c.ifc_req = NULL;
	c.ifc_len = 0;
	works(ioctl(fd, SIOCGIFCONF, &c), "without a buffer");
	ok(c.ifc_len >= (int)sizeof(r[0]), "the room that it would take");
}

static int as_user(void *argument)
{
	(void)argument;
	struct rtentry r = {0};

	fd = must(socket(AF_INET, SOCK_DGRAM, 0));
	fails(address(SIOCSIFADDR, "lo", LO), EPERM, "an address");
	fails(ioctl(fd, SIOCADDRT, &r), EPERM, "a route");
	is(address_of(SIOCGIFADDR, "lo"), LO, "reading is allowed");
	return 0;
}

TEST(rights)
{
	begin();
	tap_as_user(as_user, NULL);
}

static struct rtentry route_to(uint32_t to, uint32_t mask, int flags)
{
	struct rtentry r = {.rt_flags = (unsigned short)(RTF_UP | flags)};
	struct sockaddr_in a = in4(to, 0), m = in4(mask, 0);

	memcpy(&r.rt_dst, &a, sizeof(a));
	memcpy(&r.rt_genmask, &m, sizeof(m));
	return r;
}

/* Where connect() would send to: the error, or 0. */
static int way_to(uint32_t to)
{
	int s = must(socket(AF_INET, SOCK_DGRAM, 0)), err;

	err = connect4(s, to, 9) ? errno : 0;
	close(s);
	return err;
}

TEST(routes)
{
	struct rtentry r = route_to(0xcb007100, 0xffffff00, 0); /* 203.0.113.0/24 */
	char line[64];

	begin();
	is(way_to(0xcb007105), ENETUNREACH, "no way");
	r.rt_dev = (char *)"lo";
	works(ioctl(fd, SIOCADDRT, &r), "a route");
	is(way_to(0xcb007105), 0, "is used");
	is(way_to(0xcb007205), ENETUNREACH, "only for its prefix");
	snprintf(line, sizeof(line), "lo\t%08X\t00000000\t0001\t", htonl(0xcb007100));
	ok(strstr(tap_read("/proc/net/route"), line), "/proc/net/route has it");
	fails(ioctl(fd, SIOCADDRT, &r), EEXIST, "twice");
	r = route_to(0xcb007108, 0xffffffff, RTF_HOST | RTF_REJECT);
	works(ioctl(fd, SIOCADDRT, &r), "one that refuses a host");
	is(way_to(0xcb007108), EHOSTUNREACH, "the longer prefix wins");
	is(way_to(0xcb007109), 0, "the others go on");
	works(ioctl(fd, SIOCDELRT, &r), "remove it");
	is(way_to(0xcb007108), 0, "as before");
	r = route_to(0xcb007100, 0xffffff00, 0);
	works(ioctl(fd, SIOCDELRT, &r), "remove the route");
	fails(ioctl(fd, SIOCDELRT, &r), ESRCH, "twice");
	is(way_to(0xcb007105), ENETUNREACH, "no way again");
	r = route_to(0xcb007101, 0xffffff00, 0);
	r.rt_dev = (char *)"lo";
	fails(ioctl(fd, SIOCADDRT, &r), EINVAL, "bits behind the mask");
	r = route_to(0xcb007100, 0xffffff00, RTF_GATEWAY);
	struct sockaddr_in gw = in4(0xc6336401, 0);
	memcpy(&r.rt_gateway, &gw, sizeof(gw));
	fails(ioctl(fd, SIOCADDRT, &r), ENETUNREACH, "a gateway that is not on a link");
	r.rt_dev = (char *)"nowhere0";
	fails(ioctl(fd, SIOCADDRT, &r), ENODEV, "no such interface");
}

TEST(neighbours)
{
	struct arpreq r = {.arp_flags = ATF_COM | ATF_PERM};
	struct sockaddr_in a = in4(0x0a7f0001, 0);

	begin();
	memcpy(&r.arp_pa, &a, sizeof(a));
	strcpy(r.arp_dev, "lo");
	fails(ioctl(fd, SIOCGARP, &r), ENXIO, "nobody known");
	r.arp_pa.sa_family = AF_UNIX;
	fails(ioctl(fd, SIOCGARP, &r), EPFNOSUPPORT, "another family");
	ok(strstr(tap_read("/proc/net/arp"), "IP address"), "/proc/net/arp");
}

/* The first line of a file of /proc/net, without what pads it. */
static const char *heading(const char *path)
{
	static char line[512];
	char *end;

	snprintf(line, sizeof(line), "%s", tap_read(path));
	line[strcspn(line, "\n")] = 0;
	for (end = line + strlen(line); end > line && end[-1] == ' '; end--)
		end[-1] = 0;
	return line;
}

TEST(proc_files)
{
	char line[64];
	int s;

	begin();
	s = udp_at(LO);
	is_text(heading("/proc/net/route"),
		"Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow"
		"\tIRTT", "route");
	is_text(heading("/proc/net/udp"),
		"   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
		"   uid  timeout inode ref pointer drops", "udp");
	is_text(heading("/proc/net/arp"),
		"IP address       HW type     Flags       HW address            Mask     Device",
		"arp");
	snprintf(line, sizeof(line), ": %08X:%04X 00000000:0000 07 ", htonl(LO), port_of(s));
	ok(strstr(tap_read("/proc/net/udp"), line), "the socket is in /proc/net/udp");
	connect4(s, LO, 9);
	snprintf(line, sizeof(line), ": %08X:%04X %08X:0009 01 ", htonl(LO), port_of(s),
		 htonl(LO));
	ok(strstr(tap_read("/proc/net/udp"), line), "and connected");
	ok(!strncmp(tap_read("/proc/net/snmp"), "Ip: Forwarding DefaultTTL InReceives ", 37),
	   "snmp");
	ok(tap_number(tap_read("/proc/net/sockstat"), "UDP: inuse ") >= 1, "sockstat");
}

static int setting(const char *name, const char *value)
{
	char path[100];
	int f, err;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/%s", name);
	f = must(open(path, O_RDWR));
	err = write(f, value, strlen(value)) < 0 ? errno : 0;
	close(f);
	return err;
}

TEST(settings)
{
	int s;

	begin();
	is_text(tap_read("/proc/sys/net/ipv4/ip_default_ttl"), "64\n", "the default TTL");
	is(setting("ip_default_ttl", "77\n"), 0, "another");
	is(get_int(fd, IPPROTO_IP, IP_TTL), 77, "is what sockets have");
	is(setting("ip_default_ttl", "64"), 0, "as it was");
	is(setting("ip_default_ttl", "256"), EINVAL, "too much");
	is(setting("ip_local_port_range", "40000 40010\n"), 0, "a range of ports");
	is_text(tap_read("/proc/sys/net/ipv4/ip_local_port_range"), "40000\t40010\n", "reads");
	s = udp_at(LO);
	ok(port_of(s) >= 40000 && port_of(s) <= 40010, "is used");
	is(setting("ip_local_port_range", "40010 40000\n"), EINVAL, "the wrong way round");
	is(setting("ip_local_port_range", "32768 60999"), 0, "as it was");
	is_text(tap_read("/proc/sys/net/ipv4/ip_forward"), "0\n", "no forwarding");
	is(setting("ip_forward", "1"), 0, "forwarding");
	is_text(tap_read("/proc/sys/net/ipv4/conf/lo/forwarding"), "1\n", "is for all interfaces");
	is(setting("ip_forward", "0"), 0, "as it was");
	is(setting("conf/lo/rp_filter", "1"), 0, "one of an interface");
	is_text(tap_read("/proc/sys/net/ipv4/conf/lo/rp_filter"), "1\n", "reads");
	is(setting("conf/lo/rp_filter", "0"), 0, "as it was");
}

/* An exhausted range says so. */
TEST(ports_run_out)
{
	int s[6], last;

	begin();
	is(setting("ip_local_port_range", "41000 41005\n"), 0, "a range of six");
	for (int i = 0; i < 6; i++) {
		s[i] = must(socket(AF_INET, SOCK_DGRAM, 0));
		works(bind4(s[i], LO, 0), "one of them");
	}
	last = must(socket(AF_INET, SOCK_DGRAM, 0));
	fails(bind4(last, LO, 0), EADDRINUSE, "one more");
	close(s[3]);
	works(bind4(last, LO, 0), "one became free");
	is(setting("ip_local_port_range", "32768 60999"), 0, "as it was");
}
