"""Frames of alarm receivers' automation output: Sur-Gard, Ademco 685 (MX8000), CongWin FE100.

One space is `_`; RR receiver, L line, both hex; no checksum exists: length and shape are the check.

Sur-Gard MLR2 and System III; each message ends with DC4, some senders end it with CR LF:

    Contact ID   5RRL_18AAAAQXYZGGCCC      Q = E new or opening, R restore or closing, P still there
    Radionics    aRRL_AAAA18QXYZGGCCC      one or two spaces for the 18 are met, too
    SIA          SRRL[#AAAA|Nri1/BA001]    several events, split by /
    SIA, old     3RRL____AAAAAAXXYYYY      XX code, YYYY number
    3/1 and 4/2  1RRL______AAAA_X_G_YYY    also met without the last two spaces
    heartbeat    1RRL + 11 spaces + @ + 4 spaces; System III says 000 for L

Ademco 685 and MX8000; RG receiver and group digit, LF before and CR after each message:

    Contact ID   RG_AAAA_18_QXYZ_GG_FCCC   F = C contact, U user; some CC, some six-digit accounts
    slow, 4x2    RG_AAAA_E                 RG_AAAA_E_Z
    high speed   RG_AAAA_NNNN_NNNN_N
    heartbeat    00_OKAY_@                 a host may ask for it with S

CongWin FE100, LF and CR as above; its idle message is LF CR and nothing between:

    Contact ID   _00_AAAAAAAA_18_QXYZ_GG_FCCC_    eight decimal digits of account
                                                  3B2 line offline, 3B0 online

Sources: public install manuals of the receivers and open source readers and writers of these
formats.  Met in the field and accepted: copies glued together without their end, a line of
three digits, the account before the 18, digits 1, 3, 6 for Q, a longer account that ends with a
space, heartbeats with 5 or 12 spaces (4 to 12 are taken: there is nothing in them to harm).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from edge_agent.domain.codes import Codes, Place, Qualifier, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.noise import Noise
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.sia_block import SiaEvent, parse_block
from edge_agent.domain.signal import FRAME_BYTES_MAX, Signal

ACK: Final = b"\x06"
NAK: Final = b"\x15"
DC4: Final = b"\x14"
LF: Final = b"\n"
CR: Final = b"\r"
ENDS: Final = b"\x14\r\n"

LINE_BYTES_MAX = FRAME_BYTES_MAX  # beyond this a line without an end is noise
LINE_BYTES_MIN = 8  # shorter than the shortest frame, cut short: not worth an answer

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
    keys = ("qualifier", "code", "group", "number")
    fields = _head(found) | {key: found[key] for key in keys}
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


def _lettered(found: Groups, raw: bytes, text: _Text) -> Frame:
    """Contact ID of 685 and FE100: a letter says what the number is, where no table knows."""
    frame = _contact_id(found, raw, text)
    code, letter = found["code"], found["letter"]
    fields = {**frame.fields, "letter": letter}
    if code in _LINE_STATES:
        fields["line_state"] = _LINE_STATES[code]
    [signal] = frame.signals
    if signal.kind is Kind.UNKNOWN:
        named = number(found["number"])
        zone, user = (named, None) if letter == "C" else (None, named)
        signal = replace(signal, zone=zone, user=user)
    return replace(frame, signals=(signal,), fields=fields)


def _agreed(kind: str, *keys: str) -> Callable[[Groups, bytes, _Text], Frame]:
    """Formats whose code means what is agreed for each account: the kind is not known."""

    def read(found: Groups, raw: bytes, text: _Text) -> Frame:
        del text
        said: dict[str, Plain] = {key: found[key].strip() for key in keys}
        signal = Signal(
            kind=Kind.UNKNOWN,
            state=State.ACTIVE,
            account=found["account"].strip() or None,
            frame=raw,
        )
        return Frame(raw, kind, (signal,), _head(found) | said)

    return read


def _heartbeat(found: Groups, raw: bytes, text: _Text) -> Frame:
    del text
    return Frame(raw, "heartbeat", (), _head(found))


@dataclass(frozen=True, slots=True)
class _Shape:
    pattern: re.Pattern[bytes]
    read: Callable[[Groups, bytes, _Text], Frame]
    by_lf: bool = False  # of the receivers that begin a message with LF and end it with CR
    whole: bool = False  # so short that it is taken with its own LF and CR only: else it was cut

    def ends(self, line: bytes) -> re.Match[bytes] | None:
        """Find it at the very end of a line; good lines never ask, so it is compiled when asked."""
        return re.compile(self.pattern.pattern + rb"\Z").search(line)


def _shape(
    pattern: str,
    read: Callable[[Groups, bytes, _Text], Frame],
    *,
    by_lf: bool = False,
    whole: bool = False,
) -> _Shape:
    return _Shape(re.compile(pattern.encode()), read, by_lf, whole)


_RECEIVER = "(?P<receiver>[0-9A-F]{2})"
_LINE = "(?P<line>[0-9A-F])"
_LINES = "(?P<line>[0-9]{3})"
_EVENT = "(?P<qualifier>[ERP136])(?P<code>[0-9A-F]{3})(?P<group>[0-9]{2})(?P<number>[0-9]{3})"
_LONG = " ?[0-9A-F]{4,10} "
_GROUP = "(?P<receiver>[0-9A-F])(?P<line>[0-9A-F]) "  # RG
_PARTED = "(?P<qualifier>[ERP136])(?P<code>[0-9A-F]{3}) (?P<group>[0-9]{2}) (?P<letter>[CU])"

_ACCOUNT = f"(?P<account>[0-9A-F]{{4}}| {{4}}|{_LONG})"
# no "[" in the block: so a search for the shape stops at the next one, and time stays linear
_BLOCK = r"\[#(?P<account>[0-9A-F]{0,16})\|(?P<block>[^\[\]\x00-\x1f\x7f]+)\]"

_SURGARD = (
    # the usual forms first: behind noise more than one may fit
    _shape(f"5{_RECEIVER}{_LINE} [19]8{_ACCOUNT}{_EVENT}", _contact_id),
    _shape(f"5{_RECEIVER}{_LINES} [19]8{_ACCOUNT}{_EVENT}", _contact_id),
    _shape(f"5{_RECEIVER}{_LINE}(?P<account>[0-9A-F]{{4}})[19]8{_EVENT}", _contact_id),
    _shape(
        f"a{_RECEIVER}{_LINE} (?P<account>[0-9A-F]{{4}})(?:[19]8| {{1,2}}){_EVENT}",
        _contact_id,
    ),
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
        _agreed("basic", "code", "group", "number"),
    ),
    _shape(f"1{_RECEIVER}(?P<line>[0-9A-F]|000) {{4,12}}@ {{0,5}}", _heartbeat),
)

_FE100 = _shape(
    f" {_GROUP}(?P<account>[0-9]{{8}}) [19]8 {_PARTED}(?P<number>[0-9]{{3}}) ",
    _lettered,
    by_lf=True,
)
_FE100_ACCOUNT_DIGITS = 8
_OKAY = _shape(f"{_GROUP}OKAY @", _heartbeat, by_lf=True)
_WITH_LF = (
    _shape(
        # not behind a space: that is a FE100's which has lost some of its account
        f"(?<! ){_GROUP}(?P<account>[0-9A-F]{{4}}(?:[0-9A-F]{{2}})?| {{4}}) [19]8 "
        f"{_PARTED}(?P<number>[0-9]{{3}})",
        _lettered,
        by_lf=True,
    ),
    _FE100,
    _OKAY,
    _shape(
        f"{_GROUP}(?P<account>[0-9A-F]{{4}}) (?P<channels>[0-9A-F]{{4}} [0-9A-F]{{4}}) "
        "(?P<last>[0-9A-F])",
        _agreed("high_speed", "channels", "last"),
        by_lf=True,
        whole=True,
    ),
    _shape(
        f"{_GROUP}(?P<account>[0-9A-F]{{4}}) (?P<code>[0-9A-F])(?P<number> [0-9A-F]|)",
        _agreed("slow", "code", "number"),
        by_lf=True,
        whole=True,
    ),
)
_TWO_DIGITS = _shape(
    f"{_GROUP}(?P<account>[0-9A-F]{{4}}(?:[0-9A-F]{{2}})?) [19]8 {_PARTED}(?P<number>[0-9]{{2}})",
    _lettered,
    by_lf=True,
    whole=True,
)
_LINE_STATES = {"3B2": "offline", "3B0": "online"}  # CongWin

# Recognised, not decoded: Ademco high speed, BFSK and Telenot forms of Sur-Gard receivers, and
# what begins as the Radionics form.
_OTHER_FORMATS = re.compile(rb"(?:[68][0-9A-F]{3}|T|a[0-9A-F]{3} )[ -~]*")
_BEGUN = re.compile(rb"[135S][0-9A-F]{2}")
_BEGUN_WITH_LF = re.compile(rb" ?[0-9A-F]{2} ")
_PRINTABLE = re.compile(rb"[ -~]+")
_LENGTHS_WITH_LF = {9, 11, 19, 23, 25, 29}
ASKING: Final = b"S"  # a host asks a 685 whether it is there


def _fault_of(line: bytes, end: bytes) -> FaultKind:
    """Say what is wrong with a line that has no known shape."""
    if end == DC4 and _OTHER_FORMATS.fullmatch(line):
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


def _fault_with_lf(line: bytes) -> FaultKind:
    """Say what is wrong with a line that began with LF, as those of 685 and FE100 do."""
    if len(line) < LINE_BYTES_MIN or not _PRINTABLE.fullmatch(line):
        return FaultKind.NOISE
    return FaultKind.SHAPE if len(line) in _LENGTHS_WITH_LF else FaultKind.LENGTH


def _shapes(setup: Setup) -> tuple[_Shape, ...]:
    """The shapes to look for.

    Two digits of number are damage where the receiver prints three.  A FE100's message that has
    lost half of its account may look like a 685's: where its profile says so, it is none.  Of what
    a 685 says only the heartbeat is left: no damage makes one, and it says nothing of a site.
    """
    digits = setup.options.get("number_digits")
    if setup.profile is not None:
        if setup.profile.facts.get("account_digits") == _FE100_ACCOUNT_DIGITS:
            return (*_SURGARD, _FE100, _OKAY)
        if digits is None:
            digits = setup.profile.facts.get("number_digits")
    return (*_SURGARD, *_WITH_LF) if digits == 3 else (*_SURGARD, *_WITH_LF, _TWO_DIGITS)


# ---- decoder


class ReceiverDecoder:
    """Cuts the stream at DC4, CR and LF and reads what stands between.

    A line that is nothing but one shape over and over is cut by shape; a shape that ends a line
    is read and what precedes it is noise; nothing else is guessed.
    """

    def __init__(self, setup: Setup) -> None:
        self._text = _Text(setup.codes, charset_of(setup))
        self._shapes = _shapes(setup)
        self._line = bytearray()
        self._noise = Noise()
        self._long = False  # the line has lost its beginning
        self._lead = b""  # an LF that may begin the line
        self._with_lf = True  # the newest frame, if any, was of those that begin with LF

    def is_waiting(self) -> bool:
        """Tell whether bytes are held that no end has followed yet."""
        return bool(self._line or self._noise)

    def is_in_line(self) -> bool:
        """Tell whether a line has begun that has not ended."""
        return bool(self._line)

    def has_lead(self) -> bool:
        """Tell whether an LF is held that may be the beginning of the line to come."""
        return bool(self._lead)

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
        return [*self._end(b""), *self._noise.flush()]

    def _take(self, piece: bytes) -> list[Frame]:
        self._line += piece
        frames: list[Frame] = []
        while (first := bytes(self._line[:1])) in (ACK, NAK):  # the host's own answers, heard along
            del self._line[:1]
            frames += [*self._noise.flush(), Frame(first, "ack" if first == ACK else "nak")]
        if len(self._line) > LINE_BYTES_MAX:
            self._long = True
            frames += self._noise.take(bytes(self._line[:-LINE_BYTES_MAX]))
            del self._line[:-LINE_BYTES_MAX]
        return frames

    def _end(self, end: bytes) -> list[Frame]:
        line, lead, self._lead = bytes(self._line), self._lead, b""
        self._line.clear()
        if not line:
            return self._end_of_nothing(lead, end)
        was_long, self._long = self._long, False
        for shape in self._shapes:
            if frames := self._tiles(shape, line, lead, end):
                return [*self._noise.flush(), *frames]
        if frames := self._ending(line, lead, end):
            return frames
        return self._fault(line, lead, end, was_long=was_long)

    def _end_of_nothing(self, lead: bytes, end: bytes) -> list[Frame]:
        """An end behind an end: the idle message of FE100, the LF of CR LF, or no matter."""
        if end == CR and lead and self._with_lf and not self._noise:
            return [Frame(LF + CR, "idle")]
        if end == LF:
            self._lead = end
            end = b""
        return self._noise.take(lead + end) if self._noise else []

    def _fault(self, line: bytes, lead: bytes, end: bytes, *, was_long: bool) -> list[Frame]:
        if self._with_lf and line == ASKING and end in (LF, b""):
            self._lead = end
            return [*self._noise.flush(), Frame(line, "status_request")]
        if with_lf := bool(lead) and end != DC4 and _BEGUN_WITH_LF.match(line) is not None:
            fault = _fault_with_lf(line)
        else:
            fault = _fault_of(line, end)
        if end == LF and (with_lf or fault is FaultKind.NOISE or was_long):
            self._lead, end = end, b""  # it may begin the next line
        if fault is FaultKind.NOISE or was_long:
            return self._noise.take((lead if self._noise else b"") + line + end)
        return [*self._noise.flush(), Frame((lead if with_lf else b"") + line + end, fault=fault)]

    def _tiles(self, shape: _Shape, line: bytes, lead: bytes, end: bytes) -> list[Frame]:
        """Read a line that is one shape, once or over and over; the last one has the line's end."""
        if shape.whole and not (lead and end == CR):
            return []
        found: list[re.Match[bytes]] = []
        at = 0
        while at < len(line):
            match = shape.pattern.match(line, at)
            if match is None:
                return []
            found.append(match)
            at = match.end()
        return [
            self._read(
                shape,
                match,
                lead if match is found[0] else b"",
                end if match is found[-1] else b"",
            )
            for match in found
        ]

    def _ending(self, line: bytes, lead: bytes, end: bytes) -> list[Frame]:
        """Read a shape that ends a line which began with something else.

        What begins with LF began there: more bytes behind it may have replaced some of its own.
        """
        for shape in self._shapes:
            is_taken = not (shape.whole or (shape.by_lf and lead))
            if is_taken and (match := shape.ends(line)):
                noise = self._noise.take((lead if self._noise else b"") + line[: match.start()])
                return [*noise, *self._noise.flush(), self._read(shape, match, b"", end)]
        return []

    def _read(self, shape: _Shape, match: re.Match[bytes], lead: bytes, end: bytes) -> Frame:
        self._with_lf = shape.by_lf
        if not shape.by_lf:
            lead = b""  # of the CR LF before
        elif end == LF:
            self._lead, end = end, b""  # its CR is lost, and this begins the next one
        groups = {
            name: value.decode(self._text.charset, errors="replace")
            for name, value in match.groupdict(default=b"").items()
        }
        return shape.read(groups, lead + match[0] + end, self._text)
