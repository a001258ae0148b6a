"""ci/check-style: says which lines are longer than 100 columns, and passes over the exceptions."""

import os
import subprocess

import tool

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def check(path, text):
    path.write_text(text)
    return subprocess.run([os.path.join(TOP, "ci/check-style"), str(path)], capture_output=True,
                          text=True, check=False)


def test_lines_that_fit(tmp_path):
    text = "x" * 100 + "\n" + "\t" * 12 + "abcd\n" + "ä" * 100
    assert check(tmp_path / "a.c", text).returncode == 0


def test_lines_that_are_too_long(tmp_path):
    result = check(tmp_path / "a.c", "fine\n" + "x" * 101 + "\n\t" + "x" * 93 + "\n")
    assert result.returncode == 1
    assert "a.c:2: 101 columns" in result.stdout and "a.c:3: 101 columns" in result.stdout
    assert "2 lines too long" in result.stdout


def test_what_is_looked_at():
    names = {os.path.relpath(path, TOP) for path in tool.load("ci/check-style").sources()}
    assert {"Makefile", "ci/guest", "docs/testing.md", "image/mkroot", "kernel/core/panic.c",
            "kernel/kernel.mk", "userland/etc/rc", "userland/etc/rc.d/ntpd"} <= names


def test_rows_of_tables(tmp_path):
    row = "| " + "x" * 120 + " |\n"
    assert check(tmp_path / "a.md", row).returncode == 0
    assert check(tmp_path / "a.md", "text " + row).returncode == 1
    assert check(tmp_path / "a.c", row).returncode == 1
