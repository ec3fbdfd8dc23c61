"""The ready-made journal is what an agent without a link leaves behind."""

from pathlib import Path

from bench import backlog
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.envelope import open_event, peek
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.journal import FolderDisk, recover


def test_every_event_is_signed_numbered_and_unreceipted(tmp_path: Path) -> None:
    epoch = backlog.fill(tmp_path / "journal", "gw1", Ed25519Signer.generate(), 120)
    envelopes = backlog.envelopes(tmp_path / "journal", epoch)
    key = GenesisBody.from_body(peek(envelopes[0])[1].body).event_key
    events = [open_event(envelope, key) for envelope in envelopes[1:]]
    assert [event.seq for event in events] == list(range(1, 121))
    disk = FolderDisk(tmp_path / "journal")
    found = recover(disk)
    disk.close()
    assert (found.orderly, sum(found.unreceipted)) == (True, 121)


def test_what_is_sealed_is_found_again(tmp_path: Path) -> None:
    epoch = backlog.fill(tmp_path, "gw1", Ed25519Signer.generate(), 60)
    before = backlog.envelopes(tmp_path, epoch)
    backlog.seal(tmp_path)
    assert backlog.envelopes(tmp_path, epoch) == before
    disk = FolderDisk(tmp_path)
    found = recover(disk)
    disk.close()
    assert [segment.sealed for segment in found.index.segments] == [True]
    assert found.uncached == ()
