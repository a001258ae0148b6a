"""IPv6 between two machines on a cable: Skerry (fd00::1) and Debian's Linux (fd00::2)."""

import re

import pytest

from test_net import MODELS


def address(console, number):
    """A fixed address, and nobody asks for a lease meanwhile."""
    console.output("killall -9 ifup 2>/dev/null; sleep 1; killall -9 udhcpc 2>/dev/null; sleep 1")
    console.output(f"ifconfig eth0 up; ip -6 addr add fd00::{number}/64 dev eth0")
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != 1 ]; do sleep 1; done", 30)


def link_local(console):
    """The address of eth0's link that the machine made by itself."""
    text = console.output("ip -6 addr show dev eth0")
    return re.search(r"inet6 (fe80::[0-9a-f:]+)/64", text).group(1)


def reach(console, to):
    """Wait until the other side answers: links and detection of duplicates take a moment."""
    console.output(f"i=0; until ping6 -c 1 -W 1 {to} >/dev/null; do i=$((i+1)); "
                   "[ $i -lt 20 ] || break; done; [ $i -lt 20 ]", 60)


@pytest.fixture(name="pair", params=MODELS)
def pair_fixture(machine, cable, request):
    """Consoles of both, with addresses."""
    ours = machine(extra=cable.end(0, request.param), env={"SMP": "2"})
    peer = machine(extra=cable.end(1, "e1000"), kernel="linux")
    for number, console in enumerate((ours, peer), 1):
        console.prompt(120)
        address(console, number)
    reach(ours, "fd00::2")
    reach(peer, "fd00::1")
    return ours, peer


def test_ping(pair):
    ours, peer = pair
    for console, to in ((ours, "fd00::2"), (peer, "fd00::1")):
        assert " 0% packet loss" in console.output(f"ping6 -c 3 {to}", 30)
    assert " 0% packet loss" in ours.output("ping6 -c 2 -s 65507 fd00::2", 30)
    assert " 0% packet loss" in peer.output("ping6 -c 2 -s 30000 fd00::1", 30)
    assert " 0% packet loss" in peer.output("ping6 -c 200 -A -q fd00::1", 60)
    # addresses of the link, which each made by itself
    assert " 0% packet loss" in ours.output(f"ping6 -c 2 {link_local(peer)}%eth0", 30)
    assert " 0% packet loss" in peer.output(f"ping6 -c 2 {link_local(ours)}%eth0", 30)
    assert " 0% packet loss" in ours.output(f"ping6 -c 2 {link_local(ours)}%eth0", 30)
    # what is where
    assert "fd00::2" in ours.output("ip -6 neigh")
    assert re.search("inet6 addr: fd00::1/64", ours.output("ifconfig eth0"))
    assert "fd00::/64" in ours.output("ip -6 route")
    assert "fd00::/64" in ours.output("route -A inet6")
