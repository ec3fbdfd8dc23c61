"""Lengths and sums put right in frames that were changed on purpose, and text that is none.

A fuzzer's mutation hits upon a good sum once in hundreds or in tens of thousands of tries, so
nothing behind the sum would ever be reached; and bad text is bad text in a frame that is good.
These are the emulators' rules, not the drivers': an error in a driver's rule shows as frames that
are never taken.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import reduce
from operator import xor

from hil.panels.cn_fire_frames import mended, without_characters
from hil.panels.concord4 import on_wire as concord4_on_wire
from hil.panels.dc09_frames import crc as crc_dc09
from hil.panels.modbus_map import crc as crc_modbus
from hil.panels.nx584 import on_wire as nx584_on_wire
from hil.panels.satel_frames import framed as framed_satel

GB_HEAD, GB_TAIL = 27, 3  # bytes of a GB/T 26875.3 frame before and behind its data
GB_PART, GB_TEXT, GB_TIME = b"\x02", 31, 6  # data of a part's state: its text and time end it
NO_TEXT = b"\xff\xfe"
DC09_HEAD = 9  # line feed, CRC, length


def mend(driver: str, frame: bytes) -> bytes:
    """Return the frame with the length and the sum that its driver demands, where it has any."""
    rule = RULES.get(driver)
    return frame if rule is None else rule(frame)


def spoil_text(panel: str, frame: bytes) -> bytes | None:
    """Return a good frame with bytes in it that are no character of any set; None: it has no text.

    In a protocol of characters the whole frame is text; of GB/T 26875.3 the description of a part.
    """
    if panel == "cn_fire":
        return without_characters(frame, NO_TEXT)
    if panel == "gb26875":
        end = len(frame) - GB_TAIL - GB_TIME
        if frame[GB_HEAD : GB_HEAD + 1] != GB_PART or end < GB_HEAD + GB_TEXT:
            return None
        at = end - GB_TEXT
    else:
        at = len(frame) // 2
    return mend(panel, frame[:at] + NO_TEXT + frame[at + len(NO_TEXT) :])


def _dc09(frame: bytes) -> bytes:
    body = frame.lstrip(b"\n")[DC09_HEAD - 1 :].split(b"\r")[0]
    return b"\n%04X%04X%b\r" % (crc_dc09(body), len(body), body)


def _dsc(frame: bytes) -> bytes:
    text = frame.split(b"\r")[0][:-2]
    return b"%b%02X\r\n" % (text, sum(text) & 0xFF)


def _ness(frame: bytes) -> bytes:
    text = frame.split(b"\r")[0]
    total = 0
    with suppress(ValueError):
        total = sum(bytes.fromhex(text[:-2].decode("ascii", "replace")))
    return b"%b%02X\r\n" % (text[:-2], -total & 0xFF)


def _elk(frame: bytes) -> bytes:
    return _counted(frame, 2)


def _vista(frame: bytes) -> bytes:
    return _counted(frame, 4)


def _counted(frame: bytes, more: int) -> bytes:
    """The length of the rest and of `more` digits, and the complement of the sum."""
    rest = frame.split(b"\r")[0][2:-2]
    text = b"%02X%b" % (min(len(rest) + more, 0xFF), rest)
    return b"%b%02X\r\n" % (text, -sum(text) & 0xFF)


def _nx584(frame: bytes) -> bytes:
    """Either form; the length is that of what is there."""
    is_binary = frame[:1] == b"~"
    payload = frame[2:-2]
    if not is_binary:
        digits = frame.strip(b"\r\n")[2:-4]
        with suppress(ValueError):
            payload = bytes.fromhex(digits.decode("ascii", "replace"))
    return nx584_on_wire(payload[:0xFF], binary=is_binary)


def _satel(frame: bytes) -> bytes:
    inner = frame[2:-2].replace(b"\xfe\xf0", b"\xfe")[:-2]
    return framed_satel(inner[0], inner[1:]) if inner else frame


def _concord4(frame: bytes) -> bytes:
    """The length of what is there, and its sum; single bytes stay."""
    message = b""
    with suppress(ValueError):
        message = bytes.fromhex(frame.strip(b"\r\n")[2:-2].decode("ascii", "replace"))
    return concord4_on_wire(message[:0xFE]) if message else frame


def _gb26875(frame: bytes) -> bytes:
    inner = bytearray(frame[2:-GB_TAIL].ljust(GB_HEAD - 2, b"\x00"))
    inner[22:24] = (len(inner) - GB_HEAD + 2).to_bytes(2, "little")
    return b"@@%b%c##" % (bytes(inner), sum(inner) & 0xFF)


def _galaxy(frame: bytes) -> bytes:
    """At most 63 bytes between function and parity."""
    function, data = frame[1:2] or b"N", frame[2:-1][:0x3F]
    head = bytes([0x40 + len(data)]) + function
    return head + data + bytes([reduce(xor, head + data, 0xFF)])


def _modbus(frame: bytes) -> bytes:
    return frame[:-2] + crc_modbus(frame[:-2])


RULES: Mapping[str, Callable[[bytes], bytes]] = {
    "dc09": _dc09,
    "dsc": _dsc,
    "ness": _ness,
    "elk": _elk,
    "vista": _vista,
    "nx584": _nx584,
    "concord4": _concord4,
    "gb26875": _gb26875,
    "satel": _satel,
    "galaxy_sia": _galaxy,
    "modbus_map": _modbus,
    "cn_fire": mended,
}
"""Receivers of the Sur-Gard family have neither."""
