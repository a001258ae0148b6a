"""Tests of the tools that make the disk image: image/mkroot and image/mkdisk."""

import os
import struct
import subprocess
import uuid
import zlib

import pytest

import tool

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MIB = 1 << 20
EPOCH = "1700000000"
ENV = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", LC_ALL="C", TZ="UTC")


def mkroot(tmp_path, manifest, name="root.ext2", rootfs="ext2"):
    (tmp_path / "manifest").write_text(manifest)
    out = tmp_path / name
    result = subprocess.run(
        [os.path.join(TOP, "image", "mkroot"), str(out), str(16 * MIB), EPOCH,
         str(tmp_path / "root.d"), str(tmp_path / "manifest"), f"HERE={tmp_path}",
         f"ROOTFS={rootfs}"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return out, result


def debugfs(image, command):
    return subprocess.run(["debugfs", "-R", command, str(image)], env=ENV, text=True, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


MANIFEST = """
dir	/tmp	1777 0 0
file	/home/user/text	0640 1000 100 $(HERE)/text   # parents appear by themselves
link	/etc/mtab	../proc/mounts
node	/dev/console	0600 0 5 c 5 1
node	/dev/sda	0660 0 6 b 8 0
tree	/usr	0 0 $(HERE)/tree
links	/bin/all	$(HERE)/names
"""


@pytest.fixture(name="source")
def source_fixture(tmp_path):
    (tmp_path / "text").write_text("hello\n")
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    (tmp_path / "tree" / "sub" / "data").write_text("data")
    (tmp_path / "tree" / "tool").write_text("#!/bin/sh\n")
    (tmp_path / "tree" / "tool").chmod(0o755)
    (tmp_path / "names").write_text("/bin/one\n/usr/two\n")
    return tmp_path


def test_root_holds_what_the_manifest_says(source):
    image, result = mkroot(source, MANIFEST)
    assert result.returncode == 0, result.stderr
    check = subprocess.run(["e2fsck", "-fn", str(image)], env=ENV, text=True, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert check.returncode == 0, check.stdout
    text = debugfs(image, "stat /home/user/text")
    assert "Mode:  0640" in text and "User:  1000" in text and "Group:   100" in text
    assert "mtime: 0x6553f100" in text and "ctime: 0x6553f100" in text
    assert debugfs(image, "cat /home/user/text") == "hello\n"
    assert "Mode:  01777" in debugfs(image, "stat /tmp")
    assert "Fast link dest: \"../proc/mounts\"" in debugfs(image, "stat /etc/mtab")
    assert "character special" in debugfs(image, "stat /dev/console")
    assert "Device major/minor number: 08:00" in debugfs(image, "stat /dev/sda")
    assert "Mode:  0755" in debugfs(image, "stat /usr/tool")
    assert "Mode:  0644" in debugfs(image, "stat /usr/sub/data")
    assert "dest: \"all\"" in debugfs(image, "stat /bin/one")
    assert "dest: \"/bin/all\"" in debugfs(image, "stat /usr/two")


@pytest.mark.parametrize("rootfs", ["ext2", "ext4"])
def test_root_is_reproducible(source, rootfs):
    first, _ = mkroot(source, MANIFEST, rootfs=rootfs)
    for path in (source / "text", source / "tree" / "tool"):
        os.utime(path, (1, 1))
    second, _ = mkroot(source, MANIFEST, "again", rootfs=rootfs)
    assert first.read_bytes() == second.read_bytes()
    assert ("has_journal" in debugfs(first, "stats")) == (rootfs == "ext4")
    subprocess.run(["e2fsck", "-fn", str(first)], env=ENV, check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("line, message", [
    ("file /x 0644 0 0 $(HERE)/absent", "No such file"),
    ("file /x 0644 0 0 $(NOWHERE)/absent", "no variable $(NOWHERE)"),
    ("pipe /x", "unknown kind 'pipe'"),
    ("dir /x", "missing 3 required"),
    ("dir x 0755 0 0", "bad path 'x'"),
    ("node /x 0600 0 0 p 1 1", "a node is c or b"),
])
def test_bad_manifest_is_one_line_with_its_place(source, line, message):
    _, result = mkroot(source, "\n" + line + "\n")
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert "manifest:2:" in result.stderr and message in result.stderr


def test_file_that_does_not_fit(source):
    with open(source / "big", "wb") as f:
        f.write(os.urandom(20 * MIB))
    _, result = mkroot(source, "file /big 0644 0 0 $(HERE)/big\n")
    assert result.returncode == 1 and "mkroot: debugfs:" in result.stderr


def test_sizes():
    mkdisk = tool.load("image/mkdisk")
    assert mkdisk.parse_size("512M") == 512 * MIB
    assert mkdisk.parse_size("2G") == 2048 * MIB
    assert mkdisk.parse_size("1000") == 512
    for text in ("", "M", "12X", "-1M"):
        with pytest.raises(mkdisk.DiskError):
            mkdisk.parse_size(text)
    with pytest.raises(mkdisk.DiskError):
        mkdisk.root_sectors(64 * MIB)


def test_partition_table(tmp_path):
    """The table as the UEFI specification reads it, and GRUB's numbers in their places."""
    mkdisk = tool.load("image/mkdisk")
    parts = {"boot": bytes(range(256)) * 2, "core": b"C" * 40000, "esp": b"E" * 5000,
             "root": b"R" * 9000}
    for name, data in parts.items():
        (tmp_path / name).write_bytes(data)
    out = tmp_path / "disk"
    mkdisk.build(str(out), 128 * MIB, *(str(tmp_path / n) for n in ("boot", "core", "esp", "root")))
    disk = out.read_bytes()
    assert len(disk) == 128 * MIB
    last = len(disk) // 512 - 1

    for here, other in ((1, last), (last, 1)):
        header = disk[here * 512:here * 512 + 92]
        fields = struct.unpack("<8sIIIIQQQQ16sQIII", header)
        assert fields[0] == b"EFI PART" and fields[5] == here and fields[6] == other
        assert fields[3] == zlib.crc32(header[:16] + bytes(4) + header[20:])
        table = disk[fields[10] * 512:fields[10] * 512 + fields[11] * fields[12]]
        assert fields[13] == zlib.crc32(table)
        ranges = []
        for number in range(3):
            kind, _, first, end, _, _ = struct.unpack_from("<16s16sQQQ72s", table, number * 128)
            assert fields[7] <= first <= end <= fields[8] and first % 2048 == 0
            ranges.append((uuid.UUID(bytes_le=kind), first, end))
        assert [r[0] for r in ranges] == [mkdisk.TYPE_BIOS_BOOT, mkdisk.TYPE_ESP, mkdisk.TYPE_LINUX]
        assert ranges[0][2] < ranges[1][1] and ranges[1][2] < ranges[2][1]

    core = ranges[0][1]
    assert struct.unpack_from("<Q", disk, 0x5c)[0] == core
    assert struct.unpack_from("<Q", disk, core * 512 + 500)[0] == core + 1
    assert disk[446 + 4] == 0xee and disk[510:512] == b"\x55\xaa"
    assert disk[ranges[1][1] * 512:].startswith(parts["esp"])
    assert disk[ranges[2][1] * 512:].startswith(parts["root"])


def test_part_that_does_not_fit(tmp_path):
    mkdisk = tool.load("image/mkdisk")
    for name, size in (("boot", 512), ("core", 2 * MIB), ("esp", 1), ("root", 1)):
        (tmp_path / name).write_bytes(bytes(size))
    with pytest.raises(mkdisk.DiskError, match="core.img does not fit"):
        mkdisk.build(str(tmp_path / "disk"), 128 * MIB,
                     *(str(tmp_path / n) for n in ("boot", "core", "esp", "root")))
