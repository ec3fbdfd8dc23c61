"""Decoding recorded bytes: formats, hostile input, and what is printed."""

import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.decoding import (
    CHUNK_BYTES_MAX,
    PacketDecoder,
    decode_hex,
    decode_raw,
    to_json,
)
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Decoder, FaultKind, Frame, Setup
from edge_agent.domain.signal import Signal
from edge_agent.resources import load_codes, load_driver

BURGLARY = b"5012 182468E13001004\x14"


def decoder(name: str = "surgard") -> Decoder:
    return load_driver(name).decoder(Setup(load_codes()))


def flat(batches: Iterable[list[Frame]]) -> list[Frame]:
    return [frame for batch in batches for frame in batch]


def by_hex(*lines: str | bytes, name: str = "surgard") -> list[Frame]:
    data = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    return flat(decode_hex(decoder(name), [data]))


def test_raw_and_hex_say_the_same() -> None:
    raw = flat(decode_raw(decoder(), [BURGLARY[:7], BURGLARY[7:]]))
    spaced = " ".join(f"{byte:02X}" for byte in BURGLARY)
    assert raw == by_hex(spaced) == by_hex(BURGLARY[:9].hex(), "", BURGLARY[9:].hex() + "\r")
    assert raw[0].type == "contact_id"


def test_what_is_not_hex_is_refused_and_the_rest_is_read() -> None:
    frames = by_hex("xyz", "353", "ü", b"\xff\xfe", BURGLARY.hex())
    assert [frame.fault for frame in frames] == [*[FaultKind.SHAPE] * 4, None]
    assert frames[0].raw == b"xyz"


def test_packet_decoders_are_given_whole_chunks() -> None:
    assert isinstance(decoder("modbus_map"), PacketDecoder)
    assert not isinstance(decoder("surgard"), PacketDecoder)
    frames = by_hex("11 02 00 00", "1102000000087B5C", "1102 0105 654B", name="modbus_map")
    assert [frame.fault for frame in frames] == [FaultKind.CHECKSUM, None, None]
    assert frames[2].fields["values"] == [1, 0, 1, 0, 0, 0, 0, 0]


@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_input_raises_and_no_split_matters(data: bytes, size: int) -> None:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    for name in ("surgard", "modbus_map"):
        whole = flat(decode_hex(decoder(name), [data]))
        assert flat(decode_hex(decoder(name), pieces)) == whole
        assert flat(decode_raw(decoder(name), pieces)) == flat(decode_raw(decoder(name), [data]))


@pytest.mark.parametrize("name", ["surgard", "modbus_map"])
def test_an_endless_line_of_digits_is_cut(name: str) -> None:
    frames = flat(decode_hex(decoder(name), (b"35" * 5000 for _ in range(100))))
    assert sum(len(frame.raw) for frame in frames) == 500_000
    assert max(len(frame.raw) for frame in frames) <= CHUNK_BYTES_MAX


def test_a_good_frame_as_json() -> None:
    (frame,) = flat(decode_raw(decoder(), [BURGLARY]))
    assert json.loads(to_json(frame)) == {
        "frame": BURGLARY.hex(),
        "ok": True,
        "type": "contact_id",
        "signals": [
            {
                "kind": "burglary",
                "code": "130",
                "state": "active",
                "area": 1,
                "zone": 4,
                "user": None,
                "account": "2468",
                "text": None,
                "panel_time": None,
            }
        ],
        "fields": {
            "receiver": "01",
            "line": "2",
            "qualifier": "E",
            "code": "130",
            "group": "01",
            "number": "004",
        },
    }


def test_a_refused_frame_as_json() -> None:
    assert json.loads(to_json(Frame(b"\xff", fault=FaultKind.NOISE))) == {
        "frame": "ff",
        "ok": False,
        "fault": "noise",
    }


def test_a_lenient_decoder_may_give_signals_with_a_fault() -> None:
    signal = Signal(kind=Kind.FIRE, state=State.ACTIVE, text="门口")
    line = to_json(Frame(b"x", "SIA-DCS", (signal,), fault=FaultKind.CHECKSUM))
    told = json.loads(line)
    assert (told["ok"], told["fault"], told["signals"][0]["text"]) == (False, "checksum", "门口")
    assert "\n" not in line
