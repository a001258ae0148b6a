"""Two machines on a cable: Skerry (10.0.0.1) and Debian's Linux (10.0.0.2), or two Skerrys. What a
person types to see whether a network works, then what a bad network does."""

import hashlib
import random
import re

import pytest

from machines import address, reach

MODELS = ["e1000", "e1000e"]
MEGABYTE = "dd if=/dev/urandom of=/tmp/data bs=1M count=%d 2>/dev/null; sha256sum </tmp/data"


@pytest.fixture(name="pair", params=MODELS)
def pair_fixture(machine, cable, request):
    """Consoles of both, with addresses."""
    ours = machine(extra=cable.end(0, request.param), env={"SMP": "2"})
    peer = machine(extra=cable.end(1, "e1000"), kernel="linux")
    for number, console in enumerate((ours, peer), 1):
        console.prompt(120)
        address(console, number)
    reach(ours, 2)
    reach(peer, 1)
    return ours, peer


def test_two_machines(pair, cable):
    ours, peer = pair
    # ping both ways, also with packets that are fragments
    for console, to in ((ours, 2), (peer, 1)):
        assert " 0% packet loss" in console.output(f"ping -c 3 10.0.0.{to}", 30)
    assert " 0% packet loss" in ours.output("ping -c 2 -s 65507 10.0.0.2", 30)
    assert " 0% packet loss" in peer.output("ping -c 2 -s 30000 10.0.0.1", 30)
    assert " 0% packet loss" in peer.output("ping -c 200 -A -q 10.0.0.1", 60)
    assert "10.0.0.2" in ours.output("arp -n") and "10.0.0.2" in ours.output("ip neigh")
    # names of what is where
    assert "10.0.0.1" in ours.output("ifconfig eth0")
    assert "10.0.0.1/24" in ours.output("ip addr show eth0")
    assert "10.0.0.0/24" in ours.output("ip route")
    ours.output("arp -s 10.0.0.77 02:01:02:03:04:05")
    assert re.search("10.0.0.77 .*02:01:02:03:04:05 .*PERMANENT", ours.output("ip neigh"))
    ours.output("arp -d 10.0.0.77")
    assert "10.0.0.77" not in ours.output("ip neigh")
    # TCP both ways, with checksums
    for server, client, to in ((ours, peer, 1), (peer, ours, 2)):
        wanted = client.output(MEGABYTE % 4, 60).split()[0]
        server.output("nc -l -p 5000 >/tmp/got </dev/null & sleep 1")
        client.output(f"nc -w 60 10.0.0.{to} 5000 </tmp/data", 120)
        got = server.output("wait; sha256sum </tmp/got", 60).split()[0]
        assert got == wanted
    # UDP
    peer.output("nc -u -l -p 6000 >/tmp/udp </dev/null & sleep 1")
    ours.output("echo over-udp | timeout 3 nc -u -w 1 10.0.0.2 6000; true", 20)
    assert "over-udp" in peer.output("cat /tmp/udp")
    # nobody listens
    status, text = ours.run("telnet 10.0.0.2 9", 20)
    assert status and "refused" in text
    # fetched by HTTP
    ours.output("mkdir -p /tmp/www; echo hello-web >/tmp/www/f; httpd -h /tmp/www")
    assert "hello-web" in peer.output("wget -q -O - http://10.0.0.1/f", 30)


def test_lossy_cable(pair, cable):
    ours, peer = pair
    for loss, delay in ((0.01, 0), (0.05, 0.005)):
        for server, client, to in ((ours, peer, 1), (peer, ours, 2)):
            cable.loss = cable.delay = 0
            wanted = client.output(MEGABYTE % 1, 60).split()[0]
            server.output("nc -l -p 5000 >/tmp/got </dev/null & sleep 1")
            cable.loss, cable.delay, cable.reorder, cable.duplicates = loss, delay, 0.01, 0.01
            client.output(f"nc -w 90 10.0.0.{to} 5000 </tmp/data", 200)
            got = server.output("wait; sha256sum </tmp/got", 120).split()[0]
            assert got == wanted


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
    import shutil      # pylint: disable=import-outside-toplevel
    import socket      # pylint: disable=import-outside-toplevel
    import subprocess  # pylint: disable=import-outside-toplevel
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
