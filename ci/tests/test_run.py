"""ci/run-qemu and `make run`: which network the machine gets, and which accelerator."""

import os
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NETS = {
    "socket:listen=127.0.0.1:9000": "'socket,id=net0,listen=127.0.0.1:9000'",
    "socket:connect=127.0.0.1:9000": "'socket,id=net0,connect=127.0.0.1:9000'",
    "tap:tap7": "'tap,id=net0,ifname=tap7,script=no,downscript=no'",
}


def printed(disk, *options, **env):
    return subprocess.run([f"{TOP}/ci/run-qemu", "--print", *options, str(disk)],
                          env={**os.environ, "ACCEL": "tcg", **env}, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(name="disk")
def disk_fixture(tmp_path):
    path = tmp_path / "disk.img"
    path.write_bytes(b"")
    return path


@pytest.mark.parametrize("net", NETS)
def test_nets(disk, net):
    command = printed(disk, "--net", net, MAC="52:54:00:00:00:09").stdout
    assert f"'-netdev' {NETS[net]}" in command
    assert "'-device' 'e1000e,netdev=net0,id=nic0,mac=52:54:00:00:00:09'" in command


def test_user(disk):
    result = printed(disk, "--net", "user", SSH_PORT="2200", NIC="e1000")
    assert "port 2200 of 127.0.0.1 leads to the guest's port 22" in result.stdout
    assert "'user,id=net0,hostfwd=tcp:127.0.0.1:2200-:22'" in result.stdout
    assert "'e1000,netdev=net0,id=nic0'" in result.stdout


def test_none_and_wrong(disk):
    assert "'-nic' 'none'" in printed(disk, "--net", "none").stdout
    result = printed(disk, "--net", "carrier-pigeon")
    assert result.returncode == 2 and "unknown network carrier-pigeon" in result.stdout


@pytest.mark.skipif(not os.access("/dev/kvm", os.R_OK | os.W_OK), reason="no /dev/kvm")
@pytest.mark.parametrize("flag, accel",
                         [("vmx", "kvm"), ("svm", "kvm"), ("sse", "tcg,thread=multi")])
def test_kvm(disk, tmp_path, flag, accel):
    """A KVM that passes the probe (status 33) counts only with the processor's help."""
    qemu, cpuinfo = tmp_path / "qemu", tmp_path / "cpuinfo"
    qemu.write_text("#!/bin/sh\nexit 33\n")
    qemu.chmod(0o755)
    cpuinfo.write_text(f"flags\t\t: fpu {flag} avx\n")
    command = printed(disk, ACCEL="", QEMU=str(qemu), CPUINFO=str(cpuinfo)).stdout
    assert f"'-accel' '{accel}'" in command


def test_make_run():
    """What `make run` would do (-n), with and without NET."""
    for words, net in ((["NET=tap:tap7"], "tap:tap7"), ([], "user")):
        result = subprocess.run(["make", "-n", "-C", TOP, "run", *words], text=True, check=False,
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert f"ci/run-qemu --net '{net}'" in result.stdout
