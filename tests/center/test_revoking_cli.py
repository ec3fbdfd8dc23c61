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
    said = capsys.readouterr().out
    assert "no broker of this directory was found here" in said
    assert "systemctl reload mosquitto" in said
    config = folder / "mosquitto.conf"
    config.write_text(config.read_text().replace("crlfile", "# crlfile"))
    assert center(["revoke", str(folder), "gw1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    changed = {"broker_changed": True, "broker_told": False}
    assert told == {"gateway": "gw1", "revoked": [], **changed}
    config.write_text(config.read_text().replace("crlfile", "# crlfile"))
    assert center(["revoke", str(folder), "gw1"]) == 0
    assert "restart the broker" in capsys.readouterr().out
    assert center(["revoke", str(folder), "--broker"]) == 0
    assert "have each gateway refuse the old key" in capsys.readouterr().out
    assert center(["revoke", str(folder), "--broker", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"list": 2, "keys": 2, "broker_told": False}
    (folder / "ca.key").unlink()
    assert center(["revoke", str(folder), "gw1"]) == 78
    assert "authority's key" in capsys.readouterr().err
