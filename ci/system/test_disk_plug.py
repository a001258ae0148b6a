"""Disks that come and go, and what /sys tells of them, read by Debian's own programs."""

import hashlib
import json
import os
import random
import re

import pytest

import debian
from test_disk import MIB, mbr_disk, tool

# The writer opens the disk once: a name that is gone would be made a file.
LOAD = """for i in 1 2 3 4; do (while dd if=/dev/sdb bs=64k of=/dev/null 2>/dev/null; do
echo 3 >/proc/sys/vm/drop_caches; done) & done;
(while dd if=/dev/zero bs=64k seek=200 count=100 conv=fsync >&3 2>/dev/null; do :; done
) 3<>/dev/sdb &
(while dd if=/dev/zero of=/mnt/file bs=64k count=32 conv=fsync 2>/dev/null; do :; done) & true"""


def image():
    return os.path.join(os.environ.get("B", "build"), "skerry.img")


@pytest.mark.parametrize("kind", ["-t ext2", "-t ext4 -O ^has_journal", "-t ext4"])
def test_unplug_under_load(machine, tmp_path, kind):
    """What was durable on a file system is so whenever its disk is pulled; e2fsck repairs it."""
    data = random.Random(7).randbytes(24 * MIB)
    path, fs = str(tmp_path / "disk"), str(tmp_path / "fs")
    with open(path, "wb") as f:
        f.write(data)
    tool("mke2fs", "-q", *kind.split(), fs, "8m")
    console = machine(disks=[image(), path], extra=[
        "-drive", f"if=none,id=fs,format=raw,file={fs}", "-device", "ide-hd,drive=fs,bus=ide.2"])
    console.prompt()
    part = hashlib.sha256(data[:MIB]).hexdigest()
    mount = f"mount -t {kind.split()[1]} /dev/sdc /mnt"
    console.output(f"{mount} && cp /bin/busybox /mnt/durable && umount /mnt", 60)
    for _ in range(2):
        console.output(mount)
        console.output(" ".join(LOAD.split("\n")))
        console.output("sleep 1; echo 1 >/sys/block/sdb/device/delete; "
                       "echo 1 >/sys/block/sdc/device/delete")
        # Everyone who used them has an error, and nobody waits.
        console.output("wait", 60)
        assert console.run("touch /mnt/new && sync -f /mnt/new && cat /mnt/new")[0] in (0, 1)
        console.output("umount /mnt; [ ! -e /dev/sdb ] && [ ! -e /dev/sdc ]")
        assert console.output("ls /sys/block | grep -v loop").split() == ["sda"]
        assert "sdb: gone" in console.output("dmesg")
        console.output('for h in /sys/class/scsi_host/host*; do echo "- - -" >$h/scan; done', 60)
        assert console.output("ls /sys/block | grep -v loop").split() == ["sda", "sdb", "sdc"]
        assert part in console.output("head -c 1048576 /dev/sdb | sha256sum")
        console.output(f"{mount} && cmp /bin/busybox /mnt/durable && umount /mnt")
    console.output("sync; ls /")
    console.stop()
    tool("e2fsck", "-fy", fs, ok=(0, 1))
    tool("e2fsck", "-fn", fs)
    tool("debugfs", "-R", f"dump durable {tmp_path}/durable", fs)
    assert os.path.getsize(tmp_path / "durable") > MIB // 2


def test_several_controllers(machine, tmp_path):
    """The disks of two HBAs at once."""
    for name in ("one", "two"):
        mbr_disk(str(tmp_path / name), 32 * MIB)
    # Which of the HBAs is first is the matter of their places on the bus.
    console = machine(append="root=/dev/sdc3", extra=[
        "-device", "ahci,id=more",
        "-drive", f"if=none,id=one,format=raw,snapshot=on,file={tmp_path}/one",
        "-device", "ide-hd,drive=one,bus=more.0,serial=ONE",
        "-drive", f"if=none,id=two,format=raw,snapshot=on,file={tmp_path}/two",
        "-device", "ide-hd,drive=two,bus=more.3,serial=TWO"])
    console.prompt()
    assert console.output("ls /sys/block | grep -v loop").split() == ["sda", "sdb", "sdc"]
    serials = console.output("cat /sys/block/sd*/device/serial").split()
    assert {"ONE", "TWO"} <= set(serials)
    assert console.output("cat /sys/class/scsi_host/host*/proc_name").split() == ["ahci"] * 12
    console.output("for d in sda sdb sdc; do dd if=/dev/$d of=/dev/null bs=64k count=100 & done; "
                   "wait")


def transfers(console, command):
    """What a command makes /dev/sdc do: reads, sectors read, writes, sectors written, merged."""
    counts = []
    for line in ("echo 3 >/proc/sys/vm/drop_caches", command):
        console.output(line, 60)
        counts.append([int(n) for n in console.output("cat /sys/block/sdc/stat").split()])
    difference = [b - a for a, b in zip(*counts)]
    return [difference[n] for n in (0, 2, 4, 6, 5)]


def test_sys_block(machine, tmp_path):
    disk = debian.make_disk("disk", debian.DISK)
    mbr_disk(str(tmp_path / "mbr"), 32 * MIB)
    console = machine(disks=[image(), disk, str(tmp_path / "mbr")], append="")
    console.prompt()
    console.output(debian.ENTER)
    text = console.output("chroot /mnt lsblk -bJ -o NAME,MAJ:MIN,RM,SIZE,RO,TYPE,ROTA,PHY-SEC")
    found = {d["name"]: d for d in json.loads(text)["blockdevices"]}
    assert sorted(found) == ["sda", "sdb", "sdc"]
    assert [c["name"] for c in found["sda"]["children"]] == ["sda1", "sda2", "sda3"]
    assert [c["maj:min"] for c in found["sdc"]["children"]] == ["8:33", "8:34", "8:37"]
    assert found["sdc"]["size"] == 32 * MIB and found["sdc"]["type"] == "disk"
    assert {c["type"] for c in found["sdc"]["children"]} == {"part"}
    text = console.output("chroot /mnt blkid /dev/sdc1 /dev/sda3")
    assert re.search(r'/dev/sdc1: UUID=.* TYPE="ext2"', text) and '/dev/sda3: ' in text
    text = console.output("chroot /mnt fdisk -l /dev/sdc")
    assert "Disklabel type: dos" in text and re.search(r"/dev/sdc5 +22528 ", text)
    assert "Disklabel type: gpt" in console.output("chroot /mnt fdisk -l /dev/sda")
    assert "QEMU HARDDISK" in text
    # A new table, while nobody uses the disk; and one that is used stays.
    console.output("printf 'label: gpt\\n,8M\\n,4M,,\\n' | chroot /mnt sfdisk -q /dev/sdc", 60)
    assert console.output("ls /sys/block/sdc | grep sdc").split() == ["sdc1", "sdc2"]
    assert console.output("cat /sys/class/block/sdc2/size").strip() == "8192"
    console.output("mke2fs -q /dev/sdc1 2>/dev/null && mkdir -p /tmp/m && mount /dev/sdc1 /tmp/m")
    assert console.run("blockdev --rereadpt /dev/sdc")[0] != 0
    console.output("umount /tmp/m && blockdev --rereadpt /dev/sdc")
    # Single partitions, without the table (BLKPG).
    console.output("chroot /mnt delpart /dev/sdc 2 && [ ! -e /dev/sdc2 ]")
    console.output("chroot /mnt addpart /dev/sdc 7 40960 2048 && [ -b /dev/sdc7 ]")
    assert console.run("chroot /mnt addpart /dev/sdc 8 40968 8")[0] != 0
    assert console.run("chroot /mnt addpart /dev/sdc 9 65528 16")[0] != 0
    assert console.output("cat /sys/block/sdc/sdc7/start").strip() == "40960"
    # The first header is damaged: the second one counts.
    console.output("dd if=/dev/zero of=/dev/sdc bs=512 seek=1 count=1 conv=notrunc,fsync")
    console.output("blockdev --rereadpt /dev/sdc && [ -b /dev/sdc2 ]")
    link = console.output("readlink /sys/dev/block/8:34").strip()
    assert link.startswith("../../devices/pci") and link.endswith("/block/sdc/sdc2")
    # Writing whole pages reads nothing, and goes out in large pieces; so does reading in order.
    reads, _, writes, written, _ = transfers(
        console, "dd if=/dev/zero of=/dev/sdc bs=64k count=64 seek=100 conv=notrunc,fsync")
    assert reads == 0 and written == 8192 and writes <= 64
    reads, read, writes, _, _ = transfers(console,
                                          "dd if=/dev/sdc of=/dev/null bs=4k count=1024 skip=1600")
    assert reads <= 32 and 8192 <= read <= 8192 + 4096 and writes == 0
    # Here and there nothing is read ahead.
    reads, read, _, _, _ = transfers(
        console,
        "for i in 9 7 5 3 1; do dd if=/dev/sdc of=/dev/null bs=4k count=1 skip=${i}00; done")
    assert reads == 5 and read == 40
