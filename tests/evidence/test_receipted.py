"""Which receipt a bundle uses."""

from edge_agent.evidence.receipt import Range, Receipt, sign_receipt
from edge_agent.evidence.receipted import Receipted
from tests.evidence.conftest import signer

EPOCH, OTHER = b"epoch--1", b"epoch--2"


def receipt(first: int, last: int, by: int = 9) -> bytes:
    ranges = (Range(OTHER, 0, 0, bytes(32)), Range(EPOCH, first, last, bytes(32)))
    return sign_receipt(Receipt("gw1", "center", 1, ranges), signer(by))


def test_the_newest_with_the_shortest_range_is_used() -> None:
    receipted = Receipted()
    for first, last in [(0, 9), (5, 12), (11, 12), (3, 12), (10, 11)]:
        receipted.take(EPOCH, first, last, receipt(first, last))
    assert receipted.newest(EPOCH) == 12
    found = receipted.over(EPOCH, 12, [signer(8).public, signer(9).public])
    assert found == (receipt(11, 12), Range(EPOCH, 11, 12, bytes(32)))
    assert receipted.over(EPOCH, 10, [signer(9).public]) is None


def test_what_nobody_signed_or_nobody_has_is_none() -> None:
    receipted = Receipted()
    assert receipted.newest(EPOCH) is None
    assert receipted.over(EPOCH, 1, [signer(9).public]) is None
    receipted.take(EPOCH, 0, 1, b"junk")
    assert receipted.over(EPOCH, 1, [signer(9).public]) is None
    receipted.take(EPOCH, 0, 2, receipt(0, 2, by=8))
    assert receipted.over(EPOCH, 2, [signer(9).public]) is None
