"""The emulators' own DC-09 frames, held against the worked examples of the facts."""

from datetime import UTC, datetime
from random import Random

import pytest

from hil.panels.dc09_frames import BUFFER_BYTES_MAX, Ear, crc, frame, seal, stamp, unseal
from tests.drivers.golden_dc09 import GOLDEN, KEY, SEALED, SEALED_NULL


def test_the_crc_and_the_frames_of_the_facts() -> None:
    assert crc(b"123456789") == 0xBB3D
    for golden in GOLDEN[:5]:
        assert frame(golden.frame[9:-1].decode()) == golden.frame[:-1]
    plain = frame('"NULL"0000L0#2468[]_11:23:00,11-23-2026', plain_crc=True)
    assert plain[:7] == b"\n\x7c\x290027"


def test_the_sealed_examples_of_the_facts() -> None:
    inner = SEALED[SEALED.index(b"[") + 1 : -1].decode()
    assert unseal(inner, KEY.encode()) == "|#2468|Nri1/FA012]_11:40:00,11-23-2026"
    inner = SEALED_NULL[SEALED_NULL.index(b"[") + 1 : -1].decode()
    assert unseal(inner, b"A" * 16) == "]_18:24:52,07-05-2020"
    clear = "|#2468|Nri1/FA012]" + stamp(datetime(2026, 11, 23, 11, 40, tzinfo=UTC))
    assert unseal(seal(clear, KEY.encode(), Random(1)), KEY.encode()) == clear
    assert unseal("not hex", KEY.encode()) == ""
    assert unseal("00", KEY.encode()) == ""


@pytest.mark.parametrize("split", [1, 9, 1000])
def test_the_ear_takes_good_frames_out_of_what_is_heard(split: int) -> None:
    damaged = GOLDEN[3].frame.replace(b"0007", b"0008")
    stream = b"noise" + GOLDEN[3].frame + damaged + GOLDEN[4].frame + SEALED
    ear = Ear()
    heard = [
        parts for at in range(0, len(stream), split) for parts in ear.hear(stream[at:][:split])
    ]
    assert [(parts.id, parts.sequence, parts.account, parts.encrypted) for parts in heard] == [
        ("ACK", "0007", "2468", False),
        ("NAK", "0000", None, False),
        ("SIA-DCS", "0012", "2468", True),
    ]
    assert heard[1].time() == datetime.fromisoformat("2026-11-23T11:22:34")
    assert heard[0].time() is None


def test_a_time_in_no_calendar_is_none() -> None:
    [parts] = Ear().hear(frame('"NAK"0000R0L0A0[]_25:00:00,13-40-2026') + b"\r")
    assert parts.time() is None


def test_what_never_ends_is_forgotten() -> None:
    ear = Ear()
    for _ in range(10):
        assert ear.hear(b"x" * BUFFER_BYTES_MAX) == []
    assert [parts.id for parts in ear.hear(GOLDEN[3].frame)] == ["ACK"]
    ear.hear(GOLDEN[3].frame[:10])
    ear.clear()
    assert ear.hear(GOLDEN[3].frame[10:]) == []
