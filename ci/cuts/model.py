"""What a small tree of files should be: the operations of a sequence, and what each must leave
behind however the power is cut.

A World is a tree at one moment: directories (number: names to numbers) and files (number: bytes). A
History has the World after each operation of a sequence, so that what is found on a disk can be
looked for among them: what was made stable at operation n is as it was then, or later.
"""

import functools

BLOCK = 512
STALE = b"\xff"  # what free blocks are full of; no operation writes it,
STALE_RUN = STALE * 16  # and a checksum is shorter


@functools.lru_cache
def pattern(at, length, tag):
    """What operation `write` puts there."""
    return bytes(1 + (p + 37 * tag + (p >> 9) * 11) % 251 for p in range(at, at + length))


class Invalid(Exception):
    """An operation that the tree does not allow."""


class World:
    def __init__(self):
        self.dirs, self.files, self.next = {1: {}}, {}, 2

    def copy(self):
        new = World()
        new.dirs = {number: dict(names) for number, names in self.dirs.items()}
        new.files, new.next = dict(self.files), self.next
        return new

    def parent(self, path):
        """The number of the directory that has the path's last name, and that name."""
        at, *names = 1, *path.split("/")
        for name in names[:-1]:
            at = self.dirs[at].get(name)
            if at not in self.dirs:
                raise Invalid(path)
        return at, names[-1]

    def find(self, path):
        if path == ".":
            return 1
        at, name = self.parent(path)
        number = self.dirs[at].get(name)
        if number is None:
            raise Invalid(path)
        return number

    def paths(self):
        """Path: number, of everything below the root."""
        found, todo = {}, [("", 1)]
        while todo:
            prefix, number = todo.pop()
            for name, child in self.dirs[number].items():
                found[prefix + name] = child
                if child in self.dirs:
                    todo.append((prefix + name + "/", child))
        return found

    def links(self, number):
        return sum(list(names.values()).count(number) for names in self.dirs.values())

    # What an operation changes: (numbers of directories, of inodes, of files whose bytes change).
    def op_creat(self, path):
        at, name = self.parent(path)
        if name in self.dirs[at]:
            raise Invalid(path)
        number, self.next = self.next, self.next + 1
        self.dirs[at][name] = number
        self.files[number] = b""
        return {at}, {number}, {number}

    def op_mkdir(self, path):
        at, name = self.parent(path)
        if name in self.dirs[at]:
            raise Invalid(path)
        number, self.next = self.next, self.next + 1
        self.dirs[at][name] = number
        self.dirs[number] = {}
        return {at, number}, {number}, set()

    def op_write(self, path, at, length, tag):
        number = self.file(path)
        at, length, old = int(at), int(length), self.files[number]
        old += bytes(max(0, at - len(old)))
        self.files[number] = old[:at] + pattern(at, length, int(tag)) + old[at + length:]
        return set(), {number}, {number}

    op_dwrite = op_write  # with O_DIRECT

    def op_trunc(self, path, size):
        number, size = self.file(path), int(size)
        self.files[number] = self.files[number][:size] + \
            bytes(max(0, size - len(self.files[number])))
        return set(), {number}, {number}

    def op_link(self, old, new):
        number = self.file(old)
        at, name = self.parent(new)
        if name in self.dirs[at]:
            raise Invalid(new)
        self.dirs[at][name] = number
        return {at}, {number}, set()

    def op_unlink(self, path):
        number = self.file(path)
        at, name = self.parent(path)
        del self.dirs[at][name]
        return {at}, {number}, set()

    def op_rmdir(self, path):
        number = self.find(path)
        if self.dirs.get(number) != {} or number == 1:
            raise Invalid(path)
        at, name = self.parent(path)
        del self.dirs[at][name]
        return {at, number}, {number}, set()

    def op_rename(self, old, new):
        number = self.find(old)
        (at, name), (to, new_name) = self.parent(old), self.parent(new)
        there = self.dirs[to].get(new_name)
        if there == number or (new + "/").startswith(old + "/"):
            raise Invalid(new)
        if there is not None and (there in self.dirs) != (number in self.dirs):
            raise Invalid(new)
        if self.dirs.get(there):
            raise Invalid(new)
        del self.dirs[at][name]
        self.dirs[to][new_name] = number
        changed = {number} | ({there} if there else set())
        return {at, to} | (changed & set(self.dirs)), changed, set()

    def op_hold(self, path):
        self.file(path)
        return set(), set(), set()

    def op_grow(self, _kib):
        return set(), set(), set()

    def file(self, path):
        number = self.find(path)
        if number not in self.files:
            raise Invalid(path)
        return number


class History:
    """The Worlds before and after each operation, and what each makes stable."""

    def __init__(self, base, operations):
        self.worlds, self.stable = [base], [None]
        self.touched, self.resized = [(set(), set(), set())], [set()]
        self.operations = operations
        for text in operations:
            verb, *words = text.split()
            world = self.worlds[-1].copy()
            touched, stable = (set(), set(), set()), None
            if verb in ("fsync", "fdatasync"):
                stable = (verb, world.find(words[0]))
            elif verb == "sync":
                stable = (verb, 0)
            elif verb not in ("wb", "disk"):
                touched = getattr(world, "op_" + verb)(*words)
            self.worlds.append(world)
            self.touched.append(touched)
            before = self.worlds[-2].files
            self.resized.append({n for n in touched[1] | touched[2] if n not in before or
                                 len(world.files[n]) != len(before[n])})
            self.stable.append(stable)
        self.paths = [world.paths() for world in self.worlds]

    def floor_of(self, number, done):
        """The last operation up to `done` that made this file's bytes or directory's names stable:
        0 if they were at the beginning, None never."""
        for i in range(done, 0, -1):
            if self.stable[i] and self.stable[i][1] in (0, number):
                return i
        first = self.worlds[0]
        return 0 if number in first.dirs or number in first.files else None

    def order_floor(self, done):
        """With a journal everything before a change that is stable is stable, too. Bytes that are
        written over others are no change of metadata that fdatasync would have to wait for."""
        floor = 0
        for i in range(1, done + 1):
            if not self.stable[i]:
                continue
            verb, number = self.stable[i]
            if verb == "sync":
                floor = i
            for j in range(i, floor, -1):
                names, inodes, content = self.touched[j]
                changed = names | self.resized[j]
                if verb == "fsync":
                    changed |= inodes | content
                if number in changed:
                    floor = j
                    break
        return floor


def bytes_fit(data, versions):
    """Whether a file that was written to may have these bytes: of any version at each place, or
    zero where one had nothing; what never was written there must not show."""
    if data in versions:
        return True
    sizes = [len(v) for v in versions]
    if not min(sizes) <= len(data) <= max(sizes):
        return False
    for at in range(0, len(data), BLOCK):
        piece = data[at:at + BLOCK]
        if any(v[at:at + len(piece)] == piece for v in versions):
            continue
        for p, byte in enumerate(piece, at):
            allowed = {v[p] if p < len(v) else 0 for v in versions}
            if byte not in allowed:
                return False
    return True


class Judge:
    """Looks at the tree that was found (path: (kind, links, bytes)) when `done` operations had
    returned. With a journal ("ordered") names are those of one moment; without one ("repaired") it
    is enough that nothing stable is lost."""

    def __init__(self, history, done):
        self.history, self.done = history, done
        self.last = min(done + 1, len(history.worlds) - 1)

    def versions(self, number):
        """What the file may have been since it was made stable, or None if that says nothing."""
        floor = self.history.floor_of(number, self.done)
        worlds = self.history.worlds[floor or 0:self.last + 1]
        return [w.files[number] for w in worlds if number in w.files]

    def content_problem(self, path, number, found):
        kind, _, data = found
        if kind != ("f" if number in self.history.worlds[-1].files else "d"):
            return f"{path}: is of another kind"
        if kind == "f" and not bytes_fit(data, self.versions(number)):
            return f"{path}: {len(data)} bytes that it never had"
        return None

    def ordered(self, tree):
        """Problems, with a journal."""
        tree = {p: f for p, f in tree.items() if p.split("/")[0] != "lost+found"}
        best = None
        for k in range(self.last, self.history.order_floor(self.done) - 1, -1):
            expected, world = self.history.paths[k], self.history.worlds[k]
            problems = [f"{p}: not there" for p in expected if p not in tree]
            problems += [f"{p}: there" for p in tree if p not in expected]
            if not problems:
                problems = [why for p, number in expected.items()
                            if (why := self.content_problem(p, number, tree[p]))]
                problems += [f"{p}: {tree[p][1]} links" for p, number in expected.items()
                             if number in world.files and tree[p][1] != world.links(number)]
            if not problems:
                return []
            if best is None or len(problems) < len(best):
                best = problems
        return best

    def repaired(self, tree):
        """Problems, without a journal."""
        history = self.history
        problems = [f"{path}: shows what was in its blocks before"
                    for path, (kind, _, data) in tree.items()
                    if kind == "f" and STALE_RUN in data]
        for number, names in history.worlds[-1].dirs.items():
            floor = history.floor_of(number, self.done)
            if floor is not None:
                problems += self.names_problems(tree, number, floor)
        for number in history.worlds[-1].files:
            problems += self.lost_problems(tree, number)
        return problems

    def names_problems(self, tree, number, floor):
        """A directory's names that have not changed since they became stable."""
        worlds = self.history.worlds[floor:self.last + 1]
        places = self.places(tree, number, floor)
        if not places:
            return []
        problems = []
        for name in sorted({n for w in worlds for n in w.dirs[number]}):
            values = {w.dirs[number].get(name) for w in worlds}
            found = [tree[p + name] for p in places if p + name in tree]
            path = f"{places[0]}{name}"
            if not found and len(values) == 1 and self.kept(*values, floor):
                problems.append(f"{path}: not there")
            elif found and values == {None}:
                problems.append(f"{path}: there")
            elif found and len(values) == 1:
                value = values.pop()
                why = [self.content_problem(path, value, f) for f in found
                       if self.unchanged(value)]
                if why and all(why):
                    problems.append(why[0])
        return problems

    def places(self, tree, number, floor):
        """Where a directory may be, each ending in "/"; none if it need not be anywhere."""
        if number == 1:
            return [""]
        paths = [[p for p, n in self.history.paths[k].items() if n == number]
                 for k in range(self.last + 1)]
        if not all(paths[floor:]):
            return []
        lost = [p + "/" for p in tree if p.startswith("lost+found/") and tree[p][0] == "d"]
        return sorted({p + "/" for names in paths for p in names}) + lost

    def kept(self, number, floor):
        """Whether what a name that is stable since `floor` stands for must still be there: a
        directory, or a file that nobody was changing."""
        return number in self.history.worlds[-1].dirs or self.unchanged(number) or not any(
            number in self.history.touched[i][2] for i in range(floor + 1, self.last + 1))

    def unchanged(self, number):
        """Whether what is stable of the file is all there is to it."""
        floor = self.history.floor_of(number, self.done)
        return floor is not None and not any(
            number in self.history.touched[i][2] for i in range(floor + 1, self.last + 1))

    def lost_problems(self, tree, number):
        """A file with stable bytes must be somewhere while it has a name."""
        floor = self.history.floor_of(number, self.done)
        if floor is None or not self.unchanged(number):
            return []
        worlds = self.history.worlds[floor:self.last + 1]
        if not all(w.links(number) for w in worlds):
            return []
        data = worlds[0].files[number]
        if not data:  # e2fsck drops an empty file that has lost its name
            return []
        if any(kind == "f" and content == data for kind, _, content in tree.values()):
            return []
        return [f"file {number} ({len(data)} bytes) is nowhere"]
