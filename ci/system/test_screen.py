"""The screen and the keyboard, with QEMU's in place of a person: what is typed, what is to be seen
on the frame buffer."""

import os
import re
import subprocess
import time

import pytest

from screen import Screen

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
B = os.path.join(TOP, os.environ.get("B", "build"))
BOOT_SECONDS = 240


@pytest.fixture(name="screen", scope="module")
def screen_fixture(tmp_path_factory):
    command = [f"{TOP}/ci/run-qemu", "--test", os.path.join(B, "skerry.img"), "--"]
    screen = Screen(command, str(tmp_path_factory.mktemp("screen")),
                    font=os.path.join(B, "gen/drv/fb/font.c"))
    screen.wait("login:", BOOT_SECONDS)
    screen.type("root\n")
    screen.wait("~#")
    yield screen
    screen.stop()


@pytest.fixture(name="german", scope="module")
def german_fixture(tmp_path_factory):
    """A machine whose /etc/rc.conf says keymap=de."""
    folder = tmp_path_factory.mktemp("german")
    disk = str(folder / "disk.img")
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", os.path.join(B, "skerry.img"), disk],
                   check=True)
    screen = Screen([f"{TOP}/ci/run-qemu", disk, "--"], str(folder),
                    font=os.path.join(B, "gen/drv/fb/font.c"))
    screen.wait("login:", BOOT_SECONDS)
    screen.type("root\n")
    screen.wait("~#")
    screen.type("echo keymap=de >>/etc/rc.conf\n")
    # dumpkmap writes few tables: the first three stand where they do in the file
    screen.type("echo 'f() { tail -c +264 | head -c 768; }; zcat /usr/share/keymaps/de.gz | f >a; "
                "dumpkmap | f >b; cmp -l a b | wc -l; kbd_mode' >t\n")
    screen.type("clear\n")
    screen.wait(lambda lines: not any("login:" in line for line in lines))
    screen.type("reboot\n")
    screen.wait("login:", BOOT_SECONDS)
    screen.type("root\n")
    screen.wait("~#")
    yield screen
    screen.stop()
    os.unlink(disk)


def first(screen, line):
    """Wait until the line stands first."""
    return screen.wait(lambda lines: lines[0] == line)


def test_boot_and_font(screen):
    screen.type("clear; dmesg | grep init:\n")
    said = re.compile(r"init: /sbin/init begins, the kernel took \d+ ms$")
    screen.wait(lambda lines: any(said.search(line) for line in lines))
    # Vietnamese, Armenian, a sum, braille: one cell each
    screen.type(r"printf '\341\272\277\324\262\342\210\221\342\243\277|\n'" + "\n")
    screen.wait("\u1ebf\u0532\u2211\u28ff|")


def test_looks_back(screen):
    screen.type("clear; seq 200\n")
    bottom = screen.wait(lambda lines: "200" in lines and lines[-1].endswith("~#"))
    top = int(bottom[0])
    half = len(bottom) // 2
    screen.key("shift", "pgup")
    first(screen, str(top - half))
    screen.key("shift", "pgup")
    first(screen, str(top - 2 * half))
    screen.key("shift", "pgdn")
    lines = first(screen, str(top - half))
    assert lines == [str(n) for n in range(top - half, top - half + len(lines))]
    # another console comes and goes
    screen.key("alt", "f2")
    screen.wait(lambda lines: not any(lines))
    screen.key("alt", "f1")
    assert first(screen, str(top - half)) == lines
    # a key ends it, or output
    screen.type("x")
    screen.wait(lambda lines: lines[-1].endswith("~# x"))
    screen.key("backspace")
    screen.type("sleep 2; echo said\n")
    time.sleep(0.5)
    screen.key("shift", "pgup")
    assert "said" in screen.wait(lambda lines: lines[-1].endswith("~#"))


def test_types_german(german):
    screen = german
    screen.type("sh t\n")
    lines = screen.wait("mode")
    assert "The keyboard is in Unicode (UTF-8) mode" in lines
    assert "3" in lines # key 0 of each table, which only says that there is one
    screen.type("cat\n")
    screen.type("yz;'[-{/")
    screen.key("alt_r", "e")
    screen.type("=e=x= ~a") # a dead key, and one without a letter for it
    screen.key("caps_lock")
    screen.type(";A")
    screen.key("caps_lock")
    screen.type(";\n")
    # what was echoed, and what cat says
    typed = "zyöäüßÜ-€é'x'°aÖaö"
    screen.wait(lambda lines: lines.count(typed) == 2)
    screen.key("ctrl", "c")
