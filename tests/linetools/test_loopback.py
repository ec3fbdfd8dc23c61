"""A port with a loop in it, on a real pty: what comes back is compared with what went out."""

import asyncio
import os
import termios
import threading
import tty
from collections.abc import Callable

import pytest

from edge_agent.clock import SystemClock
from edge_agent.domain.address import SerialAddress
from edge_agent.linetools import loopback
from edge_agent.linetools.loopback import PATTERN, Echo, try_loopback


class Spoken(loopback._Ear):
    """Hears bytes that somebody says once the port is open."""

    says: Callable[[], object] = staticmethod(lambda: None)

    async def listen(self, most: int, patience_s: float) -> bytes:
        type(self).says()
        type(self).says = staticmethod(lambda: None)
        return await super().listen(most, patience_s)


def tried(plug: Callable[[bytes], bytes], before: bytes = b"") -> Echo:
    """Try a pty whose other end says `before`, then what `plug` makes of what it hears."""
    ours, theirs = os.openpty()
    if before:
        Spoken.says = staticmethod(lambda: os.write(ours, before))
    tty.setraw(theirs, termios.TCSANOW)
    ended = threading.Event()

    def echo() -> None:
        while not ended.is_set():
            try:
                os.write(ours, plug(os.read(ours, 1024)))
            except OSError:
                return

    async def run() -> Echo:
        return await try_loopback(SerialAddress(port=os.ttyname(theirs)), SystemClock())

    thread = threading.Thread(target=echo, daemon=True)
    thread.start()
    try:
        return asyncio.run(run())
    finally:
        ended.set()
        os.close(theirs)
        thread.join(60)
        os.close(ours)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only waits that must end in vain are short; others end by what comes."""
    monkeypatch.setattr(loopback, "LISTEN_S", 0.05)
    monkeypatch.setattr(loopback, "PATIENCE_S", 20.0)
    monkeypatch.setattr(loopback, "_Ear", Spoken)


def test_a_good_port_hears_what_it_says() -> None:
    echo = tried(lambda data: data)
    assert echo == Echo(len(PATTERN), len(PATTERN), 0, 0)
    assert echo.good
    assert not echo.remedy


def test_a_flipped_bit_is_counted() -> None:
    echo = tried(lambda data: data.replace(b"A", b"C"))
    assert (echo.wrong, echo.good) == (3, False)
    assert "3 wrong" in echo.detail
    assert "lower speed" in echo.remedy


def test_without_a_plug_nothing_comes_and_no_more_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "PATIENCE_S", 0.05)
    echo = tried(lambda _: b"")
    assert echo.sent == loopback.BLOCK_BYTES
    assert "none of" in echo.detail
    assert "join TX and RX" in echo.remedy


def test_bytes_that_nobody_sent_are_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback, "LISTEN_S", 20.0)
    monkeypatch.setattr(loopback, "NOISE_BYTES_MAX", 2)
    echo = tried(lambda data: data, before=b"\xff\x00")
    assert (echo.noise, echo.good) == (2, False)
    assert "nobody sent" in echo.detail
    assert "panel" in echo.remedy


def test_nothing_that_is_sent_is_a_control_code() -> None:
    assert all(0x20 <= byte < 0x7F for byte in PATTERN)
