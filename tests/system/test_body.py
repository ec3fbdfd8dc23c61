"""The gateway's own body, the whole way: simulated kernel files and GPIO, real agent and center.

The enclosure is opened, handles leak, the mains goes: each is at the center by itself, signed; the
last gasp is the run's last event, the journal ends in order, and the gateway comes back.

Seen to fail when: points are only looked at every ten seconds (late); the last gasp waits for a
shared commit and is not sent; the process does not wait for the mains; the end is not recorded.
"""

import re
import signal
import sys
from pathlib import Path
from typing import Any

from edge_agent.clock import SystemClock
from hil.rig import Count, Panel, Setup, Stack, wait_until
from hil.rig.parts import Agent
from tests.health.machine import Machine
from tests.system.bodied import Pins

BODY = """
[body]
tamper = { line = 17, active = "high", bias = "pull_up", debounce_ms = 20 }
power_fail = { line = 27, active = "low", debounce_ms = 20 }
gasp_after_s = 1
"""
LATE_MS_MAX = 9_000  # an idle receipt takes some ms; what waits for a look takes ten seconds


class Bodied:
    """A stack whose agent runs on a simulated machine."""

    def __init__(self, folder: Path, body: str = BODY) -> None:
        (folder / "machine").mkdir()
        self.machine = Machine(folder / "machine")
        self.pins = Pins(folder / "machine")
        self.pins.set(17, False)
        self.pins.set(27, True)
        self.stack = Stack([Panel("p1", end="tcp")], Setup(), folder / "stack")
        (folder / "stack").mkdir()
        self.stack.prepare()
        self.stack.configure(body)
        within = (sys.executable, "-m", "tests.system.bodied", str(folder / "machine"))
        config = self.stack.gateway / "gateway.toml"
        self.stack.agent = Agent(config, folder / "agent.log", within=within)
        for part in (self.stack.broker, self.stack.center, self.stack.agent):
            part.start()
        self.stack.agent.wait_well()

    def held(self, *conditions: str) -> list[dict[str, Any]]:
        """Wait until these conditions hold and all is receipted; return what the center holds."""
        status = self.stack.agent.status
        wait_until(lambda: status()["body"]["conditions"] == list(conditions), f"{conditions}")
        wait_until(lambda: self.stack.agent.outstanding() == 0, "all receipted")
        return self.stack.center.events()


def own_signals(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    bodies = [row["body"] for row in rows if row["type"] == "signal"]
    bodies = [body for body in bodies if body["panel"] == "@gateway"]
    return [(body["code"], body["state"], body["origin"]) for body in bodies]


def test_enclosure_leak_and_last_gasp_reach_the_center(tmp_path: Path) -> None:
    bodied = Bodied(tmp_path)
    try:
        # the mains counts once it has stayed for five seconds
        wait_until(lambda: bodied.stack.agent.status()["body"]["points"]["mains"], "the mains")
        rows = bodied.held()
        assert own_signals(rows) == [
            ("137", "restored", "at_start"),
            ("301", "restored", "at_start"),
        ]
        _open_the_enclosure(bodied)
        _leak(bodied)
        _lose_the_mains(bodied)
        _give_the_mains_back(bodied)
    finally:
        bodied.stack.close()


def _open_the_enclosure(bodied: Bodied) -> None:
    opened_ms = (SystemClock().stamp().wall_ns or 0) // 1_000_000
    bodied.pins.set(17, True)
    rows = bodied.held("tamper")
    assert own_signals(rows)[2:] == [("137", "active", "live")]
    opened = [row for row in rows if row["body"].get("code") == "137"][-1]
    assert (opened["lane"], opened["live"]) == (2, True)
    # by the center's clock: a late reading has a late stamp
    assert opened["received_ms"] - opened_ms < LATE_MS_MAX


def _leak(bodied: Bodied) -> None:
    bodied.machine.handles(72)
    rows = bodied.held("tamper", "handles_low")
    (leak,) = (row["body"] for row in rows if row["type"] == "finding")
    assert (leak["subject"], leak["cause"]) == ({"panel": "@gateway"}, "handles_low")
    # one is opened or closed by the agent itself between the count and its look
    assert re.match(r"7[0-5] % of the process's file handles", leak["detail"])
    wait_until(lambda: _conditions(bodied) == ["tamper", "handles_low"], "the heartbeat says it")


def _conditions(bodied: Bodied) -> list[str] | None:
    status = bodied.stack.center.fleet()["gw1"]["status"]
    return None if status is None else status["conditions"]


def _lose_the_mains(bodied: Bodied) -> None:
    stack, agent = bodied.stack, bodied.stack.agent
    stack.panel("p1").tell("plan traffic rate=100 seconds=0.2")
    stack.panel("p1").wait_acked(20)
    bodied.pins.set(27, False)
    wait_until(lambda: '"stopped for want of power"' in agent.said(), "the last gasp")
    assert agent.runs(), "it waits for the mains"
    wait_until(lambda: stack.center.fleet()["gw1"]["state"] == "stopped", "the center knows")
    rows = stack.center.events()
    assert own_signals(rows)[-1] == ("301", "active", "live")
    last = max(rows, key=lambda row: row["seq"])
    assert (last["type"], last["body"]["what"]) == ("act", "last_gasp")
    assert last["body"]["detail"] == "1 s after mains loss"
    assert last["late_ms"] < LATE_MS_MAX
    panels = [row for row in rows if row["body"].get("panel") != "@gateway"]
    assert stack.count(panels) == Count()


def _give_the_mains_back(bodied: Bodied) -> None:
    stack, agent = bodied.stack, bodied.stack.agent
    bodied.pins.set(27, True)
    assert agent.wait_end() == 0
    assert agent.events()[-1]["body"]["what"] == "last_gasp"
    agent.verify()
    agent.start()
    agent.wait_well()
    stack.settle()
    geneses = [row["body"] for row in stack.center.events() if row["type"] == "genesis"]
    assert [body["ended"] for body in geneses] == ["first", "orderly"]
    stack.center.verify()


def test_sigpwr_is_a_last_gasp_and_sigterm_ends_the_wait(tmp_path: Path) -> None:
    """Nothing is configured: the supply's own software says it, systemd says when to go."""
    bodied = Bodied(tmp_path, body="")
    stack, agent = bodied.stack, bodied.stack.agent
    try:
        stack.settle()  # else the proven path is news, and its event the last
        assert agent.process is not None
        agent.process.send_signal(signal.SIGPWR)
        wait_until(lambda: '"stopped for want of power"' in agent.said(), "the last gasp")
        assert agent.runs()
        assert agent.stop() == 0
        acts = [row for row in stack.center.events() if row["type"] == "act"]
        last = max(acts, key=lambda row: row["seq"])  # its receipt may still tell the time
        assert last["body"]["what"] == "last_gasp"
        assert "SIGPWR" in last["body"]["detail"]
        agent.start()
        agent.wait_well()
        stack.settle()
        assert agent.stop() == 0
        last = [event for event in agent.events() if event["type"] == "act"][-1]
        assert (last["body"]["what"], last["body"]["detail"]) == ("stop", "SIGTERM")
    finally:
        stack.close()
