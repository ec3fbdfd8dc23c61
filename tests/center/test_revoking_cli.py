"""`edge-center revoke` needs the authority's key, and says how it goes on.

With a real broker: tests/center/test_revocation.py.
"""

import json
from pathlib import Path

import pytest

from edge_agent.center.cli import main as center


def test_it_says_what_is_to_be_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "c"
    assert center(["init", str(folder), "--gateway", "gw1"]) == 0
    capsys.readouterr()
    assert center(["revoke", str(folder), "gw1"]) == 0
    assert "restart the broker" in capsys.readouterr().out
    config = folder / "mosquitto.conf"
    config.write_text(config.read_text().replace("crlfile", "# crlfile"))
    assert center(["revoke", str(folder), "gw1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"gateway": "gw1", "revoked": [], "broker_changed": True}
    (folder / "ca.key").unlink()
    assert center(["revoke", str(folder), "gw1"]) == 78
    assert "authority's key" in capsys.readouterr().err
