"""File systems with a journal that Debian's Linux leaves when its power is cut."""

import hashlib
import os
import re
import subprocess

import pytest

ENV = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", LC_ALL="C")

# What is done there: after the last sync nothing changes, so that all of it must be found.
WORK = [
    "mkdir -p /mnt/a/b /mnt/many",
    "i=0; while [ $i -lt 400 ]; do echo $i >/mnt/many/file-$i; i=$((i+1)); done",
    "cp -a /etc /mnt/a/etc && sync",
    "i=0; while [ $i -lt 400 ]; do rm /mnt/many/file-$i; i=$((i+3)); done",
    "mv /mnt/a/etc /mnt/a/b/moved && ln -s b/moved /mnt/a/link",
    "head -c 3000000 /dev/urandom >/mnt/big && ln /mnt/big /mnt/hard && sync",
    "rm -r /mnt/many/file-1* && mkdir /mnt/new && cp /bin/busybox /mnt/new",
    "exec 7>/mnt/gone; head -c 500000 /dev/zero >&7; rm /mnt/gone",
    "sync",
]
SUMS = "cd /mnt && find . -type f | sort | xargs sha256sum; ls -R | sha256sum; cd /"


def tool(*command):
    result = subprocess.run(command, env=ENV, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result.stdout


def digest(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


@pytest.mark.parametrize("kind", ["ext3", "ext4"])
def test_left_by_linux(machine, disk_copy, tmp_path, kind):
    disk = str(tmp_path / "journal")
    tool("mke2fs", "-q", "-t", kind, disk, "64m")
    peer = machine(kernel="linux", disks=[disk_copy, disk], test=False)
    peer.prompt(120)
    peer.output(f"mount -t {kind} /dev/sdb /mnt")
    for command in WORK:
        peer.output(command, 120)
    sums = peer.output(SUMS, 120)
    peer.stop()
    assert "needs_recovery" in tool("dumpe2fs", "-h", disk)

    before = digest(disk)
    ours = machine(disks=[disk_copy, disk], test=False)
    ours.prompt(120)
    ours.output("mount -t ext4 -o ro /dev/sdb /mnt")
    assert ours.output(SUMS, 120) == sums
    ours.output("umount /mnt")
    assert "replayed in memory" in ours.output("dmesg")
    assert digest(disk) == before
    ours.output(f"mount -t {kind} /dev/sdb /mnt")
    assert ours.output(SUMS, 120) == sums
    ours.output("rm -r /mnt/many && cp /mnt/big /mnt/new/bigger && umount /mnt")
    assert "1 removed or shortened files freed" in ours.output("dmesg")
    ours.sendline("poweroff")
    assert ours.ended(100) == 0
    assert "needs_recovery" not in tool("dumpe2fs", "-h", disk)
    tool("e2fsck", "-fn", disk)


def test_left_by_us(machine, disk_copy, tmp_path):
    """The same the other way: our power is cut, and Linux and e2fsck go on."""
    disk = str(tmp_path / "ext4")
    tool("mke2fs", "-q", "-t", "ext4", disk, "64m")
    ours = machine(disks=[disk_copy, disk], test=False)
    ours.prompt(120)
    ours.output("mount -t ext4 /dev/sdb /mnt")
    for command in WORK:
        ours.output(command, 120)
    # The superblock's counts are right after any commit, not only after sync(2).
    ours.output("dd if=/dev/zero of=/mnt/new/synced bs=4k count=9 conv=fsync")
    sums = ours.output(SUMS, 120)
    ours.output("mkdir /mnt/lost && rm -r /mnt/lost")
    ours.stop()
    assert "needs_recovery" in tool("dumpe2fs", "-h", disk)
    checked = str(tmp_path / "checked")
    tool("cp", "--sparse=always", disk, checked)
    assert "orphaned inode" in tool("e2fsck", "-E", "journal_only", "-p", checked)
    said = tool("dumpe2fs", checked)
    free = int(re.search(r"^Free blocks:\s+(\d+)", said, re.M)[1])
    assert free == sum(int(n) for n in re.findall(r"^\s+(\d+) free blocks", said, re.M))
    tool("e2fsck", "-p", checked)
    tool("e2fsck", "-fn", checked)

    peer = machine(kernel="linux", disks=[disk_copy, disk], test=False)
    peer.prompt(120)
    peer.output("mount -t ext4 /dev/sdb /mnt")
    assert peer.output(SUMS, 120) == sums
    peer.output("umount /mnt")
    peer.stop()
    tool("e2fsck", "-fn", disk)


@pytest.mark.parametrize("options", ["-b 4096 -O ^extents,^64bit",
                                     "-b 1024 -I 128 -O ^extents,^64bit,orphan_file", "",
                                     "-b 4096 -O ^has_journal", "-b 1024 -O ^has_journal"])
def test_ext4_written(machine, disk_copy, tmp_path, options):
    """Written here with metadata_csum or extents, in groups that were never touched."""
    disk = str(tmp_path / "ext4")
    tool("mke2fs", "-q", "-t", "ext4", *options.split(), disk, "64m")
    ours = machine(disks=[disk_copy, disk], test=False)
    ours.prompt(120)
    ours.output("mount -t ext4 /dev/sdb /mnt")
    for command in WORK:
        ours.output(command, 120)
    sums = ours.output(SUMS, 120)
    ours.output("exec 7>&-; umount /mnt && mount -t ext4 /dev/sdb /mnt")
    assert ours.output(SUMS, 120) == sums
    ours.output("umount /mnt")
    ours.sendline("poweroff")
    assert ours.ended(100) == 0
    tool("e2fsck", "-fn", disk)
