"""A guest's screen and keyboard, by QEMU's monitor: keys are typed, the picture is taken.

    screen = Screen(command, folder)    # command: QEMU's, as an argument list; it gets a monitor
    screen.type("ls\n"); screen.wait("bin")
    picture = screen.picture()          # .width, .height, .rows: bytes of red, green, blue
    lines = screen.lines()              # what is written there, told by the kernel's own font

A frame buffer is read, whose cells are 8 by 16 pixels; text mode's are not.
"""

import collections
import os
import subprocess
import time

from monitor import Monitor, arguments

CELL_WIDTH, CELL_HEIGHT = 8, 16
# QEMU's names of keys (US layout) for what they print.
NAMES = {" ": "spc", "\n": "ret", "-": "minus", "=": "equal", "[": "bracket_left",
         "]": "bracket_right", ";": "semicolon", "'": "apostrophe", "`": "grave_accent",
         "\\": "backslash", ",": "comma", ".": "dot", "/": "slash", "\t": "tab"}
SHIFTED = dict(zip('~!@#$%^&*()_+{}|:"<>?', "`1234567890-=[]\\;',./"))

Picture = collections.namedtuple("Picture", "width height rows")


def key_names(character):
    """The keys, held together, that print a character on the US layout."""
    if character in SHIFTED:
        return ["shift", *key_names(SHIFTED[character])]
    if character.isupper():
        return ["shift", character.lower()]
    return [NAMES.get(character, character)]


def read_ppm(path):
    with open(path, "rb") as f:
        kind, width, height, _ = f.readline(), *f.readline().split(), f.readline()
        assert kind == b"P6\n", path
        width, height = int(width), int(height)
        return Picture(width, height, [f.read(3 * width) for _ in range(height)])


def read_font(path):
    """Glyph (its sixteen bytes) to character, from the C that gen-font makes."""
    glyphs = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith("\t{ 0x") and "/* " in line:
                numbers, code = line.split("/* ")
                glyph = bytes(int(n, 16) for n in numbers.strip("\t{ },\n").split(", "))
                glyphs.setdefault(glyph, chr(int(code.split()[0], 16)))
    return glyphs


class Screen:
    """One QEMU with a display that nobody sees."""

    def __init__(self, command, folder, font=None, serial=False):
        """serial: what is written to self.qemu.stdin goes to the serial line."""
        self.folder, self.glyphs = folder, read_font(font) if font else {}
        path = os.path.join(folder, "monitor")
        self.qemu = subprocess.Popen([*command, *arguments(path)],
                                     stdin=subprocess.PIPE if serial else subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL)
        self.monitor = Monitor(path)

    def key(self, *names, hold=20):
        """Press keys together, and let go of them."""
        self.monitor.ask("send-key", keys=[{"type": "qcode", "data": name} for name in names],
                         **{"hold-time": hold})
        time.sleep(2.5 * hold / 1000)

    def type(self, text):
        for character in text:
            self.key(*key_names(character))

    def picture(self):
        path = os.path.join(self.folder, "screen.ppm")
        self.monitor.ask("screendump", filename=path)
        return read_ppm(path)

    def lines(self):
        """The text on the screen; a cell that is no glyph of the font is U+FFFD."""
        picture = self.picture()
        return ["".join(self._cell(picture, x, y)
                        for x in range(picture.width // CELL_WIDTH)).rstrip()
                for y in range(picture.height // CELL_HEIGHT)]

    def _cell(self, picture, x, y):
        rows = []
        first = 3 * CELL_WIDTH * x
        for row in picture.rows[y * CELL_HEIGHT:(y + 1) * CELL_HEIGHT]:
            rows.append([row[i:i + 3] for i in range(first, first + 3 * CELL_WIDTH, 3)])
        colours = {pixel for row in rows for pixel in row}
        if len(colours) == 1:
            return " "
        for paper in colours if len(colours) == 2 else ():
            bits = (sum((pixel != paper) << (7 - i) for i, pixel in enumerate(row)) for row in rows)
            character = self.glyphs.get(bytes(bits))
            if character:
                return character
        return "\ufffd"

    def wait(self, text, seconds=60):
        """Wait until a line has the text (a callable: is true of all lines); the lines."""
        seen = text if callable(text) else lambda lines: any(text in line for line in lines)
        end = time.monotonic() + seconds
        while True:
            lines = self.lines()
            if seen(lines):
                return lines
            assert time.monotonic() < end, f"{text!r} is not on the screen:\n" + "\n".join(lines)
            time.sleep(0.3)

    def stop(self):
        self.monitor.close()
        self.qemu.kill()
        self.qemu.wait()
