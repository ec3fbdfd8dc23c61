"""The index against plain dictionaries of what waits, one a center."""

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal.index import ABSENT, FIRST_SLOT, Index, Segment

EPOCHS = (b"epoch001", b"epoch002")
LATE = 3  # the slot of a center that comes in the middle

steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "put", "extend", "release", "late", "join", "leave"]),
        st.integers(0, 6),
        st.integers(0, 12),
    ),
    max_size=60,
)


def segment(number: int, epoch: bytes) -> Segment:
    return Segment(number=number, name=str(number), epoch=epoch, first=0, start=0, end=0, size=0)


class Model:
    """What each center waits for, event by event."""

    def __init__(self) -> None:
        self.lanes: dict[int, int] = {}
        self.waits: dict[int, set[int]] = {FIRST_SLOT: set()}
        self.required = {FIRST_SLOT}

    def put(self, seq: int, lane: int) -> None:
        self.lanes[seq] = lane
        for waits in self.waits.values():
            waits.add(seq)

    def release(self, slot: int, first: int, last: int) -> int:
        gone = {seq for seq in self.waits.get(slot, set()) if first <= seq <= last}
        self.waits.get(slot, set()).difference_update(gone)
        return len(gone)

    def counts(self, slots: set[int]) -> tuple[int, ...]:
        waits = set().union(*(self.waits.get(slot, set()) for slot in slots))
        lanes = [self.lanes[seq] for seq in waits]
        return tuple(lanes.count(lane) for lane in range(7))


def play(actions: list[tuple[str, int, int]]) -> tuple[Index, Model, int]:
    index, model, seq = Index(), Model(), 0
    index.add(segment(1, EPOCHS[0]))
    for action, lane, extent in actions:
        current = index.segments[-1]
        if action == "open":
            index.add(segment(current.number + 1, EPOCHS[0]))
        elif action == "put":
            seq += extent  # a gap, as damage leaves it
            index.extend(current, seq, bytes([lane]))
            model.put(seq, lane)
            seq += 1
        elif action == "extend":
            lanes = [ABSENT if n % 5 == 1 else (lane + n) % 7 for n in range(seq, seq + extent + 1)]
            index.extend(current, seq, bytes(lanes))
            for n, one in enumerate(lanes, start=seq):
                if one != ABSENT:
                    model.put(n, one)
            seq += extent + 1
        elif action in {"release", "late"}:
            slot = FIRST_SLOT if action == "release" else LATE
            first, last = lane * 3, lane * 3 + extent
            assert index.release(slot, EPOCHS[0], first, last) == model.release(slot, first, last)
            assert index.release(slot, EPOCHS[1], 0, 99) == 0
        elif action == "join" and LATE not in model.waits:
            index.forget(LATE)
            index.owe(LATE, len(index.segments))
            index.require((FIRST_SLOT, LATE))
            index.add(segment(current.number + 1, EPOCHS[0]))
            model.waits[LATE] = set()
            model.required = {FIRST_SLOT, LATE}
        elif action == "leave":
            index.require((FIRST_SLOT,))
            model.required = {FIRST_SLOT}
    return index, model, seq


@given(steps)
def test_counts_and_sets_are_those_of_dictionaries(actions: list[tuple[str, int, int]]) -> None:
    index, model, seq = play(actions)
    assert index.unreceipted() == model.counts(model.required)
    for slot in (FIRST_SLOT, LATE):
        assert index.owed(slot) == model.counts({slot})
        waits = model.waits.get(slot, set())
        for n in range(seq):
            assert any(s.waits(slot, n) for s in index.segments) == (n in waits)
        for lane in range(7):
            found = index.next_with(slot, lane, 1)
            owed = [n for n in waits if model.lanes[n] == lane]
            assert (found is None) == (not owed)
            if found is not None:
                assert found.waits(slot, min(owed))


@given(steps)
def test_owing_anew_and_requiring_anew_count_the_same(actions: list[tuple[str, int, int]]) -> None:
    """As a start does, which learns of the centers from the records."""
    index, model, _ = play(actions)
    index.owe(FIRST_SLOT, 0)
    index.require(sorted(model.required))
    assert index.owed(FIRST_SLOT) == model.counts({FIRST_SLOT})
    assert index.unreceipted() == model.counts(model.required)


def test_a_new_center_is_owed_nothing_older_and_not_what_its_slot_once_held() -> None:
    index = Index()
    index.add(segment(1, EPOCHS[0]))
    index.extend(index.segments[0], 0, bytes([2, 2]))
    index.owe(LATE, 0)
    index.release(LATE, EPOCHS[0], 0, 0)
    index.forget(LATE)
    index.owe(LATE, 0)
    assert index.owed(LATE)[2] == 2
    index.owe(LATE, 1)
    assert index.owed(LATE)[2] == 0
    assert not index.segments[0].waits(LATE, 1)


def test_the_newest_readable_head_of_an_epoch() -> None:
    index = Index()
    for number, epoch in enumerate([*EPOCHS, EPOCHS[1]], start=1):
        index.add(segment(number, epoch))
    index.segments[2].headed = False
    assert index.headed(EPOCHS[1]) is index.segments[1]
    assert index.headed(b"unknown!") is None
