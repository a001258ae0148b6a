"""How many processors run, and that a program may use them all at once."""

import re

import pexpect
import pytest


def cpus(console):
    """The CPUs that the kernel counts, each way."""
    names = set(re.findall(r"^cpu(\d+) ", console.output("cat /proc/stat"), re.M))
    assert len(names) == int(console.output("grep -c ^processor /proc/cpuinfo"))
    assert len(names) == int(console.output("nproc"))
    return len(names)


@pytest.mark.parametrize("smp,kind,append,count", [
    ("4", "q35", "", 4), ("2", "pc", "", 2), ("64", "q35", "", 64), ("4", "q35", "maxcpus=3", 3),
    ("4", "q35", "nosmp", 1), ("4", "q35", "maxcpus=1", 1), ("66", "q35", "", 64)])
def test_count(machine, smp, kind, append, count):
    console = machine(env={"SMP": smp, "MACHINE": kind}, append=append)
    console.prompt(200)
    assert cpus(console) == count


@pytest.mark.parametrize("boot", ["disk", "uefi"])
def test_loader(machine, boot):
    console = machine(env={"SMP": "4"}, boot=boot)
    console.prompt(200)
    assert cpus(console) == 4


def test_all_work(machine):
    console = machine(env={"SMP": "4"})
    console.prompt()
    console.run("for i in 1 2 3 4; do (while :; do :; done) & done; sleep 3")
    busy = re.findall(r"^cpu\d+ (\d+)", console.output("cat /proc/stat"), re.M)
    assert len(busy) == 4 and all(int(ticks) > 10 for ticks in busy)


def test_counters_disagree(machine):
    """The clock goes on without the TSC, and does not go back."""
    console = machine(env={"SMP": "4"}, append="tsc=unstable")
    console.prompt()
    assert "in place of the TSC" in console.output("dmesg")
    times = [float(console.output("cut -d' ' -f1 /proc/uptime")) for _ in range(3)]
    assert times == sorted(times)
    assert 0.9 < float(console.output(
        "a=$(cut -d' ' -f1 /proc/uptime); sleep 1; b=$(cut -d' ' -f1 /proc/uptime); "
        "echo $a $b | awk '{ print $2 - $1 }'")) < 10


def test_idle_machine_is_not_reported(machine):
    """Seconds lie between the ticks of an idle processor, and each wakes somebody."""
    console = machine(env={"SMP": "1"})
    console.prompt()
    console.expect(pexpect.TIMEOUT, timeout=40)
    assert "watchdog" not in console.before
