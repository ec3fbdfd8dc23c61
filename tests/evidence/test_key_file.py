"""Files that hold keys: who may use one, and none half written."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import Ed25519Signer, load_signer


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o622, 0o601, 0o644])
def test_a_key_that_others_can_use_is_refused(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    Ed25519Signer.generate().save(path)
    path.chmod(mode)
    with pytest.raises(KeyFileError, match=f"mode 0{mode:o}.*chmod 600") as caught:
        load_signer(path)
    assert caught.value.path == path


def test_a_systemd_credential_may_show_its_access_list_as_group_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "identity.key"
    Ed25519Signer.generate().save(path)
    path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "elsewhere"))
    with pytest.raises(KeyFileError):
        load_signer(path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    load_signer(path)
    outside = tmp_path.parent / f"{tmp_path.name}.key"
    path.rename(outside)
    path.symlink_to(outside)
    with pytest.raises(KeyFileError, match="others"):  # systemd guards what is in its folder
        load_signer(path)
    path.unlink()
    outside.rename(path)
    path.chmod(0o444)
    with pytest.raises(KeyFileError, match="others"):
        load_signer(path)


def test_a_missing_key_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="not there"):
        load_signer(tmp_path / "identity.key")
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_signer(tmp_path)


def test_what_a_power_cut_left_of_a_key_is_gone_with_the_next_try(tmp_path: Path) -> None:
    """Seen to fail: with a name of its own for each try a copy of a private key stayed for good."""
    path = tmp_path / "identity.key"
    (tmp_path / ".identity.key.new").write_bytes(b"half of it")
    Ed25519Signer.generate().save(path)
    assert list(tmp_path.iterdir()) == [path]


def test_saving_never_replaces_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    first = Ed25519Signer(ed25519.Ed25519PrivateKey.generate())
    first.save(path)
    with pytest.raises(KeyFileError, match="it exists"):
        Ed25519Signer.generate().save(path)
    assert load_signer(path).public == first.public
    assert os.listdir(tmp_path) == ["identity.key"]  # noqa: PTH208  names are what is compared
    with pytest.raises(KeyFileError, match="cannot be written"):
        first.save(tmp_path / "missing" / "identity.key")
