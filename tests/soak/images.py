"""Power-cut images of the journal, and of stores that are known to be safe or not."""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edge_agent.evidence.signers import Ed25519Signer
from tests.crash.images import Bench, Identity
from tests.crash.probes import cannot
from tests.crash.rig import Writers
from tests.crash.rows import JOURNAL, SAFE, STORES, Tally
from tests.soak.part import Ending, Result, Watch
from tests.soak.pool import each, folder, spans

PIECE = 24  # images: of one recording, or of some file systems
COMPARED = 10  # one image of each other store for so many of the journal
COMPARED_MIN = 12
UNFLUSHED = "journal without fdatasync"
RIGS = {"sectors": "strace", "cuts": "fuse"}  # method of Bench: what it needs (crash/probes.py)


@dataclass(frozen=True)
class Piece:
    """Images of one store by one rig."""

    rig: str
    store: str
    seed: int
    images: int


@cache
def _tools() -> tuple[Writers, Identity]:
    path = folder() / "identity.key"
    signer = Ed25519Signer.generate()
    signer.save(path)
    return Writers(), (path, signer)


def make(piece: Piece) -> Tally:
    """Make these images and compare each with what was promised."""
    writers, identity = _tools()
    top = folder() / f"{piece.rig} {piece.store} {piece.seed}"
    top.mkdir()
    broken = piece.store == UNFLUSHED
    bench = Bench(top, writers, identity, piece.images, piece.seed, not broken)
    rig = bench.sectors if piece.rig == "sectors" else bench.cuts
    return rig(JOURNAL if broken else piece.store)


def run(result: Result, watch: Watch, first: int, top: Path) -> None:
    """Make `result.asked` images of the journal, by turns with each rig that works here."""
    rigs = []
    for rig, need in RIGS.items():
        if why := cannot(need):
            result.notes.append(f"images: {rig} are left out: {why}")
        else:
            rigs.append(rig)
    if not rigs:
        result.ending = Ending.LEFT_OUT
        result.fail("no power-cut rig works on this machine", "./run soak --images 24")
        return
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    try:
        for piece, tally in each(make, pieces(rigs, first, result.asked), watch, top):
            again = f"./run soak --images {PIECE * len(rigs)} --seed {piece.seed}"
            if isinstance(tally, BaseException):
                result.fail(f"{piece}: {tally!r}", again)
                continue
            _take(result, piece, tally, again)
            tallies[piece.rig, piece.store].add(tally)
    finally:
        result.notes += [f"{rig}: {t.line(store)}" for (rig, store), t in sorted(tallies.items())]
    for (rig, store), tally in tallies.items():
        if store not in SAFE and not tally.losing:
            result.fail(f"the rig catches nothing: {rig}: {tally.line(store)}", "./run soak")


def _take(result: Result, piece: Piece, tally: Tally, again: str) -> None:
    if piece.store == JOURNAL:
        result.done += tally.images
        result.facts["rows promised before a cut"] += tally.told
        result.facts["images that lose a row"] += tally.losing
        result.facts["problems"] += len(tally.wrong)
    if piece.store in SAFE and (tally.losing or (piece.store == JOURNAL and tally.wrong)):
        result.fail(f"{piece.rig}: {tally.line(piece.store)}", again)


def pieces(rigs: list[str], first: int, images: int | None) -> Iterator[Piece]:
    """Yield the work: of the other stores a tenth of the number, in between."""
    compared = max(COMPARED_MIN, (images or 0) // COMPARED // len(rigs))
    others = (
        Piece(rig, store, first + number, span.count)
        for rig in rigs
        for store in (*STORES, UNFLUSHED)
        if store != JOURNAL
        for number, span in enumerate(spans(0, compared, PIECE))
    )
    for number, span in enumerate(spans(0, images, PIECE)):
        seed = first + number // len(rigs)
        yield Piece(rigs[number % len(rigs)], JOURNAL, seed, span.count)
        yield from itertools.islice(others, 1)
    yield from others
