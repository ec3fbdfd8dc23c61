from hypothesis import given
from hypothesis import strategies as st

from edge_agent.center.receipting import Place, ranges_of, receipts_of
from edge_agent.evidence.receipt import RANGES_MAX, range_digest

A, B = b"A" * 8, b"B" * 8


def leaf(seq: int, side: int = 0) -> bytes:
    return bytes([side]) + seq.to_bytes(31, "big")


PLACES = st.builds(
    lambda epoch, seq, side: Place(epoch, seq, leaf(seq, side)),
    st.sampled_from([A, B]),
    st.integers(0, 30),
    st.integers(0, 2),
)


def test_a_run_is_one_range_in_the_order_of_numbers() -> None:
    places = [Place(A, seq, leaf(seq)) for seq in (2, 0, 1)]
    (only,) = ranges_of(places)
    assert (only.first, only.last) == (0, 2)
    assert only.digest == range_digest([leaf(0), leaf(1), leaf(2)])


def test_epochs_never_share_a_range() -> None:
    found = ranges_of([Place(A, 0, leaf(0)), Place(B, 1, leaf(1))])
    assert [(one.epoch, one.first, one.last) for one in found] == [(A, 0, 0), (B, 1, 1)]


@given(st.lists(PLACES, max_size=60))
def test_ranges_cover_exactly_what_was_given(places: list[Place]) -> None:
    """Each leaf is in the digest of a range that covers its number; nothing else is covered."""
    found = ranges_of(places)
    given_numbers = {(one.epoch, one.seq) for one in places}
    covered = {(one.epoch, seq) for one in found for seq in range(one.first, one.last + 1)}
    assert covered == given_numbers
    assert sum(one.last - one.first + 1 for one in found) == len(set(places))


@given(st.lists(PLACES, max_size=40), st.randoms())
def test_the_order_of_arrival_does_not_matter(places: list[Place], random: st.DataObject) -> None:
    shuffled = list(places)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis's own Random
    assert ranges_of(shuffled) == ranges_of(places)


def test_a_receipt_is_cut_where_it_would_grow_too_large() -> None:
    places = [Place(A, 2 * number, leaf(2 * number)) for number in range(RANGES_MAX + 1)]
    receipts = receipts_of("gw1", "center", 7, places)
    assert [len(one.ranges) for one in receipts] == [RANGES_MAX, 1]
    assert receipts_of("gw1", "center", 7, []) == []
