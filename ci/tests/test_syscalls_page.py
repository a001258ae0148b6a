"""Tests of ci/syscalls-page and of the names that it and the recorder use."""
import collections
import os

import tool

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = tool.load("ci/syscalls-page")


def test_names_are_of_calls_and_unique():
    words = PAGE.ABI.parse(f"{TOP}/userland/record/abi.tbl")
    calls = {c.name for c in PAGE.CALLS.parse(f"{TOP}/kernel/sys/syscalls.tbl")}
    assert {word.call for word in words} <= calls
    for word in words:
        count = collections.Counter(map(PAGE.ABI.label, word.names))
        assert max(count.values()) == 1, (word.call, count.most_common(1))


def test_rows_are_counted_over_all_words(tmp_path):
    table = tmp_path / "abi.tbl"
    table.write_text("a:1 b:*0+8:4 bits~0xff\n\tX Y=2/3\nb:1,2 one\n\tL.Z=7\n")
    words = PAGE.ABI.parse(table)
    assert PAGE.ABI.rows_of(words) == {"a": ["X", "Y", None], "b": ["X", "Y", None, "L Z", None]}
    text = PAGE.ABI.generate(words, {"a": 5, "b": 6})
    assert "{(uint32_t)(3), (uint32_t)(2)}" in text
    assert "{~0ull, (uint64_t)L << 32 | (uint32_t)(7)}" in text
    assert "{6, 0, -1, 1, 8, 4, 1, 1, 2, 2, 0xff}" in text
    assert "{6, 1, 2, 0, 0, 4, 0, 4, 4, 1, 0}" in text


def test_verdicts():
    assert PAGE.verdict(None, "X") == "no test"
    assert PAGE.verdict({0, 22}, "X") == "works"
    assert PAGE.verdict({22, 95}, "X") == "EINVAL, EOPNOTSUPP"
    assert PAGE.verdict({0, 22}, None) == "EINVAL, works"


def test_only_what_passed_on_both_counts():
    linux = {"p:tmp": {"both": ["2.0:0"], "here": ["3.0:0"]}, "q:tmp": {"t": ["4.0:0"]}}
    skerry = {"p:tmp": {"both": ["2.0:2"], "there": ["3.0:0"]}}
    evidence = PAGE.Evidence([linux, skerry])
    assert evidence.tests == {(2, 0): {"p"}}
    row = PAGE.Row(2, 0, "open", "open()")
    assert evidence.verdicts(row) == ["works", "ENOENT"]


def test_a_test_that_names_the_flag_goes_first():
    texts = {"a": "", "b": "x = O_PATH;", "c": "O_PATHS", "d": ""}
    row = PAGE.Row(2, 20, "O_PATH", "O_PATH")
    assert PAGE.witnesses(row, set(texts), texts) == "b, a, c +1"
