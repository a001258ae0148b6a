"""Workloads of whole programs in a guest: an SQLite database under transactions, by Debian's own
sqlite3, and the extraction of an archive. Each says by marks "commit N" what is stable.

A workload has `files` (disks that the guest gets besides), `size` in KiB, run(console, type), and
accept(done, journal, tree): what is wrong with a tree of which commits up to `done` are promised.
"""

import io
import os
import random
import shutil
import sqlite3
import tarfile

import debian

# As the guests see them: the recorded disk, marks, then what the workload brings.
CUTS = "/usr/lib/skerry-tests/cuts"
DISK, MARKS, MORE = "/dev/sdb", "/dev/sdc", ["/dev/sdd", "/dev/sde", "/dev/sdf"]
SQLITE = "sqlite3 libsqlite3-0 libreadline8 libtinfo6 zlib1g libc6 dash".split()
TRANSACTIONS = 40


def text_disk(path, text):
    """Text as a disk that the guest reads by `head -c`: its length."""
    data = text.encode()
    with open(path, "wb") as f:
        f.write(data + bytes(-len(data) % 4096))
    return len(data)


class Database:
    """Transactions that insert, update and delete rows; the cache is small, so that pages of
    transactions that are not committed yet are written, too."""

    size = 16384

    def __init__(self, mode, folder):
        self.mode, self.folder = mode, folder
        self.script = os.path.join(folder, "script")
        safe = "EXTRA" if mode == "delete" else "FULL"
        lines = ["PRAGMA page_size=1024;", f"PRAGMA journal_mode={mode};",
                 f"PRAGMA synchronous={safe};", "PRAGMA cache_size=12;",
                 "PRAGMA wal_autocheckpoint=25;"]
        for number in range(TRANSACTIONS + 1):
            lines += [self.transaction(number), f".shell /run/cuts mark {MARKS} 'commit {number}'"]
        self.length = text_disk(self.script, "\n".join(lines) + "\n")
        self.files = [debian.make_disk("sqlite", SQLITE, size="64M"), self.script]
        self.expected = [None]
        with sqlite3.connect(":memory:", isolation_level=None) as db:
            for number in range(TRANSACTIONS + 1):
                db.executescript(self.transaction(number))
                self.expected.append(self.rows(db))

    @staticmethod
    def transaction(number):
        if number == 0:
            return "BEGIN; CREATE TABLE t(n INTEGER, k INTEGER, b TEXT); " \
                "CREATE INDEX i ON t(b); CREATE TABLE s(total INTEGER); " \
                "INSERT INTO s VALUES(0); COMMIT;"
        count = 3 + number * 7 % 25
        return f"BEGIN; WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE " \
            f"x<{count}) INSERT INTO t SELECT {number}, x, printf('%0*d', x*{number}%300, " \
            f"x*7919*{number}) FROM c; UPDATE s SET total=total+{count}; " \
            f"UPDATE t SET b=b||'u' WHERE k=2; " \
            f"DELETE FROM t WHERE n={number - 9} AND k>2; COMMIT;"

    @staticmethod
    def rows(db):
        return (db.execute("SELECT * FROM t ORDER BY n, k").fetchall(),
                db.execute("SELECT * FROM s").fetchall())

    def run(self, console, fs):
        console.output(debian.ENTER.replace("/dev/sdb", MORE[0]))
        console.output(f"cp {CUTS} /mnt/run/cuts && mount -t {fs} {DISK} /mnt/var/tmp")
        console.output(f"{CUTS} mark {MARKS} begin")
        console.output(f"head -c {self.length} {MORE[1]} | chroot /mnt sqlite3 /var/tmp/t.db", 600)
        console.output(f"{CUTS} mark {MARKS} end")

    def accept(self, done, _, tree):
        place = os.path.join(self.folder, f"database-{os.getpid()}")
        shutil.rmtree(place, ignore_errors=True)
        os.mkdir(place)
        for name in ("t.db", "t.db-journal", "t.db-wal"):
            if name in tree:
                with open(os.path.join(place, name), "wb") as f:
                    f.write(tree[name][2])
        if done < 0 and "t.db" not in tree:
            return []
        try:
            with sqlite3.connect(os.path.join(place, "t.db")) as db:
                whole = db.execute("PRAGMA integrity_check").fetchall()
                if whole != [("ok",)]:
                    return [f"integrity_check: {whole[:3]}"]
                tables = db.execute("SELECT count(*) FROM sqlite_master").fetchall()[0][0]
                found = self.rows(db) if tables else None
        except sqlite3.Error as error:
            return [f"sqlite: {error}"]
        if found in self.expected[done + 1:done + 3]:
            return []
        where = self.expected.index(found) - 1 if found in self.expected else "no"
        return [f"after commit {done} the database is that of commit {where}"]


class Archive:
    """An archive extracted three times, with sync after each, while a log is appended to and
    fsync'ed all the time."""

    size = 20480
    rounds = 3

    def __init__(self, folder):
        self.archive, self.tree = os.path.join(folder, "archive.tar"), {"": ("d", b"")}
        rng = random.Random(5)
        with tarfile.open(self.archive, "w") as tar:
            for number in range(90):
                folder = f"dir{number % 9}"
                name = f"{folder}/file{number}" + "y" * (number % 5 * 20)
                if folder not in self.tree:
                    self.add(tar, folder, tarfile.DIRTYPE)
                if number % 15 == 14:
                    self.add(tar, name, tarfile.SYMTYPE, link="file0" + "z" * number)
                    continue
                size = rng.choice((0, 100, 3000, 4096, 9000, 20000, 70000))
                self.add(tar, name, tarfile.REGTYPE, rng.randbytes(size))
        with open(self.archive, "ab") as f:
            f.write(bytes(-f.tell() % 4096))
        self.files = [self.archive]

    def add(self, tar, name, kind, data=b"", link=""):
        info = tarfile.TarInfo(name)
        info.type, info.size, info.linkname = kind, len(data), link
        info.mode = 0o755 if kind == tarfile.DIRTYPE else 0o644
        tar.addfile(info, io.BytesIO(data))
        self.tree[name] = {tarfile.DIRTYPE: ("d", b""), tarfile.SYMTYPE: ("l", link.encode()),
                           tarfile.REGTYPE: ("f", data)}[kind]

    def run(self, console, fs):
        console.output(f"mkdir -p /tmp/d && mount -t {fs} {DISK} /tmp/d")
        console.output(f"{CUTS} mark {MARKS} begin && cd /tmp/d")
        console.output("(while echo tick >>log && fsync log; do usleep 30000; done) & P=$!")
        for number in range(1, self.rounds + 1):
            console.output(f"mkdir r{number} && tar xf {MORE[0]} -C r{number} && sync && "
                           f"{CUTS} mark {MARKS} 'commit {number}'", 200)
        console.output(f"kill $P; {CUTS} mark {MARKS} end; cd /")

    def accept(self, done, journal, tree):
        problems = []
        for number in range(1, self.rounds + 1):
            top = f"r{number}"
            found = {p[len(top) + 1:]: f for p, f in tree.items()
                     if p == top or p.startswith(top + "/")}
            if number <= done:
                problems += [f"{top}/{p}: not as it was synced" for p, (kind, data)
                             in self.tree.items()
                             if p not in found or found[p][::2] != (kind, data)]
                problems += [f"{top}/{p}: there" for p in found if p not in self.tree]
            elif journal:
                problems += [f"{top}/{p}: has what was never written there"
                             for p, f in found.items() if not self.early(p, f)]
        return problems

    def early(self, path, found):
        """Whether a file may be so before it is synced: a part of it, or nothing."""
        if path not in self.tree or self.tree[path][0] != found[0]:
            return False
        expected, data = self.tree[path][1], found[2]
        if len(data) > len(expected):
            return False
        return data == expected[:len(data)] or all(
            data[i:i + 512] in (expected[i:i + 512][:len(data) - i], bytes(len(data[i:i + 512])))
            for i in range(0, len(data), 512))


def make(name, folder):
    return {"sqlite-delete": lambda: Database("delete", folder),
            "sqlite-wal": lambda: Database("wal", folder),
            "tar": lambda: Archive(folder)}[name]()


NAMES = ["sqlite-delete", "sqlite-wal", "tar"]
