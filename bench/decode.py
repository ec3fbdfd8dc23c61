"""How fast each driver decodes what its panel says: `python -m bench.decode [--driver NAME]`.

Ours: the driver's decoder, fed with its golden frames over and over in pieces of 4 KiB, every frame
recognised and read.  Reference, in the same run and in turns with it: a bare script that knows
where each frame ends, cuts it out, adds up its bytes and writes it as hex, and reads nothing.
Limit: 150 times as long as that script (frames differ in how much there is to be read).

Limits that need no reference: one line at 115200 baud, the fastest that any panel has, may take
a tenth of a core, also with nothing but rubbish on it; twice the bytes take at most 2.5 times as
long, for frames and for rubbish; and what is held does not grow while four times as much comes.
Times are processor time, the shortest of all turns: what else runs on the machine does not count.
"""

import argparse
import gc
import importlib
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from bench.report import Report
from edge_agent import resources
from edge_agent.domain.session import Decoder, Driver, Frame, Nature, Setup

TURNS = 5
BYTES = 1 << 16
PIECE_BYTES = 4096
LINE_BYTES_A_S = 115_200 / 10  # no parity: ten bits a byte
CORE_SHARE_MAX = 0.1  # a small board is several times slower than a desk
RATIO_MAX = 150.0
TWICE_MAX = 2.5
HELD_BYTES = 3 << 15  # more than the longest run of rubbish, 64 KiB, which a decoder may hold
GROWTH_BYTES_MAX = 32 * 1024


@dataclass(frozen=True)
class Traffic:
    """What a panel says: the bytes, and where its frames end."""

    data: bytes
    sizes: tuple[int, ...]

    def times(self, length: int) -> "Traffic":
        """Return it over and over, at least `length` bytes."""
        count = -(-length // len(self.data))
        return Traffic(self.data * count, self.sizes * count)


def traffic(name: str) -> Traffic:
    """Return the driver's golden frames that are good, in turn."""
    golden = importlib.import_module(f"tests.drivers.golden_{name}").GOLDEN
    frames = [known.frame for known in golden if getattr(known, "fault", None) is None]
    return Traffic(b"".join(frames), tuple(map(len, frames)))


def setup_of(driver: Driver) -> Setup:
    """Return a setup that detects the dialect, where the driver can; else its first profile."""
    profile = None
    if driver.nature is Nature.BUS:
        own = (one for one in resources.profiles().values() if one.driver == driver.name)
        profile = next(own)
    return Setup(resources.load_codes(), profile, resources.check_options(driver, {}))


def pieces(data: bytes) -> Iterator[bytes]:
    return (data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES))


def decode(decoder: Decoder, data: bytes) -> int:
    """Return how many frames were good."""
    good = 0
    for piece in pieces(data):
        good += _good(decoder.feed(piece))
    return good + _good(decoder.finish())


def _good(frames: list[Frame]) -> int:
    return sum(frame.fault is None for frame in frames)


def bare(said: Traffic) -> int:
    """Cut frames at bounds that are known, add up their bytes, write them as hex."""
    at = total = 0
    for size in said.sizes:
        frame = said.data[at : at + size]
        total += sum(frame) + len(frame.hex())
        at += size
    return total


def timed(work: Callable[[], object]) -> float:
    """Return the processor seconds of one call, the collector of garbage apart."""
    gc.collect()
    gc.disable()
    try:
        before = time.thread_time()
        work()
        return time.thread_time() - before
    finally:
        gc.enable()


def held_bytes(make: Callable[[], Decoder], data: bytes) -> int:
    """Return the peak of memory while `data` is decoded and its frames are let go."""
    decoder = make()
    tracemalloc.start()
    try:
        decode(decoder, data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def measure(report: Report, driver: Driver, length: int, turns: int) -> None:
    """Measure one driver."""
    setup = setup_of(driver)
    said = traffic(driver.name).times(length)
    twice = traffic(driver.name).times(2 * len(said.data))
    rubbish = Random(driver.name).randbytes(len(said.data))

    def make() -> Decoder:
        return driver.decoder(setup)

    good = decode(make(), said.data)
    assert good >= 0.9 * len(said.sizes), f"{driver.name}: {good} of {len(said.sizes)} are good"
    works: dict[str, Callable[[], object]] = {
        "bare": lambda: bare(said),
        "ours": lambda: decode(make(), said.data),
        "twice": lambda: decode(make(), twice.data),
        "rubbish": lambda: decode(make(), rubbish),
        "rubbish twice": lambda: decode(make(), rubbish * 2),
    }
    took_s = dict.fromkeys(works, float("inf"))
    for _ in range(turns):
        for name, work in works.items():
            took_s[name] = min(took_s[name], timed(work))
    judge(report, driver.name, took_s, (len(said.data), len(said.sizes)))
    mixed = traffic(driver.name).data + Random(driver.name).randbytes(HELD_BYTES)
    few, many = held_bytes(make, mixed), held_bytes(make, mixed * 4)
    report.check(
        f"{driver.name}: held more for four times as much",
        max(0, many - few) / 1024,
        GROWTH_BYTES_MAX / 1024,
        "KiB",
        "bounded memory",
    )


def judge(report: Report, name: str, took_s: dict[str, float], amount: tuple[int, int]) -> None:
    """Say how fast it is, and whether within the limits."""
    length, frames = amount
    report.fact(f"{name}: frames", frames / took_s["ours"], "frames/s")
    report.fact(f"{name}: frames", length / took_s["ours"], "bytes/s")
    report.fact(f"{name}: rubbish", length / took_s["rubbish"], "bytes/s")
    slower = max(took_s["ours"], took_s["rubbish"])
    report.check(
        f"{name}: share of a core for one line",
        LINE_BYTES_A_S * slower / length,
        CORE_SHARE_MAX,
        "core",
        "115200 baud",
    )
    report.check(
        f"{name}: to a bare script",
        took_s["ours"] / took_s["bare"],
        RATIO_MAX,
        "x",
        "cut, sum, hex",
    )
    for what, one, two in (("frames", "ours", "twice"), ("rubbish", "rubbish", "rubbish twice")):
        report.check(
            f"{name}: twice the {what}", took_s[two] / took_s[one], TWICE_MAX, "x", "linear time"
        )


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.decode", description=__doc__)
    parser.add_argument("--driver", action="append", choices=sorted(resources.drivers()))
    parser.add_argument("--bytes", type=int, default=BYTES, help=f"of one turn ({BYTES})")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    chosen = parser.parse_args(words)
    report = Report("decode", quiet=chosen.json)
    for name in chosen.driver or sorted(resources.drivers()):
        measure(report, resources.load_driver(name), chosen.bytes, chosen.turns)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
