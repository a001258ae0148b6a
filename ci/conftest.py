"""What system tests share: machines with a console to type at.

A test asks for `machine`, and calls it for a Console: machine(boot="uefi", mem="64M"). Each Console
is one QEMU with a hard time limit; whatever a test leaves running is ended, and its console is in
$B/test/system/NAME.console. `--kernel linux` runs the tests that make sense there on the peer.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys

import pexpect
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from cable import Cable  # pylint: disable=wrong-import-position

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
B = os.path.join(TOP, os.environ.get("B", "build"))
USER_B = os.path.join(TOP, os.environ.get("USER_B", B))
# The login shell's prompt, or a plain one within; other processes may write behind it.
PROMPT = r"(@\w+:\S*|\n\S+ )[$#] "
MACHINE_SECONDS = 1200
# What tests wait at most is meant for a machine that has nothing else to do; this many times that.
PATIENCE = 4


def pytest_addoption(parser):
    parser.addoption("--kernel", default=os.environ.get("TEST_KERNEL", "skerry"),
                     choices=["skerry", "linux"])


def make_ports(*words):
    """Have make build ports; one test at a time, as they share folders. The process that ended,
    with what it printed."""
    with open(os.path.join(B, "test", "ports.lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.run([os.environ.get("MAKE", "make"), "-s", *words], cwd=TOP, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)


class Console(pexpect.spawn):
    """A QEMU process; what is typed goes to its serial line."""

    def __init__(self, arguments, env, log, seconds):
        super().__init__("timeout", ["-k", "5", str(seconds), f"{TOP}/ci/run-qemu", *arguments],
                         env=env, timeout=60 * PATIENCE, encoding="utf-8", codec_errors="replace",
                         dimensions=(24, 80), echo=False)
        self.logfile_read = open(log, "w", encoding="utf-8")
        self.delaybeforesend = None

    def expect(self, pattern, timeout=-1, **options):  # pylint: disable=arguments-differ
        """Wait for a pattern; for pexpect.TIMEOUT just as long as is said."""
        if pattern is not pexpect.TIMEOUT and timeout != -1:
            timeout *= PATIENCE
        return super().expect(pattern, timeout, **options)

    def read_nonblocking(self, *arguments, **options):
        # QEMU's side of this terminal adds a carriage return to the guest's: tests see none.
        return super().read_nonblocking(*arguments, **options).replace("\r", "")

    def prompt(self, timeout=60):
        """Wait for a shell's prompt. A panic does not wait for the time to run out."""
        found = self.expect([PROMPT, r"(?i)panic[: ]"], timeout=timeout)
        assert found == 0, "the kernel panics: " + self.rest()
        return self.before

    def rest(self, seconds=3):
        """What else comes, until it is quiet or over."""
        super().expect([pexpect.EOF, pexpect.TIMEOUT], timeout=seconds)
        return self.before or ""

    def run(self, command, timeout=60):
        """Type a command; its status and its output, echo and prompt taken off."""
        self.sendline(command + '; echo "@@"$?"@@"')
        self.expect(r"@@(\d+)@@\n", timeout=timeout)
        status, text = int(self.match.group(1)), self.before
        self.prompt()
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
        return status, text.split('"@@"\n', 1)[-1]

    def output(self, command, timeout=60):
        """The output of a command that must succeed."""
        status, text = self.run(command, timeout)
        assert status == 0, f"{command}: status {status}: {text}"
        return text

    def no_lease(self):
        """Stop what asks for an address at boot, once it has begun to: services start beside the
        first prompt."""
        self.run("i=0; until service network >/dev/null 2>&1 || [ $i = 200 ]; do "
                 "i=$((i+1)); usleep 100000; done; killall -9 ifup 2>/dev/null; sleep 1; "
                 "killall -9 udhcpc 2>/dev/null; sleep 1", 60)

    def monitor(self, command):
        """Give QEMU's own monitor a command, and return to the guest's console."""
        self.send("\x01c")
        self.expect_exact("(qemu) ")
        self.sendline(command)
        self.expect_exact("(qemu) ")
        self.send("\x01c")

    def ended(self, timeout=60):
        """Wait for QEMU's end; its status."""
        self.expect(pexpect.EOF, timeout=timeout)
        self.close()
        return self.exitstatus

    def stop(self):
        if self.isalive():
            self.terminate(force=True)
        self.close(force=True)
        self.logfile_read.close()


@pytest.fixture(name="kernel")
def kernel_fixture(request):
    return request.config.getoption("--kernel")


@pytest.fixture(name="consoles", scope="module")
def consoles_fixture(request):
    """Makes Consoles that live as long as the module."""
    opened = []
    folder = os.path.join(B, "test", "system")
    os.makedirs(folder, exist_ok=True)

    def start(name, boot="elf", disks=None, append="", env=None, test=True, seconds=MACHINE_SECONDS,
              net=None, extra=(), kernel=None):
        kernel = kernel or request.config.getoption("--kernel")
        arguments = ["--test"] if test else []
        if kernel == "linux":
            arguments.append("--linux")
        elif boot == "elf":
            arguments += ["--kernel", os.path.join(B, "skerry.elf")]
        elif boot == "uefi":
            arguments.append("--uefi")
        if net:
            arguments += ["--net", net]
        if append:
            arguments += ["--append", append]
        arguments += disks or [os.path.join(B, "skerry.img")]
        if extra:
            arguments += ["--", *extra]
        variables = dict(os.environ, B=USER_B, **(env or {}))
        log = os.path.join(folder, f"{name}-{len(opened)}.console")
        opened.append(Console(arguments, variables, log, seconds))
        return opened[-1]

    yield start
    for console in opened:
        console.stop()


@pytest.fixture(name="machine")
def machine_fixture(request, consoles):
    """Makes Consoles for one test, ended with it."""
    mine = []

    def start(**options):
        name = re.sub(r"\W+", "-", request.node.name)
        mine.append(consoles(name, **options))
        return mine[-1]

    yield start
    for console in mine:
        console.stop()


@pytest.fixture(name="cable")
def cable_fixture(tmp_path):
    """A cable for two machines (ci/cable.py)."""
    with Cable(str(tmp_path)) as cable:
        yield cable


@pytest.fixture(name="disk_copy")
def disk_copy_fixture(tmp_path):
    """A copy of the image, to be written."""
    path = tmp_path / "disk.img"
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", os.path.join(B, "skerry.img"), path],
                   check=True)
    yield str(path)
    shutil.rmtree(tmp_path, ignore_errors=True)
