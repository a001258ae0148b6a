"""errno.trace=1 and errno -p: the places that are told are where these errors are written."""

import os
import re

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What the shell does itself, and what it gets.
COMMANDS = [("cd /etc/passwd", "ENOTDIR"), ("true </no/such", "ENOENT"), ("true >/sys", "EISDIR"),
            ("kill -0 99999", "ESRCH"), ("ulimit -n 99999999", "EPERM")]


def source_line(place):
    name, number = place.split(":")
    with open(os.path.join(TOP, "kernel", name), encoding="utf-8") as f:
        return f.read().splitlines()[int(number) - 1]


def test_from_the_command_line(machine, kernel):
    if kernel == "linux":
        pytest.skip("Linux does not trace errors")
    console = machine(append="errno.trace=1", env={"SMP": "2"})
    console.prompt()
    assert console.output("cat /proc/sys/kernel/errno_trace").strip() == "1"
    for command, error in COMMANDS:
        assert console.run(command)[0], command
        lines = console.output("errno -p $$").splitlines()
        assert re.match(r"thread \d+$", lines[0]) and "BEGAN AT" in lines[1]
        found = [line.split(None, 4) for line in lines[2:]]
        of_it = [place for _, _, name, place, _ in found if name == error]
        assert of_it, f"{command}: {error} is not in {lines}"
        assert re.search(rf"\b{error}\b", source_line(of_it[-1])), of_it[-1]
    assert len(lines) == 2 + 16
    assert "No such process" in "".join(lines)


def test_names(machine, kernel):
    if kernel == "linux":
        pytest.skip("the program is ours")
    console = machine()
    console.prompt()
    assert console.output("errno 2 eio EWOULDBLOCK").splitlines() == [
        "ENOENT 2 No such file or directory", "EIO 5 I/O error",
        "EWOULDBLOCK 11 Resource temporarily unavailable"]
    assert len(console.output("errno -l").splitlines()) == 131
    assert console.run("errno 41 ENONE")[0] == 1
    assert console.run("errno")[0] == 2 and console.run("errno -p")[0] == 2
    status, text = console.run("errno -p $$")
    assert status == 0 and "errors are not traced" in text
    assert console.run("errno -p 99999")[0] == 1
