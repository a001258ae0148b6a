"""An image whose root is ext2 (ROOTFS=ext2): from boot loader to login, written to, rebooted."""

import os
import subprocess

from conftest import B, TOP, USER_B
from test_disk import take_root, tool

SIZE = "200M"


def image(path):
    """As image/image.mk makes it, with the boot loader and the kernel of the other image."""
    def script(name, *arguments):
        return subprocess.run([os.path.join(TOP, "image", name), *arguments], cwd=TOP, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    variables = {"B": B, "BUSYBOX": f"{USER_B}/busybox/busybox", "PORTS": f"{USER_B}/ports",
                 "BUSYBOX_LINKS": f"{USER_B}/busybox/busybox.links",
                 "SYSROOT": f"{USER_B}/sysroot", "ROOTFS": "ext2"}
    script("mkroot", f"{path}.root", script("mkdisk", "layout", SIZE).strip(), "1700000000",
           f"{path}.d", "image/manifest", "ports/dropbear/manifest",
           *(f"{k}={v}" for k, v in variables.items()))
    script("mkdisk", "build", path, SIZE, "/usr/lib/grub/i386-pc/boot.img",
           f"{B}/image/core.img", f"{B}/image/esp.fat", f"{path}.root")
    return path


def test_written_and_rebooted(machine, tmp_path):
    disk, root = image(str(tmp_path / "disk.img")), str(tmp_path / "root")
    console = machine(boot="disk", disks=[disk], test=False)
    console.prompt()
    assert " / ext2 rw," in console.output("grep ' / ' /proc/mounts")
    console.output("head -c 4000000 /dev/urandom >/root/big && mkdir -p /root/tree/sub")
    console.output("cp -a /etc /root/tree/sub && ln -s tree /root/link && rm /etc/hosts; "
                   "echo new >/etc/hosts")
    before = console.output("sha256sum </root/big")
    console.sendline("reboot")
    console.expect("Welcome to", timeout=100)
    console.prompt()
    assert console.output("sha256sum </root/big") == before
    console.output("diff -r /etc/rc.d /root/link/sub/etc/rc.d && grep -q new /etc/hosts")
    assert "run e2fsck" not in console.output("dmesg")
    console.output("rm -r /root/tree")
    console.sendline("poweroff")
    assert console.ended(100) == 0
    take_root(disk, root)
    features = tool("dumpe2fs", "-h", root).split("features:")[1].split("\n")[0]
    assert "has_journal" not in features and "extent" not in features
    tool("e2fsck", "-fn", root)
    tool("debugfs", "-R", f"dump /root/big {tmp_path}/big", root)
    assert tool("sha256sum", f"{tmp_path}/big").split()[0] == before.split()[0]
