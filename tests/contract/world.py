"""A panel, a bad line and a gateway in virtual time: no sleeping, everything from one seed.

The gateway here is the session contract alone: a session, and a recorder whose commits take a
while.  It can be killed and started again.  Law 1 (what a panel saw acknowledged is durable) is
checked at the very moment of each acknowledgement, the others at the end.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random

from edge_agent.domain.command import Command as PanelCommand
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.recent import RecentFrames
from edge_agent.domain.session import (
    Action,
    Called,
    ClockRead,
    Close,
    Committed,
    Fault,
    FaultKind,
    HungUp,
    Input,
    Link,
    Obeyed,
    Opened,
    Read,
    Received,
    Recent,
    Report,
    Send,
    Session,
    Ticked,
)
from edge_agent.domain.session import Commanded as Wanted
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.domain.standing import Standing
from hil.lines import Quality, Wire
from hil.panels.machine import (
    Command,
    Commanded,
    Entry,
    Heard,
    Plugged,
    Said,
    Unplugged,
    describe,
)
from hil.panels.machine import Ticked as PanelTicked
from hil.panels.stand import Noted, Plug, Quit, Spoken, Stand, StandOutput

SECOND_NS = 1_000_000_000
EPOCH_OFFSET_NS = 1_795_464_000 * SECOND_NS  # the gateway's clock: 2026-11-23 20:00 UTC at 0
TERMINATORS = b"\r\n\x14"
REFUSED_MIN = 3  # copies of the same damage before a driver may take it for what the panel says
STEPS_MAX = 2_000_000  # a world that turns without time passing is a session's bug

Meaning = tuple[tuple[str, object], ...]


def is_event(signal: Signal) -> bool:
    """Whether something happened; else a point's state is told."""
    return signal.kind not in POINTS


@lru_cache(maxsize=4096)
def meaning(signal: Signal) -> Meaning:
    """What a signal says, apart from where it came from and how it was heard."""
    return tuple(describe(signal).items())


def body(frame: bytes) -> bytes:
    """A frame without its terminator: what the ledger of an emulator calls the frame."""
    return frame.strip(TERMINATORS)


def stamp(at_ns: int) -> Stamp:
    """The gateway's clocks."""
    return Stamp(EPOCH_OFFSET_NS + at_ns, at_ns, bytes(16), Trust.SYNCED)


def standing_of(signals: Iterable[Signal]) -> tuple[Signal, ...]:
    """The events that were recorded active and not ended."""
    standing = Standing()
    for signal in signals:
        standing.take(signal)
    return standing.signals


@dataclass(slots=True)
class Durable:
    """One signal in the journal, when it got there, its report's number, and when it was heard.

    Commits here overtake each other, as those of different lanes do; numbers tell what came first.
    """

    signal: Signal
    t_ns: int
    number: int
    heard_ns: int


@dataclass(slots=True)
class Gateway:
    """A session with the recorder behind it.  `commit_ns` draws how long each commit takes."""

    make: Callable[[], Session]
    commit_ns: Callable[[], int]
    session: Session | None = None
    durable: list[Durable] = field(default_factory=list)
    waiting: list[tuple[int, int, int, Report]] = field(default_factory=list)  # due, number, heard
    reports: int = 0
    recent: RecentFrames = field(default_factory=RecentFrames)
    faults: list[tuple[int, Fault]] = field(default_factory=list)
    links: list[tuple[int, Link]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    obeyed: list[Obeyed] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    opened: int = 0  # how many reports there were when the link came up last
    started_ns: list[int] = field(default_factory=list)  # after each kill

    def open(self, now_ns: int) -> list[Action]:
        """Start a fresh session; what was not durable before is lost."""
        self.session = self.make()
        self.waiting = []
        self.opened = self.reports
        recent = tuple(Recent(frame, now_ns - at.boottime_ns) for frame, at in self.recent)
        clock = ClockRead(EPOCH_OFFSET_NS, Trust.SYNCED)
        standing = standing_of(item.signal for item in self.in_order())
        return self.take(Opened(recent, standing), now_ns) + self.take(clock, now_ns)

    def end(self) -> None:
        """End the session at once."""
        self.session = None
        self.waiting = []

    def kill(self, now_ns: int) -> None:
        """Begin a new run: it knows what the journal has, in its order, and of no copies."""
        self.end()
        self.started_ns.append(now_ns)
        self.recent = RecentFrames()
        for item in self.in_order():
            self.recent.take(item.signal, stamp(item.heard_ns))

    def take(self, happened: Input, now_ns: int) -> list[Action]:
        """Give the session an input; returns what only the line can do."""
        if self.session is None:
            return []
        outward: list[Action] = []
        for action in self.session.handle(happened, now_ns):
            match action:
                case Report():
                    self.reports += 1
                    due_ns = now_ns + self.commit_ns()
                    self.waiting.append((due_ns, self.reports, now_ns, action))
                case Fault():
                    self.faults.append((now_ns, action))
                    if action.kind is FaultKind.REPEAT:
                        self.recent.repeated(action.frame, stamp(now_ns))
                case Link():
                    if action.online and self.links and not self.links[-1][1].online:
                        self.opened = self.reports  # after an absence nothing is known
                    self.links.append((now_ns, action))
                case Finding():
                    self.findings.append(action)
                case Obeyed():
                    self.obeyed.append(action)
                case Send() | Read() | Close():
                    if isinstance(action, Send):
                        self.sent.append(action.data)
                    outward.append(action)
        return outward

    def due(self, now_ns: int) -> list[Action]:
        """Commit what is due, then let the session have its deadline."""
        outward: list[Action] = []
        ready = [item for item in self.waiting if item[0] <= now_ns]
        self.waiting = [item for item in self.waiting if item[0] > now_ns]
        for _, number, heard_ns, report in sorted(ready, key=lambda item: item[0]):
            for signal in report.signals:
                self.durable.append(Durable(signal, now_ns, number, heard_ns))
                self.recent.take(signal, stamp(heard_ns))
            outward += self.take(Committed(report.token), now_ns)
        deadline_ns = None if self.session is None else self.session.deadline_ns()
        if deadline_ns is not None and deadline_ns <= now_ns:
            outward += self.take(Ticked(), now_ns)
        return outward

    def in_order(self, after: int = 0) -> list[Durable]:
        """Return what is durable in the order it was reported, after report `after`."""
        return sorted(
            (item for item in self.durable if item.number > after), key=lambda item: item.number
        )

    def deadline_ns(self) -> int | None:
        """Return when `due` has work."""
        due = [item[0] for item in self.waiting]
        if self.session is not None and (deadline_ns := self.session.deadline_ns()) is not None:
            due.append(deadline_ns)
        return min(due, default=None)


class Tapped(Wire):
    """A wire that is listened to at both ends."""

    def __init__(self, quality: Quality, seed: int) -> None:
        super().__init__(quality, seed)
        self._said = bytearray()
        self._wholes: set[bytes] = set()
        self._arrived = bytearray()
        self.puts: list[tuple[int, bytes]] = []  # when a frame was said last
        self.whole: list[tuple[int, bytes]] = []  # the same, with what ends them

    def put(self, data: bytes, now_ns: int, tag: int = 0) -> bool:
        """Say `data`; see Wire."""
        self._said += data + b"\n"
        self._wholes.add(body(data))
        self.puts.append((now_ns, body(data)))
        self.whole.append((now_ns, data))
        return super().put(data, now_ns, tag)

    def take(self, now_ns: int) -> list[tuple[int, bytes]]:
        """Return what has arrived; see Wire."""
        pieces = super().take(now_ns)
        self._arrived += b"".join(piece for _, piece in pieces)
        return pieces

    def made(self, frame: bytes, *, of_parts: bool = False) -> bool:
        """Whether a frame came out that nobody put in: the line made it of others.

        `of_parts`: a part of one counts as made, where no check shows that it is not the whole.
        """
        was_said = frame in self._wholes if of_parts else frame in self._said
        return frame in self._arrived and not was_said


class World:
    """Runs a stand and a gateway; `at` plans what happens when, `run` lets time pass."""

    def __init__(
        self,
        stand: Stand,
        gateway: Gateway,
        *,
        many: bool = False,
        packets: bool = False,
        sound: Callable[[bytes], bool] = lambda _: False,
        checked: bool = True,
    ) -> None:
        """`many`: our port has many peers; `packets`: they speak by datagrams.

        `sound` is the panel's (`Face.sound`); `checked`: its frames have a check.
        """
        self._sound, self._checked = sound, checked
        self._many, self._packets = many or packets, packets
        self._peer = 0
        self.stand = stand
        self.gateway = gateway
        self.now_ns = SECOND_NS
        self.ledger: list[tuple[int, Entry]] = []
        self._stated: set[tuple[bytes, Meaning]] = set()
        self._pieces: set[tuple[int, bytes]] = set()  # what the gateway heard, and when
        self._answers_ns: list[int] = []  # when it said something
        self._plugged = False
        self._plans: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0

    def at(self, t_ns: int, action: Callable[[], None]) -> None:
        """Do `action` at `t_ns`."""
        self._count += 1
        self._plans.append((t_ns, self._count, action))
        self._plans.sort(key=lambda plan: plan[:2])

    def tell(self, t_ns: int, line: str) -> None:
        """Give the panel a control line at `t_ns`."""
        self.at(t_ns, lambda: self._panel_does(self.stand.handle(self._command(line), self.now_ns)))

    def plug(self) -> None:
        """Open the line at both ends."""
        if not self._plugged:
            self._plugged = True
            if self._many:
                self._call()
                return
            self._panel_does(self.stand.handle(Plugged(), self.now_ns))
            self._gateway_does(self.gateway.open(self.now_ns))

    def unplug(self) -> None:
        """Pull the plug: the runner ends the session; a port of ours stays, its peer is gone."""
        if self._plugged:
            self._plugged = False
            if self._many:
                self._gateway_does(self.gateway.take(HungUp(self._peer), self.now_ns))
            else:
                self.gateway.end()
            self._panel_does(self.stand.handle(Unplugged(self._peer), self.now_ns))

    def restart(self) -> None:
        """Kill the gateway alone: a panel on three wires does not notice, a caller does."""
        self.gateway.kill(self.now_ns)
        if self._many and self._plugged:
            self._panel_does(self.stand.handle(Unplugged(self._peer), self.now_ns))
            self._call()
        elif self._plugged:
            self._gateway_does(self.gateway.open(self.now_ns))

    def _call(self) -> None:
        """The panel calls our port."""
        if self.gateway.session is None:
            self._gateway_does(self.gateway.open(self.now_ns))
        self.gateway.opened = self.gateway.reports
        self._peer += 1
        self._gateway_does(self.gateway.take(Called(self._peer, "192.0.2.7"), self.now_ns))
        self._panel_does(self.stand.handle(Plugged(self._peer), self.now_ns))

    def command(self, t_ns: int, number: int, command: PanelCommand) -> None:
        """Let somebody entitled want something of the panel at `t_ns`."""
        wanted = Wanted(number, command)
        self.at(t_ns, lambda: self._gateway_does(self.gateway.take(wanted, self.now_ns)))

    def run(self, until_ns: int) -> None:
        """Let time pass until `until_ns`."""
        steps = 0
        while True:
            steps += 1
            assert steps < STEPS_MAX, f"time stands still at {self.now_ns}"
            due_ns = self._next_ns()
            if due_ns is None or due_ns > until_ns:
                self.now_ns = until_ns
                return
            self.now_ns = max(self.now_ns, due_ns)
            self._step()

    def state(self, wanted: Said) -> list[Entry]:
        """Return the ledger's entries of one state."""
        return [entry for _, entry in self.ledger if entry.state is wanted]

    @property
    def recorded(self) -> Counter[tuple[bytes, Meaning]]:
        """The durable events: frames and what they mean."""
        return Counter(
            (body(item.signal.frame), meaning(item.signal))
            for item in self.gateway.durable
            if is_event(item.signal)
        )

    @property
    def points(self) -> list[Signal]:
        """The durable states of points, in order."""
        return [item.signal for item in self.gateway.durable if not is_event(item.signal)]

    @property
    def said(self) -> Counter[tuple[bytes, Meaning]]:
        """The events that the panel said, each once."""
        return self.told(Said.SAID)

    def told(self, *states: Said) -> Counter[tuple[bytes, Meaning]]:
        """What stands in the ledger in one of these states."""
        return Counter(
            (body(entry.frame), meaning(entry.signal))
            for _, entry in self.ledger
            if entry.state in states and entry.signal is not None
        )

    @property
    def stated(self) -> AbstractSet[tuple[bytes, Meaning]]:
        """What the panel stated along with its frames."""
        return self._stated

    def is_stated(self, signal: Signal) -> bool:
        """Whether the panel stated this along with a frame."""
        return (body(signal.frame), meaning(signal)) in self._stated

    def is_recorded(self, entry: Entry) -> bool:
        """Whether what the ledger has is durable."""
        assert entry.signal is not None
        return self.recorded[body(entry.frame), meaning(entry.signal)] > 0

    def is_of_the_line(self, frame: bytes, says: Meaning = ()) -> bool:
        """Whether the line made a frame, and no driver could tell: that is nobody's fault.

        Either it passes the protocol's own check, as with two characters swapped that a sum does
        not see; or it was refused until it had come alike so often that it was kept unread.
        """
        wire, frame = self.stand.out, body(frame)
        if not isinstance(wire, Tapped) or not wire.made(frame, of_parts=not self._checked):
            return False
        refused = sum(body(fault.frame) == frame for _, fault in self.gateway.faults)
        is_unread = ("kind", Kind.UNKNOWN.value) in says and refused >= REFUSED_MIN
        return is_unread or self._sound(frame)

    def heard_before_ns(self, item: Durable) -> int | None:
        """When the frame was heard last before, as far as that run of the gateway can know."""
        frame, heard_ns = body(item.signal.frame), item.heard_ns
        started_ns = max((t for t in self.gateway.started_ns if t <= heard_ns), default=0)
        known = [
            one.heard_ns
            for one in self.gateway.durable
            if one.number < item.number and body(one.signal.frame) == frame
        ]
        known += [
            t_ns
            for t_ns, fault in self.gateway.faults
            if fault.kind is FaultKind.REPEAT
            and body(fault.frame) == frame
            and started_ns <= t_ns < heard_ns
        ]
        return max(known, default=None)

    def is_doubled_behind_an_answer(self, item: Durable) -> bool:
        """Whether the line said a frame twice, and then it came in one piece, after an answer.

        A receiver's next event of the same words is no different, and two are better than none.
        """
        wire, frame = self.stand.out, body(item.signal.frame)
        if not isinstance(wire, Tapped) or (item.heard_ns, frame) not in self._pieces:
            return False
        said_ns = max(t_ns for t_ns, said in wire.puts if said == frame and t_ns < item.heard_ns)
        copies_ns = [
            one.heard_ns for one in self.gateway.durable if body(one.signal.frame) == frame
        ]
        copies_ns += [t_ns for t_ns, one in self.gateway.faults if body(one.frame) == frame]
        first_ns = min(t_ns for t_ns in copies_ns if t_ns > said_ns)
        return any(first_ns <= t_ns < item.heard_ns for t_ns in self._answers_ns)

    @property
    def believed(self) -> dict[tuple[Kind, int], State]:
        """What is proven of each point since the line came up, by its number."""
        known: dict[tuple[Kind, int], State] = {}
        for item in self.gateway.in_order(self.gateway.opened):
            signal = item.signal
            number = signal.area if signal.kind is Kind.AREA else signal.zone
            if not is_event(signal) and number is not None:
                known[signal.kind, number] = signal.state
        return known

    def _next_ns(self) -> int | None:
        due = [self.stand.deadline_ns(), self.gateway.deadline_ns()]
        due += [plan[0] for plan in self._plans[:1]]
        return min((due_ns for due_ns in due if due_ns is not None), default=None)

    def _step(self) -> None:
        while self._plans and self._plans[0][0] <= self.now_ns:
            self._plans.pop(0)[2]()
        self._panel_does(self.stand.handle(PanelTicked(), self.now_ns))
        self._gateway_does(self.gateway.due(self.now_ns))

    def _gateway_does(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case Send(data, peer):
                    self._answers_ns.append(self.now_ns)
                    if self._plugged and peer == self._peer:
                        self._panel_does(self.stand.handle(Heard(data, peer), self.now_ns))
                case Close():
                    self.unplug()
                    self.at(self.now_ns + SECOND_NS, self.plug)
                case _:
                    raise AssertionError(f"a stream driver asked for {action}")

    def _panel_does(self, outputs: list[StandOutput]) -> None:
        for output in outputs:
            match output:
                case Spoken(data, peer):
                    self._pieces.add((self.now_ns, body(data)))
                    heard = Received(data, peer, self._packets)
                    self._gateway_does(self.gateway.take(heard, self.now_ns))
                case Noted(entry):
                    self._note(entry)
                case Plug() | Quit():
                    raise AssertionError("the world pulls the plugs")

    def _note(self, entry: Entry) -> None:
        self.ledger.append((self.now_ns, entry))
        if entry.state is Said.STATED and entry.signal is not None:
            self._stated.add((body(entry.frame), meaning(entry.signal)))
        if entry.state is Said.ACKED and entry.signal is not None:
            wanted = (body(entry.frame), meaning(entry.signal))
            is_kept = self.recorded[wanted] or self._is_replaced()
            assert is_kept, f"acknowledged but not durable: {entry}"

    def _is_replaced(self) -> bool:
        """Whether what was recorded last is not the panel's word but the line's."""
        if not self.gateway.durable:
            return False
        signal = self.gateway.durable[-1].signal
        return self.is_of_the_line(body(signal.frame), meaning(signal))

    @staticmethod
    def _command(line: str) -> Commanded:
        return Commanded(Command.parse(line))


def commit_times(seed: int) -> Callable[[], int]:
    """Mostly milliseconds; now and then longer than a panel waits for its ACK."""
    random = Random(seed)

    def draw() -> int:
        if random.random() < 0.05:
            return random.randint(3 * SECOND_NS, 9 * SECOND_NS)
        return random.randint(0, 50_000_000)

    return draw
