"""Debian's own network programs, unmodified, on Skerry: curl, socat, tcpdump, iperf3, ss, ip, ping,
nc and net-tools from a second disk (ci/debian.py), with QEMU's user network and with Debian's Linux
on a cable."""

import hashlib
import http.server
import os
import random
import re
import struct
import threading

import pytest

import debian

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
B = os.path.join(TOP, os.environ.get("B", "build"))
LONG = os.environ.get("TEST_FULL")
DATA = random.Random(3).randbytes(1 << 20)


class Host(http.server.BaseHTTPRequestHandler):
    """The host's server: /data is a file, what is PUT is kept, nothing else is there."""
    protocol_version = "HTTP/1.1"
    kept = {}

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(*((200, DATA) if self.path == "/data" else (404, b"none\n")))

    def do_PUT(self):
        self.kept[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(201, b"kept\n")

    def log_message(self, *_):
        pass


@pytest.fixture(name="host", scope="module")
def host_fixture():
    """The address of a server on the host, as the guest sees it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"10.0.2.2:{server.server_port}"
    server.shutdown()


def enter(console):
    """Debian's disk at /mnt; `deb COMMAND` runs there, `listening FILE` waits for tcpdump, `up t
    PORT` for a server of TCP (u: UDP), `named NAME` for a local socket."""
    console.prompt(120)
    console.output(debian.ENTER)
    console.output("printf '#!/bin/sh\\nexec chroot /mnt \"$@\"\\n' >/bin/deb; chmod +x /bin/deb")
    console.output("listening() { until grep -q 'listening on' $1 2>/dev/null; do "
                   "usleep 100000; done; }")
    console.output("up() { until netstat -ln$1 | grep -q \":$2 \"; do usleep 50000; done; }")
    console.output("named() { until grep -q \" $1\\$\" /proc/net/unix; do usleep 50000; done; }")


@pytest.fixture(name="ours", scope="module")
def ours_fixture(consoles):
    """A machine with a lease from QEMU's user network."""
    console = consoles("debian", net="user", env={"SMP": "2"}, disks=disks())
    enter(console)
    console.output("i=0; until ifconfig eth0 | grep -q 10.0.2.15; do sleep 1; i=$((i+1)); "
                   "[ $i -lt 30 ] || break; done", 60)
    return console


def disks():
    return [os.path.join(B, "skerry.img"), debian.make_disk("net", debian.NET)]


def test_curl(ours, host):
    wanted = hashlib.sha256(DATA).hexdigest()
    assert wanted in ours.output(f"deb curl -sS http://{host}/data | sha256sum")
    status, text = ours.run(f"deb curl -sSf http://{host}/nothing")
    assert status == 22 and "404" in text
    ours.output(f"deb curl -sS http://{host}/data -o /tmp/f")
    ours.output(f"deb curl -sS -T /tmp/f http://{host}/up")
    assert hashlib.sha256(Host.kept["/up"]).hexdigest() == wanted
    assert wanted in ours.output("deb curl -sS file:///tmp/f | sha256sum")
    # several at a time, by a program with threads
    urls = " ".join(f"-o /tmp/p{i} http://{host}/data" for i in range(6))
    ours.output(f"deb curl -sS -Z {urls}", 60)
    assert ours.output("sha256sum /mnt/tmp/p?").count(wanted) == 6
    status, text = ours.run("deb curl -sS http://127.0.0.1:9/")
    assert status == 7 and "connect to 127.0.0.1 port 9" in text


def pcap_packets(data):
    """The frames of a file that tcpdump wrote."""
    magic, = struct.unpack_from("<I", data)
    assert magic == 0xa1b2c3d4
    frames, at = [], 24
    while at < len(data):
        length, whole = struct.unpack_from("<II", data, at + 8)
        assert length == whole
        frames.append(data[at + 16:at + 16 + length])
        at += 16 + length
    return frames


def test_tcpdump(ours, host):
    port = int(host.rsplit(":", 1)[1])
    # as text, four packets of ping
    ours.output("rm -f /tmp/err; deb tcpdump -l -n -i eth0 -c 4 icmp >/tmp/text 2>/tmp/err & "
                "listening /tmp/err")
    ours.output("ping -c 2 10.0.2.2 >/dev/null; wait $!")
    text = ours.output("cat /tmp/text")
    assert len(re.findall(r"IP 10\.0\.2\.15 > 10\.0\.2\.2: ICMP echo request", text)) == 2
    assert len(re.findall(r"IP 10\.0\.2\.2 > 10\.0\.2\.15: ICMP echo reply", text)) == 2
    assert " 0 packets dropped by kernel" in ours.output("cat /tmp/err").replace("\n", " ")
    # into a file, only TCP of one port, while others talk; read back here and there
    ours.output(f"rm -f /tmp/err; deb tcpdump -U -n -i eth0 -w /tmp/x.pcap tcp port {port} "
                "2>/tmp/err & dump=$!; listening /tmp/err")
    ours.output(f"ping -c 1 10.0.2.2 >/dev/null; deb curl -sS http://{host}/nothing; sleep 1")
    ours.output("kill -INT $dump && wait $dump")
    assert f"> 10.0.2.2.{port}: Flags [S]" in ours.output("deb tcpdump -n -r /tmp/x.pcap 2>&1")
    ours.output(f"deb curl -sS -T /tmp/x.pcap http://{host}/pcap")
    frames = pcap_packets(Host.kept["/pcap"])
    assert len(frames) >= 6
    for frame in frames:
        assert frame[12:14] == b"\x08\0" and frame[23] == 6
        assert port in struct.unpack_from(">HH", frame, 34)
    assert any(b"GET /nothing HTTP/1.1" in frame for frame in frames)
    assert b" 404 " in b"".join(frames) and b"none\n" in b"".join(frames)
    # all interfaces, and what the loopback carries
    ours.output("rm -f /tmp/err; deb tcpdump -l -n -i any -c 2 host 127.0.0.1 and icmp >/tmp/text "
                "2>/tmp/err & listening /tmp/err; ping -c 1 127.0.0.1 >/dev/null; wait $!")
    assert ours.output("cat /tmp/text").count("127.0.0.1 > 127.0.0.1: ICMP echo") == 2


def said(console, text, client):
    """What socat gets for a line; its input does not end before that."""
    return console.output(f": >/tmp/said; (echo {text}; until [ -s /tmp/said ]; do usleep 50000; "
                          f"done) | deb socat -t .5 - {client} >/tmp/said; cat /tmp/said")


def test_socat(ours):
    relays = {
        "TCP4-LISTEN:7000,fork,reuseaddr EXEC:/bin/cat": ("TCP4:127.0.0.1:7000", "up t 7000"),
        "UDP4-RECVFROM:7001,fork EXEC:/bin/cat": ("UDP4:127.0.0.1:7001", "up u 7001"),
        "UNIX-LISTEN:/tmp/u,fork TCP4:127.0.0.1:7000": ("UNIX-CONNECT:/tmp/u", "named /tmp/u"),
        "ABSTRACT-LISTEN:name,fork UNIX-CONNECT:/tmp/u": ("ABSTRACT-CONNECT:name", "named @name"),
        "UNIX-RECVFROM:/tmp/d,fork EXEC:/bin/cat":
            ("UNIX-SENDTO:/tmp/d,bind=/tmp/d2", "named /tmp/d"),
        "PTY,link=/tmp/p,raw,echo=0,wait-slave,pty-interval=.1 TCP4:127.0.0.1:7000":
            ("/tmp/p,raw,echo=0", "until deb test -e /tmp/p; do usleep 50000; done"),
    }
    for relay, (_, ready) in relays.items():
        ours.output(f"deb socat -t 60 {relay} & socats=\"$socats $!\"; {ready}")
    for number, (client, _) in enumerate(relays.values()):
        assert said(ours, f"said-{number}", client) == f"said-{number}\n", client
    # a program at a terminal of its own
    text = ours.output("echo tty | deb socat -t 2 - EXEC:/bin/sh\\ -c\\ tty,pty,stderr")
    assert "/dev/pts/" in text
    ours.output("kill $socats; wait $socats; true")


def test_ss(ours):
    ours.output("deb nc.openbsd -lk 7200 </dev/null >/dev/null & servers=$!")
    ours.output("deb nc.openbsd -luk 7201 </dev/null >/dev/null & servers=\"$servers $!\"")
    ours.output("deb nc.openbsd -lU /tmp/un </dev/null >/dev/null & servers=\"$servers $!\"")
    ours.output("up t 7200; up u 7201; named /tmp/un")
    ours.output("deb nc.openbsd -d 127.0.0.1 7200 & client=$!; "
                "until netstat -tn | grep -q '7200 .*ESTAB'; do usleep 50000; done")
    text = ours.output("deb ss -tan")
    assert re.search(r"LISTEN +0 +\d+ +0\.0\.0\.0:7200 +0\.0\.0\.0:\*", text)
    assert re.search(r"ESTAB +0 +0 +127\.0\.0\.1:7200 +127\.0\.0\.1:\d+", text)
    assert re.search(r"ESTAB +0 +0 +127\.0\.0\.1:\d+ +127\.0\.0\.1:7200", text)
    assert re.search(r"UNCONN +0 +0 +0\.0\.0\.0:7201", ours.output("deb ss -uan"))
    assert re.search(r"u_str +LISTEN +0 +\d+ +/tmp/un ", ours.output("deb ss -xan"))
    # filters, processes, what TCP knows
    text = ours.output("deb ss -tnHi state established dport = :7200 and dst 127.0.0.0/8")
    assert len(re.findall("127.0.0.1:7200", text)) == 1 and "cubic" in text and "mss:" in text
    assert ours.output("deb ss -tanH dport = :7201") == ""
    text = ours.output("deb ss -tlnp sport = :7200")
    assert re.search(r'users:\(\("nc\.openbsd",pid=\d+', text)
    ours.output("kill $servers $client; wait $servers $client; true")
    assert not re.search(r"(LISTEN|ESTAB).*:7200", ours.output("deb ss -tan"))


def test_ip_and_old_tools(ours):
    assert " 0% packet loss" in ours.output("deb ping -c 2 -i 0.2 10.0.2.2")
    assert "time to live exceeded" not in ours.output("deb ping -c 1 -t 1 10.0.2.2").lower()
    rules = ours.output("deb ip rule")
    assert rules.split("\n")[:3] == ["0:\tfrom all lookup local", "32766:\tfrom all lookup main",
                                     "32767:\tfrom all lookup default"]
    ours.output("deb ip addr add 10.77.0.1/24 dev eth0 && "
                "deb ip route add 10.78.0.0/16 via 10.77.0.9 metric 5 && "
                "deb ip neigh add 10.77.0.9 lladdr 02:00:00:00:00:09 dev eth0")
    assert "inet 10.77.0.1/24" in ours.output("deb ip -4 addr show dev eth0")
    assert "10.78.0.0/16 via 10.77.0.9 dev eth0 metric 5" in ours.output("deb ip route")
    assert "via 10.77.0.9 dev eth0 src 10.77.0.1" in ours.output("deb ip route get 10.78.1.1")
    assert re.search(r"10\.77\.0\.9 .*02:00:00:00:00:09 .*PERMANENT", ours.output("deb ip neigh"))
    assert re.search(r"10\.78\.0\.0 +10\.77\.0\.9 +255\.255\.0\.0 +UG +5 ",
                     ours.output("deb route -n"))
    assert re.search(r"10\.77\.0\.9 +ether +02:00:00:00:00:09 +CM", ours.output("deb arp -n"))
    assert "inet 10.0.2.15" in ours.output("deb ifconfig eth0")
    assert re.search(r"tcp .*0\.0\.0\.0:22 .*LISTEN", ours.output("deb netstat -tan"))
    assert "packets received" in ours.output("deb netstat -s")
    ours.output("deb ip route del 10.78.0.0/16 && deb ip addr del 10.77.0.1/24 dev eth0")
    assert not re.search(r"10\.7[78]", ours.output("deb ip route"))


def test_file_capabilities(ours):
    """ping may send for a user since its file has cap_net_raw; and not when it has lost that."""
    user = "deb chroot --userspec=1000:1000 /"
    assert ours.run(f"{user} ping -c 1 -W 5 10.0.2.2")[0] != 0
    ours.output("deb setcap cap_net_raw+ep /bin/ping")
    assert ours.output("deb getcap /bin/ping").strip() == "/bin/ping cap_net_raw=ep"
    assert " 0% packet loss" in ours.output(f"{user} ping -c 1 10.0.2.2")
    ours.output("deb setcap -r /bin/ping")
    assert ours.output("deb getcap /bin/ping").strip() == ""
    assert "0x0" in ours.output(f"{user} capsh --decode=0")
    ours.output("deb cp /bin/ping /bin/other && deb setcap cap_net_raw=ep /bin/other && "
                "deb sh -c 'printf x >>/bin/other'")
    assert ours.output("deb getcap /bin/other").strip() == ""


def test_six(ours, host):
    """IPv6, on the loopback and with QEMU's router."""
    assert "inet6 ::1/128 scope host" in ours.output("deb ip -6 addr show dev lo")
    ours.output("until deb ip -6 addr show dev eth0 | grep -q 'scope site dynamic'; do "
                "usleep 200000; done", 30)
    assert re.search(r"default via fe80::2 dev eth0 proto ra", ours.output("deb ip -6 route"))
    assert " 0% packet loss" in ours.output("deb ping -6 -c 2 -i 0.2 fec0::2")
    assert "lladdr 52:56:00:00:00:02 router" in ours.output("deb ip -6 neigh")
    ours.output("mkdir -p /tmp/www; seq 1 50000 >/tmp/www/f; httpd -p [::]:8080 -h /tmp/www")
    ours.output("rm -f /tmp/err; deb tcpdump -l -n -i lo -c 3 ip6 and tcp dst port 8080 >/tmp/text "
                "2>/tmp/err & listening /tmp/err")
    ours.output("deb curl -6 -sS http://[::1]:8080/f | cmp - /tmp/www/f; wait $!")
    assert re.search(r"IP6 ::1\.\d+ > ::1\.8080: Flags \[S\]", ours.output("cat /tmp/text"))
    # a socket of IPv6 that serves both
    ours.output("deb curl -4 -sS http://127.0.0.1:8080/f | cmp - /tmp/www/f; killall httpd")
    ours.output("deb nc.openbsd -6 -l 7300 >/tmp/got & up t 7300; "
                "echo six | deb nc.openbsd -6 -N ::1 7300; wait $!")
    assert ours.output("cat /tmp/got") == "six\n"
    ours.output("deb socat -t 60 TCP6-LISTEN:7301 EXEC:/bin/cat & up t 7301")
    assert re.search(r"LISTEN +0 +\d+ +\*:7301 +\*:\*", ours.output("deb ss -6 -tan"))
    assert said(ours, "cat", "TCP6:[::1]:7301") == "cat\n"
    ours.output("deb iperf3 -s -1 -D; up t 5201")
    assert bandwidth(ours.output("deb iperf3 -6 -c ::1 -t 1"), "receiver") > 0


def bandwidth(text, who):
    """Mbit/s of iperf3's last line about the sender or the receiver."""
    value, unit = re.findall(rf"([\d.]+) ([KMG])bits/sec.*{who}", text)[-1]
    return float(value) * {"K": 0.001, "M": 1, "G": 1000}[unit]


def test_iperf3_loopback(ours):
    ours.output("deb iperf3 -s -D; up t 5201")
    assert bandwidth(ours.output("deb iperf3 -c 127.0.0.1 -t 1"), "receiver") > 0
    assert bandwidth(ours.output("deb iperf3 -c 127.0.0.1 -t 1 -u -b 50M"), "receiver") > 0


@pytest.mark.skipif(not LONG, reason="long")
def test_iperf3(machine, cable):
    """With Debian's Linux, which runs the same file."""
    ours = machine(extra=cable.end(0, "e1000"), env={"SMP": "2"}, disks=disks())
    peer = machine(extra=cable.end(1, "e1000"), kernel="linux", disks=disks())
    for number, console in enumerate((ours, peer), 1):
        enter(console)
        console.no_lease()
        console.output(f"ifconfig eth0 10.0.0.{number} netmask 255.255.255.0")
    ours.output("until ping -c 1 -W 1 10.0.0.2 >/dev/null; do :; done", 60)
    ours.output("deb iperf3 -s -D; up t 5201")
    peer.output("deb iperf3 -s -D; up t 5201")
    for client, to in ((ours, 2), (peer, 1)):
        for options in ("", "-R", "-u -b 20M", "-u -b 20M -R", "-P 4"):
            text = client.output(f"deb iperf3 -c 10.0.0.{to} -t 3 {options}", 60)
            assert bandwidth(text, "receiver") > 0, text
