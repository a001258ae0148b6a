"""Frames that nobody should send, from a seed: headers of each protocol that are wrong somewhere,
most with checksums that are right so that they get far, and copies of frames that passed a cable
with something changed.

    frames = Malformed(seed=4)
    cable.inject(0, frames.make())
    cable.watch = lambda end, frame: frames.seen(frame)

They are for 10.0.0.1, fd00::1 and fe80::5054:ff:fe00:1, the first machine of a cable.
"""

import random
import struct

from machines import checksum

MAC = bytes.fromhex("525400000001")
PEER_MAC = bytes.fromhex("525400000002")
OURS4, PEER4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
LOCAL6 = bytes.fromhex("fe80000000000000505400fffe000001")
PEER6 = bytes.fromhex("fe80000000000000505400fffe000002")
WIDE6 = bytes.fromhex("fd00") + bytes(13) + b"\1"
WIDE_PEER6 = bytes.fromhex("fd00") + bytes(13) + b"\2"
ALL_NODES = bytes.fromhex("ff020000000000000000000000000001")
SOLICITED = bytes.fromhex("ff0200000000000000000001ff000001")
PORTS = [22, 80, 5000, 7000]
KEPT = 64


class Malformed:
    """An endless number of them; the same for the same seed, if nothing is seen meanwhile."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.kept = []

    def seen(self, frame):
        """A frame that passed, to make others of."""
        if len(self.kept) < KEPT:
            self.kept.append(frame)
        else:
            self.kept[self.random.randrange(KEPT)] = frame

    def make(self):
        r = self.random
        kind = r.randrange(16)
        if kind == 0:
            return self.ethernet(r.choice([0x800, 0x806, 0x86dd, 0x8100, r.randrange(65536)]),
                                 r.randbytes(r.randrange(1500)))
        if kind == 1:
            return self.ethernet(0x806, self.arp())
        if kind <= 3 and self.kept:
            return self.changed(r.choice(self.kept))
        if kind <= 9:
            return self.ethernet(0x800, self.ip4())
        return self.ethernet(0x86dd, self.ip6())

    # ---- links ----------------------------------------------------------------------------------

    def ethernet(self, ethertype, packet):
        r = self.random
        to = r.choice([MAC] * 8 + [b"\xff" * 6, bytes.fromhex("01005e000001"),
                                   bytes.fromhex("333300000001")])
        if r.random() < 0.02:
            packet = packet[:r.randrange(len(packet) + 1)]
        return (to + PEER_MAC + struct.pack(">H", ethertype) + packet)[:1514]

    def arp(self):
        r = self.random
        packet = bytearray(struct.pack(">HHBBH6s4s6s4s", 1, 0x800, 6, 4, r.choice([1, 2, 1, 2, 9]),
                                       r.choice([PEER_MAC, r.randbytes(6)]),
                                       r.choice([PEER4, OURS4, bytes(4), r.randbytes(4)]),
                                       r.randbytes(6), r.choice([OURS4, PEER4, b"\xff" * 4])))
        return self.bent(packet, 0.3)

    def bent(self, packet, chance):
        """Some of its bytes changed, with a chance; perhaps its end is gone."""
        r = self.random
        packet = bytearray(packet)
        if packet and r.random() < chance:
            for _ in range(r.randrange(1, 4)):
                packet[r.randrange(len(packet))] = r.choice([0, 255, r.randrange(256)])
        if r.random() < chance / 4:
            del packet[r.randrange(len(packet) + 1):]
        return bytes(packet)

    def changed(self, frame):
        """A copy of a real frame, whose checksums are made right again."""
        frame = bytearray(frame)
        start = 14 if self.random.random() < 0.95 else 0
        for _ in range(self.random.randrange(1, 5)):
            if len(frame) > start:
                frame[self.random.randrange(start, min(len(frame), start + 90))] = \
                    self.random.choice([0, 1, 255, self.random.randrange(256)])
        if self.random.random() < 0.9:
            mend(frame)
        return bytes(frame)

    # ---- IPv4 -----------------------------------------------------------------------------------

    def ip4(self):
        r = self.random
        protocol = r.choice([1, 1, 2, 6, 6, 17, 17, r.randrange(256)])
        source = r.choice([PEER4] * 6 + [OURS4, b"\xff" * 4, b"\x7f\0\0\1", r.randbytes(4)])
        to = r.choice([OURS4] * 8 + [b"\xff" * 4, bytes([10, 0, 0, 255]), bytes([224, 0, 0, 1])])
        options = self.options4() if r.random() < 0.2 else b""
        pseudo = source + to
        body = self.transport(protocol, pseudo, False)
        flags = r.choice([0] * 6 + [0x4000, 0x2000, 0x2000 | r.randrange(200), r.randrange(8192),
                                    r.randrange(65536)])
        length = 20 + len(options) + len(body)
        header = bytearray(struct.pack(">BBHHHBBH4s4s", 0x45 + len(options) // 4, r.randrange(256),
                                       length, r.randrange(16), flags, r.choice([64, 1, 0]),
                                       protocol, 0, source, to) + options)
        if r.random() < 0.15:
            header[r.choice([0, 0, 2, 3, 6, 7])] = r.randrange(256)
        if r.random() < 0.95:
            struct.pack_into(">H", header, 10, checksum(bytes(header)))
        return bytes(header) + body

    def options4(self):
        """Options of IP or TCP, in whole words."""
        r = self.random
        data = b""
        while len(data) < 36 and r.random() < 0.7:
            kind = r.choice([0, 1, 7, 68, 131, 137, 148, 2, 3, 4, 5, 8, r.randrange(256)])
            size = r.choice([2, 3, 4, 10, 11, r.randrange(256)])
            data += bytes([kind]) if kind < 2 else bytes([kind, size]) + r.randbytes(
                min(size, 20) - 2 if size > 2 else 0)
        data = data[:40]
        return data + bytes(-len(data) % 4)

    # ---- IPv6 -----------------------------------------------------------------------------------

    def ip6(self):
        r = self.random
        protocol = r.choice([58] * 6 + [6, 6, 17, 17, 59, r.randrange(256)])
        source = r.choice([PEER6, WIDE_PEER6] * 3 + [LOCAL6, WIDE6, bytes(16), bytes(15) + b"\1",
                                                     ALL_NODES, bytes(10) + b"\xff\xff" + PEER4,
                                                     r.randbytes(16)])
        to = r.choice([LOCAL6, WIDE6] * 3 + [ALL_NODES, SOLICITED, bytes(16), r.randbytes(16)])
        body = self.transport(protocol, source + to, True)
        following = protocol
        for _ in range(r.choice([0] * 8 + [1, 1, 2, 3, 8, 40])):
            following, body = self.extension(following, body)
        length = len(body) if r.random() < 0.93 else r.randrange(65536)
        hops = r.choice([255, 255, 255, 64, 1, 0])
        first = 0x60000000 | r.getrandbits(28) if r.random() < 0.97 else r.getrandbits(32)
        return struct.pack(">IHBB", first, min(length, 65535), following, hops) + source + to + body

    def extension(self, following, body):
        """A header in front of what follows: hop by hop, routing, fragment, destination, AH."""
        r = self.random
        kind = r.choice([0, 43, 44, 44, 60, 60, 51, 135])
        if kind == 44:
            header = struct.pack(">BBHI", following, 0, r.choice([0, 1, 8, r.randrange(65536)]),
                                 r.randrange(16))
            return kind, self.bent(header, 0.1) + body
        words = r.choice([0, 0, 1, 2, 10])
        data = b""
        while len(data) < words * 8 + 6:
            option = r.choice([0, 1, 5, 0xc2, 0xc9, 0x3e, r.randrange(256)])
            size = r.randrange(8)
            data += b"\0" if option == 0 else bytes([option, size]) + r.randbytes(size)
        if kind == 43:
            data = bytes([r.choice([0, 2, 3, 4]), r.randrange(4)]) + data
        header = bytes([following, words]) + data[:words * 8 + 6]
        return kind, self.bent(header, 0.1) + body

    # ---- what IP carries ------------------------------------------------------------------------

    def transport(self, protocol, addresses, six):
        r = self.random
        at, body = None, r.randbytes(r.choice([0, 8, r.randrange(200), r.randrange(1400)]))
        if protocol == 6:
            options = self.options4() if r.random() < 0.5 else b""
            body = struct.pack(">HHIIBBHHH", r.choice([r.randrange(65536), 40000]),
                               r.choice(PORTS), r.getrandbits(32), r.getrandbits(32),
                               (5 + len(options) // 4) << 4,
                               r.choice([2, 2, 16, 18, 17, 4, 41, r.randrange(256)]),
                               r.randrange(65536), 0, r.randrange(65536)) + options + body[:100]
            at = 16
        elif protocol == 17:
            length = 8 + len(body) if r.random() < 0.9 else r.randrange(65536)
            body = struct.pack(">HHHH", r.choice([53, 67, 40000, 0]), r.choice(PORTS + [68, 0]),
                               length, 0) + body
            at = 6
        elif protocol == 1 and not six:
            body = self.icmp4(body)
            at = 2
        elif protocol == 2 and not six:
            body = self.igmp(body)
            at = 2
        elif protocol == 58 and six:
            body = self.icmp6(body)
            at = 2
        body = bytearray(self.bent(body, 0.15))
        if at is not None and len(body) >= at + 2 and r.random() < 0.95:
            struct.pack_into(">H", body, at, 0)
            pseudo = b"" if protocol in (1, 2) else addresses + struct.pack(">II", len(body),
                                                                          protocol)
            struct.pack_into(">H", body, at, checksum(pseudo + bytes(body)))
        return bytes(body)

    def icmp4(self, body):
        """An echo, an answer, or an error about a packet of ours."""
        r = self.random
        kind = r.choice([0, 8, 3, 3, 3, 4, 5, 11, 12, 13, 17, r.randrange(256)])
        if kind in (3, 4, 5, 11, 12):
            about = struct.pack(">BBHHHBBH4s4sHHI", 0x45, 0, r.choice([40, 1500, 0]), 0, 0, 64,
                                r.choice([1, 6, 17, 2]), 0, OURS4, PEER4, r.choice(PORTS),
                                r.choice([40000, r.randrange(65536)]), r.getrandbits(32))
            body = self.bent(about, 0.3) + body[:r.randrange(100)]
        return struct.pack(">BBHHH", kind, r.choice([0, 1, 3, 4, r.randrange(256)]), 0,
                           r.randrange(65536), r.choice([0, 68, 576, 1400, r.randrange(65536)])) + \
            body

    def igmp(self, body):
        r = self.random
        group = r.choice([bytes(4), bytes([224, 0, 0, 1]), bytes([239, 1, 2, 3]), r.randbytes(4)])
        head = struct.pack(">BBH4s", r.choice([0x11, 0x11, 0x12, 0x16, 0x17, 0x22]),
                           r.randrange(256), 0, group)
        return head + (body[:r.randrange(40)] if r.random() < 0.5 else b"")

    def icmp6(self, body):
        """Errors, echoes, listener and neighbour discovery."""
        r = self.random
        kind = r.choice([1, 2, 3, 4, 128, 129, 130, 131, 132, 143] + [133, 134, 134, 135, 135, 135,
                                                                      136, 136, 136, 137])
        if kind <= 4:
            about = struct.pack(">IHBB", 0x60000000, r.choice([20, 0, 1400]),
                                r.choice([6, 17, 58, 44, 0]), 64) + \
                r.choice([LOCAL6 + PEER6, WIDE6 + WIDE_PEER6])
            body = self.bent(about, 0.3) + body[:r.randrange(100)]
            return struct.pack(">BBHI", kind, r.randrange(8), 0,
                               r.choice([1280, 0, 68, r.getrandbits(32)])) + body
        if kind in (133, 134, 135, 136, 137):
            fixed = {133: b"", 135: self.target(), 136: self.target(),
                     137: self.target() + self.target(),
                     134: struct.pack(">II", r.getrandbits(32), r.getrandbits(16))}[kind]
            second = r.getrandbits(32) if kind in (134, 136) else 0
            return struct.pack(">BBHI", kind, 0 if r.random() < 0.95 else 1, 0, second) + fixed + \
                self.neighbour_options()
        if kind in (130, 131, 132):
            return struct.pack(">BBHHH", kind, 0, 0, r.choice([0, 10, r.randrange(65536)]), 0) + \
                self.target() + (body[:r.randrange(60)] if r.random() < 0.4 else b"")
        return struct.pack(">BBHHH", kind, 0, 0, r.randrange(65536), r.randrange(65536)) + body

    def target(self):
        r = self.random
        return r.choice([LOCAL6, WIDE6, PEER6, ALL_NODES, bytes(16),
                         bytes.fromhex("fe80") + bytes(6) + r.randbytes(8), r.randbytes(16)])

    def neighbour_options(self):
        """Link addresses, prefixes, MTUs, routes, servers: with lengths that are right and not."""
        r = self.random
        data = b""
        for _ in range(r.choice([0, 1, 1, 2, 3, 20])):
            kind = r.choice([1, 2, 3, 3, 4, 5, 24, 25, 31, r.randrange(256)])
            words = r.choice([1, 1, 4, 4, 0, r.randrange(256)])
            inside = r.randbytes(max(0, min(words, 8) * 8 - 2))
            if kind == 3 and len(inside) >= 30:
                inside = struct.pack(">BBIII", r.choice([64, 64, 0, 128, 129]), r.randrange(256),
                                     r.choice([0, 10, 0xffffffff, r.getrandbits(32)]),
                                     r.choice([0, 10, 0xffffffff, r.getrandbits(32)]), 0) + \
                    bytes.fromhex("2001 0db8") + r.randbytes(4) + bytes(8)
            data += bytes([kind, words]) + inside
        return data


def mend(frame):
    """Make the checksums of a frame's IPv4 header and of TCP, UDP or ICMP in it right again."""
    if frame[12:14] == b"\x08\0" and len(frame) >= 34:
        size = (frame[14] & 15) * 4
        if size < 20 or len(frame) < 14 + size:
            return
        struct.pack_into(">H", frame, 24, 0)
        struct.pack_into(">H", frame, 24, checksum(bytes(frame[14:14 + size])))
        end = min(len(frame), 14 + struct.unpack_from(">H", frame, 16)[0])
        mend_transport(frame, 14 + size, end, frame[23], bytes(frame[26:34]))
    elif frame[12:14] == b"\x86\xdd" and len(frame) >= 54:
        end = min(len(frame), 54 + struct.unpack_from(">H", frame, 18)[0])
        mend_transport(frame, 54, end, frame[20], bytes(frame[22:54]))


def mend_transport(frame, start, end, protocol, addresses):
    at = {1: 2, 2: 2, 6: 16, 17: 6, 58: 2}.get(protocol)
    if at is None or end < start + at + 2:
        return
    pseudo = b"" if protocol in (1, 2) else addresses + struct.pack(">II", end - start, protocol)
    struct.pack_into(">H", frame, start + at, 0)
    struct.pack_into(">H", frame, start + at, checksum(pseudo + bytes(frame[start:end])))
