"""Sequences on the driver compiled for the host: recorded, cut everywhere, judged; in parallel."""

import multiprocessing
import os
import shutil
import tempfile

from cuts import log, sequences
from cuts.check import Checker, make_base
from cuts.model import History, Judge

SHM = "/dev/shm" if os.path.isdir("/dev/shm") else None


class Result:
    def __init__(self):
        self.sequences = self.cuts = self.disks = self.violations = 0
        self.shown = []

    def add(self, other):
        self.sequences += other.sequences
        self.cuts += other.cuts
        self.disks += other.disks
        self.violations += other.violations
        self.shown += other.shown

    def fail(self, text):
        self.violations += 1
        if len(self.shown) < 8:
            self.shown.append(text)


def check_record(checker, history, records, base, some, result, seen, what):
    """Cuts a record of one sequence everywhere. `seen`: disks that were judged already, as the
    beginning of another sequence was the same."""
    for cut in log.cuts(records, base):
        if not cut.marks:
            done = 0
        elif cut.marks[-1] == "end":
            done = len(history.operations)
        else:
            _, number, status = cut.marks[-1].split()
            done = int(number)
            if int(status):
                result.fail(f"{what}: operation {done} returned {status}")
                return
        result.cuts += 1
        judge = Judge(history, done)
        accept = judge.ordered if checker.journal else judge.repaired
        key = cut.digest + ";".join(history.operations[:judge.last]).encode()
        if key in seen:
            continue
        seen.add(key)
        for name, image in cut.images(some):
            result.disks += 1
            problems = checker.check(image, accept)
            if problems:
                result.fail(f"{what}\n    cut at record {cut.place}, {done} operations done, "
                            f"{name} of {len(cut.pending)} pending:\n      "
                            + "\n      ".join(problems[:5]))


class Worker:
    """One process' part."""

    def __init__(self, kind, some, lose):
        self.folder = tempfile.mkdtemp(prefix="cuts-", dir=SHM)
        tree = os.path.join(self.folder, "base")
        sequences.write_base(tree)
        self.base = os.path.join(self.folder, "base.img")
        make_base(kind, self.base, tree)
        self.checker = Checker(kind, self.folder)
        self.some, self.verb = some, "lose" if lose else "run"
        self.world = sequences.base_world()
        self.seen = set()
        with open(self.base, "rb") as f:
            self.bytes = f.read()

    def run(self, sequence, result):
        result.sequences += 1
        record = os.path.join(self.folder, "log")
        status, said = self.checker.helper.command(
            self.verb, self.checker.type, "", self.base, os.path.join(self.folder, "live"), record,
            sequence)
        if status or said:
            result.fail(f"{sequence}: status {status}: {said}")
            return
        check_record(self.checker, History(self.world, sequence.split(";")), log.read(record),
                     self.bytes, self.some, result, self.seen, sequence)

    def close(self):
        self.checker.helper.stop()
        shutil.rmtree(self.folder)


def run_part(arguments):
    kind, some, lose, part = arguments
    worker, result = Worker(kind, some, lose), Result()
    try:
        for sequence in part:
            worker.run(sequence, result)
            if result.violations > 50:
                break
    finally:
        worker.close()
    return result


def run(kind, some, chosen, lose=False, jobs=None):
    """Everything about these sequences on a kind of file system: a Result."""
    jobs = jobs or len(os.sched_getaffinity(0))
    chosen = sorted(chosen)
    size = max(1, min(200, (len(chosen) + jobs - 1) // jobs))
    parts = [(kind, some, lose, chosen[i:i + size]) for i in range(0, len(chosen), size)]
    total = Result()
    with multiprocessing.Pool(jobs) as pool:
        for result in pool.imap_unordered(run_part, parts):
            total.add(result)
    return total
