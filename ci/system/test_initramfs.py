"""An initramfs as the first root: unpacked whole, run, left for the disk, or not there."""

import gzip
import os
import stat
import subprocess

import pytest

B = os.environ.get("B", "build")
FULL = bool(os.environ.get("TEST_FULL"))
long = pytest.mark.skipif(not FULL, reason="in make test-full")
IMAGE = os.path.join(B, "initramfs.img")
BUSYBOX = os.path.join(os.environ.get("USER_B", B), "busybox", "busybox")


@pytest.fixture(name="image", scope="module", autouse=True)
def image_fixture(request):
    if request.config.getoption("--kernel") == "linux":
        pytest.skip("the peer has an initramfs of its own")
    assert os.path.exists(IMAGE), "make initramfs"


def entry(name, mode, data=b"", ino=1, links=1, mtime=1000000000, owner=(0, 0), rdev=(0, 0),
          magic=b"070701"):
    encoded = name.encode() + b"\0"
    total = sum(data) & 0xffffffff if magic == b"070702" else 0
    fields = (ino, mode, *owner, links, mtime, len(data), 0, 0, *rdev, len(encoded), total)
    head = magic + "".join(f"{f:08x}" for f in fields).encode() + encoded
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


TRAILER = entry("TRAILER!!!", 0)

SCRIPT = b"""#!/bin/sh
busybox mount -t proc proc /proc
busybox mount -t devtmpfs devtmpfs /dev
busybox --install -s /bin
PS1='@init:# ' exec cttyhack sh
"""


def archives():
    """Three archives: as it is, of the format with sums, and compressed."""
    with open(BUSYBOX, "rb") as f:
        busybox = f.read()
    first = b"".join([
        entry("bin", stat.S_IFDIR | 0o755), entry("proc", stat.S_IFDIR | 0o555),
        entry("bin/busybox", stat.S_IFREG | 0o755, busybox, ino=2),
        entry("bin/sh", stat.S_IFLNK | 0o777, b"busybox", ino=3),
        entry("changed", stat.S_IFREG | 0o600, b"old and long", ino=4),
        entry("kind", stat.S_IFREG | 0o600, b"a file at first", ino=5), TRAILER, bytes(512)])
    second = b"".join([
        entry("a", stat.S_IFREG | 0o640, b"", 7, 3, magic=b"070702"),
        entry("b", stat.S_IFREG | 0o640, b"", 7, 3, magic=b"070702"),
        entry("c", stat.S_IFREG | 0o640, b"of three names", 7, 3, 1234567890, (5, 6),
              magic=b"070702"),
        entry("TRAILER!!!", 0, magic=b"070702"), bytes(8)])
    third = b"".join([
        entry("old", stat.S_IFDIR | 0o2750, mtime=1111111111, owner=(1000, 1001)),
        entry("old/suid", stat.S_IFREG | 0o4711, b"s", 8, owner=(7, 8)),
        entry("changed", stat.S_IFREG | 0o644, b"new", 9), entry("kind", stat.S_IFDIR | 0o700),
        entry("null", stat.S_IFCHR | 0o622, rdev=(1, 3)),
        entry("block", stat.S_IFBLK | 0o640, rdev=(8, 19)),
        entry("fifo", stat.S_IFIFO | 0o604), entry("socket", stat.S_IFSOCK | 0o755),
        entry("d", stat.S_IFREG | 0o600, b"another file", 7, 2),
        entry("init", stat.S_IFREG | 0o755, SCRIPT, 10), TRAILER])
    return first + second + gzip.compress(third)


def boot(machine, path, append=""):
    return machine(append=append, extra=["-initrd", str(path)])


def test_switch_root(machine):
    console = boot(machine, IMAGE)
    console.prompt(100)
    assert "/dev/sda3 / " in console.output("cat /proc/mounts")
    assert "rootfs" not in console.output("cat /proc/mounts")
    assert console.output("cat /proc/1/comm").strip() == "init"
    console.sendline("poweroff")
    assert console.ended() == 0


@long
def test_pivot_and_shell(machine):
    """A shell in the initramfs: what holds it cannot be pivoted away, the disk can."""
    console = boot(machine, IMAGE, "rescue")
    console.expect_exact("a shell, as asked for")
    console.prompt()
    assert console.output("stat -f -c %T /").strip() == "ramfs"
    assert console.output("grep -c ' / rootfs ' /proc/mounts").strip() == "1"
    console.output("mount /dev/sda3 /root")
    status, text = console.run("cd /root && pivot_root . mnt")
    assert status != 0 and "Invalid argument" in text
    # What is mounted on it and is a root can be.
    console.output("mount --move . / && chroot . sh -c 'mount -t tmpfs none /mnt && cd /mnt && "
                   "mkdir old bin && cp /bin/busybox bin && pivot_root . old && "
                   "bin/busybox umount -l old && bin/busybox ls /bin'")


def test_all_that_archives_hold(machine, tmp_path):
    path = tmp_path / "initrd"
    path.write_bytes(archives())
    console = boot(machine, path)
    console.prompt()
    shown = console.output("cd /; stat -c '%n %a %F %h %u:%g %Y %t,%T %s' "
                           "a c d old old/suid changed kind null block fifo socket | sort")
    assert shown.split("\n")[:-1] == sorted([
        "a 640 regular file 3 5:6 1234567890 0,0 14",
        "c 640 regular file 3 5:6 1234567890 0,0 14",
        "d 600 regular file 1 0:0 1000000000 0,0 12",
        "old 2750 directory 2 1000:1001 1111111111 0,0 60",
        "old/suid 4711 regular file 1 7:8 1000000000 0,0 1",
        "changed 644 regular file 1 0:0 1000000000 0,0 3",
        "kind 700 directory 2 0:0 1000000000 0,0 40",
        "null 622 character special file 1 0:0 1000000000 1,3 0",
        "block 640 block special file 1 0:0 1000000000 8,13 0",
        "fifo 604 fifo 1 0:0 1000000000 0,0 0",
        "socket 755 socket 1 0:0 1000000000 0,0 0"])
    assert console.output("cat a d changed") == "of three namesanother filenew"
    assert console.output("cat /proc/1/cmdline | tr '\\0' ' '").strip() == "sh"


@long
def test_memory_comes_back(machine, tmp_path):
    """64 MiB of zeros in an archive that says it all is not kept twice."""
    path = tmp_path / "initrd"
    path.write_bytes(entry("large", stat.S_IFREG | 0o600, bytes(64 << 20)) + TRAILER)
    console = boot(machine, path)
    console.prompt()
    total = int(console.output("awk '/MemTotal/ { print $2 }' /proc/meminfo"))
    free = int(console.output("awk '/MemFree/ { print $2 }' /proc/meminfo"))
    assert total > 490 << 10 and free > 460 << 10
    assert "no /init there" in console.output("dmesg")
    assert "/dev/sda3 / " in console.output("cat /proc/mounts")


@long
@pytest.mark.parametrize("what,words", [
    ("cut", "ends too early"), ("junk", "neither a cpio archive"), ("xz", "compressed by xz"),
    ("sum", "sum is wrong"), ("packed", "sum is wrong")])
def test_damage_is_told(machine, tmp_path, what, words):
    good = entry("file", stat.S_IFREG | 0o600, b"text", magic=b"070702") + TRAILER
    packed = gzip.compress(good)
    data = {"cut": good[:-8], "junk": b"junk" * 100, "xz": b"\xfd7zXZ\0" + bytes(9),
            "sum": good.replace(b"text", b"tezt"),
            "packed": packed[:-8] + bytes(4) + packed[-4:]}[what]
    path = tmp_path / "initrd"
    path.write_bytes(data)
    console = boot(machine, path)
    console.prompt()
    assert words in console.output("dmesg | grep initramfs:")


@long
def test_rdinit(machine, tmp_path):
    path = tmp_path / "initrd"
    path.write_bytes(archives())
    console = boot(machine, path, "rdinit=/bin/sh")
    console.expect_exact("# ")
    console.sendline("echo number $$")
    console.expect_exact("number 1\n")


@long
def test_grub_module(machine, disk_copy):
    """GRUB brings it: the menu is written anew to say so."""
    offset = image_offset(disk_copy, 2)
    menu = subprocess.run(["mtype", "-i", f"{disk_copy}@@{offset}", "::boot/grub/grub.cfg"],
                          check=True, capture_output=True).stdout.decode()
    lines = []
    for line in menu.splitlines():
        lines.append(line)
        if line.strip().startswith("multiboot2 "):
            lines.append("\tmodule2 /boot/initrd")
    for target, data in (("::boot/grub/grub.cfg", "\n".join(lines).encode() + b"\n"),
                         ("::boot/initrd", open(IMAGE, "rb").read())):
        subprocess.run(["mcopy", "-o", "-i", f"{disk_copy}@@{offset}", "-", target],
                       check=True, input=data)
    console = machine(boot="disk", disks=[disk_copy])
    console.prompt(100)
    assert "initramfs: unpacking" in console.output("dmesg")
    assert "rootfs" not in console.output("cat /proc/mounts")


def image_offset(disk, partition):
    """Where a partition of the image begins, in bytes."""
    shown = subprocess.run(["sfdisk", "-d", disk], check=True, capture_output=True,
                           env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin"))
    for line in shown.stdout.decode().splitlines():
        if f"{disk}{partition} :" in line:
            return int(line.split("start=")[1].split(",")[0]) * 512
    raise AssertionError("no such partition")
