"""The index against a plain dictionary of what waits."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.index import ABSENT, RELEASED, Index, Segment

EPOCHS = (b"epoch001", b"epoch002")

steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "put", "extend", "release"]),
        st.integers(0, 6),
        st.integers(0, 12),
    ),
    max_size=60,
)


def segment(number: int, epoch: bytes) -> Segment:
    return Segment(number=number, name=str(number), epoch=epoch, first=0, start=0, end=0, size=0)


@given(steps)
def test_counts_and_states_are_those_of_a_dictionary(actions: list[tuple[str, int, int]]) -> None:
    index, waits, seq, number = Index(), dict[int, int](), 0, 1
    current = segment(1, EPOCHS[0])
    index.add(current)
    for action, lane, extent in actions:
        if action == "open":
            number += 1
            current = segment(number, EPOCHS[0])
            index.add(current)
        elif action == "put":
            seq += extent  # a gap, as damage leaves it
            index.extend(current, seq, bytes([lane]))
            waits[seq] = lane
            seq += 1
        elif action == "extend":
            seqs = list(range(seq, seq + extent + 1))
            others = {0: RELEASED, 1: ABSENT}
            states = [others.get(n % 5, (lane + n) % 7) for n in seqs]
            index.extend(current, seq, bytes(states))
            waits |= {n: s for n, s in zip(seqs, states, strict=True) if s < 7}
            seq = seqs[-1] + 1
        else:
            gone = [n for n in waits if lane * 3 <= n <= lane * 3 + extent]
            assert index.release(EPOCHS[0], lane * 3, lane * 3 + extent) == len(gone)
            assert index.release(EPOCHS[1], 0, 99) == 0
            for n in gone:
                del waits[n]
    lanes = list(waits.values())
    assert index.unreceipted() == tuple(lanes.count(lane) for lane in range(7))
    for n in range(seq):
        assert any(s.waits(n) for s in index.segments) == (n in waits)
    for lane in range(7):
        found = index.next_with(lane, 1)
        assert (found is None) == (lane not in lanes)
        if found is not None:
            first = min(n for n in waits if waits[n] == lane)
            assert found.waits(first)


def test_the_newest_readable_head_of_an_epoch() -> None:
    index = Index()
    for number, epoch in enumerate([*EPOCHS, EPOCHS[1]], start=1):
        index.add(segment(number, epoch))
    index.segments[2].headed = False
    assert index.headed(EPOCHS[1]) is index.segments[1]
    assert index.headed(b"unknown!") is None
