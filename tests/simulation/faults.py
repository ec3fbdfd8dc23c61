"""Every fault of the simulated world, the states it can meet, and the table of what was reached."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, StrEnum


class State(StrEnum):
    """How the gateway stands when a fault comes."""

    DOWN = "down"  # no agent runs
    OFFLINE = "offline"  # no connection to the broker
    REFUSED = "refused"  # the card refuses
    OUT = "in flight"  # something is not yet receipted
    QUIET = "quiet"  # all is well and said


class Fault(Enum):
    """What can go wrong; most end by themselves after a while."""

    KILL = "agent: kill -9"
    KILL_AT_STEP = "agent: kill -9 at a step"
    POWER = "machine: power cut"
    POWER_AT_STEP = "machine: power cut at a step"
    STOP = "agent: stop in order"
    DISK_EIO = "card: EIO on flush"
    DISK_TORN = "card: EIO on write"
    DISK_FULL = "card: full"
    DISK_READ_ONLY = "card: read-only"
    DISK_SLOW = "card: slower than 200 ms"
    DISK_SHORT = "card: short writes"
    CLOCK_BACK = "clock: years back"
    CLOCK_ON = "clock: hours on"
    CLOCK_LOST = "clock: not disciplined"
    UNPLUG = "line: unplugged"
    NOISE = "line: noise"
    LOSS = "line: loses bytes"
    CUT_FRAMES = "line: half frames"
    DOUBLES = "line: doubles frames"
    MUTE = "line: silent"
    DEAF = "line: ACKs lost"
    NETWORK_CUT = "network: cut"
    NETWORK_HOLE = "network: swallows"
    PATH_CUT = "network: preferred path cut"
    PATH_HOLE = "network: preferred path swallows"
    BROKER_RESTART = "broker: killed, sessions kept"
    BROKER_FORGETS = "broker: killed, memory lost"
    CENTER_DOWN = "center: killed"
    CENTER_BEFORE_COMMIT = "center: dies before commit"
    CENTER_AFTER_COMMIT = "center: dies after commit"
    CENTER_AFTER_RECEIPT = "center: dies after receipt"
    CENTER_FULL = "center: database refuses"
    RECEIPTS_LOST = "receipts: lost"
    RECEIPTS_DOUBLED = "receipts: doubled"
    RECEIPTS_LATE = "receipts: late"
    RECEIPTS_FORGED = "receipts: forged, events swallowed"


OF_THE_PROCESS = {Fault.KILL, Fault.STOP, Fault.KILL_AT_STEP, Fault.POWER_AT_STEP}
"""They need a process: they cannot meet the state DOWN."""

CELLS = [
    (fault, state)
    for fault in Fault
    for state in State
    if not (fault in OF_THE_PROCESS and state is State.DOWN)
]


@dataclass
class Table:
    """How often each fault met each state, and each death each step."""

    met: Counter[tuple[Fault, State]] = field(default_factory=Counter)
    died: Counter[tuple[str, str]] = field(default_factory=Counter)
    rolled: int = 0  # segments that were filled up
    removed: int = 0  # segments that retention removed

    def add(self, other: "Table") -> None:
        self.met += other.met
        self.died += other.died
        self.rolled += other.rolled
        self.removed += other.removed

    def empty(self, deaths: Iterable[tuple[str, str]]) -> list[str]:
        """Return the cells that nothing reached."""
        cells = [f"{f.value} x {s.value}" for f, s in CELLS if not self.met[f, s]]
        cells += [] if self.rolled else ["a segment filled up"]
        cells += [] if self.removed else ["a segment removed"]
        return cells + [f"{end} x {step}" for end, step in deaths if not self.died[end, step]]

    def __str__(self) -> str:
        width = max(len(fault.value) for fault in Fault)
        lines = [" " * width + "".join(f"{state.value:>10}" for state in State)]
        for fault in Fault:
            cells = (
                str(self.met[fault, state]) if (fault, state) in CELLS else "-" for state in State
            )
            lines.append(f"{fault.value:<{width}}" + "".join(f"{cell:>10}" for cell in cells))
        steps = sorted({step for _, step in self.died})
        lines.append("\n" + " " * width + "".join(f"{step:>10}" for step in steps))
        for end in sorted({end for end, _ in self.died}):
            row = "".join(f"{self.died[end, step]:>10}" for step in steps)
            lines.append(f"{end:<{width}}{row}")
        lines.append(f"\nsegments filled up: {self.rolled}, removed: {self.removed}")
        return "\n".join(lines)
