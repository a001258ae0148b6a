"""CD-ROM drives while media come and go, with errors, and on a second controller."""

import hashlib
import random
import re

MIB = 1 << 20


def medium(path, seed, size):
    """A medium of noise; its sum."""
    data = random.Random(seed).randbytes(size)
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def drive(path, rest=""):
    return ["-drive", f"if=none,id=cd0,media=cdrom,readonly=on,format=raw,file={path}{rest}",
            "-device", "ide-cd,drive=cd0,bus=ide.3"]


def test_media_change(machine, tmp_path):
    one, two = (medium(tmp_path / name, n, (n + 3) * MIB) for n, name in enumerate(["one", "two"]))
    console = machine(extra=drive(tmp_path / "one"))
    console.prompt()
    assert one in console.output("sha256sum /dev/sr0")
    assert console.output("cat /sys/block/sr0/size").strip() == str(3 * MIB // 512)
    # Another one: what the cache has of the first is forgotten.
    console.monitor(f"change cd0 {tmp_path}/two raw")
    assert two in console.output("sha256sum /dev/cdrom")
    assert console.output("cat /sys/block/sr0/size").strip() == str(4 * MIB // 512)
    # It is pulled out while somebody reads: errors for him, and whoever opens it finds nothing.
    console.output("exec 5</dev/sr0; echo 3 >/proc/sys/vm/drop_caches")
    console.monitor("eject -f cd0")
    assert console.run("cat <&5 >/dev/null")[0] != 0
    assert "No medium" in console.run("cat /dev/sr0")[1]
    console.output("exec 5<&-")
    console.monitor(f"change cd0 {tmp_path}/one raw")
    assert one in console.output("sha256sum /dev/sr0")
    # BusyBox' eject: out, and in again; opening draws it in, too.
    console.output("eject /dev/sr0 && eject -t /dev/sr0")
    assert one in console.output("sha256sum /dev/sr0")
    console.output("eject")
    assert one in console.output("sha256sum /dev/sr0")
    assert console.run("echo >/dev/sr0")[0] != 0
    # The drive itself is unplugged, and found again.
    console.output("echo 1 >/sys/block/sr0/device/delete; [ ! -e /dev/sr0 ] && [ ! -L /dev/cdrom ]")
    console.output('for h in /sys/class/scsi_host/host*; do echo "- - -" >$h/scan; done')
    assert one in console.output("sha256sum /dev/cdrom")
    assert "gone" in console.output("dmesg")


def test_mounted(machine, tmp_path):
    """A file system on it: the door stays locked while it is mounted."""
    from test_disk import tool
    tool("mke2fs", "-q", "-t", "ext2", "-b", "2048", "-d", "/etc/default", str(tmp_path / "fs"),
         "4m")
    console = machine(extra=drive(tmp_path / "fs"))
    console.prompt()
    assert console.run("mount -t ext2 -o rw /dev/sr0 /mnt")[0] == 0  # which tries read-only
    assert "ro," in console.output("grep /mnt /proc/mounts")
    assert "useradd" in console.output("ls /mnt")
    assert console.run("eject /dev/sr0")[0] != 0
    console.output("umount /mnt && eject /dev/sr0")


def test_read_errors(machine, tmp_path):
    """A bad spot: EIO for who wants it, with the drive's reason in the log."""
    medium(tmp_path / "disc", 3, 8 * MIB)
    conf = tmp_path / "blkdebug.conf"
    conf.write_text('[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "8000"\n')
    console = machine(extra=["-drive", "if=none,id=cd0,media=cdrom,readonly=on,format=raw,"
                             f"file=blkdebug:{conf}:{tmp_path}/disc,rerror=report",
                             "-device", "ide-cd,drive=cd0,bus=ide.3"])
    console.prompt()
    assert console.run("dd if=/dev/sr0 of=/dev/null bs=2k skip=2000 count=1")[0] != 0
    console.output("dd if=/dev/sr0 of=/dev/null bs=2k count=1000")
    console.output("dd if=/dev/sr0 of=/dev/null bs=2k skip=2100 count=500")
    log = console.output("dmesg")
    assert re.search(r"sr0: read at sector \d+: key \d", log) and "gone" not in log


def test_several_controllers(machine, tmp_path):
    """Drives and disks on three HBAs, all read at once."""
    sums = [medium(tmp_path / name, n, 6 * MIB) for n, name in enumerate("abc")]
    extra = ["-device", "ich9-ahci,id=second", "-device", "ich9-ahci,id=third"]
    for bus, name in (("second.0", "a"), ("third.5", "b")):
        extra += ["-drive", f"if=none,id={name},format=raw,snapshot=on,file={tmp_path}/{name}",
                  "-device", f"ide-hd,drive={name},bus={bus},serial={name}"]
    extra += ["-drive", f"if=none,id=c,media=cdrom,format=raw,readonly=on,file={tmp_path}/c",
              "-device", "ide-cd,drive=c,bus=third.1"]
    console = machine(append="root=/dev/sdc3", extra=extra)
    console.prompt()
    assert console.output("cat /sys/class/scsi_host/host*/proc_name").split() == ["ahci"] * 18
    text = console.output("for d in $(ls /sys/block | grep -v loop); do "
                          "head -c 6291456 /dev/$d | sha256sum & "
                          "done; wait", 100)
    assert all(s in text for s in sums)
