"""QEMU's machine protocol (QMP): questions to a QEMU that runs, on a socket of its own."""

import json
import socket
import time


def arguments(path):
    """What QEMU is to be started with, to answer at this socket."""
    return ["-qmp", f"unix:{path},server=on,wait=off"]


class Monitor:
    """The connection to one."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        for _ in range(200):
            try:
                self.socket.connect(path)
                break
            except OSError:
                time.sleep(0.1)
        self.answers = self.socket.makefile("r", encoding="utf-8")
        self.answers.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **parameters):
        """What QEMU returns; events in between are left out."""
        self.socket.sendall(json.dumps({"execute": command, "arguments": parameters}).encode())
        while True:
            answer = json.loads(self.answers.readline())
            assert "error" not in answer, answer
            if "return" in answer:
                return answer["return"]

    def tell(self, line):
        """What QEMU prints for a line of its human monitor."""
        return self.ask("human-monitor-command", **{"command-line": line})

    def close(self):
        self.answers.close()
        self.socket.close()
