"""Tests of pkg (userland/pkg), compiled for this machine and at work below a folder: packages that
are not as they should be, and being killed at each of its system calls."""

import os
import random
import re
import shutil
import subprocess
import tarfile

import pytest

import pkgs

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# The n-th call that changes a file is not made: pkg is killed there. Nothing waits for a disk.
KILLER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static void step(void)
{
	static int left, pid;
	if (!pid) {
		pid = getpid();
		left = getenv("KILL_AT") ? atoi(getenv("KILL_AT")) : 0;
	}
	if (pid == getpid() && !strcmp(program_invocation_short_name, "pkg") && --left == 0)
		raise(SIGKILL);
}
#define NEXT(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))
#define ONE(name) int name(const char *a) \
	{ step(); return NEXT(int, #name, const char *)(a); }
#define TWO(name) int name(const char *a, const char *b) \
	{ step(); return NEXT(int, #name, const char *, const char *)(a, b); }
ONE(unlink) ONE(rmdir) TWO(rename) TWO(link) TWO(symlink)
int linkat(int a, const char *b, int c, const char *d, int e)
{ step(); return NEXT(int, "linkat", int, const char *, int, const char *, int)(a, b, c, d, e); }
int mkdir(const char *a, mode_t b)
{ step(); return NEXT(int, "mkdir", const char *, mode_t)(a, b); }
ssize_t write(int a, const void *b, size_t c)
{ step(); return NEXT(ssize_t, "write", int, const void *, size_t)(a, b, c); }
int fchmod(int a, mode_t b) { step(); return NEXT(int, "fchmod", int, mode_t)(a, b); }
int fsync(int a) { (void)a; step(); return 0; }
int syncfs(int a) { (void)a; step(); return 0; }
void sync(void) { step(); }
"""


@pytest.fixture(name="tools", scope="module")
def tools_fixture(tmp_path_factory):
    """pkg with checks, pkg that can be killed, and signify by that name; the environment."""
    folder = tmp_path_factory.mktemp("pkg")
    sources = [f"{TOP}/userland/pkg/{name}" for name in sorted(os.listdir(f"{TOP}/userland/pkg"))
               if name.endswith(".c")]
    options = ["-std=gnu17", "-D_GNU_SOURCE", "-O0", "-Wall", "-Wextra", "-Werror"]
    (folder / "killer.c").write_text(KILLER)
    (folder / "plain").mkdir()
    subprocess.run(["gcc", *options, "-fsanitize=address,undefined", "-fno-sanitize-recover",
                    "-o", folder / "pkg", *sources], check=True)
    subprocess.run(["gcc", *options, "-o", folder / "plain" / "pkg", *sources], check=True)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "killer.so", folder / "killer.c"],
                   check=True)
    (folder / "signify").symlink_to(shutil.which("signify-openbsd"))
    for name in ("key", "other"):
        subprocess.run(["signify-openbsd", "-G", "-n", "-p", f"{folder}/{name}.pub", "-s",
                        f"{folder}/{name}.sec"], check=True)
    return folder


class System:
    """A root folder, a folder of packages, and pkg between them."""

    def __init__(self, tools, folder):
        self.tools, self.packages, self.root = tools, folder / "packages", folder / "root"
        self.packages.mkdir()
        self.put("etc/pkg/sources", f"{self.packages}\n")
        self.put("etc/pkg/keys/key.pub", (tools / "key.pub").read_text())
        self.put("usr/bin/base", "the system's\n")
        self.good("recover")

    def put(self, path, text):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def make(self, *arguments, **options):
        return pkgs.make(str(self.packages), *arguments, **options)

    def run(self, words, kill_at=None, root=None):
        """pkg's status and all that it said."""
        env = dict(os.environ, PATH=f"{self.tools}:{os.environ['PATH']}", LC_ALL="C",
                   ASAN_OPTIONS="detect_leaks=0")
        program = self.tools / "pkg"
        if kill_at is not None:
            env.update(LD_PRELOAD=f"{self.tools}/killer.so", KILL_AT=str(kill_at))
            program = self.tools / "plain" / "pkg"
        result = subprocess.run([program, "-R", root or self.root, *words.split()], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                errors="replace", check=False, timeout=120)
        return result.returncode, result.stdout

    def good(self, words):
        status, text = self.run(words)
        assert status == 0, text
        return text

    def index(self, key="key"):
        pkgs.sign(self.packages, f"{self.tools}/{key}")

    def tree(self, root=None):
        """All that is there, but for pkg's own state."""
        root, found = str(root or self.root), {}
        for folder, folders, files in os.walk(root):
            for name in folders + files:
                path = os.path.join(folder, name)
                inside = os.path.relpath(path, root)
                if re.match(r"var/(lib/pkg/(lists|lock)|cache)", inside):
                    continue
                mode = os.lstat(path).st_mode
                if os.path.islink(path):
                    found[inside] = (mode, os.readlink(path))
                elif os.path.isfile(path):
                    with open(path, "rb") as f:
                        found[inside] = (mode, f.read())
                else:
                    found[inside] = (mode, None)
        return found

    def refused(self, words, message):
        """Refused with this message, and nothing has changed."""
        before = self.tree()
        status, text = self.run(words)
        assert status == 1 and re.search(message, text), text
        assert self.tree() == before
        return text


@pytest.fixture(name="system")
def system_fixture(tools, tmp_path):
    return System(tools, tmp_path)


def ar(path, members):
    with open(path, "wb") as f:
        f.write(b"!<arch>\n")
        for name, data in members:
            f.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode())
            f.write(data + b"\n" * (len(data) % 2))


def raw(system, name, entries, edit=None, control=()):
    """A package whose archive has these entries: (path, type, text or target)."""
    folder = str(system.packages.parent)
    parts = {"control": [("./control", tarfile.REGTYPE,
                          f"Package: {name}\nVersion: 1\nArchitecture: amd64\nDescription: x\n"),
                         *control], "data": entries}
    members = [("debian-binary", b"2.0\n")]
    for part, those in parts.items():
        tar_path = f"{folder}/{part}.tar.xz"
        with tarfile.open(tar_path, "w:xz", format=tarfile.GNU_FORMAT) as tar:
            for path, kind, text in those:
                with open(f"{folder}/text", "w", encoding="utf-8") as f:
                    f.write(text if kind == tarfile.REGTYPE else "")
                info = tarfile.TarInfo(path)
                info.type, info.mode = kind, 0o644
                if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                    info.linkname = text
                info.size = os.path.getsize(f"{folder}/text")
                with open(f"{folder}/text", "rb") as f:
                    tar.addfile(info, f)
        with open(tar_path, "rb") as f:
            data = f.read()
        members.append((f"{part}.tar.xz", edit(data) if edit and part == "data" else data))
    path = str(system.packages / f"{name}_1_amd64.deb")
    ar(path, members)
    return path


REG, SYM, LNK, DIR = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE
HOSTILE = {
    "above": ([("./../x", REG, "x")], "the path ./../x"),
    "above-inside": ([("./usr/../../x", REG, "x")], "the path ./usr/../../x"),
    "absolute": ([("/x", REG, "x")], "an absolute path"),
    "through-own-link": ([("./usr/d", SYM, "/etc"), ("./usr/d/x", REG, "x")],
                         "is to be a directory"),
    "through-own-link-late": ([("./usr/d/x", REG, "x"), ("./usr/d", SYM, "/etc")],
                              "is to be a directory"),
    "through-link-there": ([("./usr/lead/x", REG, "x")], "/usr/lead is .*a symbolic link"),
    "onto-link-there": ([("./usr/lead", DIR, "")], "/usr/lead is .*a symbolic link"),
    "device": ([("./dev1", tarfile.CHRTYPE, "")], "is a device"),
    "pipe": ([("./p", tarfile.FIFOTYPE, "")], "named pipe"),
    "own-names": ([("./usr/.pkg-new-1", REG, "x")], "pkg's own"),
    "database": ([("./var/lib/dpkg/status", REG, "x")], "no place for packages"),
    "processes": ([("./proc/1", DIR, "")], "no place for packages"),
    "twice": ([("./a", REG, "x"), ("./a", REG, "y")], "has /a twice"),
    "over-directory": ([("./usr/bin", REG, "x")], "is a directory"),
    "hard-link-out": ([("./h", LNK, "./usr/bin/base")], "no file of it before"),
    "hard-link-above": ([("./h", LNK, "../x")], "the path ../x"),
    "control-character": ([("./a\nb", REG, "x")], "a control character"),
    "long-name": ([("./" + "n" * 300, REG, "x")], "a name of 300 bytes"),
    "long-path": ([("./" + "n/" * 2300 + "x", REG, "x")], "a path of"),
    "unknown-kind": ([("./k", b"V", "")], "unknown kind"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_archives(system, case):
    entries, message = HOSTILE[case]
    (system.root / "usr" / "lead").symlink_to("/etc")
    path = raw(system, "bad", [("./before", REG, "x"), *entries])
    system.refused(f"install {path}", message)


def test_damaged_packages(system):
    good = raw(system, "good", [("./x", REG, "x" * 5000)])
    with open(good, "rb") as f:
        data = f.read()
    path = str(system.packages / "cut")
    for length in (0, 7, 8, 60, 70, 130, 200, len(data) - 100, len(data) - 1):
        with open(path, "wb") as f:
            f.write(data[:length])
        system.refused(f"install {path}", "damaged|not a package")
    rng = random.Random(3)
    for _ in range(60):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(len(data))] = rng.randrange(256)
        with open(path, "wb") as f:
            f.write(changed)
        before = system.tree()
        status, text = system.run(f"install {path}")
        if status:
            assert "pkg: " in text and system.tree() == before, text
        else:
            system.good("remove good")
    for edit, message in ((lambda d: d[:-40], "damaged"), (lambda d: d[:60], "damaged"),
                          (lambda d: d[:40] + bytes(8) + d[48:], "damaged"),
                          (lambda d: b"", "not a package|damaged")):
        system.refused("install " + raw(system, "bad", [("./x", REG, "x" * 5000)], edit), message)
    script = [("./postinst", REG, "#!/bin/sh\n")]
    system.refused("install " + raw(system, "bad", [], control=script), "a script to run")
    with open(path, "wb") as f:
        f.write(data.replace(b"data.tar.xz ", b"data.tar.zst"))
    system.refused(f"install {path}", "packed in a way")


def test_absurd_sizes(system):
    path = str(system.packages.parent / "plain.tar")
    header = tarfile.TarInfo("./big")
    for size, message in ((1 << 62, "damaged|room"), (1 << 40, "damaged"),
                          (0o77777777777, "damaged")):
        header.size = size
        with open(path, "wb") as f:
            f.write(header.tobuf(tarfile.GNU_FORMAT) + b"x" * 2048)
        with open(path, "rb") as f:
            plain = f.read()
        deb = raw(system, "bad", [])
        with open(deb, "rb") as f:
            control = f.read()[8 + 60 + 4:]
        control = control[60:60 + int(control[48:58])]
        ar(deb, [("debian-binary", b"2.0\n"), ("control.tar.xz", control), ("data.tar", plain)])
        system.refused(f"install {deb}", message)


def test_index(system, tools):
    """What is not signed, changed, or older than what was seen is refused."""
    path = system.make("one", "1", {"usr/one": "1"})
    system.index()
    system.good("update")
    older = {name: (system.packages / name).read_bytes()
             for name in ("Packages", "Release", "Release.sig")}
    system.make("two", "1", {"usr/two": "2"})
    system.index()
    system.good("update")
    newer = {name: (system.packages / name).read_bytes() for name in older}

    def offer(files):
        for name, data in files.items():
            (system.packages / name).write_bytes(data)

    offer(older)
    system.refused("update", "older than the last")
    offer({**newer, "Packages": newer["Packages"].replace(b"Size: ", b"Size: 1")})
    system.refused("update", "Packages is not what was signed")
    offer({**newer, "Release": newer["Release"].replace(b"Skerry", b"Skarry")})
    system.refused("update", "no key of ours")
    os.remove(system.packages / "Packages")
    system.index("other")
    system.refused("update", "no key of ours")
    (system.packages / "Release.sig").write_bytes(b"")
    system.refused("update", "no key of ours")
    # What was accepted before still counts.
    offer(newer)
    system.good("install one")
    with open(path, "r+b") as f:
        f.seek(300)
        f.write(b"!")
    system.good("remove one")
    system.refused("install one", "not the file that the index names")
    os.remove(system.packages / "two_1_amd64.deb")
    system.refused("install two", "No such file")
    system.make("one", "1", {"usr/one": "1"})
    (system.root / "etc/pkg/keys/more.pub").write_text((tools / "other.pub").read_text())
    os.remove(system.packages / "Packages")
    system.index("other")
    assert "1 packages" in system.good("update")


def test_dependencies(system):
    system.make("a", "1", {"usr/a": "1"}, depends="b (>= 2), c | d, e")
    system.make("b", "1", {"usr/b": "1"})
    system.make("b", "2~rc1", {"usr/b": "rc"})
    system.make("b", "2", {"usr/b": "2"}, depends="a | a")
    system.make("d", "1", {"usr/d": "1"})
    system.make("p", "1", {"usr/p": "1"}, more="Provides: e\n")
    system.make("f", "1", {"usr/f": "1"}, depends="b (<< 2)")
    system.make("g", "1", {"usr/g": "1"}, depends="nowhere")
    system.make("x", "1", {"usr/x": "1"}, more="Conflicts: d\n")
    system.index()
    system.good("update")
    text = system.good("install -n a")
    assert sorted(re.findall(r"install (\S+ \S+)", text)) == ["a 1", "b 2", "d 1", "p 1"]
    assert system.good("list") == ""
    system.good("install a")
    assert [line.split()[0] for line in system.good("list").splitlines()] == ["a", "b", "d", "p"]
    system.refused("remove d", r"a needs c \| d")
    system.refused("install f", r"needs b \(")
    system.refused("install g", "g 1 needs nowhere")
    system.refused("install x", "x and d cannot both")
    system.refused("install none", "no such package")
    system.good("remove -r d")
    assert system.good("list").split()[0] == "p"
    system.good("install b=1 f")
    assert system.good("list b").split() == ["b", "1"]
    system.refused("upgrade", r"f 1 needs b \(<< 2\)")


def test_files(system):
    """Conflicts, what the system had, configuration, kinds of files."""
    files = {"usr/bin/base": "port\n", "usr/bin/suid": ("x", 0o4755), "usr/link": ("link", "bin"),
             "etc/conf": "1\n", "opt/deep/er/file": "x"}
    one = system.make("one", "1", files)
    text = system.good(f"install {one}")
    assert "/usr/bin/suid: set-user-ID of 0:0" in text and "not from a signed index" in text
    assert (system.root / "usr/bin/base").read_text() == "port\n"
    assert os.lstat(system.root / "usr/bin/suid").st_mode & 0o7777 == 0o4755
    assert os.readlink(system.root / "usr/link") == "bin"
    assert system.good("verify") == ""
    system.refused("install " + system.make("two", "1", {"usr/bin/suid": ""}), "both have")
    system.refused("install " + system.make("two", "1", {"usr/bin/suid/x": ""}), "both have")
    system.good("install " + system.make("two", "1", {"opt/deep/two": ""}))
    before = system.tree()
    system.good(f"install {one}")
    assert system.tree() == before
    system.put("etc/conf", "mine\n")
    system.good("install " + system.make("one", "2", {"etc/conf": "1\n", "usr/new": ""}))
    assert (system.root / "usr/bin/base").read_text() == "the system's\n"
    assert not (system.root / "etc/conf.new").exists()
    system.good("install " + system.make("one", "3", {"etc/conf": "3\n"}))
    assert (system.root / "etc/conf").read_text() == "mine\n"
    assert (system.root / "etc/conf.new").read_text() == "3\n"
    assert "/etc/conf: changed, configuration (one)" in system.good("verify")
    os.remove(system.root / "etc/conf")
    assert "stays removed" in system.good("install " + system.make("one", "4", {"etc/conf": "4\n"}))
    assert "two" in system.good("owner /opt/deep/two")
    system.good("remove one two")
    assert not (system.root / "opt").exists()
    status, text = system.run("files one")
    assert status == 1 and "one is not installed" in text
    assert system.run("frobnicate")[0] == 2 and system.run("install")[0] == 2


OPERATIONS = ["install new", "upgrade", "remove one two", "install one=1 new"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_at_each_step(system, tmp_path, operation):
    """Killed before any call that changes a file, and once more while that is recovered: then all
    is as it was before or as it is afterwards."""
    system.make("one", "1", {"usr/bin/base": "port 1\n", "etc/one": "1\n", "usr/old/x": "old\n",
                             "usr/data": "1" * 100000})
    system.make("two", "1", {"usr/two": "1\n"}, depends="one")
    system.index()
    system.good("update")
    system.good("install two")
    system.put("etc/one", "mine\n")
    system.make("one", "2", {"usr/bin/base": "port 2\n", "etc/one": "2\n", "usr/new/x": "new\n",
                             "usr/new/link": ("link", "x"), "usr/data": "2" * 100000})
    system.make("two", "2", {"usr/two": "2\n"}, depends="one (>= 2)")
    system.make("new", "1", {"usr/bin/fresh": "new\n", "var/new/deep/x": "x"})
    system.index()
    system.good("update")
    before, root = system.tree(), tmp_path / "copy"
    rng, at, after, seen = random.Random(1), 0, None, set()
    shutil.copytree(system.root, root, symlinks=True)
    assert system.run(operation, root=root)[0] == 0
    after = system.tree(root)
    assert after != before
    while True:
        at += 1
        shutil.rmtree(root)
        shutil.copytree(system.root, root, symlinks=True)
        status, text = system.run(operation, kill_at=at, root=root)
        if status == 0:
            break
        assert status == -9, text
        system.run("recover", kill_at=rng.randrange(1, 20), root=root)
        assert system.run("recover", root=root)[0] == 0
        found = system.tree(root)
        assert found in (before, after), f"call {at}: {sorted(set(found) ^ set(before))}"
        seen.add(found == after)
        assert system.run("list", root=root)[0] == 0
    assert system.tree(root) == after and seen == {False, True} and at > 30
