"""The record of a disk: every write, flush and mark in order, and the disks it may have become.

A record is a header of 16 bytes (kind, length, offset) and its bytes; kernel/test/host and
ci/cuts/nbd.py write it. A write is on the disk for good when a flush follows it, or at once with
FUA. Before that each of its sectors may be there or not, whatever became of the others: a cut may
leave any subset; but the superblock's two sectors stay together. `cuts` walks through a record,
stops before every flush and at every mark, and makes at each such place the disk with nothing, all,
and some of what was in flight.

A disk is what it has of a *base*, the disk at the record's beginning, and the sectors that differ
from it; a digest of those tells disks apart, of which the cuts of many records make the same ones
again and again.
"""

import functools
import hashlib
import random
import struct

HEADER = struct.Struct("<IIQ")
WRITE, FLUSH, MARK, FUA = 1, 2, 4, 0x100
SECTOR = 512
SUPER = 1024


def read(path):
    """All records: (kind, fua, offset, bytes)."""
    with open(path, "rb") as f:
        data = f.read()
    at, records = 0, []
    while at + HEADER.size <= len(data):
        kind, length, offset = HEADER.unpack_from(data, at)
        at += HEADER.size
        records.append((kind & 0xff, bool(kind & FUA), offset, data[at:at + length]))
        at += length
    return records


@functools.lru_cache(maxsize=1 << 16)
def sector_digest(at, data):
    return int.from_bytes(hashlib.blake2b(data + at.to_bytes(8, "little"), digest_size=16).digest(),
                          "little")


class Disk:
    """A base and the sectors that differ from it: {place in bytes: bytes}."""

    def __init__(self, base, sectors):
        self.base, self.sectors = base, sectors

    def copy(self):
        return Disk(self.base, dict(self.sectors))

    def write(self, at, data):
        for place in range(at, at + len(data), SECTOR):
            piece = data[place - at:place - at + SECTOR]
            if piece == self.base[place:place + SECTOR]:
                self.sectors.pop(place, None)
            else:
                self.sectors[place] = piece

    def write_torn(self, at, data, rng):
        """A write that was begun: whole, its beginning, or any of its sectors."""
        kind = rng.randrange(3) if len(data) > SECTOR else 0
        end = at + (rng.randrange(len(data)) if kind == 1 else len(data))
        place = at
        while place < end:
            # The superblock has one checksum over two sectors, on every system.
            n = 2 * SECTOR if place == SUPER else SECTOR
            if kind < 2 or rng.randrange(2):
                self.write(place, data[place - at:place - at + n])
            place += n

    def digest(self):
        """Stands for all of its bytes, among the disks of one base."""
        total = 0
        for item in self.sectors.items():
            total ^= sector_digest(*item)
        return total

    def image(self):
        image = bytearray(self.base)
        for at, piece in self.sectors.items():
            image[at:at + SECTOR] = piece
        return image


class Cut:
    """A place in a record: what is on the disk for good, and what was in flight."""

    def __init__(self, durable, pending, marks, digest, place):
        self.durable, self.pending, self.marks = durable, pending, marks
        self.digest, self.place = digest, place

    def disks(self, some):
        """(name, Disk): with all of the pending writes, none of them, and `some` subsets."""
        loose = [w for w in self.pending if not w[0]]
        yield "all", self.build(lambda fua: None)
        if loose:
            yield "none", self.build(lambda fua: 0.0)
        if len(loose) > 1 or any(len(w[2]) > SECTOR for w in loose):
            for number in range(some):
                rng = random.Random(self.digest + bytes([number]))
                share = rng.choice((0.15, 0.5, 0.5, 0.85))
                yield f"some {number}", self.build(lambda fua, s=share: s, rng)

    def build(self, share, rng=None):
        disk = self.durable.copy()
        for fua, offset, data in self.pending:
            kept = None if fua else share(fua)
            if kept is None:
                disk.write(offset, data)
            elif kept and rng.random() < kept:
                disk.write_torn(offset, data, rng)
        return disk


def cuts(records, base):
    """Every Cut of a record that begins on the disk `base`. What a Cut has is changed by going
    on."""
    durable, pending, marks = Disk(base, {}), [], []
    digest = hashlib.blake2b(digest_size=16)
    for place, (kind, fua, offset, data) in enumerate(records):
        if kind == FLUSH and pending:
            yield Cut(durable, pending, marks, digest.digest(), place)
        digest.update(HEADER.pack(kind | fua << 8, len(data), offset))
        digest.update(data)
        if kind == WRITE:
            pending.append((fua, offset, data))
        elif kind == FLUSH:
            for _, at, written in pending:
                durable.write(at, written)
            pending = []
        elif kind == MARK:
            marks.append(data.decode())
            yield Cut(durable, pending, marks, digest.digest(), place + 1)
    if pending:
        yield Cut(durable, pending, marks, digest.digest(), len(records))
