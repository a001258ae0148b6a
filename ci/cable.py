"""An Ethernet cable between two machines, in software: each end is a QEMU `stream` netdev, the
cable forwards frames between them, and can lose, delay, double and reorder them, cut the link's
traffic, take frames from a test and show it what passes.

    with Cable(folder) as cable:
        machine(extra=cable.end(0, "e1000"))
        machine(extra=cable.end(1, "e1000e"))
        cable.loss, cable.delay = 0.01, 0.050

QEMU's framing of a stream netdev: the length, four bytes big-endian, then the frame. A machine that
reads slowly fills a queue of QUEUE frames in front of it; more are dropped, as by a switch.
"""

import heapq
import itertools
import os
import random
import selectors
import socket
import struct
import threading
import time

QUEUE = 1000
READ = 1 << 18


class End:
    """One machine's side."""

    def __init__(self, path):
        self.path = path
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.socket = None
        self.received = bytearray()
        self.to_send = bytearray()
        self.frames = 0          # sent by the machine
        self.dropped = 0


class Cable(threading.Thread):
    """Attributes that a test may change at any time: loss, duplicates, reorder (probabilities of a
    frame), delay (seconds), up (nothing passes when False), watch (called with (end, frame) for
    each frame that comes out of a machine, from the cable's thread; returning False eats it)."""

    def __init__(self, folder, seed=1):
        super().__init__(daemon=True)
        self.ends = [End(os.path.join(folder, f"cable{n}.sock")) for n in range(2)]
        self.random = random.Random(seed)
        self.loss = self.duplicates = self.reorder = self.delay = 0
        self.up = True
        self.watch = None
        self.late = []            # heap of (time, number, end, frame)
        self.number = itertools.count()
        self.lock = threading.Lock()
        self.injected = []
        self.wake, self.woken = socket.socketpair()
        self.running = True

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.running = False
        self.wake.send(b"x")
        self.join(10)

    def end(self, number, model="e1000", mac=None):
        """QEMU's arguments for the machine at an end, whose MAC address ends in its number + 1."""
        mac = mac or f"52:54:00:00:00:{number + 1:02x}"
        return ["-netdev", f"stream,id=cable,server=off,addr.type=unix,"
                           f"addr.path={self.ends[number].path}",
                "-device", f"{model},netdev=cable,mac={mac}"]

    def inject(self, number, frame):
        """Give a frame to the machine at an end. Any thread."""
        with self.lock:
            self.injected.append((number, bytes(frame)))
        self.wake.send(b"x")

    def queued(self, number):
        """Bytes that the machine at an end has not taken yet."""
        return len(self.ends[number].to_send)

    # ---- the cable's thread ---------------------------------------------------------------------

    def run(self):
        selector = selectors.DefaultSelector()
        selector.register(self.woken, selectors.EVENT_READ, None)
        for end in self.ends:
            selector.register(end.listener, selectors.EVENT_READ, end)
        while self.running:
            timeout = max(0, self.late[0][0] - time.monotonic()) if self.late else None
            for key, events in selector.select(timeout):
                if key.fileobj is self.woken:
                    self.woken.recv(4096)
                elif key.fileobj is key.data.listener:
                    self.plugged(selector, key.data)
                elif not self.served(key.data, events):
                    selector.unregister(key.fileobj)
                    key.data.socket = None
            self.deliver()
            for end in self.ends:
                if end.socket:
                    wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if end.to_send else 0)
                    if selector.get_key(end.socket).events != wanted:
                        selector.modify(end.socket, wanted, end)
        for end in self.ends:
            end.listener.close()
            if end.socket:
                end.socket.close()

    @staticmethod
    def plugged(selector, end):
        if end.socket:
            selector.unregister(end.socket)
            end.socket.close()
        end.socket, _ = end.listener.accept()
        end.socket.setblocking(False)
        end.received.clear()
        end.to_send.clear()
        selector.register(end.socket, selectors.EVENT_READ, end)

    def served(self, end, events):
        """Read and write what there is; False when the machine is gone."""
        try:
            if events & selectors.EVENT_READ:
                data = end.socket.recv(READ)
                if not data:
                    return False
                end.received += data
                self.take_frames(end)
            if events & selectors.EVENT_WRITE:
                del end.to_send[:end.socket.send(end.to_send)]
        except BlockingIOError:
            pass
        except OSError:
            return False
        return True

    def take_frames(self, end):
        at, data, other = 0, end.received, 1 - self.ends.index(end)
        while len(data) - at >= 4:
            length, = struct.unpack_from(">I", data, at)
            if len(data) - at - 4 < length:
                break
            self.forward(other, bytes(data[at + 4:at + 4 + length]))
            at += 4 + length
            end.frames += 1
        del data[:at]

    def forward(self, to, frame):
        if self.watch and self.watch(1 - to, frame) is False:
            return
        if not self.up or (self.loss and self.random.random() < self.loss):
            return
        copies = 2 if self.duplicates and self.random.random() < self.duplicates else 1
        for _ in range(copies):
            delay = self.delay
            if self.reorder and self.random.random() < self.reorder:
                delay += self.random.random() * 0.02
            if delay:
                heapq.heappush(self.late, (time.monotonic() + delay, next(self.number), to, frame))
            else:
                self.send(to, frame)

    def send(self, to, frame):
        end = self.ends[to]
        if not end.socket or len(end.to_send) > QUEUE * 1514:
            end.dropped += 1
            return
        end.to_send += struct.pack(">I", len(frame)) + frame

    def deliver(self):
        with self.lock:
            injected, self.injected = self.injected, []
        for to, frame in injected:
            self.send(to, frame)
        now = time.monotonic()
        while self.late and self.late[0][0] <= now:
            _, _, to, frame = heapq.heappop(self.late)
            self.send(to, frame)
        for end in self.ends:
            if end.socket and end.to_send:
                try:
                    del end.to_send[:end.socket.send(end.to_send)]
                except BlockingIOError:
                    pass
                except OSError:
                    end.to_send.clear()
