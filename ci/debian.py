"""Disks with Debian's own programs, unmodified: the packages and the libraries they want, as they
are, for a guest that mounts the disk at /mnt and changes its root there.

    disk = debian.make_disk("net", debian.NET)
    console.output(debian.ENTER); console.output("chroot /mnt curl --version")

A disk is $USER_B/debian/NAME.img, made once; it is made again when its packages or files change.
Packages come from the archive by ci/fetch and stay in its cache.
"""

import fcntl
import hashlib
import inspect
import os
import re
import shutil
import subprocess
import tarfile

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(TOP, os.environ.get("USER_B", os.environ.get("B", "build")), "debian")
CACHE = os.path.join(TOP, os.environ.get("DISTCACHE", "build/distfiles"))

# The guest's side: the second disk at /mnt with what programs expect below a root. What they write
# to /tmp and /run stays in memory.
ENTER = ("mount /dev/sdb /mnt && mount -t proc proc /mnt/proc && mount -t sysfs sysfs /mnt/sys && "
         "mount -o bind /dev /mnt/dev && mount -t devpts devpts /mnt/dev/pts && "
         "mount -t tmpfs tmpfs /mnt/tmp && mount -t tmpfs tmpfs /mnt/run")

# What the packages' installation would have made.
ETC = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
                  "tcpdump:x:101:101::/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\ntcpdump:x:101:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
}

# And users for suites that tell one who may do everything from others.
TESTER = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/sh\n"
                  "tester:x:1000:1000::/work:/bin/sh\n",
    "etc/group": "root:x:0:\ntester:x:1000:\nsecond:x:1001:tester\nnogroup:x:65534:\n",
}

# Network programs and their libraries.
NET = """curl libbrotli1 libcom-err2 libcurl4 libffi8 libgmp10 libgnutls30 libgssapi-krb5-2
libhogweed6 libidn2-0 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 libldap-2.5-0 libnettle8
libnghttp2-14 libp11-kit0 libpsl5 librtmp1 libsasl2-2 libssh2-1 libssl3 libtasn1-6 libunistring2
libzstd1 zlib1g iperf3 libiperf0 libsctp1 socat libnsl2 libtirpc3 libwrap0 tcpdump libcap2
libcap2-bin libdbus-1-3 libgcrypt20 libgpg-error0 liblz4-1 liblzma5 libpcap0.8 libsystemd0 iproute2
libbpf1 libbsd0 libdb5.3 libelf1 libmd0 libmnl0 libpcre2-8-0 libselinux1 libxtables12 iputils-ping
netcat-openbsd net-tools coreutils libacl1 libattr1 dash libc6 libcrypt1 libgcc-s1""".split()

# Disk programs and theirs.
DISK = """util-linux util-linux-extra mount fdisk libblkid1 libfdisk1 libmount1 libsmartcols1
libuuid1 libudev1 libtinfo6 libreadline8 libselinux1 libpcre2-8-0 libcap-ng0
libcrypt1 libpam0g libaudit1 libsystemd0 coreutils libacl1 libattr1 libgmp10 dash
libc6 libgcc-s1 parted libparted2 libdevmapper1.02.1 liblzma5 libzstd1 liblz4-1
libcap2 libgcrypt20 libgpg-error0 sed grep attr acl e2fsprogs libext2fs2 libss2 libcom-err2
dosfstools pciutils libpci3 libkmod2 libssl3 pci.ids zlib1g""".split()

# strace and gdb, and theirs.
TRACE = """strace gdb libunwind8 libbabeltrace1 libc6 libdebuginfod1 libexpat1 libgcc-s1 libgmp10
libipt2 liblzma5 libmpfr6 libncursesw6 libpython3.11 libpython3.11-minimal libpython3.11-stdlib
libreadline8 libsource-highlight4v5 libsource-highlight-common libboost-regex1.74.0 libicu72
libstdc++6 libtinfo6 libxxhash0 libzstd1 zlib1g libcurl3-gnutls libelf1 libdw1 libbrotli1
libgnutls30 libgssapi-krb5-2 libkrb5-3 libk5crypto3 libkrb5support0 libkeyutils1 libcom-err2
libidn2-0 libldap-2.5-0 libsasl2-2 libnettle8 libhogweed6 libnghttp2-14 libpsl5 librtmp1 libssh2-1
libssl3 libp11-kit0 libtasn1-6 libunistring2 libffi8 libbz2-1.0 libglib2.0-0 libpcre2-8-0 libuuid1
libcrypt1 libdb5.3 libnsl2 libtirpc3 dash coreutils sed grep libacl1 libattr1 libselinux1""".split()


def fill(root, packages, files):
    for package in packages:
        subprocess.run([f"{TOP}/ci/fetch", "--cache", CACHE, "deb", package, "--as",
                        f"{package}.deb"], check=True)
        subprocess.run(["dpkg-deb", "-x", os.path.join(CACHE, f"{package}.deb"), root], check=True)
    for name in ("doc", "man", "locale"):
        shutil.rmtree(f"{root}/usr/share/{name}", ignore_errors=True)
    for name in ("proc", "sys", "dev", "tmp", "etc", "run", "root", "var/tmp"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    for name, text in {**ETC, **files}.items():
        data = text if isinstance(text, bytes) else text.encode()
        with open(f"{root}/{name}", "wb") as f:
            f.write(data)
        os.chmod(f"{root}/{name}", 0o755 if data[:2] in (b"#!", b"\x7fE") else 0o644)


def debootstrap(root):
    """A whole system in place of single packages: what debootstrap makes of the smallest set, from
    the archive that the machine's apt has first. Takes a minute or two and wants root, so the
    result is kept in the cache."""
    kept = os.path.join(CACHE, "debian-root.tar")
    if not os.path.exists(kept):
        site = subprocess.run([f"{TOP}/ci/fetch", "--cache", CACHE, "site", "bookworm"], check=True,
                              capture_output=True, text=True).stdout.splitlines()[-1]
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, site], check=True,
                       stdout=subprocess.DEVNULL)
        for name in ("var/cache/apt/archives", "var/lib/apt/lists"):
            shutil.rmtree(f"{root}/{name}")
            os.makedirs(f"{root}/{name}/partial")
        with open(f"{root}/etc/resolv.conf", "w", encoding="utf-8"):
            pass
        subprocess.run(["tar", "-C", root, "-cf", kept + ".new", "."], check=True)
        shutil.rmtree(root)
        os.makedirs(root)
        os.rename(kept + ".new", kept)
    subprocess.run(["tar", "-C", root, "-xpf", kept], check=True)


def fetch_source(package):
    """The path of the upstream tarball that ci/distfiles names for this source package."""
    subprocess.run([f"{TOP}/ci/fetch", "--cache", CACHE, "source", package], check=True)
    with open(f"{TOP}/ci/distfiles", encoding="utf-8") as f:
        rows = (line.split("#")[0].split() for line in f)
        return os.path.join(CACHE, next(r[3] for r in rows if r[:2] == ["source", package]))


def make_locales(root, charmaps):
    """The locales that are the keys of CHARMAPS, from the package `locales` in ROOT, whose sources
    then go."""
    sources = f"{root}/usr/share/i18n"
    for name, charmap in charmaps.items():
        subprocess.run(["localedef", "-c", "--no-archive", "--no-warnings=ascii", "-f", charmap,
                        "-i", name.split(".")[0], f"--prefix={root}", name], check=True,
                       env=dict(os.environ, I18NPATH=sources))
    shutil.rmtree(sources)


def unpack(package, folder, wanted):
    """The files of a source package whose paths in it begin as the regular expression says, in that
    folder."""
    with tarfile.open(fetch_source(package)) as tar:
        for member in tar:
            member.name = member.name.split("/", 1)[-1]
            if re.match(wanted, member.name):
                tar.extract(member, folder)


def source_names(package, pattern):
    """What the regular expression's group finds in the paths of a source package, sorted."""
    with tarfile.open(fetch_source(package)) as tar:
        found = (re.match(pattern, name.split("/", 1)[-1]) for name in tar.getnames())
        return sorted({match.group(1) for match in found if match})


def make_disk(name, packages, files=None, size="256M", kind="ext2", finish=None):
    """The path of the disk with these packages, and files (path in the disk: text or
    bytes), in a file system of that kind (mke2fs's -t); without packages debootstrap's root.
    FINISH(root) changes more before it is made."""
    os.makedirs(FOLDER, exist_ok=True)
    disk, root, mark = (os.path.join(FOLDER, name + end) for end in (".img", ".root", ".is"))
    what = packages, ETC, files, size, kind, inspect.getsource(finish) if finish else ""
    wanted = hashlib.sha256(repr(what).encode()).hexdigest()
    with open(os.path.join(FOLDER, name + ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(disk) and os.path.exists(mark):
            with open(mark, encoding="utf-8") as f:
                if f.read() == wanted:
                    return disk
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root)
        if packages:
            fill(root, packages, files or {})
        else:
            debootstrap(root)
        if finish:
            finish(root)
        subprocess.run(["mke2fs", "-q", "-F", "-t", kind, "-b", "4096", "-d", root, disk + ".new",
                        size], check=True)
        shutil.rmtree(root)
        os.rename(disk + ".new", disk)
        with open(mark, "w", encoding="utf-8") as f:
            f.write(wanted)
    return disk
