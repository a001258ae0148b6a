"""Network interfaces of a running system: the user network, two machines, links and resets."""

import re
import socket

import pytest


@pytest.fixture(name="skerry_only", autouse=True)
def skerry_only_fixture(kernel):
    if kernel == "linux":
        pytest.skip("the peer's initrd brings no network up")


def up(console, address):
    console.prompt(100)
    console.no_lease()
    console.output(f"ifconfig eth0 {address} netmask 255.255.255.0 up")
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != 1 ]; do sleep 0.1; done")


def received(console, command):
    """How many answers a ping got."""
    _, text = console.run(command, timeout=120)
    return int(re.search(r"(\d+) packets received", text).group(1))


@pytest.mark.parametrize("nic,kind", [("e1000", "pc"), ("e1000e", "q35")])
def test_user_network(machine, nic, kind):
    console = machine(net="user", env={"NIC": nic, "MACHINE": kind, "SMP": "2"})
    up(console, "10.0.2.15")
    assert received(console, "ping -c 5 -i 0.2 -W 3 10.0.2.2") >= 4
    counts = console.output("cat /sys/class/net/eth0/statistics/*_packets").split()
    assert all(int(n) >= 5 for n in counts)
    # A lease, by packet sockets and a filter.
    assert "lease of 10.0.2.15" in console.output("udhcpc -i eth0 -n -q -s /bin/true 2>&1")
    # A cable that is pulled, and put back.
    console.monitor("set_link nic0 off")
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != 0 ]; do sleep 0.1; done")
    assert console.output("cat /sys/class/net/eth0/operstate").strip() == "down"
    assert received(console, "ping -c 2 -i 0.2 -W 1 10.0.2.2") == 0
    console.monitor("set_link nic0 on")
    console.output("while [ $(cat /sys/class/net/eth0/carrier) != 1 ]; do sleep 0.1; done")
    assert received(console, "ping -c 5 -i 0.2 -W 3 10.0.2.2") >= 4
    # Resets keep the address, the filter and whoever is at it.
    answers = "grep -c ttl= /tmp/ping"
    console.output("ping -i 0.05 10.0.2.2 >/tmp/ping 2>&1 & ping=$!")
    console.output(f"until [ $({answers}) -ge 3 ]; do sleep 0.1; done")
    console.output("for i in 1 2 3 4 5 6 7 8 9 10; do "
                   "echo 1 >/sys/class/net/eth0/device/reset; sleep 0.1; done")
    console.output(f"n=$({answers}); until [ $({answers}) -ge $((n + 10)) ]; do sleep 0.1; done; "
                   "kill $ping; wait $ping; true", 60)
    assert received(console, "ping -c 5 -i 0.2 -W 3 10.0.2.2") >= 4


@pytest.mark.parametrize("first,second", [("e1000", "e1000e"), ("e1000e", "e1000e")])
def test_two_machines(machine, first, second):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    a = machine(net=f"socket:listen=127.0.0.1:{port}",
                env={"NIC": first, "MAC": "52:54:00:00:00:01", "SMP": "2", "MEM": "256M"})
    up(a, "192.168.7.1")
    b = machine(net=f"socket:connect=127.0.0.1:{port}",
                env={"NIC": second, "MAC": "52:54:00:00:00:02", "SMP": "2", "MEM": "256M"})
    up(b, "192.168.7.2")
    assert received(b, "ping -c 5 -i 0.2 -W 3 192.168.7.1") >= 4
    assert received(a, "ping -c 5 -i 0.2 -W 3 192.168.7.2") >= 4
    assert received(a, "ping -c 5 -i 0.2 -W 3 -s 60000 192.168.7.2") >= 4
    for console in (a, b):
        console.output("ifconfig eth0 mtu 9000")
        console.output("while [ $(cat /sys/class/net/eth0/carrier) != 1 ]; do sleep 0.1; done")
    a.output("sleep 1")
    assert received(b, "ping -c 5 -i 0.2 -W 3 -s 8900 192.168.7.1") >= 4
