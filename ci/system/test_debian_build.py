"""Debian's gcc, make, git and sqlite3, unmodified, on an ext4 disk (ci/programs.py): they compile
and run programs, keep versions, clone, merge and pack, and query a database from several processes.
With TEST_FULL only, on Skerry and on Debian's Linux: the disk is made of 75 packages."""

import pytest

import debian
import programs

BUILD = programs.BASE + """gcc gcc-12 gcc-12-base cpp cpp-12 binutils binutils-common
binutils-x86-64-linux-gnu make libasan8 libatomic1 libbinutils libc-dev-bin libc6-dev libcc1-0
libctf-nobfd0 libctf0 libgcc-12-dev libgomp1 libgprofng0 libisl23 libitm1 libjansson4 liblsan0
libmpc3 libquadmath0 libtsan2 libubsan1 libcrypt-dev linux-libc-dev libnsl-dev libnsl2 libtirpc-dev
libtirpc3 git libcurl3-gnutls libexpat1 libbrotli1 libgnutls30 libgssapi-krb5-2 libhogweed6
libidn2-0 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 libldap-2.5-0 libnettle8 libnghttp2-14
libp11-kit0 libpsl5 librtmp1 libsasl2-2 libssh2-1 libtasn1-6 libunistring2 libffi8 libcom-err2
libdb5.3 perl-base less sqlite3 libsqlite3-0""".split()

pytestmark = pytest.mark.skipif(not programs.LONG, reason="TEST_FULL is not set")


def disks(folder):
    """The root and the scripts."""
    return [debian.make_disk("build", BUILD, programs.ETC, size="900M", kind="ext4"),
            programs.scripts_disk(folder)]


@pytest.fixture(name="debian_at", scope="module", params=["skerry", "linux"])
def debian_fixture(request, consoles, tmp_path_factory):
    """A machine of each kernel with the root at /mnt: (console, kernel)."""
    return programs.start(lambda **options: consoles("build", **options), request.param,
                          disks(tmp_path_factory.mktemp("scripts"))), request.param


def test_gcc(debian_at):
    programs.judge(*debian_at, "gcc")


def test_git(debian_at):
    programs.judge(*debian_at, "git")


def test_sqlite(debian_at):
    programs.judge(*debian_at, "sqlite")
