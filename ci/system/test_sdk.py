"""The SDK (docs/sdk.md), as a stranger uses it: unpacked where its makers never were, it builds
projects (ci/sdk) by hand, by ./configure, CMake and Meson, and what comes out runs in the guest.

`make test` does so in C, with the build systems that this machine has; with TEST_FULL the SDK has
C++, and all of them must be there."""

import os
import shutil
import subprocess

import pytest

from conftest import B, TOP, USER_B

FULL = bool(os.environ.get("TEST_FULL"))
SOURCES = f"{TOP}/ci/sdk"
LOADER = "/lib/ld-musl-x86_64.so.1"
FLAGS = {"dynamic": [], "static": ["-static"], "static-pie": ["-static-pie"], "fixed": ["-no-pie"]}
CXX_SAYS = """threads 600 ended 404
future refused 9
stream 00beef 0.667
regex 12
file 12 1
slept 1
"""
PROGRAMS = {}       # path: what it must say in the guest
LIBRARIES = []      # what dynamic ones need besides


class Sdk:
    """An unpacked SDK, first in the PATH."""

    def __init__(self, folder):
        self.top = f"{folder}/skerry-sdk"
        archive = f"{B}/skerry-sdk{'-cxx' if FULL else ''}.tar.xz"
        subprocess.run(["tar", "-xJf", archive, "-C", folder], check=True)
        # What the environment says of this machine's libraries must not matter.
        self.env = dict(os.environ, PATH=f"{self.top}/bin:{os.environ['PATH']}",
                        CPATH="/usr/include", LIBRARY_PATH="/usr/lib/x86_64-linux-gnu",
                        PKG_CONFIG_PATH="/usr/lib/x86_64-linux-gnu/pkgconfig")
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CC", "CXX", "CFLAGS"):
            self.env.pop(name, None)

    def try_run(self, *command, cwd=None):
        return subprocess.run(command, cwd=cwd, env=self.env, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL)

    def run(self, *command, cwd=None):
        """What a command that must succeed prints."""
        result = self.try_run(*command, cwd=cwd)
        assert result.returncode == 0, f"{' '.join(command)}:\n{result.stdout}"
        return result.stdout

    def fails(self, text, *command, cwd=None):
        """A command that must fail and say why."""
        result = self.try_run(*command, cwd=cwd)
        assert result.returncode != 0 and text in result.stdout, result.stdout


@pytest.fixture(name="sdk", scope="module")
def sdk_fixture(tmp_path_factory):
    return Sdk(tmp_path_factory.mktemp("elsewhere"))


def project(folder, system):
    """A copy of the stranger's project in a folder, to be built by one system."""
    for source in (SOURCES, f"{SOURCES}/{system}"):
        for entry in os.scandir(source):
            if entry.is_file():
                shutil.copy(entry.path, folder)
    return str(folder)


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            assert not FULL, f"{tool} is not installed (ci/packages-full)"
            pytest.skip(f"{tool} is not installed")


def kind(path):
    """The ELF type and the loader of a program, as readelf has it."""
    told = subprocess.run(["readelf", "-hl", path], stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    loader = told.split("interpreter: ")[1].split("]")[0] if "interpreter: " in told else None
    return "DYN" if "DYN (" in told else "EXEC", loader


@pytest.fixture(name="greet", scope="module")
def greet_fixture(sdk, tmp_path_factory):
    """The library, built by ./configure && make and installed into the SDK."""
    need("autoconf")
    folder = project(tmp_path_factory.mktemp("autoconf"), "autoconf")
    sdk.run("autoheader", cwd=folder)
    sdk.run("autoconf", cwd=folder)
    told = sdk.run("./configure", "--host=x86_64-linux-musl", "--prefix=/usr", "CC=skerry-cc",
                   cwd=folder)
    assert "checking for x86_64-linux-musl-ar... x86_64-linux-musl-ar" in told
    assert "checking for error.h... no" in told and "checking for linux/if_link.h... yes" in told
    assert "checking for asprintf... yes" in told
    assert "checking for gnu_get_libc_version... no" in told
    sdk.run("make", cwd=folder)
    sdk.run("make", "install", f"DESTDIR={sdk.top}", cwd=folder)
    LIBRARIES.append(f"{folder}/libgreet.so.1")
    return folder


def test_compiler(sdk, tmp_path):
    project(tmp_path, "")
    for name, flags in FLAGS.items():
        out = str(tmp_path / f"plain-{name}")
        sdk.run("skerry-cc", "-O2", "-fexceptions", "-Wall", "-Wextra", "-Werror", *flags,
                "-o", out, "plain.c", cwd=tmp_path)
        PROGRAMS[out] = "plain 1 3 7 6 1\n"
        assert kind(out) == {"dynamic": ("DYN", LOADER), "static": ("EXEC", None),
                             "static-pie": ("DYN", None), "fixed": ("EXEC", LOADER)}[name]
    assert sdk.run("skerry-cc", "-dumpmachine") == "x86_64-linux-musl\n"
    assert sdk.run("skerry-cc", "-print-file-name=libc.a").startswith(sdk.top)
    # By another name, through a link from elsewhere, and by its path.
    os.symlink(f"{sdk.top}/bin/x86_64-linux-musl-gcc", tmp_path / "gcc")
    for compiler in (str(tmp_path / "gcc"), f"{sdk.top}/bin/skerry-cc"):
        sdk.run(compiler, "-fexceptions", "-o", "again", "plain.c", cwd=tmp_path)
        assert kind(str(tmp_path / "again")) == ("DYN", LOADER)
    sdk.run("skerry-strip", "again", cwd=tmp_path)
    assert "libc.so" in sdk.run("skerry-readelf", "-d", "again", cwd=tmp_path)


def test_moved(tmp_path):
    """A folder with a space in its name is bad for make and pkg-config, but for no compiler."""
    os.mkdir(tmp_path / "some where")
    sdk = Sdk(str(tmp_path / "some where"))
    project(tmp_path, "")
    out = str(tmp_path / "moved")
    sdk.run("skerry-cc", "-fexceptions", "-o", out, "plain.c", cwd=tmp_path)
    PROGRAMS[out] = "plain 1 3 7 6 1\n"
    assert f"c = '{sdk.top}/bin/skerry-cc'" in sdk.run("skerry-meson-cross")
    if shutil.which("pkg-config"):
        sdk.fails("cannot name a folder with a space", "skerry-pkg-config", "--libs", "greet")


def test_image():
    """Of the image's programs BusyBox alone is static."""
    assert kind(f"{USER_B}/busybox/busybox") == ("EXEC", None)
    assert kind(f"{USER_B}/ports/dropbear/root/usr/bin/dropbearmulti") == ("DYN", LOADER)
    assert kind(f"{B}/errno/errno") == ("DYN", LOADER)


def test_headers(sdk, tmp_path):
    """No file of the machine's own C library is read."""
    (tmp_path / "all.c").write_text("".join(f"#include <{name}>\n" for name in (
        "stdio.h", "stdatomic.h", "immintrin.h", "sys/socket.h", "linux/netlink.h",
        "asm/unistd.h", "sound/asound.h")))
    told = sdk.run("skerry-cc", "-M", "all.c", cwd=tmp_path)
    assert "/usr/include/stdio.h" in told
    used = {word for word in told.replace("\\ ", "?").split() if word.startswith("/usr/")}
    assert used and all(word.startswith("/usr/lib/gcc/") for word in used)


def test_bad_usage(sdk, tmp_path):
    project(tmp_path, "")
    sdk.fails("-I/usr/include is this machine's", "skerry-cc", "-I/usr/include", "plain.c",
              cwd=tmp_path)
    sdk.fails("-L/usr/lib/x86_64-linux-gnu is this machine's", "skerry-cc", "plain.c",
              "-L/usr/lib/x86_64-linux-gnu", cwd=tmp_path)
    sdk.fails("no -m32", "skerry-cc", "-m32", "plain.c", cwd=tmp_path)
    sdk.fails("cannot find -lasan", "skerry-cc", "-fsanitize=address", "plain.c", cwd=tmp_path)
    sdk.fails("usage: skerry-meson-cross", "skerry-meson-cross", "somewhere.ini")
    if not FULL:
        sdk.fails("this SDK is without C++", "skerry-c++", "catcher.cc", cwd=tmp_path)
    sdk.env["PATH"], path = f"{sdk.top}/bin:/bin/nowhere", sdk.env["PATH"]
    try:
        sdk.fails("this machine has no ar", "/bin/sh", f"{sdk.top}/bin/skerry-ar")
        sdk.fails("this SDK needs gcc", "/bin/sh", f"{sdk.top}/bin/skerry-cc", "plain.c")
    finally:
        sdk.env["PATH"] = path


def test_configure(sdk, greet):
    PROGRAMS[f"{greet}/say"] = "hello, autoconf: 1.414214\n"
    if not shutil.which("pkg-config"):
        sdk.fails("this machine has no pkg-config", "skerry-pkg-config", "--libs", "greet")
        return
    assert sdk.run("skerry-pkg-config", "--cflags", "--libs", "greet").split() == [
        "-DGREET", "-lgreet"]
    assert sdk.try_run("skerry-pkg-config", "--exists", "zlib").returncode == 1


def test_cmake(sdk, greet, tmp_path):
    assert greet
    need("cmake", "pkg-config")
    folder = project(tmp_path, "cmake")
    sdk.run("cmake", "-S", folder, "-B", f"{folder}/build", f"-DCXX={'ON' if FULL else 'OFF'}",
            f"-DCMAKE_TOOLCHAIN_FILE={sdk.top}/share/skerry.cmake", "-G", "Unix Makefiles",
            cwd=folder)
    sdk.run("cmake", "--build", f"{folder}/build")
    PROGRAMS[f"{folder}/build/say"] = "hello, cmake: 1.414214\n"
    if FULL:
        PROGRAMS[f"{folder}/build/catcher"] = CXX_SAYS


def test_meson(sdk, greet, tmp_path):
    assert greet
    need("meson", "ninja", "pkg-config")
    folder = project(tmp_path, "meson")
    with open(f"{folder}/skerry.ini", "w", encoding="utf-8") as f:
        f.write(sdk.run("skerry-meson-cross"))
    sdk.run("meson", "setup", "--cross-file", f"{folder}/skerry.ini",
            f"-Dcxx={'true' if FULL else 'false'}", f"{folder}/build", cwd=folder)
    sdk.run("meson", "compile", "-C", f"{folder}/build")
    PROGRAMS[f"{folder}/build/say"] = "hello, meson: 1.414214\n"
    if FULL:
        PROGRAMS[f"{folder}/build/catcher"] = CXX_SAYS


@pytest.mark.skipif(not FULL, reason="TEST_FULL is not set")
def test_cxx(sdk, tmp_path):
    project(tmp_path, "")
    sdk.run("skerry-c++", "-shared", "-fPIC", "-Wl,-soname,libthrower.so", "-o", "libthrower.so",
            "thrower.cc", cwd=tmp_path)
    for name, flags in FLAGS.items():
        library = ["thrower.cc"] if "static" in name else ["-L.", "-lthrower"]
        out = str(tmp_path / f"catcher-{name}")
        sdk.run("skerry-c++", "-O2", "-Wall", "-Werror", *flags, "-o", out, "catcher.cc", *library,
                cwd=tmp_path)
        PROGRAMS[out] = CXX_SAYS
    LIBRARIES.extend([str(tmp_path / "libthrower.so"), f"{sdk.top}/usr/lib/libstdc++.so.6"])


def test_run(machine, tmp_path):
    """All that was built before, in the guest, with the shared libraries beside it."""
    assert PROGRAMS
    names = {f"p{n}": path for n, path in enumerate(PROGRAMS)}
    for name, path in names.items():
        shutil.copy(path, tmp_path / name)
    for path in LIBRARIES:
        shutil.copy(path, tmp_path / os.path.basename(path))
    archive = str(tmp_path / "programs.tar")
    subprocess.run(["tar", "-C", tmp_path, "-cf", archive, *names,
                    *{os.path.basename(path) for path in LIBRARIES}], check=True)
    console = machine(disks=[f"{B}/skerry.img", archive])
    console.prompt()
    console.output("cd /tmp && tar -xf /dev/sdb && export LD_LIBRARY_PATH=/tmp", 120)
    wrong = {}
    for name, path in names.items():
        said = console.run(f"./{name}", 120)
        if said != (0, PROGRAMS[path]):
            wrong[path] = said
    assert not wrong
