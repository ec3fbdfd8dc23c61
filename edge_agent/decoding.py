"""What `edge-agent decode` does: recorded bytes in, one JSON object a line out.

Input is raw bytes of a line, or hex digits with one chunk a line.  Nothing that the input holds
makes this fail, memory is constant and time linear.  It reads no clock and keeps no memory of its
own; docs/decode.md describes the output.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from edge_agent.domain.session import Decoder, FaultKind, Frame, Plain
from edge_agent.domain.signal import Signal

CHUNK_BYTES_MAX = 1 << 16  # the longest packet of any medium (UDP); a longer hex line is cut
_BLANKS = b" \t\r\v\f"


@runtime_checkable
class PacketDecoder(Protocol):
    """A decoder whose medium bounds frames by itself: a datagram, or silence on a bus.

    Hex input has one such chunk a line and is given to `packet`; raw input has no bounds and goes
    to `feed` like any stream.
    """

    def packet(self, data: bytes) -> list[Frame]:
        """Take exactly one packet; return the frames in it."""


def decode_raw(decoder: Decoder, pieces: Iterable[bytes]) -> Iterator[list[Frame]]:
    """Yield what each piece of a stream completed, and at the end what was left."""
    for piece in pieces:
        yield decoder.feed(piece)
    yield decoder.finish()


def decode_hex(decoder: Decoder, pieces: Iterable[bytes]) -> Iterator[list[Frame]]:
    """Yield what each line of hex digits completed; a line that is not hex is of fault `shape`."""
    take = decoder.packet if isinstance(decoder, PacketDecoder) else decoder.feed
    for line in _lines(pieces):
        digits = line.translate(None, _BLANKS)
        if not digits:
            continue
        try:
            chunk = bytes.fromhex(digits.decode("ascii"))
        except ValueError:  # not hex digits, an odd number of them, or not even text
            yield [Frame(line.strip(), fault=FaultKind.SHAPE)]
        else:
            yield take(chunk)
    yield decoder.finish()


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines without their end; one that is too long is cut, so that memory is constant."""
    most = 2 * CHUNK_BYTES_MAX
    rest = bytearray()
    for piece in pieces:
        *whole, tail = piece.split(b"\n")
        for part in whole:
            rest += part
            yield from _cut(rest, most)
            yield bytes(rest)
            rest.clear()
        rest += tail
        yield from _cut(rest, most)
    yield bytes(rest)


def _cut(line: bytearray, most: int) -> Iterator[bytes]:
    while len(line) > most:
        yield bytes(line[:most])
        del line[:most]


def to_json(frame: Frame) -> str:
    """Return a frame as one line of JSON."""
    return json.dumps(frame_values(frame), ensure_ascii=False)


def frame_values(frame: Frame) -> dict[str, Plain]:
    """Return a frame as plain values."""
    values: dict[str, Plain] = {"frame": frame.raw.hex(), "ok": frame.fault is None}
    if frame.fault is not None:
        values["fault"] = frame.fault.value
    if frame.fault is None or frame.signals:
        values["type"] = frame.type
        values["signals"] = [signal_values(signal) for signal in frame.signals]
        values["fields"] = dict(frame.fields)
    return values


def signal_values(signal: Signal) -> dict[str, Plain]:
    """Return a signal as plain values; what the panel did not say is None."""
    return {
        "kind": signal.kind.value,
        "code": signal.code,
        "state": signal.state.value,
        "area": signal.area,
        "zone": signal.zone,
        "user": signal.user,
        "account": signal.account,
        "text": signal.text,
        "panel_time": signal.panel_time,
    }
