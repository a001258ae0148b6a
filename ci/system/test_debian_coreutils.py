"""Debian's own coreutils, unmodified, with their authors' test suite, of the source package: what
does not pass on Skerry is skipped or fails on Debian's Linux in the same QEMU (ci/foreign.py), too.
Tests that ask for root run as root, the others as a user. With TEST_FULL only; COREUTILS_TESTS
names some."""

import os
import subprocess

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

PACKAGES = """bash dash coreutils locales findutils grep sed mawk diffutils util-linux mount
bsdutils procps attr acl e2fsprogs strace perl perl-base perl-modules-5.36 libperl5.36 hostname
libproc2-0 libncursesw6 libtinfo6 libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10 libreadline8
liblzma5 libbz2-1.0 libzstd1 liblz4-1 libcrypt1 libcap2 libcap2-bin libcap-ng0 libsystemd0
libgcrypt20 libgpg-error0 libgcc-s1 libc6 libc-bin libblkid1 libmount1 libsmartcols1 libuuid1
libudev1 zlib1g libdb5.3 libgdbm6 libgdbm-compat4 libext2fs2 libss2 libcom-err2 libunwind8 libpam0g
libaudit1 libssl3 ncurses-base debianutils netbase tzdata xz-utils python3.11-minimal
libpython3.11-minimal libpython3.11-stdlib libexpat1 libffi8""".split()

FILES = {**debian.TESTER,
         "etc/passwd": debian.TESTER["etc/passwd"] + "bin:x:2:2:bin:/bin:/usr/sbin/nologin\n"}

# What Debian has from other packages, or does not build.
NOT_BUILT = {"hostname", "kill", "uptime", "coreutils", "libstdbuf.so"}

# Folders of tests, as there are too many for one run: by each name a regular expression. Those of
# factor/ make tests that are too slow for their authors, too.
GROUPS = {
    "misc-a": r"misc/[a-n]",
    "misc-o": r"misc/[o-z]",
    "names": r"(cp|ln|mv|rm|rmdir)/",
    "others": r"(?!misc/|(cp|ln|mv|rm|rmdir)/|factor/)[\w-]+/",
}

# A test $test, with what the variable TESTS_ENVIRONMENT of its Makefile gives it; on a terminal at
# which nobody types if it asks for one. The file of root in /tmp is for rm/fail-eperm. This is read
# by the shell that runs the item.
RUN = """ln -s /coreutils/* .
. tests/lang-default
export TMPDIR=/tmp VERSION=9.1 PACKAGE_VERSION=9.1 LOCALE_FR=fr_FR LOCALE_FR_UTF8=fr_FR.UTF-8
export srcdir=. top_srcdir=. abs_srcdir=/work abs_top_srcdir=/work abs_top_builddir=/coreutils
read -r built_programs <programs
export built_programs CONFIG_HEADER=/coreutils/config.h fail=0
export host_os=linux-gnu host_triplet=x86_64-pc-linux-gnu EXEEXT= CC=false MAKE=false
export AWK=awk EGREP='grep -E' PERL=perl SHELL=/bin/bash CU_TEST_NAME="coreutils,${test#tests/}"
export PATH=/coreutils/src:/usr/bin:/bin
case $test in
*.sh) set -- bash $test ;;
*.pl) set -- perl -w -Itests -MCuSkip -MCoreutils -M"CuTmpdir qw(${test##*/})" $test ;;
*.xpl) set -- perl -T -w -Itests -MCuSkip -MCoreutils -M"CuTmpdir qw(${test##*/})" $test ;;
esac
mkfifo nobody
: >/tmp/root
grep -q ^require_controlling_input_terminal_ $test && {
	set -- script -qec "$*" /dev/null
	exec <>nobody
}
grep -q require_root_ $test || {
	chown tester .
	export HOME=/work USER=tester
	set -- """ + foreign.SETPRIV + """ "$@"
}
unset TERM SUITE
exec "$@" 9>&2
"""


def limits():
    """What the program getlimits says, which Debian does not install."""
    def integers(name, least, most):
        yield f"{name}_MAX={most}"
        yield f"{name}_OFLOW={most + 1}"
        if least:
            yield f"{name}_MIN={least}"
            yield f"{name}_UFLOW={least - 1}"

    bits = {"SCHAR": 8, "SHRT": 16, "INT": 32, "PID_T": 32, "CHAR": 8,
            **dict.fromkeys(("LONG", "SSIZE", "TIME_T", "OFF_T", "INTMAX"), 64)}
    unsigned = {"UCHAR": 8, **dict.fromkeys(("UINT", "UID_T", "GID_T"), 32),
                **dict.fromkeys(("ULONG", "SIZE", "UINTMAX"), 64)}
    for name, size in bits.items():
        yield from integers(name, -(1 << (size - 1)), (1 << (size - 1)) - 1)
    for name, size in unsigned.items():
        yield from integers(name, 0, (1 << size) - 1)
    yield from ("FLT_MIN=1.1754944e-38", "FLT_MAX=3.4028235e+38",
                "DBL_MIN=2.2250738585072014e-308", "DBL_MAX=1.7976931348623157e+308",
                "LDBL_MIN=3.3621031431120935063e-4932", "LDBL_MAX=1.189731495357231765e+4932")


def suite_of_coreutils(root):
    """The tests in /coreutils, with locales, and the programs where they look for them."""
    top = f"{root}/coreutils"
    debian.unpack("coreutils", top, r"tests/|init\.cfg$|build-aux/|src/stty\.c$")
    debian.make_locales(root, {name: name.partition(".")[2] or "ISO-8859-1" for name in (
        "de_DE", "en_US", "en_US.ISO-8859-1", "en_US.UTF-8", "fr_FR", "fr_FR.UTF-8",
        "ko_KR.UTF-8", "ru_RU.KOI8-R", "sv_SE")})
    # What the tests look for of what configure found out.
    has = """HAVE_CAP HAVE_GETMNTENT HAVE_INOTIFY HAVE_LINKAT HAVE_LUTIMES HAVE_MNTENT_H HAVE_OPENAT
        HAVE_PTHREAD_T HAVE_SETGROUPS HAVE_UTIMENSAT USE_ACL USE_XATTR""".split()
    config = "".join(f"#define {name} 1\n" for name in has) + "#undef LINKAT_SYMLINK_NOTSUP\n"
    os.symlink("mawk", f"{root}/usr/bin/awk")
    for name in ("python", "python3"):
        os.symlink("python3.11", f"{root}/usr/bin/{name}")
    programs = subprocess.run(["sh", "build-aux/gen-lists-of-programs.sh", "--list-progs"],
                              cwd=top, check=True, capture_output=True, text=True).stdout.split()
    programs = sorted(set(programs) - NOT_BUILT)
    for name in programs:
        installed = "install" if name == "ginstall" else name
        folder = next(folder for folder in ("bin", "usr/bin", "usr/sbin")
                      if os.path.exists(f"{root}/{folder}/{installed}"))
        os.symlink(f"/{folder}/{installed}", f"{top}/src/{name}")
    getlimits = ["#!/bin/sh", 'sed "s/\\./$(locale decimal_point)/" <<E', *limits(), "E", ""]
    for name, text in (("src/getlimits", "\n".join(getlimits)), ("config.h", config),
                       ("programs", " ".join(programs) + "\n")):
        with open(f"{top}/{name}", "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(f"{top}/{name}", 0o755)


@pytest.mark.parametrize("group", GROUPS)
def test_own_suite(group):
    wanted = os.environ.get("COREUTILS_TESTS", "").split()
    names = [name for name in debian.source_names(
        "coreutils", r"tests/(" + GROUPS[group] + r"[\w.+/-]+\.(?:sh|pl|xpl))$")
        if not wanted or name in wanted]
    disk = debian.make_disk("coreutils", PACKAGES, FILES, size="512M", kind="ext4",
                            finish=suite_of_coreutils)
    items = [foreign.Item(name, f"test=tests/{name}; . $SUITE/run-test 2>&1", 600)
             for name in names]
    suite = foreign.Suite(f"coreutils-{group}", disk, items, {"run-test": RUN})
    wrong = suite.failures(lambda result: result.status)
    assert not wrong, "\n".join(wrong)
