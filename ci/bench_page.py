"""Tables of benchmark rows in a page of the book: lines of the form

    | `ROW` | what it is | Linux | Skerry | ratio |

Their rows are what is run, and their last three cells what came of it."""

import re
import statistics

LINE = re.compile(r"^\| `(\w+)` \| ([^|]*) \|[^|]*\|[^|]*\|[^|]*\|$", re.M)
UNITS = [(1, "ns"), (1e3, "µs"), (1e6, "ms")]
IOPS = "disk_random"        # rows in ns that are told as operations a second


def rows(path):
    with open(path, encoding="utf-8") as f:
        return [row for row, _ in LINE.findall(f.read())]


def number(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def cell(name, unit, values):
    if not values:
        return "-"
    middle = statistics.median(values)
    spread = (max(values) - min(values)) / middle * 50
    if unit == "MB/s":
        text = f"{number(middle)} MB/s"
    elif name.startswith(IOPS):
        text = f"{number(1e9 / middle)} IOPS"
    else:
        size, unit = max((size, unit) for size, unit in UNITS if size <= max(middle, 1))
        text = f"{number(middle / size)} {unit}"
    return f"{text} ±{spread:.0f}%" if len(values) > 1 else text


def fill(path, table):
    """Put the figures of TABLE, which is row -> {unit, linux, skerry, ratio}, into the page."""
    def line(match):
        name, what = match.groups()
        row = table.get(name)
        if not row:
            return match.group()
        cells = [cell(name, row["unit"], row[kernel]) for kernel in ("linux", "skerry")]
        cells.append(f"{row['ratio']:.2f}" if row["ratio"] else "-")
        return f"| `{name}` | {what} | {' | '.join(cells)} |"

    with open(path, encoding="utf-8") as f:
        text = f.read()
    with open(path, "w", encoding="utf-8") as f:
        f.write(LINE.sub(line, text))
