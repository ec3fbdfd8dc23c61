"""The end of a gateway's keys: only when it is written down, whatever is cut off, said ever after.

Seen to fail: keys destroyed in a phase that does not say so; a file that is unlinked and not
overwritten; a key that could not be destroyed and is not named.
"""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent import files
from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.pkcs11_signer import Pkcs11Signer
from edge_agent.identity import decommissioning
from edge_agent.identity.decommissioning import Marker, Phase, at_start, destroy, file_of, found
from tests.softhsm import softhsm

NOW_MS = 1_795_000_000_000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    for name in ("identity.key", "client.key"):
        (tmp_path / name).write_bytes(b"secret" * 50)
    return tmp_path / "gateway.toml"


def marker(config: Path, phase: Phase = Phase.PARTING) -> Marker:
    keys = (str(config.with_name("identity.key")), str(config.with_name("client.key")))
    return Marker(
        phase=phase, gateway="gw1", reason="shop closed", actor="root", digest=bytes(32), keys=keys
    )


@pytest.mark.parametrize("phase", Phase)
def test_a_marker_round_trips(config: Path, phase: Phase) -> None:
    one = replace(marker(config, phase), time_ms=NOW_MS, left=("a",))
    assert Marker.from_bytes(one.to_bytes()) == one


@pytest.mark.parametrize(
    "changes",
    [
        {1: 2}, {2: "soon"}, {3: ""}, {4: ""}, {5: 1}, {6: b"x"}, {7: ["x"] * 17}, {7: [1]},
        {8: -1}, {9: "x"}, {10: 1},
    ],
)  # fmt: skip
def test_what_is_no_marker_is_malformed(config: Path, changes: dict[int, object]) -> None:
    content = {**cbor.decode_map(marker(config).to_bytes()), **changes}
    with pytest.raises(Malformed):
        Marker.from_bytes(cbor.encode(content))  # type: ignore[arg-type]


def keys(config: Path) -> list[str]:
    return sorted(one.name for one in config.parent.glob("*.key"))


def test_a_gateway_in_service_runs_and_one_that_parts_still_does(config: Path) -> None:
    assert at_start(config, NOW_MS) == ""
    decommissioning.write(config, marker(config))
    assert at_start(config, NOW_MS) == ""
    assert keys(config) == ["client.key", "identity.key"]


def test_when_it_is_written_down_the_keys_go_and_it_is_said_ever_after(config: Path) -> None:
    decommissioning.write(config, marker(config, Phase.DESTROYING))
    said = at_start(config, NOW_MS)
    assert "gateway gw1 was taken out of service on 2026-11-1" in said
    assert "shop closed (root). Its keys are destroyed.\n" in said
    assert keys(config) == []
    assert at_start(config, NOW_MS + 10**9) == said
    one = found(config)
    assert one is not None
    assert (one.phase, one.time_ms, one.left) == (Phase.GONE, NOW_MS, ())
    assert "was taken out of service: " in replace(one, time_ms=0).sentence


def test_cut_off_while_it_destroys_it_goes_on(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(BaseException):
        """The power goes."""

    decommissioning.write(config, marker(config, Phase.DESTROYING))
    real, done = files.sync_folder, [0]

    def sync(folder: Path) -> None:
        done[0] += 1
        if done[0] < 4:
            raise Cut
        real(folder)

    monkeypatch.setattr(files, "sync_folder", sync)
    for _ in range(3):
        with pytest.raises(Cut):
            at_start(config, NOW_MS)
    assert "Its keys are destroyed" in at_start(config, NOW_MS)
    assert keys(config) == []


def test_a_file_is_overwritten_before_it_is_removed(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen = config.with_name("identity.key"), list[bytes]()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        real(descriptor)
        if file.exists():
            seen.append(file.read_bytes())

    monkeypatch.setattr(os, "fsync", fsync)
    assert destroy([str(file)]) == ()
    assert not file.exists()
    assert len(seen) == 2
    assert all(len(one) == 300 and b"secret" not in one for one in seen)


def test_what_cannot_be_destroyed_is_named(config: Path) -> None:
    folder = config.with_name("a-folder")
    folder.mkdir()
    assert destroy([str(config.with_name("none")), str(folder)]) == (str(folder),)
    one = replace(marker(config, Phase.DESTROYING), keys=(str(folder),))
    decommissioning.write(config, one)
    said = at_start(config, NOW_MS)
    assert f"Its keys are destroyed, but for {folder}.\n" in said
    assert f"Still to be done by hand, as root:\n  shred -u {folder}\n" in said


def test_damage_is_told_to_who_starts_it(config: Path) -> None:
    file_of(config).write_bytes(b"junk")
    with pytest.raises(Malformed):
        at_start(config, NOW_MS)
    assert keys(config) == ["client.key", "identity.key"]


def test_a_key_in_a_token_is_destroyed_there(config: Path) -> None:
    """Seen to fail: with the file removed and the key left in the token."""
    file = config.with_name("token.key")
    with softhsm() as uri:
        made = Pkcs11Signer.make(file, uri.named("edge-agent gw1"))
        kept = file.read_bytes()
        assert destroy([str(file)]) == ()
        assert not file.exists()
        with pytest.raises(KeyFileError, match="holds no private key"):
            made.sign(b"x")
    files.write_new(file, kept)
    assert destroy([str(file)]) == (str(file),), "the token is gone: its name is left to find it by"
    assert file.read_bytes() == kept
