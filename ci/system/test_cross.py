"""Trees that one kernel writes and the other compares, and changes, both ways: all kinds of inodes,
names, attributes, holes (userland/tests/prog_tree.c). e2fsck looks at each step's outcome.

With TEST_FULL a tree has 50,000 nodes. What Linux wrote is kept in $B/test/linux, by checksums."""

import hashlib
import os
import subprocess

from machines import disk_with_tests
from test_disk import tool

B = os.environ.get("B", "build")
USER_B = os.environ.get("USER_B", B)
TREE = "/usr/lib/skerry-tests/tree"
FULL = bool(os.environ.get("TEST_FULL"))
NODES = 50000 if FULL else 300
SECONDS = 3000 if FULL else 150
# Arguments of mke2fs, type, words for the program.
KINDS = [("-t ext2 -b 1024 -I 128", "ext2", "coarse"),
         ("-t ext4 -O ^has_journal", "ext4", ""),
         ("-t ext4", "ext4", "")]


def drives(images):
    """QEMU's arguments for /dev/sdb and the following, which keep what is written."""
    return [word for i, image in enumerate(images, 1)
            for word in ("-drive", f"if=none,id=tree{i},format=raw,file={image}",
                         "-device", f"ide-hd,drive=tree{i},bus=ide.{i}")]


def on_each(machine, images, kernel, *steps):
    """A machine does these steps on each file system: arguments of the program."""
    console = machine(kernel=kernel, disks=disk_with_tests(), extra=drives(images),
                      seconds=SECONDS * 4, env={"MEM": "768M"})
    console.prompt(120)
    for letter, (_, kind, words) in zip("bcdef", KINDS):
        console.output(f"mount -t {kind} -o noatime /dev/sd{letter} /mnt", SECONDS)
        for step in steps:
            action, where, seed, *more = step.split()
            console.output(f"{TREE} {action} /mnt/{where} {seed} {NODES} "
                           f"{' '.join(more)} {words}", SECONDS)
        console.output("umount /mnt", SECONDS)
    console.stop()
    for image in images:
        tool("e2fsck", "-fn", image)


def checksum():
    sums = hashlib.sha256(f"{NODES} {KINDS}".encode())
    for path in (f"{B}/tests/tree", f"{USER_B}/peer/vmlinuz"):
        with open(path, "rb") as f:
            sums.update(f.read())
    return sums.hexdigest()[:16]


def make_images(folder):
    images = [os.path.join(folder, f"tree{i}.img") for i in range(len(KINDS))]
    for image, (arguments, _, _) in zip(images, KINDS):
        tool("mke2fs", "-q", "-F", *arguments.split(), "-N", str(NODES * 3), image,
             "2g" if NODES > 10000 else "48m")
    return images


def written_by_linux(machine, folder):
    """Images with the tree a of seed 1."""
    kept = os.path.join(B, "test", "linux")
    os.makedirs(kept, exist_ok=True)
    name = os.path.join(kept, f"tree-{checksum()}")
    images = make_images(folder)
    if all(os.path.exists(f"{name}-{i}.img") for i in range(len(KINDS))):
        for i, image in enumerate(images):
            subprocess.run(["cp", "--sparse=always", f"{name}-{i}.img", image], check=True)
        return images
    on_each(machine, images, "linux", "write a 1")
    for i, image in enumerate(images):
        subprocess.run(["cp", "--sparse=always", image, f"{name}-{i}.new"], check=True)
        os.rename(f"{name}-{i}.new", f"{name}-{i}.img")
    return images


def test_trees(machine, tmp_path):
    images = written_by_linux(machine, str(tmp_path))
    on_each(machine, images, "skerry", "compare a 1", "change a 1", "compare a 1 changed",
            "write b 2", "compare b 2")
    on_each(machine, images, "linux", "compare a 1 changed", "compare b 2",
            *(["change b 2"] if FULL else []))
    if FULL:
        on_each(machine, images, "skerry", "compare b 2 changed")
