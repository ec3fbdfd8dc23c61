"""What a witness cosigns and what it refuses: of two histories of a gateway never both.

Seen to fail: with proofs that are not looked at (`witness_believes_all`).
"""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.submission import Submission
from edge_agent.witness.judging import (
    Again,
    Behind,
    Conflict,
    Cosign,
    History,
    Refused,
    Stopped,
    Untrusted,
    judge,
    prove,
)
from tests.evidence.bundles import authority, certified
from tests.evidence.conftest import Chain, signer
from tests.witness.world import AUTHORITY, asked, begun, copied, following, forked, proven


def known(*heads: Submission) -> History:
    """What is held after these were cosigned, one after the other."""
    history = History()
    for head in heads:
        history = grown(history, head)
    return history


def grown(history: History, head: Submission) -> History:
    verdict = judge(proven(head), history)
    assert isinstance(verdict, Cosign), verdict
    epochs, followers = dict(history.epochs), dict(history.followers)
    for one in (verdict.held, *([verdict.ended] if verdict.ended else [])):
        epochs[one.epoch] = one
    previous = proven(head).genesis.previous_epoch
    if previous is not None:
        followers[previous] = verdict.held.genesis
    return History(epochs, followers, verdict.held.head)


FIRST = begun()
SECOND = following(FIRST, b"epoch--2")
HELD = known(asked(FIRST, 12))


def what(submission: Submission, history: History = HELD) -> Conflict:
    verdict = judge(proven(submission), history)
    assert isinstance(verdict, Refused), verdict
    assert verdict.seen != verdict.shown
    return verdict.what


def test_a_head_that_continues_is_cosigned_and_the_same_again_is_the_same() -> None:
    verdict = judge(proven(asked(FIRST, 17, 12)), HELD)
    assert isinstance(verdict, Cosign)
    assert (verdict.held.size, verdict.held.root) == (17, copied(FIRST, 17).peaks.root())
    assert judge(proven(asked(FIRST, 12, 12)), HELD) == Again()
    assert judge(proven(asked(FIRST, 12, 3)), HELD) == Again(), "whatever the asker believed"


def test_a_proof_from_elsewhere_is_told_where_to_begin() -> None:
    assert judge(proven(asked(FIRST, 17, 11)), HELD) == Behind(FIRST.epoch, 12)
    assert judge(proven(asked(SECOND, 3)), HELD) == Behind(FIRST.epoch, 12)


def test_what_does_not_continue_is_refused() -> None:
    assert what(asked(FIRST, 9, 9)) is Conflict.SMALLER
    assert what(asked(forked(FIRST, 12, 3), 12)) is Conflict.FORK
    assert what(asked(forked(FIRST, 8, 9), 12)) is Conflict.FORK
    assert what(asked(forked(FIRST, 8, 9), 16, 12)) is Conflict.UNPROVEN
    other = begun(events=13)
    other.envelopes[0] = Chain(epoch=FIRST.epoch, event_key=other.event_key).genesis(version="0.2")
    assert what(asked(other, 12)) is Conflict.FORK, "another genesis of the same run"


def test_the_next_run_has_to_continue_the_one_before() -> None:
    verdict = judge(proven(asked(SECOND, 3, 12, before=FIRST)), HELD)
    assert isinstance(verdict, Cosign)
    assert verdict.ended is not None
    assert (verdict.ended.ended, verdict.ended.size) == (20, 12)
    back = following(copied(FIRST, 10), b"epoch--3")
    assert what(asked(back, 3, 12)) is Conflict.ROLLED_BACK
    assert what(asked(following(copied(FIRST, 12), b"epoch--3"), 3)) is Conflict.ROLLED_BACK
    other = forked(FIRST, 8, 9)
    assert what(asked(following(other, b"epoch--3"), 3, 12, before=other)) is Conflict.UNPROVEN
    assert what(asked(begun(epoch=b"epoch--4"), 3)) is Conflict.RESTARTED
    unseen = following(begun(epoch=b"epoch--4"), b"epoch--5")
    assert what(asked(unseen, 3)) is Conflict.RESTARTED


def test_a_run_has_one_follower_and_none_of_its_own_after_it() -> None:
    both = known(asked(FIRST, 12), asked(SECOND, 3, 12, before=FIRST))
    twin = following(FIRST, b"epoch--3")
    assert what(asked(twin, 3, 12, before=FIRST), both) is Conflict.BRANCH
    longer = copied(FIRST, 20).more(5)
    assert what(asked(longer, 22, 20), both) is Conflict.ROLLED_BACK, "it was said to end at 20"
    assert what(asked(longer, 20, 20), both) is Conflict.ROLLED_BACK
    assert what(asked(FIRST, 15, 12), both) is Conflict.SMALLER, "nothing shows it before the end"
    assert judge(proven(asked(FIRST, 12)), both) == Again()


def test_what_is_stopped_stays_so_and_what_was_looked_at_begins_anew() -> None:
    assert judge(proven(asked(FIRST, 17, 12)), replace(HELD, stopped=True)) == Stopped()
    fresh = begun(epoch=b"epoch--4")
    back = following(copied(FIRST, 10), b"epoch--3")
    for anew in (asked(fresh, 3), asked(back, 3)):
        assert isinstance(judge(proven(anew), replace(HELD, open=True)), Cosign)
    assert what(asked(forked(FIRST, 8, 9), 12), replace(HELD, open=True)) is Conflict.FORK


def test_who_asks_proves_whose_head_it_is() -> None:
    good = asked(FIRST, 12)
    other = certified("gw2", 1)
    cases: list[tuple[Submission, type[Exception]]] = [
        (replace(good, identity=certified("gw1", 1, 8)), Untrusted),
        (replace(good, identity=certified("gw1", 1, signing=False)), Untrusted),
        (replace(good, identity=other), Untrusted),
        (replace(good, identity=certified("gw1", 3)), BadSignature),
        (replace(good, identity=b"certificate"), Malformed),
        (replace(good, genesis=FIRST.envelopes[1]), Malformed),
        (replace(good, head=SECOND.envelopes[3]), Malformed),
        (replace(good, head=SECOND.envelopes[0]), Malformed),
        (replace(good, head=good.head[:-1] + b"\0"), BadSignature),
        (replace(good, genesis=Chain(epoch=b"epoch--1").genesis(identity_kid=None)), BadSignature),
    ]
    for submission, refused in cases:
        with pytest.raises(refused):
            proven(submission)
    forger = begun()
    forger.event_key = signer(77)
    with pytest.raises(BadSignature):
        proven(replace(good, head=forger.make(12)))
    with pytest.raises(Untrusted):
        prove(good, [authority(8)[1]])
    assert prove(good, [authority(8)[1], AUTHORITY]).head.seq == 12
    itself = Chain(epoch=b"epoch--1")
    looped = itself.genesis(follows=begun())
    with pytest.raises(Malformed, match="names itself"):
        proven(Submission(good.identity, looped, looped))


@settings(max_examples=25)
@given(st.data())
def test_whatever_is_brought_in_whatever_order_one_history_is_cosigned(data: st.DataObject) -> None:
    """Two histories that part at some event: of those beyond it only one side's are cosigned."""
    parting = data.draw(st.integers(1, 15))
    sides = (FIRST, forked(FIRST, parting, 20 - parting))
    history, beyond = History(), set()
    for _ in range(8):
        side, seq = data.draw(st.sampled_from((0, 1))), data.draw(st.integers(1, 19))
        held = history.epochs.get(FIRST.epoch)
        old = held.size if held else 0
        brought = asked(sides[side], seq, old if old <= seq else 0)
        if isinstance(judge(proven(brought), history), Cosign):
            history = grown(history, brought)
            if seq > parting:
                beyond.add(side)
    assert len(beyond) <= 1
