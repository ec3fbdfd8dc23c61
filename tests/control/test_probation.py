"""A new configuration on probation: what a start makes of each step, and when it is decided."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.control.probation import (
    CHANGED,
    CUT_SHORT,
    Phase,
    Probation,
    Reached,
    Trial,
    start,
)
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CommandRef

OLD, NEW, THIRD = b"old = 1\n", b"new = 1\n", b"third = 1\n"
STEP = Probation(
    phase=Phase.STAGED,
    data=NEW,
    replaces=hashlib.sha256(OLD).digest(),
    command=CommandRef("main", 7, bytes(32)),
    actor="Wang, installer of main",
    centers=("main", "police"),
    within_s=90,
)
S = 1_000_000_000


@pytest.mark.parametrize("phase", Phase)
def test_a_step_round_trips(phase: Phase) -> None:
    step = replace(STEP, phase=phase, why="because" if phase is Phase.DROPPED else "")
    assert Probation.from_bytes(step.to_bytes()) == step


def test_a_damaged_step_is_none() -> None:
    good = STEP.to_bytes()
    for at in range(len(good)):
        broken = bytearray(good)
        broken[at] ^= 1 << at % 8
        try:
            read = Probation.from_bytes(bytes(broken))
        except Malformed:
            continue
        assert read.data == NEW, "the configuration itself is never another"


@pytest.mark.parametrize(
    "changes",
    [
        {1: 2}, {2: "tried"}, {3: b""}, {3: None}, {4: bytes(32)}, {5: b"x"}, {6: 7},
        {6: ["main", 0, bytes(32)]}, {7: ""}, {8: "main"}, {8: [1]}, {8: ["x"] * 9}, {9: 9},
        {9: 601}, {11: 1},
    ],
)  # fmt: skip
def test_what_is_no_step_is_malformed(changes: dict[int, object]) -> None:
    content = {**cbor.decode_map(STEP.to_bytes()), **changes}
    with pytest.raises(Malformed):
        Probation.from_bytes(cbor.encode({k: v for k, v in content.items() if v is not None}))  # type: ignore[misc]


@given(st.binary(max_size=200))
def test_bytes_of_anybody_are_no_step_and_no_crash(data: bytes) -> None:
    with pytest.raises(Malformed):
        Probation.from_bytes(data)


# ---- a start


def test_without_a_step_a_start_runs_what_is_there() -> None:
    begun = start(None, OLD)
    assert (begun.data, begun.probation, begun.write, begun.install) == (OLD, None, False, False)


def test_what_was_staged_is_tried_and_that_is_written_first() -> None:
    begun = start(STEP, OLD)
    assert begun.data == NEW
    assert begun.on_trial
    assert begun.write
    assert begun.probation == replace(STEP, phase=Phase.TRYING)


def test_a_trial_that_was_cut_short_is_not_tried_again() -> None:
    begun = start(replace(STEP, phase=Phase.TRYING), OLD)
    assert begun.data == OLD
    assert not begun.on_trial
    assert begun.write
    assert begun.probation == STEP.dropped(CUT_SHORT)


def test_what_is_kept_is_put_in_place_as_often_as_it_takes() -> None:
    kept = STEP.kept()
    first, again = start(kept, OLD), start(kept, NEW)
    assert (first.data, first.install, first.probation) == (NEW, True, kept)
    assert (again.data, again.install, again.probation) == (NEW, False, kept)


@pytest.mark.parametrize("phase", [Phase.STAGED, Phase.KEPT])
def test_what_was_changed_on_site_meanwhile_goes_before_both(phase: Phase) -> None:
    begun = start(replace(STEP, phase=phase), THIRD)
    assert begun.data == THIRD
    assert not begun.on_trial
    assert not begun.install
    assert begun.probation == STEP.dropped(CHANGED)


def test_what_was_dropped_is_told_until_it_is_told() -> None:
    dropped = STEP.dropped("no answer")
    begun = start(dropped, OLD)
    assert (begun.data, begun.probation, begun.write) == (OLD, dropped, False)


# ---- a trial


def test_it_is_kept_when_every_center_is_reached_and_not_before() -> None:
    trial, good = Trial(replace(STEP, phase=Phase.TRYING), 5 * S), Reached(True)
    assert trial.handle({"main": good}, 6 * S) is None
    assert trial.handle({"main": good, "police": Reached(False)}, 7 * S) is None
    decided = trial.handle({"main": good, "police": good}, 8 * S)
    assert decided is not None
    assert decided.phase is Phase.KEPT


def test_it_is_dropped_at_its_end_and_says_who_was_not_reached_and_why() -> None:
    trial = Trial(STEP, 5 * S)
    assert trial.deadline_ns == 95 * S
    centers = {"main": Reached(True), "police": Reached(False, "connection refused")}
    assert trial.handle(centers, 95 * S - 1) is None
    decided = trial.handle(centers, 95 * S)
    assert decided is not None
    assert decided.phase is Phase.DROPPED
    assert decided.why == "center police was not reached within 90 s: connection refused"
    gone = trial.handle({"main": Reached(True)}, 95 * S)
    assert gone is not None
    assert gone.why.endswith("it has no such center")
    late = trial.handle({"main": Reached(True), "police": Reached(True)}, 99 * S)
    assert late is not None
    assert late.phase is Phase.KEPT, "reached is reached"
