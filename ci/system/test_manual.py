"""What a newcomer meets: man, apropos and whatis, help, and the keys of the shell."""

import glob
import os
import re
import time

import pytest

from conftest import TOP

COLOURS = r"(\x1b\[[\d;]*m)*"
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


def test_help(shell):
    """Each page is a screen, and what it mentions is there; the shell's own help is at -b."""
    topics = shell.output("ls /usr/share/help").split()
    assert "start" in topics
    pages = {topic: shell.output(f"help {topic}") for topic in topics}
    assert shell.output("help") == pages["start"]
    for topic, page in pages.items():
        lines = page.rstrip("\n").split("\n")
        assert len(lines) <= 22 and max(map(len, lines)) <= 79, topic
        for other in re.findall(r"\bhelp ([a-z]+)", page):
            assert other in topics or other == "lists", f"{topic}: help {other}"
        for name in re.findall(r"\bman ([a-z]\w*)", page):
            assert shell.run(f"man -w {name}")[0] == 0, f"{topic}: man {name}"
    assert "Built-in commands" in shell.output("help -b")
    status, said = shell.run("help quantum")
    assert status == 1 and "nothing on 'quantum'" in said and "network" in said
    assert "`help`" in shell.output("cat /etc/motd")


def leave(shell):
    """End a user's shell; root's goes on, or a new one begins."""
    shell.sendline("exit")
    shell.expect(r"root@skerry:\S*# ", timeout=30)


def type_keys(shell, *texts):
    for text in texts:
        shell.send(text)
        time.sleep(0.5)


def complete(shell, said, *texts):
    type_keys(shell, *texts)
    shell.expect(f"\n{COLOURS}{said}{COLOURS}\n", timeout=15)
    shell.prompt()


def keys_of_the_shell(shell):
    """Completion, history and its search, in whoever's shell this is."""
    shell.output("mkdir -p keys/größe && cd keys && touch 'Fünf Äpfel' größe/日本語 plain")
    complete(shell, "Fünf Äpfel", "ls F\t", "\r")
    complete(shell, "größe/日本語", "ls -d gr\t", "日\t", "\r")
    complete(shell, "plain", "ech\t", "pl\t", "\r")     # a command and a file
    type_keys(shell, "ls \t", "\t")                     # the choices
    shell.expect("größe/.*plain", timeout=15)
    shell.send("\x15")
    complete(shell, "first one", "echo first one\r")
    complete(shell, "second", "echo second\r")
    complete(shell, "first one", "\x12", "fir", "\r")   # Ctrl-R
    complete(shell, "second", "\x1b[A", "\x1b[A", "\r")
    complete(shell, "äöü", "echo aöü", "\x1b[D\x1b[D", "\x7fä", "\r")
    shell.output("cd ..")


def test_keys_of_the_shell(shell):
    keys_of_the_shell(shell)


def test_history_is_kept(shell):
    """Of each user by himself, for his eyes alone."""
    shell.sendline("su - user")
    shell.expect_exact("user@skerry:~$ ")
    keys_of_the_shell(shell)
    shell.sendline("echo from user")
    shell.prompt()
    leave(shell)
    assert "echo from user" in shell.output("cat /home/user/.ash_history")
    assert shell.output("stat -c '%a %U' /home/user/.ash_history").split() == ["600", "user"]
    shell.sendline("su - user")
    shell.expect_exact("user@skerry:~$ ")
    complete(shell, "from user", "\x12", "from us", "\r")
    leave(shell)
    shell.sendline("su user")                           # not a login: prompt and help all the same
    shell.expect_exact("user@skerry:")
    assert "Welcome" in shell.output("help")
    leave(shell)
    assert "echo from user" not in shell.output("cat /root/.ash_history 2>/dev/null; true")
