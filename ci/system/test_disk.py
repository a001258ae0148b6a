"""Disks: what was written is there after a reboot, file systems stay clean, all partitions."""

import os
import re
import struct
import subprocess

import pytest

MIB = 1 << 20
ENV = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", LC_ALL="C")


def tool(*command, ok=(0,)):
    result = subprocess.run(command, env=ENV, capture_output=True, text=True, check=False)
    assert result.returncode in ok, f"{command}: {result.stdout}{result.stderr}"
    return result.stdout


def gpt_partition(path, number):
    """Start and size in bytes of a partition (UEFI specification, 5.3.3)."""
    with open(path, "rb") as f:
        f.seek(1024 + (number - 1) * 128 + 32)
        first, last = struct.unpack("<QQ", f.read(16))
    return first * 512, (last - first + 1) * 512


def take_root(disk, out):
    start, size = gpt_partition(disk, 3)
    with open(disk, "rb") as src, open(out, "wb") as dst:
        src.seek(start)
        while size:
            piece = src.read(min(size, MIB))
            if piece.count(0) == len(piece):
                dst.seek(len(piece), 1)
            else:
                dst.write(piece)
            size -= len(piece)
        dst.truncate(gpt_partition(disk, 3)[1])


def sums(text):
    return re.findall(r"\b[0-9a-f]{64}\b", text)


@pytest.mark.parametrize("end", ["poweroff", "sync and cut"])
def test_64_mib_persist(machine, disk_copy, tmp_path, end):
    console = machine(disks=[disk_copy], test=False)
    console.prompt()
    console.output("head -c 67108864 /dev/urandom >/root/big", 200)
    console.output("mkdir -p /root/tree && cp -a /etc /root/tree && ln /root/big /root/hard")
    before = sums(console.output("sha256sum /root/big", 100))
    console.output("rm -rf /root/tree/etc/rc.d && mv /root/tree/etc /root/tree/moved && sync", 100)
    if end == "poweroff":
        console.sendline("poweroff")
        assert console.ended(100) == 0
    else:
        console.stop()
    root = str(tmp_path / "root")
    take_root(disk_copy, root)
    if end == "poweroff":
        assert "clean" in tool("dumpe2fs", "-h", root).split("Filesystem state:")[1].split("\n")[0]
        tool("e2fsck", "-fn", root)
    else:
        # Not unmounted, but everything is there; what e2fsck corrects is the state alone.
        tool("e2fsck", "-fp", root, ok=(0, 1))
    tool("debugfs", "-R", f"dump /root/big {tmp_path}/big", root)
    assert sums(tool("sha256sum", f"{tmp_path}/big")) == before
    assert "passwd" in tool("debugfs", "-R", "ls /root/tree/moved", root)
    console = machine(disks=[disk_copy], test=False)
    console.prompt()
    assert sums(console.output("sha256sum /root/big /root/hard", 100)) == before * 2
    console.output("rm -r /root/big /root/hard /root/tree", 60)
    console.sendline("poweroff")
    assert console.ended(100) == 0
    take_root(disk_copy, root)
    tool("e2fsck", "-fn", root)


def test_full_disk(machine, tmp_path):
    """ENOSPC harms nothing, and room comes back."""
    small = str(tmp_path / "small")
    tool("mke2fs", "-q", "-t", "ext2", "-E", "root_owner=0:0", small, "8m")
    image = os.path.join(os.environ.get("B", "build"), "skerry.img")
    console = machine(disks=[image, small], test=False, extra=["-snapshot"])
    console.prompt()
    console.output("mount -t ext2 /dev/sdb /mnt")
    assert console.run("dd if=/dev/zero of=/mnt/big bs=64k")[0] != 0
    assert console.output("df -P /mnt | awk 'NR == 2 { print $4 }'").strip() == "0"
    console.output("rm /mnt/big && dd if=/dev/zero of=/mnt/again bs=64k count=50")
    assert console.run("i=0; while echo >/mnt/f$i; do i=$((i+1)); done", 200)[0] == 0
    console.output("rm /mnt/f* && umount /mnt", 100)
    console.output("mount -t ext2 /dev/sdb /mnt")
    console.output("[ $(stat -c %s /mnt/again) = 3276800 ] && umount /mnt")


def mbr_disk(path, size):
    """A disk with an MBR: a primary ext2 partition and one in an extended partition."""
    part = str(path) + ".part"
    tool("mke2fs", "-q", "-t", "ext2", part, "4m")
    with open(part + ".text", "w", encoding="utf-8") as f:
        f.write("on mbr\n")
    tool("debugfs", "-w", "-R", f"write {part}.text text", part)
    with open(part, "rb") as f:
        content = f.read()
    first, extended, length = 2048, 20480, len(content) // 512

    def entry(kind, start, count):
        return struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", start, count)

    with open(path, "wb") as f:
        f.truncate(size)
        f.seek(446)
        f.write(entry(0x83, first, length) + entry(0x05, extended, length + 2048))
        f.seek(510)
        f.write(b"\x55\xaa")
        f.seek(extended * 512 + 446)
        f.write(entry(0x83, 2048, length))
        f.seek(extended * 512 + 510)
        f.write(b"\x55\xaa")
        f.seek(first * 512)
        f.write(content)
        f.seek((extended + 2048) * 512)
        f.write(content)


def test_several_disks(machine, tmp_path):
    image = os.path.join(os.environ.get("B", "build"), "skerry.img")
    mbr, whole = str(tmp_path / "mbr"), str(tmp_path / "whole")
    mbr_disk(mbr, 32 * MIB)
    tool("mke2fs", "-q", "-t", "ext2", whole, "4m")
    console = machine(disks=[image, mbr, whole, image])
    console.prompt()
    names = console.output("awk 'NR > 2 { print $4 }' /proc/partitions").split()
    assert [n for n in names if n.startswith("sd")] == [
        "sda", "sda1", "sda2", "sda3", "sdb", "sdb1", "sdb2", "sdb5", "sdc",
        "sdd", "sdd1", "sdd2", "sdd3"]
    console.output("mkdir /mnt/a /mnt/b /mnt/c /mnt/d")
    console.output("mount -t ext2 /dev/sdb1 /mnt/a && mount -t ext2 /dev/sdb5 /mnt/b")
    assert console.output("cat /mnt/a/text /mnt/b/text").split() == ["on", "mbr", "on", "mbr"]
    console.output("mount -t ext2 /dev/sdc /mnt/c && echo x >/mnt/c/x")
    console.output("mount -o ro /dev/sdd3 /mnt/d")
    console.output("cmp /etc/passwd /mnt/d/etc/passwd")
    assert console.run("touch /mnt/d/x")[0] != 0
    # Reads of all at once.
    console.output("for d in sda sdb sdc sdd; do "
                   "dd if=/dev/$d of=/dev/null bs=64k count=60 2>/dev/null & done; wait")
    console.output("umount /mnt/a /mnt/b /mnt/c /mnt/d")


def diskstats(console, name):
    """A device's line of /proc/diskstats from its third number on."""
    text = console.output(f"awk '$3 == \"{name}\"' /proc/diskstats")
    return [int(word) for word in text.split()[3:]]


def test_diskstats(machine, tmp_path):
    """Each sector is counted once, for the disk and its partition, by whoever it is moved."""
    mbr = str(tmp_path / "mbr")
    mbr_disk(mbr, 32 * MIB)
    image = os.path.join(os.environ.get("B", "build"), "skerry.img")
    console = machine(disks=[image, mbr])
    console.prompt()
    before = {name: diskstats(console, name) for name in ("sdb", "sdb1", "sdb2")}
    assert all(len(words) == 17 for words in before.values())
    console.output("dd if=/dev/sdb1 of=/dev/null bs=64k count=32 2>/dev/null")
    console.output("dd if=/dev/zero of=/dev/sdb1 bs=64k seek=48 count=16 conv=fsync 2>/dev/null")
    after = {name: diskstats(console, name) for name in before}
    moved = {name: [b - a for a, b in zip(before[name], after[name])] for name in before}
    for name in ("sdb", "sdb1"):
        ios, merges, sectors = moved[name][:3]
        assert sectors >= 32 * 128 and ios + merges <= sectors // 8
        assert moved[name][6] == 16 * 128
        assert after[name][8] == 0 and moved[name][9] > 0
        assert moved[name][15] >= 1  # the flush
    # times, in whole ms, of a disk that worked before may differ by one
    assert abs(moved["sdb"][3] - moved["sdb1"][3]) <= 1
    del moved["sdb"][3], moved["sdb1"][3]
    assert moved["sdb"][:6] == moved["sdb1"][:6] and not any(moved["sdb2"])
    assert re.search(r"sdb +\d", console.output("iostat -d sdb"))


def test_raw_disk(machine, tmp_path):
    blank = str(tmp_path / "blank")
    with open(blank, "wb") as f:
        f.truncate(16 * MIB)
    image = os.path.join(os.environ.get("B", "build"), "skerry.img")
    console = machine(disks=[image, blank], test=False, extra=["-snapshot"])
    console.prompt()
    console.output("echo marked | dd of=/dev/sdb bs=512 seek=1000 conv=notrunc 2>/dev/null; sync")
    assert "marked" in console.output(
        "dd if=/dev/sdb bs=512 skip=1000 count=1 2>/dev/null | head -n 1")
    assert console.output("blockdev --getsize64 /dev/sdb").strip() == str(16 * MIB)
    assert console.run("dd if=/dev/zero of=/dev/sdb bs=1M seek=16 count=1")[0] != 0
    console.output("mke2fs -q /dev/sdb 2>/dev/null || mkfs.ext2 /dev/sdb >/dev/null")
    console.output("mount -t ext2 /dev/sdb /mnt && cp -r /etc /mnt && umount /mnt")
