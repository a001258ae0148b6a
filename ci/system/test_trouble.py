"""Trouble that must stay small, or be said clearly: no memory, bad programs, no root, no init."""

import os
import struct

import pytest

from test_disk import gpt_partition

B = os.environ.get("B", "build")


def test_out_of_memory(machine):
    console = machine(env={"MEM": "96M"})
    console.prompt()
    keeper = console.output("sleep 1000 >/dev/null & echo $!").split()[-1]
    # tail keeps its whole input, as there is no line end in it.
    assert console.run("tail /dev/zero", 200)[0] == 137
    console.output(f"kill -0 {keeper}")
    console.output("pidof crond")
    assert "ut of memory" in console.output("dmesg | grep -i 'out of memory' | tail -n 1")
    assert console.output("echo still here").strip() == "still here"
    for _ in range(3):
        assert console.run("tail /dev/zero", 200)[0] == 137
    console.output("seq 1000 | sort >/dev/null")


def test_bad_programs(machine):
    console = machine()
    console.prompt()
    console.output("head -c 100 /bin/busybox >cut; head -c 3000 /bin/busybox >cut2")
    console.output("chmod 755 cut cut2")
    for name in ("./cut", "./cut2"):
        status, text = console.run(name)
        assert status != 0, text
    console.output("printf '#!/none/such\\n' >lost; printf '#!/bin/sh\\nif true; then\\n' >half")
    console.output("chmod 755 lost half")
    status, text = console.run("./lost")
    assert status in (126, 127) and "not found" in text
    status, text = console.run("./half")
    assert status == 2 and "syntax error" in text
    console.output("head -c 50000 /dev/urandom >noise; chmod 755 noise")
    assert console.run("./noise 2>/dev/null")[0] != 0
    assert console.run("/etc")[0] == 126
    assert console.run("/etc/motd")[0] == 126
    assert console.output("echo well").strip() == "well"


@pytest.mark.parametrize("init", ["/none", "/etc/motd", "/etc"])
def test_bad_init(machine, init):
    console = machine(append=f"init={init}")
    text = console.rest(60)
    assert init in text.split("command line:", 1)[-1].split("\n", 1)[-1], text
    assert console.ended() not in (0, None)


def test_no_root(machine):
    console = machine(append="root=/dev/sdz9")
    text = console.rest(60)
    assert "sdz9" in text.split("command line:", 1)[-1].split("\n", 1)[-1], text
    assert console.ended() not in (0, None)


@pytest.mark.parametrize("damage", ["magic", "block size", "inode table", "zeros"])
def test_bad_superblock(machine, disk_copy, damage):
    start, _ = gpt_partition(disk_copy, 3)
    with open(disk_copy, "r+b") as f:
        offset, value = {
            "magic": (1024 + 56, struct.pack("<H", 0x1234)),
            "block size": (1024 + 24, struct.pack("<I", 77)),
            "inode table": (4096 + 8, struct.pack("<I", 0xfffffff0)),
            "zeros": (1024, bytes(1024)),
        }[damage]
        f.seek(start + offset)
        f.write(value)
    console = machine(disks=[disk_copy])
    text = console.rest(60)
    after = text.split("command line:", 1)[-1]
    assert "sda3" in after and ("ext" in after or "root" in after), text
    assert console.ended() not in (0, None)


def test_signals_from_faults(machine):
    console = machine()
    console.prompt()
    status, text = console.run("sh -c 'kill -SEGV $$'")
    assert status == 139 and "Segmentation fault" in text
    assert console.run("sh -c 'kill -BUS $$'")[0] == 135


def test_fork_storm(machine):
    console = machine(env={"MEM": "128M"})
    console.prompt()
    console.output("printf 'ulimit -u 100\\nf() { f & f & wait; }\\nf\\n' >storm")
    console.sendline("cp storm /tmp; timeout -s KILL 10 su user -c 'sh /tmp/storm' 2>/dev/null")
    console.prompt(100)
    console.output("pkill -9 -U user sh; sleep 1; killall5 -0; true", 60)
    assert console.output("echo alive").strip() == "alive"
