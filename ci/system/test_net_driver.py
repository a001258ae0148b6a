"""The network driver: its self-tests on each model and machine, by each kind of interrupt."""

import re

import pytest


@pytest.mark.parametrize("nic,kind,smp,append", [
    ("e1000", "q35", 1, ""), ("e1000", "pc", 2, ""), ("e1000-82545em", "q35", 2, ""),
    ("e1000e", "q35", 1, ""), ("e1000e", "q35", 2, ""), ("e1000e", "pc", 2, ""),
    ("e1000e", "q35", 2, " pci.nomsi")])
def test_selftests(machine, kernel, nic, kind, smp, append):
    if kernel == "linux":
        pytest.skip("self-tests are inside our kernel")
    console = machine(append="selftest=e1000" + append, net="user",
                      env={"NIC": nic, "MACHINE": kind, "SMP": str(smp)})
    console.expect(r"# (\d+) passed, (\d+) failed", timeout=120)
    said = console.before + console.after
    assert console.match.group(2) == "0", said
    assert int(console.match.group(1)) >= 9
    assert "the gateway answers" in said
    queues = 2 if nic == "e1000e" and smp > 1 and not append else 1
    assert re.search(rf"eth0: Intel \w+ at .*, {queues} queue", said)
