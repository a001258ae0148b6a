"""Runs programs of a Debian root (ci/debian.py) on either kernel, and holds what they said against
each other.

An *item* is a command of that root with a name and a time limit. The items and the files they want
are a tar archive on the third disk, which the guest unpacks into /tmp of the root; it runs one item
after another, each in an empty directory of its own on the disk, and what an item leaves behind is
killed. When a machine dies, that is the result of the item that ran, and a new machine goes on
with the next. What Linux said is kept in $USER_B/debian/NAME.linux.json by the checksums of
everything involved, and is not asked for again.

    disk = debian.make_disk(...)
    suite = foreign.Suite("text", disk, [foreign.Item("sort", "sh $SUITE/sort.sh")], files)
    foreign.same(suite)                        # or take status and lines apart:
    result = suite.run("linux")["sort"]
"""

import difflib
import hashlib
import io
import json
import os
import re
import tarfile
import time
import typing

import debian
import tool

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PANIC = re.compile(r"(\[[ .0-9]+\] )?(Kernel |kernel )?panic[: ]|\[[ .0-9]+\] .*lock order:")
RESTARTS = 12
BAD = (-1, 126, 127)   # statuses of an item that has not done what it is for
SILENCE = 60           # seconds beyond an item's own limit, and for a machine that does not begin

# The guest's side. Nothing of an item stays: not its processes, not its files. Addresses are the
# same each time (linux64 -R), as QEMU translates code anew for others, which is most of what short
# programs cost.
RUN = f"""# usage: run FIRST; the items from that number on
dmesg -n 1
stty -echo -onlcr
{debian.ENTER} || {{ echo "@@ NODISK"; exit 1; }}
tar -xf /dev/sdc -C /mnt/tmp || {{ echo "@@ NODISK"; exit 1; }}
mount -t tmpfs tmpfs /mnt/dev/shm
chmod 1777 /mnt/tmp /mnt/dev/shm /mnt/var/tmp
[ -e /mnt/dev/fd ] || {{
	ln -s /proc/self/fd /mnt/dev/fd
	ln -s fd/0 /mnt/dev/stdin
	ln -s fd/1 /mnt/dev/stdout
	ln -s fd/2 /mnt/dev/stderr
}}
ip link set lo up
hostname skerry
ulimit -c 0
number=0
while read -r name seconds command; do
	number=$((number + 1))
	[ $number -ge $1 ] || continue
	echo "@@ BEGIN $name"
	mkdir /mnt/work
	timeout -s KILL $((seconds + 10)) linux64 -R chroot /mnt /usr/bin/env -i \\
		HOME=/root USER=root LC_ALL=C TERM=dumb \\
		PATH=/usr/sbin:/usr/bin:/sbin:/bin SUITE=/tmp/suite \\
		/usr/bin/timeout -s TERM $seconds /bin/sh -c "cd /work && $command" \\
		</dev/null >/tmp/said 2>&1
	status=$?
	left=$(ls -ld /proc/[0-9]*/root 2>/dev/null |
		sed -n 's,.*/proc/\\([0-9]*\\)/root -> /mnt$,\\1,p')
	[ -z "$left" ] || kill -KILL $left 2>/dev/null
	cat /tmp/said
	echo
	echo "@@ END $name $status"
	rm -rf /mnt/work /mnt/tmp/[!s]* /mnt/tmp/.[!.]* /mnt/dev/shm/*
done </mnt/tmp/suite/items
dmesg | grep -A 12 'should not happen' | sed 's/^/@@ WARN /'
echo "@@ DONE"
"""

# For scripts: runs a program as the user of debian.TESTER; and what begins so goes on as that user.
SETPRIV = "setpriv --reuid=1000 --regid=1000 --groups=1000,1001"
AS_TESTER = f"""[ $(id -u) != 0 ] || {{
	chown tester .
	export HOME=/work USER=tester
	exec {SETPRIV} sh $0 $1
}}
"""


class Item(typing.NamedTuple):
    name: str
    command: str
    seconds: int = 60


class Result(typing.NamedTuple):
    status: int
    lines: list


guest = tool.load("ci/guest")


class Suite:
    def __init__(self, name, disk, items, files=None):
        """FILES: name below $SUITE: text or bytes."""
        self.name, self.disk, self.items = name, disk, items
        self.files = {k: v if isinstance(v, bytes) else v.encode()
                      for k, v in (files or {}).items()}
        self.folder = os.path.join(TOP, guest.B, "test", "system")
        os.makedirs(self.folder, exist_ok=True)
        self.warnings = []

    def run(self, kernel):
        """Each item's Result by its name."""
        results = self.known() if kernel == "linux" else {}
        if kernel != "linux":
            self.warnings = []
        left = [item for item in self.items if item.name not in results]
        archive = os.path.join(self.folder, f"foreign-{self.name}-{kernel}.tar")
        self.pack(archive, left)
        with open(os.path.join(self.folder, f"foreign-{self.name}-{kernel}.console"), "wb") as log:
            for _ in range(RESTARTS):
                first = next((n for n, item in enumerate(left) if item.name not in results), None)
                if first is None:
                    break
                self.run_machine(kernel, archive, left, first, results, log)
        os.unlink(archive)
        for item in left:
            results.setdefault(item.name, Result(-1, ["has not run"]))
        return results

    def pack(self, path, items):
        """The third disk."""
        table = "".join(f"{i.name} {i.seconds} {i.command}\n" for i in items).encode()
        with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as tar:
            for name, data in {"items": table, "run": RUN.encode(), **self.files}.items():
                info = tarfile.TarInfo("suite/" + name)
                info.size, info.mode = len(data), 0o755
                tar.addfile(info, io.BytesIO(data))

    def run_machine(self, kernel, archive, items, first, results, log):
        """One machine, from item number FIRST on."""
        image = os.environ.get("TEST_IMAGE", f"{guest.B}/test.img")
        limit = sum(item.seconds + 30 for item in items[first:]) + 300
        with guest.Machine(kernel, "elf", log, image=[image, self.disk, archive],
                           limit=limit) as machine:
            if not machine.await_prompt(400):
                return
            machine.send(f"tar -xOf /dev/sdc suite/run >/tmp/run; sh /tmp/run {first + 1}\n")
            self.follow(machine, items, results, time.monotonic() + limit)
        if kernel == "linux":
            self.keep(results)

    def follow(self, machine, items, results, end):
        """Read the console to the end of the run."""
        seconds = {item.name: item.seconds for item in items}
        name, said = None, []
        why = "the machine is silent"
        # A line comes at least as often as an item may last.
        for text in machine.lines(max(seconds.values()) + SILENCE):
            words = text.split()
            if words[:2] == ["@@", "BEGIN"] and len(words) == 3 and words[2] in seconds:
                name, said = words[2], []
            elif words[:2] == ["@@", "END"] and name and len(words) == 4:
                results[name] = Result(int(words[3]), said[:-1] if said[-1:] == [""] else said)
                name = None
            elif words[:2] in (["@@", "DONE"], ["@@", "NODISK"]):
                return
            elif words[:2] == ["@@", "WARN"]:
                self.warnings.append(text[8:])
            else:
                said.append(text)
            if PANIC.match(text):
                why = "the kernel panics"
                said += [line for _, line in zip(range(40), machine.lines(2))]
                break
            if time.monotonic() > end:
                why = "out of time"
                break
        if name:
            results[name] = Result(-1, said[-80:] + [why])

    def differences(self):
        """Run all items on both kernels: what differs, and what is wrong by itself, as lines."""
        return self.compare(self.run("linux"), self.run("skerry"), lambda result: result)

    def failures(self, verdict):
        """For items that know what is right: run all on Skerry, and on Linux those whose verdict is
        another than that of status 0 and no lines. Linux has to judge these alike. What is wrong,
        as lines."""
        good = verdict(Result(0, []))
        bad = {name: result for name, result in self.run("skerry").items()
               if verdict(result) != good}
        peer = Suite(self.name, self.disk, [i for i in self.items if i.name in bad], self.files)
        theirs = peer.run("linux") if bad else {}
        print(f"{self.name}: {len(self.items)} tests, {len(self.items) - len(bad)} pass",
              *(f"{name}: status {result.status}, Linux {theirs[name].status}"
                for name, result in bad.items()), sep="\n")
        return self.compare(theirs, bad, verdict)

    def compare(self, theirs, ours, verdict):
        """How the verdicts differ, as lines, with the kernel's warnings."""
        wrong = []
        for name, result in ours.items():
            if verdict(result) != verdict(theirs[name]) or theirs[name].status in BAD:
                wrong += [f"{name}: status {result.status}, Linux {theirs[name].status}",
                          *difflib.unified_diff(theirs[name].lines, result.lines, "Linux",
                                                "Skerry", n=4, lineterm="")]
        return wrong + self.warnings

    # ---- what Linux said before ------------------------------------------------------------

    def digest(self, item):
        """The checksum of everything that what Linux says of ITEM hangs on."""
        mark = os.path.splitext(self.disk)[0] + ".is"
        digest = hashlib.sha256(f"{RUN} {item} {os.environ.get('SMP')}".encode())
        for path in (mark, f"{guest.USER_B}/peer/vmlinuz", f"{guest.USER_B}/peer/initrd.img"):
            with open(path, "rb") as f:
                digest.update(f.read())
        for name, data in sorted(self.files.items()):
            # A file whose name is not in the command belongs to all items.
            if name in item.command or not any(name in other.command for other in self.items):
                digest.update(data)
        return digest.hexdigest()

    def store(self):
        return os.path.join(debian.FOLDER, self.name + ".linux.json")

    def known(self):
        try:
            with open(self.store(), encoding="utf-8") as f:
                kept = json.load(f)
        except (OSError, ValueError):
            return {}
        return {item.name: Result(*kept[item.name][1:]) for item in self.items
                if kept.get(item.name, [None])[0] == self.digest(item)}

    def keep(self, results):
        try:
            with open(self.store(), encoding="utf-8") as f:
                kept = json.load(f)
        except (OSError, ValueError):
            kept = {}
        for item in self.items:
            if item.name in results and results[item.name].status not in BAD:
                kept[item.name] = [self.digest(item), *results[item.name]]
        with open(self.store() + ".new", "w", encoding="utf-8") as f:
            json.dump(kept, f)
        os.rename(self.store() + ".new", self.store())


def same(suite):
    """Every item must end alike on both kernels, and be found there."""
    wrong = suite.differences()
    assert not wrong, "\n".join(wrong)


def scripts(suite, disk, *names, seconds=1200):
    """A Suite of shell scripts in ci/foreign, for bash of that disk. What ends with .sh there is
    shared by them."""
    files = {}
    folder = os.path.join(TOP, "ci", "foreign")
    for name in (*names, *(name for name in os.listdir(folder) if name.endswith(".sh"))):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            files[name] = f.read()
    return Suite(suite, disk, [Item(name, f"bash $SUITE/{name}", seconds) for name in names], files)
