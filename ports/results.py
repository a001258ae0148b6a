"""What recipes and recorded results say, for ports/test and ports/status.

A recorded result, ports/NAME/result, is what ports/test --record writes: the version that was
tested, how many tests there are, about how many seconds they take in Skerry, and each test that
does not pass on both kernels, with its verdict on Skerry, on Linux and its name.
"""

import importlib.machinery
import importlib.util
import os
import typing

HERE = os.path.dirname(os.path.abspath(__file__))
GOOD = "PASS"


def load(name):
    """The tool ports/NAME as a module."""
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(HERE, name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


lint = load("lint")


def recipe(port):
    """The fields of a port's recipe, and the names of its functions."""
    with open(f"{HERE}/{port}/recipe", encoding="utf-8") as f:
        fields, functions, _ = lint.read(f.read().split("\n"))
    return fields, functions


def ports():
    """The names of all ports that make packages."""
    return sorted(entry.name for entry in os.scandir(HERE)
                  if os.path.exists(f"{entry.path}/recipe") and
                  "private" not in recipe(entry.name)[0])


class Result(typing.NamedTuple):
    version: str
    tests: int
    seconds: int
    others: dict    # test: (verdict on Skerry, on Linux), where not both are PASS

    def count(self, kernel):
        """(passed, run) on "skerry" or "linux"; a skipped test has not run."""
        verdicts = [both[kernel == "linux"] for both in self.others.values()]
        run = self.tests - verdicts.count("SKIP")
        return run - verdicts.count("FAIL"), run

    def differences(self):
        return [test for test, (here, there) in sorted(self.others.items()) if here != there]


def read(port):
    """The recorded Result, or None."""
    try:
        with open(f"{HERE}/{port}/result", encoding="utf-8") as f:
            lines = [line.split() for line in f if not line.startswith("#")]
    except OSError:
        return None
    head = {words[0]: words[1] for words in lines if len(words) == 2}
    return Result(head["version"], int(head["tests"]), int(head["seconds"]),
                  {words[2]: (words[0], words[1]) for words in lines if len(words) == 3})


def write(port, result):
    with open(f"{HERE}/{port}/result", "w", encoding="utf-8") as f:
        f.write(f"# Written by `make port-test-{port} RECORD=1`: not passed on Skerry, on Linux.\n"
                f"version {result.version}\ntests {result.tests}\nseconds {result.seconds}\n")
        f.writelines(f"{here} {there} {test}\n"
                     for test, (here, there) in sorted(result.others.items()))
