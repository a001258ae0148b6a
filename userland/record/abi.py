#!/usr/bin/env python3
"""Reads abi.tbl, the names of the flags and commands of system calls.

usage: abi.py ABI_TBL UNISTD_H OUT

Writes OUT, what the recorder (record.c) includes: rows of masks and values, of which it knows
the numbers only. The row of a call's k-th name is k, counted from 1 over all its words; behind the
names of a word comes one row for what has no name. ci/syscalls-page knows by rows_of() what they
are called.
"""
import re
import sys

HEAD = re.compile(r'((?:\w+:\S+ )+)(bits|one)(?:~(\w+))?$')
SPEC = re.compile(r'(\*?)(\d)(?:\+(\d+))?(?::(\d))?(?:,(\d))?$')
NAME = re.compile(r'(\w+)(?:\.(\w+))?(?:=(\w+))?(?:/(\w+))?$')


class Word:
    """One word of one call: where it is and what its names are."""

    def __init__(self, call, spec, kind, ignored, where):
        m = SPEC.match(spec)
        if not m:
            sys.exit(f'{where}: cannot read the word "{spec}"')
        self.call, self.spec, self.bits, self.ignored = call, spec, kind == 'bits', ignored
        self.pointer, self.arg = bool(m.group(1)), int(m.group(2))
        self.offset = int(m.group(3) or 0)
        self.size = int(m.group(4) or (8 if self.pointer else 4))
        self.second = int(m.group(5)) if m.group(5) else -1
        self.names = []


def parse(path):
    """The words, those of one call in the order of its rows."""
    words, current = {}, []
    with open(path, encoding='utf-8') as f:
        for n, line in enumerate(f, 1):
            line, where = line.split('#')[0].rstrip(), f'{path}:{n}'
            head = HEAD.match(line)
            if head:
                current = []
                for item in head.group(1).split():
                    call, spec = item.split(':', 1)
                    word = Word(call, spec, head.group(2), head.group(3) or '0', where)
                    current.append(words.setdefault((call, spec), word))
            elif line.startswith('\t') and current:
                for word in current:
                    word.names += line.split()
            elif line:
                sys.exit(f'{where}: neither calls nor names')
    return list(words.values())


def label(name):
    """A name as the page shows it."""
    m = NAME.match(name)
    return ' '.join(part for part in m.group(1, 2) if part)


def rows_of(words):
    """{call: [name of row 1, ...]}; None for what has no name."""
    rows = {}
    for word in words:
        rows.setdefault(word.call, []).extend([*map(label, word.names), None])
    return rows


def numbers(path):
    """{call: number} of a header such as <asm/unistd_64.h>."""
    with open(path, encoding='utf-8') as f:
        found = re.findall(r'^#define __NR_(\w+) (\d+)$', f.read(), re.M)
    return {name: int(n) for name, n in found}


def value(word, name):
    """What the recorder compares: mask and value, in C."""
    first, second, number, mask = NAME.match(name).groups()
    width = 'uint64_t' if word.size == 8 else 'uint32_t'
    if second:
        return '~0ull', f'(uint64_t){first} << 32 | (uint32_t)({number or second})'
    number = f'({width})({number or first})'
    if mask:
        return f'({width})({mask})', number
    return number if word.bits else f'({width})~0ull', number


def generate(words, nr):
    out, first, at = ['static const struct abi_name abi_names[] = {'], {}, 0
    rows = []
    for word in words:
        begin = first.setdefault(word.call, 1)
        first[word.call] += len(word.names) + 1
        out += ['\t{%s, %s},' % value(word, name) for name in word.names]
        rows.append(f'\t{{{nr[word.call]}, {word.arg}, {word.second}, {int(word.pointer)}, '
                    f'{word.offset}, {word.size}, {int(word.bits)}, {begin}, {at}, '
                    f'{len(word.names)}, {word.ignored}}},')
        at += len(word.names)
    return '\n'.join([*out, '};', '', 'static const struct abi_word abi_words[] = {', *rows, '};',
                      ''])


def main(argv):
    if len(argv) != 4:
        sys.exit('usage: abi.py ABI_TBL UNISTD_H OUT')
    text = generate(parse(argv[1]), numbers(argv[2]))
    with open(argv[3], 'w', encoding='utf-8') as f:
        f.write(text)


if __name__ == '__main__':
    main(sys.argv)
