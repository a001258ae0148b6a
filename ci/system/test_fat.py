"""FAT volumes that Skerry and Debian's Linux write in turn, judged by fsck.fat and mtools."""

import os
import subprocess

import pytest

FULL = bool(os.environ.get("TEST_FULL"))
ENV = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", LC_ALL="C.UTF-8",
           MTOOLSRC="/dev/null")
KINDS = {"fat12": ["-F", "12", "-s", "4", "-C", "{}", "8000"],
         "fat16": ["-F", "16", "-s", "4", "-C", "{}", "32000"],
         "fat32": ["-F", "32", "-s", "1", "-C", "{}", "40000"]}

# Directories and names of all kinds, files that grow, shrink, move and go.
WORK = [
    "mkdir -p '{}/A directory/with one within' {}/SHORT {}/ä {}/many",
    "i=0; while [ $i -lt 60 ]; do echo $i >\"{}/many/file number $i\"; i=$((i+1)); done",
    "cp -r /etc/rc.d '{}/a DIRECTORY/' && head -c 900000 /dev/urandom >{}/SHORT/BIG.BIN",
    "i=0; while [ $i -lt 60 ]; do rm \"{}/MANY/File Number $i\"; i=$((i+3)); done",
    "mv '{}/A directory/with one within' {}/SHORT/moved && mv {}/many/file* {}/ä/",
    "cp /bin/busybox '{}/ä/a copy of busybox' && truncate -s 300001 '{}/ä/a copy of busybox'",
    "echo end | dd of='{}/ä/a copy of busybox' bs=1 seek=400000 conv=notrunc 2>/dev/null",
]
SUMS = ("(cd {} && find . -type f | sort | while read -r f; do sha256sum \"$f\"; done; "
        "find . | sort | sha256sum)")


def tool(*command):
    result = subprocess.run(command, env=ENV, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}: {result.stdout}{result.stderr}"
    return result.stdout


def make(path, kind):
    tool("mkfs.fat", "--invariant", "-n", "LABEL", *[w.format(path) for w in KINDS[kind]])
    return str(path)


def work(console, place):
    for command in WORK:
        console.output(command.replace("{}", place), 120)


def sums(console, place):
    return console.output(SUMS.replace("{}", place), 120)


def halt(console):
    console.sendline("poweroff")
    assert console.ended(100) == 0


def test_written_here(machine, disk_copy, tmp_path):
    """All three kinds, mounted without naming a type; and the EFI partition by its fstab entry."""
    disks = [make(tmp_path / kind, kind) for kind in KINDS]
    ours = machine(disks=[disk_copy, *disks], test=False)
    ours.prompt(120)
    before = []
    for letter in "bcd":
        place = f"/tmp/{letter}"
        ours.output(f"mkdir {place} && mount /dev/sd{letter} {place}")
        assert f"sd{letter} {place} vfat " in ours.output("cat /proc/mounts")
        work(ours, place)
        before.append(sums(ours, place))
        ours.output(f"umount {place} && mount -t vfat /dev/sd{letter} {place}")
        assert sums(ours, place) == before[-1]
        ours.output(f"umount {place}")
    ours.output("mount /boot/efi && cmp /boot/efi/efi/boot/bootx64.efi /boot/efi/EFI/BOOT/"
                "BOOTX64.EFI && umount /boot/efi")
    halt(ours)
    for disk, text in zip(disks, before):
        tool("fsck.fat", "-n", disk)
        tool("mcopy", "-n", "-i", disk, "::SHORT/BIG.BIN", disk + ".big")
        assert tool("sha256sum", disk + ".big").split()[0] in text
        assert "file number 1" in tool("mdir", "-b", "-i", disk, "::ä")


@pytest.mark.skipif(not FULL, reason="long")
@pytest.mark.parametrize("kind", KINDS)
def test_exchanged(machine, disk_copy, tmp_path, kind):
    """Linux writes, Skerry reads it and writes, Linux reads that."""
    disk = make(tmp_path / kind, kind)
    text = None
    for kernel, place in (("linux", "one"), ("skerry", "two"), ("linux", "three")):
        console = machine(kernel=kernel, disks=[disk_copy, disk], test=False)
        console.prompt(120)
        console.output("mount -t vfat /dev/sdb /mnt")
        if text:
            assert sums(console, "/mnt") == text
        console.output(f"mkdir /mnt/{place}")
        work(console, f"/mnt/{place}")
        if place == "two":
            console.output("rm -r '/mnt/ONE/a directory' && mv /mnt/one/ä /mnt/two/renamed")
        text = sums(console, "/mnt")
        console.output("umount /mnt")
        halt(console)
        tool("fsck.fat", "-n", disk)
