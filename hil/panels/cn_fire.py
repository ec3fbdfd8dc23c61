"""A Chinese fire panel's serial port, in the dialect of its maker, written from captures.

The panel latches: a detector that was in alarm stays so until somebody resets the panel, and says
it again some seconds later where it is in alarm still.  It says things one after the other, as
often as its maker has it, whether or not anybody listens; idle, it says that it is there.  A card
that wants to hear its host shows a fault on its display when that is silent: it has no words.
"""

from collections import deque
from dataclasses import dataclass, replace

from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.signal import Signal
from hil.panels.cn_fire_dialects import (
    DETECTORS,
    HELD_BYTES_MAX,
    Detector,
    Dialect,
    Host,
    Occurrence,
    What,
)
from hil.panels.machine import Command, CommandError, Entry, Note, Output, Said, Say
from hil.panels.model import Happened, Happening, Model, Moved
from hil.panels.voice import Teller, Told

BITS_PER_BYTE = 11
RESTART_S = 5.0  # from a reset until detectors are asked again
QUEUE_MAX = 500
SECOND_NS = 1_000_000_000

ALARMS = frozenset({"fire", "smoke", "heat", "callpoint"})
OF_DEVICES = {"trouble": What.TROUBLE, "bypass": What.ISOLATED}
OF_PANEL = {"mains": What.MAINS, "battery": What.BATTERY}
OWN = {
    "reset": What.RESET,
    "mute": What.MUTED,
    "feedback": What.ANSWERED,
    "supervisory": What.SUPERVISORY,
    "event": What.STRANGE,
}
AT_DEVICES = {What.ANSWERED, What.SUPERVISORY}
ENDED_BY_RESET = {What.FIRE, What.TROUBLE, What.SUPERVISORY}
MEANINGS = {
    What.TROUBLE: (Kind.ZONE_TROUBLE, "380"),
    What.ISOLATED: (Kind.BYPASS, "571"),
    What.SUPERVISORY: (Kind.FIRE_SUPERVISORY, "200"),
    What.MAINS: (Kind.POWER, "301"),
    What.BATTERY: (Kind.POWER, "302"),
    What.ANSWERED: (Kind.LOG, None),
    What.RESET: (Kind.LOG, None),
    What.MUTED: (Kind.LOG, None),
    What.STRANGE: (Kind.UNKNOWN, None),
}


@dataclass(frozen=True, slots=True)
class CnFireSetup:
    """The panel's dialect, and what of its timing is other than its maker's (None: nothing)."""

    dialect: Dialect
    beat_s: float | None = None
    repeat_s: float | None = None
    asides: bool = True  # it says, too, what means nothing


@dataclass(slots=True)
class _Pending:
    """Something to be said: `told` is None where it means nothing; `say` once it was said."""

    frame: bytes
    told: Told | None
    copies: int
    say: Say | None = None


class CnFireVoice:
    """The panel's mouth and ear.

    panel = ModelPanel(model, CnFireVoice(model, CnFireSetup(dialect)))
    panel.handle(Commanded(Command.parse("smoke zone=3")), now_ns)
    """

    def __init__(self, model: Model, setup: CnFireSetup) -> None:
        self._model = model
        self._dialect = setup.dialect
        beat_s = setup.dialect.beat_s if setup.beat_s is None else setup.beat_s
        self._beat_ns = int(beat_s * SECOND_NS) if setup.dialect.beat else 0
        repeat_s = setup.dialect.repeat_s if setup.repeat_s is None else setup.repeat_s
        self._repeat_ns = int(repeat_s * SECOND_NS)
        self._asides = setup.asides
        self._teller = Teller()
        self._queue: deque[_Pending] = deque()
        self._free_ns = 0  # when the next thing may be said
        self._beat_due_ns = 0
        self._restart_ns: int | None = None
        self._standing: set[tuple[What, int]] = set()  # as the panel's display shows it
        self._told: dict[tuple[What, int], Occurrence] = {}  # since the last reset, and not ended
        self._peer: int | None = None
        self._held = b""
        self._host_ns = 0
        self._host_gone = False

    # ---- the line

    def plugged(self, peer: int, now_ns: int) -> list[Output]:
        """Three wires: the panel does not notice, but for whom to speak to."""
        self._peer, self._held = peer, b""
        self._host_ns, self._host_gone = now_ns, False
        self._beat_due_ns = max(self._beat_due_ns, now_ns + self._beat_ns)
        return []

    def unplugged(self, peer: int) -> None:
        """See Voice."""
        if peer == self._peer:
            self._peer = None

    def deadline_ns(self) -> int | None:
        """Return when something is to be said, the host is missed, or detectors are asked again."""
        due = [self._free_ns] if self._queue else []
        if self._restart_ns is not None:
            due.append(self._restart_ns)
        if self._peer is not None:
            if self._beat_ns:
                due.append(self._beat_due_ns)
            if self._dialect.host_s and not self._host_gone:
                due.append(self._host_due_ns)
        return min(due, default=None)

    @property
    def _host_due_ns(self) -> int:
        return self._host_ns + int(self._dialect.host_s * SECOND_NS)

    def wake(self, now_ns: int) -> list[Output]:
        """Do what is due."""
        outputs: list[Output] = []
        if self._restart_ns is not None and now_ns >= self._restart_ns:
            outputs += self._ask_again(now_ns)
        if self._peer is not None and self._dialect.host_s and now_ns >= self._host_due_ns:
            outputs += self._miss_host()
        if self._peer is not None and self._beat_ns and now_ns >= self._beat_due_ns:
            self._beat_due_ns = now_ns + self._beat_ns
            if not self._queue:  # whoever hears events knows as well that the panel is there
                copies = 1 if self._dialect.until_ack else self._dialect.copies
                self._queue.append(_Pending(self._dialect.beat, None, copies))
        return outputs + self._speak(now_ns)

    def _miss_host(self) -> list[Output]:
        if self._host_gone:
            return []
        self._host_gone = True
        return self._teller.untold(Happening("host missing"))

    def delivered(self, covers: tuple[int, ...], frame: bytes) -> list[Output]:
        """See Voice."""
        del frame
        return self._teller.delivered(covers)

    def hear(self, data: bytes, peer: int, now_ns: int) -> list[Output]:
        """Note that the host is there; let it acknowledge."""
        if peer != self._peer:
            return []
        heard, answer, rest = self._dialect.hear(self._held + data)
        self._held = rest[-HELD_BYTES_MAX:]
        if not heard:
            return []
        self._host_ns, self._host_gone = now_ns, False
        outputs: list[Output] = [Say(answer, peer)] if answer else []
        if Host.ACK in heard and self._dialect.until_ack and self._queue:
            if self._queue[0].say is not None:
                self._queue.popleft()
                self._free_ns = now_ns
            outputs += self._speak(now_ns)
        return outputs

    # ---- what happens

    def obey(self, command: Command, now_ns: int) -> list[Output] | None:
        """Control lines of this panel: `reset`, `mute`, `feedback`, `supervisory`, `event`."""
        what = OWN.get(command.name)
        if what is None:
            return self._teller.obey(command, self._peer or 0)
        active = command.word(0, "") != "over"
        if what in AT_DEVICES:
            command.only("zone")
            return self._at_device(what, self._zone(command), active, now_ns)
        if what is What.RESET:
            return self._reset(now_ns)
        return self._happen(Occurrence(what), now_ns)

    def _zone(self, command: Command) -> int:
        zone = command.number("zone", min(self._model.zones), 1, 999_999)
        if zone not in self._model.zones:
            raise CommandError(f"zone={zone}: there are 1..{max(self._model.zones)}")
        return zone

    def tell(self, happened: Happened, now_ns: int) -> list[Output]:
        """Say it, where it is news and the maker has words for it."""
        match happened:
            case Moved(Kind.OUTPUT, number, state):
                return self._at_device(What.STARTED, number, state is State.ON, now_ns)
            case Happening(word, active, zone=int(zone)) if word in ALARMS:
                return self._at_device(What.FIRE, zone, active, now_ns)
            case Happening(word, active, zone=int(zone)) if word in OF_DEVICES:
                return self._at_device(OF_DEVICES[word], zone, active, now_ns)
            case Happening(word, active) if word in OF_PANEL:
                return self._happen(Occurrence(OF_PANEL[word], active), now_ns)
            case Happening():
                return self._teller.untold(happened)
        return []

    def _at_device(self, what: What, number: int, active: bool, now_ns: int) -> list[Output]:
        zone = self._model.zones.get(number)
        detector = DETECTORS[(number - 1) % len(DETECTORS)]
        loop = zone.area if zone is not None and what is not What.STARTED else 1
        return self._happen(Occurrence(what, active, loop, number, detector), now_ns)

    def _happen(self, told: Occurrence, now_ns: int) -> list[Output]:
        """Say what is news to the panel: a detector cannot alarm twice, nor stop before a reset."""
        key = told.what, told.point
        if told.what in ENDED_BY_RESET:
            if (key in self._standing) is told.active:
                return self._untold(told)
            (self._standing.add if told.active else self._standing.discard)(key)
        frame = self._dialect.frame(told, self._model.clock(now_ns))
        if not frame:
            if told.what is What.FIRE:
                self._standing.add(key)  # it latches
            return self._untold(told)
        if told.what in ENDED_BY_RESET:
            self._told[key] = told
        return self._put(told, Told(frame, (self._meaning(told),)), now_ns)

    def _reset(self, now_ns: int) -> list[Output]:
        told = Occurrence(What.RESET)
        frame = self._dialect.frame(told, self._model.clock(now_ns))
        ended = tuple(
            self._meaning(replace(told, active=False))
            for told in self._told.values()
            if told.active
        )
        self._standing.clear()
        self._told.clear()
        self._restart_ns = now_ns + int(RESTART_S * SECOND_NS)
        if not frame:
            return self._untold(told)
        return self._put(told, Told(frame, (self._meaning(told),), ended), now_ns)

    def _ask_again(self, now_ns: int) -> list[Output]:
        """After a reset: what is in alarm still says so."""
        self._restart_ns = None
        burning = {zone for word in ALARMS for zone in self._model.stands(word) if zone}
        outputs: list[Output] = []
        for zone in sorted(burning):
            if (What.FIRE, zone) not in self._standing:
                outputs += self._at_device(What.FIRE, zone, True, now_ns)
        return outputs

    def _untold(self, told: Occurrence) -> list[Output]:
        return self._teller.untold(Happening(told.what.value))

    # ---- saying

    def _put(self, occurred: Occurrence, told: Told, now_ns: int) -> list[Output]:
        if len(self._queue) >= QUEUE_MAX:
            return [Note(Entry(0, Said.DROPPED, signal, told.frame)) for signal in told.signals]
        self._queue.append(_Pending(told.frame, told, self._dialect.copies))
        aside = self._dialect.aside(occurred) if self._asides else b""
        if aside:
            self._queue.append(_Pending(aside, None, self._dialect.copies))
        riddle = self._dialect.riddle(occurred) if self._asides else b""
        if riddle:
            kept = Told(riddle, (Signal(kind=Kind.UNKNOWN, state=State.ACTIVE),))
            self._queue.append(_Pending(riddle, kept, self._dialect.copies))
        return self._speak(now_ns)

    def _speak(self, now_ns: int) -> list[Output]:
        outputs: list[Output] = []
        while self._queue and now_ns >= self._free_ns:
            pending = self._queue[0]
            if pending.copies == 0:  # it waited for its ACK in vain
                self._queue.popleft()
                continue
            outputs += self._say(pending)
            pending.copies -= 1
            waits = pending.copies > 0 or (self._dialect.until_ack and pending.told is not None)
            if not waits:
                self._queue.popleft()
            pause_ns = self._repeat_ns if waits else int(self._dialect.gap_s * SECOND_NS)
            size_ns = len(pending.frame) * BITS_PER_BYTE * SECOND_NS // self._dialect.baud
            self._free_ns = now_ns + size_ns + pause_ns
        return outputs

    def _say(self, pending: _Pending) -> list[Output]:
        """Say it once more; the wire carries it to nobody where nobody is there."""
        if self._peer is None:
            return []
        if pending.say is not None:
            return [replace(pending.say, peer=self._peer)]
        if pending.told is None:
            pending.say = Say(pending.frame, self._peer)
            return [pending.say]
        outputs = self._teller.tell(pending.told, self._peer)
        pending.say = next(output for output in outputs if isinstance(output, Say))
        return outputs

    # ---- what it means

    def _meaning(self, told: Occurrence) -> Signal:
        kind, code = MEANINGS.get(told.what, (Kind.FIRE, self._fire_code(told.detector)))
        begun, over = State.ACTIVE, State.RESTORED
        if told.what is What.STARTED:
            kind, code, begun, over = Kind.OUTPUT, None, State.ON, State.OFF
        return Signal(
            kind=kind,
            code=code,
            state=begun if told.active else over,
            area=told.loop or None if not self._dialect.six_digits else None,
            zone=told.point or None,
        )

    def _fire_code(self, detector: Detector) -> str:
        return detector.code if detector.type in self._dialect.tells else "110"
