"""A new configuration by command, kept, rolled back, killed: real agent, broker, center.

A cut at each of its steps: tests/daemon/test_reconfiguration.py.
"""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from edge_agent.control.probation import Phase, Probation
from edge_agent.evidence.cbor import Malformed
from hil.rig import Panel, Stack, free_port, wait_until
from hil.rig.child import environment
from hil.rig.parts import CENTER
from hil.rig.stack import GATEWAY

BY = ("--by", "Wang Wei", "--role", "installer", "--json", "--wait", "300")


class Site:
    """A running stack whose configuration is changed from the center."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.file = stack.gateway / "gateway.toml"

    def text(self) -> str:
        return self.file.read_text()

    def named(self, name: str) -> str:
        """The configuration in force, but for the name of a zone."""
        plain = self.text().partition("\n[[zone]]")[0]
        return f'{plain}\n[[zone]]\npanel = "p1"\nzone = 4\nname = "{name}"\n'

    def elsewhere(self) -> str:
        """The configuration in force, but for where the broker is: nobody listens there."""
        return re.sub(r"(?m)^port = \d+$", f"port = {free_port()}", self.text())

    def send(self, text: str, *options: str) -> "subprocess.Popen[str]":
        wanted = self.stack.folder / "wanted.toml"
        wanted.write_text(text)
        words = [CENTER, "config", self.stack.center.folder, GATEWAY, wanted, *options, *BY]
        return subprocess.Popen(
            [sys.executable, "-m", *map(str, words)],
            stdout=subprocess.PIPE, text=True, env=environment(),
        )  # fmt: skip

    def outcome(self, text: str, *options: str) -> dict[str, Any]:
        return told(self.send(text, *options))

    def phase(self) -> Phase | None:
        try:
            step = self.file.with_name("gateway.toml.probation").read_bytes()
            return Probation.from_bytes(step).phase
        except (FileNotFoundError, Malformed):
            return None

    def kill_while_it_tries(self) -> None:
        """Kill the agent, and start it as systemd would."""
        wait_until(lambda: self.phase() is Phase.TRYING, "a trial")
        self.stack.kill_agent()
        self.stack.agent.start()


def told(sent: "subprocess.Popen[str]") -> dict[str, Any]:
    said, _ = sent.communicate(timeout=400)
    outcome: dict[str, Any] = json.loads(said)
    return outcome


@pytest.mark.timeout(500)  # five starts and a trial in vain, on a machine that is busy
def test_a_configuration_is_kept_only_if_the_center_is_reached_under_it_whatever_is_killed() -> (
    None
):
    with Stack([Panel("p1")]) as stack:
        site = Site(stack)
        stack.agent.wait_well()
        runs = pid(stack)

        first = site.text()
        kept = site.named("Back door")
        assert site.outcome(kept, "--within", "300")["outcome"] == "kept", stack.logs()
        assert site.text() == kept
        assert site.file.with_name("gateway.toml.previous").read_text() == first
        assert pid(stack) == runs, "started anew in the same process"

        foreign = re.sub(r"(?m)^ca = .*$", 'ca = "client.key"', kept)
        refused = site.outcome(foreign)
        assert refused["outcome"] == "refused"
        assert "changed on site only" in refused["detail"]

        away = site.outcome(site.elsewhere(), "--within", "10")
        assert away["outcome"] == "rolled_back"
        assert "was not reached within 10 s" in away["detail"]
        assert site.text() == kept

        sent = site.send(site.elsewhere(), "--within", "600")
        site.kill_while_it_tries()
        assert told(sent)["outcome"] == "rolled_back"
        assert site.text() == kept

        stack.settle()
        wait_until(lambda: site.phase() is None, "all is told")
        ends = [one for one in outcomes(stack) if one[0] != "trying"]
        assert ends == [("kept", False), ("rolled_back", True), ("rolled_back", True)]
        stack.agent.verify()
        stack.center.verify()
        count = stack.count()
        assert not count.lost, count


def pid(stack: Stack) -> int:
    return int(stack.agent.status()["pid"])


def outcomes(stack: Stack) -> list[tuple[str, bool]]:
    """What the journal tells of configurations, and whether it tells why."""
    acts = [one["body"] for one in stack.agent.events() if one["type"] == "act"]
    said = [act for act in acts if act["what"] == "config"]
    assert all(act["actor"] == "Wang Wei, installer of center" for act in said)
    return [(act["outcome"], bool(act["detail"])) for act in said]
