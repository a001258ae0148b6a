"""Debian's own programs for disks, unmodified: losetup, parted, partprobe, sfdisk, wipefs, lsblk,
blkid, mount, findmnt, fstrim, fsfreeze, attr, acl, e2fsprogs, dosfstools and pciutils from a second
disk (ci/debian.py), working on a third. With TEST_FULL the same commands run on Debian's Linux in
the same QEMU, and say the same."""

import os
import re

import debian

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
B = os.path.join(TOP, os.environ.get("B", "build"))
LONG = os.environ.get("TEST_FULL")
UUID = "11111111-2222-3333-4444-55555555555"

# Name, command in Debian's root, what its output has on both kernels. Each must succeed.
CHECKS = [
    ("loop-make", "truncate -s 16M /tmp/f; losetup --find --show --partscan /tmp/f",
     r"^/dev/loop0$"),
    ("loop-find", "losetup -j /tmp/f; losetup -ln -O NAME,OFFSET,AUTOCLEAR,RO,BACK-FILE,LOG-SEC",
     r"/dev/loop0 +0 +0 +0 /tmp/f +512"),
    ("loop-parts", "printf 'label: dos\\n,8M\\n,\\n' | sfdisk -q /dev/loop0; ls -1 /dev/loop0*",
     r"loop0p1\n/dev/loop0p2"),
    ("loop-end", "losetup -d /dev/loop0; losetup -a; ls -1 /dev/loop0*", r"^/dev/loop0$"),
    ("parted", "parted -s /dev/sdc mklabel gpt mkpart one ext2 1MiB 33MiB mkpart two fat32 33MiB "
               "60MiB; parted -s /dev/sdc unit s print", r"ATA QEMU HARDDISK"),
    ("parted-rm", "parted -s /dev/sdc rm 2; ls -1 /dev/sdc*", r"^/dev/sdc\n/dev/sdc1$"),
    ("parted-again", "parted -s /dev/sdc mkpart two fat32 33MiB 60MiB; ls -1 /dev/sdc*",
     r"/dev/sdc2"),
    ("partprobe", "partprobe -s /dev/sdc", r"gpt partitions 1 2"),
    ("sfdisk", f"sfdisk -q --disk-id /dev/sdc {UUID}0; sfdisk -q --part-uuid /dev/sdc 1 {UUID}1; "
               f"sfdisk -q --part-uuid /dev/sdc 2 {UUID}2; sfdisk -d /dev/sdc", r"start= +2048"),
    ("mke2fs", f"mke2fs -q -t ext4 -U {UUID}3 -E hash_seed={UUID}4 /dev/sdc1; "
               "dumpe2fs -h /dev/sdc1 2>/dev/null | grep -E 'count:|features|Block size'",
     r"has_journal"),
    ("e2fsck", "e2fsck -fp /dev/sdc1 | sed 's/(.*)//'", r"11/8192 files"),
    ("tune2fs", "tune2fs -L mine -m 1 /dev/sdc1 >/dev/null; tune2fs -l /dev/sdc1 | "
                "grep -E 'volume name|Reserved block count'", r"mine"),
    ("resize2fs", "resize2fs /dev/sdc1 16M 2>&1; e2fsck -fp /dev/sdc1 | sed 's/(.*)//'",
     r"4096 \(4k\) blocks|16384 \(1k\) blocks"),
    ("debugfs", "debugfs -w -R 'write /etc/group group' /dev/sdc1 2>/dev/null; "
                "debugfs -R 'ls -p /' /dev/sdc1 2>/dev/null | cut -d/ -f2,3,6", r"group"),
    ("vfat", "mkfs.vfat -i 12345678 -n MINE /dev/sdc2 >/dev/null; fsck.vfat -n /dev/sdc2; "
             "fatlabel /dev/sdc2", r"MINE"),
    ("blkid", "blkid -p /dev/sdc1 /dev/sdc2", r'LABEL="mine"'),
    ("wipefs", "wipefs /dev/sdc2; wipefs -a /dev/sdc2; wipefs /dev/sdc2", r"vfat"),
    ("mount", "mkdir -p /tmp/m; mount /dev/sdc1 /tmp/m; findmnt -n -o SOURCE,TARGET,FSTYPE /tmp/m",
     r"/dev/sdc1 /tmp/m +ext4"),
    ("resize2fs-mounted", "resize2fs /dev/sdc1 2>&1; df -k /tmp/m | sed 's/  */ /g'",
     r"is now (8192 .4k|32768 .1k). blocks long"),
    ("attr", "cd /tmp/m; touch f; setfattr -n user.one -v 1 f; setfattr -n user.two -v 0x00ff f; "
             "getfattr -d f; setfattr -x user.one f; getfattr -d -m - f", r'user.one="1"'),
    ("acl", "cd /tmp/m; mkdir d; setfacl -m u:5:rw,g:7:r,m::rx f; setfacl -d -m u:6:rwx d; "
            "touch d/g; getfacl -n f d d/g; setfacl -b f; getfacl -n f",
     r"user:5:rw-\t+#effective:r--"),
    ("chattr", "cd /tmp/m; chattr +i f; lsattr f; rm f 2>&1; chattr -i +a f; lsattr f; chattr -a f",
     r"----i-.*\n.*\n-----a"),
    ("fstrim", "sync; fstrim -v /tmp/m | sed 's/[0-9].*//'", r"/tmp/m:"),
    ("fsfreeze", "fsfreeze -f /tmp/m && fsfreeze -u /tmp/m; echo $?", r"^0$"),
    ("lsblk", "lsblk -bP -o NAME,MAJ:MIN,RM,SIZE,RO,TYPE,FSTYPE,LABEL,UUID,PARTUUID,PARTLABEL,"
              "PTTYPE,MOUNTPOINT,PHY-SEC,LOG-SEC,ROTA,MODEL,HCTL,TRAN,SUBSYSTEMS /dev/sdc",
     r'HCTL="2:0:0:0" TRAN="sata"'),
    ("lsblk-all", "lsblk -O -J /dev/sdc >/tmp/j && grep -c name /tmp/j", r"[1-9]"),
    ("umount", "umount /tmp/m; findmnt /tmp/m; e2fsck -fp /dev/sdc1 | sed 's/(.*)//'",
     r"\d+/\d+ files"),
    ("lspci", "lspci -nn", r"00:1f.2 SATA controller \[0106\]: Intel .*\[8086:2922\]"),
    ("lspci-tree", "lspci -t", r"1f.2"),
    ("lspci-all", "lspci -vvnn", r"Capabilities: \[80\] MSI: Enable\+"),
    ("lspci-proc", "lspci -A linux-proc -vv -n", r"00:1f.2 0106: 8086:2922"),
]

# What the quick form runs.
QUICK = {"loop-make", "loop-find", "loop-end", "parted", "partprobe", "mke2fs", "e2fsck",
         "resize2fs", "mount", "resize2fs-mounted", "attr", "acl", "umount", "lspci"}

# What is each kernel's own matter: numbers of message interrupts and their contents, names of
# drivers and their modules, what drivers set in registers, numbers of file systems.
OWN = re.compile(r"routed to IRQ \d+|Kernel (driver in use|modules): .*\n|"
                 r"Address: [0-9a-f]+ +Data: [0-9a-f]+|Control: I/O.*|Status: Cap.*|"
                 r"MSI-X: Enable.*|Latency: .*|loop0: \[\w+\]")


def run_checks(console, checks):
    console.output(debian.ENTER)
    console.output("dmesg -n 1")
    said = {}
    for name, command, _ in checks:
        command = command.replace("'", "'\\''")
        # Echoes of long lines have more line ends than one.
        status, text = console.run(f"echo @be''gin; chroot /mnt sh -c '{command}'", 120)
        said[name] = text.split("@begin\n", 1)[1]
        print(f"== {name}: {status}\n{said[name]}")
        if name not in ("umount",):
            assert status == 0, f"{name}: status {status}: {text}"
    return said


def start(machine, folder, kernel):
    """A machine whose disks have the letters of their ports: Linux gives them as they come."""
    scratch = str(folder / (kernel + ".img"))
    with open(scratch, "wb") as f:
        f.truncate(64 << 20)
    for _ in range(8):
        console = machine(kernel=kernel, env={"SMP": "2" if kernel == "skerry" else "1"},
                          disks=[os.path.join(B, "skerry.img"),
                                 debian.make_disk("disk", debian.DISK), scratch])
        console.prompt(120)
        places = console.output("for d in /sys/block/sd*/device; do readlink $d; done")
        if re.findall(r"(\d):0:0:0", places) == ["0", "1", "2"]:
            return console
        console.stop()
    raise AssertionError("the disks never came in order")


def test_programs(machine, tmp_path):
    checks = CHECKS if LONG else [c for c in CHECKS if c[0] in QUICK]
    said = run_checks(start(machine, tmp_path, "skerry"), checks)
    for name, _, wanted in checks:
        assert re.search(wanted, said[name].strip(), re.M), f"{name}: {said[name]}"
    if not LONG:
        return
    theirs = run_checks(start(machine, tmp_path, "linux"), checks)
    wrong = [f"{name}:\n{said[name]}\nLinux:\n{text}" for name, text in theirs.items()
             if OWN.sub("", said[name]) != OWN.sub("", text)]
    assert not wrong, "\n".join(wrong)
