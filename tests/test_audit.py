"""The audit of a journal that the real recorder wrote: receipts, removals, forgeries of both."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from edge_agent.audit import Countersigned, JournalAudit, Removals
from edge_agent.contents import Envelopes
from edge_agent.daemon.housekeeping import Housekeeping, Keeping
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.bodies import ActBody, JournalBody
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipt import Range, Receipt, range_digest, sign_receipt
from edge_agent.evidence.second_signature import SecondSignatureBody, TreeHead, Unsigned
from edge_agent.evidence.seconded import SecondCheck
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.tree import Peaks, leaf_hash
from edge_agent.evidence.verify import Problem, What
from edge_agent.journal import Care, Record, RecordKind, heads, read
from edge_agent.journal.format import encode_ranges, encode_record
from tests.center.world import FakeGateway
from tests.daemon.test_recorder import BURGLARY, CLOCK, IDENTITY, PATIENCE_S, Rig, until, with_rig
from tests.evidence.bundles import FIRST, STAMPED, authority, history, token

LEAF = leaf_hash(history()[0].envelopes[STAMPED])

CENTER = Ed25519Signer.generate()


def audited(
    folder: Path, stampers: Sequence[x509.Certificate] = ()
) -> tuple[list[Problem], JournalAudit]:
    removals = Removals()
    for stored in read(folder):
        removals.take(stored.record)
    identity = {IDENTITY.public.kid: IDENTITY.public}.get
    audit = JournalAudit("gw1", identity, removals, heads(folder), stampers)
    problems = [one for stored in read(folder) for one in audit.feed(stored.record)]
    return problems + audit.finish(), audit


def receipted(folder: Path) -> None:
    """A run in which three receipts are recorded and bound, and one more is not."""

    async def scenario(rig: Rig) -> None:
        house = Housekeeping(rig.journal, rig.recorder, CLOCK, Keeping(None, 180))
        for seq in range(1, 5):
            await rig.record("p1", BURGLARY)
            if seq == 4:  # a commit is told before its receipts are counted
                await until(lambda: not rig.journal.progress().held_bytes)
                house.bind_receipts()
            rig.recorder.receipted("center", rig.begun.epoch, [seq], b"receipt %d" % seq)
        await until(lambda: len(rig.published) > 5)

    with_rig(folder, scenario, state_patience_ns=0)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    receipted(tmp_path)
    return tmp_path


def receipts(folder: Path) -> list[Record]:
    return [s.record for s in read(folder) if s.record.kind is RecordKind.RECEIPT]


def forge(folder: Path, old: Record, change: Callable[[Record], Record]) -> None:
    """Put another record in the place of one, with a good checksum."""
    (segment,) = folder.glob("*1.seg")
    data, before = segment.read_bytes(), encode_record(old)
    after = encode_record(change(old))
    assert data.count(before) == 1
    assert len(after) == len(before)
    segment.write_bytes(data.replace(before, after))


def test_receipts_that_were_bound_agree(journal: Path) -> None:
    problems, audit = audited(journal)
    assert problems == []
    assert [record.seq for record in receipts(journal)] == [0, 1, 2, 3]
    assert audit.receipts.bound == 3
    assert audit.verifier.verified == 6


def test_a_forged_receipt_is_named(journal: Path) -> None:
    """Seen to fail with receipts left out of the audit: the checksums are good."""
    forge(journal, receipts(journal)[1], lambda old: replace(old, data=old.data[:-1] + b"9"))
    ((problem,), _) = audited(journal)
    assert problem.what is What.RECEIPTS
    assert "not those" in problem.detail


def test_a_removed_receipt_is_named(journal: Path) -> None:
    forge(journal, receipts(journal)[1], lambda old: replace(old, kind=RecordKind.CENTER))
    ((problem,), _) = audited(journal)
    assert problem.what is What.RECEIPTS
    assert problem.detail == "receipts of this run are missing: 1"


def test_what_came_after_the_last_digest_is_bound_by_nothing(journal: Path) -> None:
    forge(journal, receipts(journal)[3], lambda old: replace(old, kind=RecordKind.CENTER))
    assert audited(journal)[0] == []


# ---- timestamps


def anchored(folder: Path, *anchors: tuple[int, bytes | None, bytes]) -> None:
    """A run with anchor events: number, leaf (None: that event's own), token."""

    async def scenario(rig: Rig) -> None:
        for _ in range(3):
            await rig.record("p1", BURGLARY)
        for seq, leaf, made in anchors:
            own = leaf_hash(rig.published[seq].data)
            body = AnchorBody(Place(rig.begun.epoch, seq), leaf or own, made)
            rig.recorder.note(EventType.ANCHOR, Lane.STATE, body.to_body())
        elsewhere = AnchorBody(Place(b"long ago", 60), LEAF, token())
        rig.recorder.note(EventType.ANCHOR, Lane.STATE, elsewhere.to_body())
        rig.recorder.note(EventType.ACT, Lane.FAULT, ActBody("stop", "test").to_body())
        await until(lambda: len(rig.published) == 6 + len(anchors))

    with_rig(folder, scenario)


def test_a_timestamp_of_what_is_gone_is_shown_as_that(tmp_path: Path) -> None:
    """Its event was removed, or the card is another: it is good, and about nothing here."""
    anchored(tmp_path)
    problems, audit = audited(tmp_path)
    assert problems == []
    (one,) = audit.anchors.anchored
    assert (str(one.place), one.held, one.stamped.by) == (
        f"{b'long ago'.hex()}/60",
        False,
        "CN=Time",
    )


def test_a_timestamp_of_another_event_or_by_nobody_is_named(tmp_path: Path) -> None:
    """Seen to fail: without the leaf compared with the event that is held."""
    anchored(tmp_path, (2, LEAF, token()), (3, None, token()), (3, LEAF, token()[:-1]))
    problems, audit = audited(tmp_path)
    assert [one.what for one in problems] == [What.ANCHOR] * 3
    assert [one.seq for one in problems] == [4, 5, 6]
    assert "is not the one that 'CN=Time' timestamped" in problems[0].detail
    assert "of something else" in problems[1].detail
    assert len(audit.anchors.anchored) == 1
    other = audited(tmp_path, [authority()[1]])[0]
    assert "no authority that is trusted" in other[-1].detail


def test_second_signatures_are_compared_with_the_heads_that_are_held(tmp_path: Path) -> None:
    """Whose they are is tests/evidence/test_seconded.py's.  Seen to fail: with no first reading."""

    async def scenario(rig: Rig) -> None:
        for _ in range(3):
            await rig.record("p1", BURGLARY)
        root = peek(rig.published[2].data)[1].root
        for over in (root, bytes(32)):
            head = TreeHead("gw1", rig.begun.epoch, 2, over)
            kept = SecondSignatureBody(Unsigned(head, -65_537, bytes(8)).signed(bytes(64)))
            rig.recorder.note(EventType.SECOND_SIGNATURE, Lane.STATE, kept.to_body())
        rig.recorder.note(EventType.ACT, Lane.FAULT, ActBody("stop", "test").to_body())
        await until(lambda: len(rig.published) == 7)

    with_rig(tmp_path, scenario)
    seconds = SecondCheck()
    for stored in read(tmp_path):
        seconds.expect(stored.record.data)
    identity = {IDENTITY.public.kid: IDENTITY.public}.get
    audit = JournalAudit("gw1", identity, Removals(), heads(tmp_path), (), seconds)
    problems = [one for stored in read(tmp_path) for one in audit.feed(stored.record)]
    assert [(one.what, one.seq) for one in problems] == [(What.SECOND_SIGNATURE, 5)]
    assert [one.held for one in audit.seconds.seconded] == [True]


def countersigned(key: PublicKey, *, leaf: bytes = LEAF) -> Receipt | None:
    """What is found over the timestamped event, by a center's key and the leaves that are held."""
    place, held = Place(FIRST, STAMPED), {STAMPED: leaf, STAMPED + 1: bytes(32)}
    digest = range_digest([LEAF, bytes(32)])
    told = Receipt("gw1", "center", 1, (Range(FIRST, STAMPED, STAMPED + 1, digest),))
    signed = sign_receipt(told, CENTER)
    anchor = FakeGateway()
    anchor.start()
    body = AnchorBody(place, LEAF, token()).to_body()
    envelope = anchor.sealed(EventType.ANCHOR, body)
    found = Countersigned([IDENTITY.public, key])
    found.expect(Record(RecordKind.ENVELOPE, 5, FIRST, 70, envelope))
    over = [(STAMPED, STAMPED + 1)]
    for ranges, receipt in (([(0, 9)], b"x"), (over, signed), (over, b"of a center now gone")):
        data = encode_ranges(ranges) + receipt
        found.take(Record(RecordKind.RECEIPT, 0, FIRST, 0, data))
    return found.by(place, lambda _epoch, seq: held.get(seq))


def test_a_centers_receipt_countersigns_a_timestamped_event() -> None:
    """Seen to fail: with any key taken for the center's, with the digest not made again, and with
    only the last receipt looked at.
    """
    receipt = countersigned(CENTER.public)
    assert receipt is not None
    assert receipt.center == "center"
    assert countersigned(Ed25519Signer.generate().public) is None
    assert countersigned(CENTER.public, leaf=bytes(32)) is None


# ---- removals

BIG = Signal(kind=Kind.LOG, state=State.STATUS, frame=b"x" * 4000)
LATER = Stamp(None, 400 * 86_400 * 10**9, CLOCK.stamp().boot_id, Trust.UNSET)


class Later:
    """A clock 400 days on, in the same boot."""

    def stamp(self) -> Stamp:
        return LATER

    def boottime_ns(self) -> int:
        return LATER.boottime_ns


def long_run(folder: Path, *, record: bool = True) -> None:
    """A run that fills two segments, all receipted; the first of them is removed."""

    async def scenario(rig: Rig) -> None:
        house = Housekeeping(rig.journal, rig.recorder, Later(), Keeping(None, 180))
        for _ in range(20):
            await rig.record("p1", *(BIG,) * 30)
        rig.recorder.receipted("center", rig.begun.epoch, range(601), b"receipt")
        if not record:
            rig.recorder.vow = vow_nothing  # type: ignore[method-assign]
        async with asyncio.timeout(PATIENCE_S):
            assert await house.look()
            while rig.journal.oldest_number() == 1:
                await asyncio.sleep(0.01)

    def vow_nothing(body: JournalBody | ActBody) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.set_result(None)
        return future

    with_rig(folder, scenario, care=Care(Envelopes(), lambda damage: None))


def test_what_is_left_after_a_removal_verifies_with_its_roots(tmp_path: Path) -> None:
    long_run(tmp_path)
    assert not (tmp_path / "00000001.seg").exists()
    problems, audit = audited(tmp_path)
    assert problems == []
    assert 200 < audit.verifier.verified < 600
    with_rig(tmp_path, one_more)
    assert audited(tmp_path)[0] == []


async def one_more(rig: Rig) -> None:
    await rig.record("p1", BURGLARY)
    rig.recorder.receipted("center", rig.begun.epoch, [0, 1], b"receipt")


def test_a_removal_that_nobody_recorded_is_named(tmp_path: Path) -> None:
    """Seen to fail with what is held allowed to begin anywhere."""
    long_run(tmp_path, record=False)
    ((problem,), _) = audited(tmp_path)
    assert problem.what is What.GAP
    assert problem.seq == 1


def test_more_removed_than_was_recorded_is_named(tmp_path: Path) -> None:
    long_run(tmp_path)
    (tmp_path / "00000002.seg").unlink()
    problems, _ = audited(tmp_path)
    assert [problem.what for problem in problems] == [What.GAP]


def test_an_event_changed_in_what_is_left_breaks_the_root(tmp_path: Path) -> None:
    """The tree goes on from the peaks that the record of the removal holds."""
    long_run(tmp_path)
    removals = Removals()
    for stored in read(tmp_path):
        removals.take(stored.record)
    ((epoch, trees),) = removals.by_epoch.items()
    (last,) = trees
    assert trees[last] is not None
    other = Peaks()
    for _ in range(last + 1):
        other.append(bytes(32))
    removals.by_epoch[epoch][last] = other.to_bytes()
    audit = JournalAudit("gw1", lambda _: IDENTITY.public, removals, heads(tmp_path))
    problems = [one for stored in read(tmp_path) for one in audit.feed(stored.record)]
    assert problems[0].what is What.ROOT_MISMATCH


def test_of_an_unreadable_tree_only_the_roots_are_not_checked(tmp_path: Path) -> None:
    long_run(tmp_path)
    removals = Removals()
    for stored in read(tmp_path):
        removals.take(stored.record)
    ((epoch, trees),) = removals.by_epoch.items()
    removals.by_epoch[epoch] = dict.fromkeys(trees)
    audit = JournalAudit("gw1", lambda _: IDENTITY.public, removals, heads(tmp_path))
    assert [one for stored in read(tmp_path) for one in audit.feed(stored.record)] == []
    assert audit.verifier.verified > 200


def test_epochs_that_are_gone_are_explained_by_their_removal_only(tmp_path: Path) -> None:
    with_rig(tmp_path, one_more)
    long_run(tmp_path)
    assert audited(tmp_path)[0] == [], "segment 1 is the first run's"
    removals, identity = Removals(), {IDENTITY.public.kid: IDENTITY.public}.get
    audit = JournalAudit("gw1", identity, removals, heads(tmp_path))
    problems = [one for stored in read(tmp_path) for one in audit.feed(stored.record)]
    assert [problem.what for problem in problems] == [What.GAP]
    assert "its removal is not recorded" in problems[0].detail
