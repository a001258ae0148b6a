"""A root by debootstrap on an ext4 disk: its bash in a changed root, and dpkg and apt-get, which
install, upgrade and remove packages of a local archive, as ci/foreign/root asks them to; they say
the same on Skerry and on Debian's Linux (ci/foreign.py). With TEST_FULL only, as debootstrap takes
a while."""

import os

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")


@pytest.mark.skipif(os.getuid() != 0, reason="debootstrap wants root")
def test_packages():
    disk = debian.make_disk("root", None, size="900M", kind="ext4")
    foreign.same(foreign.scripts("root", disk, "root", seconds=1800))
