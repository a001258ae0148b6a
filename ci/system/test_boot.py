"""Every way to the prompt: boot loaders, machines, models of processor, sizes of memory."""

import os
import re

import pytest

from conftest import B

FULL = bool(os.environ.get("TEST_FULL"))


def reaches_prompt(console, timeout=100):
    console.prompt(timeout)
    assert "Linux x86_64" in console.output("uname -sm")
    assert console.output("cat /proc/1/comm").strip() == "init"


@pytest.mark.parametrize("boot,kind", [
    ("elf", "q35"), ("elf", "pc"), ("disk", "q35"), ("disk", "pc"), ("uefi", "q35")])
def test_loader(machine, boot, kind):
    console = machine(boot=boot, env={"MACHINE": kind, "MEM": "256M"})
    reaches_prompt(console)
    console.sendline("poweroff")
    assert console.ended() == 0


@pytest.mark.parametrize("kind", ["qcow2", "vmdk"])
def test_format(machine, kind):
    console = machine(boot="disk", disks=[os.path.join(B, f"skerry.{kind}")])
    reaches_prompt(console)
    console.sendline("poweroff")
    assert console.ended() == 0


@pytest.mark.parametrize("cpu", ["qemu64", "max"] +
                         (["Nehalem", "Haswell", "EPYC"] if FULL else []))
def test_processor(machine, cpu):
    console = machine(env={"CPU": cpu})
    reaches_prompt(console)
    assert console.output("echo 7.5 3 | awk '{ print $1 * $2 }'").strip() == "22.5"


@pytest.mark.parametrize("mem", ["32M", "64M", "3G", "6G"] + (["16G"] if FULL else []))
def test_memory(machine, mem):
    console = machine(env={"MEM": mem})
    reaches_prompt(console)
    size = int(mem[:-1]) * (1024 if mem[-1] == "G" else 1)
    shown = console.output("grep MemTotal /proc/meminfo")
    total = int(re.search(r"MemTotal: +(\d+)", shown).group(1))
    assert size * 1024 * 0.8 - 8192 < total <= size * 1024


@pytest.mark.parametrize("kind", ["q35", "pc"])
def test_interrupt_pins(machine, kernel, kind):
    """Without messages the disk's interrupt is that of a pin, and _PRT says where it leads."""
    if kernel == "linux":
        pytest.skip("the log's words are ours")
    console = machine(append="pci.nomsi", env={"MACHINE": kind, "SMP": "2"})
    reaches_prompt(console)
    log = console.output("dmesg")
    assert re.search(r"ahci-00:\w\w\.\d: pin A is routed to line \d+", log)
    assert "line register" not in log
    console.output("dd if=/dev/sda of=/dev/null bs=64k count=64")
    assert re.search(r"[1-9].*IO-APIC-level +.*ahci", console.output("cat /proc/interrupts"))


def test_interrupt_pins_behind_bridges(machine, kernel):
    """A controller two bridges away: its pin is carried on by theirs."""
    if kernel == "linux":
        pytest.skip("the log's words are ours")
    disk = os.path.join(os.environ.get("B", "build"), "skerry.img")
    console = machine(append="pci.nomsi", env={"SMP": "2"}, extra=[
        "-device", "pcie-root-port,id=up,chassis=1", "-device", "pcie-pci-bridge,id=far,bus=up",
        "-device", "ich9-ahci,id=farahci,bus=far,addr=5",
        "-drive", f"if=none,id=fardisk,format=raw,file={disk},snapshot=on,file.locking=off",
        "-device", "ide-hd,drive=fardisk,bus=farahci.0"])
    console.prompt()
    assert re.search(r"ahci-02:05\.0: pin A is routed to line \d+", console.output("dmesg"))
    console.output("dd if=/dev/sdb of=/dev/null bs=64k count=64")


def test_boot_is_quick(machine):
    """Not a measurement, a guard: the kernel's own clock at the prompt."""
    console = machine()
    console.prompt()
    assert float(console.output("cut -d' ' -f1 /proc/uptime")) < 10
