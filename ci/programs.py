"""Debian's programs beside Linux: scripts of ci/foreign that run in a root of Debian's packages
(ci/debian.py) on Skerry, and say there what they said on Linux.

ci/foreign/NAME is a shell script, NAME.said its output on Debian's Linux in the same QEMU. Where
a script cannot but say something of its own each time, such as a time, it leaves that out itself.
`make test-full` holds the output of both kernels against NAME.said.

    PROGRAMS_SAID=1 make test-system TEST='debian_build -k git' LONG=1

writes NAME.said anew from what Linux says, to be read before it is believed.
"""

import os
import re
import subprocess

import debian

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
B = os.path.join(TOP, os.environ.get("B", "build"))
SCRIPTS = os.path.join(TOP, "ci", "foreign")
LONG = os.environ.get("TEST_FULL")
PLACE = "/mnt/mnt"     # where the scripts' disk is mounted; /mnt for them

# A shell and what scripts want.
BASE = """bash dash coreutils sed grep findutils diffutils gawk tar gzip procps util-linux
base-files libc6 libc-bin libgcc-s1 libacl1 libattr1 libcap2 libcrypt1 libgmp10 libmpfr6 libselinux1
libpcre2-8-0 libproc2-0 libncursesw6 libtinfo6 libreadline8 readline-common libsigsegv2 libsystemd0
libgcrypt20 libgpg-error0 liblz4-1 liblzma5 libzstd1 libblkid1 libmount1 libsmartcols1 libuuid1
libudev1 libcap-ng0 libpam0g libaudit1 zlib1g libbz2-1.0 libssl3 libstdc++6""".split()

ETC = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n"
                  "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
                  "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
                  "user:x:1000:1000:user:/home/user:/bin/bash\n"
                  "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\ntty:x:5:\nwww-data:x:33:\nuser:x:1000:\nnogroup:x:65534:\n",
    "etc/shells": "/bin/sh\n/bin/bash\n",
}


def scripts_disk(folder):
    """A small disk with the scripts."""
    disk = os.path.join(str(folder), "scripts.img")
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-d", SCRIPTS, disk, "8M"], check=True,
                   stdout=subprocess.DEVNULL)
    return disk


def start(machine, kernel, disks, **options):
    """A machine with Debian's disk as root at /mnt and the scripts' at /mnt/mnt. Linux gives disks
    the letters as they come, so it is started until they are those of the ports."""
    environment = {"SMP": "2" if kernel == "skerry" else "1", **options.pop("env", {})}
    for _ in range(8):
        console = machine(kernel=kernel, env=environment, seconds=3000,
                          disks=[os.path.join(B, "skerry.img"), *disks], **options)
        console.prompt(120)
        places = console.output("for d in /sys/block/sd*/device; do readlink $d; done")
        if re.findall(r"(\d):0:0:0", places) == [str(n) for n in range(len(disks) + 1)]:
            break
        console.stop()
    else:
        raise AssertionError("the disks never came in order")
    console.output(debian.ENTER)
    console.output(f"mkdir -p {PLACE} && mount -o ro /dev/sdc {PLACE} && ifconfig lo up && "
                   "dmesg -n 1 && mkdir -p /mnt/dev/shm && mount -t tmpfs tmpfs /mnt/dev/shm && "
                   "hostname skerry")
    return console


def said(console, name, words="", timeout=300):
    """What the script says on this machine."""
    # An echo of a long line has more line ends than one; and programs are to see no terminal.
    text = console.output(f"echo @be''gin; (chroot /mnt env -i HOME=/root LC_ALL=C.UTF-8 "
                          "PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=linux "
                          f"bash /mnt/{name} {words} </dev/null; echo status $?) 2>&1 | cat",
                          timeout)
    text = text.split("@begin\n", 1)[1]
    print(f"== {name}:\n{text}")
    return text


def judge(console, kernel, name, words="", timeout=300):
    """Run a script on this machine, and hold what it says against what is known of Linux."""
    text = said(console, name, words, timeout)
    path = os.path.join(SCRIPTS, name + ".said")
    if kernel == "linux" and os.environ.get("PROGRAMS_SAID"):
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
    with open(path, encoding="utf-8") as f:
        assert text.split("\n") == f.read().split("\n"), f"{name} on {kernel}"
