"""The journal as a witness: events as they stand, receipts only if they fit."""

import asyncio
from pathlib import Path

from edge_agent.demo.witness import JournalWitness
from edge_agent.evidence.receipt import Range, Receipt, range_digest, sign_receipt
from edge_agent.evidence.signers import P256Signer
from edge_agent.evidence.tree import leaf_hash
from tests.daemon.test_recorder import BURGLARY, CLOCK, FIRE, Rig, with_rig

CENTER = P256Signer.generate()


def receipt(
    rig: Rig, gateway: str = "gw1", signer: P256Signer = CENTER, spoil: bool = False
) -> bytes:
    """A receipt for the events 0 to 2."""
    leaves = [leaf_hash(record.data) for record in rig.published[:3]]
    digest = bytes(32) if spoil else range_digest(leaves)
    ranges = (Range(rig.begun.epoch, 0, 2, digest),)
    return sign_receipt(Receipt(gateway, "center", 1, ranges), signer)


def witnessed(folder: Path, **changes: object) -> JournalWitness:
    witness = JournalWitness(folder, "gw1", CENTER.public)

    async def scenario(rig: Rig) -> None:
        await rig.recorder.record("p1", (BURGLARY,), CLOCK.stamp())
        assert await asyncio.to_thread(witness.look)
        await rig.recorder.record("p1", (FIRE,), CLOCK.stamp())
        made = receipt(rig, **changes)  # type: ignore[arg-type]
        rig.recorder.receipted("center", rig.begun.epoch, (0, 1, 2), made)

    with_rig(folder, scenario)
    assert [event.place[1] for event in witness.look()] == [2], "only what is new"
    return witness


def test_events_are_read_while_an_agent_writes(tmp_path: Path) -> None:
    witness = witnessed(tmp_path)
    assert [event.type for event in witness.events] == ["genesis", "signal", "signal"]
    said = [event.key.meaning[0] for event in witness.events if event.key is not None]
    assert said == ["burglary", "fire"]
    assert not witness.damages


def test_a_receipt_that_fits_covers_its_events(tmp_path: Path) -> None:
    witness = witnessed(tmp_path)
    assert witness.receipted == {event.place for event in witness.events}
    assert witness.bad_receipts == 0


def test_one_of_another_key_gateway_or_digest_covers_nothing(tmp_path: Path) -> None:
    cases: dict[str, dict[str, object]] = {
        "key": {"signer": P256Signer.generate()},
        "gateway": {"gateway": "gw2"},
        "digest": {"spoil": True},
    }
    for name, changes in cases.items():
        witness = witnessed(tmp_path / name, **changes)
        assert not witness.receipted, name
        assert witness.bad_receipts == 1, name
