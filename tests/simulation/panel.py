"""An emulated panel, its faulty wire, and the line by which the agent's real runner reads it."""

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from edge_agent.clock import Clock
from edge_agent.domain.stamp import Stamp
from edge_agent.link.line import Heard, LineError
from hil.lines import Quality, Split, byte_ns
from hil.panels.machine import Command, Commanded, Entry, Plugged, Said, Unplugged
from hil.panels.machine import Heard as PanelHeard
from hil.panels.machine import Ticked as PanelTicked
from hil.panels.stand import Noted, Spoken, Stand, StandOutput, StandSetup
from tests.contract.subjects import STREAM
from tests.simulation.loop import VirtualLoop

PACE = byte_ns(9600)
CLEAN = Quality(PACE, split=Split.RANDOM)
READ_BYTES_MAX = 1024
ALIKE = 3  # copies of the same damage, which a driver may take for what the panel says


class Life(Protocol):
    """The agent's process, as its lines see it."""

    alive: bool

    @property
    def clock(self) -> Clock:
        """The clocks of this boot."""

    def step_or_die(self, name: str) -> bool:
        """Return whether the process goes on after this."""


@dataclass
class Ledger:
    """What the panel said and what it saw acknowledged, by frame.

    `made`: what the line made of an acknowledged frame, the same each time.
    """

    said: dict[bytes, Entry]
    acked: dict[bytes, int]
    made: dict[bytes, frozenset[bytes]]

    def forms(self, frame: bytes) -> frozenset[bytes]:
        """Return all that may rightly be recorded of a frame."""
        return self.made.get(frame, frozenset()) | {frame}


class Panel:
    """One panel on a serial port (it does not notice who reads) or calling over TCP (it does)."""

    def __init__(
        self,
        loop: VirtualLoop,
        profile: str,
        seed: int,
        acked: Callable[["Panel", bytes], None],
        notices: bool,
        first: int = 0,
    ) -> None:
        self._loop, self._acked, self._notices = loop, acked, notices
        self._first = first
        [subject] = [one for one in STREAM if one.profile and one.profile.name == profile]
        self.subject = subject
        self.stand = Stand(
            subject.face.for_profile(subject.profile, {}),
            StandSetup(out=CLEAN, back=Quality(PACE), seed=seed),
        )
        self.ledger = Ledger({}, {}, {})
        self.told = 0
        self.heard: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
        self.opened: dict[bytes, list[int]] = defaultdict(list)
        self._coming = b""
        self._garbled: Counter[bytes] = Counter()
        self.there = True  # the plug is in
        self.line: SimLine | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._plugged = False
        if not notices:
            self._plug(in_=True)

    # ---- the world's side

    def say(self) -> None:
        """Something new happens at the panel; every signal differs from every other panel's too."""
        line = self.subject.face.speak(self._first + self.told, True)
        self.told += 1
        self._does(self.stand.handle(Commanded(Command.parse(line)), self._loop.now_ns))

    def command(self, line: str) -> None:
        self._does(self.stand.handle(Commanded(Command.parse(line)), self._loop.now_ns))

    def unplug(self) -> None:
        self.there = False
        if self.line is not None:
            self.line.lose(LineError("unplugged"))
        self._plug(in_=False)

    def plug(self) -> None:
        self.there = True
        if not self._notices:
            self._plug(in_=True)

    def wire(self, out: Quality, back: Quality) -> None:
        self.stand.out.quality, self.stand.back.quality = out, back

    def heal(self) -> None:
        self.wire(CLEAN, Quality(PACE))
        self.stand.out.mute(0)
        self.stand.back.mute(0)
        if not self.there:
            self.plug()

    @property
    def content(self) -> bool:
        """Whether everything that happened was said and acknowledged."""
        return len(self.ledger.acked) == self.told

    # ---- the line's side

    def attach(self, line: "SimLine", stamp: Stamp) -> None:
        self.line, self._coming = line, b""
        self.opened[stamp.boot_id].append(stamp.boottime_ns)
        if self._notices:
            self._plug(in_=True)

    def detach(self, line: "SimLine") -> None:
        if self.line is line:
            self.line = None
            if self._notices:
                self._plug(in_=False)

    def carried(self, data: bytes, stamp: Stamp) -> None:
        """The line carried this to a living process: remember which frames came whole, and when."""
        *lines, self._coming = re.split(rb"[\x14\r\n]", self._coming + data)
        for line in lines:
            known = [
                frame
                for frame in self.ledger.said.keys() - self.ledger.acked.keys()
                if line.endswith(frame)
            ]
            for frame in known:
                self.heard[stamp.boot_id, frame].append(stamp.boottime_ns)
            if line and not known:
                self._garbled[line] += 1

    def hear(self, data: bytes) -> None:
        if self.there:
            self._does(self.stand.handle(PanelHeard(data), self._loop.now_ns))

    # ---- the panel itself

    def _plug(self, *, in_: bool) -> None:
        if in_ is not self._plugged:
            self._plugged = in_
            change = Plugged() if in_ else Unplugged()
            self._does(self.stand.handle(change, self._loop.now_ns))

    def _does(self, outputs: list[StandOutput]) -> None:
        for output in outputs:
            match output:
                case Spoken(data):
                    if self.line is not None:
                        self.line.arrive(data)
                case Noted(entry):
                    self._note(entry)
                case _:
                    raise AssertionError("the world pulls the plugs")
        self._arm()

    def _note(self, entry: Entry) -> None:
        assert entry.state is not Said.DROPPED, "the world says more than a panel can buffer"
        if entry.state is Said.SAID:
            self.ledger.said.setdefault(entry.frame, entry)
        elif entry.state is Said.ACKED:
            self.ledger.acked[entry.frame] = self._loop.now_ns
            made = frozenset(line for line, times in self._garbled.items() if times >= ALIKE)
            if made:
                self.ledger.made[entry.frame] = made
            self._garbled.clear()
            self._acked(self, entry.frame)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ns = self.stand.deadline_ns()
        if due_ns is not None:
            self._timer = self._loop.call_at(max(due_ns, self._loop.now_ns) / 1e9, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._does(self.stand.handle(PanelTicked(), self._loop.now_ns))


class SimLine:
    """One opening of a line."""

    def __init__(self, panel: Panel, life: Life) -> None:
        self._panel, self._life = panel, life
        self._unread = bytearray()
        self._reading: asyncio.Future[Heard] | None = None
        self._error: LineError | None = None
        self._closed = False

    def read(self) -> asyncio.Future[Heard]:
        assert self._reading is None, "one reader at a time"
        future: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        if self._error is not None:
            _fail(future, self._error)
            return future
        self._reading = future
        self._deliver()
        return future

    def write(self, data: bytes, peer: int = 0) -> None:
        if self._closed or self._error is not None or not self._life.alive:
            return
        if self._life.step_or_die("ack"):
            self._panel.hear(data)

    def hang_up(self, peer: int, reason: str) -> None:
        self.lose(LineError(reason))

    def close(self) -> None:
        self._closed = True
        self._panel.detach(self)
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def arrive(self, data: bytes) -> None:
        if self._life.alive and not self._closed and self._error is None:
            self._unread += data
            self._panel.carried(data, self._life.clock.stamp())
            self._deliver()

    def lose(self, error: LineError) -> None:
        self._error = error
        reading, self._reading = self._reading, None
        if reading is not None and not reading.done():
            _fail(reading, error)

    def _deliver(self) -> None:
        if self._unread and self._reading is not None and not self._reading.done():
            data = bytes(self._unread[:READ_BYTES_MAX])
            del self._unread[:READ_BYTES_MAX]
            reading, self._reading = self._reading, None
            reading.set_result(Heard(data, self._life.clock.stamp()))


def _fail(future: asyncio.Future[Heard], error: LineError) -> None:
    future.set_exception(error)
    future.exception()


class SimOpener:
    """Opens the line to one panel."""

    def __init__(self, panel: Panel, life: Life, random: Random) -> None:
        self._panel, self._life, self._random = panel, life, random

    @property
    def name(self) -> str:
        return "simulated"

    @property
    def called(self) -> bool:
        return False

    async def open(self) -> SimLine:
        await asyncio.sleep(self._random.uniform(0.001, 0.02))
        if not self._panel.there or not self._life.alive:
            raise LineError("no such port")
        line = SimLine(self._panel, self._life)
        self._panel.attach(line, self._life.clock.stamp())
        return line

    def close(self) -> None:
        pass
