"""What must hold for any bytes: the one check behind atheris, Hypothesis and the saved inputs.

An input says how it is played, then what.  `HEAD` bytes come first:

    0  the way (`Way`)       1  which of the driver's variants: profiles, options
    2  into which pieces it is cut; 0: none

The rest is the bytes of a line; with `Way.MENDED` and `Way.PACKETS` a row of frames, each with its
length less one before it.  For a session each piece comes a moment later than the one before.

Standard library and what the drivers use: it runs in the fuzzer's own environment.
"""

import gc
import importlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from enum import IntEnum
from functools import cache
from types import FunctionType, ModuleType

from edge_agent import resources
from edge_agent.decoding import PacketDecoder, to_json
from edge_agent.domain.codes import Codes
from edge_agent.domain.command import ALLOWABLE
from edge_agent.domain.lines import LineDecoder
from edge_agent.domain.session import (
    Action,
    Answered,
    Called,
    ClockRead,
    Committed,
    Decoder,
    Driver,
    FaultKind,
    Frame,
    Nature,
    Opened,
    Plain,
    Profile,
    Read,
    Received,
    Report,
    Session,
    Setup,
    Table,
    Ticked,
)
from edge_agent.domain.stamp import Trust
from hil.panels.mending import mend

HEAD = 3
SECOND_NS = 1_000_000_000
BETWEEN: dict[str, bytes] = {
    # driver: ends and fillings of frames, which may stand in no frame where they end nothing; a
    # `LineDecoder` needs no entry
    "concord4": b"\r\n",
    "dc09": b"\r\n\x00",
    "dsc": b"\r\n",
    "elk": b"\r\n",
    "ness": b"\r\n?",
    "nx584": b"\r\n",
    "surgard": b"\r\n\x14",
    "vista": b"\r\n",
}
NOISE_BYTES_MAX = (1 << 16) + 4096  # a run of noise in one piece, and the frame that ended it
GROWTH_BYTES_MAX = 128 * 1024  # what a decoder may come to hold: one run of noise, doubled
SESSION_BYTES_MAX = (
    1 << 20
)  # and a session, which knows its points as well: a fire panel has thousands
LONG_BYTES = 3 << 16  # three times what any bound allows
PIECES = (*(4 * (1 << 14,)), *(2 * (1 << 16,)))
"""It is given in these: the second half in what `edge-agent decode` reads at once, four times what
the first quarter is read in, so that time with the square of one piece shows as well."""
RATIO_MAX = 8.0  # of the time for four times the bytes; 4 is linear, 16 is quadratic
QUARTER_S_MIN = 0.002  # less is too short to be compared
TRIES = 4  # at measuring: a machine that does something else spoils one

OPTIONS: dict[str, tuple[dict[str, Plain], ...]] = {
    # driver: sets of options that read what the defaults do not
    "alarmdecoder": ({"charset": "gb18030"},),
    "dc09": ({"key": "0123456789ABCDEF"}, {"strict": False}, {"charset": "utf-8"}),
    "dsc": ({"charset": "utf-8"},),
    "gb26875": ({"charset": "utf-8"}, {"addressing": "number"}),
    "paradox_prt3": ({"charset": "gb18030"},),
    "surgard": ({"charset": "utf-8"}, {"number_digits": 2}),
}


class Way(IntEnum):
    """How an input is played."""

    RAW = 0  # the bytes of a line
    MENDED = 1  # a row of frames with good sums
    PACKETS = 2  # the same, one packet each
    SESSION = 3  # the bytes of a line, to a session
    MENDED_SESSION = 4  # a row of frames with good sums, to a session


@dataclass(frozen=True)
class Target:
    """A driver, with each of its profiles and some of its options."""

    driver: Driver
    setups: tuple[Setup, ...]

    @property
    def name(self) -> str:
        return self.driver.name

    @property
    def is_bus(self) -> bool:
        return self.driver.nature is Nature.BUS


@cache
def target(name: str) -> Target:
    """Return the target called `name`; raises DriverError."""
    driver = resources.load_driver(name)
    profiles: list[Profile | None] = [
        profile for profile in resources.profiles().values() if profile.driver == name
    ]
    if driver.nature is Nature.STREAM:
        profiles.append(None)
    choices: list[tuple[Profile | None, dict[str, Plain]]]
    choices = [(profile, {}) for profile in profiles]
    choices += [(profiles[0], options) for options in OPTIONS.get(name, ())]
    setups = tuple(
        Setup(
            resources.load_codes(),
            profile,
            resources.check_options(driver, options),
            UTC,
            frozenset(ALLOWABLE),
        )
        for profile, options in choices
    )
    return Target(driver, setups)


def names() -> list[str]:
    """Return every driver's name."""
    return sorted(resources.drivers())


def seeds(name: str) -> Iterator[bytes]:
    """Yield the golden frames, played in every way and by every variant."""
    golden = [
        bytes(one.frame) for one in importlib.import_module(f"tests.drivers.golden_{name}").GOLDEN
    ]
    variants = len(target(name).setups)
    for variant in range(variants):
        everything = b"".join(golden)
        for way in (Way.RAW, Way.SESSION):
            yield bytes((way, variant, 7)) + everything
        for way in (Way.MENDED, Way.PACKETS, Way.MENDED_SESSION):
            yield bytes((way, variant, 0)) + b"".join(map(_prefixed, golden))
    for frame in golden:
        yield bytes((Way.RAW, 0, 0)) + frame
        yield bytes((Way.MENDED, 0, 0)) + _prefixed(frame)


def _prefixed(frame: bytes) -> bytes:
    return bytes((len(frame[:256]) - 1,)) + frame[:256]


# ---- playing an input


def check(one: Target, data: bytes, *, thoroughly: bool = True) -> None:
    """Play an input; AssertionError or any other exception is a defect.

    `thoroughly`: also let it go on without end, for memory and time.
    """
    way, setup, pieces = Way.RAW, one.setups[0], 0
    if len(data) >= HEAD:
        way = Way(data[0] % len(Way))
        setup = one.setups[data[1] % len(one.setups)]
        pieces = data[2]
    body = data[HEAD:]
    match way:
        case Way.RAW:
            check_stream(one.driver, setup, body, pieces)
        case Way.MENDED:
            check_stream(one.driver, setup, b"".join(mended(one, body)), pieces)
        case Way.PACKETS:
            check_packets(one.driver, setup, mended(one, body))
        case Way.SESSION:
            check_session(one, setup, list(cut(body, pieces)))
        case Way.MENDED_SESSION:
            check_session(one, setup, mended(one, body))
    if thoroughly and body and way in (Way.RAW, Way.MENDED):
        endless = body if way is Way.RAW else b"".join(mended(one, body))
        check_growth(one.driver, setup, endless)


def mended(one: Target, body: bytes) -> list[bytes]:
    """Return the frames of a row, their sums put right where the input says so."""
    frames = []
    while body:
        size = body[0] + 1
        frames.append(mend(one.name, body[1 : size + 1]))
        body = body[size + 1 :]
    return frames


def cut(body: bytes, pieces: int) -> Iterator[bytes]:
    """Yield `body` in pieces whose sizes follow from `pieces`; 0: in one."""
    if not pieces:
        yield body
        return
    at, state = 0, pieces
    while at < len(body):
        state = (state * 29 + 17) & 0xFF
        size = 1 if pieces == 1 else state % (pieces % 40 + 2) + 1
        yield body[at : at + size]
        at += size


def check_stream(driver: Driver, setup: Setup, body: bytes, pieces: int) -> None:
    """Bytes are all accounted for, in any split alike, and what is said of them can be printed."""
    whole = decoded(driver.decoder(setup), [body])
    check_frames(whole)
    check_accounted(driver, whole, body)
    if pieces:
        decoder = driver.decoder(setup)
        frames = decoded(decoder, cut(body, pieces))
        assert frames == whole, f"cut into pieces it reads {frames}, whole {whole}"


def check_packets(driver: Driver, setup: Setup, packets: list[bytes]) -> None:
    """The same, where the medium bounds frames."""
    decoder = driver.decoder(setup)
    if not isinstance(decoder, PacketDecoder):
        check_stream(driver, setup, b"".join(packets), 0)
        return
    for packet in packets:
        frames = decoder.packet(packet)
        check_frames(frames)
        check_accounted(driver, frames, packet)
    assert not decoder.finish(), "a packet is over when it is over"


def decoded(decoder: Decoder, pieces: Iterator[bytes] | list[bytes]) -> list[Frame]:
    """Return all frames of a stream."""
    frames: list[Frame] = []
    for piece in pieces:
        frames += decoder.feed(piece)
    frames += decoder.finish()
    assert not decoder.finish(), "the end came twice"
    return frames


def check_frames(frames: list[Frame]) -> None:
    """Each frame is of a shape that can be printed."""
    for frame in frames:
        assert frame.raw, f"a frame of no bytes: {frame}"
        assert (frame.fault is None) <= (frame.type is not None), (
            f"a good frame without a name: {frame}"
        )
        assert frame.fault is not FaultKind.NOISE or len(frame.raw) <= NOISE_BYTES_MAX
        json.loads(to_json(frame).encode())


def between_of(driver: Driver) -> bytes:
    """Return what may stand between frames."""
    is_lines = isinstance(driver.decoder, type) and issubclass(driver.decoder, LineDecoder)
    return BETWEEN.get(driver.name, b"\r\n" if is_lines else b"")


def check_accounted(driver: Driver, frames: list[Frame], body: bytes) -> None:
    """Frames and noise together are the input, in order; only lone ends may be missing."""
    between, at = between_of(driver), 0
    for frame in frames:
        while not body.startswith(frame.raw, at):
            lost = body[at : at + 1]
            assert lost, f"{frame} stands nowhere in {body!r}"
            assert lost in between, f"{frame} is not what stands at {at}: {body[at:]!r}"
            at += 1
        at += len(frame.raw)
    assert not body[at:].strip(between or b" "), f"nothing is said of {body[at:]!r}"


# ---- sessions


def check_session(one: Target, setup: Setup, pieces: list[bytes]) -> None:
    """A session lives on, asks to be woken in the future only, and stays small."""
    session = one.driver.session(setup)
    before = held_bytes(session)
    now_ns = SECOND_NS
    _obey(session, session.handle(Opened(), now_ns), now_ns, pieces)
    clock = ClockRead(1_795_464_000 * SECOND_NS, Trust.SYNCED)
    _obey(session, session.handle(clock, now_ns), now_ns, pieces)
    if one.driver.peers_max > 1 or "listen" in one.driver.lines:
        _obey(session, session.handle(Called(0, "192.0.2.7"), now_ns), now_ns, pieces)
    for number, piece in enumerate(list(pieces)):
        now_ns += number % 5 * SECOND_NS // 2
        for _ in range(3):
            due_ns = session.deadline_ns()
            if due_ns is not None and due_ns <= now_ns:
                _obey(session, session.handle(Ticked(), now_ns), now_ns, pieces)
        if not one.is_bus:
            heard = Received(piece, 0, number % 7 == 6 and "udp" in one.driver.lines)
            _obey(session, session.handle(heard, now_ns), now_ns, pieces)
    growth = held_bytes(session) - before
    assert growth < SESSION_BYTES_MAX, f"it holds {growth} bytes more than at the start"


def _obey(session: Session, actions: list[Action], now_ns: int, pieces: list[bytes]) -> None:
    """Commit what is reported and answer what is read, until nothing follows from it."""
    for _ in range(8):
        follows: list[Action] = []
        for action in actions:
            match action:
                case Report(token):
                    follows += session.handle(Committed(token), now_ns)
                case Read():
                    follows += session.handle(_answer(action, pieces), now_ns)
        if not follows:
            return
        actions = follows


def _answer(read: Read, pieces: list[bytes]) -> Answered:
    data = (pieces.pop(0) if pieces else b"").ljust(2 * read.count, b"\x00")
    if read.table in (Table.COILS, Table.DISCRETE_INPUTS):
        return Answered(read.request, tuple(byte & 1 for byte in data[: read.count]))
    registers = (int.from_bytes(data[2 * at : 2 * at + 2]) for at in range(read.count))
    return Answered(read.request, tuple(registers))


# ---- bounds


def check_growth(driver: Driver, setup: Setup, body: bytes) -> None:
    """Said again and again it takes bounded memory, and time in proportion."""
    some = (body * (LONG_BYTES // len(body) + 1))[:LONG_BYTES]
    ratios = []
    for _ in range(TRIES):
        quarter_s, whole_s = grown(driver.decoder(setup), some)
        ratios.append(whole_s / max(quarter_s, QUARTER_S_MIN))
        if ratios[-1] <= RATIO_MAX:
            return
    raise AssertionError(f"four times the bytes take {min(ratios):.1f} times as long")


def grown(decoder: Decoder, body: bytes) -> tuple[float, float]:
    """Return the processor time of a quarter of `body` and of all of it; what it holds is bounded.

    The time of looking what it holds is apart, and that of the collector of garbage.
    """
    before, spent_s, quarter_s, at = held_bytes(decoder), 0.0, 0.0, 0
    gc.collect()
    gc.disable()
    try:
        for size in PIECES:
            begun_s = time.thread_time()
            decoder.feed(body[at : at + size])
            spent_s += time.thread_time() - begun_s
            at += size
            growth = held_bytes(decoder) - before
            assert growth < GROWTH_BYTES_MAX, f"after {at} bytes it holds {growth} more"
            if at == LONG_BYTES // 4:
                quarter_s = spent_s
        begun_s = time.thread_time()
        decoder.finish()
        return quarter_s, spent_s + time.thread_time() - begun_s
    finally:
        gc.enable()


def held_bytes(root: object) -> int:
    """Return the size of an object and of all that it holds, classes and code apart."""
    seen: set[int] = set()
    todo, total = [root], 0
    while todo:
        item = todo.pop()
        if id(item) in seen or isinstance(item, type | ModuleType | FunctionType | Codes | Setup):
            continue
        seen.add(id(item))
        total += sys.getsizeof(item)
        todo += gc.get_referents(item)
    return total
