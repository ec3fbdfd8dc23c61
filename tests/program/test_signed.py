"""An installed release is held to what its maker signed.

Seen to fail: with a manifest believed under any key, and with the version left out of what is
compared.
"""

from pathlib import Path

import pytest

from edge_agent.evidence.cose import Signer
from edge_agent.evidence.manifest import Manifest, Part, sign_manifest
from edge_agent.program.signed import MANIFEST, PINS, is_as_signed
from tests.evidence.conftest import signer

KEY, DIGEST = signer(7), b"d" * 32


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The folder of version 2.0, as `edge-agent update` leaves it."""
    folder = tmp_path / "releases" / "2.0"
    folder.mkdir(parents=True)
    (tmp_path / PINS).write_bytes(KEY.public.to_pem())
    sign(folder)
    return folder


def sign(folder: Path, key: Signer = KEY) -> None:
    manifest = Manifest("2.0", "1.0", DIGEST, (Part("a.whl", 1, b"a" * 32),))
    (folder / MANIFEST).write_bytes(sign_manifest(manifest, key))


def test_what_was_signed_is_known_and_nothing_else(release: Path) -> None:
    assert is_as_signed("2.0", DIGEST, release) is True
    assert is_as_signed("2.0", b"e" * 32, release) is False
    assert is_as_signed("2.1", DIGEST, release) is False


def test_a_manifest_of_another_key_vouches_for_nothing(release: Path) -> None:
    sign(release, signer(8))
    assert is_as_signed("2.0", DIGEST, release) is False


@pytest.mark.parametrize("file", [MANIFEST, f"../../{PINS}"])
@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\xff" * 100_000])
def test_damage_vouches_for_nothing(release: Path, file: str, damage: bytes) -> None:
    (release / file).write_bytes(damage)
    assert is_as_signed("2.0", DIGEST, release) is False


def test_without_pins_nothing_is_vouched_for(release: Path) -> None:
    (release / ".." / ".." / PINS).unlink()
    assert is_as_signed("2.0", DIGEST, release) is False


def test_a_program_installed_by_hand_has_no_manifest(tmp_path: Path) -> None:
    assert is_as_signed("2.0", DIGEST, tmp_path) is None
    assert is_as_signed("2.0", DIGEST) is None  # the tests' own interpreter
