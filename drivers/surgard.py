"""Automation output of alarm receivers: Sur-Gard MLR2 and System III, on a serial line or TCP.

Frame layouts (one space is `_`; RR receiver, L line, both hex; no checksum exists, length and
shape are the check; each message ends with DC4, some senders end it with CR LF):

    Contact ID   5RRL_18AAAAQXYZGGCCC      Q = E new or opening, R restore or closing, P still there
    SIA          SRRL[#AAAA|Nri1/BA001]    several events, split by /
    SIA, old     3RRL____AAAAAAXXYYYY      XX code, YYYY number
    3/1 and 4/2  1RRL______AAAA_X_G_YYY    also met without the last two spaces
    heartbeat    1RRL + 11 spaces + @ + 4 spaces; System III says 000 for L

The host answers ACK 06 or NAK 15; unanswered, the receiver says the same again after 4 s, three
times, then holds.  Sources: public install manuals of the receivers and open source readers and
senders of this format.  Met in the field and accepted: copies glued together without DC4, a line of
three digits, the account before the 18, digits 1, 3, 6 for Q, a longer account that ends with a
space, heartbeats with 5 or 12 spaces (4 to 12 are taken: there is nothing in them to harm).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.codes import Codes, Place, Qualifier, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import (
    WAITING,
    Action,
    Committed,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Input,
    Link,
    Nature,
    Opened,
    Option,
    Plain,
    Received,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import charset_of, seconds_ns
from edge_agent.domain.sia_block import SiaEvent, parse_block
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

ACK: Final = b"\x06"
NAK: Final = b"\x15"
DC4: Final = b"\x14"
ENDS: Final = b"\x14\r\n"

LINE_BYTES_MAX = FRAME_BYTES_MAX  # beyond this a line without an end is noise
LINE_BYTES_MIN = 8  # shorter than the shortest frame, cut short: not worth an answer
NOISE_BYTES_MAX = 1 << 16  # a run of noise is reported in one piece up to this size
SAME_REFUSED_MAX = 3  # so many equal copies of a frame that fits no shape are no damage of the line

HEARTBEAT_S = 30.0  # the receivers' factory setting
REPEAT_AFTER_S = 4.0  # how long the receivers wait for an answer
SILENT_INTERVALS = 3  # heartbeats that may be missed
# A repeat comes this much of `repeat_after_s` after the copy before.  An ACK is sent before the
# window opens, or waits for the next copy: so it never crosses one, and never meets another frame.
WINDOW = (0.75, 1.5)
# A frame takes 70 ms at 2400 baud: bytes so old without an end are a frame that was cut, and are
# not to be glued to the copy that follows.
CUT_NS = 1_000_000_000
# A NAK is said only into a quiet line: a good copy that is under way already needs none, and would
# get an ACK that the receiver could take for the message after it.
QUIET_NS = 500_000_000
# An ACK and the first byte of an answer to it take 2 ms at 9600 baud: what begins sooner than this
# after our ACK is most likely a copy that did not wait for it.
CROSSING_NS = 5_000_000
RESTART_WINDOW = 3.0  # after a restart, in `repeat_after_s`: the receiver repeats three times

_QUALIFIERS = {
    **dict.fromkeys("E1", Qualifier.NEW),
    **dict.fromkeys("R3", Qualifier.RESTORE),
    **dict.fromkeys("P6", Qualifier.STATUS),
}


# ---- shapes: what a line can be


@dataclass(frozen=True, slots=True)
class _Text:
    """What the shapes need beyond the bytes."""

    codes: Codes
    charset: str


Groups = Mapping[str, str]


def _head(found: Groups) -> dict[str, Plain]:
    return {"receiver": found["receiver"], "line": found["line"]}


def _contact_id(found: Groups, raw: bytes, text: _Text) -> Frame:
    meaning = text.codes.contact_id(_QUALIFIERS[found["qualifier"]], found["code"])
    place = Place(
        area=number(found["group"]),
        number=number(found["number"]),
        account=found["account"].strip() or None,
        frame=raw,
    )
    fields = _head(found) | {key: found[key] for key in ("qualifier", "code", "group", "number")}
    if meaning.number_is == "device":
        fields["device"] = place.number
    return Frame(raw, "contact_id", (signal_of(meaning, place),), fields)


def _sia_frame(kind: str, found: Groups, events: list[SiaEvent], raw: bytes, text: _Text) -> Frame:
    account = found["account"].strip() or None
    said: list[Plain] = [
        {"code": event.code, "number": event.number, **event.modifiers} for event in events
    ]
    signals = tuple(event.signal(text.codes, account, raw) for event in events)
    return Frame(raw, kind, signals, _head(found) | {"events": said})


def _sia(found: Groups, raw: bytes, text: _Text) -> Frame:
    events = parse_block(found["block"])
    if events is None:
        return Frame(raw, fault=FaultKind.SHAPE)
    return _sia_frame("sia", found, events, raw, text)


def _sia_old(found: Groups, raw: bytes, text: _Text) -> Frame:
    events = [SiaEvent(found["code"], found["number"].strip())]
    return _sia_frame("sia_old", found, events, raw, text)


def _basic(found: Groups, raw: bytes, text: _Text) -> Frame:
    """Pulse formats: what their code means is agreed per account, so the kind is not known."""
    del text
    fields: dict[str, Plain] = {key: found[key].strip() for key in ("code", "group", "number")}
    signal = Signal(
        kind=Kind.UNKNOWN, state=State.ACTIVE, account=found["account"].strip() or None, frame=raw
    )
    return Frame(raw, "basic", (signal,), _head(found) | fields)


def _heartbeat(found: Groups, raw: bytes, text: _Text) -> Frame:
    del text
    return Frame(raw, "heartbeat", (), _head(found))


@dataclass(frozen=True, slots=True)
class _Shape:
    pattern: re.Pattern[bytes]
    ending: re.Pattern[bytes]  # the same at the very end of a line
    read: Callable[[Groups, bytes, _Text], Frame]


def _shape(pattern: str, read: Callable[[Groups, bytes, _Text], Frame]) -> _Shape:
    source = pattern.encode()
    return _Shape(re.compile(source), re.compile(source + rb"\Z"), read)


_RECEIVER = "(?P<receiver>[0-9A-F]{2})"
_LINE = "(?P<line>[0-9A-F])"
_LINES = "(?P<line>[0-9]{3})"
_EVENT = "(?P<qualifier>[ERP136])(?P<code>[0-9A-F]{3})(?P<group>[0-9]{2})(?P<number>[0-9]{3})"
_LONG = " ?[0-9A-F]{4,10} "

_ACCOUNT = f"(?P<account>[0-9A-F]{{4}}| {{4}}|{_LONG})"
# no "[" in the block: so a search for the shape stops at the next one, and time stays linear
_BLOCK = r"\[#(?P<account>[0-9A-F]{0,16})\|(?P<block>[^\[\]\x00-\x1f\x7f]+)\]"

_SHAPES = (
    # the usual forms first: behind noise more than one may fit
    _shape(f"5{_RECEIVER}{_LINE} [19]8{_ACCOUNT}{_EVENT}", _contact_id),
    _shape(f"5{_RECEIVER}{_LINES} [19]8{_ACCOUNT}{_EVENT}", _contact_id),
    _shape(f"5{_RECEIVER}{_LINE}(?P<account>[0-9A-F]{{4}})[19]8{_EVENT}", _contact_id),
    _shape(f"S{_RECEIVER}{_LINE}{_BLOCK}", _sia),
    _shape(f"S{_RECEIVER}{_LINES}{_BLOCK}", _sia),
    _shape(
        f"3{_RECEIVER}{_LINE} {{4}}(?P<account>[0-9A-F ]{{6}})"
        "(?P<code>[A-Z]{2})(?P<number>[0-9 ]{4})",
        _sia_old,
    ),
    _shape(
        f"1{_RECEIVER}{_LINE} {{6}}(?P<account>[0-9A-F]{{4}}) (?P<code>[0-9A-Z])"
        "(?P<group> [0-9A-F ] |[0-9A-F ])(?P<number>[0-9A-F ]{3})",
        _basic,
    ),
    _shape(f"1{_RECEIVER}(?P<line>[0-9A-F]|000) {{4,12}}@ {{0,5}}", _heartbeat),
)

# Recognised, not decoded: Ademco high speed, BFSK, Telenot and Radionics forms of these receivers.
_OTHER_FORMATS = re.compile(rb"(?:[68][0-9A-F]{3}|T|a[0-9A-F]{3} )[ -~]*")
# Other receivers on the same kind of line: Ademco 685 and CongWin FE100 (LF ... CR).
_OTHER_RECEIVERS = re.compile(rb" ?[0-9A-F]{2} (?:OKAY @|[0-9A-F]{4,8} [ -~]+)")
_BEGUN = re.compile(rb"[135S][0-9A-F]{2}")
_PRINTABLE = re.compile(rb"[ -~]+")


def _fault_of(line: bytes, end: bytes) -> FaultKind:
    """Say what is wrong with a line that has no known shape."""
    if end == DC4 and _OTHER_FORMATS.fullmatch(line):
        return FaultKind.UNSUPPORTED
    if end == b"\r" and _OTHER_RECEIVERS.fullmatch(line):
        return FaultKind.UNSUPPORTED
    printable = len(line) >= LINE_BYTES_MIN and _PRINTABLE.fullmatch(line) is not None
    if not _BEGUN.match(line) or (end != DC4 and not printable):
        return FaultKind.SHAPE if printable and end == DC4 else FaultKind.NOISE
    if line[:1] == b"S":
        return FaultKind.SHAPE if line[-1:] == b"]" else FaultKind.LENGTH
    return FaultKind.SHAPE if len(line) in _lengths(line) else FaultKind.LENGTH


def _lengths(line: bytes) -> set[int]:
    """Return how long a line of this beginning is when it is whole."""
    if line[:1] != b"5":
        return {20, 22} if line[:1] == b"1" else {20}
    if line[4:5] == b" ":
        return {20}
    return {22} if line[6:7] == b" " else {19}


# ---- decoder


class ReceiverDecoder:
    """Cuts the stream at DC4, CR and LF and reads what stands between.

    A line that is nothing but one shape over and over is cut by shape; a shape that ends a line
    is read and what precedes it is noise; nothing else is guessed.
    """

    def __init__(self, setup: Setup) -> None:
        self._text = _Text(setup.codes, charset_of(setup))
        self._line = bytearray()
        self._noise = bytearray()
        self._long = False  # the line has lost its beginning
        self._lead = b""  # an LF that may begin the line (other receivers)

    def is_waiting(self) -> bool:
        """Tell whether bytes are held that no end has followed yet."""
        return bool(self._line or self._noise)

    def is_in_line(self) -> bool:
        """Tell whether a line has begun that has not ended."""
        return bool(self._line)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the frames now complete."""
        frames: list[Frame] = []
        for piece in re.split(rb"([\x14\r\n])", data):
            if piece and piece in ENDS and len(piece) == 1:
                frames += self._end(piece)
            else:
                frames += self._take(piece)
        return frames

    def finish(self) -> list[Frame]:
        """Return what is left: the end of the input ends a line as well as DC4 does."""
        return [*self._end(b""), *self._flush()]

    def _take(self, piece: bytes) -> list[Frame]:
        self._line += piece
        frames: list[Frame] = []
        while (first := bytes(self._line[:1])) in (ACK, NAK):  # the host's own answers, heard along
            del self._line[:1]
            frames += [*self._flush(), Frame(first, "ack" if first == ACK else "nak")]
        if len(self._line) > LINE_BYTES_MAX:
            self._long = True
            frames += self._noisy(bytes(self._line[:-LINE_BYTES_MAX]))
            del self._line[:-LINE_BYTES_MAX]
        return frames

    def _end(self, end: bytes) -> list[Frame]:
        line, lead, self._lead = bytes(self._line), self._lead, b""
        self._line.clear()
        if not line:
            if self._noise:
                return self._noisy(end)
            self._lead = end if end == b"\n" else b""
            return []
        was_long, self._long = self._long, False
        for shape in _SHAPES:
            if frames := self._tiles(shape, line, end):
                return [*self._flush(), *frames]
        if frames := self._ending(line, end):
            return frames
        fault = FaultKind.NOISE if was_long else _fault_of(line, end)
        if fault is FaultKind.NOISE:
            return self._noisy(line + end)
        raw = lead + line + end if fault is FaultKind.UNSUPPORTED and end == b"\r" else line + end
        return [*self._flush(), Frame(raw, fault=fault)]

    def _tiles(self, shape: _Shape, line: bytes, end: bytes) -> list[Frame]:
        """Read a line that is one shape, once or over and over; the last one has the line's end."""
        found: list[re.Match[bytes]] = []
        at = 0
        while at < len(line):
            match = shape.pattern.match(line, at)
            if match is None:
                return []
            found.append(match)
            at = match.end()
        return [self._read(shape, match, end if match is found[-1] else b"") for match in found]

    def _ending(self, line: bytes, end: bytes) -> list[Frame]:
        """Read a shape that ends a line which began with something else."""
        for shape in _SHAPES:
            if match := shape.ending.search(line):
                noise = self._noisy(line[: match.start()])
                return [*noise, *self._flush(), self._read(shape, match, end)]
        return []

    def _read(self, shape: _Shape, match: re.Match[bytes], end: bytes) -> Frame:
        groups = {
            name: value.decode(self._text.charset, errors="replace")
            for name, value in match.groupdict(default=b"").items()
        }
        return shape.read(groups, match[0] + end, self._text)

    def _noisy(self, noise: bytes) -> list[Frame]:
        self._noise += noise
        frames: list[Frame] = []
        while len(self._noise) >= NOISE_BYTES_MAX:
            frames.append(Frame(bytes(self._noise[:NOISE_BYTES_MAX]), fault=FaultKind.NOISE))
            del self._noise[:NOISE_BYTES_MAX]
        return frames

    def _flush(self) -> list[Frame]:
        if not self._noise:
            return []
        noise = Frame(bytes(self._noise), fault=FaultKind.NOISE)
        self._noise.clear()
        return [noise]


# ---- session


@dataclass(slots=True)
class _Heard:
    """The newest frame with signals, to tell a repeat by."""

    body: bytes
    heard_ns: int
    token: int | None = None  # None: recorded in an earlier run
    durable_ns: int | None = None
    answered_ns: int | None = None
    doubtful: bool = False  # a copy came although it was answered: our ACKs get lost
    heartbeat_since: bool = False
    perhaps_new: bool = False  # a copy came too soon to tell: the next one is recorded
    garbled_ns: int | None = None  # something came that may have been a damaged copy of it
    reopened: bool = False  # the line was opened since


class ReceiverSession:
    """The host's side of the conversation.

    One ACK is owed for the newest frame, and it is sent once everything heard is durable: whatever
    the receiver takes it for, that is safe.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._decoder = ReceiverDecoder(setup)
        self._listen_only = bool(setup.options.get("listen_only", False))
        self._repeat_ns = seconds_ns(setup, "repeat_after_s", REPEAT_AFTER_S)
        self._silence_ns = SILENT_INTERVALS * seconds_ns(setup, "heartbeat_s", HEARTBEAT_S)
        self._silent_at_ns: int | None = None
        self._bytes_ns = 0  # when bytes were heard last
        self._began_ns = 0  # when the first byte of the present line was heard
        self._online: bool | None = None
        self._tokens = 0
        self._pending: set[int] = set()
        self._owed: tuple[int, bool] | None = None  # since when, and whether for a heartbeat
        self._last: _Heard | None = None
        self._beat_ns: int | None = None  # when the newest heartbeat was heard
        self._refusing = False  # a NAK is due when the line is quiet
        self._refused = (b"", 0)  # the newest frame of no shape, and how often it came

    def deadline_ns(self) -> int | None:
        """Return when a cut frame is given up, a NAK is due, or silence has lasted too long."""
        due = [self._silent_at_ns] if self._silent_at_ns is not None else []
        if self._decoder.is_waiting():
            due.append(self._bytes_ns + CUT_NS)
        if self._refusing:
            due.append(self._bytes_ns + QUIET_NS)
        return min(due, default=None)

    def handle(self, happened: Input, now_ns: int) -> list[Action]:
        """Take one input; see the session contract."""
        match happened:
            case Opened():
                self._open(happened, now_ns)
            case Received(data):
                return self._on_bytes(data, now_ns) + self._answer(now_ns)
            case Committed(token):
                self._pending.discard(token)
                if self._last is not None and self._last.token == token:
                    # since when what waited is durable, nobody knows here
                    self._last.durable_ns = self._last.heard_ns if token < 0 else now_ns
                return self._answer(now_ns)
            case Ticked():
                actions = self._give_up_cut(now_ns) + self._answer(now_ns)
                if self._refusing and now_ns >= self._bytes_ns + QUIET_NS:
                    self._refusing = False
                    actions.append(Send(NAK))
                if self._silent_at_ns is not None and now_ns >= self._silent_at_ns:
                    actions += self._on_silence()
                return actions
            case _:
                pass  # registers are not of this protocol
        return []

    def _open(self, opened: Opened, now_ns: int) -> None:
        self._decoder = ReceiverDecoder(self._setup)
        self._online, self._owed, self._refused = None, None, (b"", 0)
        self._refusing, self._beat_ns = False, None
        self._silent_at_ns = now_ns + self._silence_ns
        # What waits was never acknowledged: what is the same is a copy, if the receiver still has
        # it.  For any other frame our ACK may have been lost with the line.
        before, waits = opened.waiting or opened.last, opened.waiting is not None
        self._pending = {WAITING} if waits else set()
        if before is not None and before.age_ns is not None:
            body, at_ns = before.frame.rstrip(ENDS), now_ns - before.age_ns
            self._last = _Heard(body, at_ns, WAITING if waits else None, None if waits else at_ns)
        if self._last is not None:
            self._last.reopened = not waits

    def _on_bytes(self, data: bytes, now_ns: int) -> list[Action]:
        actions = self._give_up_cut(now_ns)
        if not self._decoder.is_in_line():
            self._began_ns = now_ns
        self._bytes_ns = now_ns
        for frame in self._decoder.feed(data):
            actions += self._on_frame(frame, now_ns)
            if frame.fault is not FaultKind.NOISE:  # which may be the beginning of the same line
                self._began_ns = now_ns
        return actions

    def _give_up_cut(self, now_ns: int) -> list[Action]:
        """Read what was left without an end; it counts as heard when it came."""
        actions: list[Action] = []
        if self._decoder.is_waiting() and now_ns - self._bytes_ns >= CUT_NS:
            for frame in self._decoder.finish():
                actions += self._on_frame(frame, self._bytes_ns)
        return actions

    def _on_silence(self) -> list[Action]:
        self._silent_at_ns = None
        actions: list[Action] = [Fault(FaultKind.SILENCE, "no heartbeat and no event")]
        if self._online is not False:
            self._online = False
            actions.append(Link(online=False, reason="silence"))
        return actions

    def _on_frame(self, frame: Frame, now_ns: int) -> list[Action]:
        if frame.fault is not None:
            self._suspect(now_ns)
        if frame.fault is FaultKind.NOISE:
            return [Fault(FaultKind.NOISE, "", frame.raw[:FRAME_BYTES_MAX])]
        if frame.fault is not None:
            return self._refuse(frame, frame.fault, now_ns)
        if frame.type in ("ack", "nak"):
            return []  # an echo of ours, or another host's answer
        actions = self._alive(now_ns)
        self._refused, self._refusing = (b"", 0), False
        if frame.signals:
            return actions + self._record(frame.raw, frame.signals, now_ns)
        beaten_ns, self._beat_ns = self._beat_ns, now_ns
        if beaten_ns is not None and now_ns - beaten_ns < WINDOW[0] * self._repeat_ns:
            return actions  # no receiver beats or repeats so soon: the line doubled it
        self._owed = (now_ns, True)
        if self._last is not None:
            self._last.heartbeat_since = True
        return actions

    def _alive(self, now_ns: int) -> list[Action]:
        self._silent_at_ns = now_ns + self._silence_ns
        if self._online:
            return []
        self._online = True
        return [Link(online=True)]

    def _record(self, raw: bytes, signals: tuple[Signal, ...], now_ns: int) -> list[Action]:
        body = raw.rstrip(ENDS)
        last = self._last
        if last is not None and last.body == body and _has_crossed(last, self._began_ns):
            last.heard_ns = now_ns
            last.perhaps_new = last.answered_ns is not None and self._began_ns > last.answered_ns
            return [Fault(FaultKind.REPEAT, "", raw)]  # the ACK that it crossed is its answer too
        self._owed = (now_ns, False)
        if self._last is not None and self._is_repeat(self._last, body, now_ns):
            self._last.doubtful = self._last.doubtful or self._last.answered_ns is not None
            self._last.heard_ns, self._last.garbled_ns = now_ns, None
            self._last.heartbeat_since = False
            return [Fault(FaultKind.REPEAT, "", raw)]
        self._tokens += 1
        self._pending.add(self._tokens)
        self._last = _Heard(body, now_ns, self._tokens)
        return [Report(self._tokens, signals)]

    def _is_repeat(self, last: _Heard, body: bytes, now_ns: int) -> bool:
        if last.body != body or last.perhaps_new:
            return False
        if last.token in self._pending:
            # an opening may follow a restart of the receiver, which then has forgotten it
            return last.token != WAITING or now_ns - last.heard_ns <= self._silence_ns
        if last.durable_ns is None:
            return False  # the line was opened again before it was durable
        if last.garbled_ns is not None and now_ns - last.garbled_ns <= WINDOW[1] * self._repeat_ns:
            return True
        age_ns = now_ns - last.heard_ns
        if last.reopened:
            return age_ns <= RESTART_WINDOW * self._repeat_ns
        if last.answered_ns is None and not self._listen_only:
            # held back by the receiver until its heartbeat is answered again
            return now_ns - last.durable_ns <= self._silence_ns
        if last.doubtful and last.heartbeat_since and age_ns <= self._silence_ns:
            return True  # it gave up on our lost ACKs, and begins anew after its heartbeat
        return self._is_time_of_repeat(age_ns)

    def _is_time_of_repeat(self, age_ns: int) -> bool:
        early, late = WINDOW
        return early * self._repeat_ns <= age_ns <= late * self._repeat_ns

    def _suspect(self, now_ns: int) -> None:
        """Note that what came may be a damaged copy, where a copy was to be expected."""
        last = self._last
        if last is None:
            return
        since_ns = last.heard_ns if last.garbled_ns is None else last.garbled_ns
        if self._is_time_of_repeat(now_ns - since_ns):
            last.garbled_ns, last.doubtful = now_ns, True

    def _refuse(self, frame: Frame, fault: FaultKind, now_ns: int) -> list[Action]:
        """Ask again; what comes back the same is no damage, and is kept without its meaning."""
        body, count = self._refused
        if frame.raw[-1:] not in (DC4, b"\r", b"\n"):
            count = 0  # without its end it was cut, however often it is cut alike
        else:
            count = count + 1 if frame.raw.rstrip(ENDS) == body else 1
            self._refused = (frame.raw.rstrip(ENDS), count)
        actions: list[Action] = [Fault(fault, f"copy {count}", frame.raw)]
        if count >= SAME_REFUSED_MAX:
            self._refusing = False
            unknown = Signal(kind=Kind.UNKNOWN, state=State.ACTIVE, frame=frame.raw)
            return actions + self._record(frame.raw, (unknown,), now_ns)
        self._owed, self._refusing = None, not self._listen_only
        return actions

    def _answer(self, now_ns: int) -> list[Action]:
        if self._owed is None or self._pending:
            return []
        (heard_ns, for_heartbeat), self._owed = self._owed, None
        if self._listen_only or now_ns - heard_ns >= WINDOW[0] * self._repeat_ns:
            return []  # too late for this copy: the next one is answered at once
        if self._last is not None and not for_heartbeat:
            self._last.answered_ns, self._last.reopened = now_ns, False
        return [Send(ACK)]


def _has_crossed(last: _Heard, began_ns: int) -> bool:
    """Tell whether a copy began before our ACK could be heard."""
    if last.answered_ns is None or last.perhaps_new:
        return False
    return began_ns <= last.answered_ns + CROSSING_NS


DRIVER = Driver(
    name="surgard",
    version="1",
    title="Alarm receiver output, Sur-Gard formats",
    nature=Nature.STREAM,
    session=ReceiverSession,
    decoder=ReceiverDecoder,
    panels=("Sur-Gard MLR2", "Sur-Gard System III", "receivers that speak their formats"),
    lines=("serial", "tcp", "listen"),
    bauds=(19200, 9600),
    abilities=("events", "restores", "open_close", "supervision", "listen_only"),
    acknowledges=True,
    quality="emulated",
    options=(
        Option(
            "heartbeat_s",
            float,
            None,
            "interval of the receiver's heartbeat; 3 missed are silence (profile, else 30)",
            minimum=1,
            maximum=3600,
        ),
        Option(
            "repeat_after_s",
            float,
            None,
            "how long the receiver waits for an ACK before it repeats (profile, else 4)",
            minimum=0.5,
            maximum=120,
        ),
        Option("listen_only", bool, False, "never send a byte, not even an ACK"),
        Option("charset", str, "latin-1", "Python codec of free text in SIA frames"),
    ),
)
