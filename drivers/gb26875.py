"""GB/T 26875.3: a fire alarm transmission device (or a panel that speaks like one) reports to us.

We are the center.  The device sends, we acknowledge once it is durable; unacknowledged it says the
same again with the same serial number after 10 s, three times.  A damaged frame is denied.  At each
link-up the state is asked for; every bit of every component is remembered, and its edges are told.

Frames are of `drivers._gb26875_frames`, what they say of `drivers._gb26875_objects`.
Source: the public standard; open codecs; captures from the field.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from drivers._gb26875_frames import (
    FRAME_BYTES_MIN,
    Cut,
    Cutter,
    Header,
    data_of,
    frame_of,
    header_of,
    time_bytes,
    time_of,
)
from drivers._gb26875_frames import Command as Word
from drivers._gb26875_objects import (
    FIRE_BIT,
    REGISTRATION,
    Reading,
    Said,
    Thing,
    UnfitError,
    at_rest,
    read_data,
    signal,
    signals_of,
)
from edge_agent.domain.asking import Asking, Pace
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.panel_clock import PanelClock, PanelTime
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.session import (
    Action,
    ClockRead,
    Commanded,
    Committed,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Link,
    Nature,
    Obeyed,
    Opened,
    Option,
    Plain,
    Received,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S, charset_of, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

HEARTBEAT_S = 60.0  # devices in the field say their state each 30 to 120 s
SILENT_INTERVALS = 3
ANSWER_NS = 10 * NS_PER_S  # the standard's limit
TRIES = 2  # the standard allows more; a device that answers no request at all is common
CUT_NS = 2 * NS_PER_S  # a frame takes 1.1 s at 9600 baud: bytes so old without their rest were cut
SETTLE_NS = NS_PER_S  # after link-up the device says what it has to say first
REPEAT_NS = 3600 * NS_PER_S  # devices keep what was not acknowledged, and say it again much later
SEEN_MAX = 256  # frames known by their fingerprint
THINGS_MAX = 10_000  # the largest panels have some thousands of points
OWED_MAX = 256  # a device waits for one ACK at a time
SYSTEMS_MAX = 16  # asked for at link-up
STANDING_MAX = 32  # components whose end may have been missed, asked for at link-up
SAME_REFUSED_MAX = 3  # so many equal copies of a frame with the right sum are no damage of the line
CLOCK_AGAIN_NS = 24 * 3600 * NS_PER_S
GRACE_NS = 30 * NS_PER_S  # after the minutes of a duty check, for the answer to travel
VENDOR_COMMANDS = 128
_UNANSWERED = frozenset({Word.CONTROL, Word.ACKNOWLEDGE, Word.REQUEST, Word.REPLY, Word.DENY})
ADDRESSINGS = ("loop_point", "point_loop", "number")


# ---- reading


class Reader:
    """Reads whole frames; keeps nothing."""

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        self._charset = charset_of(setup)
        told = setup.options.get("addressing")
        if told is None and setup.profile is not None:
            told = setup.profile.facts.get("addressing")
        self._addressing = str(told or ADDRESSINGS[0])
        if self._addressing not in ADDRESSINGS:
            raise ValueError(f"addressing is {told!r}; allowed: {', '.join(ADDRESSINGS)}")

    def said(self, raw: bytes, header: Header) -> Said:
        """Return what a good frame says.  Raises UnfitError."""
        reading = Reading(
            codes=self._codes,
            charset=self._charset,
            addressing=self._addressing,
            account=f"{header.device:012x}" if header.device else None,
            device=header.device,
            frame=raw,
            header_time=header.time,
        )
        data = data_of(raw)
        if header.command >= VENDOR_COMMANDS:
            is_said = bool(data)
            fields: dict[str, Plain] = {"data": data.hex(), "vendor": True}
            return Said("vendor_command", fields, acts=(_unknown(raw),) if is_said else ())
        return read_data(data, header.command, reading)

    def frame(self, cut: Cut) -> Frame:
        """Return what `decode` shows."""
        if cut.fault is not None:
            return Frame(cut.raw, fault=cut.fault)
        header = header_of(cut.raw)
        if not 1 <= header.command <= Word.DENY and header.command < VENDOR_COMMANDS:
            return Frame(cut.raw, fault=FaultKind.UNSUPPORTED)
        try:
            said = self.said(cut.raw, header)
        except UnfitError:
            return Frame(cut.raw, fault=FaultKind.LENGTH)
        time = time_of(header.time)
        fields: dict[str, Plain] = {
            "serial": header.serial,
            "version": f"{header.version[0]}.{header.version[1]}",
            "time": time.iso,
            "source": f"{header.source:012x}",
            "destination": f"{header.destination:012x}",
            "command": header.command,
            **said.fields,
        }
        if time.corrected:
            fields["time_corrected"] = True
        return Frame(cut.raw, said.type, signals_of(self._codes, said), fields)


def _unknown(raw: bytes) -> Signal:
    return Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=raw[:FRAME_BYTES_MAX])


class GbDecoder:
    """Reads a stream of frames."""

    def __init__(self, setup: Setup) -> None:
        self._reader = Reader(setup)
        self._cutter = Cutter()

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        return [self._reader.frame(cut) for cut in self._cutter.feed(data)]

    def finish(self) -> list[Frame]:
        """Return what is left."""
        return [self._reader.frame(cut) for cut in self._cutter.finish()]

    def packet(self, data: bytes) -> list[Frame]:
        """Read one datagram: no frame goes on in the next."""
        cutter = Cutter()
        return [self._reader.frame(cut) for cut in (*cutter.feed(data), *cutter.finish())]


# ---- what is known of components


@dataclass(frozen=True, slots=True)
class _Known:
    active: int
    time: str | None


class Memory:
    """The bits that stand of each system, component and device; only their edges are news.

    After an absence nothing is known: what stands is told anew, since a component may have been at
    rest and gone off again.  What stood before is kept for one thing: its end is told too.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[int, ...], _Known] = OrderedDict()
        self._before: OrderedDict[tuple[int, ...], int] = OrderedDict()

    def clear(self) -> None:
        """Know nothing at all."""
        self._known.clear()
        self._before.clear()

    def doubt(self, system: tuple[int, ...] | None = None) -> None:
        """Know nothing for sure: of all, or of what belongs to a system that was reset."""
        for key in list(self._known):
            if system is None or (key[0] == system[0] and key[2:4] == system[2:4] and key[1] == 2):
                self.stood(key, self._known.pop(key).active)

    def stood(self, key: tuple[int, ...], active: int) -> None:
        """Note what was recorded before the present link."""
        self._before[key] = active
        if len(self._before) > THINGS_MAX:
            self._before.popitem(last=False)

    def systems(self) -> list[tuple[int, int]]:
        """Return type and address of each system that was named."""
        keys = [key for key in (*self._known, *self._before) if key[1] != 21]
        return list(dict.fromkeys((key[2], key[3]) for key in keys))[:SYSTEMS_MAX]

    def standing(self) -> list[tuple[int, int, int]]:
        """Return system type, system and address of components in doubt that stood."""
        doubtful = [key for key, active in self._before.items() if active and key[1] == 2]
        return [(key[2], key[3], key[5]) for key in doubtful][-STANDING_MAX:]

    def edges(self, thing: Thing, *, asked: bool) -> list[tuple[int | None, State, Origin]]:
        """Return which bits began and ended (None: all is at rest), and remember.

        A fire that is told again unasked, of another time, has the state `status`.
        """
        known = self._known.get(thing.key)
        was = known.active if known else self._before.get(thing.key, 0)
        origin = Origin.AT_START if asked and known is None else Origin.LIVE
        told: list[tuple[int | None, State, Origin]] = []
        for bit in thing.bits:
            stood, stands = was >> bit & 1, thing.active >> bit & 1
            if stands and not (known and stood):
                told.append((bit, State.ACTIVE, origin))
            elif stands and bit == FIRE_BIT and not asked and known:
                if known.time != thing.place.panel_time:
                    told.append((bit, State.STATUS, Origin.LIVE))
            elif stood and not stands:
                told.append((bit, State.RESTORED, Origin.LIVE))
        if thing.component is not None and not thing.active and (known is None or known.active):
            told.append((None, State.CLOSED, origin))
        self._before.pop(thing.key, None)
        self._known[thing.key] = _Known(thing.active, thing.place.panel_time)
        self._known.move_to_end(thing.key)
        if len(self._known) > THINGS_MAX:
            self._known.popitem(last=False)
        return told


# ---- session


@dataclass(slots=True)
class _Seen:
    """A frame that was taken, to tell its repeats by."""

    heard_ns: int
    is_news: bool  # it was recorded


@dataclass(slots=True)
class _Owed:
    """An ACK that waits until all that was reported before it is durable."""

    waits: set[int]
    data: bytes
    peer: int
    identity: bytes


def _identity(raw: bytes) -> bytes:
    """Name a frame by serial, addresses and contents; the time in its header may be made anew."""
    return hashlib.blake2b(raw[2:4] + raw[12:24] + data_of(raw), digest_size=16).digest()


class GbSession:
    """The center's side: acknowledges, denies, asks, sets the clock, checks for presence."""

    def __init__(self, setup: Setup) -> None:
        options = setup.options
        self._codes = setup.codes
        self._reader = Reader(setup)
        self._listen_only = options.get("listen_only") is True
        self._is_clock_ours = "clock" in setup.allow
        self._silence_ns = SILENT_INTERVALS * seconds_ns(setup, "heartbeat_s", HEARTBEAT_S)
        duty_s = options.get("duty_check_s")
        self._duty_ns = int(float(str(duty_s)) * NS_PER_S) if duty_s is not None else None
        self._duty_minutes = int(str(options.get("duty_minutes") or 10))
        self._asks = options.get("resync") is not False
        self._clock = PanelClock(setup.zone)
        self._quality = LineQuality()
        self._asking = Asking(Pace(ANSWER_NS, TRIES))
        self._memory = Memory()
        self._tokens = 0
        self._begin(0)

    def _begin(self, now_ns: int) -> None:
        self._cutter = Cutter()
        self._bytes_ns = now_ns
        self._peer = 0
        self._link: Header | None = None  # the newest frame of the device: how it is addressed
        self._online: bool | None = None
        self._silent_at_ns: int | None = now_ns + self._silence_ns
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()
        self._pending: set[int] = set()
        self._owed: list[_Owed] = []
        self._refused = (b"", 0)
        self._serial = now_ns // NS_PER_S & 0xFFFF  # a device may remember those of an earlier life
        self._names: dict[int, str] = {}
        self._ask_at_ns: int | None = None
        self._clock_at_ns: int | None = None  # when the device's clock is to be set
        self._doing: int | None = None  # the command that waits for the clock's ACK
        self._duty_at_ns: int | None = None
        self._duty_until_ns: int | None = None
        self._duty_frame = b""
        self._asking.clear()
        self._memory.clear()

    def deadline_ns(self) -> int | None:
        """Return when a cut frame is given up, something is to be asked, or silence is too long."""
        due = [self._silent_at_ns, self._asking.deadline_ns(), self._ask_at_ns]
        due += [self._duty_at_ns, self._duty_until_ns]
        if self._cutter.is_waiting():
            due.append(self._bytes_ns + CUT_NS)
        if self._asking.idle:
            due.append(self._clock_at_ns)
        return min((at_ns for at_ns in due if at_ns is not None), default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        actions: list[Action] = []
        match happened:
            case Opened():
                self._open(happened, now_ns)
            case ClockRead():
                self._clock.read(happened)
                if self._online and self._is_clock_ours:
                    self._clock_at_ns = now_ns
            case Received():
                actions += self._receive(happened, now_ns)
            case Committed(token):
                actions += self._commit(token)
            case Commanded(number, command):
                actions += self._command(number, command, now_ns)
            case Ticked():
                actions += self._wake(now_ns)
            case _:
                pass  # one device speaks here, whoever carries its frames; registers there are none
        return actions + self._ask(now_ns)

    def _open(self, opened: Opened, now_ns: int) -> None:
        self._begin(now_ns)
        for recent in opened.recent:
            cutter = Cutter()
            for cut in (*cutter.feed(recent.frame), *cutter.finish()):
                if cut.fault is not None:
                    continue
                self._remember(cut.raw, _Seen(now_ns - (recent.age_ns or 0), is_news=True))
                try:
                    said = self._reader.said(cut.raw, header_of(cut.raw))
                except UnfitError:
                    continue
                for thing in said.things:
                    self._memory.stood(thing.key, thing.active)

    def _remember(self, raw: bytes, seen: _Seen) -> None:
        identity = _identity(raw)
        self._seen[identity] = seen
        self._seen.move_to_end(identity)
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    # ---- hearing

    def _receive(self, heard: Received, now_ns: int) -> list[Action]:
        self._peer = heard.peer
        if heard.packet:
            cutter = Cutter()
            cuts = [*cutter.feed(heard.data), *cutter.finish()]
        else:
            cuts = [*self._given_up(now_ns), *self._cutter.feed(heard.data)]
            self._bytes_ns = now_ns
        return [action for cut in cuts for action in self._on_cut(cut, now_ns)]

    def _given_up(self, now_ns: int) -> list[Cut]:
        is_old = self._cutter.is_waiting() and now_ns - self._bytes_ns >= CUT_NS
        return self._cutter.finish() if is_old else []

    def _on_cut(self, cut: Cut, now_ns: int) -> list[Action]:
        if cut.fault is FaultKind.NOISE:
            return [Fault(FaultKind.NOISE, "", cut.raw[:FRAME_BYTES_MAX])]
        if cut.fault is not None:
            fault = Fault(cut.fault, "", cut.raw)
            is_readable = cut.fault is FaultKind.CHECKSUM and len(cut.raw) >= FRAME_BYTES_MIN
            deny = self._answer(cut.raw, Word.DENY, now_ns) if is_readable else []
            return [fault, *self._quality.bad(), *deny]
        return [*self._quality.good(), *self._on_frame(cut.raw, now_ns)]

    def _on_frame(self, raw: bytes, now_ns: int) -> list[Action]:
        header = header_of(raw)
        if header.command in (Word.CONTROL, Word.REQUEST):
            return []  # of a center: our own, or another's, heard along
        if header.command in (Word.ACKNOWLEDGE, Word.DENY):
            return self._answered(header, now_ns)
        is_known = header.command in (Word.SEND, Word.REPLY) or header.command >= VENDOR_COMMANDS
        try:
            said = self._reader.said(raw, header) if is_known else None
        except UnfitError:
            said = None
        if said is None:
            return self._refuse(raw, header, is_known=is_known, now_ns=now_ns)
        actions = self._alive(header, now_ns)
        if said.type in ("device_state", "registration", "device_clock"):
            actions += self._compare(said, header, now_ns)
        if header.command == Word.REPLY:
            self._asking.answered(self._names.pop(header.serial, ""), now_ns)
            news = self._news(said, asked=True)
            return actions + ([self._report(news)] if news else [])
        return actions + self._take(raw, said, now_ns)

    def _alive(self, header: Header, now_ns: int) -> list[Action]:
        self._silent_at_ns = now_ns + self._silence_ns
        self._link = header
        if self._online:
            return []
        if self._online is False:
            self._memory.doubt()
        self._online = True
        self._ask_at_ns = now_ns + SETTLE_NS
        self._clock_at_ns = now_ns + SETTLE_NS if self._is_clock_ours else None
        self._duty_at_ns = None if self._duty_ns is None else now_ns + self._duty_ns
        return [Link(online=True)]

    def _compare(self, said: Said, header: Header, now_ns: int) -> list[Action]:
        """Judge the device's clock by frames that it makes at the moment."""
        told = time_of(header.time)
        if said.type == "device_clock":
            objects = said.fields["objects"]
            first = objects[0] if isinstance(objects, list) else None
            told = PanelTime(str(first["time"])) if isinstance(first, dict) else told
        findings = self._clock.compare(told.local, now_ns)
        if any(f.active and f.cause is Cause.PANEL_CLOCK for f in findings) and self._is_clock_ours:
            self._clock_at_ns = now_ns
        return list[Action](findings)

    def _take(self, raw: bytes, said: Said, now_ns: int) -> list[Action]:
        """Record what the device sent by itself, once; then it has its ACK."""
        identity = _identity(raw)
        seen = self._seen.get(identity)
        waiting = next((owed for owed in self._owed if owed.identity == identity), None)
        if seen is not None and (waiting or now_ns - seen.heard_ns <= REPEAT_NS):
            seen.heard_ns = now_ns
            actions: list[Action] = [Fault(FaultKind.REPEAT, "", raw)] if seen.is_news else []
            if waiting is not None:
                waiting.peer = self._peer
                return actions
            return actions + self._owe(raw, set(), identity, now_ns)
        if said.is_duty_answer:
            self._duty_until_ns = None
        news = self._news(said, asked=False)
        self._remember(raw, _Seen(now_ns, bool(news)))
        if not news:  # what it repeats may not be durable yet
            return self._owe(raw, set(self._pending), identity, now_ns)
        report = self._report(news)
        return [report, *self._owe(raw, {report.token}, identity, now_ns)]

    def _news(self, said: Said, *, asked: bool) -> tuple[Signal, ...]:
        told: list[Signal] = []
        for system in said.resets:
            self._memory.doubt(system)
        for thing in said.things:
            for bit, state, origin in self._memory.edges(thing, asked=asked):
                if bit is None:
                    told.append(at_rest(thing, origin))
                else:
                    told.append(signal(self._codes, thing, bit, state, origin))
        return (*told, *said.acts)

    def _report(self, signals: tuple[Signal, ...]) -> Report:
        self._tokens += 1
        self._pending.add(self._tokens)
        return Report(self._tokens, signals)

    def _refuse(self, raw: bytes, header: Header, *, is_known: bool, now_ns: int) -> list[Action]:
        """Deny a frame of no sense; what comes back the same is kept without its meaning."""
        kind = FaultKind.LENGTH if is_known else FaultKind.UNSUPPORTED
        identity = _identity(raw)
        count = self._refused[1] + 1 if self._refused[0] == identity else 1
        self._refused = identity, count
        actions: list[Action] = [Fault(kind, f"copy {count}", raw), *self._alive(header, now_ns)]
        if count >= SAME_REFUSED_MAX:
            return actions + self._take(raw, Said("", acts=(_unknown(raw),)), now_ns)
        return actions + self._answer(raw, Word.DENY, now_ns)

    # ---- answering

    def _commit(self, token: int) -> list[Action]:
        self._pending.discard(token)
        for owed in self._owed:
            owed.waits.discard(token)
        ready = [owed for owed in self._owed if not owed.waits]
        self._owed = [owed for owed in self._owed if owed.waits]
        return [Send(owed.data, owed.peer) for owed in ready]

    def _owe(self, raw: bytes, waits: set[int], identity: bytes, now_ns: int) -> list[Action]:
        is_registration = data_of(raw) == bytes((REGISTRATION,))
        data = bytes((REGISTRATION + 1,)) if is_registration else b""
        acks = self._answer(raw, Word.ACKNOWLEDGE, now_ns, data)
        if not waits:
            return acks
        for ack in acks:
            if isinstance(ack, Send):
                self._owed = self._owed[1 - OWED_MAX :]  # the oldest goes: its device asks again
                self._owed.append(_Owed(waits, ack.data, ack.peer, identity))
        return []

    def _answer(self, raw: bytes, word: Word, now_ns: int, data: bytes = b"") -> list[Action]:
        header = header_of(raw)
        if self._listen_only or header.command in _UNANSWERED:
            return []
        return [Send(self._frame(header, header.serial, word, now_ns, data), self._peer)]

    def _frame(
        self, link: Header, serial: int, word: Word, now_ns: int, data: bytes = b""
    ) -> bytes:
        """Make a frame for the device; without a clock worth telling it says the device's own."""
        ours = self._clock.now(now_ns)
        time = link.time if ours is None else time_bytes(ours)
        header = Header(serial, link.version, time, link.destination, link.source, word)
        return frame_of(header, data)

    # ---- asking

    def _wake(self, now_ns: int) -> list[Action]:
        actions = [action for cut in self._given_up(now_ns) for action in self._on_cut(cut, now_ns)]
        if self._silent_at_ns is not None and now_ns >= self._silent_at_ns:
            actions += self._lost()
        if self._ask_at_ns is not None and now_ns >= self._ask_at_ns:
            self._ask_at_ns = None
            if self._asks:
                self._want_state(now_ns)
        if self._duty_at_ns is not None and now_ns >= self._duty_at_ns:
            self._duty_at_ns = now_ns + (self._duty_ns or REPEAT_NS)
            self._want_duty(now_ns)
        if self._duty_until_ns is not None and now_ns >= self._duty_until_ns:
            actions.append(self._missed_duty())
        return actions

    def _lost(self) -> list[Action]:
        self._silent_at_ns = self._ask_at_ns = self._clock_at_ns = None
        self._duty_at_ns = None
        self._asking.clear()
        self._names.clear()
        actions: list[Action] = [Fault(FaultKind.SILENCE, "no state and no event")]
        if self._doing is not None:
            actions.append(self._obeyed(Outcome.UNANSWERED, "silence"))
        if self._online is not False:
            self._online = False
            actions.append(Link(online=False, reason="silence"))
        return actions

    def _want_state(self, now_ns: int) -> None:
        """Ask for the device, each system known (else the first fire alarm system), what stood."""
        self._want("device", Word.REQUEST, bytes((81, 1, 0)), now_ns)
        for kind, system in self._memory.systems() or [(1, 1)]:
            self._want(
                f"system {kind} {system}", Word.REQUEST, bytes((61, 1, kind, system)), now_ns
            )
        for kind, system, address in self._memory.standing():
            data = bytes((62, 1, kind, system)) + address.to_bytes(4, "little")
            self._want(f"component {kind} {system} {address}", Word.REQUEST, data, now_ns)

    def _want_duty(self, now_ns: int) -> None:
        self._want("duty", Word.CONTROL, bytes((91, 1, self._duty_minutes)), now_ns)
        self._duty_until_ns = now_ns + self._duty_minutes * 60 * NS_PER_S + GRACE_NS

    def _missed_duty(self) -> Action:
        self._duty_until_ns = None
        missed = Signal(
            kind=Kind.LOG,
            state=State.ACTIVE,
            account=f"{self._link.device:012x}" if self._link and self._link.device else None,
            text="查岗未应答 duty check missed",
            frame=self._duty_frame,
        )
        return self._report((missed,))

    def _want(
        self, name: str, word: Word, data: bytes, now_ns: int, tries: int | None = None
    ) -> None:
        if self._link is None or self._listen_only:
            return
        serial = self._serial = (self._serial + 1) & 0xFFFF
        frame = self._frame(self._link, serial, word, now_ns, data)
        if name == "duty":
            self._duty_frame = frame
        if self._asking.ask(name, frame, tries=tries):
            self._names[serial] = name

    def _ask(self, now_ns: int) -> list[Action]:
        if self._listen_only:
            return []
        is_due = self._clock_at_ns is not None and now_ns >= self._clock_at_ns
        ours = self._clock.now(now_ns) if is_due else None
        if ours is not None and self._asking.idle:  # made when it goes out: it is still true then
            self._clock_at_ns = now_ns + CLOCK_AGAIN_NS if self._is_clock_ours else None
            self._want("clock", Word.CONTROL, b"\x5a\x01" + time_bytes(ours), now_ns, tries=1)
        elif is_due and ours is None:
            self._clock_at_ns = now_ns + CLOCK_AGAIN_NS
            if self._doing is not None:
                return [self._obeyed(Outcome.CLOCK_UNSURE, "")]
        actions = [
            Send(action.data, self._peer) if isinstance(action, Send) else action
            for action in self._asking.due(now_ns)
        ]
        for name in self._asking.given_up:
            actions += self._given_up_asking(name)
        self._asking.given_up.clear()
        return actions

    def _given_up_asking(self, name: str) -> list[Action]:
        if name == "device":  # it answers no questions: what it has to say it says by itself
            self._asking.clear()
            self._names.clear()
        if name == "clock" and self._doing is not None:
            return [self._obeyed(Outcome.UNANSWERED, "no ACK")]
        return []

    def _answered(self, header: Header, now_ns: int) -> list[Action]:
        """An ACK or a denial: of ours, or heard along where another center speaks."""
        name = self._names.get(header.serial)
        if name is None or not self._asking.answered(name, now_ns):
            return []
        del self._names[header.serial]
        is_denied = header.command == Word.DENY
        actions: list[Action] = [Fault(FaultKind.REFUSED, name)] if is_denied else []
        if name == "clock" and self._doing is not None:
            outcome = Outcome.REFUSED if is_denied else Outcome.DONE
            actions.append(self._obeyed(outcome, ""))
        return actions

    # ---- commands

    def _command(self, number: int, command: Command, now_ns: int) -> list[Action]:
        if self._listen_only:
            return [Obeyed(number, Outcome.FORBIDDEN, "this driver only listens")]
        if command.act not in DRIVER.commands:
            return [Obeyed(number, Outcome.UNSUPPORTED, f"no words for {command.act}")]
        if not self._online:
            return [Obeyed(number, Outcome.REFUSED, "the device is not there")]
        if command.act is Act.STATUS:
            self._want_state(now_ns)
            return [Obeyed(number, Outcome.DONE, "asked")]
        if self._clock.now(now_ns) is None:
            return [Obeyed(number, Outcome.CLOCK_UNSURE)]
        if self._doing is not None:
            return [Obeyed(number, Outcome.REFUSED, "the clock is being set already")]
        self._doing, self._clock_at_ns = number, now_ns
        return []

    def _obeyed(self, outcome: Outcome, detail: str) -> Action:
        assert self._doing is not None, "something was under way"
        number, self._doing = self._doing, None
        return Obeyed(number, outcome, detail)


DRIVER = Driver(
    name="gb26875",
    version="1",
    title="GB/T 26875.3 fire alarm transmission device (用户信息传输装置)",
    nature=Nature.STREAM,
    session=GbSession,
    decoder=GbDecoder,
    panels=("fire alarm transmission devices and panels that speak GB/T 26875.3-2011",),
    lines=("serial", "tcp", "listen", "udp"),
    bauds=(9600, 19200, 38400, 115200),
    abilities=(
        "events",
        "restores",
        "bypass_shown",
        "clock",
        "resync",
        "supervision",
        "trouble",
        "listen_only",
    ),
    acknowledges=True,
    quality="emulated",
    commands=frozenset({Act.STATUS, Act.CLOCK}),
    options=(
        Option(
            "heartbeat_s",
            float,
            None,
            "how often the device says something; 3 times that is silence (profile, else 60)",
            minimum=1,
            maximum=86400,
        ),
        Option(
            "addressing",
            str,
            None,
            "where the loop stands in a component's address (profile, else loop_point)",
            allowed=ADDRESSINGS,
        ),
        Option(
            "charset", str, "gb18030", "Python codec of the texts; UTF-8 is tried where it fails"
        ),
        Option("resync", bool, True, "ask for the state when the link comes up"),
        Option(
            "duty_check_s",
            float,
            None,
            "how often the operator has to prove presence (查岗); unset: never",
            minimum=600,
            maximum=604800,
        ),
        Option(
            "duty_minutes", int, 10, "how many minutes the operator has", minimum=1, maximum=255
        ),
        Option("listen_only", bool, False, "never send a byte, not even an ACK"),
    ),
)
