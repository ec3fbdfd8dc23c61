"""What several commands say alike: where the agent is asked, and why it does not answer."""

import os
from pathlib import Path

import pytest

from edge_agent.cli.options import agent_socket, no_agent
from edge_agent.config import SOCKET, ConfigError
from tests.configuration import configuration

NOBODY = 65534


def test_the_agent_is_asked_where_its_configuration_says(tmp_path: Path) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(configuration(gateway='socket = "here.sock"'))
    assert agent_socket(file) == Path("here.sock")
    with pytest.raises(ConfigError, match="No such file or directory; give the right file"):
        agent_socket(tmp_path / "none.toml")


def test_who_may_not_read_the_configuration_asks_at_the_usual_place(tmp_path: Path) -> None:
    """Whoever has a role is in the agent's group, and the file may hold keys of panels."""
    file = tmp_path / "gateway.toml"
    file.write_text(configuration(gateway='socket = "here.sock"'))
    file.chmod(0)
    user = os.getuid()
    someone = NOBODY if user == 0 else user
    os.setresuid(someone, someone, user)
    try:
        assert agent_socket(file) == Path(SOCKET)
    finally:
        os.setresuid(user, user, user)


def test_who_may_not_ask_is_not_told_to_start_it() -> None:
    said = no_agent(Path("/run/a.sock"), PermissionError(13, "Permission denied"))
    assert "systemctl" not in said
    assert "[access]" in said
    said = no_agent(Path("/run/a.sock"), FileNotFoundError(2, "No such file or directory"))
    assert said.splitlines() == [
        "edge-agent: no running agent answers at /run/a.sock: No such file or directory",
        "start it with 'systemctl start edge-agent', or ask as root or as its own user",
    ]
