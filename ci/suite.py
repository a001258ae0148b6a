"""What the suites of others have in common (ci/busybox-suite, ci/posix-suite): they run in the
guest, on both kernels, and what came of that is compared.

A suite is made of groups, and a group of tests. It goes into the machine as a tar archive on a
second disk, with the program `run` that says on the console

    @@ BEGIN GROUP
    VERDICT: TEST           one for each test, and what the test says before it or behind it
    @@ END GROUP STATUS     137: the group did not end in time
    @@ DONE

Results go as `GROUP: VERDICT: TEST` to $B/NAME-suite/KERNEL.results, in place of what an earlier
run said of the same groups, and what failed tests said to KERNEL.details. When a machine dies, a
new one goes on with the next group. With --known nothing runs if all has run to its end before with
the same kernel and suite.
"""

import argparse
import hashlib
import io
import os
import re
import sys
import tarfile
import time

import tool

sys.dont_write_bytecode = True
guest = tool.load("ci/guest")
RESTARTS = 5


def add_file(tar, name, text):
    """A program of the archive."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(text), 0o755
    tar.addfile(info, io.BytesIO(text.encode()))


def owned(info):
    """For tar.add: root owns all, and the same files make the same archive."""
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = "root"
    return info


class Results:
    """Reads the console; what each group's tests came to."""

    def __init__(self, groups, verdicts):
        self.left = list(groups)
        self.pattern = re.compile(f"({verdicts}): (.*)$")
        self.group = None
        self.lines, self.details, self.said = [], [], []
        self.broken = False      # a machine died, or some group's tests did not end

    def line(self, text):
        """True when the guest is done."""
        words = text.split()
        match = self.pattern.match(text)
        if words[:2] == ["@@", "BEGIN"] and len(words) == 3:
            self.group, self.said = words[2], []
        elif words[:2] == ["@@", "END"] and self.group:
            if words[-1] == "137":
                self.result("FAIL", "(does not end in time)")
                self.broken = True
            self.end()
        elif words[:2] == ["@@", "DONE"]:
            return True
        elif match and self.group:
            self.result(match.group(1), match.group(2).strip())
        elif self.group:
            self.said.append(text)
        return False

    def result(self, kind, name):
        line = f"{self.group}: {kind}: {name}"
        print(line, flush=True)
        self.lines.append(line)
        if kind not in ("PASS", "SKIPPED"):
            # What a test says comes behind its result.
            self.details.append([line])
            self.said = self.details[-1]
        else:
            self.said = []

    def end(self):
        self.left.remove(self.group)
        self.group = None

    def lost(self, why, tail):
        self.broken = True
        self.result("FAIL", f"({why})")
        self.details[-1] += tail
        self.end()


class Suite:
    """One suite, as its program describes it; where its results are kept."""

    verdicts = "PASS|FAIL|SKIPPED|UNTESTED"
    machine_seconds = 1900   # for one machine
    group_seconds = 500      # for one group's tests
    silence = 530            # and for a line on the console
    qemu = ()                # QEMU's further arguments

    def __init__(self, name):
        self.name = name
        self.folder = os.path.join(guest.B, f"{name}-suite")

    def groups(self, names):
        """All groups, or those that NAMES ask for."""
        raise NotImplementedError

    def pack(self, tar):
        """Add the files below suite/, with suite/run: its arguments are seconds and groups."""
        raise NotImplementedError

    def compare(self):
        """Print what differs; the program's status."""
        raise NotImplementedError

    def batch(self, left):
        """The groups that the next machine is to run, and the seconds that one of them may take."""
        return left, self.group_seconds

    def read(self, kernel, what):
        try:
            with open(f"{self.folder}/{kernel}.{what}", encoding="utf-8") as f:
                return f.read().split("\n")[:-1]
        except OSError:
            return []

    def write(self, kernel, what, lines):
        with open(f"{self.folder}/{kernel}.{what}", "w", encoding="utf-8") as f:
            f.writelines(line + "\n" for line in lines)

    def read_results(self, kernel):
        """(group, test) to list of verdicts: some names stand for more than one test."""
        found = {}
        for line in self.read(kernel, "results"):
            group, kind, name = line.split(": ", 2)
            found.setdefault((group, name), []).append(kind)
        if not found:
            sys.exit(f"{self.name}-suite: no results; "
                     f"run `ci/{self.name}-suite --kernel {kernel}` first")
        return found

    def store(self, kernel, results, digest, whole):
        """In place of what is known of the same groups. A digest stands for one whole run."""
        failed = re.compile(rf"[\w./-]+: ({self.verdicts}): ")
        known, details = self.read(kernel, "results"), []
        for line in self.read(kernel, "details"):
            if failed.match(line) or not details:
                details.append([])
            details[-1].append(line)
        ran = {line.split(":")[0] for line in results.lines}
        self.write(kernel, "results",
                   [line for line in known if line.split(":")[0] not in ran] + results.lines)
        self.write(kernel, "details",
                   [line for item in details if item[0].split(":")[0] not in ran for line in item] +
                   [line for item in results.details for line in item])
        whole = whole and not results.left and not results.broken
        whole = whole or self.read(kernel, "digest") == [digest]
        self.write(kernel, "digest", [digest] if whole else [])


def digest_of(kernel, disk):
    """The checksum of everything that a run's results hang on."""
    inputs = [disk]
    inputs += [f"{guest.USER_B}/peer/vmlinuz", f"{guest.USER_B}/peer/initrd.img"] \
        if kernel == "linux" else [f"{guest.B}/skerry.elf"]
    digest = hashlib.sha256()
    for path in inputs:
        with open(path, "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()


def follow(machine, results, silence, end):
    """Read the console to the end of the run; what is wrong, or None."""
    for text in machine.lines(silence):
        if results.line(text):
            return None
        if re.match(r"(\[[ .0-9]+\] )?(Kernel )?panic[: ]", text):
            for _ in zip(range(40), machine.lines(2)):
                pass
            return "the kernel panics"
        if time.monotonic() > end:
            return "out of time"
    return "the machine is silent"


def start(machine, place, seconds, groups):
    """Type the commands that run GROUPS; a line of the shell has 1024 characters."""
    machine.send(f"cd {place} && tar -xf /dev/sdb; set --\n")
    for i in range(0, len(groups), 20):
        machine.send(f'set -- "$@" {" ".join(groups[i:i + 20])}\n')
    machine.send(f'suite/run {seconds} "$@"\n')


def run_machine(suite, args, results, disk, log):
    """One machine for what is left. True when another one may go on."""
    groups, seconds = suite.batch(results.left)
    limit = max(seconds, suite.machine_seconds)
    why = "the machine does not come to a prompt"
    with guest.Machine(args.kernel, "elf", log, image=[guest.IMAGE, disk], limit=limit + 180,
                       drives=list(suite.qemu)) as machine:
        if machine.await_prompt(600):
            start(machine, args.place, seconds, groups)
            why = follow(machine, results, max(seconds + 30, suite.silence),
                         time.monotonic() + limit + 60)
    if not why:
        return bool(results.left)
    print(f"{why}; the console ends with:", *machine.tail[-30:], sep="\n| ")
    if not results.group:
        # Linux names disks in the order they answer: if ours is not the first, it finds no root.
        return args.kernel == "linux"
    results.lost(why, machine.tail[-40:])
    return bool(results.left)


def sum_up(lines, unknown=()):
    """Print the totals; the program's status."""
    passed = sum(": PASS: " in line for line in lines)
    failed = sum(": FAIL: " in line for line in lines) + len(unknown)
    for group in unknown:
        print(f"{group}: has not run")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


def run(suite, args):
    groups = suite.groups(args.names)
    if not groups:
        sys.exit(f"{suite.name}-suite: nothing to run: not built, or no such group")
    results = Results(groups, suite.verdicts)
    os.makedirs(suite.folder, exist_ok=True)
    disk = f"{suite.folder}/{args.kernel}.tar"
    guest.end_by_signal()
    with tarfile.open(disk, "w", format=tarfile.GNU_FORMAT) as tar:
        suite.pack(tar)
    digest = digest_of(args.kernel, disk)
    if args.known and suite.read(args.kernel, "digest") == [digest]:
        os.unlink(disk)
        return sum_up(suite.read(args.kernel, "results"))
    with open(args.log or f"{suite.folder}/{args.kernel}.console", "wb") as log:
        for _ in range(RESTARTS + 1):
            if not run_machine(suite, args, results, disk, log):
                break
    os.unlink(disk)
    suite.store(args.kernel, results, digest, whole=not args.names)
    for line in results.details:
        print("---", *line, sep="\n")
    return sum_up(results.lines, results.left)


def main(suite, doc):
    """The program of a suite; DOC is its own text, whose first paragraph of usage is shown."""
    parser = argparse.ArgumentParser(usage=doc.split("usage: ")[1].split("\n\n")[0])
    parser.add_argument("--kernel", choices=["skerry", "linux"])
    parser.add_argument("--known", action="store_true")
    parser.add_argument("--log")
    parser.add_argument("--place", default="/var/tmp")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if args.kernel:
        sys.exit(run(suite, args))
    if args.names != ["compare"]:
        parser.error("--kernel or compare")
    sys.exit(suite.compare())
