"""ci/bench_page.py: figures put into a page's table."""

import bench_page

PAGE = """A page.

| row of `make bench` | what | Linux | Skerry | ratio |
|---|---|---|---|---|
| `disk_read` | a row in `MB/s` | 1 MB/s ±1% | - | 0.94 |
| `disk_random_read_32` | depth 32 | - | - | - |
| `fsync` | a row in ms | - | - | - |
| `dma_pool_256` | a row of one kernel | - | - | - |
| `later` | a row that did not run | 2.1 ms ±5% | 922 µs ±9% | 2.30 |

The end.
"""
TABLE = {
    "disk_read": {"unit": "MB/s", "linux": [1000, 1200, 1100], "skerry": [4.04, 4.04],
                  "ratio": 0.0037},
    "disk_random_read_32": {"unit": "ns", "linux": [100000.0], "skerry": [50000.0, 50000.0],
                            "ratio": 2.0},
    "fsync": {"unit": "ns", "linux": [2100000.0], "skerry": [922400.0], "ratio": 2.277},
    "dma_pool_256": {"unit": "ns", "linux": [], "skerry": [286.4], "ratio": None},
    "unasked": {"unit": "ns", "linux": [1.0], "skerry": [1.0], "ratio": 1.0},
}
FILLED = """A page.

| row of `make bench` | what | Linux | Skerry | ratio |
|---|---|---|---|---|
| `disk_read` | a row in `MB/s` | 1,100 MB/s ±9% | 4.0 MB/s ±0% | 0.00 |
| `disk_random_read_32` | depth 32 | 10,000 IOPS | 20,000 IOPS ±0% | 2.00 |
| `fsync` | a row in ms | 2.1 ms | 922 µs | 2.28 |
| `dma_pool_256` | a row of one kernel | - | 286 ns | - |
| `later` | a row that did not run | 2.1 ms ±5% | 922 µs ±9% | 2.30 |

The end.
"""


def test_page(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE, encoding="utf-8")
    assert bench_page.rows(page) == ["disk_read", "disk_random_read_32", "fsync", "dma_pool_256",
                                     "later"]
    bench_page.fill(page, TABLE)
    assert page.read_text(encoding="utf-8") == FILLED
