"""What system tests of the network share: two machines that meet, with fixed addresses, and the
program `net` (userland/tests/prog_net.c) on both.

The first machine is 10.0.0.1 and fd00::1, the second 10.0.0.2 and fd00::2. They are joined by a
Cable (ci/cable.py), or without one by QEMU's own stream, which is faster and loses nothing.
"""

import ipaddress
import os
import re
import struct
import time

from conftest import PATIENCE

NET = "/usr/lib/skerry-tests/net"


def address(console, number):
    """A fixed address in place of the lease that the machine has begun to ask for."""
    console.no_lease()
    console.output(f"ifconfig eth0 10.0.0.{number} netmask 255.255.255.0")
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != 1 ]; do sleep 1; done", 30)


def reach(console, number):
    """Wait until the other side answers: links take a moment to come up."""
    console.output("i=0; until ping -c 1 -W 1 10.0.0.%d >/dev/null; do i=$((i+1)); "
                   "[ $i -lt 60 ] || break; done; [ $i -lt 60 ]" % number, 60)


def disk_with_tests():
    """The disk image that has the tests' programs."""
    return [os.path.join(os.environ.get("B", "build"), "test.img")]


def joined(folder, number, model, link="joined", mac=None):
    """QEMU's arguments for one of two machines without a cable; number 0 starts first."""
    path = os.path.join(folder, link + ".sock")
    mac = mac or f"52:54:00:00:00:{number + 1:02x}"
    if number:
        while not os.path.exists(path):
            time.sleep(0.05)
    side = "off" if number else "on"
    return ["-netdev", f"stream,id={link},server={side},addr.type=unix,addr.path={path}",
            "-device", f"{model},netdev={link},mac={mac}"]


def meet(machine, kernels, models, cable=None, folder=None, boards=("q35", "q35"), **options):
    """Boot both, and wait until they reach each other; their consoles."""
    consoles = []
    for number, (kernel, model, board) in enumerate(zip(kernels, models, boards)):
        extra = cable.end(number, model) if cable else joined(str(folder), number, model)
        env = {"SMP": "2" if kernel == "skerry" else "1", "MACHINE": board}
        consoles.append(machine(extra=extra, kernel=kernel, env=env, disks=disk_with_tests(),
                                **options))
    for number, console in enumerate(consoles, 1):
        console.prompt(120)
        address(console, number)
        console.output(f"ip -6 addr add fd00::{number}/64 dev eth0")
    reach(consoles[0], 2)
    reach(consoles[1], 1)
    for number, console in enumerate(consoles, 1):
        # Not before duplicates of the address were looked for.
        console.output("i=0; until ping -c 1 -W 1 fd00::%d >/dev/null 2>&1; do i=$((i+1)); "
                       "[ $i -lt 60 ] || break; sleep 1; done; [ $i -lt 60 ]" % (3 - number), 60)
    return consoles


def net(console, words, timeout=120):
    """Run the program `net`; what it tells, by name."""
    text = console.output(f"{NET} {words}", timeout)
    values = dict(re.findall(r"(\w+)=(\w+)", text.strip().split("\n")[-1]))
    assert values, text
    return values


def background(console, words, output="/dev/null"):
    """Run it beside what comes, from when it listens if it is to; the number of the process."""
    name, argument = words.split()[:2]
    until = "sleep 1"
    if name in ("sink", "echo"):
        until = (f"until netstat -ltn | grep -q ':{argument} ' || ! kill -0 $! 2>/dev/null; "
                 "do usleep 50000; done")
    text = console.output(f"{NET} {words} >{output} 2>&1 & {until}; echo pid=$!")
    return re.findall(r"pid=(\d+)", text)[-1]


def transfer(sender, receiver, to, kib, port=7001, meanwhile=None, timeout=300):
    """A stream from one to the other, sums compared; what the sender tells. `meanwhile` is called
    while it goes on."""
    sink = background(receiver, f"sink {port}", "/tmp/sink")
    if meanwhile:
        source = background(sender, f"source {to} {port} {kib} 5", "/tmp/source")
        meanwhile()
        sender.output(f"wait {source}; true", timeout)
        text = sender.output("cat /tmp/source")
    else:
        text = sender.output(f"{NET} source {to} {port} {kib} 5", timeout)
    receiver.output(f"wait {sink}; true")
    sent, got = (dict(re.findall(r"(\w+)=(\w+)", t)) for t in
                 (text, receiver.output("cat /tmp/sink")))
    assert "sum" in sent and int(sent["bytes"]) == kib << 10, text
    assert (sent["bytes"], sent["sum"]) == (got["bytes"], got["sum"])
    return sent


def free_memory(console):
    """KiB of free memory."""
    return int(console.output("grep MemFree /proc/meminfo").split()[1])


def becomes(console, command, pattern, seconds=20):
    """Repeat a command until its output has a pattern; the output."""
    until = time.monotonic() + seconds * PATIENCE
    while True:
        text = console.run(command)[1]
        if re.search(pattern, text):
            return text
        assert time.monotonic() < until, f"{command}: {text}"
        time.sleep(0.5)


def counter(console, name):
    """A counter of TCP's in /proc/net/netstat."""
    rows = [line.split() for line in console.output("grep ^TcpExt /proc/net/netstat").split("\n")]
    return int(dict(zip(rows[0], rows[1]))[name])


def packed(text):
    """An IPv6 address as it is in packets."""
    return ipaddress.IPv6Address(text).packed


def checksum(data):
    """The Internet's, of the bytes: 0 if a correct sum is among them."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def setting(console, name, value):
    console.output(f"echo {value} >/proc/sys/net/ipv4/{name}")
