"""BusyBox' network programs and dropbear at work: Skerry (10.0.0.1) and Debian's Linux (10.0.0.2)
on a cable, each a server to the other."""

import os
import re
import shutil
import socket
import subprocess
import time

import pytest

from cable import Cable

BOTH = [("ours", "peer", 2), ("peer", "ours", 1)]   # client, server, the server's address
MINE = "/tmp/apps"


def prepare(console, number):
    console.prompt(120)
    console.no_lease()
    console.output(f"dmesg -n 1; ifconfig eth0 10.0.0.{number} netmask 255.255.255.0")
    console.output(f"mkdir -p {MINE}; cd {MINE}; seq 1 30000 >numbers; echo here-{number} >name")
    # Waits until something listens (netstat's letter, port); ends what a test started.
    console.output("up() { until netstat -ln$1 | grep -q \":$2 \"; do usleep 50000; done; }")
    console.output("over() { kill $servers 2>/dev/null; wait; servers=; }")


class Pair(dict):
    def __getattr__(self, name):
        return self[name]


@pytest.fixture(name="pair", scope="module")
def pair_fixture(consoles, tmp_path_factory):
    with Cable(str(tmp_path_factory.mktemp("cable"))) as cable:
        ours = consoles("apps", extra=cable.end(0, "e1000"), env={"SMP": "2"}, kernel="skerry")
        peer = consoles("apps-peer", extra=cable.end(1, "e1000"), kernel="linux")
        prepare(ours, 1)
        prepare(peer, 2)
        ours.output("until ping -c 1 -W 1 10.0.0.2 >/dev/null; do :; done", 60)
        yield Pair(ours=ours, peer=peer)


@pytest.fixture(name="sides", params=BOTH, ids=["to-linux", "to-skerry"])
def sides_fixture(pair, request):
    client, server, number = request.param
    return pair[client], pair[server], f"10.0.0.{number}"


def start(server, command, kind, port):
    """A server in the background, when it listens."""
    server.output(f"{command} >/tmp/server 2>&1 </dev/null & servers=\"$servers $!\"")
    server.output(f"up {kind} {port}", 20)


def same_numbers(console, path="got"):
    console.output(f"cmp {MINE}/numbers {path} && rm {path}")


def test_nc(sides):
    client, server, to = sides
    server.output("(nc -l -p 7000 <numbers >got) & up t 7000")
    client.output(f"nc -w 5 {to} 7000 <numbers >got", 30)
    server.output("wait")
    same_numbers(client)
    same_numbers(server)
    server.output("nc -u -l -p 7001 >got </dev/null & servers=$!; up u 7001")
    client.output(f"echo datagram | timeout 1 nc -u {to} 7001; true")
    server.output("over; grep -x datagram got; rm got")
    # nobody there; a program behind a connection
    status, _ = client.run(f"nc -w 2 {to} 7002 </dev/null")
    assert status == 1
    start(server, "nc -lk -p 7003 -e cat", "t", 7003)
    assert client.output(f"echo echoed | nc -w 2 {to} 7003") == "echoed\n"
    server.output("over")


def test_http(sides):
    client, server, to = sides
    server.output("mkdir -p www/cgi-bin; cp numbers www; printf '#!/bin/sh\\necho; echo cgi "
                  "$REQUEST_METHOD $QUERY_STRING $REMOTE_ADDR\\n' >www/cgi-bin/q; "
                  "chmod +x www/cgi-bin/q")
    start(server, f"httpd -f -p 8080 -h {MINE}/www", "t", 8080)
    client.output(f"wget -q -O got http://{to}:8080/numbers")
    same_numbers(client)
    text = client.output(f"wget -q -O - 'http://{to}:8080/cgi-bin/q?a=1'")
    assert re.search(r"cgi GET a=1 .*10\.0\.0\.\d", text)
    client.output(f"head -c 1000 numbers >got; wget -q -c -O got http://{to}:8080/numbers")
    same_numbers(client)
    status, text = client.run(f"wget -O - http://{to}:8080/none")
    assert status and "404 Not Found" in text
    server.output("over")


def test_ftp(sides):
    client, server, to = sides
    server.output("mkdir -p ftp; cp numbers ftp")
    start(server, f"tcpsvd -E 0 2121 ftpd -A -w {MINE}/ftp", "t", 2121)
    client.output(f"ftpget -P 2121 {to} got numbers")
    same_numbers(client)
    client.output(f"ftpput -P 2121 {to} put numbers")
    same_numbers(server, "ftp/put")
    client.output(f"wget -q -O got ftp://{to}:2121/numbers")
    same_numbers(client)
    server.output("over")


@pytest.mark.parametrize("by", ["udpsvd", "inetd"])
def test_tftp(sides, by):
    client, server, to = sides
    server.output("mkdir -p tftp; cp numbers tftp")
    if by == "udpsvd":
        start(server, f"udpsvd -E 0 69 tftpd -c {MINE}/tftp", "u", 69)
    else:
        server.output(f"echo 'tftp dgram udp nowait root tftpd tftpd -c {MINE}/tftp' >inetd.conf")
        start(server, f"inetd -f {MINE}/inetd.conf", "u", 69)
    client.output(f"tftp -g -l got -r numbers {to}", 60)
    same_numbers(client)
    client.output(f"tftp -p -b 1400 -l numbers -r put {to}", 60)
    same_numbers(server, "tftp/put")
    server.output("over")


def test_inetd(sides):
    client, server, to = sides
    server.output("printf 'echo stream tcp nowait root internal\\necho dgram udp wait root internal"
                  "\\ndaytime stream tcp nowait root internal\\n"
                  "7010 stream tcp nowait root cat cat numbers\\n' >inetd.conf")
    start(server, f"inetd -f {MINE}/inetd.conf", "t", 7010)
    assert client.output(f"echo said | nc -w 1 {to} 7") == "said\n"
    assert "said" in client.output(f"echo said | timeout 1 nc -u {to} 7; true")
    assert re.search(r"\d\d:\d\d:\d\d 20\d\d", client.output(f"nc -w 1 {to} 13 </dev/null"))
    client.output(f"nc -w 5 {to} 7010 </dev/null >got")
    same_numbers(client)
    server.output("over")


def test_telnet(sides):
    client, server, to = sides
    start(server, "telnetd -F -p 2323 -l /bin/sh", "t", 2323)
    text = client.output("(sleep 1; echo 'tty; stty size; cat /tmp/apps/name; exit'; sleep 1) | "
                         f"telnet {to} 2323; true", 30)
    assert "/dev/pts/" in text and f"\nhere-{to[-1]}\n" in text.replace("\r", "")
    server.output("over")


def test_names(sides):
    client, server, to = sides
    server.output("echo 'host.test 10.1.2.3' >dns")
    start(server, "dnsd -c dns", "u", 53)
    _, text = client.run(f"nslookup host.test {to}")
    assert re.search(r"Name:\s+host\.test\nAddress:\s+10\.1\.2\.3", text)
    client.output(f"echo nameserver {to} >/etc/resolv.conf")
    text = client.output("ping -4 -c 1 -W 1 host.test; rm /etc/resolv.conf", 30)
    assert "PING host.test (10.1.2.3)" in text
    status, text = client.run(f"nslookup other.test {to}")
    assert status
    server.output("over")


def test_ntp(sides):
    client, server, to = sides
    start(server, "ntpd -n -l", "u", 123)
    client.output("date -s '2001-02-03 04:05:06' >/dev/null")
    client.output(f"ntpd -n -q -p {to}", 60)
    now, then = (int(c.output("date +%s")) for c in (client, server))
    assert abs(now - then) <= 3
    server.output("over")


def test_traceroute(sides):
    client, server, to = sides
    assert re.search(rf"^ 1  {to}  [\d.]+ ms", client.output(f"traceroute -n -q 1 {to}"), re.M)
    assert re.search(rf"^ 1  {to}  [\d.]+ ms", client.output(f"traceroute -I -n -q 1 {to}"), re.M)
    # one router on the way, which says that the time is exceeded
    client.output(f"route add -net 10.60.0.0 netmask 255.255.0.0 gw {to}")
    server.output("echo 1 >/proc/sys/net/ipv4/ip_forward; route add default gw 10.0.0.77")
    text = client.output("traceroute -n -q 1 -m 1 10.60.0.1")
    server.output("echo 0 >/proc/sys/net/ipv4/ip_forward; route del default gw 10.0.0.77")
    client.output("route del -net 10.60.0.0 netmask 255.255.0.0")
    assert re.search(rf"^ 1  {to}  [\d.]+ ms", text, re.M)


def test_arp(sides):
    client, server, to = sides
    text = client.output(f"arping -c 2 -I eth0 {to}")
    assert len(re.findall(rf"reply from {to} \[52:54:00:00:00:0{to[-1]}\]", text)) == 2
    status, _ = client.run(f"arping -D -c 1 -I eth0 {to}")
    assert status == 1                      # somebody has it
    client.output("arping -D -c 1 -w 1 -I eth0 10.0.0.99")
    # an address that the server publishes: it routes there, by another link
    ask = "arping -c 1 -w 1 -I eth0 10.0.0.50"
    server.output("echo 1 >/proc/sys/net/ipv4/ip_forward; ip route add 10.0.0.50/32 dev lo")
    server.run("echo 0 >/proc/sys/net/ipv4/neigh/eth0/proxy_delay")   # Linux would wait a second
    status, _ = client.run(ask)
    assert status == 1
    server.output("arp -i eth0 -Ds 10.0.0.50 eth0 pub")
    assert re.search(r"10\.0\.0\.50 .*0xc .*eth0", server.output("cat /proc/net/arp"))
    assert f"reply from 10.0.0.50 [52:54:00:00:00:0{to[-1]}]" in client.output(ask)
    server.output("arp -i eth0 -d 10.0.0.50 pub")
    status, _ = client.run(ask)
    assert status == 1
    server.output("echo 1 >/proc/sys/net/ipv4/conf/eth0/proxy_arp")
    assert "reply from 10.0.0.50" in client.output(ask)
    server.output("echo 0 >/proc/sys/net/ipv4/conf/eth0/proxy_arp")
    server.output("echo 0 >/proc/sys/net/ipv4/ip_forward; ip route del 10.0.0.50/32 dev lo")


def test_syslog(sides):
    client, server, to = sides
    server.output("nc -u -l -p 514 >got </dev/null & servers=$!; up u 514")
    client.output("service syslogd stop; killall syslogd; true")
    client.output(f"syslogd -n -R {to} & servers=$!; sleep 1")
    client.output("logger -p daemon.warning -t apps over the wire; sleep 1; over; "
                  "service syslogd start >/dev/null 2>&1; true")
    assert re.search(r"<28>.* apps: over the wire", server.output("over; cat got; rm got"))


def test_six(sides):
    """The same over IPv6."""
    client, server, to = sides
    own = 3 - int(to[-1])
    for console, number in ((client, own), (server, 3 - own)):
        console.output("ip -6 addr show dev eth0 | grep -q fd00:: || "
                       f"ip addr add fd00::{number}/64 dev eth0")
    to = f"fd00::{3 - own}"
    client.output(f"until ping6 -c 1 -W 1 {to} >/dev/null; do usleep 200000; done", 30)
    assert " 0% packet loss" in client.output(f"ping6 -c 2 -s 5000 {to}")
    mac = f"fe80::5054:ff:fe00:{3 - own}"
    assert " 0% packet loss" in client.output(f"ping6 -c 1 -I eth0 {mac}")
    assert re.search(rf"^ 1  {to}  [\d.]+ ms", client.output(f"traceroute6 -n -q 1 {to}"), re.M)
    assert f"{to} dev eth0 lladdr 52:54:00:00:00:0{3 - own}" in client.output("ip -6 neigh")
    server.output("mkdir -p www; cp numbers www")
    start(server, f"httpd -f -p [::]:8080 -h {MINE}/www", "t", 8080)
    client.output(f"wget -q -O got http://[{to}]:8080/numbers")
    same_numbers(client)
    server.output("over")
    start(server, f"udpsvd -E :: 69 tftpd -c {MINE}/www", "u", 69)
    client.output(f"tftp -g -l got -r numbers {to}", 60)
    same_numbers(client)
    server.output("over")
    start(server, "nc -lk -s :: -p 7003 -e cat", "t", 7003)
    assert client.output(f"echo echoed | nc -w 2 {to} 7003") == "echoed\n"
    server.output("over")
    assert re.search(r":::22 .* LISTEN", server.output("netstat -ltn"))


def test_dhcp_server(pair):
    """Skerry leases an address to Linux."""
    pair.ours.output("printf 'interface eth0\\nstart 10.0.0.200\\nend 10.0.0.210\\nopt subnet "
                     "255.255.255.0\\nopt router 10.0.0.1\\nopt dns 10.0.0.1\\nlease_file "
                     f"{MINE}/leases\\n' >dhcp.conf; >leases")
    start(pair.ours, f"udhcpd -f {MINE}/dhcp.conf", "u", 67)
    text = pair.peer.output("udhcpc -i eth0 -n -q -s /bin/true 2>&1", 60)
    assert re.search(r"lease of 10\.0\.0\.2\d\d obtained from 10\.0\.0\.1", text)
    pair.ours.output("over")


def test_tools(pair):
    """What shows and changes the configuration says the same on both."""
    answers = []
    for console in (pair.ours, pair.peer):
        text = console.output("ifconfig eth0:1 10.9.0.1 netmask 255.255.255.0 up; ifconfig eth0:1")
        assert "10.9.0.1" in text and "255.255.255.0" in text
        console.output("route add -net 10.10.0.0/16 gw 10.9.0.2 metric 3")
        console.output("route add -host 10.11.0.1 reject; ifconfig lo mtu 60000")
        status, _ = console.run("ping -c 1 10.11.0.1")
        assert status
        shown = [console.output(c) for c in (
            "route -n | sort", "ip route | sort", "ip -4 addr show eth0 | grep inet", "ip rule",
            "netstat -rn | sort", "ip link show lo", "ip -4 addr show lo",
            "ifconfig lo | grep -v -e [TR]X -e inet6", "cat /proc/net/route | sort",
            "ip route get 10.10.1.1")]
        answers.append([re.sub(r"10\.0\.0\.[12]\b", "10.0.0.n", a) for a in shown])
        console.output("route del -host 10.11.0.1 reject; route del -net 10.10.0.0/16")
        console.output("ifconfig eth0:1 down; ifconfig lo mtu 65536")
        assert "10.9" not in console.output("route -n; ifconfig -a")
    for ours, linux in zip(*answers):
        assert ours == linux
    # netstat: listeners, connections that stay (nobody ends the input), local ones
    pair.peer.output("mkfifo held; nc -l -p 7100 >/dev/null <>held & up t 7100")
    pair.ours.output("mkfifo held; nc 10.0.0.2 7100 <>held >/dev/null & servers=$!; sleep 1")
    assert re.search(r"tcp +0 +0 10\.0\.0\.1:\d+ +10\.0\.0\.2:7100 +ESTABLISHED",
                     pair.ours.output("netstat -tn"))
    assert re.search(r"tcp .* 0\.0\.0\.0:22 .* LISTEN", pair.ours.output("netstat -ltn"))
    assert "/dev/log" in pair.ours.output("netstat -x")
    pair.ours.output("over")
    pair.peer.output("killall nc; wait; rm held")
    pair.ours.output("rm held")


def test_ssh(sides):
    client, server, to = sides
    options = "-y -y"
    # by key
    client.output("rm -rf id; dropbearkey -t ed25519 -f id >/dev/null 2>&1", 60)
    key = client.output("dropbearkey -y -f id | grep ^ssh-ed25519").strip()
    server.output(f"mkdir -p -m 700 /root/.ssh; echo '{key}' >/root/.ssh/authorized_keys; "
                  "pidof dropbear >/dev/null || service dropbear start")
    text = client.output(f"ssh {options} -i id root@{to} 'cat {MINE}/name; exit 7' 2>/dev/null; "
                         "echo status $?", 120)
    assert text == f"here-{to[-1]}\nstatus 7\n"
    assert client.output(f"ssh {options} -i id root@{to} cat <numbers 2>/dev/null | cmp - numbers; "
                         "echo $?", 60) == "0\n"
    assert "/dev/pts/" in client.output(f"ssh -t {options} -i id root@{to} tty 2>/dev/null", 60)
    # copies both ways
    scp = f"scp -q -S {MINE}/ssh-y -i id"
    client.output(f"printf '#!/bin/sh\\nexec ssh -y -y \"$@\"\\n' >ssh-y; chmod +x ssh-y")
    client.output(f"{scp} numbers root@{to}:{MINE}/put 2>/dev/null", 60)
    same_numbers(server, "put")
    client.output(f"{scp} root@{to}:{MINE}/numbers got 2>/dev/null", 60)
    same_numbers(client)
    # a forwarded port
    start(server, f"nc -l -p 7020 -e cat {MINE}/name", "t", 7020)
    client.output(f"ssh {options} -i id -N -L 7021:127.0.0.1:7020 root@{to} >/dev/null 2>&1 & "
                  "servers=$!; up t 7021", 60)
    assert client.output("nc -w 3 127.0.0.1 7021 </dev/null") == f"here-{to[-1]}\n"
    client.output("over")
    server.output("over")
    # by password, and with a wrong one
    server.output("rm /root/.ssh/authorized_keys; echo root:secret | chpasswd >/dev/null 2>&1")
    text = client.output(f"DROPBEAR_PASSWORD=secret ssh {options} root@{to} cat {MINE}/name "
                         "2>/dev/null", 60)
    assert text == f"here-{to[-1]}\n"
    status, _ = client.run(f"DROPBEAR_PASSWORD=wrong ssh {options} root@{to} true 2>/dev/null", 60)
    assert status
    server.output("passwd -d root >/dev/null 2>&1")


def test_interfaces_file(pair):
    """A fixed configuration by /etc/network/interfaces, with commands."""
    ours = pair.ours
    ours.output("cp /etc/network/interfaces old; ifconfig eth0 0.0.0.0 down")
    ours.output("printf 'auto lo eth0\\niface lo inet loopback\\niface eth0 inet static\\n"
                "\\taddress 10.0.0.31\\n\\tnetmask 255.255.255.0\\n\\tgateway 10.0.0.2\\n"
                "\\tup echo up-$IFACE >/tmp/apps/told\\n\\tdown echo down-$IFACE "
                ">/tmp/apps/told\\niface eth0 inet6 static\\n\\taddress fd00::31\\n\\tnetmask "
                "64\\n\\tgateway fd00::2\\n' >/etc/network/interfaces; rm -f /var/run/ifstate")
    ours.output("ifup -a; cat /var/run/ifstate")
    assert "up-eth0" in ours.output("cat told")
    assert "inet 10.0.0.31/24" in ours.output("ip addr show eth0")
    assert "default via 10.0.0.2 dev eth0" in ours.output("ip route")
    assert "inet6 fd00::31/64" in ours.output("ip addr show eth0")
    assert "default via fd00::2 dev eth0" in ours.output("ip -6 route")
    ours.output("until ping -c 1 -W 1 10.0.0.2 >/dev/null; do :; done", 60)
    ours.output("ifdown eth0")
    assert "down-eth0" in ours.output("cat told")
    assert not re.search(r"10\.0\.0\.31|fd00::31", ours.output("ip addr show eth0"))
    ours.output("cp old /etc/network/interfaces; rm /var/run/ifstate; "
                "ifconfig eth0 10.0.0.1 netmask 255.255.255.0")
    time.sleep(0.1)


@pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="long, and changes the host's network")
def test_tap(machine):
    """The host itself is the peer, by an interface of its own (RFC 2544's addresses)."""
    name = f"tap{os.getpid()}"
    if not shutil.which("ip") or subprocess.run(
            ["ip", "tuntap", "add", "dev", name, "mode", "tap"], check=False,
            stderr=subprocess.DEVNULL).returncode:
        pytest.skip("cannot make a tap interface")
    try:
        subprocess.run(["ip", "addr", "add", "198.18.7.1/24", "dev", name], check=True)
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        console = machine(net=f"tap:{name}")
        prepare(console, 9)
        console.output("ifconfig eth0 198.18.7.2 netmask 255.255.255.0")
        console.output("i=0; until ping -c 1 -W 1 198.18.7.1 >/dev/null; do i=$((i+1)); "
                       "[ $i -lt 20 ] || break; done; [ $i -lt 20 ]", 60)
        console.output("nc -l -p 7000 -e cat & up t 7000")
        with socket.create_connection(("198.18.7.2", 7000), 20) as s:
            s.sendall(b"from the host")
            assert s.recv(100) == b"from the host"
    finally:
        subprocess.run(["ip", "link", "del", name], check=False)
