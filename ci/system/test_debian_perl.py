"""Debian's own perl, unmodified, with perl's own tests for io, op and lib, of its source package:
on Skerry and on Debian's Linux in the same QEMU (ci/foreign.py) each file has the same verdict,
that is the same status and the same tests passed, failed and skipped. With TEST_FULL only."""

import os
import re
import shutil

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

PACKAGES = """perl perl-base perl-modules-5.36 libperl5.36 libc6 libc-bin libcrypt1 libdb5.3
libgdbm6 libgdbm-compat4 zlib1g libbz2-1.0 libgcc-s1 dash bash coreutils libacl1 libattr1
libselinux1 libpcre2-8-0 libgmp10 libtinfo6 sed grep findutils netbase procps libproc2-0
libsystemd0 liblzma5 libzstd1 liblz4-1 libcap2 libgcrypt20 libgpg-error0 hostname tar gzip
diffutils""".split()


def suite_of_perl(root):
    """perl's tests in /perl/t, with the installed modules where they look for them."""
    lib = f"{root}/perl/lib"
    for folder in ("lib/x86_64-linux-gnu/perl-base", "lib/x86_64-linux-gnu/perl/5.36.0",
                   "share/perl/5.36.0"):
        shutil.copytree(f"{root}/usr/{folder}", lib, dirs_exist_ok=True, symlinks=True)
    debian.unpack("perl", f"{root}/perl",
                  r"t/|lib/.*\.t$|lib/(perlbug|vmsish)|MANIFEST$|(ext|dist|cpan)/.*/t/lib/|"
                  r"(ext|dist)/XS-APItest/t/")
    os.symlink("/usr/bin/perl", f"{root}/perl/t/perl")


def names_of_tests():
    return debian.source_names("perl", r"(?:t/)?((?:io|op|lib)/[^/]+)\.t$")


def verdict(result):
    """Status and what each test came to."""
    tests = [re.match(r"(not )?ok (\d+)?(?:.*# *(skip|todo))?", line, re.I)
             for line in result.lines]
    return result.status, [(bool(m.group(1)), m.group(2), (m.group(3) or "").lower())
                           for m in tests if m], [m for m in result.lines if m.startswith("1..")]


def test_own_suite():
    names = os.environ.get("PERL_TESTS", "").split() or names_of_tests()
    disk = debian.make_disk("perl", PACKAGES, size="512M", kind="ext4", finish=suite_of_perl)
    items = [foreign.Item(name, "cd /perl/t && PERL_CORE=1 ./perl "
                                f"$(test -e {name}.t || echo ../){name}.t", 400)
             for name in names]
    suite = foreign.Suite("perl", disk, items)
    theirs, ours = suite.run("linux"), suite.run("skerry")
    wrong = []
    for name, result in ours.items():
        here, there = verdict(result), verdict(theirs[name])
        print(f"{name}: status {here[0]}, {len(here[1])} tests")
        if here != there:
            wrong += [f"{name}: status {here[0]}, Linux {there[0]}; tests {len(here[1])}, Linux "
                      f"{len(there[1])}",
                      *("    Skerry " + line for line in failed(result) - failed(theirs[name])),
                      *("    Linux  " + line for line in failed(theirs[name]) - failed(result)),
                      *("    " + line for line in result.lines[-15:])]
    assert not wrong, "\n".join(wrong)
    assert not suite.warnings, "\n".join(suite.warnings)


def failed(result):
    return {line for line in result.lines if line.startswith("not ok")}
