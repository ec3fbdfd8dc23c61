"""When to sign and write: dialogues with the pure machine, time by hand."""

from itertools import pairwise

from edge_agent.journal.cadence import (
    RECEIPT_PATIENCE_NS,
    RETRY_NS_MAX,
    RETRY_NS_MIN,
    Action,
    Cadence,
    Do,
    Failed,
    Happened,
    Input,
    Offered,
    Refuse,
)

TICKED = Happened.TICKED


def play(cadence: Cadence, *steps: tuple[Input, int, list[Action]]) -> None:
    for number, (happened, now_ns, wanted) in enumerate(steps):
        assert cadence.handle(happened, now_ns) == wanted, f"step {number}: {happened}"


def test_nothing_waits_for_ever() -> None:
    cadence = Cadence()
    assert cadence.deadline_ns() is None
    play(cadence, (TICKED, 5, []))


def test_an_urgent_draft_takes_everything_at_once() -> None:
    cadence = Cadence()
    play(cadence, (Offered(60), 0, []), (TICKED, 59, []), (Offered(0), 59, []))
    assert cadence.deadline_ns() == 59
    play(
        cadence,
        (TICKED, 59, [Do.SEAL, Do.WRITE]),
        (Happened.SEALED, 59, []),
        (Happened.WRITTEN, 59, []),
    )
    assert cadence.deadline_ns() is None


def test_the_shortest_patience_counts() -> None:
    cadence = Cadence()
    play(cadence, (Offered(60), 0, []), (Offered(10), 5, []), (Offered(60), 6, []))
    assert cadence.deadline_ns() == 15
    play(cadence, (TICKED, 14, []), (TICKED, 15, [Do.SEAL, Do.WRITE]))


def test_what_does_not_fit_follows_at_once() -> None:
    cadence = Cadence()
    play(
        cadence,
        (Offered(0), 1, []),
        (TICKED, 1, [Do.SEAL, Do.WRITE]),
        (Happened.SEALED_SOME, 1, []),
        (Happened.WRITTEN, 1, []),
        (TICKED, 1, [Do.SEAL, Do.WRITE]),
        (Happened.SEALED, 1, []),
        (Happened.WRITTEN_SOME, 1, []),
        (TICKED, 1, [Do.WRITE]),
        (Happened.WRITTEN, 1, []),
        (TICKED, 1, []),
    )


def test_a_receipt_waits_for_a_commit_to_share() -> None:
    cadence = Cadence()
    play(cadence, (Happened.RECEIPTED, 5, []), (Happened.RECEIPTED, 7, []))
    assert cadence.deadline_ns() == 5 + RECEIPT_PATIENCE_NS
    play(
        cadence,
        (TICKED, 4 + RECEIPT_PATIENCE_NS, []),
        (TICKED, 5 + RECEIPT_PATIENCE_NS, [Do.WRITE]),
        (Happened.WRITTEN, 6 + RECEIPT_PATIENCE_NS, []),
    )
    assert cadence.deadline_ns() is None


def test_a_refusal_is_told_once_and_answered_in_ever_longer_pauses() -> None:
    cadence = Cadence()
    play(
        cadence,
        (Offered(0), 0, []),
        (TICKED, 0, [Do.SEAL, Do.WRITE]),
        (Happened.SEALED, 0, []),
        (Failed("EIO"), 0, [Refuse("EIO")]),
        (TICKED, 0, [Do.WRITE]),  # the next segment, at once
    )
    now_ns, pauses = 0, []
    for _ in range(8):
        play(cadence, (Failed("EIO"), now_ns, []))
        due_ns = cadence.deadline_ns()
        assert due_ns is not None
        play(cadence, (TICKED, due_ns - 1, []), (TICKED, due_ns, [Do.WRITE]))
        pauses.append(due_ns - now_ns)
        now_ns = due_ns
    assert pauses[0] == RETRY_NS_MIN
    assert all(after == min(2 * before, RETRY_NS_MAX) for before, after in pairwise(pauses))
    assert pauses[-1] == RETRY_NS_MAX
    play(cadence, (Happened.WRITTEN, now_ns, [Do.ACCEPT]), (Happened.WRITTEN, now_ns, []))
    assert not cadence.refused


def test_signing_goes_on_while_the_disk_refuses() -> None:
    cadence = Cadence()
    play(
        cadence,
        (Failed("EIO"), 0, [Refuse("EIO")]),
        (Failed("EIO"), 0, []),
        (Offered(0), 5, []),
        (TICKED, 5, [Do.SEAL]),
        (Happened.SEALED, 5, []),
        (TICKED, 6, []),
        (TICKED, RETRY_NS_MIN, [Do.WRITE]),
    )
