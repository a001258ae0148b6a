"""Debian's own findutils, unmodified, with their authors' test suite, of the source package: what
does not pass on Skerry ends alike on Debian's Linux in the same QEMU (ci/foreign.py). The tests for
DejaGnu run in Debian's runtest and expect. With TEST_FULL only; FINDUTILS_TESTS names some."""

import os
import re

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

PACKAGES = """bash dash coreutils findutils locate dejagnu expect tcl-expect tcl8.6 libtcl8.6 grep
sed mawk gawk diffutils util-linux mount bsdutils procps hostname libproc2-0 libncursesw6 libtinfo6
libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10 libmpfr6 libreadline8 libsigsegv2 libcap2
libcap-ng0 libsystemd0 libgcrypt20 libgpg-error0 libgcc-s1 libc6 libc-bin liblzma5 libzstd1 liblz4-1
libcrypt1 libblkid1 libmount1 libsmartcols1 libuuid1 libudev1 libpam0g libaudit1 zlib1g perl-base
ncurses-base debianutils netbase""".split()

# All of DejaGnu's tests in a folder, in a folder of their own; or a script, as the Makefile's
# TESTS_ENVIRONMENT has it.
RUN = "grep -qs require_root_ /findutils/$1 || " + foreign.AS_TESTER + """ln -s /findutils/* .
unset TERM SUITE
export TMPDIR=/tmp
case $1 in
*/testsuite/*)
	tool=${1%%/*}
	rm $tool
	mkdir -p $tool/testsuite
	ln -s /findutils/$tool/[!t]* $tool
	cd $tool/testsuite
	exec runtest --tool $tool --srcdir /findutils/$tool/testsuite --objdir $PWD \\
		--directory ${1##*/} FTSFIND=/usr/bin/find ;;
esac
. tests/lang-default
export srcdir=. top_srcdir=. abs_srcdir=/work abs_top_srcdir=/work abs_top_builddir=/findutils
export built_programs='find xargs frcode locate updatedb' CONFIG_HEADER=/dev/null fail=0
export host_os=linux-gnu host_triplet=x86_64-pc-linux-gnu EXEEXT= CC=false MAKE=false
export VERSION=4.9.0 PACKAGE_VERSION=4.9.0 LOCALE_FR=none LOCALE_FR_UTF8=none
export AWK=awk EGREP='grep -E' PERL=perl SHELL=/bin/bash
export PATH=/findutils/find:/findutils/locate:/findutils/xargs:$PATH
for try in 1 2 3 4 5 6 7 8; do
	bash $1 9>&2
	status=$?
	# This one is skipped when a second ends between its programs.
	[ $status = 77 -a ${1##*/} = used.sh ] || break
done
exit $status
"""


def suite_of_findutils(root):
    """The tests in /findutils, with the programs where they look for them."""
    top = f"{root}/findutils"
    debian.unpack("findutils", top, r"tests/|(find|xargs|locate)/testsuite/|init\.cfg$|build-aux/")
    # Where the tests look for what they test.
    built = {"find/find": "usr/bin/find", "xargs/xargs": "usr/bin/xargs",
             "locate/locate": "usr/bin/locate.findutils",
             "locate/updatedb": "usr/bin/updatedb.findutils",
             "locate/frcode": "usr/libexec/frcode"}
    for link, path in built.items():
        os.symlink(f"/{path}", f"{top}/{link}")
    # Of it the tests conclude that they are in a folder where it was built.
    with open(f"{top}/xargs/xargs.o", "w", encoding="utf-8"):
        pass
    os.symlink("mawk", f"{root}/usr/bin/awk")


def verdict(result):
    """Status, and which checks of DejaGnu do not pass."""
    return result.status, [line for line in result.lines
                           if re.match(r"(FAIL|XPASS|UN\w+|ERROR):", line)]


def test_own_suite():
    names = os.environ.get("FINDUTILS_TESTS", "").split() or debian.source_names(
        "findutils", r"(\w+/testsuite/\w+\.\w+(?=/[^/]+\.exp$)|tests/\w+/[\w.+-]+\.sh$)")
    disk = debian.make_disk("findutils", PACKAGES, debian.TESTER, size="384M", kind="ext4",
                            finish=suite_of_findutils)
    items = [foreign.Item(name, f"sh $SUITE/run-test {name} 2>&1", 1500) for name in names]
    suite = foreign.Suite("findutils", disk, items, {"run-test": RUN})
    wrong = suite.failures(verdict)
    assert not wrong, "\n".join(wrong)
