"""What the makers of Chinese fire panels make of the same occurrence: binary dialects.

Facts: the makers' serial ports as captured and as public gateways read them.  Each dialect says
what it has words for; the panel itself (`hil.panels.cn_fire`) decides what happens, how often it is
said and in which order.  What captures alone prove is marked so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from hil.panels import cn_fire_frames as frames

HELD_BYTES_MAX = 64
PANEL = 1  # the panel's own number


@dataclass(frozen=True, slots=True)
class Detector:
    """What is built in at a zone: GST's number of it, and the code of its alarm."""

    type: int
    code: str


DETECTORS = (
    Detector(3, "111"),  # point smoke
    Detector(2, "114"),  # point heat
    Detector(11, "115"),  # manual call point
    Detector(5, "117"),  # flame
    Detector(10, "110"),  # combined: of no one kind
)
ALL_DETECTORS = frozenset(detector.type for detector in DETECTORS)


class What(Enum):
    """What can happen in a fire panel; `active` of an occurrence says whether it begins."""

    FIRE = "fire"
    TROUBLE = "trouble"
    ISOLATED = "bypass"
    SUPERVISORY = "supervisory"
    STARTED = "output"
    ANSWERED = "feedback"  # a device reports that it did what it was started for
    MAINS = "mains"
    BATTERY = "battery"
    RESET = "reset"
    MUTED = "mute"
    STRANGE = "event"  # what no table knows


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that happens, at a device of a loop or in the panel itself (loop and point 0)."""

    what: What
    active: bool = True
    loop: int = 0
    point: int = 0
    detector: Detector = DETECTORS[-1]


class Host(Enum):
    """What a host can be heard to say."""

    THERE = "there"  # its keep-alive, or its answer to the panel's
    ACK = "ack"


Words = dict[tuple[What, bool], int]
Hearing = tuple[list[Host], bytes, bytes]
"""What was heard, what the panel answers at once, and the bytes that may go on."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one maker's panel speaks; times in seconds.

    `frame` makes the frame of an occurrence at a time of the panel's clock, b"" where there are no
    words; `beat` is said every `beat_s` (0: never); `aside` is what follows an occurrence and means
    nothing, `riddle` what follows it and nobody understands: a host keeps it.  Everything is said
    `copies` times, `repeat_s` apart (`until_ack`: or until the host acknowledges it) and `gap_s`
    lies between things said.  A host that is silent for `host_s` (0: none is needed) is gone, as
    the panel shows on its display.
    """

    name: str
    baud: int
    frame: Callable[[Occurrence, datetime], bytes]
    beat: bytes = b""
    beat_s: float = 0.0
    copies: int = 1
    repeat_s: float = 0.0
    gap_s: float = 0.05
    until_ack: bool = False
    host_s: float = 0.0
    hear: Callable[[bytes], Hearing] = lambda _: ([], b"", b"")
    aside: Callable[[Occurrence], bytes] = lambda _: b""
    riddle: Callable[[Occurrence], bytes] = lambda _: b""
    six_digits: bool = False  # a device is numbered as one, without a loop
    tells: frozenset[int] = frozenset()  # types of detectors that its frames name


# ---- GST: the network card of GST100 to GST9000

GST_CODES = {What.FIRE: 0x15, What.TROUBLE: 0x21, What.ANSWERED: 0x22, What.STRANGE: 0x7E}
GST_TEXT = bytes.fromhex("0031 0020 0020 0020 0020 0020 0020")  # seven characters of its own
GST_OWN = bytes.fromhex("08 17 23 17 23")
GST_RESET = bytes.fromhex("04 55 55 55 55")
GST_STATUS = bytes.fromhex("AA 04 00 00")


def _gst(told: Occurrence, at: datetime) -> bytes:
    del at  # nothing is said of the time
    if told.what is What.RESET:
        return frames.gst(GST_RESET)
    code = GST_CODES.get(told.what)
    if code is None or not told.active:
        return b""
    device = bytes.fromhex(f"{told.point:06d}")
    state = 2 if told.what is What.TROUBLE else 1
    return frames.gst(
        bytes([code]) + device + bytes([told.detector.type, 0x41, 0, state]) + GST_TEXT
    )


def _gst_aside(told: Occurrence) -> bytes:
    return GST_STATUS if told.what is What.RESET else b""


def _gst_riddle(told: Occurrence) -> bytes:
    if told.what is What.FIRE:  # captured behind a fire; it has no sum
        device = bytes.fromhex(f"{told.point:06d}")
        return b"\xaa\x01" + device[::2] + bytes(3)
    return b""


def _hear_gst(held: bytes) -> Hearing:
    at = held.rfind(b"\xaa\x08")
    frame = held[at : at + 7] if at >= 0 else b""
    if len(frame) == 7 and frames.is_sound(frame) and frame[2:4] == frame[4:6]:
        return [Host.THERE], b"", held[at + 7 :]
    return [], b"", held


# ---- GST500: the card that marks its addresses by parity (which no pty can)

GST500_POLL = bytes.fromhex("01 00 0F 1F")
GST500_HOST = bytes.fromhex("01 F0 F0 BB")


def _gst500(told: Occurrence, at: datetime) -> bytes:
    del at
    device = bytes.fromhex(f"{told.point:06d}") + bytes([told.detector.type])
    match told.what, told.active:
        case What.FIRE, True:
            return frames.gst500(b"\x0d\xdd", device + b"\x01")
        case What.STARTED, True:
            return frames.gst500(b"\x0d\xdd", device + b"\x02")
        case What.STRANGE, True:
            return frames.gst500(b"\x0d\xdd", bytes(4) + b"\x7e")
        case What.TROUBLE, True:
            return frames.gst500(b"\x0e\xee", device + b"\x00")
        case What.RESET, _:
            return frames.GST500_RESET
        case What.MUTED, _:
            return frames.GST500_MUTED
    return b""


def _hear_words(said: bytes, host: Host, answer: bytes = b"") -> Callable[[bytes], Hearing]:
    """Hear a host that says one thing only."""

    def hear(held: bytes) -> Hearing:
        count = held.count(said)
        rest = held[held.rfind(said) + len(said) :] if count else held
        return [host] * count, answer * count, rest[-HELD_BYTES_MAX:]

    return hear


# ---- JBF-11S, and the card of the 193K

JBF_BEAT = frames.jbf(bytes.fromhex("09 00 00 01 6E 01 0A"))
JBF_HOST = frames.jbf(bytes.fromhex("13 01 01 6E 01 01 00"))
JBF_RESET = frames.jbf(bytes.fromhex("0D 01 01 6E 01 01 00"))  # captured
JBF_HEADER = bytes.fromhex("01 01 6E 00 13")
JBF_CODES = {What.FIRE: 0x0A, What.TROUBLE: 0x0B, What.ANSWERED: 0x0C, What.STRANGE: 0x7E}
JBF_ANSWER_KIND = 0x85  # captured


def _binary_time(at: datetime) -> bytes:
    return bytes([at.year % 100, at.month, at.day, at.hour, at.minute, at.second])


def jbf_11s(fire: int) -> Callable[[Occurrence, datetime], bytes]:
    """Return the frames of the generation that says `fire` by that code."""

    def frame(told: Occurrence, at: datetime) -> bytes:
        if told.what is What.RESET:
            return JBF_RESET
        code = fire if told.what is What.FIRE else JBF_CODES.get(told.what)
        if code is None or not told.active:
            return b""
        kind = JBF_ANSWER_KIND if told.what is What.ANSWERED else 0
        where = bytes([kind, 0, told.loop, told.point])
        when = bytes([at.year // 100]) + _binary_time(at)
        return frames.jbf(bytes([code]) + JBF_HEADER + where + when + bytes(8))

    return frame


CARD_POLL = b"\x82" + b"0" * 20 + b"\x83"
CARD_WORDS: Words = {
    (What.FIRE, True): 0x80,
    (What.TROUBLE, True): 0x81,
    (What.TROUBLE, False): 0x82,
    (What.STARTED, True): 0x83,
    (What.STARTED, False): 0x84,
    (What.ANSWERED, True): 0x85,
    (What.ANSWERED, False): 0x86,
    (What.ISOLATED, True): 0x98,
    (What.ISOLATED, False): 0x97,
    (What.SUPERVISORY, True): 0x8C,
    (What.SUPERVISORY, False): 0x8D,
    (What.RESET, True): 0x01,
    (What.MUTED, True): 0x0B,
    (What.STRANGE, True): 0x7E,
    (What.MAINS, True): 0x71,
    (What.MAINS, False): 0x71,
    (What.BATTERY, True): 0x72,
    (What.BATTERY, False): 0x72,
}
POWER = {What.MAINS, What.BATTERY}
CARD_POWER = {True: 0x80, False: 0x90}  # in place of the loop


def _card(told: Occurrence, at: datetime) -> bytes:
    code = CARD_WORDS.get((told.what, told.active))
    if code is None:
        return b""
    loop = CARD_POWER[told.active] if told.what in POWER else told.loop
    of_panel = 0 if told.what is What.STRANGE else PANEL
    where = bytes([of_panel, loop, told.point, told.detector.type if told.point else 0])
    return frames.card(bytes([code]) + where + _binary_time(at))


CARD_ANSWER = frames.card(bytes([0x09, PANEL]) + bytes(9))

# ---- Songjiang 3208

SONGJIANG_CODES = {What.FIRE: 0x6E, What.TROUBLE: 0x6F, What.ANSWERED: 0x70, What.STRANGE: 0x7E}
SONGJIANG_STATES = {What.FIRE: 1, What.TROUBLE: 8}


def _songjiang(told: Occurrence, at: datetime) -> bytes:
    if told.what is What.RESET:
        return frames.songjiang(bytes([PANEL, 0, 1, 0, 0]))
    code = SONGJIANG_CODES.get(told.what)
    if code is None or not told.active:
        return b""
    place = bytes([PANEL, told.loop, told.point]) + (1).to_bytes(2, "little")
    when = bytes.fromhex(f"{at:%y%m%d%H%M}")
    item = place + bytes([5, SONGJIANG_STATES.get(told.what, 0)]) + when + b"\xff" * 20
    data = (1).to_bytes(2, "little") + item
    return frames.songjiang(bytes([PANEL, code]) + len(data).to_bytes(2, "little") + data)


# ---- FS5101W

FORSAFE_FAULT, FORSAFE_FIRE = 0xC2, 0xC3
# what happened: function, kind of what it happened to, state; captured, or read by a gateway
FORSAFE_WORDS = {
    (What.FIRE, True): (FORSAFE_FIRE, 0x1B, 0x05),
    (What.TROUBLE, True): (FORSAFE_FAULT, 0x01, 0x01),
    (What.TROUBLE, False): (FORSAFE_FAULT, 0x01, 0x00),
    (What.MAINS, True): (FORSAFE_FAULT, 0x04, 0x09),
    (What.MAINS, False): (FORSAFE_FAULT, 0x04, 0x0A),
    (What.BATTERY, True): (FORSAFE_FAULT, 0x05, 0x09),
    (What.BATTERY, False): (FORSAFE_FAULT, 0x05, 0x0A),
    (What.STRANGE, True): (0xC9, 0x7E, 0x7E),
}


def _forsafe(told: Occurrence, at: datetime) -> bytes:
    if told.what is What.RESET:
        return frames.forsafe(b"\xa1")
    words = FORSAFE_WORDS.get((told.what, told.active))
    if words is None:
        return b""
    network = bytes([0, 0x81])  # net, and the panel's number
    where = bytes([told.loop, told.point]) + bytes.fromhex("01 00 00 00 00 00")
    return frames.forsafe(b"\xa5" + bytes(words) + network + _binary_time(at) + where)


def _hear_forsafe(held: bytes) -> Hearing:
    """Hear a host that answers the patrol: F0, its address, 03, A2 00 00, CRC."""
    at = held.rfind(b"\x03\xa2\x00\x00")
    frame = held[at - 2 : at + 6] if at >= 2 else b""
    if len(frame) == 8 and frame[:1] == b"\xf0" and frames.is_sound(frame):
        return [Host.THERE], b"", held[at + 6 :]
    return [], b"", held


# ---- Simplex 4100 (Tyco)

SIMPLEX_SEQUENCE = b"1"
SIMPLEX_POLL = frames.simplex(SIMPLEX_SEQUENCE, b"\x05")
SIMPLEX_LETTERS = {
    (What.FIRE, True): "F1",
    (What.FIRE, False): "F0",
    (What.TROUBLE, True): "T1",
    (What.TROUBLE, False): "T0",
    (What.SUPERVISORY, True): "S1",
    (What.SUPERVISORY, False): "S0",
    (What.STRANGE, True): "X9",
}


def _simplex(told: Occurrence, at: datetime) -> bytes:
    if told.what is What.RESET:
        return frames.simplex(SIMPLEX_SEQUENCE, b"\x11W: WARM START\r\n")
    letters = SIMPLEX_LETTERS.get((told.what, told.active))
    if letters is None:
        return b""
    where = f"{told.loop}-{told.point}-0" if told.loop else "P33"
    text = f"{at:%H%M%S}-7251238 {where} {letters}- \r\n"
    return frames.simplex(SIMPLEX_SEQUENCE, b"\x1e" + text.encode())


def _hear_simplex(held: bytes) -> Hearing:
    """Hear a host: an ACK is one byte or a frame, the answer to a poll a frame."""
    heard = []
    while (at := held.find(frames.SIMPLEX)) >= 0 and len(held) >= at + 6:
        frame, held = held[at : at + 6], held[:at] + held[at + 6 :]
        if frames.is_sound(frame) and frame[2:3] in {b"\x02", b"\x06"}:
            heard.append(Host.ACK if frame[2:3] == b"\x06" else Host.THERE)
    if frames.SIMPLEX not in held and b"\x06" in held:
        heard.append(Host.ACK)
        held = b""
    return heard, b"", held


# ---- LD128E(Q): three bytes, no sum

LIDA_WORDS: Words = {
    (What.FIRE, True): 0x01,
    (What.TROUBLE, True): 0x03,
    (What.TROUBLE, False): 0x06,
    (What.STARTED, True): 0x44,
    (What.STARTED, False): 0x42,
    (What.MAINS, True): 0x12,
    (What.MAINS, False): 0x12,
    (What.BATTERY, True): 0x13,
    (What.BATTERY, False): 0x13,
    (What.RESET, True): 0x50,
    (What.MUTED, True): 0x30,
}
LIDA_FAULT = bytes.fromhex("D0 81")  # captured behind a mains fault; behind its end zeros


def _lida(told: Occurrence, at: datetime) -> bytes:
    del at
    kind = LIDA_WORDS.get((told.what, told.active))
    if kind is None:
        return b""
    if told.what in POWER:
        return bytes([kind]) + (LIDA_FAULT if told.active else bytes(2))
    return bytes([kind, told.loop, told.point])


BINARY = (
    Dialect(
        name="gst_crt",
        baud=2400,
        frame=_gst,
        beat=frames.gst(GST_OWN),
        beat_s=3.0,
        copies=3,
        repeat_s=0.2,
        host_s=10.0,
        hear=_hear_gst,
        aside=_gst_aside,
        riddle=_gst_riddle,
        six_digits=True,
        tells=ALL_DETECTORS,
    ),
    Dialect(
        name="gst500_card",
        baud=2400,
        frame=_gst500,
        beat=GST500_POLL,
        beat_s=1.0,
        host_s=10.0,
        hear=_hear_words(GST500_HOST, Host.THERE),
        six_digits=True,
        tells=ALL_DETECTORS,
    ),
    Dialect(
        name="jbf_11s",
        baud=2400,
        frame=jbf_11s(0x0A),
        beat=JBF_BEAT,
        beat_s=1.0,
        host_s=10.0,
        hear=_hear_words(JBF_HOST, Host.THERE),
    ),
    Dialect(
        name="jbf_193k",
        baud=9600,
        frame=_card,
        host_s=10.0,
        hear=_hear_words(CARD_POLL, Host.THERE, CARD_ANSWER),
    ),
    Dialect(
        name="songjiang_3208",
        baud=9600,
        frame=_songjiang,
        beat=frames.songjiang(bytes([PANEL, 0x64, 0, 0])),
        beat_s=5.0,  # nobody says how often
    ),
    Dialect(
        name="fs5101w",
        baud=9600,
        frame=_forsafe,
        beat=frames.forsafe(b"\xa2"),
        beat_s=5.0,  # nobody says how often
        host_s=90.0,
        hear=_hear_forsafe,
    ),
    Dialect(
        name="simplex_4100",
        baud=9600,
        frame=_simplex,
        beat=SIMPLEX_POLL,
        beat_s=30.0,
        copies=2,
        repeat_s=4.0,
        until_ack=True,
        host_s=240.0,
        hear=_hear_simplex,
    ),
    Dialect(
        name="ld128e",
        baud=2400,
        frame=_lida,
        gap_s=0.35,
        hear=_hear_words(b"\x20", Host.THERE, b"\x7f"),
    ),
)
