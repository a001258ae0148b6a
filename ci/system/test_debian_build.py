"""Debian's gcc, make, git and sqlite3, unmodified, on an ext4 disk: they compile and run programs,
among them Lua and sqlite's speedtest1 from the sources of their packages, keep versions, clone,
merge and pack, and query a database from several processes, and the scripts ci/foreign/NAME that
have them do so say the same on Skerry and on Debian's Linux (ci/foreign.py). With TEST_FULL only:
the disk is made of 110 packages."""

import os

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

# A shell and what scripts want; then the programs.
PACKAGES = """bash dash coreutils sed grep findutils diffutils gawk tar gzip procps util-linux
base-files libc6 libc-bin libgcc-s1 libacl1 libattr1 libcap2 libcrypt1 libgmp10 libmpfr6 libselinux1
libpcre2-8-0 libproc2-0 libncursesw6 libtinfo6 libreadline8 readline-common libsigsegv2 libsystemd0
libgcrypt20 libgpg-error0 liblz4-1 liblzma5 libzstd1 libblkid1 libmount1 libsmartcols1 libuuid1
libudev1 libcap-ng0 libpam0g libaudit1 zlib1g libbz2-1.0 libssl3 libstdc++6
gcc gcc-12 gcc-12-base cpp cpp-12 binutils binutils-common binutils-x86-64-linux-gnu make libasan8
libatomic1 libbinutils libc-dev-bin libc6-dev libcc1-0 libctf-nobfd0 libctf0 libgcc-12-dev libgomp1
libgprofng0 libisl23 libitm1 libjansson4 liblsan0 libmpc3 libquadmath0 libtsan2 libubsan1
libcrypt-dev linux-libc-dev libnsl-dev libnsl2 libtirpc-dev libtirpc3 git libcurl3-gnutls libexpat1
libbrotli1 libgnutls30 libgssapi-krb5-2 libhogweed6 libidn2-0 libk5crypto3 libkeyutils1 libkrb5-3
libkrb5support0 libldap-2.5-0 libnettle8 libnghttp2-14 libp11-kit0 libpsl5 librtmp1 libsasl2-2
libssh2-1 libtasn1-6 libunistring2 libffi8 libcom-err2 libdb5.3 perl-base less
sqlite3 libsqlite3-0 libsqlite3-dev""".split()


def sources(root):
    """What the guest compiles."""
    debian.unpack("lua5.4", f"{root}/usr/src/lua", "")
    debian.unpack("sqlite3", f"{root}/usr/src", r"test/speedtest1\.c$")
    os.rename(f"{root}/usr/src/test/speedtest1.c", f"{root}/usr/src/speedtest1.c")


@pytest.mark.parametrize("name", ["gcc", "lua", "git", "sqlite", "speedtest"])
def test_program(name):
    disk = debian.make_disk("build", PACKAGES, size="900M", kind="ext4", finish=sources)
    foreign.same(foreign.scripts(f"build-{name}", disk, name))
