"""Sequences on the driver compiled for the host: recorded, cut everywhere, judged; in parallel."""

import os

from cuts import log, parts, sequences
from cuts.check import B, Checker, make_base
from cuts.model import History, Judge


def keep(disk, result):
    """The first disks of a run that are wrong, for a look at them."""
    folder = os.path.join(B, "test", "cuts")
    if result.violations < 3:
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"bad-{os.getpid()}-{result.violations}.img"), "wb") as f:
            f.write(disk.image())


class Failed(Exception):
    """A workload's own call failed."""


class Sequence:
    """What is promised of a sequence: promised(marks) is a function that judges a tree, and a key
    that stands for all it depends on."""

    def __init__(self, world, sequence, journal):
        self.history, self.journal = History(world, sequence.split(";")), journal
        self.name = sequence

    def promised(self, marks):
        done = 0
        if marks and marks[-1] == "end":
            done = len(self.history.operations)
        elif marks:
            _, number, status = marks[-1].split()
            done = int(number)
            if int(status):
                raise Failed(f"operation {done} returned {status}")
        judge = Judge(self.history, done)
        return (judge.ordered if self.journal else judge.repaired,
                ";".join(self.history.operations[:judge.last]).encode())


def check_record(checker, workload, records, base, some, result, seen,
                 share=(0, 1)):
    """Cuts a record everywhere. `seen`: what was judged already, as the beginning of another
    sequence was the same. share (i, n): only every n-th cut, from the i-th on."""
    for number, cut in enumerate(log.cuts(records, base)):
        if number % share[1] != share[0]:
            continue
        try:
            accept, key = workload.promised(cut.marks)
        except Failed as failed:
            result.fail(f"{workload.name}: {failed}")
            return
        result.cuts += 1
        if cut.digest + key in seen:
            continue
        seen.add(cut.digest + key)
        before = checker.looked
        for name, disk in cut.disks(some):
            result.disks += 1
            problems = checker.check(disk, accept)
            if problems:
                keep(disk, result)
                result.fail(f"{workload.name}\n    cut at record {cut.place}, after mark "
                            f"{cut.marks[-1:]}, {name} of {len(cut.pending)} pending:\n      "
                            + "\n      ".join(problems[:5]))
        result.distinct += checker.looked - before


class Worker:
    """One process' part."""

    def __init__(self, folder, kind, some, lose):
        tree = os.path.join(folder, "base")
        sequences.write_base(tree)
        self.folder, self.base = folder, os.path.join(folder, "base.img")
        make_base(kind, self.base, tree)
        self.checker = Checker(kind, folder)
        self.some, self.verb = some, "lose" if lose else "run"
        self.world = sequences.base_world()
        self.seen = set()
        with open(self.base, "rb") as f:
            self.bytes = f.read()

    def run(self, part, result):
        for sequence in part:
            self.run_one(sequence, result)
            if result.violations > 50:
                break

    def run_one(self, sequence, result):
        result.sequences += 1
        record = os.path.join(self.folder, "log")
        status, said = self.checker.helper.command(
            self.verb, self.checker.type, "", self.base, os.path.join(self.folder, "live"), record,
            sequence)
        if status or said:
            result.fail(f"{sequence}: status {status}: {said}")
            return
        check_record(self.checker, Sequence(self.world, sequence, self.checker.journal),
                     log.read(record), self.bytes, self.some, result, self.seen)


def run(kind, some, chosen, lose=False, jobs=None, state=None):
    """Everything about these sequences on a kind of file system: a Result."""
    return parts.run(Worker, (kind, some, lose), chosen, 200, state, jobs)
