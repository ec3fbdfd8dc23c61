"""The frame of a session with a panel that says one thing at a time and waits for its ACK.

Pure.  What all such protocols have in common is decided here: the ACK goes out when everything
heard is durable, and never so late that it could meet the next copy; what the panel says again is
recorded once; a damaged frame is asked for again when the line is quiet; silence is found; where
several hosts listen, not a byte is sent.  A driver brings its `Manners` (a table) and an
`AcknowledgedPanel`: what its frames are and how they are answered.

    session=lambda setup: AcknowledgedSession(setup, MANNERS, MyPanel(setup))
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from edge_agent.domain.command import Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.owed_ack import BYTE_NS, Message, OwedAck, Undurable, has_crossed
from edge_agent.domain.presence import Presence
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.session import (
    WAITING,
    Action,
    ClockRead,
    Commanded,
    Committed,
    Decoder,
    Fault,
    FaultKind,
    Frame,
    HungUp,
    Input,
    Obeyed,
    Opened,
    Received,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

EARLY = 0.5  # of the repeat time: a copy sooner than this after the one before is no repeat
LATE = 0.75  # of it: an ACK later than this waits for the next copy, so that they never cross
TOGETHER_MAX = 4  # frames of one event that are remembered
PEERS_MAX = 8  # callers of one panel: its main and second path, and connections that linger
_DAMAGE = frozenset({FaultKind.CHECKSUM, FaultKind.LENGTH})


class Part(Enum):
    """What a good frame of the panel is in the conversation."""

    BEGIN = "begin"  # a conversation begins, perhaps anew: what follows may have been said before
    EVENT = "event"  # something happened
    MORE = "more"  # it belongs to the event before it
    END = "end"  # the panel has its ACK of all before: the same words again are a new event
    ALIVE = "alive"  # it is there, and no more
    ANSWER = "answer"  # it answers what it was asked, if it was: else it is a host's, heard along
    HOST = "host"  # not of the panel: what a host says, heard along


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How a panel waits.

    Unanswered it says the same again after `repeat_s`, `tries_max` times in all; later it begins
    anew, within `anew_s`.  It says something at least each `due_s`.  Both times are the defaults of
    the options `repeat_after_s` and `due_s`.  `nak` asks for a damaged frame again; where it is
    empty the panel's own repeat does.
    """

    repeat_s: float
    tries_max: int
    due_s: float
    late_share: float = 0.1  # of `due_s`, that it may be late
    anew_s: float = 600.0
    quiet_s: float = 0.5  # without a byte: what has no end was cut
    nak: bytes = b""


class WaitingDecoder(Decoder, Protocol):
    """A decoder that tells whether a frame has begun that has not ended."""

    def is_waiting(self) -> bool:
        """Tell whether bytes are held."""


class AcknowledgedPanel(Protocol):
    """What is special of a protocol; a driver's own begins with this one."""

    def decoder(self) -> WaitingDecoder:
        """Return a fresh decoder: each caller has its own."""

    def part(self, frame: Frame) -> Part:
        """Tell what a sound frame is."""

    def ack(self, frame: Frame) -> bytes:
        """Return the ACK of a sound frame, b"" where it wants none."""

    def identity(self, frame: Frame) -> bytes:
        """Return what stays the same when the panel says a frame again."""
        return frame.raw

    def signals(self, frame: Frame) -> tuple[Signal, ...]:
        """Return what is recorded of it: a sound frame that says nothing to us is kept as well."""
        unknown = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=frame.raw[:FRAME_BYTES_MAX])
        return frame.signals or (unknown,)

    def answered(self, frame: Frame) -> bool:
        """Take what may be an answer to what the driver asked; tell whether it is one."""
        del frame
        return False

    def is_dated(self, frame: Frame) -> bool:
        """Tell whether an event says when it happened: the same words later are then no new one."""
        del frame
        return False

    def hear(self, frame: Frame, ours: ClockRead, now_ns: int) -> list[Finding]:
        """Take a sound frame that is no repeat: what else follows from it."""
        del frame, ours, now_ns
        return []


@dataclass(slots=True, eq=False, repr=False)
class _Copy(Message):
    """A frame of the newest event, to tell a repeat by."""

    account: str | None = None
    is_dated: bool = False
    asked_ns: int | None = None  # when it was asked for again
    perhaps_new: bool = False  # a copy came too soon to tell: the next one is recorded

    @property
    def is_asked_for(self) -> bool:
        """Tell whether it was asked for again, and not answered since."""
        asked_ns, answered_ns = self.asked_ns, self.answered_ns
        return asked_ns is not None and (answered_ns is None or asked_ns > answered_ns)


@dataclass(slots=True)
class _Ear:
    """One caller's bytes, and the ACK that it waits for."""

    decoder: WaitingDecoder
    ack: OwedAck
    heard_ns: int = 0
    begun_ns: int = 0  # when the first byte of the present frame was heard
    said_ns: int = 0  # when it was said, at the soonest
    newest: bytes = b""  # the newest frame that wanted an ACK
    is_open: bool = False  # bytes came since the line was quiet
    refusing: bool = False  # a NAK is due when it is


class AcknowledgedSession:
    """The host's side of the conversation.

    One ACK is owed to each caller, for the newest frame, and it is sent once everything heard is
    durable: whatever the panel takes it for, that is safe.
    """

    def __init__(self, setup: Setup, manners: Manners, panel: AcknowledgedPanel) -> None:
        self._panel = panel
        self._manners = manners
        self._listen_only = setup.options.get("listen_only") is True
        self._repeat_ns = seconds_ns(setup, "repeat_after_s", manners.repeat_s)
        due_ns = seconds_ns(setup, "due_s", manners.due_s)
        self._presence = Presence(
            int(due_ns * (1 + manners.late_share)), "nothing was said when it was due"
        )
        self._quiet_ns = int(manners.quiet_s * NS_PER_S)
        self._quality = LineQuality()
        self._ours: ClockRead | None = None
        self._ears: OrderedDict[int, _Ear] = OrderedDict()  # silent longest first
        self._undurable = Undurable()
        self._newest: list[_Copy] = []  # the newest event, and what belongs to it
        self._anew = False  # a conversation has begun since: all of it may be said again
        self._unread = b""  # the newest frame that says nothing to us
        self._reopened = False  # over a new line: the panel may not have waited for long
        self._talk_ns: int | None = None  # when a conversation that has not ended was last heard

    def deadline_ns(self) -> int | None:
        """Return when a line counts as quiet, or a silence has lasted too long."""
        due = [ear.heard_ns + self._quiet_ns for ear in self._ears.values() if ear.is_open]
        silent_at_ns = self._presence.deadline_ns()
        return min(due if silent_at_ns is None else [*due, silent_at_ns], default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                self._open(happened, now_ns)
            case ClockRead():
                self._ours = happened
            case Received(data, peer):
                return self._receive(data, peer, now_ns) + self._answer(now_ns)
            case HungUp(peer):
                return self._hang_up(peer, now_ns)
            case Committed(token):
                self._undurable.committed(token)
                return self._answer(now_ns)
            case Commanded(number):
                return [Obeyed(number, Outcome.UNSUPPORTED)]
            case Ticked():
                actions = self._fall_quiet(now_ns) + self._answer(now_ns)
                return actions + self._presence.missed(now_ns)
            case _:
                pass  # a caller is known by its first bytes; registers are not of such protocols
        return []

    # ---- for a driver that asks, too

    @property
    def online(self) -> bool:
        """Whether the panel is proven to be there."""
        return self._presence.online is True

    @property
    def owes_nothing(self) -> bool:
        """Whether all that the panel said is durable, and has its ACK."""
        return not self._undurable.tokens and not any(e.ack.answer for e in self._ears.values())

    def rests_at_ns(self) -> int:
        """Return when the panel has come to rest if nothing more is heard: then it can be asked.

        A conversation without an end is over when the panel has given up.
        """
        quiet = [ear.heard_ns + self._quiet_ns for ear in self._ears.values() if ear.is_open]
        if self._talk_ns is not None:
            quiet.append(self._talk_ns + 2 * self._manners.tries_max * self._repeat_ns)
        return max(quiet, default=0)

    def report(self, signals: tuple[Signal, ...]) -> list[Action]:
        """Record what the panel answered: durable, like all it said, before its next ACK."""
        return [self._undurable.report(signals)] if signals else []

    def lost(self, reason: str) -> list[Action]:
        """The panel no longer answers: it is not there until it is heard."""
        return self._presence.lost(reason)

    # ---- lines

    def _open(self, opened: Opened, now_ns: int) -> None:
        self._ears.clear()
        self._talk_ns = None
        self._newest = []
        self._anew = self._reopened = True
        self._presence.open(now_ns)
        self._undurable.open(opened)
        waiting = () if opened.waiting is None else (opened.waiting,)
        decoder = self._panel.decoder()
        for recent in (*opened.recent[-TOGETHER_MAX:], *waiting):
            if recent.age_ns is None:
                continue  # of another boot: a double is better than a loss
            for frame in (*decoder.feed(recent.frame), *decoder.finish()):
                if frame.fault is FaultKind.NOISE or frame.fault in _DAMAGE:
                    continue  # its secrets are masked
                copy = self._copy(frame, now_ns - recent.age_ns)
                copy.token = WAITING if recent is opened.waiting else None
                self._remember(copy, self._panel.part(frame))

    def _receive(self, data: bytes, peer: int, now_ns: int) -> list[Action]:
        ear = self._ears.get(peer)
        if ear is None:
            self._anew = self._reopened = True
            ack = OwedAck(self._undurable, int(LATE * self._repeat_ns))
            ear = self._ears[peer] = _Ear(self._panel.decoder(), ack)
            if len(self._ears) > PEERS_MAX:
                self._ears.popitem(last=False)
        self._ears.move_to_end(peer)
        since_ns = now_ns - len(data) * BYTE_NS
        if not ear.decoder.is_waiting():
            ear.begun_ns, ear.said_ns = now_ns, since_ns
        ear.heard_ns, ear.is_open = now_ns, True
        actions: list[Action] = []
        frames = ear.decoder.feed(data)
        for frame in frames:  # what stood before the first may be damage of the same
            actions += self._hear(frame, ear, now_ns)
        if any(frame.fault is not FaultKind.NOISE for frame in frames):
            ear.begun_ns, ear.said_ns = now_ns, since_ns
        return actions

    def _hang_up(self, peer: int, now_ns: int) -> list[Action]:
        """Read what was cut; nobody is there to hear an answer."""
        ear = self._ears.pop(peer, None)
        if ear is None:
            return []
        return [one for frame in ear.decoder.finish() for one in self._hear(frame, ear, now_ns)]

    def _fall_quiet(self, now_ns: int) -> list[Action]:
        actions: list[Action] = []
        for peer, ear in self._ears.items():
            if not ear.is_open or now_ns < ear.heard_ns + self._quiet_ns:
                continue
            ear.is_open = False
            for frame in ear.decoder.finish():
                actions += self._hear(frame, ear, ear.heard_ns)
            if ear.refusing:
                ear.refusing = False
                ear.ack.withdraw()
                actions.append(Send(self._manners.nak, peer))
                for copy in self._newest:
                    copy.asked_ns = now_ns
        return actions

    # ---- frames

    def _hear(self, frame: Frame, ear: _Ear, now_ns: int) -> list[Action]:
        fault = frame.fault
        if fault is FaultKind.NOISE:
            return [Fault(fault, "", frame.raw[:FRAME_BYTES_MAX])]
        if fault in _DAMAGE:
            # a damaged copy of what has its ACK needs none: a NAK would bring one more
            is_asked = bool(self._manners.nak) and not self._listen_only
            ear.refusing = is_asked and not _has_crossed(ear, None)
            return [*self._quality.bad(), Fault(fault, "", frame.raw)]
        actions: list[Action] = [*self._quality.good()]
        part = self._panel.part(frame)
        if part is Part.HOST:
            return actions
        if part is Part.ANSWER:
            return actions + (self._presence.heard(now_ns) if self._panel.answered(frame) else [])
        if part is Part.END and self._waits_for_ack():
            return [*actions, Fault(FaultKind.NOISE, "an end out of turn", frame.raw)]
        ear.refusing = False
        self._talk_ns = None if part is Part.END else now_ns
        actions += self._presence.heard(now_ns)
        if fault is not None:
            actions.append(Fault(fault, "", frame.raw))
            if frame.raw != self._unread:
                self._unread = frame.raw
                return actions  # a panel says it again, noise does not
        if part in (Part.EVENT, Part.MORE):
            return actions + self._record(frame, part, ear, now_ns)
        if part is Part.BEGIN:
            self._anew = True
        if part is Part.END:
            self._newest = []
        self._owe(frame, None, ear, now_ns)
        return actions + self._note(frame, now_ns)

    def _waits_for_ack(self) -> bool:
        """Tell whether the panel cannot have had the ACK of the newest: it says that until it has.

        An end of few bytes that is heard all the same is none of its own.  Where somebody else
        gives the ACKs it may be.
        """
        newest = self._newest[-1:]
        return not self._listen_only and any(c.token in self._undurable.tokens for c in newest)

    def _note(self, frame: Frame, now_ns: int) -> list[Action]:
        return [] if self._ours is None else [*self._panel.hear(frame, self._ours, now_ns)]

    def _owe(self, frame: Frame, copy: _Copy | None, ear: _Ear, now_ns: int) -> None:
        ack = self._panel.ack(frame)
        if not ack or self._listen_only:
            return
        if _has_crossed(ear, frame):
            return  # the ACK that it crossed is its answer too; one more would be another's
        ear.newest = frame.raw
        ear.ack.owe(ack, now_ns, copy)

    # ---- events

    def _record(self, frame: Frame, part: Part, ear: _Ear, now_ns: int) -> list[Action]:
        before = self._said_before(frame, ear, now_ns)
        if before is not None:
            before.heard_ns = now_ns
            if _has_crossed(ear, frame) and not self._newest[0].is_dated:
                before.perhaps_new = ear.begun_ns > (ear.ack.answered_ns or 0)
            self._owe(frame, before, ear, now_ns)
            return [Fault(FaultKind.REPEAT, "", frame.raw)]
        report = self._undurable.report(self._panel.signals(frame))
        copy = self._copy(frame, now_ns)
        copy.token = report.token
        self._remember(copy, part)
        self._owe(frame, copy, ear, now_ns)
        return [report, *self._note(frame, now_ns)]

    def _copy(self, frame: Frame, heard_ns: int) -> _Copy:
        account = frame.signals[0].account if frame.signals else None
        is_dated = self._panel.is_dated(frame)
        words = self._panel.identity(frame)
        return _Copy(words, heard_ns, account=account, is_dated=is_dated)

    def _remember(self, copy: _Copy, part: Part) -> None:
        if part is Part.EVENT:
            self._newest = []
            was_before = copy.token is None or copy.token == WAITING  # the line was up
            self._anew = self._reopened = was_before
        self._newest = [*self._newest, copy][-TOGETHER_MAX:]

    def _said_before(self, frame: Frame, ear: _Ear, now_ns: int) -> _Copy | None:
        """Return the copy that the panel said before, None where this is something new."""
        now = self._copy(frame, now_ns)
        for copy in reversed(self._newest if self._anew else self._newest[-1:]):
            if copy.words == now.words and (
                None in (copy.account, now.account) or copy.account == now.account
            ):
                crossed = _has_crossed(ear, frame)
                return copy if self._is_repeat(copy, now_ns, crossed=crossed) else None
        return None

    def _is_repeat(self, copy: _Copy, now_ns: int, *, crossed: bool) -> bool:
        if copy.perhaps_new:
            return False
        if copy.token in self._undurable.tokens or crossed:
            return True
        age_ns = now_ns - copy.heard_ns
        anew_ns = int(self._manners.anew_s * NS_PER_S)
        if copy.answered_ns is None and copy.token is not None and not self._listen_only:
            return age_ns <= anew_ns  # the panel has had no ACK of it, and says it until it has
        late_ns = anew_ns if self._newest[0].is_dated else self._manners.tries_max * self._repeat_ns
        if copy.is_asked_for or self._reopened:
            return age_ns <= late_ns
        return EARLY * self._repeat_ns <= age_ns <= late_ns

    def _answer(self, now_ns: int) -> list[Action]:
        given = [(ear.ack.due(now_ns), peer) for peer, ear in self._ears.items()]
        return [Send(ack, peer) for ack, peer in given if ack]


def _has_crossed(ear: _Ear, frame: Frame | None) -> bool:
    """Tell whether a copy of what has its ACK began before that could be heard; None: damaged."""
    is_same = frame is None or frame.raw == ear.newest
    return is_same and has_crossed(ear.ack.answered_ns, ear.said_ns)
