"""Draws the faults of one world, and brings the gateway into the state that each is to meet."""

import asyncio
import errno
from collections.abc import Callable
from random import Random

from hil.lines import Quality, Split
from tests.simulation.broker import Broker
from tests.simulation.center import Center, Moment
from tests.simulation.faults import CELLS, OF_THE_PROCESS, Fault, State, Table
from tests.simulation.gateway import STEPS, Armed, End, Gateway
from tests.simulation.loop import VirtualLoop
from tests.simulation.panel import PACE, Panel

FAULTS = 14  # of one world
REACH_S_MAX = 12.0  # how long a state is waited for
YEAR_NS = 365 * 86_400_000_000_000
NO_FALSE_ANSWER = b"\x06\x15"
PADDING = b" "  # one more between two fields is read as the same signal, and recorded as it came

BAD = {
    Fault.NOISE: Quality(PACE, noise=0.02, split=Split.RANDOM, noise_not=NO_FALSE_ANSWER + PADDING),
    Fault.LOSS: Quality(PACE, lose=0.02, split=Split.RANDOM),
    Fault.CUT_FRAMES: Quality(PACE, cut=0.4),
    Fault.DOUBLES: Quality(PACE, double=0.5),
}
ERRORS: dict[Fault, dict[str, int]] = {
    Fault.DISK_EIO: {"sync": errno.EIO},
    Fault.DISK_TORN: {"write": errno.EIO},
    Fault.DISK_FULL: {"create": errno.ENOSPC, "link": errno.ENOSPC, "write": errno.ENOSPC},
    Fault.DISK_READ_ONLY: dict.fromkeys(
        ("write", "sync", "create", "rename", "link", "remove", "truncate", "sync_names"),
        errno.EROFS,
    ),
}
MOMENTS = {
    Fault.CENTER_BEFORE_COMMIT: Moment.BEFORE_COMMIT,
    Fault.CENTER_AFTER_COMMIT: Moment.AFTER_COMMIT,
    Fault.CENTER_AFTER_RECEIPT: Moment.AFTER_RECEIPT,
}
STEPPED = [(end, step) for end in (End.KILL, End.POWER) for step in STEPS]


class Director:
    """Plays one seed's faults; which cells of the table it aims at follows from the seed."""

    def __init__(
        self, loop: VirtualLoop, seed: int, gateway: Gateway, broker: Broker, center: Center
    ) -> None:
        self._loop, self._random = loop, Random(f"{seed} director")
        self._gateway, self._broker, self._center = gateway, broker, center
        self._seed = seed
        cells = CELLS.copy()
        Random("cells").shuffle(cells)
        start = seed * FAULTS % len(cells)
        self.cells = (cells[start:] + cells[:start])[:FAULTS]
        self.table = Table()

    async def play(self) -> None:
        for number, (fault, wanted) in enumerate(self.cells):
            undo = self._bring_about(wanted)
            until_ns = self._loop.now_ns + int(REACH_S_MAX * 1e9)
            while self.state() is not wanted and self._loop.now_ns < until_ns:
                await asyncio.sleep(0.025)
            if wanted not in (State.OUT, State.QUIET):
                await asyncio.sleep(self._random.uniform(0, 1))
            self._strike(fault, number)
            self._loop.call_later(self._random.uniform(0.5, 10), undo)
            if self._random.random() < 0.6:
                await asyncio.sleep(self._random.uniform(0, 15))

    def state(self) -> State:
        """Say how the gateway stands now."""
        life = self._gateway.life
        if life is None or life.journal is None or life.agent is None:
            return State.DOWN
        connected = life.agent._supply.is_connected()
        if life.agent._recorder.refusal is not None:
            return State.REFUSED
        if not connected:
            return State.OFFLINE
        progress = life.journal.progress()
        busy = progress.waiting or progress.held_bytes or sum(progress.unreceipted)
        return State.OUT if busy else State.QUIET

    def heal(self) -> None:
        for part in (self._broker, self._gateway, self._center):
            part.heal()
        for panel in self._gateway.panels.values():
            panel.heal()

    # ---- into the state that is wanted

    def _bring_about(self, wanted: State) -> Callable[[], None]:
        """Begin what leads to `wanted`; return what ends it."""
        gateway, broker = self._gateway, self._broker
        match wanted:
            case State.DOWN:
                gateway.away = True
                gateway.die(End.KILL)

                def back() -> None:
                    gateway.away = False
                    gateway.start()

                return back
            case State.OFFLINE:
                return self._cut("a", "b")
            case State.REFUSED:
                gateway.card.refusing = dict(ERRORS[Fault.DISK_EIO])
                self._say()
                return lambda: setattr(gateway.card, "refusing", {})
            case State.OUT:
                self._say()
            case State.QUIET:
                broker.heal()
        return lambda: None

    def _say(self) -> None:
        self._random.choice(list(self._gateway.panels.values())).say()

    def _cut(self, *names: str) -> Callable[[], None]:
        for name in names:
            self._broker.cut(name)

        def mend() -> None:
            for name in names:
                self._broker.networks[name].up = True

        return mend

    # ---- the fault

    def _strike(self, fault: Fault, number: int) -> None:
        state = self.state()
        if state is State.DOWN and fault in OF_THE_PROCESS:
            return
        self.table.met[fault, state] += 1
        undo = self._begin(fault, number)
        if undo is not None:
            self._loop.call_later(self._random.choice((0.3, 2, 8, 40)), undo)

    def _begin(self, fault: Fault, number: int) -> Callable[[], None] | None:
        match fault.value.split(":")[0]:
            case "agent" | "machine":
                self._end(fault, number)
                return None
            case "card":
                return self._card(fault)
            case "clock":
                return self._clock(fault)
            case "line":
                return self._line(fault)
            case "network":
                return self._network(fault)
            case "broker":
                self._broker.kill(forgets=fault is Fault.BROKER_FORGETS)
                return lambda: setattr(self._broker, "up", True)
            case "center":
                return self._strike_center(fault)
        return self._receipts(fault)

    def _end(self, fault: Fault, number: int) -> None:
        gateway = self._gateway
        end = End.POWER if fault in (Fault.POWER, Fault.POWER_AT_STEP) else End.KILL
        if fault in (Fault.KILL_AT_STEP, Fault.POWER_AT_STEP):
            step = self._step(number)
            gateway.armed = Armed(end, step, self._random.randint(1, 4))
            self._say()
        elif fault is Fault.STOP:
            gateway.stop()
        else:
            if gateway.life is None:
                gateway.cut_power()
            gateway.die(end)
            self._loop.call_later(self._random.uniform(0.5, 8), gateway.start)

    def _step(self, number: int) -> str:
        """Return where to die: each time that a cell's turn comes, at the next step."""
        turn = (self._seed * FAULTS + number) // len(CELLS)
        _, state = self.cells[number]
        return STEPS[(turn + 2 * list(State).index(state)) % len(STEPS)]

    def _card(self, fault: Fault) -> Callable[[], None]:
        gateway = self._gateway
        if fault is Fault.DISK_SLOW:
            gateway.slow = True
            return lambda: setattr(gateway, "slow", False)
        if fault is Fault.DISK_SHORT:
            gateway.card.short = Random(self._random.random())
            return lambda: setattr(gateway.card, "short", None)
        gateway.card.refusing = dict(ERRORS[fault])
        return lambda: setattr(gateway.card, "refusing", {})

    def _clock(self, fault: Fault) -> Callable[[], None]:
        wall = self._gateway.wall
        if fault is Fault.CLOCK_LOST:
            wall.disciplined = False
        elif fault is Fault.CLOCK_BACK:
            wall.set_wrong(-wall.random.choice((1, 25, 56)) * YEAR_NS)
        else:
            wall.set_wrong(wall.random.choice((YEAR_NS // 5_000, 10 * YEAR_NS)))
        return wall.set_right

    def _line(self, fault: Fault) -> Callable[[], None]:
        panel: Panel = self._random.choice(list(self._gateway.panels.values()))
        match fault:
            case Fault.UNPLUG:
                panel.unplug()
                return panel.plug
            case Fault.MUTE:
                panel.command("silence 100")
            case Fault.DEAF:
                panel.command("noack 100")
            case _:
                panel.wire(BAD[fault], Quality(PACE, lose=BAD[fault].lose))
        return panel.heal

    def _network(self, fault: Fault) -> Callable[[], None]:
        if fault in (Fault.NETWORK_CUT, Fault.PATH_CUT):
            return self._cut("a") if fault is Fault.PATH_CUT else self._cut("a", "b")
        names = "a" if fault is Fault.PATH_HOLE else "ab"
        networks = [self._broker.networks[name] for name in names]
        for network in networks:
            network.hole = True

        def mend() -> None:
            for network in networks:
                network.hole = False

        return mend

    def _strike_center(self, fault: Fault) -> Callable[[], None] | None:
        center = self._center
        if fault in MOMENTS:
            center.armed = MOMENTS[fault]
            self._say()
            return None
        if fault is Fault.CENTER_FULL:
            center.connection.refusing = True
            return lambda: setattr(center.connection, "refusing", False)
        center.die()
        return center.start

    def _receipts(self, fault: Fault) -> Callable[[], None]:
        spell = self._broker.spell
        match fault:
            case Fault.RECEIPTS_LOST:
                spell.lost = 0.6
            case Fault.RECEIPTS_DOUBLED:
                spell.doubled = 0.8
            case Fault.RECEIPTS_LATE:
                spell.late = 0.6
            case _:
                spell.forging = True
        self._say()
        return lambda: setattr(self._broker, "spell", type(spell)())
