"""The ports' own test suites (ports/test): those of a few ports are built and run on Skerry, and
every test has to end as is recorded. Which ports that are follows from the commit, so that in time
it is everyone's turn; with TEST_FULL all are, and SAMPLE="sed gzip" chooses."""

import hashlib
import os
import subprocess
import sys

import tool
from conftest import make_ports

sys.path.insert(0, f"{tool.TOP}/ports")
import results  # pylint: disable=wrong-import-position

SECONDS = 60    # that the chosen ones together may take by what is recorded, if there are more


def commit():
    """Names this version of the tree."""
    found = subprocess.run(["git", "-C", tool.TOP, "rev-parse", "HEAD"], check=False,
                           capture_output=True, text=True)
    return found.stdout.strip()


def sample():
    """The first port, however long it takes, and others whose recorded times are short."""
    ports = [port for port in results.ports() if results.read(port)]
    if os.environ.get("SAMPLE"):
        return os.environ["SAMPLE"].split()
    if os.environ.get("TEST_FULL"):
        return ports
    ports.sort(key=lambda port: hashlib.sha256(f"{commit()} {port}".encode()).digest())
    chosen, left = [], SECONDS
    for port in ports:
        seconds = results.read(port).seconds
        if seconds <= left or not chosen:
            chosen.append(port)
            left -= seconds
    return chosen


def test_sample():
    names = sample()
    print("ports:", *names)
    run = make_ports("ports-sample", f"SAMPLE={' '.join(names)}")
    print(run.stdout)
    assert names and run.returncode == 0
