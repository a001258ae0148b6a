"""The cable between machines: frames pass whole, in order, or as badly as a test wants."""

import socket
import struct
import time

import pytest

from cable import Cable


def plug(cable, number):
    s = socket.socket(socket.AF_UNIX)
    s.connect(cable.ends[number].path)
    s.settimeout(5)
    return s


def put(s, frame):
    s.sendall(struct.pack(">I", len(frame)) + frame)


def get(s):
    data = b""
    while len(data) < 4 or len(data) < 4 + struct.unpack(">I", data[:4])[0]:
        data += s.recv(1 if len(data) < 4 else 4 + struct.unpack(">I", data[:4])[0] - len(data))
    return data[4:]


@pytest.fixture(name="cable")
def cable_fixture(tmp_path):
    with Cable(str(tmp_path)) as cable:
        yield cable


def test_forwards_in_order(cable):
    a, b = plug(cable, 0), plug(cable, 1)
    for n in range(200):
        put(a, bytes([n]) * (60 + n * 7))
    for n in range(200):
        assert get(b) == bytes([n]) * (60 + n * 7)
    put(b, b"back")
    assert get(a) == b"back"


def test_loses(cable):
    a, b = plug(cable, 0), plug(cable, 1)
    cable.loss = 0.5
    for n in range(400):
        put(a, struct.pack(">H", n))
    time.sleep(0.5)
    cable.loss = 0
    put(a, b"end")
    came = list(iter(lambda: get(b), b"end"))
    assert 120 < len(came) < 280
    assert came == sorted(came)


def test_delays_doubles_and_injects(cable):
    a, b = plug(cable, 0), plug(cable, 1)
    cable.delay, cable.duplicates = 0.2, 1
    started = time.monotonic()
    put(a, b"late")
    assert get(b) == b"late" and time.monotonic() - started >= 0.19
    assert get(b) == b"late"
    cable.inject(1, b"from nowhere")
    assert get(b) == b"from nowhere"


def test_watches_and_cuts(cable):
    seen = []
    cable.watch = lambda end, frame: seen.append((end, frame)) or frame != b"eaten"
    a, b = plug(cable, 0), plug(cable, 1)
    put(a, b"eaten")
    put(a, b"left")
    assert get(b) == b"left" and seen == [(0, b"eaten"), (0, b"left")]
    cable.up = False
    put(b, b"lost")
    time.sleep(0.3)
    cable.up = True
    put(b, b"came")
    assert get(a) == b"came"
