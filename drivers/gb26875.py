"""GB/T 26875.3: a fire alarm transmission device (or a panel that speaks like one) reports to us.

We are the center.  The device sends, we acknowledge once it is durable; unacknowledged it says the
same again with the same serial number after 10 s, three times.  A damaged frame is denied.  At each
link-up the state is asked for; every bit of every component is remembered, and its edges are told.

Frames are of `drivers._gb26875_frames`, what they say of `drivers._gb26875_objects`.
Source: the public standard; open codecs; captures from the field.
"""

from drivers._gb26875_frames import (
    FRAME_BYTES_MIN,
    Cutter,
    Header,
    data_of,
    frame_of,
    header_of,
    time_bytes,
    time_of,
)
from drivers._gb26875_frames import Command as Word
from drivers._gb26875_memory import Debts, Memory, Owed, Taken, identity_of
from drivers._gb26875_objects import (
    REGISTRATION,
    Said,
    UnfitError,
    at_rest,
    signal,
)
from drivers._gb26875_orders import DEVICE, clock_order, duty_order, state_orders
from drivers._gb26875_reading import ADDRESSINGS, VENDOR_COMMANDS, GbDecoder, Reader, unknown
from edge_agent.domain.asking import Asking, Pace
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelClock, PanelTime
from edge_agent.domain.presence import Presence
from edge_agent.domain.quality import LineQuality
from edge_agent.domain.session import (
    WAITING,
    Action,
    ClockRead,
    Commanded,
    Committed,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Nature,
    Obeyed,
    Opened,
    Option,
    Received,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NO_ACK, NS_PER_S, seconds_ns
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

HEARTBEAT_S = 60.0  # devices in the field say their state each 30 to 120 s
SILENT_INTERVALS = 3
ANSWER_NS = 10 * NS_PER_S  # the standard's limit
TRIES = 2  # the standard allows more; a device that answers no request at all is common
CUT_NS = 2 * NS_PER_S  # a frame takes 1.1 s at 9600 baud: bytes so old without their rest were cut
SETTLE_NS = NS_PER_S  # after link-up the device says what it has to say first
SAME_REFUSED_MAX = 3  # so many equal copies of a frame with the right sum are no damage of the line
CLOCK_AGAIN_NS = 24 * 3600 * NS_PER_S
GRACE_NS = 30 * NS_PER_S  # after the minutes of a duty check, for the answer to travel
_UNANSWERED = frozenset({Word.CONTROL, Word.ACKNOWLEDGE, Word.REQUEST, Word.REPLY, Word.DENY})


# ---- session


class GbSession:
    """The center's side: acknowledges, denies, asks, sets the clock, checks for presence."""

    def __init__(self, setup: Setup) -> None:
        options = setup.options
        self._codes = setup.codes
        self._reader = Reader(setup)
        self._listen_only = options.get("listen_only") is True
        self._is_clock_ours = "clock" in setup.allow and not self._listen_only
        silence_ns = SILENT_INTERVALS * seconds_ns(setup, "heartbeat_s", HEARTBEAT_S)
        self._presence = Presence(silence_ns, "no state and no event")
        duty_s = options.get("duty_check_s")
        self._duty_ns = int(float(str(duty_s)) * NS_PER_S) if duty_s is not None else None
        self._duty_minutes = int(str(options.get("duty_minutes") or 10))
        self._asks = options.get("resync") is not False
        self._clock = PanelClock(setup.zone)
        self._quality = LineQuality()
        self._asking = Asking(Pace(ANSWER_NS, TRIES))
        self._memory = Memory(setup.codes, self._reader.addressing)
        self._tokens = 0
        self._begin(0)

    def _begin(self, now_ns: int) -> None:
        self._cutter = Cutter()
        self._bytes_ns = now_ns
        self._peer = 0
        self._link: Header | None = None  # the newest frame of the device: how it is addressed
        self._since: bytes | None = None  # the device's time when it was heard last before a gap
        self._presence.open(now_ns)
        self._taken = Taken()
        self._debts = Debts()
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
        due = [self._presence.deadline_ns(), self._asking.deadline_ns(), self._ask_at_ns]
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
                if self._presence.online and self._is_clock_ours:
                    self._clock_at_ns = now_ns
            case Received():
                actions += self._receive(happened, now_ns)
            case Committed(token):
                actions += [Send(owed.data, owed.peer) for owed in self._debts.durable(token)]
            case Commanded(number, command):
                actions += self._command(number, command, now_ns)
            case Ticked():
                actions += self._wake(now_ns)
            case _:
                pass  # one device speaks here, whoever carries its frames; registers there are none
        actions += self._ask(now_ns)
        # what was heard is recorded before what we find about it
        actions.sort(key=lambda action: isinstance(action, Finding))
        return actions

    def _open(self, opened: Opened, now_ns: int) -> None:
        self._begin(now_ns)
        self._memory.clear(opened.standing)
        heard = [*opened.recent, *([opened.waiting] if opened.waiting else [])]
        if opened.waiting:
            self._debts.reported(WAITING)
        for recent in heard:
            cutter = Cutter()
            for cut in (*cutter.feed(recent.frame), *cutter.finish()):
                if cut.fault is not None:
                    continue
                self._taken.note(cut.raw, now_ns - (recent.age_ns or 0), is_news=True)
                header = header_of(cut.raw)
                try:
                    said = self._reader.said(cut.raw, header)
                except UnfitError:
                    continue
                self._since = header.time
                self._memory.recorded(said.acts)
                for thing in said.things:
                    self._memory.stood(thing.key, thing.active, asked=header.command == Word.REPLY)

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

    def _given_up(self, now_ns: int) -> list[Frame]:
        is_old = self._cutter.is_waiting() and now_ns - self._bytes_ns >= CUT_NS
        return self._cutter.finish() if is_old else []

    def _on_cut(self, cut: Frame, now_ns: int) -> list[Action]:
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
        link, self._link = self._link, header
        was_gone = self._presence.online is False
        actions = self._presence.heard(now_ns)
        if not actions:
            return []
        if was_gone:
            self._memory.doubt()
            self._since = link.time if link else None
        if self._listen_only:
            return actions
        self._ask_at_ns = now_ns + SETTLE_NS if self._asks else None
        self._clock_at_ns = now_ns + SETTLE_NS if self._is_clock_ours else None
        self._duty_at_ns = None if self._duty_ns is None else now_ns + self._duty_ns
        return actions

    def _compare(self, said: Said, header: Header, now_ns: int) -> list[Action]:
        """Judge the device's clock by frames that it makes at the moment."""
        told = time_of(header.time)
        if said.type == "device_clock":
            objects = said.fields["objects"]
            first = objects[0] if isinstance(objects, list) else None
            told = PanelTime(str(first["time"])) if isinstance(first, dict) else told
        findings = self._clock.compare(told.local, now_ns)
        if self._is_clock_ours and any(finding.active for finding in findings):
            self._clock_at_ns = now_ns
        return list[Action](findings)

    def _take(self, raw: bytes, said: Said, now_ns: int) -> list[Action]:
        """Record what the device sent by itself, once; then it has its ACK."""
        owed = self._debts.of(identity_of(raw))
        if self._taken.is_repeat(raw, now_ns):
            is_news = self._taken.was_news(raw)
            actions: list[Action] = [Fault(FaultKind.REPEAT, "", raw)] if is_news else []
            if owed is not None:
                owed.peer = self._peer
                return actions
            return actions + self._owe(raw, {WAITING} & self._debts.pending, now_ns)
        if said.is_duty_answer:
            self._duty_until_ns = None
        news = self._news(said, asked=False)
        self._taken.note(raw, now_ns, is_news=bool(news))
        if not news:  # what it repeats may not be durable yet
            return self._owe(raw, set(self._debts.pending), now_ns)
        report = self._report(news)
        return [report, *self._owe(raw, {report.token}, now_ns)]

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
        return (*told, *self._memory.acts(said.acts, asked=asked))

    def _report(self, signals: tuple[Signal, ...]) -> Report:
        self._tokens += 1
        self._debts.reported(self._tokens)
        return Report(self._tokens, signals)

    def _refuse(self, raw: bytes, header: Header, *, is_known: bool, now_ns: int) -> list[Action]:
        """Deny a frame of no sense; what comes back the same is kept without its meaning."""
        kind = FaultKind.LENGTH if is_known else FaultKind.UNSUPPORTED
        identity = identity_of(raw)
        count = self._refused[1] + 1 if self._refused[0] == identity else 1
        self._refused = identity, count
        actions: list[Action] = [Fault(kind, f"copy {count}", raw), *self._alive(header, now_ns)]
        if count >= SAME_REFUSED_MAX:
            return actions + self._take(raw, Said("", acts=(unknown(raw),)), now_ns)
        return [*actions, *self._answer(raw, Word.DENY, now_ns)]

    # ---- answering

    def _owe(self, raw: bytes, waits: set[int], now_ns: int) -> list[Action]:
        """Acknowledge a frame, once all that `waits` names is durable."""
        is_registration = data_of(raw) == bytes((REGISTRATION,))
        data = bytes((REGISTRATION + 1,)) if is_registration else b""
        acks = self._answer(raw, Word.ACKNOWLEDGE, now_ns, data)
        if not waits:
            return [*acks]
        for ack in acks:
            self._debts.owe(Owed(waits, ack.data, ack.peer, identity_of(raw)))
        return []

    def _answer(self, raw: bytes, word: Word, now_ns: int, data: bytes = b"") -> list[Send]:
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
        gone = self._presence.missed(now_ns)
        if gone:
            actions += [*gone, *self._lost()]
        if self._ask_at_ns is not None and now_ns >= self._ask_at_ns:
            self._ask_at_ns = None
            self._want_state(now_ns)
        if self._duty_at_ns is not None and now_ns >= self._duty_at_ns:
            self._duty_at_ns = now_ns + self._duty_ns if self._duty_ns else None
            self._want_duty(now_ns)
        if self._duty_until_ns is not None and now_ns >= self._duty_until_ns:
            actions.append(self._missed_duty())
        return actions

    def _lost(self) -> list[Action]:
        """Nothing is asked of a device that is not there."""
        self._ask_at_ns = self._clock_at_ns = self._duty_at_ns = None
        self._asking.clear()
        self._names.clear()
        return [] if self._doing is None else [self._obeyed(Outcome.UNANSWERED, "silence")]

    def _want_state(self, now_ns: int) -> None:
        for name, data in state_orders(self._memory, self._since):
            self._want(name, Word.REQUEST, data, now_ns)
        self._since = None

    def _want_duty(self, now_ns: int) -> None:
        self._want("duty", Word.CONTROL, duty_order(self._duty_minutes), now_ns)
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
            self._want("clock", Word.CONTROL, clock_order(ours), now_ns, tries=1)
        elif is_due and ours is None:
            self._clock_at_ns = now_ns + CLOCK_AGAIN_NS
            if self._doing is not None:
                return [self._obeyed(Outcome.CLOCK_UNSURE, "")]
        actions = [
            Send(action.data, self._peer) if isinstance(action, Send) else action
            for action in self._asking.due(now_ns)
        ]
        given_up = list(self._asking.given_up)
        self._asking.given_up.clear()
        if "clock" in given_up and self._doing is not None:
            actions.append(self._obeyed(Outcome.UNANSWERED, "no ACK"))
        if DEVICE in given_up:  # it answers no questions: what it has to say it says by itself
            actions = [action for action in actions if not isinstance(action, Send)]
            self._asking.clear()
            self._names.clear()
        return actions

    def _answered(self, header: Header, now_ns: int) -> list[Action]:
        """An ACK or a denial: of ours, or heard along where another center speaks."""
        name = self._names.get(header.serial)
        if name is None or not self._asking.answered(name, now_ns):
            return []
        del self._names[header.serial]
        self._presence.awaken(now_ns)
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
        if not self._presence.online:
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
        *("events", "restores", "zones", "outputs", "bypass", "troubles", "at_start", "panel_time"),
        *("backfill", "clock", "supervision", "listen_only"),
    ),
    acknowledges=True,
    quality="emulated",
    recognition="drivers._recognition:GB26875",
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
        NO_ACK,
    ),
)
