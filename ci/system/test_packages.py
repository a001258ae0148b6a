"""Packages in a guest: from a server, a disk and the image's own folder, with real ports, and with
the power cut meanwhile. What pkg refuses, and each moment of being killed, is in
ci/tests/test_pkg.py."""

import os
import re
import subprocess
import time

import pytest

import pkgs
from conftest import USER_B, make_ports


def online(machine, **options):
    console = machine(net="user", env={"SMP": "2"}, **options)
    console.prompt(120)
    console.output("until ip route | grep -q default; do usleep 100000; done", 60)
    return console


def sources(console, *lines):
    console.output("printf '%s\\n' " + " ".join(lines) + " >/etc/pkg/sources")


def test_from_a_server(machine, tmp_path):
    """Install with what is needed, upgrade, a changed configuration, verify, remove."""
    pkgs.make(tmp_path, "greet", "1.0", {
        "usr/bin/greet": ("#!/bin/sh\necho hello $(cat /usr/share/words/name)\n", 0o755),
        "etc/greet.conf": "polite=1\n"}, depends="words (>= 1.0)")
    pkgs.make(tmp_path, "words", "1.0", {"usr/share/words/name": "world\n"})
    pkgs.sign(tmp_path)
    with pkgs.served(tmp_path) as address:
        console = online(machine)
        sources(console, address)
        assert "2 packages" in console.output("pkg update", 60)
        assert re.search(r"greet +1\.0 +the test's greet", console.output("pkg search greet"))
        text = console.output("pkg install greet", 60)
        assert "install greet 1.0" in text and "install words 1.0" in text
        assert console.output("greet") == "hello world\n"
        assert console.output("pkg owner /usr/bin/greet") == "/usr/bin/greet: greet\n"
        assert console.output("pkg verify") == ""
        console.output("echo mine >>/usr/share/words/name; echo polite=0 >/etc/greet.conf")
        status, text = console.run("pkg verify")
        assert status == 1 and "/usr/share/words/name: changed (words)" in text
        assert "/etc/greet.conf: changed, configuration (greet)" in text
        pkgs.make(tmp_path, "greet", "1.1", {"usr/bin/greet": ("#!/bin/sh\necho hi\n", 0o755),
                                             "etc/greet.conf": "polite=2\n"})
        pkgs.sign(tmp_path)
        console.output("pkg update", 60)
        assert "upgrade to greet 1.1, which was 1.0" in console.output("pkg upgrade", 60)
        assert console.output("greet; cat /etc/greet.conf /etc/greet.conf.new") == \
            "hi\npolite=0\npolite=2\n"
        assert console.output("dpkg -l | grep greet").split()[:3] == ["ii", "greet", "1.1"]
        status, text = console.run("pkg remove words greet && pkg list && ls /usr/share/words")
        assert status == 1 and "remove words 1.0" in text and "No such file" in text
        assert console.output("cat /etc/greet.conf") == "polite=0\n"
        assert console.run("greet")[0] == 127


def test_from_disk_and_image(machine, tmp_path):
    """/var/packages and a second disk; the newest of both."""
    for version, text in (("1", "one"), ("2", "two")):
        folder = tmp_path / version
        folder.mkdir()
        pkgs.make(folder, "thing", version, {"usr/share/thing": text})
        pkgs.make(folder, "only" + version, version, {"usr/share/only" + version: text})
        pkgs.sign(folder)
    pkgs.disk(tmp_path / "1", tmp_path / "packages.img")
    pkgs.disk(tmp_path / "2", tmp_path / "own.img", "own")
    image = os.path.join(os.environ.get("B", "build"), "skerry.img")
    console = machine(disks=[image, str(tmp_path / "packages.img"), str(tmp_path / "own.img")])
    console.prompt(120)
    console.output("mount -o ro /dev/sdc /mnt && cp /mnt/[PRot]* /var/packages && umount /mnt")
    text = console.output("sed -i /http/d /etc/pkg/sources && pkg update", 60)
    assert "/var/packages: 2 packages" in text and "LABEL=packages: 2 packages" in text
    console.output("pkg install thing only1 only2", 60)
    assert console.output("cd /usr/share; cat thing only1 only2; cd") == "twoonetwo"
    assert console.output("pkg list thing").split() == ["thing", "2"]
    # Nothing stays mounted.
    assert "run/pkg" not in console.output("cat /proc/mounts")


def test_real_ports(machine, tmp_path):
    """Ports with their dependencies; the system's own applet returns when its port goes."""
    names = ["sed", "tree", "ncurses"]
    run = make_ports(*(f"port-{name}" for name in names))
    assert run.returncode == 0, run.stdout
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in names:
        subprocess.run(f"cp {USER_B}/ports/{name}/*.deb {folder}", shell=True, check=True)
    pkgs.sign(folder)
    with pkgs.served(folder) as address:
        console = online(machine)
        sources(console, address)
        console.output("pkg update && pkg install " + " ".join(names), 300)
        assert "GNU sed" in console.output("sed --version")
        assert "directories" in console.output("tree /etc/pkg")
        assert "xterm" in console.output("TERM=xterm infocmp | head -n 2")
        assert console.output("pkg verify", 120) == ""
        console.output("pkg remove " + " ".join(names), 120)
        assert console.output("pkg list") == ""
        console.output("echo a | sed s/a/b/ && [ ! -e /usr/bin/tree ]")
        assert console.output("find / -xdev -name '.pkg-*'") == ""


def test_full_disk(machine, tmp_path):
    """Neither blocks nor inodes run out half-way: nothing has changed then."""
    folder = tmp_path / "packages"
    folder.mkdir()
    pkgs.make(folder, "large", "1", {"usr/large": os.urandom(6 << 20)})
    pkgs.make(folder, "crowd", "1", {f"usr/crowd/{n}": str(n) for n in range(80)})
    pkgs.make(folder, "small", "1", {"usr/small": "1"})
    pkgs.sign(folder)
    pkgs.disk(folder, tmp_path / "packages.img")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-N", "64", tmp_path / "full.img", "8M"],
                   check=True)
    image = os.path.join(os.environ.get("B", "build"), "skerry.img")
    console = machine(disks=[image, str(tmp_path / "packages.img"), str(tmp_path / "full.img")])
    console.prompt(120)
    console.output("mount -t ext4 /dev/sdc /mnt && mkdir /mnt/etc && cp -r /etc/pkg /mnt/etc")
    console.output("sed -i /http/d /mnt/etc/pkg/sources; pkg -R /mnt update", 60)
    console.output("cd /mnt; find . | sort >/tmp/before")
    for name, message in (("large", "not enough room"), ("crowd", "No space left")):
        status, text = console.run(f"pkg -R /mnt install {name}", 60)
        assert status == 1 and message in text, text
        console.output("find . | sort | diff /tmp/before -")
    console.output("pkg -R /mnt install small && pkg -R /mnt verify && [ -e usr/small ]", 60)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.8, 0.95])
def test_power_cut(machine, disk_copy, tmp_path, part):
    """QEMU is killed at some moment of an upgrade: then the old or the new version is there, whole,
    and the boot has finished or taken back what was begun."""
    folder = tmp_path / "packages"
    folder.mkdir()
    for version in ("1", "2"):
        pkgs.make(folder, "many", version, {
            f"usr/share/many/{n % 5}/{n}": f"{version} {n}\n" * 500 for n in range(100)})
    pkgs.sign(folder)
    pkgs.disk(folder, tmp_path / "packages.img")
    disks = [disk_copy, str(tmp_path / "packages.img")]
    console = machine(disks=disks, test=False)
    console.prompt(120)
    sources(console, "LABEL=packages")
    console.output("pkg update && pkg install many=1", 120)
    before = time.monotonic()
    console.output("pkg upgrade && pkg install many=1 && sync", 120)
    seconds = (time.monotonic() - before) / 2
    console.sendline("pkg upgrade; echo do''ne")
    console.expect("upgrade to", timeout=30)
    time.sleep(seconds * part)
    console.stop()
    console = machine(disks=disks, test=False)
    console.prompt(120)
    assert console.output("pkg verify", 60) == ""
    version = console.output("pkg list many").split()[1]
    text = console.output("cat /usr/share/many/*/* | sort | uniq -c | sort -n | head -n 1")
    assert text.split()[:2] == ["500", version]
    assert console.output("find / -xdev -name '.pkg-*'; ls /var/lib/pkg | tr '\\n' ' '") == \
        "lists lock "
    console.output("pkg upgrade && pkg remove many && [ ! -e /usr/share/many ]", 120)
