"""Two machines on a cable that speak IPv6: Skerry (2001:db8::1) and Debian's Linux (2001:db8::2);
what a router between them would say; a storm of packets that are wrong."""

import random
import socket
import struct
import time

import pytest

MEGABYTE = "dd if=/dev/urandom of=/tmp/data bs=1M count=%d 2>/dev/null; sha256sum </tmp/data"
MAC = ["525400000001", "525400000002"]
LINK = ["fe80::5054:ff:fe00:1", "fe80::5054:ff:fe00:2"]


def address(console, number):
    """A fixed address; with the link up, duplicates of it are looked for first."""
    console.output("killall -9 ifup 2>/dev/null; sleep 1; killall -9 udhcpc 2>/dev/null; sleep 1")
    console.output("ip link set eth0 up")
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != 1 ]; do sleep 1; done", 30)
    console.output(f"ip -6 addr add 2001:db8::{number}/64 dev eth0")


def reach(console, to):
    console.output(f"i=0; until ping -6 -c 1 -W 1 {to} >/dev/null; do i=$((i+1)); "
                   "[ $i -lt 20 ] || break; done; [ $i -lt 20 ]", 60)


@pytest.fixture(name="pair", params=["e1000", "e1000e"])
def pair_fixture(machine, cable, request):
    """Consoles of both, with addresses."""
    ours = machine(extra=cable.end(0, request.param), env={"SMP": "2"})
    peer = machine(extra=cable.end(1, "e1000"), kernel="linux")
    for number, console in enumerate((ours, peer), 1):
        console.prompt(120)
        address(console, number)
    reach(ours, "2001:db8::2")
    reach(peer, "2001:db8::1")
    return ours, peer


def test_two_machines(pair):
    ours, peer = pair
    for console, to in ((ours, "2001:db8::2"), (peer, "2001:db8::1"),
                        (ours, LINK[1] + "%eth0"), (peer, LINK[0] + "%eth0")):
        assert " 0% packet loss" in console.output(f"ping -6 -c 3 {to}", 30)
    # also with packets that are fragments
    assert " 0% packet loss" in ours.output("ping -6 -c 2 -s 65000 2001:db8::2", 30)
    assert " 0% packet loss" in peer.output("ping -6 -c 2 -s 65000 2001:db8::1", 30)
    # everybody on the link answers
    for console, link in ((ours, LINK[1]), (peer, LINK[0])):
        assert link in console.output("ping -6 -c 2 ff02::1%eth0", 30)
    assert "2001:db8::2" in ours.output("ip -6 neigh")
    assert LINK[0] in ours.output("ip -6 addr show eth0")
    # TCP both ways, with checksums
    for server, client, to in ((ours, peer, "2001:db8::1"), (peer, ours, "2001:db8::2")):
        wanted = client.output(MEGABYTE % 4, 60).split()[0]
        server.output("nc -l -s :: -p 5000 >/tmp/got </dev/null & sleep 1")
        client.output(f"nc -w 60 {to} 5000 </tmp/data", 120)
        got = server.output("wait; sha256sum </tmp/got", 60).split()[0]
        assert got == wanted
    # UDP, with datagrams that are fragments
    peer.output("nc -u -l -s :: -p 6000 >/tmp/udp </dev/null & sleep 1")
    ours.output("echo over-udp | timeout 3 nc -u -w 1 2001:db8::2 6000; true", 20)
    assert "over-udp" in peer.output("cat /tmp/udp")
    # nobody listens; no way there
    status, text = ours.run("telnet 2001:db8::2 9", 20)
    assert status and "refused" in text
    status, text = ours.run("telnet 2001:db8:9::2 9", 20)
    assert status and "unreachable" in text
    # fetched by HTTP
    ours.output("mkdir -p /tmp/www; echo hello-web >/tmp/www/f; httpd -h /tmp/www")
    assert "hello-web" in peer.output("wget -q -O - http://[2001:db8::1]/f", 30)


def test_duplicate_address(pair):
    """Who comes second sees that an address is taken, and does not use it."""
    ours, peer = pair
    ours.output("ip -6 addr add 2001:db8::2/64 dev eth0; sleep 4")
    assert "dadfailed" in ours.output("ip -6 addr show eth0")
    assert "is in use by another machine" in ours.output("dmesg | tail -5")
    peer.output("ip -6 addr add 2001:db8::1/64 dev eth0; sleep 4")
    assert "dadfailed" in peer.output("ip -6 addr show eth0")
    ours.output("ip -6 addr del 2001:db8::2/64 dev eth0")
    peer.output("ip -6 addr del 2001:db8::1/64 dev eth0")
    reach(peer, "2001:db8::1")


def sum16(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total


def packet(source, to, kind, body, hops=255):
    """A frame from the second machine's address to the first one's."""
    source, to = (socket.inet_pton(socket.AF_INET6, a) for a in (source, to))
    return (bytes.fromhex(MAC[0] + MAC[1]) + b"\x86\xdd" + b"\x60\0\0\0" +
            struct.pack(">HBB", len(body), kind, hops) + source + to + body)


def icmp6(source, to, body):
    """The same of an ICMPv6 message, its sum made."""
    pair = b"".join(socket.inet_pton(socket.AF_INET6, a) for a in (source, to))
    total = ~sum16(pair + struct.pack(">II", len(body), 58) + body) & 0xffff
    return packet(source, to, 58, body[:2] + struct.pack(">H", total) + body[4:])


def test_path_mtu(pair, cable):
    """A router that says that packets are too big is believed, down to 1280 bytes."""
    ours, peer = pair
    longest = []

    def watch(end, frame):
        if end == 0 and frame[12:14] == b"\x86\xdd" and frame[20] == 6:
            if len(frame) > 1280 + 14:
                said = icmp6("2001:db8::2", "2001:db8::1",
                             struct.pack(">BBHI", 2, 0, 0, 1280) + frame[14:14 + 1200])
                cable.inject(0, said)
                return False
            longest.append(len(frame))
        return True

    cable.watch = watch
    peer.output("nc -l -s :: -p 5000 >/tmp/got </dev/null & sleep 1")
    wanted = ours.output(MEGABYTE % 1, 60).split()[0]
    ours.output("nc -w 60 2001:db8::2 5000 </tmp/data", 120)
    assert peer.output("wait; sha256sum </tmp/got", 60).split()[0] == wanted
    cable.watch = None
    assert max(longest) == 1280 + 14


def malformed(seeded):
    """A frame for 2001:db8::1 that is wrong somewhere: header fields, lengths, chains of extension
    headers, fragments, options, messages of neighbour discovery and MLD."""
    mine = socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    link = socket.inet_pton(socket.AF_INET6, LINK[0])
    group = socket.inet_pton(socket.AF_INET6, seeded.choice(
        ["ff02::1", "ff02::1:ff00:1", "ff02::16", "ff01::1", "ff0e::99"]))
    to = seeded.choice([mine, mine, mine, link, group, seeded.randbytes(16)])
    source = seeded.choice(
        [socket.inet_pton(socket.AF_INET6, a) for a in
         ("2001:db8::2", LINK[1], LINK[1], "::", "::1", "ff02::1", "::ffff:10.0.0.1")] +
        [mine, seeded.randbytes(16)])
    last = seeded.choice([58, 58, 58, 6, 17, 59, 1, seeded.randrange(256)])
    body = bytearray(seeded.randbytes(seeded.randrange(0, 160)))
    if last == 58 and len(body) >= 8:
        body[0] = seeded.choice([1, 2, 3, 4, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137,
                                 143, seeded.randrange(256)])
        body[1] = seeded.choice([0, 0, seeded.randrange(256)])
        if seeded.random() < 0.5 and len(body) >= 24:
            body[8:24] = seeded.choice([mine, link, source])
        body[2:4] = b"\0\0"
        total = ~sum16(source + to + struct.pack(">II", len(body), 58) + bytes(body)) & 0xffff
        body[2:4] = struct.pack(">H", total)
    kind, packet_body = last, bytes(body)
    for _ in range(seeded.choice([0, 0, 1, 2, 12])):
        before = kind
        kind = seeded.choice([0, 43, 44, 60, 60])
        if kind == 44:
            packet_body = struct.pack(">BBHI", before, 0, seeded.choice(
                [0, 1, 8, seeded.randrange(65536)]), seeded.randrange(4)) + packet_body
        else:
            size = seeded.choice([0, 0, 1, seeded.randrange(256)])
            options = seeded.choice([b"\1\4" + bytes(4), b"\5\2\0\0\1\0", seeded.randbytes(6)])
            packet_body = bytes([before, size]) + options + packet_body
    length = seeded.choice([len(packet_body)] * 4 + [seeded.randrange(65536)])
    hops = seeded.choice([255, 255, 64, 1, 0])
    version = 6 if seeded.random() < 0.95 else seeded.randrange(16)
    header = struct.pack(">BBHHBB", version << 4, 0, 0, length, kind, hops) + source + to
    mac = seeded.choice([bytes.fromhex(MAC[0])] * 3 + [b"\x33\x33" + to[12:], b"\xff" * 6])
    return mac + bytes.fromhex(MAC[1]) + b"\x86\xdd" + header + packet_body


def test_malformed_storm(machine, cable):
    """Packets that nobody should send, 50,000 of them: the machine answers afterwards, and no
    memory is gone."""
    console = machine(extra=cable.end(0, "e1000"), env={"SMP": "2"})
    console.prompt(120)
    address(console, 1)
    console.output("nc -l -s :: -p 5000 >/dev/null </dev/null & sleep 3")

    def free():
        time.sleep(70)        # fragments and half-open connections time out
        return int(console.output("grep MemFree /proc/meminfo").split()[1])

    seeded = random.Random(6)
    for _ in range(2000):
        cable.inject(0, malformed(seeded))
    before = free()
    for _ in range(100):
        for _ in range(500):
            cable.inject(0, malformed(seeded))
        while cable.queued(0) > 100000:
            time.sleep(0.02)
    assert "alive" in console.output("echo alive", 60)
    assert free() > before - 2048
    assert "panic" not in console.output("dmesg | tail -30").lower()
    assert " 0% packet loss" in console.output("ping -6 -c 1 ::1", 30)
