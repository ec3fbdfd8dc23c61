"""The verifier: each tampering is found and named, and a good stream has no problem."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import EventType
from edge_agent.evidence import tree
from edge_agent.evidence.bodies import Ended, JournalBody, JournalChange
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.envelope import open_event, seal
from edge_agent.evidence.machine import BOARD, fact
from edge_agent.evidence.tree import Peaks
from edge_agent.evidence.verify import STRANGERS_MAX, EpochVerifier, Problem, What, check
from tests.evidence.conftest import STAMP, Chain, signer

KEYS: dict[bytes, PublicKey] = {signer(1).public.kid: signer(1).public}


def verifier() -> EpochVerifier:
    return EpochVerifier("gw1", KEYS.get)


def found(*envelopes: bytes) -> list[Problem]:
    return list(check("gw1", KEYS.get, envelopes))


def named(*envelopes: bytes) -> list[tuple[What, int | None]]:
    return [(problem.what, problem.seq) for problem in found(*envelopes)]


def second(chain: Chain, seed: int = 3, name: bytes = b"epoch--2", **changes: object) -> Chain:
    following = Chain(epoch=name, event_key=signer(seed))
    following.genesis(chain, **changes)
    return following.more(3)


def test_a_good_epoch_has_no_problem(chain: Chain) -> None:
    checked = verifier()
    for envelope in chain.envelopes:
        assert checked.feed(envelope) == []
    assert checked.lineage() == []
    assert (checked.verified, checked.doubles, checked.unverifiable, checked.late) == (10, 0, 0, 0)
    assert checked.proved_to(chain.epoch) == 9
    peaks = checked.peaks(chain.epoch)
    assert peaks is not None
    assert peaks.root() == chain.peaks.root()


def test_epochs_that_follow_each_other_have_no_problem(chain: Chain) -> None:
    two = second(chain)
    three = Chain(epoch=b"epoch--3", event_key=signer(4))
    three.genesis(two, ended=Ended.ORDERLY)
    assert found(*chain.envelopes, *two.envelopes, *three.envelopes) == []
    assert found(*two.envelopes, *three.envelopes) == []  # what is held may begin later
    assert named(*chain.envelopes, *three.envelopes) == [(What.GAP, 0)]  # but has no hole


def test_what_is_held_may_begin_with_an_epoch_that_came_late(chain: Chain) -> None:
    """A center that came later: what is live came first, then the backlog from its first run on."""
    two = second(chain)
    three = second(two, 4, b"epoch--3")
    assert named(*three.envelopes, *two.envelopes) == []
    four = second(three, 5, b"epoch--4")
    assert named(*four.envelopes, *two.envelopes) == [(What.GAP, 0)], "but it has no hole"


def test_what_is_no_envelope() -> None:
    assert named(b"garbage") == [(What.MALFORMED, None)]


def test_a_double_is_counted_and_no_problem(chain: Chain) -> None:
    checked = verifier()
    for envelope in [*chain.envelopes, chain.envelopes[3], chain.envelopes[0], chain.envelopes[9]]:
        assert checked.feed(envelope) == []
    assert (checked.doubles, checked.verified) == (3, 10)


def test_a_gap_is_named_with_its_range(chain: Chain) -> None:
    checked = verifier()
    problems = [p for e in chain.envelopes[:3] + chain.envelopes[6:] for p in checked.feed(e)]
    assert [(p.what, p.seq, p.last) for p in problems] == [(What.GAP, 3, 5)]
    assert checked.proved_to(chain.epoch) == 2
    assert checked.peaks(chain.epoch) is None
    assert checked.feed(chain.envelopes[4]) == []  # late: told already
    assert (checked.late, checked.verified) == (1, 8)
    assert checked.feed(chain.envelopes[4]) == []
    assert checked.doubles == 1


def test_a_second_gap_is_named_too(chain: Chain) -> None:
    kept = chain.envelopes[:2] + chain.envelopes[3:5] + chain.envelopes[6:]
    assert named(*kept) == [(What.GAP, 2), (What.GAP, 5)]


def test_a_cut_tail_is_found_by_the_next_epoch(chain: Chain) -> None:
    two = second(chain)
    problems = found(*chain.envelopes[:7], *two.envelopes)
    assert [(p.what, p.epoch, p.seq, p.last) for p in problems] == [(What.GAP, chain.epoch, 7, 9)]


def test_a_bad_signature(chain: Chain) -> None:
    bad = bytearray(chain.envelopes[4])
    bad[-1] ^= 1
    envelopes = [*chain.envelopes[:4], bytes(bad), *chain.envelopes[5:]]
    assert named(*envelopes) == [(What.BAD_SIGNATURE, 4), (What.GAP, 4)]


def test_an_edited_event_is_found_even_when_signed_again(chain: Chain) -> None:
    """Whoever holds the event key can sign an event anew, but not what the next one says of it."""
    old = open_event(chain.envelopes[4], chain.event_key.public)
    edited = seal(replace(old, body={1: "p2", 2: True}), chain.event_key)
    envelopes = [*chain.envelopes[:4], edited, *chain.envelopes[5:]]
    assert named(*envelopes) == [(What.ROOT_MISMATCH, 5)]
    checked = verifier()
    for envelope in envelopes:
        checked.feed(envelope)
    assert checked.proved_to(chain.epoch) == 4


def test_an_edited_last_event_is_found_by_the_next_epoch(chain: Chain) -> None:
    two = second(chain)
    old = open_event(chain.envelopes[9], chain.event_key.public)
    edited = seal(replace(old, body={1: "p2", 2: True}), chain.event_key)
    problems = found(*chain.envelopes[:9], edited, *two.envelopes)
    assert [(p.what, p.epoch, p.seq) for p in problems] == [(What.ROOT_MISMATCH, chain.epoch, 9)]


def test_reordered_events_are_found(chain: Chain) -> None:
    kept = chain.envelopes
    assert named(*kept[:3], kept[4], kept[3], *kept[5:]) == [(What.GAP, 3)]


@pytest.mark.parametrize("meant", [0, 1])
def test_a_fork_is_told_and_the_tree_goes_on_from_the_one_that_was_meant(
    chain: Chain, meant: int
) -> None:
    other = chain.make(10, body={1: "p9", 2: False})
    ours = chain.add(chain.make(10))
    chain.more(3)
    pair = [(ours, other), (other, ours)][meant]
    checked = verifier()
    problems = [
        p for e in [*chain.envelopes[:10], *pair, *chain.envelopes[11:]] for p in checked.feed(e)
    ]
    assert [(p.what, p.seq) for p in problems] == [(What.FORK, 10)]
    assert checked.proved_to(chain.epoch) == 13


def test_many_forks_of_one_number_are_all_told(chain: Chain) -> None:
    others = [chain.make(10, body={1: f"p{at}"}) for at in range(12)]
    assert named(*chain.envelopes, *others) == [(What.FORK, 10)] * 11


def test_an_old_fork_is_told(chain: Chain) -> None:
    old = open_event(chain.envelopes[4], chain.event_key.public)
    fork = seal(replace(old, body={1: "p2"}), chain.event_key)
    assert named(*chain.envelopes, fork) == [(What.FORK, 4)]


def test_a_wrong_root_is_named_once(chain: Chain) -> None:
    chain.add(chain.make(10, root=b"x" * 32))
    chain.more(5)
    assert named(*chain.envelopes) == [(What.ROOT_MISMATCH, 10)]


def test_another_gateway(chain: Chain) -> None:
    other = Chain(gateway="gw2")
    other.genesis()
    assert named(*other.envelopes) == [(What.WRONG_GATEWAY, 0)]
    stray = Chain(gateway="gw2", epoch=chain.epoch, peaks=chain.peaks)
    assert named(*chain.envelopes, stray.make(10)) == [(What.WRONG_GATEWAY, 10)]


def test_events_without_a_good_genesis_are_told_once(chain: Chain) -> None:
    checked = verifier()
    problems = [p for envelope in chain.envelopes[1:] for p in checked.feed(envelope)]
    assert [(p.what, p.seq) for p in problems] == [(What.UNKNOWN_KEY, 1)]
    assert checked.unverifiable == 9
    assert checked.proved_to(chain.epoch) == 0
    assert checked.peaks(chain.epoch) is None


def test_forged_epochs_are_told_up_to_a_bound(chain: Chain) -> None:
    event = open_event(chain.envelopes[1], chain.event_key.public)
    checked = verifier()
    told = 0
    for at in range(STRANGERS_MAX + 5):
        envelope = seal(replace(event, epoch=at.to_bytes(8, "big")), chain.event_key)
        told += len(checked.feed(envelope))
    assert (told, checked.unverifiable) == (STRANGERS_MAX, STRANGERS_MAX + 5)


def test_an_unknown_identity_and_its_events(chain: Chain) -> None:
    other = Chain(identity=signer(9))
    other.genesis()
    assert named(*other.more(2).envelopes) == [(What.UNKNOWN_KEY, 0), (What.UNKNOWN_KEY, 1)]


def test_an_event_signed_by_another_key_of_ours(chain: Chain) -> None:
    two = second(chain)
    stray = chain.make(10, by=two.event_key)
    forged = stray[:-1] + bytes([stray[-1] ^ 1])
    foreign = chain.make(10, by=signer(8))
    all_good = [*chain.envelopes, *two.envelopes]
    assert named(*all_good, stray) == [(What.WRONG_EPOCH, 10)]
    assert named(*all_good, forged) == [(What.BAD_SIGNATURE, 10)]
    assert named(*all_good, foreign) == [(What.UNKNOWN_KEY, 10)]


# ---- genesis


def test_a_genesis_with_a_body_that_makes_no_sense() -> None:
    chain = Chain()
    bad = chain.make(0, EventType.GENESIS, {1: "?"}, chain.identity)
    assert named(bad) == [(What.BAD_GENESIS, 0)]


def test_a_genesis_signed_by_another_key_than_it_names() -> None:
    chain = Chain()
    chain.genesis(identity_kid=b"somebody")
    assert named(*chain.envelopes) == [(What.BAD_GENESIS, 0)]


def test_a_genesis_with_a_bad_signature(chain: Chain) -> None:
    bad = bytearray(chain.envelopes[0])
    bad[-1] ^= 1
    assert named(bytes(bad)) == [(What.BAD_SIGNATURE, 0)]


def test_a_genesis_that_follows_itself() -> None:
    chain = Chain()
    chain.genesis(
        ended=Ended.CRASH, previous_epoch=chain.epoch, previous_size=1, previous_root=b"r" * 32
    )
    assert named(*chain.envelopes) == [(What.BAD_GENESIS, 0)]


def test_two_geneses_of_one_epoch_are_a_fork(chain: Chain) -> None:
    other = Chain()
    other.genesis(version="0.2")
    assert named(*chain.envelopes, *other.envelopes) == [(What.FORK, 0)]
    checked = verifier()
    assert checked.feed(chain.envelopes[0]) == []
    assert len(checked.feed(other.envelopes[0])) == 1
    assert [checked.feed(envelope) for envelope in chain.envelopes[1:]] == [[]] * 9


def test_a_vouched_genesis_takes_the_place_of_a_self_signed_one(chain: Chain) -> None:
    """Anybody can sign for himself: that must not keep the gateway's own genesis out."""
    squatter = Chain(event_key=signer(8))
    squatter.genesis(identity_kid=None)
    assert named(*squatter.envelopes, *chain.envelopes) == [(What.FORK, 0)]
    assert named(*chain.envelopes, *squatter.envelopes) == [(What.FORK, 0)]


def test_a_self_signed_epoch_is_told_until_a_later_one_stands_for_it(chain: Chain) -> None:
    two = second(chain, identity_kid=None)
    three = Chain(epoch=b"epoch--3", event_key=signer(4))
    three.genesis(two, identity_kid=None)
    four = Chain(epoch=b"epoch--4", event_key=signer(5))
    four.genesis(three)
    first_two = [*chain.envelopes, *two.envelopes]
    assert named(*first_two) == [(What.UNVOUCHED, 0)]
    assert named(*first_two, *three.envelopes) == [(What.UNVOUCHED, 0)] * 2
    assert named(*first_two, *three.envelopes, *four.envelopes) == []


def test_a_later_epoch_does_not_stand_for_what_it_did_not_see(chain: Chain) -> None:
    two = second(chain, identity_kid=None)
    three = Chain(epoch=b"epoch--3", event_key=signer(4))
    three.genesis(two, previous_root=b"x" * 32)
    problems = found(*chain.envelopes, *two.envelopes, *three.envelopes)
    assert {p.what for p in problems} == {What.UNVOUCHED, What.ROOT_MISMATCH}


# ---- lineage


def test_two_epochs_that_follow_one_are_a_branch(chain: Chain) -> None:
    one, two = second(chain), second(chain, 4, b"epoch--3")
    problems = found(*chain.envelopes, *one.envelopes, *two.envelopes)
    assert [(p.what, p.epoch) for p in problems] == [(What.BRANCH, b"epoch--3")]


def test_two_first_epochs_are_a_branch(chain: Chain) -> None:
    wiped = Chain(epoch=b"epoch--2", event_key=signer(3))
    wiped.genesis()
    assert named(*chain.envelopes, *wiped.envelopes) == [(What.BRANCH, 0)]


def test_a_rolled_back_gateway_is_named(chain: Chain) -> None:
    early = Chain(peaks=Peaks())
    for envelope in chain.envelopes[:6]:
        early.add(envelope)
    two = second(early)
    problems = found(*chain.envelopes, *two.envelopes)
    assert [(p.what, p.epoch) for p in problems] == [(What.ROLLED_BACK, b"epoch--2")]
    assert "after 6 events" in problems[0].detail


def refused(chain: Chain, first: int) -> bytes:
    """The gateway's word that its disk does not hold `first` and what follows."""
    body = JournalBody(JournalChange.REFUSED, "EIO", first=first).to_body()
    return chain.make(chain.peaks.size, EventType.JOURNAL, body)


def test_what_a_refusing_card_lost_is_unwritten_and_not_rolled_back(chain: Chain) -> None:
    """Fails where the gateway's word about its disk is not asked for."""
    left = Chain(peaks=chain.peaks.copy())
    held = chain.peaks.size
    chain.more(2)
    chain.add(refused(chain, held))
    problems = found(*chain.envelopes, *second(left).envelopes)
    assert [(p.what, p.epoch, p.seq) for p in problems] == [(What.UNWRITTEN, b"epoch--1", held)]


def test_its_word_excuses_nothing_from_before_it(chain: Chain) -> None:
    image = Chain(peaks=chain.peaks.copy())
    chain.more(2)
    chain.add(refused(chain, chain.peaks.size))
    problems = found(*chain.envelopes, *second(image).envelopes)
    assert [p.what for p in problems] == [What.ROLLED_BACK]


def test_an_orderly_end_leaves_nothing_unwritten(chain: Chain) -> None:
    image = Chain(peaks=chain.peaks.copy())
    chain.add(refused(chain, chain.peaks.size))
    problems = found(*chain.envelopes, *second(image, ended=Ended.ORDERLY).envelopes)
    assert [p.what for p in problems] == [What.ROLLED_BACK]


def test_a_run_of_which_the_card_kept_nothing_is_unwritten_and_no_branch(chain: Chain) -> None:
    lost = Chain(epoch=b"epoch--2", event_key=signer(3))
    lost.genesis(follows=chain)
    problems = found(*chain.envelopes, *lost.envelopes, *second(chain, 4, b"epoch--3").envelopes)
    assert [(p.what, p.epoch) for p in problems] == [(What.UNWRITTEN, b"epoch--2")]


def test_what_began_first_and_came_later_is_judged_as_the_first(chain: Chain) -> None:
    """Fails where arrival is taken for order: a broker may hold long what it was given."""
    earlier, rebooted = (
        replace(STAMP, boottime_ns=1),
        replace(STAMP, boottime_ns=1, boot_id=bytes(16)),
    )
    for stamp, what in ((earlier, What.UNWRITTEN), (STAMP, What.BRANCH), (rebooted, What.BRANCH)):
        lost = Chain(epoch=b"epoch--2", event_key=signer(3), stamp=stamp)
        lost.genesis(follows=chain)
        one = second(chain, 4, b"epoch--3")
        problems = found(*chain.envelopes, *one.envelopes, *lost.envelopes)
        assert [(p.what, p.epoch) for p in problems] == [(what, b"epoch--2")]


def test_a_branch_on_another_board_is_a_clone(chain: Chain) -> None:
    here, there = (fact("gw1", BOARD, number) for number in ("b1", "b2"))
    one = second(chain, machine=(here,))
    for machine, what in (((there,), What.CLONE), ((here,), What.BRANCH), ((), What.BRANCH)):
        two = second(chain, 4, b"epoch--3", machine=machine)
        problems = found(*chain.envelopes, *one.envelopes, *two.envelopes)
        assert [(p.what, p.epoch) for p in problems] == [(what, b"epoch--3")]


def test_another_head_of_the_same_size_is_named(chain: Chain) -> None:
    two = second(chain, previous_root=b"x" * 32)
    assert named(*chain.envelopes, *two.envelopes) == [(What.ROOT_MISMATCH, 9)]


def test_lineage_says_the_same_each_time(chain: Chain) -> None:
    checked = verifier()
    for envelope in [*chain.envelopes, *second(chain, previous_root=b"x" * 32).envelopes]:
        checked.feed(envelope)
    assert checked.lineage() == checked.lineage() != []


# ---- resuming


@pytest.mark.parametrize("size", range(1, 11))
def test_a_verifier_takes_up_where_another_left_off(chain: Chain, size: int) -> None:
    peaks = Peaks()
    for envelope in chain.envelopes[:size]:
        peaks.append(tree.leaf_hash(envelope))
    checked = verifier()
    assert checked.resume(chain.envelopes[0], peaks) == []
    assert [p for e in chain.envelopes[size:] for p in checked.feed(e)] == []
    assert checked.proved_to(chain.epoch) == 9
    assert checked.feed(chain.envelopes[0]) == []
    assert checked.doubles == 1


def test_resuming_from_other_events_is_found(chain: Chain) -> None:
    peaks = Peaks()
    for at in range(5):
        peaks.append(bytes([at]) * 32)
    checked = verifier()
    checked.resume(chain.envelopes[0], peaks)
    assert [p.what for p in checked.feed(chain.envelopes[5])] == [What.ROOT_MISMATCH]


def test_resuming_with_a_bad_genesis_is_told(chain: Chain) -> None:
    assert [p.what for p in verifier().resume(b"", Peaks())] == [What.MALFORMED]


# ---- any tampering


@given(st.data())
def test_any_one_edit_of_a_stream_is_found(data: st.DataObject) -> None:
    chain = Chain()
    chain.genesis()
    chain.more(5)
    stream = [*chain.envelopes, *second(chain).envelopes]
    at = data.draw(st.integers(0, len(stream) - 2))
    match data.draw(st.sampled_from(["drop", "flip", "swap"])):
        case "drop":
            changed = stream[:at] + stream[at + 1 :]
        case "flip":
            bad = bytearray(stream[at])
            bad[data.draw(st.integers(0, len(bad) - 1))] ^= 1 << data.draw(st.integers(0, 7))
            changed = [*stream[:at], bytes(bad), *stream[at + 1 :]]
        case _:
            changed = [*stream[:at], stream[at + 1], stream[at], *stream[at + 2 :]]
    swaps_epochs = at == 5 and len(changed) == len(stream) and changed[5] == stream[6]
    assert bool(found(*changed)) or swaps_epochs


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_random_bytes_are_problems_and_never_exceptions(stream: list[bytes]) -> None:
    assert [problem.what for problem in found(*stream)] == [What.MALFORMED] * len(stream)
