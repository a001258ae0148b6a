"""Each request to a disk fails in turn, in a guest: while a file system is mounted, changed by a
workload, written and unmounted. Somebody is told, a journal that cannot be written makes it
read-only, e2fsck and fsck.fat repair what is left (with a journal a replay is all it takes), and
what fsync(2) said was safe is there.

userland/tests/prog_faults.c does the work and holds the repaired disk against its model; here is
the disk, served to QEMU by NBD. A *bad* case has one sector (or flush) that fails from its n-th
request on, however often it is tried again; a *dead* one fails everything from there on. With
TEST_FULL n is 1, 2, 3 … until the workload comes through; else some of them. FAULTS=KIND chooses
one kind of file system, FAULTS=KIND:WORKLOAD:N:MODE one case."""

import os
import subprocess
import tempfile

from cuts import nbd
from machines import disk_with_tests
from test_disk import ENV

FULL = bool(os.environ.get("TEST_FULL"))
ONLY = (os.environ.get("FAULTS", "") + ":::").split(":")[:4]
SHM = "/dev/shm" if os.path.isdir("/dev/shm") else None
MIB = 1 << 20
FILES = 12
WORKLOADS = ["create", "rename", "unlink", "append", "truncate", "mkdir", "read"]
# Name, type, options of mount, command that makes it.
KINDS = {
    "ext2": ("ext2", "mke2fs -q -F -t ext2 -b 1024 -N 300"),
    "ext4": ("ext4", "mke2fs -q -F -t ext4 -b 1024 -N 300 -J size=1"),
    "fat": ("vfat", "mkfs.vfat --invariant -F 16 -s 1"),
}
SIZE = 8 * MIB
ANSWER = 4096


def tool(*command, ok=(0,)):
    run = subprocess.run(command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors="replace", check=False)
    return None if run.returncode in ok else f"{' '.join(command)}: {run.stdout}"


def sound_image(kind, folder):
    """With the files that prog_faults.c knows."""
    tree, path = os.path.join(folder, "tree"), os.path.join(folder, f"{kind}.img")
    for name in ("work", "durable"):
        os.makedirs(os.path.join(tree, name), exist_ok=True)
    for i in range(FILES):
        for name, size in ((f"work/file-{i}", 100 + i * 2500), (f"durable/keep-{i}", i * i * 97)):
            with open(os.path.join(tree, name), "w", encoding="ascii") as f:
                f.write(chr(ord("a") + i) * size)
    with open(path, "wb") as f:
        f.truncate(SIZE)
    command = KINDS[kind][1].split()
    if kind == "fat":
        assert not tool(*command, path)
        assert not tool("mcopy", "-s", "-i", path, f"{tree}/work", f"{tree}/durable", "::")
    else:
        assert not tool(*command, "-d", tree, path)
    with open(path, "rb") as f:
        return f.read()


def journal_of(kind, folder):
    """The blocks of the journal's log, behind its superblock; they are in pieces."""
    if kind != "ext4":
        return frozenset()
    said = subprocess.run(["debugfs", "-R", "blocks <8>", os.path.join(folder, "ext4.img")],
                          env=ENV, capture_output=True, text=True, check=True).stdout.split()
    return frozenset(int(block) for block in said[1:])


def cases():
    """(kind, workload, mode, step): what n is counted for."""
    for kind in KINDS:
        for i, workload in enumerate(WORKLOADS):
            for mode in ("bad", "dead"):
                if all(not o or o == w for o, w in zip(ONLY, (kind, workload))):
                    yield kind, workload, mode, i


class Faulty(nbd.Server):
    """The disk, and the other one by which the guest asks what to do."""

    def __init__(self, folder):
        super().__init__(folder, bytes(SIZE))
        self.folder = folder
        self.images = {kind: sound_image(kind, folder) for kind in KINDS}
        self.journals = {kind: journal_of(kind, folder) for kind in KINDS}
        self.plan = self.numbers()
        self.case = None        # (kind, workload, mode, n)
        self.seen = 0
        self.hit = None         # what failed first: (kind of request, offset)
        self.armed, self.flushes = False, 0
        self.journal_failed = False
        self.failed = []        # the bytes of all that failed: from, to
        self.left = b""         # the disk as it was unmounted
        self.late = False       # nothing may be written any more
        self.again = False      # it is mounted again as it is
        self.count, self.troubles, self.finished = 0, [], False

    def numbers(self):
        """All cases: each n until one is not reached."""
        for kind, workload, mode, i in cases():
            step = (1 if mode == "bad" else 3) if FULL else 53
            n = 1 if FULL else 1 + (i * 11 + (mode == "dead") * 19) % step
            if ONLY[2]:
                if ONLY[3] in ("", mode):
                    yield kind, workload, mode, int(ONLY[2])
                continue
            while True:
                yield kind, workload, mode, n
                if not self.hit:
                    break
                n += step

    def fails(self, export, kind, offset, length):
        if export == "disk" and self.late and kind == nbd.WRITE:
            # What could not be written stays in the cache of the device.
            if not any(range(max(a, offset), min(b, offset + length)) for a, b in self.failed):
                self.trouble(f"a write at {offset} after it was unmounted")
        if export != "disk" or not self.armed or kind not in (nbd.READ, nbd.WRITE, nbd.FLUSH):
            return False
        with self.lock:
            self.seen += 1
            if self.hit is None:
                if self.seen < self.case[3]:
                    return False
                self.hit, self.flushes = (kind, offset), 8
            failed, where = self.hit
            if self.case[2] == "bad":
                # A flush that fails is tried again; a few, and it is over.
                self.flushes -= kind == failed == nbd.FLUSH
                if kind != failed or (self.flushes < 0 if kind == nbd.FLUSH else
                                      not offset <= where < offset + length):
                    return False
            blocks = range(offset // 1024, (offset + length + 1023) // 1024)
            if kind == nbd.WRITE and not self.journals[self.case[0]].isdisjoint(blocks):
                self.journal_failed = True
            self.failed.append((offset, offset + length))
            return True

    def mark(self, kind, offset, data):
        words = data.split(b"\0")[0].split()
        if kind == nbd.WRITE and offset == 0 and words:
            answer = getattr(self, "say_" + words[0].decode())(*(w.decode() for w in words[1:]))
            self.data["marks"][ANSWER:ANSWER + 512] = answer.encode().ljust(512, b"\0")

    def trouble(self, what):
        kind, workload, mode, n = self.case
        self.troubles.append(f"FAULTS={kind}:{workload}:{n}:{mode}, which was {self.hit}: {what}")

    def say_next(self):
        self.case = None if len(self.troubles) > 20 else next(self.plan, None)
        if not self.case:
            self.finished = True
            return "end"
        kind, workload, _, _ = self.case
        self.data["disk"][:] = self.images[kind]
        self.seen, self.hit, self.armed, self.journal_failed = 0, None, True, False
        self.failed, self.late = [], False
        self.count += 1
        return f"run {KINDS[kind][0]} - {workload}"

    def say_synced(self, told, mode):
        if self.hit and self.hit[0] != nbd.READ and self.case[0] != "ext4" and told != "error":
            self.trouble("nobody was told of what could not be written")
        if self.journal_failed and mode == "rw":
            self.trouble("a journal that cannot be written, and it is not read-only")
        return ""

    def say_ran(self, log):
        self.armed, self.left = False, bytes(self.data["disk"])
        self.late = self.case[0] != "ext4"
        if bool(self.hit) != (log == "told"):
            self.trouble(f"the log is {log}")
        self.again = self.case[0] == "ext4" and self.case[3] % 3 == 2
        return "again" if self.again else "repair"

    def say_repair(self):
        path = os.path.join(self.folder, "left.img")
        with open(path, "wb") as f:
            # With a journal what is written home later is nothing but what is in the log.
            f.write(self.data["disk"] if self.case[3] % 3 and not self.late else self.left)
        if self.case[0] == "fat":
            # What it takes away may leave something for the next time: a directory, then its name.
            steps = [(["fsck.fat", "-a", path], (0, 1))] * 3 + [(["fsck.fat", "-n", path], (0,))]
        else:
            repair = "-p" if self.case[0] == "ext4" else "-fy"
            steps = [(["e2fsck", repair, path], (0, 1)), (["e2fsck", "-fn", path], (0,))]
        for command, ok in steps:
            said = tool(*command, ok=ok)
            if said:
                self.trouble(said)
                return "bad"
        with open(path, "rb") as f:
            self.data["disk"][:] = f.read()
        self.failed, self.late = [], True
        return "good"

    def say_judged(self, wrong, *which):
        if wrong != "0":
            self.trouble(f"{wrong} wrong: {' '.join(which)}")
        if self.again:
            path = os.path.join(self.folder, "again.img")
            with open(path, "wb") as f:
                f.write(self.data["disk"])
            said = tool("e2fsck", "-fn", path)
            if said:
                self.trouble(f"mounted again: {said}")
        return ""


def test_every_request(machine):
    with tempfile.TemporaryDirectory(dir=SHM) as folder, Faulty(folder) as server:
        console = machine(disks=disk_with_tests(), extra=server.drives(), seconds=7200)
        console.prompt(120)
        console.output("dmesg -n 1; /usr/lib/skerry-tests/faults /dev/sdb /dev/sdc",
                       7000 if FULL else 200)
        print(server.count, "cases")
        assert not server.troubles, "\n".join(server.troubles)
        assert server.finished and server.count > (0 if any(ONLY) else 60)
