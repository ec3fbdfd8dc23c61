"""`edge-agent verify` where second signatures are wanted; the rest is tests/cli/test_records.py's.

That good ones are found good is tests/test_agent.py's: there an agent made them.
"""

import json
from pathlib import Path

import pytest

from edge_agent.cli import main
from tests.cli.test_records import identity, journal  # noqa: F401  fixtures
from tests.evidence import second_vectors


def test_a_key_that_is_given_must_have_signed(
    journal: Path,  # noqa: F811  a fixture
    identity: Path,  # noqa: F811  a fixture
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    capsys.readouterr()
    words = ["verify", "--journal", str(journal), "--identity", str(identity), "--gateway", "gw1"]
    key = tmp_path / "sm2.pem"
    assert main([*words, "--sm2", str(key)]) == 2
    assert "sm2.pem: No such file" in capsys.readouterr().err
    key.write_text("junk")
    assert main([*words, "--sm2", str(key)]) == 2
    assert "sm2.pem: no PEM" in capsys.readouterr().err
    key.write_bytes(second_vectors.key().to_pem())
    assert main([*words, "--sm2", str(key), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [one["what"] for one in told["problems"]] == ["second_signature"]
    assert told["second_signatures"] == []
