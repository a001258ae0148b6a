"""The other end of the benchmark's network cards: starts peer.c, and says what QEMU must know.

Four cards, two of each model: one with QEMU's user network behind it, for TCP with a program of the
host, and one with a netdev to the peer, which answers frames (userland/bench/wire.c).
"""

import os
import subprocess
import tempfile

CARDS = [("e1000", "user"), ("e1000e", "user"), ("e1000", "frames"), ("e1000e", "frames")]


class Wire:
    def __init__(self, peer):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "frames")
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([peer, self.path], stdout=subprocess.PIPE)
        self.port = int(self.process.stdout.readline())

    def arguments(self):
        """Of QEMU. Each card's address ends in its number, from 1 on."""
        words = []
        for number, (model, kind) in enumerate(CARDS, 1):
            net = (f"user,id=wire{number},net=10.0.{15 + number}.0/24" if kind == "user" else
                   f"stream,id=wire{number},server=off,addr.type=unix,addr.path={self.path}")
            words += ["-netdev", net, "-device",
                      f"{model},netdev=wire{number},mac=52:54:00:77:00:{number:02x}"]
        return words

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()
