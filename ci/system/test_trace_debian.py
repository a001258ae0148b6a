"""Debian's own strace and gdb, unmodified, from a second disk (ci/debian.py) on a program of ours
(traced.c): system calls of children and threads, filters, breakpoints, watchpoints, steps,
backtraces, calls into the program, threads, forks that are followed, signals, attaching. With
TEST_FULL only: gdb takes half a minute to start under a translator. Then Debian's Linux runs the
same in the same QEMU, and says the same but for addresses and numbers of processes."""

import os
import re
import subprocess

import pytest

import debian

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
B = os.path.join(TOP, os.environ.get("B", "build"))
SECONDS = 1500
GDB = "gdb -q -nx -batch -ex 'set debuginfod enabled off' -ex 'set pagination off' "

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")


def gdb(*commands, program="traced"):
    return GDB + " ".join(f"-ex '{command}'" for command in commands) + f" {program} 2>&1"


# Name, command in the disk's root, what its output has on both kernels.
CHECKS = [
    ("strace", "strace -o /tmp/s traced sums >/dev/null; cat /tmp/s",
     [r"execve\(.*\) = 0", r'write\(1, "total 6, result 12, mean 3.0\\n", 29\) += 29',
      r"\+\+\+ exited with 0 \+\+\+"]),
    ("strace-f", "strace -ff -o /tmp/f traced forks >/dev/null; for i in /tmp/f.*; do cat $i; "
                 "echo; done", [r"clone\(.*SIGCHLD", r"wait4\(.*WEXITSTATUS\(s\) == 7",
                                r'execve\("/proc/self/exe", \["/proc/self/exe", "leaf"\]',
                                r"--- SIGCHLD .*CLD_EXITED", r"\+\+\+ exited with 7"]),
    ("strace-threads", "strace -f -e trace=clone3,exit,exit_group traced threads 2>&1 | sort",
     [r"CLONE_THREAD", r"total 6"]),
    ("strace-signal", "strace -e trace=tgkill traced signals 2>&1",
     [r"--- SIGUSR1 \{si_signo=SIGUSR1, si_code=SI_TKILL", r"\+\+\+ killed by SIGABRT"]),
    ("strace-bpf", "strace --seccomp-bpf -f -e trace=execve -o /tmp/b traced forks; "
                   "sed 's/^[0-9]* *//' /tmp/b",
     [r'execve\("/proc/self/exe", \["/proc/self/exe", "leaf"\]', r"exited with 7"]),
    ("strace-attach", "traced waits & sleep 1; timeout -s INT 3 strace -e "
                      "trace=clock_nanosleep -p $! 2>&1 | sort -u; kill $!",
     [r"clock_nanosleep\(CLOCK_REALTIME, 0, \{tv_sec=0, tv_nsec=20000000\}"]),
    ("gdb-break", gdb("break inner", "run sums", "backtrace", "info args", "next", "step",
                      "finish", "print total", "clear inner", "print inner(10)", "watch total",
                      "continue", "backtrace 1", "hbreak outer", "continue", "stepi", "delete",
                      "continue"),
     [r"Breakpoint 1, inner \(value=1\)", r"#3 .* in main \(argc=2", r"value = 1",
      r"Value returned is \$1 = 2", r"\$3 = 22", r"Hardware watchpoint",
      r"Old value = 11\nNew value = 13", r"Hardware assisted breakpoint",
      r"outer \(value=2\)", r"total 16", r"exited normally"]),
    ("gdb-threads", gdb("break worker", "run threads", "thread apply all backtrace 1", "delete",
                        "continue") + " | grep -v -e '^.New Thr' -e 'exited.$' -e '^#0.*libc'",
     [r'hit Breakpoint 1, worker \(argument=0x[123]\)', r"Thread 1 ", r"total 6",
      r"exited normally"]),
    ("gdb-fork", gdb("set follow-fork-mode child", "catch exec", "break leaf", "run forks",
                     "continue", "backtrace", "continue"),
     [r"hit Catchpoint 1 \(exec'd /usr/bin/traced\)", r"hit Breakpoint 2, leaf \(\)",
      r"exited with code 07", r"status 7"]),
    ("gdb-signals", gdb("handle SIGUSR1 stop print pass", "break handler", "run signals",
                        "continue", "backtrace 2", "delete", "catch syscall write", "continue",
                        "continue", "delete", "continue", "kill"),
     [r"received signal SIGUSR1", r"Breakpoint 1, handler \(signal=10\)",
      r"<signal handler called>", r"call to syscall write", r"returned from syscall write",
      r"received signal SIGABRT", r"\[Inferior 1 \(process \d+\) killed\]"]),
    ("gdb-attach", "traced waits & sleep 1; " +
     gdb("backtrace", "set var total = 9", "detach", program="-p $!") +
     "; wait $!; echo ended with $?", [r"waits \(\)", r"detached\]", r"ended with 9"]),
]

# Each kernel's own: addresses, numbers of processes, times, random bytes, columns.
OWN = [(re.compile(pattern, re.M), instead) for pattern, instead in [
    (r"0x[0-9a-f]+", "0x"),
    (r"si_[us]time=\d+( /\*.*?\*/)?", "time"),
    (r'getrandom\(".*?"', "getrandom("),
    (r"tgkill\(\d+, \d+", "tgkill(N, N"),
    (r"((process|LWP|Process|si_pid=|wait4\(|parent_tid=\[|\[pid) *)\d+", r"\1N"),
    (r"^((wait4|clone3?|set_tid_address)\(.*\) +=) \d+", r"\1 N"),
    (r" +", " "),
]]


def run_checks(console):
    console.output(debian.ENTER)
    console.output("dmesg -n 1")
    said = {}
    for name, command, _ in CHECKS:
        with_quotes = command.replace("'", "'\\''")
        status, text = console.run(f"echo @be''gin; chroot /mnt sh -c '{with_quotes}'", 400)
        said[name] = text.split("@begin\n", 1)[1]
        print(f"== {name}: {status}\n{said[name]}")
    return said


def start(machine, kernel, disk):
    """A machine whose disks have the letters of their ports: Linux gives them as they come."""
    for _ in range(8):
        console = machine(kernel=kernel, seconds=SECONDS, disks=[os.path.join(B, "skerry.img"),
                                                                 disk],
                          env={"SMP": "2" if kernel == "skerry" else "1", "MEM": "512"})
        console.prompt(120)
        places = console.output("for d in /sys/block/sd*/device; do readlink $d; done")
        if re.findall(r"(\d):0:0:0", places) == ["0", "1"]:
            return console
        console.stop()
    raise AssertionError("the disks never came in order")


def shared(text):
    for pattern, instead in OWN:
        text = pattern.sub(instead, text)
    return text


def test_programs(machine, tmp_path):
    program = str(tmp_path / "traced")
    subprocess.run(["cc", "-g", "-O0", "-pthread", "-o", program, "traced.c"], check=True, cwd=HERE)
    with open(program, "rb") as f:
        disk = debian.make_disk("trace", debian.TRACE, {"usr/bin/traced": f.read()}, size="512M")
    ours = run_checks(start(machine, "skerry", disk))
    for name, _, wanted in CHECKS:
        for pattern in wanted:
            assert re.search(pattern, ours[name], re.M), f"{name}: {pattern}: {ours[name]}"
    theirs = run_checks(start(machine, "linux", disk))
    for name, _, wanted in CHECKS:
        for pattern in wanted:
            assert re.search(pattern, theirs[name], re.M), f"{name}: {pattern}: {theirs[name]}"
    for name in ("strace", "strace-f", "strace-signal", "strace-bpf", "gdb-break", "gdb-signals"):
        assert shared(ours[name]) == shared(theirs[name]), name
