"""A root by debootstrap on an ext4 disk: its bash in a changed root, and dpkg and apt-get, which
install, upgrade and remove packages of a local archive. With TEST_FULL only, as debootstrap takes a
while; on Skerry and on Debian's Linux (ci/programs.py)."""

import os

import pytest

import debian
import programs

pytestmark = pytest.mark.skipif(not programs.LONG, reason="TEST_FULL is not set")


def disks(folder):
    """The root and the scripts."""
    return [debian.make_disk("root", None, size="900M", kind="ext4"),
            programs.scripts_disk(folder)]


@pytest.mark.skipif(os.getuid() != 0, reason="debootstrap wants root")
@pytest.mark.parametrize("kernel", ["skerry", "linux"])
def test_packages(machine, tmp_path, kernel):
    console = programs.start(machine, kernel, disks(tmp_path))
    programs.judge(console, kernel, "root", timeout=900)
