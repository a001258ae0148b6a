"""Judges disks as cuts leave them: by e2fsck, and by what Skerry's driver finds on them.

A file system with a journal is mounted by the driver, which replays, then must be clean to e2fsck;
and e2fsck must be able to replay it, too, with nothing to correct. One without is repaired by
e2fsck first. What is then on it is compared with what was promised (cuts/model.py).

What is found on a disk depends on its bytes alone, so it is remembered: sequences leave the same
disks again and again, of which each may have something else promised.
"""

import os
import subprocess

from cuts.model import STALE

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
B = os.path.join(TOP, os.environ.get("B", "build"))
ENV = {"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C"}
HELPER = os.path.join(B, "host", "cuts")
# Options of mke2fs, the size in KiB, and whether there is a journal.
KINDS = {
    "ext2": ("-t ext2 -b 1024", 1024, "ext2", False),
    "ext2-4k": ("-t ext2 -b 4096", 2048, "ext2", False),
    "ext4-plain": ("-t ext4 -b 1024 -O ^has_journal", 1024, "ext4", False),
    "ext4": ("-t ext4 -b 1024 -J size=1", 2304, "ext4", True),
    "ext4-4k": ("-t ext4 -b 4096 -J size=4", 16384, "ext4", True),
    "ext2-grow": ("-t ext2 -b 1024 -g 256", 1024, "ext2", False),
    "ext4-grow": ("-t ext4 -b 1024 -g 256 -J size=1", 2304, "ext4", True),
    "ext4-meta": ("-t ext4 -b 1024 -g 256 -J size=1 -O ^resize_inode", 2304, "ext4", True),
}
# Disks with room behind the file system, in KiB, and other extended options of mke2fs.
ROOM = {"ext2-grow": (9216, ",resize=16384"), "ext4-grow": (6400, ",resize=16384"),
        "ext4-meta": (6400, "")}


def make_base(kind, path, folder=None, size=None):
    """A file system of a kind, with the tree of a folder, on a disk that was in use before."""
    options, kib, _, _ = KINDS[kind]
    room, extended = ROOM.get(kind, (0, ""))
    with open(path, "wb") as f:
        f.write(STALE * (max(room, size or kib) << 10))
    subprocess.run(["mke2fs", "-q", "-F", *options.split(), "-N", "64" if not size else "2048",
                    "-E", "nodiscard,lazy_itable_init=0,root_owner=0:0" + extended,
                    *(["-d", folder] if folder else []), path, f"{size or kib}k"],
                   env=ENV, check=True, stdout=subprocess.DEVNULL)


MOST_CONTENTS = 256 << 20  # that a Checker remembers


class Helper:
    """The driver, as a process that does one command after the other (kernel/test/host/cuts.c)."""

    def __init__(self):
        self.process = None

    def command(self, *fields):
        """(status, what the harness complained about)."""
        if not self.process:
            self.process = subprocess.Popen(
                [HELPER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, errors="replace", bufsize=1)
        said = []
        try:
            self.process.stdin.write("\t".join(fields) + "\n")
            self.process.stdin.flush()
            for line in self.process.stdout:
                if line.startswith("done "):
                    if said:
                        self.stop()
                    return int(line.split()[1]), "".join(said)
                said.append(line)
        except BrokenPipeError:
            pass
        self.stop()
        return -1, "".join(said)[-3000:] or "the helper died"

    def stop(self):
        if self.process:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None


def read_tree(path):
    """What the helper's `dump` wrote: path: (kind, links, bytes)."""
    with open(path, "rb") as f:
        data = f.read()
    tree, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        kind, size, links, name = data[at:end].decode("utf-8", "replace").split(" ", 3)
        at = end + 1 + int(size)
        tree[name] = (kind, int(links), data[end + 1:at])
    return tree


def e2fsck(option, disk, worst=0):
    """None, or what e2fsck said if its status is above `worst`."""
    done = subprocess.run(["e2fsck", option, disk], env=ENV, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", check=False, close_fds=False)
    if done.returncode <= worst:
        return None
    return f"e2fsck {option}: status {done.returncode}: {done.stdout[:1500]}"


class Checker:
    """mount=False: only e2fsck replays journals."""

    def __init__(self, kind, folder, mount=True):
        self.mount = mount
        _, _, self.type, self.journal = KINDS[kind]
        self.helper = Helper()
        self.disk, self.out = os.path.join(folder, "disk"), os.path.join(folder, "tree")
        self.found, self.looked = {}, 0  # by a disk's digest; how many were looked at
        self.contents, self.room = {}, MOST_CONTENTS  # each once; bytes that they may still have

    def put(self, image):
        """Over the last one, whose memory need not be found again."""
        if not os.path.exists(self.disk) or os.path.getsize(self.disk) != len(image):
            with open(self.disk, "wb"):
                pass
        with open(self.disk, "r+b", buffering=0) as f:
            f.write(image)

    def tree(self, mode):
        """(tree, problem)."""
        status, said = self.helper.command("dump", self.type, mode, self.disk, self.out)
        if status or said:
            return None, f"mounted {mode} by Skerry: status {status} {said}"
        tree = read_tree(self.out)
        for path, (kind, links, data) in tree.items():
            self.room -= 0 if data in self.contents else len(data)
            tree[path] = (kind, links, self.contents.setdefault(data, data))
        return tree, None

    def check(self, disk, accept):
        """Problems of a disk after a cut. accept(tree) tells what is wrong with the tree."""
        problems = []
        for how, tree, problem in self.look(disk):
            problems += [how + p for p in ([problem] if problem else accept(tree))]
        return problems

    def look(self, disk):
        """What is found on a disk: (how, tree, problem) in each way of looking."""
        digest = disk.digest()
        if self.room < 0:
            self.found, self.contents, self.room = {}, {}, MOST_CONTENTS
        if digest not in self.found:
            self.looked += 1
            image, thorough = disk.image(), digest % 4 == 0
            self.found[digest] = list(self.replayed(image, thorough) if self.journal
                                      else self.repaired(image, thorough))
        return self.found[digest]

    def replayed(self, image, thorough):
        problem = None
        if self.mount:
            self.put(image)
            tree, problem = self.tree("rw")
            problem = problem or e2fsck("-fn", self.disk)
            yield "", tree, problem
        if not problem and (thorough or not self.mount):
            self.put(image)
            tree, problem = None, e2fsck("-fp", self.disk, 1) or e2fsck("-fn", self.disk)
            if not problem:
                tree, problem = self.tree("ro")
            yield "replayed by e2fsck: ", tree, problem

    def repaired(self, image, thorough):
        self.put(image)
        tree, problem = None, e2fsck("-fy", self.disk, 3)
        if not problem and thorough:
            problem = e2fsck("-fn", self.disk)
        if not problem:
            tree, problem = self.tree("ro")
        yield "", tree, problem
