"""A start on a long backlog against one on an empty journal: `python -m bench.start`.

The real agent, without a link, from exec to READY=1, in turns: on an empty journal, on a sealed one
with the cache of footers, on the same without the cache, and (for comparison) on one whose segments
were never sealed.  Limits:

1. ready on the sealed journal within twice the empty start or 1 s, the larger, with the cache and
   without it;
2. resident memory after it at most 10 % above that after the empty start;
3. proofs of any event read no more than its own segment and the other segments' footers.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench import backlog
from bench.footprint import empty, memory_kib, pid_of
from bench.report import Report, median
from bench.tap import journal_of, prepared, start_agent
from edge_agent.contents import Envelopes
from edge_agent.evidence.signers import load_signer
from edge_agent.journal import FolderDisk
from edge_agent.journal.cache import CACHE_NAME
from edge_agent.journal.proofs import Prover
from hil.rig import Panel, Stack
from hil.rig.stack import GATEWAY

READY_S = 1.0
TIMES_MAX = 2.0
GROWTH_MAX = 0.10
PROOFS = 20


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    starts: int
    events: int


NORMAL = Sizes(starts=3, events=200_000)
FULL = Sizes(starts=3, events=1_000_000)
QUICK = Sizes(starts=1, events=5_000)


@dataclass(slots=True)
class Started:
    """What several starts took."""

    ready_s: float
    kib: float


def started(stack: Stack, count: int, *, cached: bool = True) -> Started:
    ready_s: list[float] = []
    kib: list[float] = []
    for _ in range(count):
        if not cached:
            (journal_of(stack) / CACHE_NAME).unlink(missing_ok=True)
        ready_s.append(start_agent(stack) / 1e9)
        kib.append(memory_kib(pid_of(stack), "VmRSS"))
        stack.agent.stop()
    return Started(median(ready_s), median(kib))


def prove(report: Report, folder: Path, epoch: bytes, events: int) -> None:
    """Prove events all over the epoch."""
    disk = FolderDisk(folder, locked=False)
    begun = time.perf_counter()
    prover = Prover(disk, Envelopes(), epoch)
    report.fact("footers of the epoch read for proofs", time.perf_counter() - begun, "s")
    begun = time.perf_counter()
    for number in range(PROOFS):
        prover.inclusion(number * events // PROOFS, events)
    report.fact("  a proof of inclusion", (time.perf_counter() - begun) / PROOFS * 1e3, "ms")
    disk.close()


def run(report: Report, sizes: Sizes) -> None:
    with prepared(Stack([Panel("p1")])) as stack:
        stack.broker.stop()
        journal = journal_of(stack)
        started(stack, 1)  # brings programs and libraries into memory
        empty(journal)
        bare = started(stack, sizes.starts)
        report.fact("ready on an empty journal, median", bare.ready_s, "s")
        empty(journal)
        identity = load_signer(stack.gateway / "identity.key")
        epoch = backlog.fill(journal, GATEWAY, identity, sizes.events)
        size = sum(file.stat().st_size for file in journal.iterdir())
        unsealed = started(stack, 1)
        report.fact(f"ready on {sizes.events:,} events, never sealed", unsealed.ready_s, "s")
        took_s = backlog.seal(journal)
        sealed = sum(file.stat().st_size for file in journal.iterdir())
        report.fact("sealing, per event", took_s / sizes.events * 1e6, "us")
        report.fact("size of it, of what it was", 100 * sealed / size, "%")
        limit_s = max(READY_S, TIMES_MAX * bare.ready_s)
        for how, cached in (("with the cache", True), ("without the cache", False)):
            full = started(stack, sizes.starts, cached=cached)
            name = f"ready on {sizes.events:,} sealed events, {how}"
            report.check(name, full.ready_s, limit_s, "s", "2x empty or 1 s")
            limit_kib = bare.kib * (1 + GROWTH_MAX)
            why = f"{bare.kib:,.0f} KiB and 10 %"
            report.check("  resident memory then", full.kib, limit_kib, "KiB", why)
        prove(report, journal, epoch, sizes.events)


def main() -> int:
    parser = argparse.ArgumentParser(description="A start on a long backlog.")
    parser.add_argument("--quick", action="store_true", help="a short backlog, one start each")
    parser.add_argument("--full", action="store_true", help="a backlog of 1,000,000")
    parser.add_argument("--backlog", type=int, help=f"events; {NORMAL.events:,} by default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args()
    sizes = QUICK if chosen.quick else FULL if chosen.full else NORMAL
    if chosen.backlog:
        sizes = Sizes(sizes.starts, chosen.backlog)
    report = Report("start", quiet=chosen.json)
    run(report, sizes)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
