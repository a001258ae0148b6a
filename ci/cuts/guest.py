"""Workloads in a guest, on Skerry or Linux: real system calls, the block layer, AHCI, QEMU. The
disk is ci/cuts/nbd.py, which writes down what reaches it."""

import multiprocessing
import os
import shutil
import tempfile

from conftest import Console
from cuts import log, nbd, parts, sequences, workloads
from cuts.check import B, KINDS, Checker, make_base
from cuts.enumerate import Sequence, check_record
from cuts.parts import SHM, Result
from cuts.workloads import CUTS, DISK, MARKS, MORE, text_disk


class Guest:
    """A machine with the test image, QEMU's arguments for disks, and files as further disks."""

    def __init__(self, kernel, drives, files, name, seconds=3000):
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
        self.console.prompt(600)
        return self.console

    def __exit__(self, *_):
        self.console.stop()


def prepare(kind, folder):
    """Makes the disk that every sequence begins with: its bytes."""
    tree, base = os.path.join(folder, "base"), os.path.join(folder, "base.img")
    sequences.write_base(tree)
    make_base(kind, base, tree)
    with open(base, "rb") as f:
        return f.read()


def record(kernel, kind, chosen, folder, base, lose):
    """Runs sequences in a guest, after prepare(): what was recorded."""
    lines = os.path.join(folder, "lines")
    length = text_disk(lines, "".join(s + "\n" for s in chosen))
    with nbd.Server(folder, bytes(len(base)), lose) as server:
        name, files = f"{kernel}-{kind}-{os.getpid()}", [os.path.join(folder, "base.img"), lines]
        with Guest(kernel, server.drives(), files, name) as console:
            console.output(f"head -c {length} {MORE[1]} | "
                           f"{CUTS} run {KINDS[kind][2]} '' {DISK} {MORE[0]} {MARKS}", 1200)
        return server.records


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


class Worker:
    """Runs sequences in guests and judges what these leave, in one process."""

    def __init__(self, folder, kernel, kind, some, lose, mount):
        self.kernel, self.kind, self.some, self.lose = kernel, kind, some, lose
        self.folder, self.world, self.seen = folder, sequences.base_world(), set()
        self.base, self.checker = prepare(kind, folder), Checker(kind, folder, mount)

    def run(self, part, result):
        found = split(record(self.kernel, self.kind, part, self.folder, self.base, self.lose))
        for sequence, records in found:
            result.sequences += 1
            check_record(self.checker, Sequence(self.world, sequence, self.checker.journal),
                         records, self.base, self.some, result, self.seen)
            if result.violations > 50:
                break
        if len(found) != len(part):
            result.fail(f"{len(found)} of {len(part)} sequences were run")


def run(kernel, kind, some, chosen, lose=False, mount=True, state=None):
    """Like enumerate.run(), with guests in place of the host's driver."""
    return parts.run(Worker, (kernel, kind, some, lose, mount), chosen, 250, state)


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


def run_program(kernel, kind, some, name, lose, mount, result):
    """A workload of whole programs (ci/cuts/workloads.py), added to a Result."""
    folder = tempfile.mkdtemp(prefix="cuts-", dir=SHM)
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
