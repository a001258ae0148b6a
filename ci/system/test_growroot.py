"""The image on a larger disk: growroot, at boot, makes the last partition and the root file system
larger."""

import subprocess
import time

from test_disk import take_root, tool

LARGER = 1 << 30


def enlarge(disk):
    with open(disk, "r+b") as f:
        f.truncate(LARGER)


def check(disk, root):
    """Both copies of the table, and the file system in it."""
    said = subprocess.run(["/sbin/sfdisk", "-V", disk], capture_output=True, text=True,
                          check=False)
    assert "No errors detected" in said.stdout, said.stdout + said.stderr
    take_root(disk, root)
    tool("e2fsck", "-fn", root)


def size(console):
    return int(console.output("stat -f -c %b /").split()[-1])


def test_larger_disk(machine, disk_copy, tmp_path):
    enlarge(disk_copy)
    console = machine(boot="disk", disks=[disk_copy], test=False)
    console.prompt(200)
    after = size(console)
    assert after * 4096 > LARGER // 4 * 3
    assert console.output("growroot").strip() in ("", "growroot")
    console.output("head -c 4000000 /dev/urandom >/root/big")
    before = console.output("sha256sum </root/big")
    console.sendline("reboot")
    console.expect("Welcome to", timeout=100)
    console.prompt()
    assert size(console) == after
    assert console.output("sha256sum </root/big") == before
    console.sendline("poweroff")
    assert console.ended(100) == 0
    check(disk_copy, str(tmp_path / "root"))


def test_power_cut(machine, disk_copy, tmp_path):
    enlarge(disk_copy)
    console = machine(boot="disk", disks=[disk_copy], test=False)
    console.expect("vfs: root is", 100)
    time.sleep(0.2)
    console.stop()
    console = machine(boot="disk", disks=[disk_copy], test=False)
    console.prompt(200)
    assert size(console) * 4096 > LARGER // 4 * 3
    console.sendline("poweroff")
    assert console.ended(100) == 0
    check(disk_copy, str(tmp_path / "root"))
