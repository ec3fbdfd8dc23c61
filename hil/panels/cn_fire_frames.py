"""The sums of the Chinese fire panels' frames, and which frame is whose: by its first bytes.

Facts: each maker's own rule, recomputed on captures.  GST adds all bytes up, head included; JBF has
16 bits of everything behind its head, high byte first; Songjiang CRC-16/MODBUS of everything behind
its head; FS5101W CRC-16/XMODEM of everything behind its head; Simplex the complement of the sum of
what stands between its marks, in two characters of six bits; the JBF-193K card sends each byte of
data as two nibbles on top of 30, its sum last.  LD128E and printers have no check at all.
"""

from binascii import crc_hqx

from hil.panels.modbus_map import crc as crc_modbus

GST, JBF, SONGJIANG, FORSAFE, SIMPLEX = b"\xaa", b"\xff\xff\xff", b"\xfe", b"\xf0", b"\x1c"
SIMPLEX_END = b"\x17"
CARD, CARD_END = b"\x82", b"\x83"
GST500 = (b"\x0d\xdd", b"\x0e\xee")
GST500_RESET, GST500_MUTED = b"\x0a\xaa\xbb", b"\xfa\xab\xbb"
LIDA_KINDS = frozenset({1, 2, 3, 4, 5, 6, 7, 0x0D, 0x12, 0x13, 0x20, *range(0x40, 0x46)}) | {
    *(0x30, 0x50, 0x51),
}
LIDA_SIZE = 3
GST_RIDDLE, GST_RIDDLE_SIZE = b"\xaa\x01", 7  # the only frame of its dialect without a sum
TEXT_FF = 20  # bytes of text that end a Songjiang object
NIBBLE_BASE = 0x30


def gst(body: bytes) -> bytes:
    """Return a frame of GST's network card: `body` begins with its type."""
    return _summed(GST + body)


def _summed(frame: bytes) -> bytes:
    return frame + bytes([sum(frame) % 256])


def jbf(body: bytes) -> bytes:
    """Return a JBF-11S frame: `body` begins with its code."""
    return JBF + body + (sum(body) & 0xFFFF).to_bytes(2, "big")


def card(data: bytes) -> bytes:
    """Return a frame of the JBF-193K card: `data` begins with its code."""
    split = bytes(NIBBLE_BASE | nibble for byte in _summed(data) for nibble in divmod(byte, 16))
    return CARD + split + CARD_END


def songjiang(body: bytes) -> bytes:
    """Return a Songjiang frame: `body` begins with the panel's number."""
    return SONGJIANG + body + crc_modbus(body) + b"\xff"


def forsafe(data: bytes, address: int = 0) -> bytes:
    """Return an FS5101W frame around `data`."""
    body = bytes([address, len(data)]) + data
    return FORSAFE + body + crc_hqx(body, 0).to_bytes(2, "big")


def simplex(sequence: bytes, data: bytes) -> bytes:
    """Return a Simplex 4100 frame."""
    rest = ~sum(sequence + data)
    check = bytes([(rest >> 6 & 0x3F) + 0x40, (rest & 0x3F) + 0x40])
    return SIMPLEX + sequence + data + SIMPLEX_END + check


def gst500(kind: bytes, data: bytes) -> bytes:
    """Return a frame of the GST500 card: `kind` 0D DD or 0E EE, five bytes of data."""
    return kind + data + bytes([sum(data) % 256]) + b"\xbb"


def mended(frame: bytes) -> bytes:
    """Return the frame with the sum that its dialect demands; as it is where that has none."""
    match frame[:1]:
        case b"\xaa":
            return _summed(frame[:-1])
        case b"\xff" if frame.startswith(JBF):
            return jbf(frame[3:-2])
        case b"\xfe":
            return songjiang(frame[1:-3])
        case b"\xf0":
            return forsafe(frame[3:-2][:255], frame[1] if len(frame) > 1 else 0)
        case b"\x1c":
            return simplex(frame[1:2], frame[2:-3].replace(SIMPLEX_END, b" "))
        case b"\x82":
            return card(_joined(frame[1:-3]))
        case b"\x0d" | b"\x0e" if frame[:2] in GST500:
            return gst500(frame[:2], frame[2:-2])
    return frame


def _joined(nibbles: bytes) -> bytes:
    pairs = zip(nibbles[::2], nibbles[1::2], strict=False)
    return bytes((high & 0x0F) << 4 | low & 0x0F for high, low in pairs)


def has_check(frame: bytes) -> bool:
    """Tell whether the frame's dialect has one."""
    heads = (GST, JBF, SONGJIANG, FORSAFE, SIMPLEX, CARD, *GST500)
    return frame.startswith(heads)


def is_sound(frame: bytes) -> bool:
    """Tell whether a frame passes its dialect's check; printed text of any length does."""
    if frame.startswith(GST_RIDDLE):
        return len(frame) == GST_RIDDLE_SIZE and frame.endswith(b"\x00")
    if has_check(frame):
        return len(frame) > 4 and mended(frame) == frame
    if len(frame) == LIDA_SIZE:
        return frame[0] in LIDA_KINDS or frame in {GST500_RESET, GST500_MUTED}
    return len(frame) > LIDA_SIZE


def without_characters(frame: bytes, no_text: bytes) -> bytes | None:
    """Return a good frame whose text begins with `no_text`; None for one that has none."""
    match frame[:1]:
        case b"\xaa" if len(frame) == 24:
            at = 9
        case b"\xfe" if len(frame) > 40:
            at = len(frame) - 3 - TEXT_FF
        case b"\x1c" if len(frame) > 12:
            at = 6
        case _ if has_check(frame) or len(frame) <= LIDA_SIZE:
            return None
        case _:
            at = len(frame) // 2
    return mended(frame[:at] + no_text + frame[at + len(no_text) :])
