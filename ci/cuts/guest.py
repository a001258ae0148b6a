"""Workloads in a guest, on Skerry or Linux: real system calls, the block layer, AHCI, QEMU. The
disk is ci/cuts/nbd.py, which writes down what reaches it."""

import multiprocessing
import os
import shutil
import tempfile

from conftest import Console
from cuts import log, nbd, sequences, workloads
from cuts.check import B, Checker, make_base
from cuts.enumerate import SHM, Result, Sequence, check_record
from cuts.workloads import CUTS, DISK, MARKS, MORE, text_disk


class Guest:
    """A machine with the test image, QEMU's arguments for disks, and files as further disks."""

    def __init__(self, kernel, drives, files, name, seconds=1500):
        extra = list(drives)
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
        name = f"{kernel}-{kind}-{os.getpid()}"
        with Guest(kernel, server.drives(), [base, lines], name) as console:
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


def run_part(arguments):
    """Some sequences, in a guest and a process of their own."""
    kernel, kind, some, lose, mount, chosen = arguments
    folder, result, seen = tempfile.mkdtemp(prefix="cuts-", dir=SHM), Result(), set()
    try:
        base, records = record(kernel, kind, chosen, folder, lose)
        parts = split(records)
        checker, world = Checker(kind, folder, mount), sequences.base_world()
        for sequence, part in parts:
            result.sequences += 1
            check_record(checker, Sequence(world, sequence, checker.journal), part, base, some,
                         result, seen)
            if result.violations > 50:
                break
        checker.helper.stop()
        if len(parts) != len(chosen):
            result.fail(f"{len(parts)} of {len(chosen)} sequences were run")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def run(kernel, kind, some, chosen, lose=False, mount=True):
    """Like enumerate.run(), with guests in place of the host's driver."""
    chosen, total = sorted(chosen), Result()
    jobs = len(os.sched_getaffinity(0))
    size = min(250, (len(chosen) + jobs - 1) // jobs)
    with multiprocessing.Pool(jobs) as pool:
        for result in pool.imap_unordered(run_part, [
                (kernel, kind, some, lose, mount, chosen[i:i + size])
                for i in range(0, len(chosen), size)]):
            total.add(result)
    return total


class Program:
    """What is promised of a workload of ci/cuts/workloads.py."""

    def __init__(self, name, workload, journal):
        self.name, self.workload, self.journal = name, workload, journal

    def promised(self, marks):
        done = max([int(m.split()[1]) for m in marks if m.startswith("commit")], default=-1)
        return lambda tree: self.workload.accept(done, self.journal, tree), str(done).encode()


def judge_share(arguments):
    """Judges every n-th cut of a workload, in a process of its own."""
    kind, some, mount, name, workload, base, records, share = arguments
    folder, result = tempfile.mkdtemp(prefix="cuts-", dir=SHM), Result()
    checker = Checker(kind, folder, mount)
    check_record(checker, Program(name, workload, checker.journal), records, base, some, result,
                 set(), share)
    checker.helper.stop()
    shutil.rmtree(folder)
    return result


def run_program(kernel, kind, some, name, lose=False, mount=True):
    """A workload of whole programs (ci/cuts/workloads.py): a Result."""
    folder, result = tempfile.mkdtemp(prefix="cuts-", dir=SHM), Result()
    jobs = len(os.sched_getaffinity(0))
    try:
        workload, path = workloads.make(name, folder), os.path.join(folder, "base.img")
        make_base(kind, path, size=workload.size)
        with open(path, "rb") as f:
            base = f.read()
        with nbd.Server(folder, base, lose) as server:
            log_name = f"{kernel}-{kind}-{name}"
            with Guest(kernel, server.drives(), workload.files, log_name) as console:
                workload.run(console, Checker(kind, folder).type)
            records = server.records
        last = next(i for i, r in enumerate(records) if r[0] == log.MARK and r[3] == b"end")
        with multiprocessing.Pool(jobs) as pool:
            for one in pool.imap_unordered(judge_share, [
                    (kind, some, mount, name, workload, base, records[:last + 1], (i, jobs))
                    for i in range(jobs)]):
                result.add(one)
        result.sequences = 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return result
