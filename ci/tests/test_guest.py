"""ci/guest's judging: what counts, and that only Linux has more than one try."""

import pytest

import tool

guest = tool.load("ci/guest")
GOOD = ["ok - first", "ok - second", "1..2"]
BAD = ["# expected 1, is 2", "not ok - first", "ok - second", "1..2"]


def make_judge(kernel):
    judge = guest.Judge(kernel, guest.Cache(None, kernel, False), 2048)
    judge.left = ["pipe:tmp", "fd:tmp"]
    return judge


def run(judge, lines, status=0, name="pipe"):
    for line in [f"@@ BEGIN {name} tmp", *lines, f"@@ END {name} tmp {status}"]:
        assert not judge.line(line)


@pytest.mark.parametrize("kernel", ["skerry", "linux"])
def test_what_passes(kernel, capsys):
    judge = make_judge(kernel)
    run(judge, GOOD)
    assert (judge.passed, judge.failed, judge.left) == (2, 0, ["fd:tmp"])
    assert judge.line("@@ DONE")
    assert "again" not in capsys.readouterr().out


@pytest.mark.parametrize("lines, status", [(BAD, 1), (GOOD[:2], 0), (GOOD, 139)])
def test_skerry_has_one_try(lines, status, capsys):
    judge = make_judge("skerry")
    run(judge, lines, status)
    assert judge.failed == 1 and judge.left == ["fd:tmp"]
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize("lines, status", [(BAD, 1), (GOOD[:2], 0), (GOOD, 139)])
def test_linux_has_another(lines, status, capsys):
    judge = make_judge("linux")
    run(judge, lines, status)
    assert (judge.passed, judge.failed, judge.left) == (0, 0, ["pipe:tmp", "fd:tmp"])
    assert "pipe:tmp                 failed, and runs again:" in capsys.readouterr().out
    run(judge, GOOD)
    assert (judge.passed, judge.failed, judge.left) == (2, 0, ["fd:tmp"])
    assert "2 passed (try 2)" in capsys.readouterr().out


def test_linux_has_no_fourth(capsys):
    judge = make_judge("linux")
    for _ in range(3):
        run(judge, BAD, 1)
    assert (judge.passed, judge.failed, judge.left) == (1, 1, ["fd:tmp"])
    assert "# expected 1, is 2" in capsys.readouterr().out
    run(judge, BAD, 1, "fd")
    assert judge.failed == 1 and judge.left == ["fd:tmp"]


@pytest.mark.parametrize("kernel, failed, left", [("skerry", 1, ["fd:tmp"]),
                                                  ("linux", 0, ["pipe:tmp", "fd:tmp"])])
def test_a_machine_that_ends(kernel, failed, left, capsys):
    judge = make_judge(kernel)
    judge.line("@@ BEGIN pipe tmp")
    judge.line("ok - first")
    assert judge.cut_short("the machine is silent", ["last words"])
    assert judge.failed == failed and judge.left == left and judge.item is None
    assert "last words" in capsys.readouterr().out
    if kernel == "linux":
        for _ in range(2):
            judge.line("@@ BEGIN pipe tmp")
            assert judge.cut_short("the machine is silent", [])
        assert judge.failed == 1 and judge.left == ["fd:tmp"]


@pytest.mark.parametrize("kernel", ["skerry", "linux"])
def test_a_machine_that_ends_between_tests(kernel):
    judge = make_judge(kernel)
    assert not judge.cut_short("no prompt", [])
    assert judge.failed == 1 and judge.left == ["pipe:tmp", "fd:tmp"]


@pytest.mark.parametrize("kernel, failed", [("skerry", 1), ("linux", 0)])
def test_memory_that_is_lost(kernel, failed):
    judge = make_judge(kernel)
    judge.line("@@ MEM before 9000")
    judge.line("@@ MEM after 6000")
    judge.check_memory()
    assert judge.failed == failed


def test_boots():
    """A boot that hangs is Linux' to try again, twice."""
    judge = make_judge("linux")
    assert [judge.no_prompt("no prompt", []) for _ in range(3)] == [True, True, False]
    assert judge.failed == 1
    judge = make_judge("skerry")
    assert not judge.no_prompt("no prompt", []) and judge.failed == 1
