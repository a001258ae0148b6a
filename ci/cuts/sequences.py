"""The sequences of operations that are cut: all short ones over a small tree.

A sequence is made of steps; a step is one change (or a few that programs make together) and how it
is made stable: not at all, by write-back without a flush, by fsync of the disk itself, which is to
say of what is in its cache, by fsync of the files, of the directories, by fdatasync, by sync. The
last step is always made stable, as nothing is promised otherwise.
"""

import itertools
import os
import random

from cuts.model import History, Invalid, World, pattern

FILES = {"A/foo": (16000, 1), "bar": (3000, 2)}
# With so many pieces, so far apart, that every kind of file system has a block of its map.
DEEP, PIECES, APART, PIECE = "deep", 7, 8192, 1000

# Changes, the files they are about, and the directories.
CHANGES = [
    ("creat A/new", "A/new", "A"),
    ("creat A/new;write A/new 0 5000 3", "A/new", "A"),
    ("mkdir A/sub", "", "A A/sub"),
    ("mkdir C", "", ". C"),
    ("write A/foo 0 5000 4", "A/foo", ""),
    ("write A/foo 16000 4000 5", "A/foo", ""),
    ("hold A/foo;write A/foo 16000 4000 5", "A/foo", ""),
    ("hold deep;write deep 45056 9000 10", "deep", ""),
    ("hold deep;dwrite deep 20480 8192 11", "deep", ""),
    ("write bar 9000 3000 6", "bar", ""),
    ("dwrite A/foo 4096 20480 8", "A/foo", ""),
    ("creat A/new;dwrite A/new 0 8192 9", "A/new", "A"),
    ("trunc A/foo 0", "A/foo", ""),
    ("trunc A/foo 3000", "A/foo", ""),
    ("trunc bar 20000", "bar", ""),
    ("link A/foo B/foo", "A/foo", "B"),
    ("link bar A/bar", "bar", "A"),
    ("unlink A/foo", "", "A"),
    ("unlink bar", "", "."),
    ("hold bar;unlink bar", "", "."),
    ("rename A/foo A/fob", "A/fob", "A"),
    ("rename A/foo B/foo", "B/foo", "A B"),
    ("rename bar A/foo", "A/foo", ". A"),
    ("rename A/foo bar", "bar", "A ."),
    ("rename A C", "C/foo", ". C"),
    ("rename B A/B", "", ". A"),
    ("creat A/tmp;write A/tmp 0 6000 7;fsync A/tmp;rename A/tmp A/foo", "A/foo", "A"),
    ("rmdir B", "", "."),
]


def base_world():
    """The tree at the beginning: A/foo, B/, bar."""
    world = World()
    for name in ("A", "B"):
        world.op_mkdir(name)
    for path, (length, tag) in FILES.items():
        world.op_creat(path)
        world.op_write(path, 0, length, tag)
    world.op_creat(DEEP)
    for piece in range(PIECES):
        world.op_write(DEEP, piece * APART, PIECE, 3)
    return world


def write_base(folder):
    """The same as files, for mke2fs -d."""
    for name in ("A", "B"):
        os.makedirs(os.path.join(folder, name), exist_ok=True)
    for path, (length, tag) in FILES.items():
        with open(os.path.join(folder, path), "wb") as f:
            f.write(pattern(0, length, tag))
    with open(os.path.join(folder, DEEP), "wb") as f:
        for at in range(0, PIECES * APART, APART):
            f.seek(at)
            f.write(pattern(at, PIECE, 3))


def steps(last):
    """Every change with each way to make it stable, as text."""
    for change, files, folders in CHANGES:
        if not last:
            yield change
            yield change + ";wb"
            yield change + ";disk"
        yield change + ";sync"
        for call, names in (("fsync", files), ("fdatasync", files), ("fsync", folders),
                            ("fdatasync", folders)):
            if names:
                yield change + "".join(f";{call} {name}" for name in names.split())


def valid(sequence):
    try:
        History(base_world(), sequence.split(";"))
    except Invalid:
        return False
    return True


def all_of(length):
    """All sequences of so many steps."""
    for parts in itertools.product(*[list(steps(False))] * (length - 1), list(steps(True))):
        sequence = ";".join(parts)
        if valid(sequence):
            yield sequence


def sample(length, number, seed):
    """A choice of them."""
    rng = random.Random(seed)
    inner, last = list(steps(False)), list(steps(True))
    chosen = set()
    while len(chosen) < number:
        parts = [rng.choice(inner) for _ in range(length - 1)] + [rng.choice(last)]
        sequence = ";".join(parts)
        if valid(sequence):
            chosen.add(sequence)
    return sorted(chosen)
