"""Device managers: BusyBox' mdev makes the nodes of an empty /dev from /sys, as the kernel's helper
for each event, and as a daemon that listens; disks come and go meanwhile."""

import os
import re

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
B = os.path.join(TOP, os.environ.get("B", "build"))
CONF = "null 0:0 666\\nsd[a-z].* 0:6 640\\ntty.* 0:5 620\\n"
# A root with a /dev of its own: all else is the machine's.
ROOM = ("mkdir /tmp/r && mount -o bind / /tmp/r && mount -t tmpfs dev /tmp/r/dev && "
        "mount -t sysfs sys /tmp/r/sys && mount -t proc proc /tmp/r/proc && "
        f"printf '{CONF}' >/etc/mdev.conf")
WAIT = "i=0; until %s; do usleep 100000; i=$((i+1)); [ $i -lt 1000 ] || break; done; %s"


def becomes(console, condition):
    console.output(WAIT % (condition, condition), 30)


@pytest.fixture(name="room", scope="module")
def room_fixture(consoles, tmp_path_factory):
    disk = tmp_path_factory.mktemp("devices") / "disk.img"
    disk.write_bytes(b"")
    os.truncate(disk, 32 << 20)
    console = consoles("devices", env={"SMP": "2"},
                       disks=[os.path.join(B, "skerry.img"), str(disk)])
    console.prompt(120)
    console.output(ROOM)
    return console


def test_mdev_finds_all(room):
    room.output("chroot /tmp/r mdev -s")
    assert room.output("for f in $(cd /dev; find . -type b -o -type c | grep -v pts/); do "
                       "[ $(stat -c %t:%T:%f /dev/$f | sed s/...$//) = "
                       "$(stat -c %t:%T:%f /tmp/r/dev/$f | sed s/...$//) ] "
                       "|| echo missing $f; done").strip() == ""
    listing = room.output("cd /tmp/r/dev; stat -c '%a %g %n' null sda3 ttyS0 zero; cd")
    assert re.findall(r"\d+ \d+ \w+", listing) == ["666 0 null", "640 6 sda3", "620 5 ttyS0",
                                                   "660 0 zero"]


def test_mdev_is_the_helper(room):
    room.output("printf '#!/bin/sh\\nenv >/tmp/env\\n(cut -d\" \" -f4-6 /proc/$$/stat; pwd; umask; "
                "ulimit -n) >/tmp/place\\nexec chroot /tmp/r /sbin/mdev\\n' >/tmp/h; "
                "chmod +x /tmp/h; echo /tmp/h >/proc/sys/kernel/hotplug")
    assert room.output("cat /sys/kernel/uevent_helper").strip() == "/tmp/h"
    room.output("rm /tmp/r/dev/sda1; echo add >/sys/class/block/sda1/uevent")
    becomes(room, "[ -b /tmp/r/dev/sda1 ]")
    told = room.output("cat /tmp/env")
    for line in ("ACTION=add", "SUBSYSTEM=block", "DEVNAME=sda1", "DEVTYPE=partition", "MAJOR=8",
                 "MINOR=1", "HOME=/", "PATH=/sbin:/bin:/usr/sbin:/usr/bin"):
        assert re.search(f"^{line}$", told, re.M), told
    # no parent, group or session but the kernel's; the root directory, and what init began with
    assert room.output("cat /tmp/place").split() == ["0", "0", "0", "/", "0022", "1024"]
    # an unplugged disk's node goes; nobody has to wait for helpers
    room.output("echo 1 >/sys/block/sdb/device/delete")
    becomes(room, "[ ! -e /tmp/r/dev/sdb ]")
    becomes(room, "! ps -o ppid,stat | grep -q '^ *0 *Z'") # init's own may stay until its next one
    room.output("echo /nothing/there >/proc/sys/kernel/hotplug")
    room.output("echo change >/sys/class/mem/null/uevent; echo >/proc/sys/kernel/hotplug")
    assert room.output("cat /sys/kernel/uevent_helper").strip() == ""


def test_mdev_is_a_daemon(room):
    room.output("chroot /tmp/r mdev -d")
    room.output('for h in /sys/class/scsi_host/host*; do echo "- - -" >$h/scan; done', 60)
    becomes(room, "[ -b /tmp/r/dev/sdb ]")
    room.output("printf 'n\\np\\n1\\n\\n\\nw\\n' | fdisk /dev/sdb >/dev/null")
    becomes(room, "[ -b /tmp/r/dev/sdb1 ]")
    room.output("echo 1 >/sys/block/sdb/device/delete")
    becomes(room, "[ ! -e /tmp/r/dev/sdb1 ] && [ ! -e /tmp/r/dev/sdb ]")
    room.output("kill $(pidof mdev)")
