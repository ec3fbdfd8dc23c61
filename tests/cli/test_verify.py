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


def test_what_is_found_is_said_in_chinese(
    journal: Path,  # noqa: F811  a fixture
    identity: Path,  # noqa: F811  a fixture
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["verify", "--journal", str(journal), "--identity", str(identity), "--lang", "zh"]
    capsys.readouterr()
    assert main([*words, "--gateway", "gw2"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "属于其他网关（位于 " in said[0]
    assert said[0].endswith("属于 gw1")
    assert said[-1].startswith("网关 gw2：已核验 ")
    assert main([*words, "--gateway", "gw1", "--sm2", str(tmp_path / "none.pem")]) == 2
    assert "文件或目录不存在" in capsys.readouterr().err
    assert main(["verify", str(tmp_path / "none.bundle"), "--lang", "zh"]) == 2
    assert "文件或目录不存在" in capsys.readouterr().err
