"""Debian's own bash, coreutils and util-linux, grep, sed, gawk, mawk, findutils, tar and
compressors, unmodified: the scripts in ci/system/text run on Skerry and on Debian's Linux in the
same QEMU, from an ext4 disk (ci/foreign.py), and say the same. What is each machine's own is put
aside by the scripts. With TEST_FULL only."""

import glob
import os

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")
HERE = os.path.dirname(os.path.abspath(__file__))

PACKAGES = """bash dash coreutils findutils grep sed gawk tar xz-utils gzip bzip2 zstd diffutils
util-linux util-linux-extra bsdutils procps attr acl file hostname mawk patch bc libproc2-0
libncursesw6 libtinfo6 libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10 libmpfr6 libreadline8
libsigsegv2 liblzma5 libbz2-1.0 libzstd1 liblz4-1 libxxhash0 libcrypt1 libcap2 libcap-ng0
libsystemd0 libgcrypt20 libgpg-error0 libgcc-s1 libc6 libc-bin libblkid1 libmount1 libsmartcols1
libuuid1 libudev1 libfdisk1 zlib1g libmagic1 libmagic-mgc libpam0g libaudit1 libssl3 ncurses-base
debianutils netbase perl-base""".split()
# bash names processes in what it says of them; a script cannot change that.
RUN = "%s 2>&1 | sed -E 's/^(.*line [0-9]+: ) *[0-9]+ /\\1N /; s/\\([0-9]+\\) - No/(N) - No/'"


def test_scripts():
    files = {}
    for path in sorted(glob.glob(f"{HERE}/text/*.sh")):
        with open(path, encoding="utf-8") as f:
            files[os.path.basename(path)] = f.read()
    names = os.environ.get("TEXT_SCRIPTS", "").split() or (
        [name[:-3] for name in files])
    items = [foreign.Item(name[:-3], RUN % f"bash $SUITE/{name}", 600) for name in files
             if name[:-3] in names]
    # Once more where a file system is in memory.
    if "core_files" in names:
        items.append(foreign.Item("core_files_tmpfs", "mkdir /dev/shm/here && " + RUN %
                                  "bash $SUITE/core_files.sh /dev/shm/here /work", 600))
    foreign.same(foreign.Suite("text", debian.make_disk("text", PACKAGES, size="512M",
                                                        kind="ext4"), items, files))
