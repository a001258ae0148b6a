"""Much at once, over IPv4 and IPv6: floods of pings, long transfers, a thousand connections,
connections that come and go, a device that is reset under load. With TEST_FULL the long forms of
it."""

import os
import re
import time

import pytest

from machines import background, free_memory, meet, net, setting, transfer

FULL = bool(os.environ.get("TEST_FULL"))
MIB = 1024
TRANSFER = (1024 if FULL else 64) * MIB
CHURN = 20000 if FULL else 2000         # each way, half of them closed by either side
# Linux has no e1000e: it lets QEMU's cut segments of IPv6, which are then lost.
PAIRS = [(("skerry", "linux"), ("e1000e", "e1000")), (("skerry", "linux"), ("e1000", "e1000")),
         (("skerry", "skerry"), ("e1000", "e1000e"))]


@pytest.fixture(name="pair", params=PAIRS if FULL else PAIRS[:1] + PAIRS[2:],
                ids=lambda p: "-".join(p[0] + p[1]))
def pair_fixture(machine, tmp_path, request):
    return meet(machine, *request.param, folder=tmp_path, seconds=1700 if FULL else 1200)


def directions(pair):
    """Who to whom, and the address of the latter in either version."""
    for number in range(2):
        yield pair[number], pair[1 - number], f"10.0.0.{2 - number}", f"fd00::{2 - number}"


def flood(pair):
    """Pings as fast as they go; the rings of either device may overflow, once in a while."""
    for console, _, *addresses in directions(pair):
        for to, largest in zip(addresses, (65507, 65527)):
            told = net(console, f"flood {to} 3000 56")
            assert int(told["received"]) >= 2900
            told = net(console, f"flood {to} 50 {largest}")
            assert int(told["received"]) >= 45


def connections(pair):
    """A thousand at once, and thousands one after the other."""
    for console, _, four, six in directions(pair):
        net(console, f"many {four} 7000 1000 2", 200)
        net(console, f"many {six} 7000 1000 1", 200)
        net(console, f"churn {four} 7000 {CHURN // 2} client", 600)
        net(console, f"churn {six} 7000 {CHURN // 2} server", 600)


def resets(console, peer, count=100):
    """The device is reset all the while during a transfer; all of it arrives."""
    script = ("i=0; while [ $i -lt %d ]; do echo 1 >/sys/class/net/eth0/device/reset && "
              "i=$((i+1)); usleep 20000; done; echo $i >/tmp/resets" % count)
    console.output(f"rm -f /tmp/resets; ({script}) & sleep 0")
    while console.run("[ -e /tmp/resets ]")[0]:
        transfer(console, peer, "10.0.0.2", 256 * MIB)
    assert console.output("cat /tmp/resets").strip() == str(count)
    console.output(f"rm -f /tmp/resets; ({script}) & sleep 0")
    while FULL and console.run("[ -e /tmp/resets ]")[0]:
        transfer(peer, console, "10.0.0.1", 256 * MIB)


def test_load(pair, request):
    """All of it on one pair of machines, and no memory is gone afterwards."""
    ours = pair[0]
    short = not FULL and "linux" not in request.node.name
    for console in pair:
        background(console, "echo 7000")
        if not FULL:
            # Those in TIME-WAIT need their minute; without so many of them this one ends sooner.
            setting(console, "tcp_max_tw_buckets", 50)
    net(ours, "many fd00::2 7000 100 1")
    net(pair[1], "many 10.0.0.1 7000 1000 1")
    flood(pair)
    time.sleep(1)
    before = free_memory(ours)
    connections(pair)
    if FULL:
        time.sleep(65)
    for sender, receiver, four, six in directions(pair):
        transfer(sender, receiver, four, TRANSFER // 4 if short else TRANSFER, timeout=900)
        transfer(sender, receiver, six, TRANSFER // 4, timeout=900)
    if not short:
        resets(ours, pair[1])
    time.sleep(2)
    lost = before - free_memory(ours)
    stat = ours.output("cat /proc/net/sockstat")
    assert lost < 2048, stat + ours.output("cat /proc/slabinfo /proc/meminfo")
    if FULL:
        # None of the thousands; the last transfers may still be in TIME-WAIT.
        assert re.search(r"TCP: inuse \d+ orphan 0 tw \d ", stat), stat
