"""The check itself: each kind of defect is found, and no variant is left out."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_agent.domain.session import Driver, FaultKind, Frame
from tests.fuzz import target
from tests.fuzz.target import (
    check_accounted,
    check_frames,
    check_growth,
    check_stream,
    cut,
    seeds,
)

NESS = target.target("ness")
SETUP = NESS.setups[0]


class Lines:
    """A decoder without a defect; each of the others has one."""

    def __init__(self, _: object = None) -> None:
        self.held = b""

    def feed(self, data: bytes) -> list[Frame]:
        *lines, self.held = (self.held + data).split(b";")
        return [Frame(line + b";", type="line") for line in lines]

    def finish(self) -> list[Frame]:
        held, self.held = self.held, b""
        return [Frame(held, fault=FaultKind.NOISE)] if held else []


class Raises(Lines):
    def feed(self, data: bytes) -> list[Frame]:
        return [Frame(data, type=str(data.index(b";")))]


class Loses(Lines):
    def feed(self, data: bytes) -> list[Frame]:
        return super().feed(data.replace(b"x", b""))


class Doubles(Lines):
    def feed(self, data: bytes) -> list[Frame]:
        return super().feed(data) * 2


class Looks(Lines):
    """What it makes of bytes depends on how many come at once."""

    def feed(self, data: bytes) -> list[Frame]:
        return [Frame(data, type="line")] if data else []


class Remembers(Lines):
    past: bytes = b""

    def feed(self, data: bytes) -> list[Frame]:
        self.past += data
        return super().feed(data)


class Dawdles(Lines):
    """Looks through what it heard so far for each byte that comes."""

    heard = 0

    def feed(self, data: bytes) -> list[Frame]:
        for _ in range(0, len(data), 64):
            self.heard += 2
            sum(range(self.heard))
        return []


class Rereads(Lines):
    """Looks through the whole piece for each byte of it."""

    def feed(self, data: bytes) -> list[Frame]:
        for _ in range(0, len(data), 64):
            sum(range(len(data) // 16))
        return []


def driver(decoder: Callable[[object], Lines]) -> Driver:
    return replace(NESS.driver, name="lines", decoder=decoder)


BODY = b"one;two;xyz;" * 4 + b"rest"


def test_a_good_decoder_passes() -> None:
    check_stream(driver(Lines), SETUP, BODY, 5)
    check_growth(driver(Lines), SETUP, BODY)


@pytest.mark.parametrize("bad", [Loses, Doubles, Looks])
def test_lost_doubled_and_split_frames_are_found(bad: type[Lines]) -> None:
    with pytest.raises(AssertionError):
        check_stream(driver(bad), SETUP, BODY, 5)


def test_an_exception_is_found() -> None:
    with pytest.raises(ValueError, match="not found"):
        check_stream(driver(Raises), SETUP, b"none", 0)


def test_memory_that_grows_is_found() -> None:
    with pytest.raises(AssertionError, match="holds"):
        check_growth(driver(Remembers), SETUP, BODY)


@pytest.mark.parametrize("bad", [Dawdles, Rereads])
def test_time_that_grows_with_the_square_is_found(bad: type[Lines]) -> None:
    with pytest.raises(AssertionError, match="as long"):
        check_growth(driver(bad), SETUP, BODY)


def test_bytes_between_frames_are_named_one_by_one() -> None:
    lines = driver(Lines)
    with pytest.raises(AssertionError, match="nothing is said of"):
        check_accounted(lines, [Frame(b"one;")], b"one;two;")
    with pytest.raises(AssertionError, match="is not what stands at 0"):
        check_accounted(lines, [Frame(b"two;")], b"one;two;")
    check_accounted(NESS.driver, [Frame(b"8\r"), Frame(b"9")], b"\r\n8\r\n?9\r\n")


@pytest.mark.parametrize(
    "frame", [Frame(b""), Frame(b"x"), Frame(bytes(1 << 17), fault=FaultKind.NOISE)]
)
def test_frames_that_say_nothing_are_found(frame: Frame) -> None:
    with pytest.raises(AssertionError):
        check_frames([frame])


@pytest.mark.parametrize("pieces", [0, 1, 2, 7, 200, 255])
def test_pieces_are_the_whole(pieces: int) -> None:
    assert b"".join(cut(BODY, pieces)) == BODY


@pytest.mark.parametrize("name", target.names())
def test_every_variant_is_among_the_seeds(name: str) -> None:
    assert {data[1] for data in seeds(name)} == set(range(len(target.target(name).setups)))
