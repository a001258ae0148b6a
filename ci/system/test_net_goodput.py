"""Streams through a cable that loses and delays: whole on the other side, in either direction, and
how fast beside Linux under the same loss; over IPv6 as well. The table is $B/test/goodput.txt;
nothing is asserted about speed. Only with TEST_FULL; without, test_net sends a megabyte each way
over a bad cable."""

import os
import statistics

import pytest

from machines import meet, transfer

FULL = bool(os.environ.get("TEST_FULL"))
DELAY = 0.050                        # seconds, each way
# Version of IP, per cent lost, KiB to send.
CASES = [(4, 0.1, 8 << 10), (4, 1, 2 << 10), (4, 5, 512), (6, 1, 2 << 10)]
ROUNDS = 3
PAIRS = [("skerry", "linux"), ("linux", "linux"), ("skerry", "skerry")]
REPORT = os.path.join(os.environ.get("B", "build"), "test", "goodput.txt")

pytestmark = pytest.mark.skipif(not FULL, reason="takes long")


def goodputs(pair, cable):
    """KB/s of each way, loss by loss: {(version, loss, number of the sender): [...]}."""
    results = {}
    for version, loss, kib in CASES:
        for number in range(2 * ROUNDS):
            sender, receiver = pair[number % 2], pair[1 - number % 2]
            cable.loss, cable.delay = loss / 100, DELAY
            prefix = "10.0.0." if version == 4 else "fd00::"
            told = transfer(sender, receiver, f"{prefix}{2 - number % 2}", kib, timeout=300)
            cable.loss = cable.delay = 0
            results.setdefault((version, loss, number % 2), []).append(
                int(told["bytes"]) / max(1, int(told["ms"])))
    return results


@pytest.mark.parametrize("kernels", PAIRS, ids="-".join)
def test_goodput(machine, cable, kernels):
    pair = meet(machine, kernels, ("e1000", "e1000"), cable=cable, seconds=1700)
    with open(REPORT, "a", encoding="utf-8") as report:
        for (version, loss, sender), values in goodputs(pair, cable).items():
            report.write(f"{kernels[sender]} to {kernels[1 - sender]}, IPv{version}, "
                         f"{loss}% lost, "
                         f"{2 * DELAY * 1000:.0f} ms round trip: "
                         f"{statistics.median(values):.0f} KB/s "
                         f"({min(values):.0f} to {max(values):.0f})\n")
