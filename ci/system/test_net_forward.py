"""Skerry as a router between two links, for IPv4 and IPv6: on the left is Debian's Linux (10.1.0.2,
fd01::2), on the right another Skerry (10.2.0.2, fd02::2); the router is number 1 of each. So each
kernel is told by the router what routers tell: that a packet was on its way for too long, that it
is too big, that there is no way, that there is a better one."""

import re
import typing

import pytest

from conftest import Console
from machines import becomes, disk_with_tests, joined, net, setting, transfer

VERSIONS = ["ipv4", "ipv6"]


class Side(typing.NamedTuple):
    """A link with its machine."""
    number: int            # of the link, from 1
    console: Console
    ours: str              # the router's interface

    def at(self, version, host, link=None):
        """The address of a host of this link, or of another one."""
        link = link or self.number
        return f"10.{link}.0.{host}" if version == "ipv4" else f"fd0{link}::{host}"


@pytest.fixture(name="routed", scope="module")
def routed_fixture(consoles, tmp_path_factory):
    """The router's console and its sides."""
    folder = str(tmp_path_factory.mktemp("links"))
    extra = [word for link, model in ((1, "e1000"), (2, "e1000e")) for word in
             joined(folder, 0, model, f"link{link}", f"52:54:00:00:0{link}:01")]
    router = consoles("forward", extra=extra, kernel="skerry", env={"SMP": "2"},
                      disks=disk_with_tests())
    sides = []
    for link, kernel in ((1, "linux"), (2, "skerry")):
        extra = joined(folder, 1, "e1000", f"link{link}", f"52:54:00:00:0{link}:02")
        sides.append(Side(link, consoles(f"forward-{kernel}", extra=extra, kernel=kernel,
                                         disks=disk_with_tests()), f"eth{link - 1}"))
    router.prompt(120)
    configure(router, sides)
    for side in sides:
        side.console.prompt(120)
        settle(side.console, "eth0")
        for version in VERSIONS:
            # Redirects are only believed of who is the gateway: for IPv6 by its link's address.
            gateway = side.at(version, 1) if version == "ipv4" else \
                f"fe80::5054:ff:fe00:{side.number}01"
            side.console.output(f"ip addr add {side.at(version, 2)}/{bits(version)} dev eth0 && "
                                f"ip route add default via {gateway} dev eth0")
    for side in sides:
        for version in VERSIONS:
            far = side.at(version, 2, 3 - side.number)
            becomes(side.console, f"ping -c 1 -W 1 {far}", " 0% packet loss", 30)
    return router, sides


def bits(version):
    return 24 if version == "ipv4" else 64


def settle(console, name):
    """The interface is up and has no address but its own of the link."""
    console.no_lease()
    console.output(f"ip -4 addr flush dev {name}; ip link set {name} up")
    becomes(console, f"cat /sys/class/net/{name}/carrier", "1")


def configure(router, sides):
    for side in sides:
        settle(router, side.ours)
        for version in VERSIONS:
            router.output(f"ip addr add {side.at(version, 1)}/{bits(version)} dev {side.ours}")
    router.output("echo 1 >/proc/sys/net/ipv4/ip_forward; "
                  "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding")


@pytest.mark.parametrize("version", VERSIONS)
def test_forward(routed, version):
    _, sides = routed
    largest = 65507 if version == "ipv4" else 65527
    for side, other in (sides, sides[::-1]):
        far = other.at(version, 2)
        assert " 0% packet loss" in side.console.output(f"ping -c 2 -s {largest} {far}", 30)
        assert int(net(side.console, f"flood {far} 1000 56")["received"]) >= 950
        transfer(side.console, other.console, far, 2048)


@pytest.mark.parametrize("version", VERSIONS)
def test_hop_limit(routed, version):
    _, sides = routed
    for side, other in (sides, sides[::-1]):
        far = other.at(version, 2)
        text = side.console.output(f"traceroute{version[3].replace('4', '')} -n -q 1 {far}", 60)
        assert re.search(rf"^ 1  {side.at(version, 1)}  .*\n 2  {far}  ", text, re.M), text


@pytest.mark.parametrize("version", VERSIONS)
def test_too_big(routed, version):
    """The far link is narrow: who sends there, or answers to there, hears it from the router. The
    second one is narrower: what was learned of the first shows in segments the other way."""
    router, sides = routed
    for side, other, mtu in ((*sides, 1400), (*sides[::-1], 1300)):
        far = other.at(version, 2)
        narrow(router, other, mtu)
        try:
            becomes(other.console, f"ping -c 1 -W 1 -s 4000 {side.at(version, 2)}",
                    " 0% packet loss")
            transfer(side.console, other.console, far, 1024)
            # It is remembered, for that destination.
            assert net(side.console, f"path {far}")["mtu"] == str(mtu)
            assert " 0% packet loss" in side.console.output(f"ping -c 2 -s 4000 {far}", 30)
        finally:
            narrow(router, other, 1500)


def narrow(router, side, mtu):
    router.output(f"ip link set {side.ours} mtu {mtu}")
    becomes(router, f"cat /sys/class/net/{side.ours}/carrier", "1")
    for version in VERSIONS:
        becomes(router, f"ping -c 1 -W 1 {side.at(version, 2)}", " 0% packet loss")


@pytest.mark.parametrize("version", VERSIONS)
def test_unreachable(routed, version):
    """No way to a network; nobody with that address on a link; a way that is forbidden."""
    router, sides = routed
    forbidden = "10.8.0.0/16" if version == "ipv4" else "fd08::/64"
    router.output(f"ip route add prohibit {forbidden}")
    for side in sides:
        for to, said in ((side.at(version, 1, 9), "Network (is )?unreachable"),
                         (side.at(version, 77, 3 - side.number), "(Host is unreachable|No route)"),
                         (side.at(version, 1, 8), "(Permission denied|Host is unreachable)")):
            status, text = side.console.run(f"telnet {to} 9", 30)
            assert status and re.search(said, text), text
    router.output(f"ip route del prohibit {forbidden}")


@pytest.mark.parametrize("version", VERSIONS)
def test_redirect(routed, version):
    """The router knows another one on the sender's link, and says so besides forwarding."""
    router, sides = routed
    for side in sides:
        better = f"10.{side.number}.0.3" if version == "ipv4" else "fe80::3"
        far = f"10.7.{side.number}.1" if version == "ipv4" else f"fd07:{side.number}::1"
        router.output(f"ip route add {far} via {better} dev {side.ours}")
        if version == "ipv4":
            # Linux believes in a way only when it knows who is there.
            side.console.output(f"arp -s {better} 52:54:00:00:00:03")
        assert better not in side.console.output(f"ip route get {far}")
        becomes(side.console, f"ping -c 1 -W 1 {far}; ip route get {far}", f"via {better} dev eth0")
        router.output(f"ip route del {far}")


@pytest.mark.parametrize("version", VERSIONS)
def test_no_router(routed, version):
    """What it does not want to forward, it does not."""
    router, sides = routed
    setting6 = "echo %d >/proc/sys/net/ipv6/conf/all/forwarding"
    for value, lost in ((0, 100), (1, 0)):
        if version == "ipv4":
            setting(router, "ip_forward", value)
        else:
            router.output(setting6 % value)
        for side, other in (sides, sides[::-1]):
            becomes(side.console, f"ping -c 1 -W 1 {other.at(version, 2)}", f" {lost}% packet loss")
