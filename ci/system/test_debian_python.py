"""Debian's own python3, unmodified, with the test suite of its package: `python3 -m test` on what
asks most of a kernel, on Skerry and on Debian's Linux in the same QEMU (ci/foreign.py). Each test
method must end alike on both; what Linux skips is skipped. With TEST_FULL only."""

import os
import re

import pytest

import debian
import foreign

pytestmark = pytest.mark.skipif(not os.environ.get("TEST_FULL"), reason="TEST_FULL is not set")

PACKAGES = """python3.11 python3.11-minimal libpython3.11-minimal libpython3.11-stdlib
libpython3.11-testsuite media-types netbase tzdata libbz2-1.0 libc6 libc-bin libcrypt1 libdb5.3
libexpat1 libffi8 libgcc-s1 liblzma5 libncursesw6 libnsl2 libreadline8 libsqlite3-0 libssl3
libtinfo6 libtirpc3 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1
libcom-err2 libuuid1 zlib1g dash bash coreutils libacl1 libattr1 libselinux1 libpcre2-8-0 libgmp10
login hostname sed grep""".split()

MODULES = """test_epoll test_poll test_select test_pty test_fcntl test_tempfile test_os
test_posix test_signal test_socket test_subprocess test_threading
test_mmap test_selectors test_time test_resource test_shutil test_io test_queue test_socketserver
test_asyncio test_multiprocessing_fork test_multiprocessing_forkserver test_multiprocessing_spawn
test_multiprocessing_main_handling test_ioctl test_fileio test_file test_thread test_popen
test_posixpath test_glob test_mailbox test_pathlib test_stat test_kqueue test_wait3 test_wait4
test_fork1 test_eintr test_faulthandler test_concurrent_futures test_httpservers test_pwd test_grp
test_readline test_support test_sys test_tty test_openpty test_largefile test_zipfile test_tarfile
test_sqlite3 test_dbm test_syslog test_ctypes test_gc test_asyncore test_asynchat
""".split()

# Seconds that a module may take on an idle machine; any may take four times that.
SECONDS = {"test_asyncio": 900, "test_concurrent_futures": 900, "test_multiprocessing_fork": 900,
           "test_multiprocessing_forkserver": 900, "test_multiprocessing_spawn": 900}

# `name (test.module.Class.name) ... ok`; what a test writes may stand in between.
BEGUN = re.compile(r"^(test\w*) \((?:test\.)?([\w.]+?)\)(?: \[.*\])?(?=$| \.\.\. | )")
ENDED = re.compile(r"(?:^|\.\.\. |\s)(ok|FAIL|ERROR|skipped .*|expected failure)$")


def verdicts(result):
    """Each test method's end, and the module's own."""
    found, test = {}, None
    for line in result.lines:
        begun, ended = BEGUN.match(line), ENDED.search(line)
        if line.startswith("====="):
            break
        if begun:
            test = f"{begun.group(2)}.{begun.group(1)}"
            test = begun.group(2) if begun.group(2).endswith("." + begun.group(1)) else test
            found.setdefault(test, "no end")
        if ended and test:
            found[test] = ended.group(1).split(" ")[0]
            test = None
    found["module"] = "whole" if result.status in (0, 2) else "cut short"
    return found


def failure_of(test, lines):
    """What unittest says of a test that failed."""
    name = test.split(".")[-1]
    for number, line in enumerate(lines):
        if re.match(rf"(FAIL|ERROR): {name} ", line):
            rest = lines[number:number + 60]
            end = next((n for n, text in enumerate(rest[1:], 1) if text.startswith("====")), 60)
            return rest[:end]
    return []


@pytest.fixture(name="results", scope="module")
def results_fixture():
    modules = os.environ.get("PYTHON_MODULES", "").split() or MODULES
    items = [foreign.Item(name, f"python3.11 -u -m test -v -u network,subprocess,largefile {name}",
                          4 * SECONDS.get(name, 300)) for name in modules]
    suite = foreign.Suite("python", debian.make_disk("python", PACKAGES, size="512M", kind="ext4"),
                          items)
    theirs = suite.run("linux")
    return suite, suite.run("skerry"), theirs


def test_modules(results):
    suite, ours, theirs = results
    wrong = []
    for name, result in ours.items():
        here, there = verdicts(result), verdicts(theirs[name])
        print(f"{name}: {len(here) - 1} tests, Linux {len(there) - 1}")
        for test in sorted(set(here) | set(there)):
            if here.get(test) != there.get(test):
                wrong += [f"{name}: {test}: Linux {there.get(test)}, Skerry {here.get(test)}",
                          *("    " + line for line in failure_of(test, result.lines))]
                if test == "module":
                    wrong += ["    " + line for line in result.lines[-80:]]
    assert not wrong, "\n".join(wrong)
    assert not suite.warnings, "\n".join(suite.warnings)
