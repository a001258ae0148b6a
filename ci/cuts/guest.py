"""Workloads in a guest, on Skerry or Linux: real system calls, the block layer, AHCI, QEMU. The
disk is ci/cuts/nbd.py, which writes down what reaches it."""

import os
import shutil
import tempfile

from conftest import Console
from cuts import log, nbd, sequences
from cuts.check import B, Checker, make_base
from cuts.enumerate import SHM, Result, check_record
from cuts.model import History

CUTS = "/usr/lib/skerry-tests/cuts"
# As the guests see them: the recorded disk, marks, then what the workload brings.
DISK, MARKS, MORE = "/dev/sdb", "/dev/sdc", ["/dev/sdd", "/dev/sde", "/dev/sdf"]


class Guest:
    """A machine with the test image, the server's two disks, and files as further disks."""

    def __init__(self, kernel, server, files, name, seconds=1500):
        extra = server.drive("disk", "ide.1") + server.drive("marks", "ide.2")
        for number, path in enumerate(files):
            extra += ["-drive", f"if=none,id=more{number},format=raw,file={path},snapshot=on",
                      "-device", f"ide-hd,drive=more{number},bus=ide.{number + 3}"]
        arguments = ["--test", "--linux"] if kernel == "linux" else \
            ["--test", "--kernel", os.path.join(B, "skerry.elf")]
        folder = os.path.join(B, "test", "cuts")
        os.makedirs(folder, exist_ok=True)
        env = dict(os.environ, B=os.environ.get("USER_B", B))
        self.console = Console([*arguments, os.path.join(B, "test.img"), "--", *extra], env,
                               os.path.join(folder, f"{name}.console"), seconds)

    def __enter__(self):
        self.console.prompt(120)
        return self.console

    def __exit__(self, *_):
        self.console.stop()


def text_disk(path, text):
    """Text as a disk that the guest reads: how to read it there."""
    data = text.encode()
    with open(path, "wb") as f:
        f.write(data + bytes(-len(data) % 4096))
    return len(data)


def record(kernel, kind, chosen, folder, lose):
    """Runs sequences in a guest: (the disk at the beginning of each, what was recorded)."""
    tree, base = os.path.join(folder, "base"), os.path.join(folder, "base.img")
    lines = os.path.join(folder, "lines")
    sequences.write_base(tree)
    make_base(kind, base, tree)
    length = text_disk(lines, "".join(s + "\n" for s in chosen))
    with open(base, "rb") as f:
        image = f.read()
    fs = Checker(kind, folder).type
    with nbd.Server(folder, bytes(len(image)), lose) as server:
        with Guest(kernel, server, [base, lines], f"{kernel}-{kind}") as console:
            console.output(f"head -c {length} {MORE[1]} | "
                           f"{CUTS} run {fs} '' {DISK} {MORE[0]} {MARKS}", 1200)
        return image, server.records


def split(records):
    """(sequence, its records), between the marks "begin" and "end"."""
    parts, inside = [], False
    for r in records:
        mark = r[3] if r[0] == log.MARK else b""
        if mark.startswith(b"begin "):
            parts.append((mark[6:].decode(), []))
            inside = True
        elif inside:
            parts[-1][1].append(r)
            inside = mark != b"end"
    return parts


def run(kernel, kind, some, chosen, lose=False, mount=True):
    """Like enumerate.run(), with a guest in place of the host's driver."""
    folder, result, seen = tempfile.mkdtemp(prefix="cuts-", dir=SHM), Result(), set()
    try:
        base, records = record(kernel, kind, chosen, folder, lose)
        checker, world = Checker(kind, folder, mount), sequences.base_world()
        for sequence, part in split(records):
            result.sequences += 1
            check_record(checker, History(world, sequence.split(";")), part, base, some, result,
                         seen, sequence)
            if result.violations > 50:
                break
        if result.sequences != len(chosen):
            result.fail(f"{result.sequences} of {len(chosen)} sequences were run")
        checker.helper.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result
