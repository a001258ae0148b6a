"""Debian's own bash, unmodified, with its authors' test suite, of the source package: what
does not pass on Skerry ends alike on Debian's Linux in the same QEMU (ci/foreign.py). With
TEST_FULL only; BASH_TESTS="jobs trap" chooses."""

import os
import re
import subprocess

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

PACKAGES = """bash dash coreutils locales findutils grep sed mawk diffutils util-linux bsdutils
procps hostname libproc2-0 libncursesw6 libtinfo6 libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10
libreadline8 libcap2 libcap-ng0 libsystemd0 libgcrypt20 libgpg-error0 libgcc-s1 libc6 libc-bin
liblzma5 libzstd1 liblz4-1 libcrypt1 libblkid1 libmount1 libsmartcols1 libuuid1 libudev1 libpam0g
libaudit1 ncurses-base debianutils netbase perl-base""".split()

# These run the others.
NOT_TESTS = {"all", "minimal", "gprof"}

# Each test compares what bash says with what it should say, and shows how that differs. Standard
# input is a terminal at which nobody types. What is about time: `read` gives 0.1 ms for what is
# there already, here five seconds. `nameref` looks for a variable that is there until a child has
# ended, `posixpipe` wants `echo` to take no time, and `printf` asks for the time twice and wants to
# hear the same; these have three tries.
RUN = foreign.AS_TESTER + """[ $TERMINAL ] || {
	export TERMINAL=1
	mkfifo nobody
	exec script -qec "sh $0 $1" /dev/null <>nobody
}
cp -r /bash/tests .
cd tests
export THIS_SH=/bin/bash BUILD_DIR=/bash TMPDIR=/work BASH_TSTOUT=/work/tstout PATH=$PWD:$PATH
unset SUITE TERMINAL
sed -i 's/-t \\.0001 a/-t 5 a/' read2.sub read7.sub
case $1 in
nameref|posixpipe|printf) tries="1 2 3" ;;
*) tries=1 ;;
esac
for try in $tries; do
	sh ./run-$1 >/work/said 2>&1 && break
done
status=$?
cat /work/said
exit $status
"""


def suite_of_bash(root):
    """bash's tests in /bash, with the programs and locales that they want."""
    debian.unpack("bash", f"{root}/bash",
                  r"tests/|support/.*\.c$|include/|bashansi\.h$|"
                  r"y\.tab\.c|config\.h\.in|version\.c")
    # Long texts; any will do.
    os.symlink("config.h.in", f"{root}/bash/config.h")
    os.symlink("version.c", f"{root}/bash/version.h")
    for name in ("recho", "zecho", "xcase", "printenv"):
        subprocess.run(["gcc", "-static", "-w", "-I.", "-Iinclude", "-include", "stdlib.h",
                        "-include", "string.h", "-o", f"tests/{name}", f"support/{name}.c"],
                       cwd=f"{root}/bash", check=True)
    debian.make_locales(root, {
        "de_DE.UTF-8": "UTF-8", "en_US.UTF-8": "UTF-8", "fr_FR.ISO8859-1": "ISO-8859-1",
        "ja_JP.SJIS": "SHIFT_JIS", "zh_HK.big5hkscs": "BIG5-HKSCS"})
    os.symlink("mawk", f"{root}/usr/bin/awk")


def verdict(result):
    """Status and how the output differs from what it should be, without processes' numbers."""
    return result.status, [re.sub(r"\d+", "N", line) for line in result.lines
                           if line and not line.startswith("warning: ")]


def test_own_suite():
    names = os.environ.get("BASH_TESTS", "").split() or (
        debian.source_names("bash", r"tests/run-([\w+-]+)$"))
    disk = debian.make_disk("bash", PACKAGES, debian.TESTER, kind="ext4", finish=suite_of_bash)
    items = [foreign.Item(name, f"ulimit -H -c unlimited; sh $SUITE/run-test {name}", 900)
             for name in names if name not in NOT_TESTS]
    wrong = foreign.Suite("bash", disk, items, {"run-test": RUN}).failures(verdict)
    assert not wrong, "\n".join(wrong)
