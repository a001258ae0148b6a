"""How the ports' tests are taken down and counted (ports/record-test, ports/results.py)."""

import os
import subprocess
import sys

import pytest

import tool

sys.path.insert(0, f"{tool.TOP}/ports")
import results  # pylint: disable=wrong-import-position

RESULT = results.Result("1.0", 5, 3, {"broken": ("FAIL", "FAIL"), "ours": ("FAIL", "PASS"),
                                      "left": ("SKIP", "SKIP")})


def record(tmp_path, *command, failing="no"):
    """Take down a test of `make check`; the script that came of it."""
    suite, source = tmp_path / "suite", tmp_path / "source"
    (source / "tests").mkdir(parents=True)
    suite.mkdir()
    (suite / "environment").write_text("PATH=/usr/bin:/bin\0KNOWN=1\0")
    env = {"PATH": f"{source}/tool:/usr/bin:/bin", "KNOWN": "1", "NEW": "it's \"new\"",
           "MAKEFLAGS": "-k", "SH_LOG_DRIVER": "x", "PORT_SUITE": str(suite),
           "PORT_SOURCE": str(source)}
    subprocess.run(
        [f"{tool.TOP}/ports/record-test", "--test-name", "one.sh", "--log-file", "one.log",
         "--trs-file", "one.trs", "--color-tests", "no", "--enable-hard-errors", "yes",
         "--expect-failure", failing, "--", *command], cwd=source / "tests", env=env, check=True)
    assert ":test-result: PASS" in (source / "tests" / "one.trs").read_text()
    return suite / "items" / "tests" / "one.sh"


def run(script):
    return subprocess.run(["sh", script], check=False, capture_output=True, text=True,
                          env={"PATH": "/bin:/usr/bin"})


def test_taken_down(tmp_path):
    script = record(tmp_path, "sh", "-c", 'echo "$NEW" "$PATH" "$0"; pwd; echo >&9 told', "a b")
    assert not [word for word in ("KNOWN", "MAKEFLAGS", "LOG_DRIVER") if word in script.read_text()]
    done = run(script)
    assert done.stdout == (f"it's \"new\" {tmp_path}/source/tool:/bin:/usr/bin a b\n"
                           f"{tmp_path}/source/tests\n")
    assert done.stderr == "told\n"


@pytest.mark.parametrize("failing, status, wanted", [
    ("no", 0, 0), ("no", 3, 3), ("no", 77, 77), ("yes", 3, 0), ("yes", 0, 1), ("yes", 77, 77)])
def test_status(tmp_path, failing, status, wanted):
    assert run(record(tmp_path, "sh", "-c", f"exit {status}", failing=failing)).returncode == wanted


def test_counts(tmp_path, monkeypatch):
    assert RESULT.count("skerry") == (2, 4)
    assert RESULT.count("linux") == (3, 4)
    assert RESULT.differences() == ["ours"]
    monkeypatch.setattr(results, "HERE", str(tmp_path))
    os.mkdir(tmp_path / "some")
    assert results.read("some") is None
    results.write("some", RESULT)
    assert results.read("some") == RESULT
