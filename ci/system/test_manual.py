"""The manual in the guest: man, apropos and whatis, and the pages themselves."""

import glob
import os
import re

import pytest

from conftest import TOP

PAGES = sorted(os.path.basename(page) for page in glob.glob(f"{TOP}/userland/man/man*/*.[1-9]"))


@pytest.fixture(name="shell", scope="module")
def shell_fixture(consoles):
    console = consoles("manual")
    console.prompt()
    console.output("stty cols 80 rows 24")
    return console


def test_page_in_the_pager(shell):
    shell.sendline("man errno")
    shell.expect_exact("ERRNO(1)")
    shell.expect_exact("SYNOPSIS\n")
    shell.send("G")
    shell.expect_exact("SEE ALSO\n")
    shell.send("q")
    shell.prompt()


def test_page_of_a_section(shell):
    assert shell.output("man 4 e1000 | head -n 1").split()[0] == "E1000(4)"
    assert shell.output("man -s 7 -w boot").strip() == "/usr/share/man/man7/boot.7"
    status, said = shell.run("man 4 errno | cat")
    assert "No entry for errno in section 4" in said
    assert shell.run("man nothing")[0] == 5


def test_every_page_is_found(shell):
    """By its name in the database, in its section, and formatted without complaint."""
    known = re.findall(r"^(.*)\((\d)\) - ", shell.output("man -k any~. | cat"), re.M)
    described = {f"{name.strip()}.{section}" for names, section in known
                 for name in names.split(",")}
    assert set(PAGES) <= described
    for page in PAGES:
        name, section = page.rsplit(".", 1)
        assert shell.output(f"man -w {section} {name}").strip() == (
            f"/usr/share/man/man{section}/{page}")
    shell.output("cd /usr/share/man; mandoc -W warning,stop man[1-9]/* >/dev/null; cd")


def test_words_are_found(shell):
    assert "ahci(4) - " in shell.output("man -k disk")
    assert shell.output("whatis hier").strip() == "hier(7) - where files are"
    assert shell.run("apropos nosuchword")[0] != 0
    assert len(shell.output("man -k sec=4 | cat").strip().split("\n")) == len(
        [page for page in PAGES if page.endswith(".4")])


def test_database_is_made_anew(shell):
    shell.output("mkdir -p /usr/local/share/man/man7")
    shell.output("sed 's/HIER/MINE/; s/Nm hier/Nm mine/; s/where files are/my own/' "
                 "/usr/share/man/man7/hier.7 >/usr/local/share/man/man7/mine.7")
    shell.output("makewhatis /usr/local/share/man")
    assert shell.output("whatis mine").strip() == "mine(7) - my own"
    assert shell.output("whatis boot").startswith("boot(7)")
