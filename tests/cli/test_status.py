"""`edge-agent status` where no agent runs."""

from pathlib import Path

import pytest

from edge_agent.cli import main


def test_no_running_agent_is_said_with_the_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(
        f'[gateway]\nid = "gw1"\nsocket = "{tmp_path}/none.sock"\n'
        '[[center]]\nname = "c"\n[[center.path]]\nhost = "h"\n'
        '[[panel]]\nid = "p"\ndriver = "surgard"\nserial = { port = "/dev/x" }\n'
    )
    assert main(["status", "-c", str(config)]) == 1
    assert "systemctl start" in capsys.readouterr().err
