"""Disks as cuts leave them, mounted by Skerry itself in a guest: many at a time, as partitions of
one disk. What the guest leaves is judged as after a mount by the host's driver."""

import itertools
import os
import random
import shutil
import subprocess
import tempfile

from cuts import guest, log, sequences
from cuts.check import ENV, KINDS, Checker, e2fsck
from cuts.enumerate import Sequence
from cuts.parts import SHM
from cuts.workloads import CUTS

MIB = 1 << 20
AT_ONCE = 100


def collect(kind, some, parts, base, number, seed):
    """A choice of what there is to judge: (what it is, disk, function that judges its tree)."""
    found, world = [], sequences.base_world()
    rng = random.Random(seed)
    for sequence, records in parts:
        promise = Sequence(world, sequence, KINDS[kind][3])
        for cut in log.cuts(records, base):
            accept, _ = promise.promised(cut.marks)
            if not cut.pending:
                continue
            for name, disk in cut.disks(some):
                if name != "all":
                    found.append((f"{sequence}: cut at record {cut.place}, {name}", disk, accept))
    chosen = rng.sample(found, min(number, len(found)))
    return [(what, disk.image(), accept) for what, disk, accept in chosen]


def partitioned(path, images):
    """Makes a disk of them; how many MiB each has."""
    each = (len(images[0]) + MIB - 1) // MIB
    lines = ["label: gpt"] + [f"start={(1 + i * each) * 2048}, size={len(image) // 512}"
                              for i, image in enumerate(images)]
    with open(path, "wb") as f:
        for i, image in enumerate(images):
            f.seek((1 + i * each) * MIB)
            f.write(image)
        f.truncate((2 + len(images) * each) * MIB)
    subprocess.run(["sfdisk", "-q", path], input="\n".join(lines) + "\n", env=ENV, text=True,
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return each


def repaired(checker, chosen, result):
    """Without a journal e2fsck comes first."""
    for what, image, accept in chosen:
        checker.put(image)
        problem = e2fsck("-fy", checker.disk, 3)
        if problem:
            result.fail(f"{what}: {problem}")
            continue
        with open(checker.disk, "rb") as f:
            yield what, f.read(), accept


def mount_all(kind, checker, chosen, folder, result):
    """Boots a guest that mounts all of them, and judges what it leaves."""
    path = os.path.join(folder, "many.img")
    each = partitioned(path, [image for _, image, _ in chosen])
    extra = ["-drive", f"if=none,id=many,format=raw,file={path}",
             "-device", "ide-hd,drive=many,bus=ide.1"]
    with guest.Guest("skerry", extra, [], f"mount-{kind}") as console:
        said = console.run(f"{CUTS} mount {checker.type} /dev/sdb?*", 600)[1]
        console.output("sync")
    if "0 failed" not in said.split("\n"):
        result.fail(f"mounted in a guest: {said}")
    with open(path, "rb") as f:
        for i, (what, image, accept) in enumerate(chosen):
            f.seek((1 + i * each) * MIB)
            checker.put(f.read(len(image)))
            result.disks += 1
            problem = e2fsck("-fn", checker.disk)
            tree, why = (None, problem) if problem else checker.tree("ro")
            problems = [why] if why else accept(tree)
            if problems:
                result.fail(f"{what}, mounted in a guest:\n      " + "\n      ".join(problems[:5]))


def run(kernel, kind, some, chosen, number, seed, result):
    """Sequences in a guest of `kernel`, then `number` of their disks mounted by Skerry's."""
    folder = tempfile.mkdtemp(prefix="cuts-", dir=SHM)
    try:
        base = guest.prepare(kind, folder)
        parts = guest.split(guest.record(kernel, kind, sorted(chosen), folder, base, False))
        result.sequences = len(parts)
        disks = collect(kind, some, parts, base, number, seed)
        checker = Checker(kind, folder)
        if not checker.journal:
            disks = repaired(checker, disks, result)
        disks = iter(disks)
        while batch := list(itertools.islice(disks, AT_ONCE)):
            mount_all(kind, checker, batch, folder, result)
        result.cuts = result.distinct = result.disks
        checker.helper.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
