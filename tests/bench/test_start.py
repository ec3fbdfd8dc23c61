"""The background work done at once, as the bench and other tests use it."""

from pathlib import Path

from bench import backlog, start
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.journal import FolderDisk, recover


def test_what_is_sealed_is_found_again(tmp_path: Path) -> None:
    epoch = backlog.fill(tmp_path, "gw1", Ed25519Signer.generate(), 60)
    before = backlog.envelopes(tmp_path, epoch)
    start.seal_all(tmp_path)
    assert backlog.envelopes(tmp_path, epoch) == before
    disk = FolderDisk(tmp_path)
    found = recover(disk)
    disk.close()
    assert [segment.sealed for segment in found.index.segments] == [True]
    assert found.uncached == ()
