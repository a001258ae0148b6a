"""What tests of packages share: packages made on the fly, and a folder of them with an index that
the image's key signs, served by HTTP."""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import threading

from conftest import TOP, USER_B

KEY = os.path.join(USER_B, "packages.key")


def make(folder, name, version, files, depends="", more=""):
    """A package of these files: path to text, (text, mode), or ("link", target); its path."""
    tree = os.path.join(folder, "tree")
    shutil.rmtree(tree, ignore_errors=True)
    os.makedirs(os.path.join(tree, "DEBIAN"))
    control = (f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Skerry\n"
               + (f"Depends: {depends}\n" if depends else "") + more
               + f"Description: the test's {name}\n")
    for path, what in {"DEBIAN/control": control, **files}.items():
        text, mode = what if isinstance(what, tuple) else (what, 0o644)
        path = os.path.join(tree, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if text == "link":
            os.symlink(mode, path)
            continue
        with open(path, "wb") as f:
            f.write(text.encode() if isinstance(text, str) else text)
        os.chmod(path, mode)
    path = os.path.join(folder, f"{name}_{version}_amd64.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--nocheck", "--build", tree, path],
                   check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)
    return path


def sign(folder, key=KEY):
    """Make the folder's index."""
    subprocess.run([f"{TOP}/ports/index", str(folder), key], check=True)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def served(folder):
    """The folder as the guest sees it."""
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://10.0.2.2:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def disk(folder, path, label="packages"):
    """The folder as a disk that pkg finds by its label."""
    subprocess.run(["mke2fs", "-q", "-t", "ext2", "-L", label, "-d", str(folder), str(path), "32M"],
                   check=True)
