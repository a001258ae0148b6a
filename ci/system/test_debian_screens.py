"""Debian's own programs that fill a screen, unmodified: vim, nano, less, more, htop, top, watch,
tmux and screen run in a terminal that tmux draws, where the scripts ci/foreign/NAME type at them,
stop, resize and detach them, and show the same on Skerry and on Debian's Linux (ci/foreign.py).
With TEST_FULL only."""

import os

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

PACKAGES = """tmux libevent-core-2.1-7 libutempter0 screen vim vim-common vim-runtime libgpm2
libsodium23 nano less htop libnl-3-200 libnl-genl-3-200 procps libproc2-0 bsdutils util-linux bash
dash coreutils grep sed ncurses-base ncurses-bin libncursesw6 libtinfo6 libacl1 libattr1
libselinux1 libpcre2-8-0 libgmp10 libcrypt1 libpam0g libaudit1 libcap-ng0 libcap2 libsystemd0
libgcrypt20 libgpg-error0 liblzma5 libzstd1 liblz4-1 libblkid1 libmount1 libsmartcols1 libuuid1
libudev1 libssl3 libc6 libc-bin libgcc-s1 zlib1g login""".split()


def test_screens():
    disk = debian.make_disk("screens", PACKAGES, size="512M")
    foreign.same(foreign.scripts("screens", disk, "muxers", "pagers", "tops", "vim"))
