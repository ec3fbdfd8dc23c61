"""A session of a register map with a clock of its own: what its tests share."""

from typing import Any

from drivers.modbus_map import MapSession
from edge_agent.domain.kinds import Origin
from edge_agent.domain.session import (
    Action,
    Answered,
    FaultKind,
    Opened,
    Plain,
    Profile,
    Read,
    Report,
    Setup,
    Ticked,
    Unanswered,
    Write,
)
from edge_agent.resources import load_codes, load_profile
from tests.drivers.golden_modbus_map import GOLDEN

MS = 1_000_000
S = 1000 * MS
DI8 = load_profile("generic_di8")
REQUEST, ANSWER = GOLDEN[0].frame, GOLDEN[1].frame
LOOPS = load_profile("generic_ai8_loops")


def profile(**facts: Any) -> Profile:
    block: dict[str, Plain] = {"table": "holding_registers", "address": 10, "count": 2}
    point: dict[str, Plain] = {
        "table": "holding_registers",
        "address": 11,
        "bit": 3,
        "zone": 7,
        "kind": "fire",
        "code": "111",
        "normal": 1,
    }
    told = {"blocks": [block], "points": [point]} | facts
    told = {key: value for key, value in told.items() if value is not None}
    return Profile("test", "1", "modbus_map", "Test", told)


class Bus:
    """A session and a clock: each step answers what it asked."""

    def __init__(self, made: Profile = DI8, allow: str = "", **options: Plain) -> None:
        allowed = frozenset({allow} - {""})
        self.session = MapSession(Setup(load_codes(), made, options, allow=allowed))
        self.now_ns = 5_000 * MS
        self.asked: list[Read | Write] = []

    def do(self, happened: Any, after_ms: int = 0) -> list[Action]:
        self.now_ns += after_ms * MS
        actions = self.session.handle(happened, self.now_ns)
        self.asked += [action for action in actions if isinstance(action, Read | Write)]
        return [action for action in actions if not isinstance(action, Read | Write)]

    def answer(self, *values: int, after_ms: int = 5) -> list[Action]:
        return self.do(Answered(self.asked[-1].request, values, b"heard"), after_ms)

    def miss(self) -> list[Action]:
        return self.do(Unanswered(self.asked[-1].request, FaultKind.NO_ANSWER, "timeout"), 300)

    def wait(self) -> int:
        """Go to the deadline; returns how many milliseconds that took."""
        due = self.session.deadline_ns()
        assert due is not None
        waited, self.now_ns = due - self.now_ns, due
        assert self.do(Ticked()) == []
        return waited // MS


def signals(actions: list[Action]) -> list[tuple[Any, ...]]:
    return [
        (signal.kind, signal.state, signal.zone, signal.origin)
        for action in actions
        if isinstance(action, Report)
        for signal in action.signals
    ]


REST = (0,) * 8
ZONE_3 = (0, 0, 1, 0, 0, 0, 0, 0)
LIVE, AT_START = Origin.LIVE, Origin.AT_START


def running() -> Bus:
    bus = Bus()
    bus.do(Opened())
    bus.answer(*REST)
    return bus
