"""`edge-center verify` of a bundle, as an inspector calls it; of a store: test_cli.py."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from edge_agent.center.cli import main
from tests.evidence import bundles
from tests.evidence.bundles import authority, memory


def test_a_witness_that_is_named_has_to_have_cosigned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, ca, witness = (tmp_path / name for name in ("x.bundle", "ca.pem", "witness.pem"))
    ca.write_bytes(authority()[1].public_bytes(Encoding.PEM))
    key = bundles.WITNESS.public.loaded
    witness.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    words = ["verify", str(file), "--ca", str(ca)]
    for make, named, code in (
        (bundles.witnessed, True, 0),
        (bundles.span, False, 0),
        (bundles.span, True, 1),
    ):
        file.write_bytes(make(memory()))
        assert main([*words, *(["--witness", str(witness)] if named else [])]) == code
    assert "unwitnessed" in capsys.readouterr().out
    assert main([*words, "--witness", str(ca)]) == 2


def test_what_is_not_there_is_no_center_to_be_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(tmp_path / "case17.bundle")]) == 2
    assert "case17.bundle: not there; name a center's directory" in capsys.readouterr().err
