"""A disk for QEMU that is written down: a server of the NBD protocol (newstyle, on a Unix socket)
with two exports.

"disk" is the disk, in memory; every write and flush goes to the record (ci/cuts/log.py) in the
order in which they come, which is the order in which they are answered. What is written at the
start of "marks" becomes a mark in the same record, so that the guest can tell what it has done: it
writes a line there with fsync once a call has returned. Marks make nothing else stable.
"""

import os
import socket
import struct
import threading

from cuts import log

OPTION_MAGIC, OPTION_REPLY = 0x49484156454F5054, 0x3E889045565A9
REQUEST, REPLY = struct.Struct(">IHHQQI"), struct.Struct(">IIQ")
EXPORT_NAME, ABORT, INFO, GO = 1, 2, 6, 7
ACK, REP_INFO, UNSUPPORTED = 1, 3, 0x80000001
READ, WRITE, DISCONNECT, FLUSH, TRIM, ZEROES = 0, 1, 2, 3, 4, 6
EIO = 5
FLAGS = 1 | 4 | 8 | 32 | 64  # has flags, flush, FUA, trim, write zeroes
MARKS_SIZE = 1 << 20


class Server:
    """`with Server(folder, image) as server`: QEMU's arguments are server.drive(...); the record
    is server.records."""

    def __init__(self, folder, image, lose=False):
        self.path = os.path.join(folder, "nbd.sock")
        self.data = {"disk": bytearray(image), "marks": bytearray(MARKS_SIZE)}
        self.records, self.lose, self.lock = [], lose, threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX)

    def __enter__(self):
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.socket.bind(self.path)
        self.socket.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()
        os.unlink(self.path)

    def drives(self):
        """QEMU's arguments for both, as the second and third disk."""
        return self.drive("disk", "ide.1") + self.drive("marks", "ide.2")

    def drive(self, export, bus):
        """QEMU's arguments for a disk on AHCI."""
        return ["-drive", f"if=none,id={export},format=raw,file.driver=nbd,file.server.type=unix,"
                f"file.server.path={self.path},file.export={export},discard=unmap",
                "-device", f"ide-hd,drive={export},bus={bus}"]

    def accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection, connection.makefile("rb") as reader:
            try:
                export = self.negotiate(connection, reader)
                while export and self.request(connection, reader, export):
                    pass
            except (ConnectionError, struct.error):
                pass

    def negotiate(self, connection, reader):
        """The name of the export that the client takes, or None."""
        connection.sendall(b"NBDMAGIC" + struct.pack(">QH", OPTION_MAGIC, 3))
        no_zeroes = struct.unpack(">I", reader.read(4))[0] & 2
        while True:
            _, option, length = struct.unpack(">QII", reader.read(16))
            data = reader.read(length)
            if option == EXPORT_NAME:
                name = data.decode()
                connection.sendall(struct.pack(">QH", len(self.data[name]), FLAGS)
                                   + (b"" if no_zeroes else bytes(124)))
                return name
            if option == ABORT:
                return None
            if option not in (INFO, GO):
                self.answer(connection, option, UNSUPPORTED)
                continue
            name = data[4:4 + struct.unpack(">I", data[:4])[0]].decode()
            self.answer(connection, option, REP_INFO,
                        struct.pack(">HQH", 0, len(self.data[name]), FLAGS))
            self.answer(connection, option, ACK)
            if option == GO:
                return name

    @staticmethod
    def answer(connection, option, kind, data=b""):
        connection.sendall(struct.pack(">QIII", OPTION_REPLY, option, kind, len(data)) + data)

    def request(self, connection, reader, export):
        """One request; whether there will be more."""
        header = reader.read(REQUEST.size)
        if len(header) < REQUEST.size:
            return False
        _, flags, kind, handle, offset, length = REQUEST.unpack(header)
        data = reader.read(length) if kind == WRITE else b""
        if kind == DISCONNECT:
            return False
        if self.fails(export, kind, offset, length):
            connection.sendall(REPLY.pack(0x67446698, EIO, handle))
            return True
        if kind == READ:
            data = bytes(self.data[export][offset:offset + length])
            connection.sendall(REPLY.pack(0x67446698, 0, handle) + data)
            return True
        with self.lock:
            if kind in (TRIM, ZEROES):
                data = bytes(length)
            if kind != FLUSH:
                self.data[export][offset:offset + length] = data
            if export == "marks":
                self.mark(kind, offset, data)
            elif kind != FLUSH:
                self.records.append((log.WRITE, bool(flags & 1), offset, data))
            elif not self.lose:
                self.records.append((log.FLUSH, False, 0, b""))
        connection.sendall(REPLY.pack(0x67446698, 0, handle))
        return True

    def fails(self, export, kind, offset, length):
        """Whether a request ends with EIO, which is for other servers to say."""
        return False

    def mark(self, kind, offset, data):
        text = data.split(b"\n")[0]
        if kind == WRITE and offset == 0 and text:
            self.records.append((log.MARK, False, 0, text))
