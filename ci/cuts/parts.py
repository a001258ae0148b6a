"""A run over many sequences, in parts: some at a time, in processes of their own, which keep what
they have learned from one part to the next.

With a *state*, a directory, the result of each part is written there when it has ended, and a run
that was broken off goes on after those, as long as it is the same run of the same build.
"""

import functools
import hashlib
import json
import multiprocessing
import os
import tempfile

from cuts.check import B, HELPER

SHM = "/dev/shm" if os.path.isdir("/dev/shm") else None


class Result:
    """cuts: places at which records were cut. disks: that were judged; distinct: that were looked
    at, as others had the same bytes."""

    def __init__(self):
        self.sequences = self.cuts = self.disks = self.distinct = self.violations = 0
        self.shown = []

    def add(self, other):
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def fail(self, text):
        self.violations += 1
        if len(self.shown) < 8:
            self.shown.append(text)


@functools.lru_cache
def build_digest():
    """Stands for what is tested."""
    digest = hashlib.blake2b(digest_size=16)
    for path in (HELPER, os.path.join(B, "skerry.elf")):
        with open(path, "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()


def begin(worker, folder, arguments):
    """In a new process."""
    global WORKER  # pylint: disable=global-variable-undefined
    WORKER = worker(tempfile.mkdtemp(dir=folder), *arguments)


def kept(path, make):
    """The Result that a file has; or that of make(), which then has it. No path: just that."""
    result = Result()
    if path and os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            vars(result).update(json.load(f))
        return result
    make(result)
    if path:
        with open(path + ".new", "w", encoding="utf-8") as f:
            json.dump(vars(result), f)
        os.rename(path + ".new", path)
    return result


def place(state, what):
    """The file for the Result of something, of which repr() tells what it is."""
    if not state:
        return None
    os.makedirs(state, exist_ok=True)
    digest = hashlib.blake2b((build_digest() + repr(what)).encode(), digest_size=12)
    return os.path.join(state, digest.hexdigest())


def work(item):
    path, part = item
    return kept(path, lambda result: WORKER.run(part, result))


def run(worker, arguments, chosen, most, state=None, jobs=None):
    """Has worker(folder, *arguments).run(part, result) done for parts of `most` sequences: the sum
    of their results."""
    jobs = jobs or len(os.sched_getaffinity(0))
    chosen, total = sorted(chosen), Result()
    size = max(1, min(most, (len(chosen) + jobs - 1) // jobs))
    todo = [chosen[i:i + size] for i in range(0, len(chosen), size)]
    todo = [(place(state, (worker.__module__, arguments, part)), part) for part in todo]
    with tempfile.TemporaryDirectory(prefix="cuts-", dir=SHM) as folder, \
            multiprocessing.Pool(jobs, begin, (worker, folder, arguments)) as pool:
        for result in pool.imap_unordered(work, todo):
            total.add(result)
        pool.close()
        pool.join()
    return total
