"""Two machines on a cable, Skerry and Debian's Linux or two Skerrys, by IPv4 and by IPv6: what a
person types to see whether a network works, then what a bad network does. And QEMU's own network,
and a login from the host."""

import functools
import hashlib
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import typing

import pytest

from cable import Cable
from conftest import Console
from machines import background, becomes, checksum, counter, meet, net, setting, transfer

SKERRY, LINUX = "skerry", "linux"
# Kernels, models, machines: a driver with Linux, another with itself, and with TEST_FULL that with
# Linux, too.
PAIRS = {
    "e1000e": ((SKERRY, LINUX), ("e1000e", "e1000"), ("q35", "q35")),
    "two-82545em": ((SKERRY, SKERRY), ("e1000-82545em", "e1000-82545em"), ("pc", "q35")),
}
if os.environ.get("TEST_FULL"):
    PAIRS["e1000"] = ((SKERRY, LINUX), ("e1000", "e1000"), ("q35", "q35"))
DATA = "dd if=/dev/urandom of=/tmp/data bs=1M count=%d 2>/dev/null; sha256sum </tmp/data"
LINK = ["fe80::5054:ff:fe00:1", "fe80::5054:ff:fe00:2"]


class Pair(typing.NamedTuple):
    consoles: tuple[Console, Console]
    kernels: tuple[str, str]
    cable: Cable

    def ways(self, prefix):
        """Client, server, the server's address: both ways."""
        for number in range(2):
            yield self.consoles[number], self.consoles[1 - number], f"{prefix}{2 - number}"


@pytest.fixture(name="pair", scope="module", params=PAIRS.values(), ids=PAIRS.keys())
def pair_fixture(consoles, tmp_path_factory, request):
    """Both, with addresses."""
    kernels, models, boards = request.param
    with Cable(str(tmp_path_factory.mktemp("cable"))) as cable:
        pair = meet(functools.partial(consoles, "net"), kernels, models, cable, boards=boards)
        yield Pair(tuple(pair), kernels, cable)
        for console in pair:
            console.stop()


@pytest.fixture(name="prefix", params=["10.0.0.", "fd00::"], ids=["ipv4", "ipv6"])
def prefix_fixture(request):
    """What both addresses begin with."""
    return request.param


def test_ping(pair, prefix):
    largest = 65507 if "." in prefix else 65527
    for client, _, to in pair.ways(prefix):
        for options in ("-c 3", f"-c 2 -s {largest}", "-c 200 -A -q"):
            assert " 0% packet loss" in client.output(f"ping {options} {to}", 60)


def test_link_addresses(pair):
    """Those that each made by itself; and who is on the link."""
    for number, console in enumerate(pair.consoles):
        for to in (LINK[1 - number], LINK[number]):
            assert " 0% packet loss" in console.output(f"ping6 -c 2 {to}%eth0", 30)
        assert LINK[1 - number] in console.output("ping6 -c 2 ff02::1%eth0", 30)


def test_tables(pair):
    """What is where."""
    ours = pair.consoles[0]
    assert re.search("inet addr:10.0.0.1 .*\n.*inet6 addr: fd00::1/64",
                     ours.output("ifconfig eth0"))
    addresses = ours.output("ip addr show eth0")
    assert "inet 10.0.0.1/24" in addresses and f"inet6 {LINK[0]}/64" in addresses
    assert "10.0.0.0/24" in ours.output("ip route")
    assert "fd00::/64" in ours.output("ip -6 route")
    assert "fd00::/64" in ours.output("route -A inet6")
    ours.output("ping -c 1 10.0.0.2; ping -c 1 fd00::2")
    assert "10.0.0.2" in ours.output("arp -n")
    for to in ("10.0.0.2", "fd00::2"):
        assert f"{to} dev eth0 lladdr 52:54:00:00:00:02" in ours.output("ip neigh")
    ours.output("arp -s 10.0.0.77 02:01:02:03:04:05")
    assert re.search("10.0.0.77 .*02:01:02:03:04:05 .*PERMANENT", ours.output("ip neigh"))
    ours.output("arp -d 10.0.0.77")
    assert "10.0.0.77" not in ours.output("ip neigh")


def send(client, server, to, words="-w 60"):
    """What is in /tmp/data, by nc and TCP."""
    wanted = client.output("sha256sum </tmp/data").split()[0]
    server.output("nc -l -p 5000 >/tmp/got </dev/null & "
                  "until netstat -ltn | grep -q ':5000 '; do usleep 50000; done")
    client.output(f"nc {words} {to} 5000 </tmp/data", 200)
    got = server.output("wait; sha256sum </tmp/got", 120).split()[0]
    assert got == wanted


def test_nc(pair, prefix):
    for client, server, to in pair.ways(prefix):
        client.output(DATA % 2, 60)
        send(client, server, to)
        # a datagram that is fragments, and nobody there
        server.output("nc -u -l -p 6000 >/tmp/udp </dev/null & "
                      "until netstat -lun | grep -q ':6000 '; do usleep 50000; done")
        client.output(f"head -c 6000 /tmp/data | timeout 1 nc -u -w 1 {to} 6000; true", 20)
        wanted = client.output("head -c 6000 /tmp/data | sha256sum").split()[0]
        server.output("killall nc; wait; true")
        assert server.output("sha256sum </tmp/udp").split()[0] == wanted
        status, text = client.run(f"telnet {to} 9", 20)
        assert status and "refused" in text


def test_http(pair, prefix):
    """By one socket that listens for both."""
    for client, server, to in pair.ways(prefix):
        server.output("mkdir -p /tmp/www; echo hello-web >/tmp/www/f; httpd -h /tmp/www")
        assert re.search(":::80 .*LISTEN", server.output("netstat -ltn"))
        host = f"[{to}]" if ":" in to else to
        assert "hello-web" in client.output(f"wget -q -O - 'http://{host}/f'", 30)
        server.output("killall httpd")


def test_cookies(pair, prefix):
    """Connections of which the listener remembered nothing."""
    for client, server, to in pair.ways(prefix):
        process = background(server, "echo 7000")
        setting(server, "tcp_syncookies", 2)
        before = counter(server, "SyncookiesRecv")
        net(client, f"churn {to} 7000 40 client")
        net(client, f"many {to} 7000 20 3")
        setting(server, "tcp_syncookies", 1)
        # A cookie whose connection found no place in the queue is shown again.
        assert counter(server, "SyncookiesRecv") - before >= 60
        server.output(f"kill {process}; wait {process}; true")


def sum_is_right(frame):
    """Of the TCP segment in a frame; of its header, if it is a fragment."""
    if frame[12:14] == b"\x08\0":
        packet = frame[14:14 + struct.unpack_from(">H", frame, 16)[0]]
        segment = packet[20:]
        piece = struct.unpack_from(">H", packet, 6)[0] & 0x3fff
        return not checksum(packet[:20]) and (piece or not checksum(
            packet[12:20] + struct.pack(">HH", 6, len(segment)) + segment))
    segment = frame[54:54 + struct.unpack_from(">H", frame, 18)[0]]
    return not checksum(frame[22:54] + struct.pack(">II", len(segment), 6) + segment)


def test_segments(pair, prefix):
    """The devices cut what TCP gives them, and make every sum: both ends look, and the cable."""
    for number, (client, server, to) in enumerate(pair.ways(prefix)):
        seen = {True: 0, False: 0}

        def watch(end, frame, number=number, seen=seen):
            at = {b"\x08\0": 23, b"\x86\xdd": 20}.get(bytes(frame[12:14]))
            if end == number and at and frame[at] == 6:
                seen[bool(sum_is_right(frame))] += 1

        before = device(client)
        pair.cable.watch = watch
        transfer(client, server, to, 2048)
        pair.cable.watch = None
        assert seen[True] > 1400 and not seen[False]
        # The device counts the packets it cut, each into two frames or more; how many of them TCP
        # makes follows from how the acknowledgements come. QEMU's cannot cut IPv6.
        if pair.kernels[number] == SKERRY and "." in prefix:
            cut = device(client)["tx_tso_contexts"] - before["tx_tso_contexts"]
            assert 0 < cut < seen[True] / 2


def device(console):
    """The counters of eth0's device, as ethtool(8) shows them."""
    return {name: int(value) for name, value in net(console, "device eth0").items()}


def test_bad_cable(pair, prefix):
    """A cable that loses, delays, doubles and reorders; everything arrives."""
    cable = pair.cable
    for client, server, to in pair.ways(prefix):
        client.output(DATA % 1, 60)
        cable.loss, cable.delay, cable.reorder, cable.duplicates = 0.03, 0.002, 0.01, 0.01
        try:
            send(client, server, to, "-w 90")
        finally:
            cable.loss = cable.delay = cable.reorder = cable.duplicates = 0


def test_duplicate_address(pair):
    """Who comes second sees that an address is taken, and does not use it."""
    for number, console in enumerate(pair.consoles):
        taken = f"fd00::{2 - number}"
        console.output(f"ip addr add {taken}/64 dev eth0")
        becomes(console, "ip -6 addr show dev eth0", "dadfailed")
        assert taken[-1] in console.output("dmesg | grep -i -e 'is in use' -e duplicate")
        console.output(f"ip addr del {taken}/64 dev eth0")
    for client, _, to in pair.ways("fd00::"):
        assert " 0% packet loss" in client.output(f"ping -c 2 {to}", 30)


def test_dhcp_and_user_network(machine):
    """QEMU's own network: a lease at boot, its gateway, names."""
    console = machine(extra=["-netdev", "user,id=n0", "-device", "e1000,netdev=n0"])
    console.prompt(120)
    console.output("i=0; while [ $i -lt 30 ] && ! ifconfig eth0 | grep -q 10.0.2.15; do sleep 1; "
                   "i=$((i+1)); done; ifconfig eth0 | grep 10.0.2.15", 60)
    assert "default via 10.0.2.2" in console.output("ip route")
    assert "nameserver 10.0.2.3" in console.output("cat /etc/resolv.conf")
    assert " 0% packet loss" in console.output("ping -c 2 10.0.2.2", 30)


def test_ssh_from_the_host(machine, tmp_path):
    """The host's OpenSSH logs in by key and copies a file both ways."""
    if not shutil.which("ssh"):
        pytest.skip("no ssh on this host")
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    console = machine(extra=["-netdev", f"user,id=n0,hostfwd=tcp:127.0.0.1:{port}-:22",
                             "-device", "e1000e,netdev=n0"])
    console.prompt(120)
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = (tmp_path / "key.pub").read_text().strip()
    console.output(f"mkdir -p -m 700 /root/.ssh && echo '{public}' >/root/.ssh/authorized_keys")
    options = ["-i", str(key), "-o", "StrictHostKeyChecking=no", "-o", "ConnectTimeout=60",
               "-o", f"UserKnownHostsFile={tmp_path}/known", "-o", "LogLevel=ERROR"]
    console.output("i=0; while [ $i -lt 30 ] && ! ifconfig eth0 | grep -q 10.0.2.15; do sleep 1; "
                   "i=$((i+1)); done", 60)
    ssh = subprocess.run(["ssh", *options, "-p", str(port), "root@127.0.0.1", "uname -v; id -u"],
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                         check=False)
    assert ssh.returncode == 0, ssh.stdout
    assert "Skerry" in ssh.stdout and ssh.stdout.endswith("0\n")
    data = random.Random(7).randbytes(300000)
    (tmp_path / "there").write_bytes(data)
    scp = ["scp", "-q", "-O", *options, "-P", str(port)]
    subprocess.run([*scp, tmp_path / "there", "root@127.0.0.1:/tmp/f"], check=True, timeout=120)
    subprocess.run([*scp, "root@127.0.0.1:/tmp/f", tmp_path / "back"], check=True, timeout=120)
    assert hashlib.sha256((tmp_path / "back").read_bytes()).digest() == \
        hashlib.sha256(data).digest()
