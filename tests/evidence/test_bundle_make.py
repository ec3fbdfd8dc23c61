"""What goes into a bundle: which head, which proofs, and where it ends."""

from collections.abc import Iterator, Sequence

import pytest

from edge_agent.evidence import bundle_make
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bundle import Kind, Scope
from edge_agent.evidence.bundle_make import Made, TooLarge, Wanted, head_of, make
from edge_agent.evidence.cited import Place
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.levels import Levels
from edge_agent.evidence.second_signature import SecondSignature, TreeHead, Unsigned
from edge_agent.evidence.tree import Peaks, leaf_hash
from tests.evidence.bundles import (
    FIRST,
    SECOND,
    Memory,
    certificates_of_all,
    checked,
    found,
    memory,
    seal,
    span,
)


def test_the_newest_receipted_head_is_taken_where_it_is_late_enough() -> None:
    held = memory()
    assert head_of(held, SECOND, 9) == held.epochs[SECOND][10][0]
    assert head_of(held, SECOND, 11) == held.epochs[SECOND][11][0], "the receipt is too old"
    assert head_of(held, FIRST, 5) == held.epochs[FIRST][99][0], "no receipt at all"


def test_the_first_timestamp_over_all_events_goes_along_or_else_the_last() -> None:
    """Seen to fail: with the nearest one taken, the farthest, and one of another event."""
    held = memory()
    for seq in (80, 30, 60):
        leaf = leaf_hash(held.epochs[FIRST][seq][0])
        held.stamped.append(AnchorBody(Place(FIRST, seq), leaf, b"token"))
    held.stamped.append(AnchorBody(Place(FIRST, 45), bytes(32), b"of what is not held"))
    for wanted, size, taken in (
        (6, 99, 30),
        (30, 99, 30),
        (31, 99, 60),
        (60, 99, 60),
        (81, 99, 80),
        (70, 70, 60),  # one after the head is not in its tree
        (6, 20, None),
    ):
        found = bundle_make._stamped(held, FIRST, wanted, size)
        assert (found and found.event) == (taken and held.epochs[FIRST][taken][0])


def test_the_first_second_signature_over_all_events_goes_along_or_else_the_last() -> None:
    held = memory()
    for size in (80, 30, 60):
        head = TreeHead("gw1", FIRST, size, peek(held.epochs[FIRST][size][0])[1].root)
        held.seconds.append(Unsigned(head, -65_537, bytes(8)).signed(bytes(64)))
    for wanted, size, taken in ((6, 99, 30), (31, 99, 60), (81, 99, 80), (6, 20, None)):
        found = bundle_make._second(held, FIRST, wanted, size)
        over = found and SecondSignature.read(found.cosignature).head.size
        assert over == taken


class Gappy(Memory):
    """Three events were lost, and with them every proof that needs them."""

    def events(
        self, epoch: bytes, ranges: Sequence[bundle_make.Range]
    ) -> Iterator[tuple[int, list[bytes]]]:
        for seq, envelopes in super().events(epoch, ranges):
            if epoch != FIRST or not 40 <= seq <= 42:
                yield seq, envelopes

    def proofs(self, epoch: bytes) -> Levels:
        return Lossy(super().proofs(epoch)) if epoch == FIRST else super().proofs(epoch)


class Lossy(Levels):
    def __init__(self, whole: Levels) -> None:
        self.size, self._levels = whole.size, whole._levels

    def inclusion(self, seq: int, size: int) -> list[bytes]:
        raise LookupError(seq)

    def peaks(self, size: int) -> Peaks:
        if size > 40:
            raise LookupError(size)
        return super().peaks(size)


def test_what_was_lost_is_named_and_the_rest_is_there() -> None:
    held = Gappy(epochs=memory().epochs, receipts=memory().receipts)
    report = checked(span(held))
    assert report.events == 80
    problems = {(str(one.what), one.seq) for one in report.problems}
    assert ("gap", 40) in problems
    assert {what for what, _ in problems} == {"gap", "unproven"}


def test_a_bundle_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle_make, "BUNDLE_BYTES_MAX", bundle_make.RESERVED_BYTES + 100)
    with pytest.raises(TooLarge, match="shorter span"):
        Made().add(bytes(200))


def test_an_epoch_that_nobody_holds_is_said() -> None:
    scope = Scope(gateway="gw1", kind=Kind.SPAN, stretches=((b"unknown1", 0, 1),))
    with pytest.raises(LookupError, match="genesis of epoch"):
        make(memory(), certificates_of_all(), Wanted(scope, {b"unknown1": [(0, 1)]}))


def test_a_certificate_stands_once() -> None:
    scope = Scope(gateway="gw1", kind=Kind.SPAN, stretches=((FIRST, 0, 1),))
    wanted = Wanted(scope, {FIRST: [(0, 1)]}, also=SECOND)
    twice = make(memory(), certificates_of_all() * 2, wanted)
    assert twice.digest == make(memory(), certificates_of_all(), wanted).digest
    assert found(seal(twice)) == []
