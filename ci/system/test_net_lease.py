"""A lease that is renewed, runs out and comes back, and a cable that is pulled under load."""

import re
import threading
import time

import pytest

from conftest import PATIENCE
from machines import address, background, net, disk_with_tests, transfer

LEASE = 10
CONFIG = f"""start 10.0.0.50
end 10.0.0.60
interface eth0
min_lease {LEASE}
lease_file /tmp/leases
option subnet 255.255.255.0
option router 10.0.0.2
option dns 10.0.0.2
option lease {LEASE}
"""
REQUEST, ACK = 3, 5


class Leases:
    """Watches a cable for what DHCP says."""

    def __init__(self, cable):
        self.changed = threading.Condition()
        self.acks = self.renewals = 0
        cable.watch = self.watch

    def watch(self, _, frame):
        # BOOTP's ports in an IPv4 header without options, then the option of the message's type.
        if frame[12:15] != b"\x08\x00\x45" or frame[23] != 17 or \
                frame[34:38] not in (b"\0\x44\0\x43", b"\0\x43\0\x44"):
            return
        kind = re.search(rb"\x63\x82\x53\x63\x35\x01(.)", frame[278:], re.S)
        with self.changed:
            if kind and kind.group(1)[0] == ACK:
                self.acks += 1
            elif kind and kind.group(1)[0] == REQUEST and frame[26:30] != bytes(4):
                self.renewals += 1        # from the address that it has
            self.changed.notify_all()

    def wait(self, acks, renewals=0, seconds=60):
        with self.changed:
            assert self.changed.wait_for(
                lambda: self.acks >= acks and self.renewals >= renewals,
                seconds * PATIENCE), vars(self)


@pytest.fixture(name="leased", params=["e1000e"])
def leased_fixture(machine, cable, request):
    """Skerry with a lease of ten seconds, from Linux; Skerry's new address."""
    ours = machine(extra=cable.end(0, request.param), env={"SMP": "2"}, kernel="skerry",
                   disks=disk_with_tests())
    peer = machine(extra=cable.end(1, "e1000"), kernel="linux", disks=disk_with_tests())
    leases = Leases(cable)
    peer.prompt(120)
    address(peer, 2)
    peer.output(f"printf '{CONFIG}' >/tmp/udhcpd.conf; : >/tmp/leases".replace("\n", "\\n"))
    peer.output("udhcpd -f /tmp/udhcpd.conf >/tmp/udhcpd.log 2>&1 & sleep 1")
    ours.prompt(120)
    ours.no_lease()
    ours.output("ip link set eth0 up")
    ours.output("udhcpc -i eth0 -f -t 3 -T 1 -A 1 >/tmp/udhcpc.log 2>&1 & sleep 1")
    return ours, peer, leases


def leased_address(console):
    text = console.output("i=0; while [ $i -lt 60 ] && ! ifconfig eth0 | grep -q 'addr:10.0.0.5'; "
                          "do sleep 1; i=$((i+1)); done; ifconfig eth0", 90)
    found = re.search(r"addr:(10\.0\.0\.5\d)", text)
    assert found, text + console.output("cat /tmp/udhcpc.log")
    return found.group(1)


def carrier(console, wanted):
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != %d ]; do usleep 50000; done"
                   % wanted)


def flaps(console, end):
    """Pull the cable five times, whenever a few thousand frames have come out of the machine."""
    for _ in range(5):
        before, deadline = end.frames, time.monotonic() + 60 * PATIENCE
        while end.frames < before + 3000 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert end.frames >= before + 3000, "nothing goes any more"
        console.monitor("set_link cable off")
        carrier(console, 0)
        assert console.output("cat /sys/class/net/eth0/operstate").strip() == "down"
        time.sleep(0.5)
        console.monitor("set_link cable on")
        carrier(console, 1)


def test_lease(leased, cable):
    """It is renewed at half time, also while the cable is pulled under load, which no connection
    minds; runs out while the cable is away for longer, and comes back. Netlink and sysfs tell of
    the cable."""
    ours, peer, leases = leased
    leases.wait(acks=1)
    mine = leased_address(ours)
    assert "default via 10.0.0.2" in ours.output("ip route")
    watcher = background(ours, "links 100", "/tmp/links")
    transfer(ours, peer, "10.0.0.2", 96 << 10, meanwhile=lambda: flaps(ours, cable.ends[0]))
    ours.output(f"kill {watcher}")
    told = re.findall(r"eth0 up=1 carrier=(\d)", ours.output("cat /tmp/links"))
    changes = [a for a, b in zip(told, [None] + told) if a != b]
    assert changes.count("0") == 5 and changes.count("1") >= 5
    leases.wait(acks=3, renewals=2)
    assert leased_address(ours) == mine
    ours.monitor("set_link cable off")
    carrier(ours, 0)
    ours.output("while ifconfig eth0 | grep -q inet.addr; do sleep 1; done", 60)
    ours.monitor("set_link cable on")
    carrier(ours, 1)
    assert leased_address(ours) == mine
    leases.wait(acks=4, renewals=leases.renewals + 1)
    net(ours, "flood 10.0.0.2 100 56")
