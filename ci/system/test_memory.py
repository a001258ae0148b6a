"""Memory that is short: swap on a second disk, and what happens without it."""

import os
import re
import subprocess

import pytest

MIB = 1 << 20
B = os.environ.get("B", "build")
TESTS = "/usr/lib/skerry-tests"


@pytest.fixture(name="swap_disk")
def swap_disk_fixture(tmp_path):
    path = tmp_path / "swap.img"
    with open(path, "wb") as f:
        f.truncate(512 * MIB)
    yield str(path)
    path.unlink()


def number(text, key):
    return int(re.search(rf"^{re.escape(key)}\s+(\d+)", text, re.M).group(1))


def test_300_mib_in_64(machine, swap_disk):
    console = machine(env={"MEM": "64M", "SMP": "2"}, disks=[f"{B}/test.img", swap_disk])
    console.prompt()
    console.output("mkswap /dev/sdb && swapon /dev/sdb")
    swaps = console.output("cat /proc/swaps")
    assert re.search(r"^/dev/sdb\s+partition\s+524284\s+0\s+-2$", swaps, re.M)
    text = console.output(f"{TESTS}/swap --as work 300", 350)
    assert "work: 300 MiB, 0 pages wrong, sum ca32ad2982ee0000" in text
    events = console.output("cat /proc/vmstat")
    assert number(events, "pswpout") > 50000 and number(events, "pswpin") > 50000
    assert number(events, "oom_kill") == 0
    # What the program had is free again, and the shell is back in memory.
    swaps = console.output("cat /proc/swaps")
    assert int(re.search(r"^/dev/sdb\s+partition\s+\d+\s+(\d+)", swaps, re.M).group(1)) < 8192
    console.output("swapoff /dev/sdb", 100)
    assert number(console.output("cat /proc/meminfo"), "SwapTotal:") == 0


def test_programs_start_while_swapping(machine, swap_disk):
    console = machine(env={"MEM": "64M", "SMP": "4"}, disks=[f"{B}/test.img", swap_disk])
    console.prompt()
    console.output("mkswap /dev/sdb && swapon /dev/sdb")
    console.output(f"for i in 1 2 3; do {TESTS}/swap --as work 30 >out$i & done")
    text = console.output("for i in $(seq 15); do sh -c 'ls / | wc -l' || echo failed; done", 200)
    assert len(re.findall(r"^\d+$", text, re.M)) == 15 and "failed" not in text
    text = console.output("wait; cat out1 out2 out3", 300)
    assert text.count(" 0 pages wrong") == 3
    assert number(console.output("cat /proc/vmstat"), "oom_kill") == 0


def test_tmpfs_in_swap(machine, swap_disk):
    console = machine(env={"MEM": "64M", "SMP": "2"}, disks=[f"{B}/test.img", swap_disk])
    console.prompt()
    console.output("mkswap /dev/sdb && swapon /dev/sdb && mount -o remount,size=200m /tmp")
    # About 90 MiB, no page like another.
    console.output("make() { for i in $(seq 80); do echo $i; cat /bin/busybox; done; }")
    console.output("make >/tmp/big", 200)
    before = console.output("make | md5sum", 200)
    assert console.output("md5sum </tmp/big", 200) == before
    assert number(console.output("cat /proc/vmstat"), "pswpout") > 8000
    used = "awk '/sdb/ { print $4 }' /proc/swaps"
    assert int(console.output(used)) > 20000
    console.output("truncate -s 1000000 /tmp/big && cat /tmp/big >/tmp/head")
    assert int(console.output(used)) < 16384
    console.output("make | head -c 1000000 | cmp - /tmp/head", 100)
    console.output("rm /tmp/big /tmp/head && swapoff /dev/sdb", 100)


def test_segment_in_swap(machine, swap_disk):
    console = machine(env={"MEM": "64M"}, disks=[f"{B}/test.img", swap_disk])
    console.prompt()
    console.output("mkswap /dev/sdb && swapon /dev/sdb")
    text = console.output(f"{TESTS}/locked --as segment 90", 200)
    found = re.search(r"segment: 23040 pages, 0 wrong, rss (\d+), swap (\d+), "
                      r"SHM_INFO rss (\d+), swap (\d+)", text)
    rss, swap, info_rss, info_swap = map(int, found.groups())
    assert swap > 6000 and info_swap > 6000 and rss + swap == info_rss + info_swap == 23040


def test_fstab(machine, disk_copy, swap_disk):
    console = machine(disks=[disk_copy, swap_disk], test=False)
    console.prompt()
    console.output("mkswap /dev/sdb && echo '/dev/sdb none swap pri=7 0 0' >>/etc/fstab")
    console.sendline("poweroff")
    assert console.ended(100) == 0
    console = machine(disks=[disk_copy, swap_disk])
    console.prompt()
    swaps = console.output("cat /proc/swaps")
    assert re.search(r"^/dev/sdb\s+partition\s+524284\s+0\s+7$", swaps, re.M)


@pytest.mark.parametrize("damage", ["nothing", "version", "too large", "bad pages", "page 0"])
def test_crafted_header(machine, swap_disk, damage):
    page = bytearray(4096)
    page[1024:1036] = (1).to_bytes(4, "little") + (1000).to_bytes(4, "little") + bytes(4)
    page[4086:] = b"SWAPSPACE2"
    if damage == "version":
        page[1024] = 2
    elif damage == "too large":
        page[1028:1032] = (512 * 256).to_bytes(4, "little")
    elif damage == "bad pages":
        page[1032:1036] = (0xffffffff).to_bytes(4, "little")
    elif damage == "page 0":
        page[1032] = 1
    else:
        page[1032] = 2
        page[1536:1544] = (7).to_bytes(4, "little") + (1000).to_bytes(4, "little")
    with open(swap_disk, "r+b") as f:
        f.write(page)
    console = machine(disks=[f"{B}/skerry.img", swap_disk])
    console.prompt()
    status, _ = console.run("swapon /dev/sdb")
    assert (status == 0) == (damage == "nothing")
    swaps = console.output("cat /proc/swaps")
    # Of 1000 pages behind the header two are bad.
    assert ("3992" in swaps) == (damage == "nothing")


def test_killed_without_swap(machine):
    console = machine(env={"MEM": "64M"}, disks=[f"{B}/test.img"])
    console.prompt()
    status, _ = console.run(f"{TESTS}/swap --as work 300", 200)
    assert status == 137
    assert console.output("echo still here", 10).strip() == "still here"
    text = console.output("dmesg | tail -n 40")
    assert re.search(r"pid\s+virtual\s+resident\s+swapped", text)
    assert re.search(r"killed process \d+ \(swap\)", text)
    console.output("pidof crond")
    # The one that asks to be spared is, the one that offers itself goes first.
    console.output("(echo 1000 >/proc/self/oom_score_adj; exec sleep 1000) >/dev/null & sleep 1")
    console.output(f"echo -1000 >/proc/$$/oom_score_adj; (echo 0 >/proc/self/oom_score_adj; "
                   f"exec {TESTS}/swap --as work 300); test $? = 137", 200)
    assert console.run("pidof sleep")[0] != 0
