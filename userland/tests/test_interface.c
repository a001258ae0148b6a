/* Network interfaces by ioctl (netdevice(7)) and in /sys/class/net, on the loopback interface. */
#include "tap.h"
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

static int any_socket(void)
{
	return must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0));
}

static struct ifreq lo(void)
{
	return (struct ifreq){.ifr_name = "lo"};
}

static long sys_number(const char *file)
{
	char path[100], text[64] = "";
	int fd;

	snprintf(path, sizeof(path), "/sys/class/net/lo/%s", file);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return -1;
	close(fd);
	return strtol(text, NULL, 0);
}

TEST(interface_get)
{
	int fd = any_socket();
	struct ifreq r = lo();

	ok(ioctl(fd, SIOCGIFINDEX, &r) == 0 && r.ifr_ifindex == 1, "lo is the first interface");
	memset(&r, 0, sizeof(r));
	r.ifr_ifindex = 1;
	ok(ioctl(fd, SIOCGIFNAME, &r) == 0 && !strcmp(r.ifr_name, "lo"), "the first is lo");
	r = lo();
	ok(ioctl(fd, SIOCGIFHWADDR, &r) == 0 && r.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK,
	   "its kind is loopback");
	r = lo();
	ok(ioctl(fd, SIOCGIFFLAGS, &r) == 0 && r.ifr_flags & IFF_LOOPBACK, "its flags say so");
	r = lo();
	ok(ioctl(fd, SIOCGIFMTU, &r) == 0 && r.ifr_mtu == 65536, "MTU");
	r = lo();
	ok(ioctl(fd, SIOCGIFTXQLEN, &r) == 0 && r.ifr_qlen == 1000, "queue length");
	r = lo();
	ok(ioctl(fd, SIOCGIFMETRIC, &r) == 0 && r.ifr_metric == 0, "metric");
	r = lo();
	ok(ioctl(fd, SIOCGIFMAP, &r) == 0 && r.ifr_map.irq == 0, "map");
}

TEST(interface_errors)
{
	int fd = any_socket();
	struct ifreq r = {.ifr_name = "nosuch0"};

	fails(ioctl(fd, SIOCGIFINDEX, &r), ENODEV, "no such interface");
	r.ifr_ifindex = 9999;
	fails(ioctl(fd, SIOCGIFNAME, &r), ENODEV, "no such index");
	fails(ioctl(fd, SIOCGIFINDEX, NULL), EFAULT, "bad address");
	r = lo();
	r.ifr_mtu = -5;
	fails(ioctl(fd, SIOCSIFMTU, &r), EINVAL, "MTU below zero");
	r = lo();
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	ok(ioctl(fd, SIOCSIFHWADDR, &r) < 0, "an address of another kind");
	must(setuid(1000));
	r = lo();
	fails(ioctl(fd, SIOCSIFFLAGS, &r), EPERM, "changing flags as a user");
	fails(ioctl(fd, SIOCSIFMTU, &r), EPERM, "changing the MTU as a user");
	ok(ioctl(fd, SIOCGIFFLAGS, &r) == 0, "asking as a user");
}

TEST(interface_set)
{
	int fd = any_socket();
	struct ifreq r = lo();
	short flags;

	must(ioctl(fd, SIOCGIFFLAGS, &r));
	flags = r.ifr_flags;
	r.ifr_flags = flags | IFF_UP;
	ok(ioctl(fd, SIOCSIFFLAGS, &r) == 0, "up");
	must(ioctl(fd, SIOCGIFFLAGS, &r));
	ok((r.ifr_flags & (IFF_UP | IFF_RUNNING)) == (IFF_UP | IFF_RUNNING), "it is running");
	strcpy(r.ifr_newname, "other");
	r.ifr_flags = flags & ~IFF_UP;
	ok(ioctl(fd, SIOCSIFFLAGS, &r) == 0, "down");
	must(ioctl(fd, SIOCGIFFLAGS, &r));
	ok(!(r.ifr_flags & (IFF_UP | IFF_RUNNING)), "it is down");
	r.ifr_mtu = 1400;
	ok(ioctl(fd, SIOCSIFMTU, &r) == 0 && sys_number("mtu") == 1400, "another MTU");
	r.ifr_mtu = 65536;
	must(ioctl(fd, SIOCSIFMTU, &r));
	r.ifr_qlen = 500;
	ok(ioctl(fd, SIOCSIFTXQLEN, &r) == 0 && sys_number("tx_queue_len") == 500,
	   "another queue length");
	r.ifr_qlen = 1000;
	must(ioctl(fd, SIOCSIFTXQLEN, &r));
	r.ifr_flags = flags | IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &r));
}

TEST(interface_sysfs)
{
	int fd;

	ok(sys_number("ifindex") == 1, "index");
	ok(sys_number("type") == ARPHRD_LOOPBACK, "type");
	ok(sys_number("addr_len") == 6, "length of addresses");
	ok((sys_number("flags") & IFF_LOOPBACK) != 0, "flags");
	ok(sys_number("statistics/tx_packets") >= 0, "statistics");
	ok(access("/sys/class/net/lo/device", F_OK) < 0, "no device is behind it");
	ok(access("/sys/class/net/nosuch0", F_OK) < 0, "no such interface");
	fd = must(open("/sys/class/net/lo/mtu", O_RDWR));
	ok(write(fd, "1300\n", 5) == 5 && sys_number("mtu") == 1300, "writing the MTU");
	fails(write(fd, "x\n", 2), EINVAL, "no number");
	must(pwrite(fd, "65536\n", 6, 0));
	ok(sys_number("mtu") == 65536, "and back");
}

TEST(interface_ethtool)
{
	int fd = any_socket();
	struct ethtool_value v = {.cmd = ETHTOOL_GTSO};
	struct ifreq r = lo();

	r.ifr_data = (void *)&v;
	ok(ioctl(fd, SIOCETHTOOL, &r) == 0 && v.data == 1, "packets pass whole");
	v.cmd = 0xfff;
	fails(ioctl(fd, SIOCETHTOOL, &r), EOPNOTSUPP, "no such command");
	r.ifr_data = NULL;
	fails(ioctl(fd, SIOCETHTOOL, &r), EFAULT, "bad address");
}
