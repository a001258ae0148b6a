"""IPv6 between two machines on a cable: Skerry (fd00::1) and Debian's Linux (fd00::2)."""

import re

import pytest

from test_net import MEGABYTE, MODELS


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


def test_transfers(pair):
    ours, peer = pair
    for server, client, to in ((ours, peer, "fd00::1"), (peer, ours, "fd00::2")):
        wanted = client.output(MEGABYTE % 4, 60).split()[0]
        server.output("nc -l -p 5000 >/tmp/got </dev/null & sleep 1")
        client.output(f"nc -w 60 {to} 5000 </tmp/data", 120)
        got = server.output("wait; sha256sum </tmp/got", 60).split()[0]
        assert got == wanted
    # UDP, also in fragments
    for server, client, to in ((ours, peer, "fd00::1"), (peer, ours, "fd00::2")):
        server.output("nc -u -l -p 6000 >/tmp/udp </dev/null & sleep 1")
        client.output(f"head -c 6000 /tmp/data | timeout 3 nc -u -w 1 {to} 6000; true", 20)
        wanted = client.output("head -c 6000 /tmp/data | sha256sum").split()[0]
        assert server.output("sha256sum </tmp/udp").split()[0] == wanted
        server.output("killall nc; wait; true")
    # nobody listens
    status, text = ours.run("telnet fd00::2 9", 20)
    assert status and "refused" in text
    # fetched by HTTP, by a socket that listens to both families
    ours.output("mkdir -p /tmp/www; echo hello-web >/tmp/www/f; httpd -h /tmp/www")
    assert "hello-web" in peer.output("wget -q -O - 'http://[fd00::1]/f'", 30)
    assert re.search(":::80 .*LISTEN", ours.output("netstat -ltn"))


def test_lossy_cable(pair, cable):
    ours, peer = pair
    for server, client, to in ((ours, peer, "fd00::1"), (peer, ours, "fd00::2")):
        cable.loss = cable.delay = cable.reorder = cable.duplicates = 0
        wanted = client.output(MEGABYTE % 1, 60).split()[0]
        server.output("nc -l -p 5000 >/tmp/got </dev/null & sleep 1")
        cable.loss, cable.delay, cable.reorder, cable.duplicates = 0.03, 0.002, 0.01, 0.01
        client.output(f"nc -w 90 {to} 5000 </tmp/data", 200)
        got = server.output("wait; sha256sum </tmp/got", 120).split()[0]
        assert got == wanted
