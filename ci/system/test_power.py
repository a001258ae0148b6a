"""Ending: poweroff, reboot, halt, and what must not be lost by them."""

import pexpect
import pytest

from machines import becomes


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
    becomes(console, "service crond", "running")
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


def at_monitor(console, command):
    """Type at QEMU's monitor, which shares the terminal: Ctrl-A c goes there and back."""
    console.send("\x01c")
    console.expect(r"\(qemu\) ")
    console.send(command + "\n")
    console.expect(r"\(qemu\) ")
    console.send("\x01c")


@pytest.mark.parametrize("kind", ["q35", "pc"])
def test_power_button(machine, kernel, kind):
    """Pressed at the prompt: init ends the processes as for poweroff, and the machine goes off."""
    if kernel == "linux":
        pytest.skip("there an acpid would listen")
    console = machine(env={"MACHINE": kind, "SMP": "2"})
    console.prompt()
    at_monitor(console, "system_powerdown")
    console.expect("init gets signal 12")
    console.expect("Sent SIGTERM to all processes")
    console.expect("power: off")
    assert console.ended() == 0


def test_power_button_ignored(machine, kernel):
    if kernel == "linux":
        pytest.skip("an option of ours")
    console = machine(append="powerbutton=ignore")
    console.prompt()
    at_monitor(console, "system_powerdown")
    console.expect(r"the\s+button is pressed")
    at_monitor(console, "system_powerdown")
    console.expect(r"the\s+button is pressed")
    assert console.output("cat /proc/1/comm").strip() == "init"
    console.sendline("poweroff")
    assert console.ended() == 0
