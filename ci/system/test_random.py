"""A device that generates random numbers: what it says is what /dev/hwrng gives."""

import socket
import threading

import pytest

START = 0x21
ASK = 2                    # of QEMU's rng-egd: "as many as the next byte says, and wait for them"


class Generator:
    """The host's end: answers each question with the numbers from START on, modulo 256."""

    def __init__(self, path):
        self.given = 0
        self.answers = threading.Event()
        self.answers.set()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(path)
        self.server.listen(1)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        peer, _ = self.server.accept()
        with peer:
            while True:
                question = peer.recv(2, socket.MSG_WAITALL)
                if len(question) < 2:
                    return
                assert question[0] == ASK
                self.answers.wait()
                n = question[1]
                peer.sendall(bytes((START + self.given + i) % 256 for i in range(n)))
                self.given += n


@pytest.fixture(name="generator")
def generator_fixture(tmp_path):
    generator = Generator(str(tmp_path / "egd"))
    yield generator
    generator.server.close()


def boot(machine, tmp_path, device):
    return machine(extra=["-chardev", f"socket,path={tmp_path}/egd,id=egd",
                          "-object", "rng-egd,chardev=egd,id=egd",
                          "-device", f"virtio-rng-pci,rng=egd{device}"])


def numbers(console, command):
    """What a command prints, as bytes."""
    return bytes(int(word, 16) for word in console.output(command + " | od -An -v -tx1").split())


@pytest.mark.parametrize("device", ["", ",vectors=0", ",disable-legacy=on"],
                         ids=["messages", "pin", "modern"])
def test_hwrng(machine, generator, tmp_path, device):
    """The kernel's own generator is fed once at the start; then reads get each byte once."""
    console = boot(machine, tmp_path, device)
    console.prompt()
    console.output("grep -q hwrng /proc/misc && [ -c /dev/hwrng ]")
    start = generator.given
    assert start >= 8, "the kernel has asked for itself"
    said = numbers(console, "dd if=/dev/hwrng bs=16 count=5 2>/dev/null")
    assert len(said) == 80
    assert said == bytes((said[0] + i) % 256 for i in range(80)), "each byte once, in order"
    assert said[0] == (START + start) % 256, "and none that the generator had"
    console.output("cat /proc/interrupts | grep -q virtio_rng")


def test_silent(machine, generator, tmp_path):
    """One that does not answer makes its reader wait, and nobody else; a signal ends the wait."""
    generator.answers.clear()
    console = boot(machine, tmp_path, "")
    console.prompt()
    console.output("dd if=/dev/urandom bs=64 count=1 2>/dev/null | od >/dev/null")
    status, text = console.run("timeout 1 dd if=/dev/hwrng bs=16 count=1")
    assert status in (124, 143), text
    generator.answers.set()
    assert len(numbers(console, "dd if=/dev/hwrng bs=16 count=1 2>/dev/null")) == 16


def test_none(machine, kernel):
    console = machine()
    console.prompt()
    status, _ = console.run("[ -e /dev/hwrng ]")
    assert status or kernel == "linux"
