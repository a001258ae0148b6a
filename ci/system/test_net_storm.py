"""Malformed frames of every protocol (ci/malformed.py), while the network is used: the machine
answers afterwards, and no memory is gone. With TEST_FULL a million of them."""

import os
import time

import pytest

from machines import background, free_memory, meet, net, setting
from malformed import Malformed

FULL = bool(os.environ.get("TEST_FULL"))
FRAMES = 1000000 if FULL else 40000
SEED = int(os.environ.get("STORM_SEED", "4"))


def storm(cable, frames, count, sound):
    """Inject them as fast as the machine takes them; `sound` is asked now and then."""
    for number in range(count):
        cable.inject(0, frames.make())
        if number % 200 == 0:
            while cable.queued(0) > 100000:
                time.sleep(0.005)
        if number % 50000 == 49999:
            sound()


def emptied(console):
    """What is free when everything that frames may leave for a while is gone."""
    time.sleep(12)
    console.output("ip link set eth0 down; sleep 2")
    free = free_memory(console)
    console.output("ip link set eth0 up")
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != 1 ]; do sleep 1; done", 30)
    return free


@pytest.mark.parametrize("model", ["e1000", "e1000e"] if FULL else ["e1000e"])
def test_storm(machine, cable, model):
    ours, peer = meet(machine, ("skerry", "linux"), (model, "e1000"), cable=cable,
                      seconds=3000 if FULL else 1200)
    # What a frame leaves behind on purpose, goes after seconds.
    setting(ours, "ipfrag_time", 2)
    setting(ours, "tcp_synack_retries", 1)
    ours.run("echo 2 >/proc/sys/net/ipv6/ip6frag_time")
    ours.output("httpd -h /tmp; nc -u -l -p 7000 >/dev/null </dev/null & sleep 0")
    background(ours, "echo 7000")
    frames = Malformed(SEED)
    cable.watch = lambda end, frame: frames.seen(frame) if end == 1 else None
    # Real traffic from the other side, to be copied and changed; whoever breaks begins again.
    peer.output("(while :; do timeout 5 /usr/lib/skerry-tests/net many 10.0.0.1 7000 3 20; "
                "ping -c 3 -A -s 3000 10.0.0.1; done) >/dev/null 2>&1 & echo $! >/tmp/loop")
    sound = lambda: ours.output("echo alive", 60)      # noqa: E731
    storm(cable, frames, 3000, sound)
    before = emptied(ours)
    storm(cable, frames, FRAMES, sound)
    lost = before - emptied(ours)
    came = int(ours.output("cat /sys/class/net/eth0/statistics/rx_packets"))
    assert came >= FRAMES * 3 // 4, came
    said = ours.output("dmesg | tail -30")
    assert "panic" not in said.lower()
    assert lost < 2048, said + ours.output("cat /proc/net/sockstat /proc/slabinfo; ip neigh")
    cable.watch = None
    peer.output("kill $(cat /tmp/loop)")
    net(ours, "flood 10.0.0.2 50 56")
