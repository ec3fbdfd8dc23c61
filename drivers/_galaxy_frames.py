"""SIA blocks as a Galaxy sends them: cut out of the bytes of a line, and read.

A block is a header, a function letter, up to 63 bytes and a parity byte: H F data P.  The header is
40h where an ACK is wanted, plus the length; bit 7 says that the host may answer with blocks of its
own.  Ethernet modules send longer ones, whose length is the header less 40h.  P is the XOR of all
before it, beginning with FF.  There is no mark of a beginning: what may be a header begins a
candidate, and the first candidate that ends with the right parity and whose contents make sense is
the block.  Data of ASCII alone make P differ from it in the top bit, so that nothing within a block
passes as one.

Sources: open receivers of this format, and their captures.
"""

from dataclasses import replace
from typing import Final

from drivers._galaxy_orders import Told, read
from drivers._galaxy_state import signals_of
from edge_agent.domain.kinds import Origin
from edge_agent.domain.noise import Noise
from edge_agent.domain.session import FaultKind, Frame, Plain, Setup
from edge_agent.domain.settings import charset_of
from edge_agent.domain.sia_block import SiaEvent, parse_block
from edge_agent.domain.signal import Signal, Span

HEAD_BYTES = 2  # header and function
AROUND_BYTES = 3  # with the parity
SHORT_MAX = 0x3F  # length bits of the header
WANTS_ACK, REVERSE = 0x40, 0x80
HELD_BYTES_MAX = 1024  # five of the longest blocks: of what is older no block can come any more
BLOCK_BYTES_MAX = 0xFF - WANTS_ACK + AROUND_BYTES
CHARS = bytes(range(0x20, 0x7F))
TEXT_CHARS = CHARS + bytes(range(0x80, 0x100))  # those of the maker
TEXT_SHARE = 0.75  # of a damaged block's data may be changed, before it is taken for noise
ACCOUNT_CHARS_MAX = 16
PLACE = ("area", "zone", "user")

ACCOUNT, EVENT, OLD_EVENT, TEXT, LOGIN = "account", "event", "old_event", "text", "login"
END, ACK, REJECT = "end", "ack", "reject"
CONFIGURATION, CONTROL, EXTENDED = "configuration", "control", "extended"

_BARE: Final = {
    # functions of a block without data
    ord("0"): END,
    ord("1"): "wait",
    ord("2"): "abort",
    ord("6"): "ack_standby",
    ord("7"): "ack_disconnect",
    ord("8"): ACK,
    0x08: ACK,
    ord("9"): REJECT,
    0x09: REJECT,
}
_FULL: Final = {
    ord("#"): ACCOUNT,
    ord("&"): "origin",
    ord("N"): EVENT,
    ord("O"): OLD_EVENT,
    ord("A"): TEXT,
    ord("?"): LOGIN,
    ord("@"): CONFIGURATION,
    ord("C"): CONTROL,
    ord("X"): EXTENDED,
    # recognised; what they hold is not known
    ord("E"): "environment",
    ord("P"): "program",
    ord("L"): "listen_in",
}
TYPES: Final = {**_BARE, **_FULL}
HOST_TYPES: Final = frozenset({"ack_standby", "ack_disconnect", LOGIN})
ANSWER_TYPES: Final = frozenset({ACK, REJECT, CONFIGURATION, CONTROL, EXTENDED})
UNREAD: Final = frozenset({CONTROL, EXTENDED, "environment", "program", "listen_in"})


def parity(data: bytes) -> int:
    """Return the parity byte of header, function and data."""
    total = 0xFF
    for byte in data:
        total ^= byte
    return total


def framed(function: bytes, data: bytes = b"") -> bytes:
    """Return the block of a function and its data, of which an answer is wanted."""
    said = bytes([WANTS_ACK + len(data)]) + function + data
    return said + bytes([parity(said)])


def _lengths(header: int, function: int) -> tuple[int, ...]:
    """Return what the length of a block's data may be, the shorter first."""
    if function in _BARE:
        return (0,) if header & SHORT_MAX == 0 else ()
    if function not in _FULL:
        return ()
    short = header & SHORT_MAX
    long = header - WANTS_ACK
    return (short, long) if header >= REVERSE and long != short else (short,)


def _text_share(function: int, data: bytes) -> float:
    """Return how much of a block's data are characters."""
    strange = data.translate(None, TEXT_CHARS if function == ord("A") else CHARS)
    return 1 - len(strange) / len(data) if data else 1.0


class GalaxyDecoder:
    """Cuts the stream into blocks and reads them; what is between is damage or noise.

    It remembers the account, and the event that a text belongs to: a damaged one in between
    changes nothing, for the panel says no text before its event has been acknowledged.
    """

    def __init__(self, setup: Setup) -> None:
        self._codes = setup.codes
        self._charset = charset_of(setup)
        self._account: str | None = None
        self._event: Signal | None = None  # what a text that follows is about
        self._held = bytearray()
        self._sums = [0]  # XOR of what is held, up to each byte
        self._ends: dict[int, list[int]] = {}  # where candidates end: where they begin
        self._noise = Noise()

    def is_waiting(self) -> bool:
        """Tell whether bytes are held that may be the beginning of a block."""
        return bool(self._held)

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; return the blocks now complete."""
        frames: list[Frame] = []
        for byte in data:
            frames += self._take(byte)
        return frames

    def finish(self) -> list[Frame]:
        """Return what is left: a cut block, or noise."""
        frames = self._without_blocks(bytes(self._held))
        self._clear()
        return [*frames, *self._noise.flush()]

    # ---- cutting

    def _take(self, byte: int) -> list[Frame]:
        held = self._held
        held.append(byte)
        self._sums.append(self._sums[-1] ^ byte)
        at = len(held) - 1
        if at:
            for length in _lengths(held[at - 1], byte):
                self._ends.setdefault(at + length + 1, []).append(at - 1)
        for start in self._ends.pop(at, ()):
            if self._sums[at + 1] ^ self._sums[start] != 0xFF:
                continue
            frame = self._read(bytes(held[start:]))
            if frame.fault is None:
                before = self._without_blocks(bytes(held[:start]))
                self._clear()
                return [*before, *self._noise.flush(), frame]
        return self._overflow() if len(held) >= HELD_BYTES_MAX else []

    def _clear(self) -> None:
        self._held.clear()
        self._sums = [0]
        self._ends.clear()

    def _overflow(self) -> list[Frame]:
        """Give up the oldest bytes: no block that begins there can end any more."""
        rest = bytes(self._held[-BLOCK_BYTES_MAX:])
        frames = self._without_blocks(bytes(self._held[:-BLOCK_BYTES_MAX]))
        self._clear()
        for byte in rest:
            frames += self._take(byte)
        return frames

    def _without_blocks(self, region: bytes) -> list[Frame]:
        """Tell damaged blocks, and sound ones that say nothing to us, from noise."""
        frames: list[Frame] = []
        at = 0
        while at < len(region):
            size, fault = _damaged(region, at)
            if size == 0:
                frames += self._noise.take(region[at : at + 1])
                at += 1
                continue
            block = region[at : at + size]
            frames += self._noise.flush()
            frames.append(self._read(block) if fault is None else Frame(block, fault=fault))
            at += size
        return frames

    # ---- reading

    def _read(self, block: bytes) -> Frame:
        """Read a block whose parity is right."""
        header, function, data = block[0], block[1], block[HEAD_BYTES:-1]
        kind = TYPES[function]
        fields: dict[str, Plain] = {}
        if len(data) <= SHORT_MAX:
            fields["wants_ack"] = bool(header & WANTS_ACK)
            fields["reverse"] = bool(header & REVERSE)
        if kind in (EVENT, OLD_EVENT):
            return self._event_of(block, kind, fields)
        text = data.decode(self._charset, errors="replace")
        is_whole = bool(data) and _text_share(function, data) == 1
        match kind:
            case "account" if text and set(text) <= set("0123456789ABCDEF"):
                if len(text) <= ACCOUNT_CHARS_MAX:
                    self._account, self._event = text, None
                    return Frame(block, kind, fields={**fields, "account": text})
            case "text" if is_whole:
                return self._text_of(block, text, fields)
            case "origin" if is_whole:
                return Frame(block, kind, fields={**fields, "origin": text})
            case "login" if is_whole:
                code = Span(HEAD_BYTES, len(block) - 1)
                return Frame(block, kind, fields=fields, secrets=(code,))
            case "configuration" if is_whole:
                return Frame(block, kind, fields={**fields, "configuration": text})
            case "control" | "extended" if told := read(data):
                return self._told(block, kind, told, fields)
            case _ if not data and function in _BARE:
                return Frame(block, kind, fields=fields)
        fault = FaultKind.UNSUPPORTED if kind in UNREAD else FaultKind.SHAPE
        return Frame(block, kind, fields=fields, fault=fault)

    def _event_of(self, block: bytes, kind: str, fields: dict[str, Plain]) -> Frame:
        data = block[HEAD_BYTES:-1]
        events = parse_block(data.decode("ascii")) if data.isascii() else None
        if events is None:
            return Frame(block, kind, fields=fields, fault=FaultKind.SHAPE)
        origin = Origin.BACKFILL if kind == OLD_EVENT else Origin.LIVE
        signals = tuple(
            replace(_placed(event).signal(self._codes, self._account, block), origin=origin)
            for event in events
        )
        self._event = signals[-1]
        fields["events"] = [
            {"code": event.code, "number": event.number, **event.modifiers} for event in events
        ]
        return Frame(block, kind, signals, fields)

    def _told(self, block: bytes, kind: str, told: Told, fields: dict[str, Plain]) -> Frame:
        """Return an answer of level 4; a question or an order says nothing of the panel."""
        if told.digits is None:
            return Frame(block, kind, fields={**fields, "asks": told.of})
        signals = tuple(
            replace(one, account=self._account) for one in signals_of(told.of, told.digits, block)
        )
        name = "areas" if told.of.startswith("SA") else "zones"
        shown: Plain = (
            {str(number): digit for number, digit in told.digits.items()}
            if name == "areas"
            else list(told.digits)
        )
        return Frame(block, kind, signals, {**fields, "of": told.of, name: shown})

    def _text_of(self, block: bytes, text: str, fields: dict[str, Plain]) -> Frame:
        """Return a text with the place of its event, which says no more: that is recorded."""
        about: dict[str, Plain] = {"account": self._account}
        if self._event is not None:
            about |= {name: getattr(self._event, name) for name in PLACE}
        told = {name: value for name, value in about.items() if value is not None}
        return Frame(block, TEXT, fields={**fields, **told, "text": text})


def _placed(event: SiaEvent) -> SiaEvent:
    """Return the event with its area where `ri` would say it: some say `pi`."""
    modifiers = event.modifiers
    area = modifiers.get("ri") or modifiers.get("pi")
    return replace(event, modifiers={**modifiers, "ri": area}) if area else event


def _damaged(region: bytes, at: int) -> tuple[int, FaultKind | None]:
    """Return how long a block is that begins here and what is wrong with it; 0: there is none.

    None is wrong with the parity of a block that says nothing to us.
    """
    if at + 1 >= len(region):
        return 0, None
    lengths = _lengths(region[at], region[at + 1])
    sizes = [length + AROUND_BYTES for length in lengths]
    whole = [size for size in sizes if at + size <= len(region)]
    for size in whole:
        if _share(region[at : at + size]) == 1 and parity(region[at : at + size]) == 0:
            return size, None
    for size in whole:
        if _share(region[at : at + size]) >= TEXT_SHARE:
            return size, FaultKind.CHECKSUM
    rest = region[at + HEAD_BYTES :]
    if lengths and not whole and rest and _text_share(region[at + 1], rest) >= TEXT_SHARE:
        return len(region) - at, FaultKind.LENGTH
    return 0, None


def _share(block: bytes) -> float:
    return _text_share(block[1], block[HEAD_BYTES:-1])
