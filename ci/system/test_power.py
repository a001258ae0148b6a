"""Ending: poweroff, reboot, halt, and what must not be lost by them."""

import pexpect


def test_poweroff(machine):
    console = machine()
    console.prompt()
    console.sendline("poweroff")
    assert console.ended() == 0


def test_poweroff_by_call(machine):
    console = machine()
    console.prompt()
    console.sendline("poweroff -f")
    assert console.ended() == 0


def test_reboot(machine):
    console = machine(test=False, extra=["-snapshot"])
    console.prompt()
    console.output("touch /run/before")
    console.sendline("reboot")
    console.expect("Welcome to", timeout=100)
    console.prompt()
    assert console.run("ls /run/before")[0] != 0
    console.sendline("reboot -f")
    console.expect("Welcome to", timeout=100)
    console.prompt()
    assert float(console.output("cut -d' ' -f1 /proc/uptime")) < 30


def test_reset_ends_a_test_machine(machine):
    console = machine()
    console.prompt()
    console.sendline("reboot")
    assert console.ended() == 0


def test_services_stop(machine):
    console = machine()
    console.prompt()
    console.output("pidof crond")
    console.output("service crond stop")
    assert console.run("pidof crond")[0] != 0
    console.output("service crond start")
    console.output("pidof crond")


def test_panic_fails(machine, kernel):
    """A kernel that cannot go on says so and ends QEMU with a failing status."""
    console = machine(append="init=/none" if kernel == "skerry" else "init=/none panic=-1")
    console.expect([r"(?i)panic", pexpect.EOF], timeout=60)
    if kernel == "skerry":
        assert console.ended(30) not in (0, 124, None)
