r"""What a SIA DC-09 frame says, and what is said in answer.

Events stand in the first pair of brackets: `#acct|Nri1/BA012` with id SIA-DCS, `#acct|1130 01 012`
with id ADM-CID.  Behind it come extensions `[Xvalue]`, X a letter, and the time in UTC.  Encrypted
(`"*SIA-DCS"`) all of this is hex of AES-CBC: padding, `|`, then the same from the data on, without
the bracket that opens it.

HENG-BO is a dialect of wireless panels: id HENG-BO, the network's number (phone, IMEI, serial) for
the header's account, extensions that begin with their length (four digits, or two bytes), code 456
for arming in part whatever its qualifier, and numbers that tell who did it.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from drivers._dc09_frames import Cut, framed
from edge_agent.domain.codes import Codes, Place, Qualifier, number, signal_of
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.panel_clock import PanelTime, panel_time
from edge_agent.domain.session import FaultKind, Frame, Plain
from edge_agent.domain.sia_block import SiaEvent, parse_block
from edge_agent.domain.signal import TEXT_CHARS_MAX, Signal, Span

EVENTS: Final = ("SIA-DCS", "ADM-CID", "HENG-BO")
ANSWERS: Final = ("ACK", "NAK", "DUH", "RSP")
NULL: Final = "NULL"

AHEAD_S_MAX = 20  # an encrypted message may be so much ahead of our clock,
BEHIND_S_MAX = 40  # or so much behind it; else it may be a recording
EXTENSIONS_MAX = 32  # there are 17 letters; what has more is no message
BLOCK_BYTES = 16
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_OUTER = re.compile(
    r'"(?P<star>\*?)(?P<id>[A-Za-z0-9-]{1,16})"(?P<sequence>[0-9]{4})'
    r"(?:R(?P<receiver>[0-9A-Fa-f]{0,6}))?(?:L(?P<line>[0-9A-Fa-f]{0,6}?))?"
    r"(?:A0|#(?P<account>[^\[\]|#\"\x00-\x1f]{0,20}))?\[(?P<inner>.*)",
    re.DOTALL,
)
_TIME = re.compile(r"_?([0-9]{2}):([0-9]{2}):([0-9]{2}),([0-9]{2})-([0-9]{2})-([0-9]{4})")
_EVENT = r"([136ERP])([0-9A-F]{3}) ?([0-9A-F]{2}) ?([0-9A-F]{3})"
_CONTACT_ID = re.compile(rf" *{_EVENT} *")
_GLUED_CONTACT_ID = re.compile(rf"#?(?P<account>[0-9A-Z]{{0,16}}?){_EVENT} *")
_GLUED_SIA = re.compile(r"#(?P<account>[0-9A-Fa-f]{1,16})(?P<block>.*)", re.DOTALL)
_BARE_SIA = re.compile(r"(?P<account>[0-9A-Fa-f]{3,16})(?P<block>N.*)", re.DOTALL)
_HEX = re.compile(r"[0-9A-Fa-f]+")
_PASSWORD = re.compile(r"[0-9]{6}")

_QUALIFIERS = {
    **dict.fromkeys("E1", Qualifier.NEW),
    **dict.fromkeys("R3", Qualifier.RESTORE),
    **dict.fromkeys("P6", Qualifier.STATUS),
}
_TOLD_BY = frozenset({"400", "456", "120", "121", "711"})  # HENG-BO: their number says who did it
_WHO = (
    # the last number of each
    (0, "panel"),
    (10, "remote"),
    (50, "user"),
    (96, "smart_home"),
    (97, "timer"),
    (99, "center"),
    (199, "app"),
)


class Cipher(Protocol):
    """AES-CBC with one key; sizes are multiples of 16."""

    def encrypt(self, clear: bytes) -> bytes:
        """Return `clear` sealed."""

    def decrypt(self, sealed: bytes) -> bytes:
        """Return `sealed` opened, rubbish with a wrong key."""


@dataclass(frozen=True, slots=True)
class Extension:
    """One `[Xvalue]` behind the data; `letter` is empty in the dialect.  `at` is in the body."""

    letter: str
    value: str
    at: int


@dataclass(frozen=True, slots=True)
class Message:
    """A frame's parts as sent; `account` is the header's, `data` what stands in the brackets."""

    id: str
    sequence: str
    receiver: str | None
    line: str | None
    account: str | None
    data: str = ""
    extensions: tuple[Extension, ...] = ()
    time: str | None = None
    cipher: Cipher | None = None  # the key that fitted
    plain_crc: bool = False

    @property
    def identity(self) -> bytes:
        """What two copies of one message have in common: all but the time and the padding."""
        parts = [self.id, self.account or "", self.sequence, self.data]
        parts += [one.letter + one.value for one in self.extensions]
        return hashlib.sha256("\x00".join(parts).encode(errors="replace")).digest()[:BLOCK_BYTES]

    def extension(self, letter: str) -> str | None:
        """Return the first extension of this letter."""
        return next((one.value for one in self.extensions if one.letter == letter), None)


@dataclass(frozen=True, slots=True)
class Heard:
    """One stretch of the stream as read: the frame for everybody, the message for answering."""

    frame: Frame
    message: Message | None = None


class UnreadableError(Exception):
    """A frame whose contents do not fit; `fault` says how."""

    def __init__(self, fault: FaultKind, message: Message | None = None) -> None:
        super().__init__(fault.value)
        self.fault = fault
        self.message = message


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what was cut.  `is_strict`: a wrong CRC refuses the frame, else it is read as well.

    `is_dialect` reads Contact ID as HENG-BO panels mean it, whatever id they send it by.
    """

    codes: Codes
    charset: str
    ciphers: Sequence[Cipher] = ()
    is_strict: bool = True
    is_dialect: bool = False

    def read(self, cut: Cut, now_s: float | None) -> Heard:
        """Return what `cut` says; with `now_s` (since 1970, UTC) old encrypted ones are refused."""
        if cut.is_keepalive:
            return Heard(Frame(cut.raw, "keepalive", fields={"text": cut.raw.decode("ascii")}))
        is_damaged = cut.fault is not None
        if not cut.body or (is_damaged and (self.is_strict or cut.fault is FaultKind.LENGTH)):
            return Heard(Frame(cut.raw, fault=cut.fault))
        try:
            message = self._message(cut)
            frame = self._frame(message, cut)
        except UnreadableError as wrong:
            return Heard(Frame(cut.raw, fault=cut.fault or wrong.fault), wrong.message)
        if cut.fault is None and message.cipher is not None and _is_outside(message, now_s):
            frame = Frame(cut.raw, fault=FaultKind.REPLAY)
        elif cut.fault is not None:
            frame = replace(frame, fault=cut.fault)
        return Heard(frame, message)

    # ---- parts

    def _message(self, cut: Cut) -> Message:
        # every byte is one character here, so that places in the text are places in the frame
        outer = _OUTER.fullmatch(cut.body.decode("latin-1"))
        if outer is None:
            raise UnreadableError(FaultKind.SHAPE)
        head = Message(
            id=outer["id"].upper(),
            sequence=outer["sequence"],
            receiver=outer["receiver"],
            line=outer["line"],
            account=outer["account"] or None,
            plain_crc=cut.plain_crc,
        )
        if head.id not in (*EVENTS, *ANSWERS, NULL):
            raise UnreadableError(FaultKind.UNSUPPORTED, head)
        inner, at = outer["inner"], cut.at + outer.start("inner")
        if outer["star"]:
            head, inner = self._opened(head, inner)
        return _inner(head, inner, at)

    def _opened(self, head: Message, inner: str) -> tuple[Message, str]:
        if not _HEX.fullmatch(inner) or len(inner) % (2 * BLOCK_BYTES):
            raise UnreadableError(FaultKind.SHAPE, head)
        sealed = bytes.fromhex(inner)
        for cipher in self.ciphers:
            clear = cipher.decrypt(sealed).decode("latin-1")
            begin = re.search(r"[|\[\]]", clear)
            # a wrong key makes rubbish: the time at its end is the proof of the right one
            if begin is not None and begin[0] != "[" and _TIME.fullmatch(clear[-20:]):
                at = begin.end() if begin[0] == "|" else begin.start()
                return replace(head, cipher=cipher), clear[at:]
        raise UnreadableError(FaultKind.DECRYPT, head)

    # ---- meaning

    def _frame(self, message: Message, cut: Cut) -> Frame:
        fields = _fields(message, cut)
        if message.id not in EVENTS:
            return Frame(cut.raw, message.id, (), fields)
        account, payload = _account(message)
        fields["data"] = self._text(payload)
        if message.id == "SIA-DCS":
            return self._sia(message, cut, fields, (account, payload))
        return self._contact_id(message, cut, fields, (account, payload))

    def _sia(
        self, message: Message, cut: Cut, fields: dict[str, Plain], said: tuple[str | None, str]
    ) -> Frame:
        account, text = said[0], self._text(said[1])
        events = parse_block(text) or parse_block(text.removesuffix("NM"))
        if events is None and account is None:
            account, events = _glued_sia(text, message.account)
        if events is None:
            raise UnreadableError(FaultKind.SHAPE, message)
        fields["events"] = [_event_fields(event) for event in events]
        _flag_account(fields, account)
        signals = [
            event.signal(self.codes, account or message.account, cut.raw) for event in events
        ]
        return Frame(cut.raw, message.id, self._placed(signals, message), fields)

    def _contact_id(
        self, message: Message, cut: Cut, fields: dict[str, Plain], said: tuple[str | None, str]
    ) -> Frame:
        account, payload = said
        found = _CONTACT_ID.fullmatch(payload.upper())
        if found is None and account is None:
            found = _GLUED_CONTACT_ID.fullmatch(payload.upper())
            account = found["account"] or None if found else None
        if found is None:
            raise UnreadableError(FaultKind.SHAPE, message)
        qualifier, code, group, digits = found.groups()[-4:]
        fields |= {"qualifier": qualifier, "code": code, "group": group, "number": digits}
        _flag_account(fields, account)
        dialect = self.is_dialect or message.id == "HENG-BO"
        secrets = secrets_of(message)
        if secrets and code in {"400", "456"}:
            # an order, with its code
            return Frame(cut.raw, "command", (), fields, secrets=secrets)
        meaning = self.codes.contact_id(_QUALIFIERS[qualifier], code)
        if dialect and code == "456" and meaning.kind is Kind.OPEN_CLOSE:
            meaning = replace(meaning, state=State.ARMED)
        if dialect and code in _TOLD_BY:
            fields["by"] = _told_by(number(digits) or 0)
        if meaning.number_is == "device":
            fields["device"] = number(digits)
        place = Place(
            area=number(group),
            number=number(digits),
            account=account or message.account,
            frame=cut.raw,
        )
        signal = replace(signal_of(meaning, place), secrets=secrets)
        return Frame(cut.raw, message.id, self._placed([signal], message), fields)

    def _placed(self, signals: list[Signal], message: Message) -> tuple[Signal, ...]:
        """Add what the frame says beside its events: when it was, and in which words."""
        happened, said = message.extension("H"), message.extension("I")
        words = self._text(said).strip()[:TEXT_CHARS_MAX] if said else None
        own, sent = _iso(happened), _iso(message.time)
        return tuple(
            replace(
                signal,
                text=signal.text or words or None,
                panel_time=own or signal.panel_time or (f"{sent}Z" if sent else None),
            )
            for signal in signals
        )

    def _text(self, text: str) -> str:
        return text.encode("latin-1", errors="replace").decode(self.charset, errors="replace")


def _inner(head: Message, inner: str, at: int) -> Message:
    """Return the message with what stands behind its opening bracket, which begins `at`."""
    data, closed, rest = inner.partition("]")
    if not closed:
        raise UnreadableError(FaultKind.SHAPE, head)
    at += len(data) + 1
    extensions: list[Extension] = []
    while rest[:1] == "[" and len(extensions) < EXTENSIONS_MAX:
        found, size = _extension(rest, at)
        if size == 0:
            raise UnreadableError(FaultKind.SHAPE, head)
        extensions += found
        rest, at = rest[size:], at + size
    time = _TIME.fullmatch(rest.strip(" \x00"))
    if rest.strip(" \x00") and time is None:
        raise UnreadableError(FaultKind.SHAPE, head)
    return replace(
        head,
        data=data,
        extensions=tuple(extensions),
        time=time[0].removeprefix("_") if time else None,
    )


def _extension(text: str, at: int) -> tuple[list[Extension], int]:
    """Return the extension that begins `text` and its size, 0 where it is none."""
    end = text.find("]")
    if end == 1:
        return [], 2
    if text[1:2].isalpha() and text[1:2].isascii():
        return [Extension(text[1], text[2:end], at + 2)], end + 1 if end > 0 else 0
    for size, digits in ((4, text[1:5]), (2, text[1:3])):
        if len(digits) < size or (size == 4 and not (digits.isascii() and digits.isdigit())):
            continue
        length = int(digits) if size == 4 else int.from_bytes(digits.encode("latin-1"), "big")
        stop = 1 + size + length
        if text[stop : stop + 1] == "]":
            return [Extension("", text[1 + size : stop], at + 1 + size)], stop + 1
    return [], 0


def _account(message: Message) -> tuple[str | None, str]:
    """Return the account that the data names, and the rest of it."""
    left, bar, payload = message.data.partition("|")
    if bar:
        return left.removeprefix("#").strip() or None, payload
    head = f"#{message.account}"
    if message.account and message.data.startswith(head):
        return message.account, message.data.removeprefix(head)
    return None, message.data


def _glued_sia(text: str, header: str | None) -> tuple[str | None, list[SiaEvent] | None]:
    """Read a block that follows its account without a bar."""
    if header and text.startswith(header) and (events := parse_block(text.removeprefix(header))):
        return header, events
    found = _GLUED_SIA.fullmatch(text) or _BARE_SIA.fullmatch(text)
    return (found["account"], parse_block(found["block"])) if found else (None, None)


def _fields(message: Message, cut: Cut) -> dict[str, Plain]:
    fields: dict[str, Plain] = {
        "sequence": message.sequence,
        "receiver": message.receiver,
        "line": message.line,
        "account": message.account,
        "time": message.time,
        "encrypted": message.cipher is not None,
    }
    if message.extensions:
        fields["xdata"] = [_extension_fields(one) for one in message.extensions]
    if cut.plain_crc:
        fields["crc_plain"] = True
    if cut.decimal_length:
        fields["length_decimal"] = True
    _flag_account(fields, message.account)
    return fields


def _extension_fields(one: Extension) -> Plain:
    if one.letter:
        return {"letter": one.letter, "value": one.value}
    if _PASSWORD.fullmatch(one.value):
        return {"letter": "", "value": "*" * len(one.value)}
    return {"letter": "", "value": one.value.encode("latin-1").hex()}


def _event_fields(event: SiaEvent) -> Plain:
    return {"code": event.code, "number": event.number, **event.modifiers}


def _flag_account(fields: dict[str, Plain], account: str | None) -> None:
    if account and not _HEX.fullmatch(account):
        fields["account_odd"] = True


def secrets_of(message: Message) -> tuple[Span, ...]:
    """Return where users' codes of six digits stand in the frame; in an encrypted one nowhere."""
    if message.cipher is not None:
        return ()
    return tuple(
        Span(one.at, one.at + len(one.value))
        for one in message.extensions
        if not one.letter and _PASSWORD.fullmatch(one.value)
    )


def _told_by(who: int) -> str:
    """Return who armed, disarmed or called, of HENG-BO's numbers."""
    return next((name for last, name in _WHO if who <= last), "web")


# ---- time


def time_text(now_s: float) -> str:
    """Return `now_s` (since 1970, UTC) as frames carry it, without the mark before it."""
    now = _EPOCH + timedelta(seconds=int(now_s))
    return f"{now:%H:%M:%S,%m-%d-%Y}"


def time_of(message: Message) -> PanelTime | None:
    """Return the time in the header of `message` (UTC), None where there is none."""
    return _time_of(message.time)


def _time_of(text: str | None) -> PanelTime | None:
    found = _TIME.fullmatch(text.strip()) if text else None
    if found is None:
        return None
    hour, minute, second, month, day, year = (int(part) for part in found.groups())
    return panel_time((year, month, day), (hour, minute, second))


def _iso(text: str | None) -> str | None:
    """Return a time as sent in ISO 8601, put right where it is in no calendar."""
    told = _time_of(text)
    return told.iso if told else None


def _is_outside(message: Message, now_s: float | None) -> bool:
    """Tell whether an encrypted message may be a recording that somebody plays to us."""
    told = time_of(message)
    if now_s is None or told is None:
        return False
    ahead_s = told.local.replace(tzinfo=UTC).timestamp() - now_s
    return not -BEHIND_S_MAX <= ahead_s <= AHEAD_S_MAX


# ---- answers


def answered(word: str, message: Message, now_s: float | None, seed: bytes = b"") -> bytes:
    """Return the frame that answers `message` with `word`, ACK or DUH.

    It is encrypted where the message was, and then carries a time: ours, or without one (`now_s`
    None) the message's own.  `seed` makes the padding differ from answer to answer.
    """
    receiver = "" if message.receiver is None else f"R{message.receiver}"
    account = "" if message.account is None else f"#{message.account}"
    place = f"{message.sequence}{receiver}L{message.line or '0'}{account}"
    if message.cipher is None:
        return framed(f'"{word}"{place}[]'.encode("latin-1"), plain_crc=message.plain_crc)
    time = message.time if now_s is None else time_text(now_s)
    clear = padded(f"]_{time}".encode("latin-1"), seed)
    sealed = message.cipher.encrypt(clear).hex().upper()
    body = f'"*{word}"{place}[{sealed}'.encode("latin-1")
    return framed(body, plain_crc=message.plain_crc)


def refused_as_old(now_s: float) -> bytes:
    """Return the NAK that tells a sender our time; it is never encrypted."""
    return framed(f'"NAK"0000R0L0A0[]_{time_text(now_s)}'.encode())


def padded(clear: bytes, seed: bytes) -> bytes:
    """Return `clear` behind padding, a multiple of 16 bytes; at least 11 bytes stand before it.

    What goes before decides every byte after it, so the padding is drawn from `seed`, unlike each
    time; hex digits are none of the three characters that would end it.
    """
    size = 11 + (-len(clear) - 11) % BLOCK_BYTES
    return hashlib.sha256(seed + clear).hexdigest().encode()[:size] + clear
