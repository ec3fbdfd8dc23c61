"""A NetworX panel that answers as its test says; a session talks to it."""

from datetime import UTC, datetime
from typing import Any

from drivers.nx584 import DRIVER
from edge_agent.domain.kinds import Origin, State
from edge_agent.domain.session import Action, Setup
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.resources import check_options, load_codes, load_profile
from hil.panels.nx584 import off_wire, on_wire
from tests.drivers.actions import signals
from tests.drivers.talk import Talk

ACK, NAK = "1d", "1e"
NOW = datetime(2026, 11, 23, 20, 5, tzinfo=UTC)
CODES = load_codes()
ALL_SAID = "01" + b"1.05".hex() + "fa0ffa1ffffc"
AT_REST = {"21": ALL_SAID, "28": "080400000000000000000107"}


def entry(number: int, kind: int, which: int = 0, minute: int = 5) -> str:
    return f"{number:02x}64{kind:02x}{which:02x}000b1714{minute:02x}"


class Nx(Talk):
    """A session and a panel that answers as told."""

    def __init__(self, allow: frozenset[str] = frozenset(), **options: Any) -> None:
        chosen = check_options(DRIVER, {"zones": 2, **options})
        setup = Setup(CODES, load_profile("nx584"), chosen, UTC, allow)
        super().__init__(DRIVER.session(setup))
        self.answers = dict(AT_REST)
        self.asked: list[str] = []
        self.deaf = self.is_binary = False

    def wire(self, payload: str) -> bytes:
        return on_wire(bytes.fromhex(payload), binary=self.is_binary)

    def say(self, payload: str) -> list[Action]:
        return self.raw(self.wire(payload))

    def hears(self, data: bytes) -> list[Action]:
        payload = off_wire(data)
        told = data.hex() if payload is None else payload.hex()
        self.asked.append(told)
        if self.deaf or told in (ACK, NAK):
            return []
        answer = self.answers.get(told)
        if answer is None and told.startswith("24"):
            answer = f"04{told[2:]}010000000000"
        if answer is None and told.startswith("26"):
            answer = f"06{told[2:]}00000000000400"
        self.now_ns += NS // 50
        return self.say(answer) if answer else []


def ready(**options: Any) -> Nx:
    talk = Nx(**options)
    talk.open()
    talk.clock(NOW)
    talk.raw(talk.wire("8404010000000000"))  # shows in which form it speaks
    talk.wait(5)
    talk.asked.clear()
    return talk


def events(actions: list[Action]) -> list[tuple[str | None, State, Origin]]:
    return [(s.code, s.state, s.origin) for s in signals(actions) if s.code]
