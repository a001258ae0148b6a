"""Disks that fail: QEMU's blkdebug makes errors, its throttle makes a disk that is late. What is at
fault gets EIO, everything else that was in flight is played again."""

import hashlib
import os
import random
import re

import pytest

MIB = 1 << 20
SIZE = 24 * MIB
STREAMS = 8


def image():
    return os.path.join(os.environ.get("B", "build"), "skerry.img")


def noise(path, taken=SIZE // STREAMS):
    """A disk of noise, and the sum of what is taken of each stream's part."""
    part = SIZE // STREAMS
    data = random.Random(5).randbytes(SIZE)
    with open(path, "wb") as f:
        f.write(data)
    return [hashlib.sha256(data[i * part:i * part + taken]).hexdigest() for i in range(STREAMS)]


def faulty(tmp_path, rules):
    """QEMU's arguments for /dev/sdb, a disk with errors."""
    conf = tmp_path / "blkdebug.conf"
    conf.write_text("".join("[inject-error]\n" + "".join(f'{k} = "{v}"\n' for k, v in rule.items())
                            for rule in rules))
    return ["-drive", f"if=none,id=bad,format=raw,file=blkdebug:{conf}:{tmp_path}/disk,"
                      "rerror=report,werror=report",
            "-device", "ide-hd,drive=bad,bus=ide.1"]


def read_streams(console, taken=SIZE // STREAMS):
    """Reads of all parts of /dev/sdb at once: status and sum of each."""
    part = SIZE // STREAMS // 65536
    console.output(f"for i in $(seq 0 {STREAMS - 1}); do "
                   f"(dd if=/dev/sdb bs=64k count={taken // 65536} "
                   f"skip=$((i * {part})) of=/tmp/part$i 2>/dev/null; echo $? >/tmp/status$i) & "
                   "done; wait", 200)
    text = console.output(f"for i in $(seq 0 {STREAMS - 1}); do "
                          "echo $(cat /tmp/status$i) $(sha256sum /tmp/part$i); done")
    return [(int(a), b) for a, b in re.findall(r"^(\d+) ([0-9a-f]{64})", text, re.M)]


@pytest.mark.parametrize("append", ["", "ahci.noncq pci.nomsi"])
def test_read_errors_once(machine, tmp_path, append):
    """Each error happens once: nobody notices but the log."""
    sums = noise(tmp_path / "disk")
    rules = [{"event": "read_aio", "errno": 5, "once": "on", "sector": s}
             for s in range(1000, SIZE // 512, 9000)]
    console = machine(append=append, extra=faulty(tmp_path, rules))
    console.prompt()
    assert read_streams(console) == [(0, s) for s in sums]
    log = console.output("dmesg")
    assert len(re.findall(r"sdb: device error", log)) >= len(rules) - 1
    assert "read error" not in log and "gone" not in log


@pytest.mark.parametrize("append", ["", "ahci.noncq"])
def test_read_errors_always(machine, tmp_path, append):
    """One sector can never be read: EIO for who wants it, the rest as ever."""
    sums = noise(tmp_path / "disk")
    bad = SIZE // STREAMS // 512 * 3 + 2000
    console = machine(append=append,
                      extra=faulty(tmp_path, [{"event": "read_aio", "errno": 5, "sector": bad}]))
    console.prompt()
    for i, result in enumerate(read_streams(console)):
        assert result == (0, sums[i]) if i != 3 else result[0] != 0
    assert console.run(f"dd if=/dev/sdb bs=512 skip={bad} count=1 iflag=direct of=/dev/null")[0]
    # What lies in another page is read.
    console.output(f"dd if=/dev/sdb bs=4k skip={bad // 8 + 1} count=1 of=/dev/null")
    log = console.output("dmesg")
    assert re.search(r"sdb: it was tag \d+, read at sector \d+, attempt 4", log)
    assert re.search(r"sdb: read error, sector \d+", log) and "gone" not in log


def test_write_errors(machine, tmp_path):
    """Errors of writes, once and always, under a file system."""
    noise(tmp_path / "disk")
    os.truncate(tmp_path / "disk", 64 * MIB)
    write = {"event": "write_aio", "iotype": "write", "errno": 5}
    rules = [{**write, "once": "on", "sector": s} for s in range(0, SIZE // 512, 4096)]
    rules += [{**write, "sector": 100000}]
    console = machine(extra=faulty(tmp_path, rules))
    console.prompt()
    console.output("head -c 16777216 /dev/urandom >/tmp/noise")
    console.output("dd if=/tmp/noise of=/dev/sdb bs=64k conv=fsync 2>/dev/null", 100)
    console.output("echo 3 >/proc/sys/vm/drop_caches; cmp -n 16777216 /tmp/noise /dev/sdb", 100)
    status, _ = console.run("dd if=/tmp/noise of=/dev/sdb bs=64k seek=720 conv=fsync", 100)
    assert status != 0
    assert re.search(r"sdb: write error, sector \d+", console.output("dmesg"))
    console.output("dd if=/tmp/noise of=/dev/sdb bs=64k conv=fsync 2>/dev/null", 100)


@pytest.mark.parametrize("once", [True, False])
def test_flush_errors(machine, tmp_path, once):
    """A flush that fails once is made again; one that always fails is an error of fsync(2)."""
    noise(tmp_path / "disk")
    rule = {"event": "flush_to_disk", "iotype": "flush", "errno": 5}
    console = machine(extra=faulty(tmp_path, [{**rule, "once": "on"} if once else rule]))
    console.prompt()
    for _ in range(2):
        status, _ = console.run("dd if=/dev/zero of=/dev/sdb bs=64k count=4 conv=fsync")
        assert (status == 0) == once
    log = console.output("dmesg")
    assert re.search(r"sdb: device error", log) and "gone" not in log
    assert ("sdb: flush error" in log) != once
    console.output("dd if=/dev/sdb of=/dev/null bs=64k count=100")


def test_trim(machine, tmp_path):
    """What is discarded is a hole in the disk's file, and its neighbours stay."""
    sums = noise(tmp_path / "disk")
    part = SIZE // STREAMS
    console = machine(extra=["-drive", f"if=none,id=trim,format=raw,file={tmp_path}/disk,"
                                       "discard=unmap", "-device", "ide-hd,drive=trim,bus=ide.1"])
    console.prompt()
    before = os.stat(tmp_path / "disk").st_blocks
    console.output(f"blkdiscard -o {part} -l {part} /dev/sdb")
    assert read_streams(console) == [
        (0, hashlib.sha256(bytes(part)).hexdigest() if i == 1 else s) for i, s in enumerate(sums)]
    assert before - os.stat(tmp_path / "disk").st_blocks >= part // 512 - 8
    assert console.run(f"blkdiscard -o {SIZE - 4096} -l {part} /dev/sdb")[0] != 0
    # Sectors and times of discards are in the disk's counters.
    counts = console.output("cat /sys/block/sdb/stat").split()
    assert int(counts[11]) >= 1 and int(counts[13]) == part // 512


def test_late_disk(machine, tmp_path):
    """Commands that take longer than they may are played again one at a time, and then are in
    time."""
    sums = noise(tmp_path / "disk", 65536)
    console = machine(append="blk.timeout_ms=600", extra=[
        "-drive", f"if=none,id=late,format=raw,file={tmp_path}/disk,throttling.iops-total=5",
        "-device", "ide-hd,drive=late,bus=ide.1"])
    console.prompt()
    assert read_streams(console, 65536) == [(0, s) for s in sums]
    log = console.output("dmesg")
    assert "sdb: a request timed out" in log and "sdb: no answer" in log
    assert "read error" not in log and "gone" not in log
