"""Tests of ci/fetch against an archive of our own, served from this process."""

import functools
import hashlib
import http.server
import os
import subprocess
import threading

import pytest

import tool

FETCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fetch")
TARBALL = "hello_1.0.orig.tar.gz"
CONTENT = b"what upstream released\n"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


class Archive:
    """A Debian archive in a directory, served over HTTP."""

    def __init__(self, root):
        self.root = root
        self.sources, self.packages, self.edition = "", "", 0
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(QuietHandler, directory=str(root)))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def add_source(self, version, content=CONTENT, present=True, listed=None):
        """A source package `hello`; `listed` is what the index says the tarball holds."""
        folder = f"pool/{version}"
        (self.root / folder).mkdir(parents=True)
        listed = content if listed is None else listed
        dsc = f"hello_{version}.dsc"
        if present:
            (self.root / folder / TARBALL).write_bytes(content)
        (self.root / folder / dsc).write_bytes(b"dsc\n")
        files = [(dsc, b"dsc\n"), (TARBALL, listed)]
        self.sources += "\n".join(
            ["Package: hello", "Binary: hello", f"Version: {version}", "Architecture: any",
             "Format: 3.0 (quilt)", f"Directory: {folder}", "Files:"]
            + [f" {hashlib.md5(d).hexdigest()} {len(d)} {n}" for n, d in files]
            + ["Checksums-Sha256:"]
            + [f" {sha256(d)} {len(d)} {n}" for n, d in files]) + "\n\n"

    def add_binary(self, name, version, depends=None):
        tree = self.root / "tree" / name
        (tree / "DEBIAN").mkdir(parents=True)
        control = f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
        control += "Maintainer: nobody <nobody@example.org>\nDescription: test\n"
        if depends:
            control += f"Depends: {depends}\n"
        (tree / "DEBIAN" / "control").write_text(control)
        path = f"pool/{name}_{version}_all.deb"
        (self.root / "pool").mkdir(exist_ok=True)
        subprocess.run(["dpkg-deb", "--build", str(tree), str(self.root / path)],
                       check=True, stdout=subprocess.DEVNULL)
        data = (self.root / path).read_bytes()
        self.packages += f"{control}Filename: {path}\nSize: {len(data)}\nSHA256: {sha256(data)}\n\n"
        return data

    def publish(self):
        suite = self.root / "dists" / "test"
        sums = ""
        for name, text in (("main/source/Sources", self.sources),
                           ("main/binary-amd64/Packages", self.packages)):
            (suite / name).parent.mkdir(parents=True, exist_ok=True)
            (suite / name).write_text(text)
            sums += f" {sha256(text.encode())} {len(text)} {name}\n"
        (suite / "Release").write_text(
            "Suite: test\nCodename: test\nComponents: main\nArchitectures: amd64\n"
            f"Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n{sums}")
        # A client asks for what has changed since a whole second: each edition is of its own.
        self.edition += 1
        for path in suite.rglob("*"):
            os.utime(path, (1700000000 + self.edition,) * 2)


class Client:
    """Runs ci/fetch as on a machine whose apt knows only our archive."""

    def __init__(self, root, sources):
        self.root = root
        (root / "parts").mkdir()
        self.list = root / "sources.list"
        self.list.write_text(sources)
        (root / "apt.conf").write_text(
            f'Dir::Etc::sourcelist "{self.list}";\nDir::Etc::sourceparts "{root}/parts";\n'
            'Acquire::http::Proxy "DIRECT";\nAcquire::http::Timeout "5";\n'
            'APT::Architecture "amd64";\n')
        self.cache = root / "cache"

    def pin(self, *rows):
        (self.root / "pins").write_text("".join("\t".join(r) + "\n" for r in rows))

    def fetch(self, *args, distfiles=""):
        return subprocess.run(
            [FETCH, "--cache", str(self.cache), "--pins", str(self.root / "pins"), *args],
            env=dict(os.environ, APT_CONFIG=str(self.root / "apt.conf"), DISTFILES=str(distfiles)),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False)

    def fails(self, *args, **kwargs):
        """Fetch, expect failure, and return the one line it says."""
        result = self.fetch(*args, **kwargs)
        assert result.returncode == 1
        assert result.stderr.startswith("fetch: ")
        assert result.stderr.count("\n") == 1, result.stderr
        return result.stderr


@pytest.fixture(name="archive")
def archive_fixture(tmp_path):
    (tmp_path / "archive").mkdir()
    archive = Archive(tmp_path / "archive")
    yield archive
    archive.stop()


@pytest.fixture(name="client")
def client_fixture(tmp_path, archive):
    (tmp_path / "client").mkdir()
    client = Client(tmp_path / "client", f"deb [trusted=yes] {archive.url} test main\n")
    client.pin(("source", "hello", "1.0-1", TARBALL, sha256(CONTENT)))
    return client


def test_one_line_entries_become_deb_src():
    text = """# comment
deb [signed-by=/k.gpg arch=amd64] http://a.example/debian stable main contrib # tail
deb-src http://b.example stable main
 # deb http://off.example stable main
"""
    assert tool.load("ci/fetch").convert_one_line(text, "deb-src") == [
        "deb-src [signed-by=/k.gpg arch=amd64] http://a.example/debian stable main contrib",
        "deb-src http://b.example stable main"]


def test_deb822_stanzas_become_deb_src_and_keep_the_rest():
    text = """Types: deb
# a comment inside
URIs: http://a.example/debian
Suites: stable
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Enabled: no
Types: deb
URIs: http://off.example

Types: deb deb-src
URIs: http://b.example
"""
    first, second = tool.load("ci/fetch").convert_deb822(text, "deb-src")
    assert first.startswith("Types: deb-src\nURIs: http://a.example/debian\n")
    assert "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc" in first
    assert second == "Types: deb-src\nURIs: http://b.example\n"


def test_fetches_once_and_then_needs_no_network(archive, client):
    archive.add_source("1.0-1")
    archive.publish()
    assert client.fetch("source", "hello").returncode == 0
    assert (client.cache / TARBALL).read_bytes() == CONTENT
    archive.stop()
    assert client.fetch("source", "hello").returncode == 0


def test_deb822_machine(archive, client):
    archive.add_source("1.0-1")
    archive.publish()
    client.list.write_text("")
    (client.root / "parts" / "local.sources").write_text(
        f"Types: deb\nURIs: {archive.url}\nSuites: test\nComponents: main\nTrusted: yes\n")
    assert client.fetch("source", "hello").returncode == 0


def test_damaged_cache_is_fetched_again(archive, client):
    archive.add_source("1.0-1")
    archive.publish()
    client.fetch("source", "hello")
    (client.cache / TARBALL).write_bytes(b"damaged")
    assert client.fetch("source", "hello").returncode == 0
    assert (client.cache / TARBALL).read_bytes() == CONTENT


def test_missing_file_is_taken_from_another_version(archive, client):
    archive.add_source("1.0-1", present=False)
    archive.add_source("1.0-2")
    archive.publish()
    result = client.fetch("source", "hello")
    assert result.returncode == 0, result.stderr
    assert (client.cache / TARBALL).read_bytes() == CONTENT


def test_pinned_version_may_be_gone_from_the_index(archive, client):
    archive.add_source("1.0-7")
    archive.publish()
    assert client.fetch("source", "hello").returncode == 0


def test_old_index_is_refreshed(archive, client):
    archive.add_source("1.0-1", present=False)
    archive.publish()
    assert "404" in client.fails("source", "hello")
    archive.add_source("1.0-2")
    archive.publish()
    assert client.fetch("source", "hello").returncode == 0


def test_missing_everywhere(archive, client):
    archive.add_source("1.0-1", present=False)
    archive.publish()
    assert "404" in client.fails("source", "hello")


def test_wrong_checksum(archive, client):
    archive.add_source("1.0-1", content=b"something else\n")
    archive.publish()
    line = client.fails("source", "hello")
    assert "wrong checksum" in line and TARBALL in line
    assert not (client.cache / TARBALL).exists()


def test_file_that_differs_from_the_index(archive, client):
    archive.add_source("1.0-1", content=b"WHAT upstream released\n", listed=CONTENT)
    archive.publish()
    assert "Hash Sum mismatch" in client.fails("source", "hello")
    assert not (client.cache / TARBALL).exists()


def test_other_upstream_version(archive, client):
    archive.add_source("2.0-1")
    archive.publish()
    client.pin(("source", "hello", "1.0-1", "hello_0.9.orig.tar.gz", sha256(CONTENT)))
    assert "no listed version of 'hello' carries hello_0.9" in client.fails("source", "hello")


def test_unknown_package(archive, client):
    archive.add_source("1.0-1")
    archive.publish()
    client.pin(("source", "absent", "1.0-1", "absent.tar.gz", sha256(b"")))
    assert "list no source package 'absent'" in client.fails("source", "absent")


def test_unpinned_package(archive, client):
    archive.publish()
    assert "'other' is not pinned" in client.fails("source", "other")


def test_no_network(tmp_path):
    (tmp_path / "client").mkdir()
    client = Client(tmp_path / "client", "deb [trusted=yes] http://127.0.0.1:9 test main\n")
    client.pin(("source", "hello", "1.0-1", TARBALL, sha256(CONTENT)))
    assert "cannot reach the package archive" in client.fails("source", "hello")


def test_distfiles_replace_the_network(tmp_path, archive, client):
    archive.stop()
    good = tmp_path / "good"
    good.mkdir()
    (good / TARBALL).write_bytes(CONTENT)
    assert "holds no" in client.fails("source", "hello", distfiles=tmp_path)
    assert client.fetch("source", "hello", distfiles=good).returncode == 0
    assert (client.cache / TARBALL).read_bytes() == CONTENT


def test_distfiles_are_checked(tmp_path, archive, client):
    archive.stop()
    (tmp_path / TARBALL).write_bytes(b"bad")
    assert "wrong checksum" in client.fails("source", "hello", distfiles=tmp_path)


def test_pinned_deb(archive, client):
    data = archive.add_binary("tool", "3")
    archive.publish()
    client.pin(("deb", "tool", "3", "tool.deb", sha256(data)))
    assert client.fetch("deb", "tool").returncode == 0
    assert (client.cache / "tool.deb").read_bytes() == data


def test_unpinned_deb_through_a_dependency(archive, client):
    data = archive.add_binary("image-6.1-amd64", "6")
    archive.add_binary("image-amd64", "6", depends="lib, image-6.1-amd64 (= 6)")
    archive.publish()
    fetched = client.fetch("deb", "image-amd64", "--follow", "image-[0-9]", "--as", "peer.deb")
    assert fetched.returncode == 0
    assert (client.cache / "peer.deb").read_bytes() == data
    assert "no dependency like" in client.fails(
        "deb", "image-amd64", "--follow", "nothing", "--as", "other.deb")


def test_site_of_a_release(archive, client):
    archive.add_binary("one", "1.0")
    archive.publish()
    result = client.fetch("site", "test")
    assert result.returncode == 0 and result.stdout.splitlines()[-1].rstrip("/") == archive.url
    assert "no release 'other'" in client.fails("site", "other")


def test_bad_pin_file(client):
    (client.root / "pins").write_text("source hello\n")
    assert "pins:1:" in client.fails("source", "hello")
