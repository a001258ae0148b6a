"""IPv6 on the link: what a router says, duplicates, redirects, groups, with a router that is this
file at the other end of the cable."""

import ipaddress
import re
import struct
import threading
import time

import pytest

from conftest import PATIENCE
from machines import becomes, checksum, packed

OURS = bytes.fromhex("525400000001")
ROUTER_MAC = bytes.fromhex("020000000099")
ROUTER = "fe80::99"
LINK_LOCAL = "fe80::5054:ff:fe00:1"
MADE = "2001:db8:1:0:5054:ff:fe00:1"
SOLICIT, ADVERT, NEIGHBOUR_SOLICIT, NEIGHBOUR_ADVERT, REDIRECT = 133, 134, 135, 136, 137


def group_mac(address):
    return b"\x33\x33" + packed(address)[12:]


def frame(source, to, body, hops=255, alert=False, mac=None, source_mac=ROUTER_MAC):
    """A frame with an ICMPv6 message, whose sum is made here."""
    pseudo = packed(source) + packed(to) + struct.pack(">II", len(body), 58)
    body = body[:2] + struct.pack(">H", checksum(pseudo + body)) + body[4:]
    payload = (bytes([58, 0, 5, 2, 0, 0, 1, 0]) if alert else b"") + body
    header = struct.pack(">IHBB", 6 << 28, len(payload), 0 if alert else 58, hops)
    mac = mac or (group_mac(to) if packed(to)[0] == 0xff else OURS)
    return mac + source_mac + b"\x86\xdd" + header + packed(source) + packed(to) + payload


def link_option(kind, mac):
    return bytes([kind, 1]) + mac


def prefix_option(prefix, valid, preferred):
    return struct.pack(">BBBBIII", 3, 4, 64, 0xc0, valid, preferred, 0) + packed(prefix)


class Router:
    """The other end: keeps what the machine says, answers for its own addresses."""

    def __init__(self, cable):
        self.cable = cable
        self.heard = []           # (type, source, to, message with its options)
        self.mine = {ROUTER, "2001:db8:1::99"}
        self.lock = threading.Lock()
        cable.watch = self.watch

    def watch(self, end, data):
        if end == 0 and data[12:14] == b"\x86\xdd":
            self.take(data[14:])

    def take(self, packet):
        at, kind = 40, packet[6]
        if kind == 0:
            at, kind = 48, packet[40]
        if kind != 58:
            return
        source, to = (str(ipaddress.IPv6Address(packet[n:n + 16])) for n in (8, 24))
        message = packet[at:]
        with self.lock:
            self.heard.append((message[0], source, to, message))
        if message[0] == NEIGHBOUR_SOLICIT:
            target = str(ipaddress.IPv6Address(message[8:24]))
            if target in self.mine and source != "::":
                self.advertise(target, source)

    def send(self, source, to, body, **more):
        self.cable.inject(0, frame(source, to, body, **more))

    def advertise(self, target, to, flags=0xe0, mac=ROUTER_MAC):
        self.send(target, to, struct.pack(">BBHB3x", NEIGHBOUR_ADVERT, 0, 0, flags) +
                  packed(target) + link_option(2, mac))

    def announce(self, lifetime=1800, valid=86400, preferred=3600, mtu=1400):
        self.send(ROUTER, "ff02::1",
                  struct.pack(">BBHBBHII", ADVERT, 0, 0, 55, 0, lifetime, 0, 0) +
                  link_option(1, ROUTER_MAC) + struct.pack(">BBHI", 5, 1, 0, mtu) +
                  prefix_option("2001:db8:1::", valid, preferred))

    def wait(self, wanted, seconds=20):
        """The first thing heard that the function wants."""
        until = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < until:
            with self.lock:
                for heard in self.heard:
                    if wanted(*heard):
                        return heard
            time.sleep(0.05)
        raise AssertionError("not heard: " + repr([h[:3] for h in self.heard[-20:]]))

    def forget(self):
        with self.lock:
            self.heard.clear()


@pytest.fixture(name="alone")
def alone_fixture(machine, cable):
    """A machine whose only neighbour is this file."""
    router = Router(cable)
    console = machine(extra=cable.end(0, "e1000"))
    console.prompt(120)
    console.output("killall -9 ifup 2>/dev/null; sleep 1; killall -9 udhcpc 2>/dev/null; true")
    becomes(console, "ip -6 addr show dev eth0", LINK_LOCAL + "/64 scope link *\n")
    return console, router


def test_router(alone):
    console, router = alone
    # duplicates of the link-local address are looked for, with a nonce; then a router is
    kind = router.wait(lambda kind, source, to, message: kind == NEIGHBOUR_SOLICIT and
                       source == "::" and message[8:24] == packed(LINK_LOCAL))
    assert kind[3][24:26] == b"\x0e\x01"
    router.wait(lambda kind, source, to, _: kind == SOLICIT and source == LINK_LOCAL and
                to == "ff02::2")
    router.announce()
    becomes(console, "ip -6 addr show dev eth0", MADE + "/64 .*dynamic")
    becomes(console, "ip -6 addr show dev eth0 | grep tentative; echo none", "^none")
    assert f"default via {ROUTER} dev eth0" in console.output("ip -6 route")
    assert "2001:db8:1::/64 dev eth0" in console.output("ip -6 route")
    assert "router" in console.output(f"ip -6 neigh | grep {ROUTER}")
    for name, value in (("hop_limit", 55), ("mtu", 1400)):
        assert f"{value}\n" in console.output(f"cat /proc/sys/net/ipv6/conf/eth0/{name}")
    # two hours stay, whatever is said without proof
    router.announce(valid=5, preferred=5)
    becomes(console, "ip -6 addr show dev eth0", r"valid_lft 7[12]\d\dsec preferred_lft [0-5]sec")
    becomes(console, "ip -6 addr show dev eth0", "deprecated", 30)
    # it is a router no more
    router.announce(lifetime=0)
    becomes(console, "ip -6 route; echo end", r"^(?!default)(.*\n(?!default))*end")
    # messages that were forwarded, or are from elsewhere, say nothing
    router.send("2001:db8:1::99", "ff02::1", struct.pack(">BBHBBHII", ADVERT, 0, 0, 1, 0, 99, 0, 0))
    router.cable.inject(0, frame(ROUTER, "ff02::1", struct.pack(">BBHBBHII", ADVERT, 0, 0, 1, 0, 99,
                                                              0, 0), hops=64))
    time.sleep(1)
    assert "default" not in console.output("ip -6 route")


def test_duplicate(alone):
    console, router = alone
    # somebody has it: the first question about it is answered
    taken = "2001:db8:1::77"

    def answer():
        router.wait(lambda kind, source, to, message: kind == NEIGHBOUR_SOLICIT and
                    message[8:24] == packed(taken))
        router.send(taken, "ff02::1", struct.pack(">BBHB3x", NEIGHBOUR_ADVERT, 0, 0, 0x20) +
                    packed(taken) + link_option(2, ROUTER_MAC))

    thread = threading.Thread(target=answer)
    thread.start()
    console.output(f"ip addr add {taken}/64 dev eth0")
    thread.join()
    becomes(console, "ip -6 addr show dev eth0", taken + "/64 .*(dadfailed|flags)")
    assert "is in use by another" in console.output("dmesg | tail -5")
    assert console.run(f"ping6 -c 1 -w 2 -I {taken} 2001:db8:1::99")[0] != 0
    # its own, it defends: questions are answered
    router.forget()
    router.send("::", "ff02::1:ff00:1", struct.pack(">BBHI", NEIGHBOUR_SOLICIT, 0, 0, 0) +
                packed(LINK_LOCAL))
    router.wait(lambda kind, source, to, message: kind == NEIGHBOUR_ADVERT and
                source == LINK_LOCAL and to == "ff02::1" and message[4] & 0x20)


def test_neighbours_and_redirects(alone):
    console, router = alone
    router.announce()
    becomes(console, "ip -6 addr show dev eth0", MADE + "/64 scope global dynamic")
    # nobody is there
    status, _ = console.run("ping6 -c 1 -w 6 2001:db8:1::1234", 30)
    assert status != 0
    assert "FAILED" in console.output("ip -6 neigh | grep 2001:db8:1::1234")
    # somebody is, then is gone: unreachability is found out
    console.run("ping6 -c 1 -w 2 2001:db8:1::99", 30)
    assert re.search("REACHABLE|STALE|DELAY", console.output("ip -6 neigh | grep 2001:db8:1::99"))
    router.mine.clear()
    console.output("echo 1000 > /proc/sys/net/ipv6/neigh/eth0/base_reachable_time_ms")
    becomes(console, "ping6 -c 1 -w 1 2001:db8:1::99; ip -6 neigh | grep 2001:db8:1::99", "FAILED",
            60)
    router.mine.update({ROUTER, "2001:db8:1::99"})
    # a better way
    console.run("ping6 -c 1 -w 1 2001:db8:9::1", 30)
    redirect = struct.pack(">BBHI", REDIRECT, 0, 0, 0) + packed("fe80::77") + \
        packed("2001:db8:9::1") + link_option(2, bytes.fromhex("020000000077"))
    router.send("fe80::55", MADE, redirect)      # not by who is the way now
    time.sleep(1)
    assert "fe80::77" not in console.output("ip -6 route")
    router.send(ROUTER, MADE, redirect)
    becomes(console, "ip -6 route", "2001:db8:9::1 via fe80::77 dev eth0")


def test_groups(alone):
    console, router = alone
    solicited = packed("ff02::1:ff00:1")
    router.wait(lambda kind, source, to, message: kind == 143 and to == "ff02::16" and
                message[12:28] == solicited)
    # asked by version 2, and by version 1
    router.forget()
    router.send(ROUTER, "ff02::1", struct.pack(">BBHHH16sBBH", 130, 0, 0, 500, 0, bytes(16), 2, 125,
                                               0), hops=1, alert=True)
    router.wait(lambda kind, source, to, message: kind == 143 and source == LINK_LOCAL and
                message[8] == 2 and message[12:28] == solicited)
    router.forget()
    router.send(ROUTER, "ff02::1", struct.pack(">BBHHH16s", 130, 0, 0, 500, 0, bytes(16)), hops=1,
                alert=True)
    router.wait(lambda kind, source, to, message: kind == 131 and message[8:24] == solicited)
    # without the router alert option nobody asked; what is still due has half a second each
    time.sleep(3)
    router.forget()
    router.send(ROUTER, "ff02::1", struct.pack(">BBHHH16s", 130, 0, 0, 1, 0, bytes(16)), hops=1)
    time.sleep(1)
    assert not [h for h in router.heard if h[0] in (131, 143)]
    assert "ff0200000000000000000001ff000001" in console.output("cat /proc/net/igmp6")
