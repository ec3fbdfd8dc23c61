"""Galaxy blocks: golden ones, any split, damage, and hostile bytes.

Seen to fail: a block taken whatever its parity; a length that loses its seventh bit; a text whose
account is forgotten.
"""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._galaxy_frames import HELD_BYTES_MAX, GalaxyDecoder, framed, parity
from edge_agent.domain.kinds import Origin
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import load_codes
from tests.drivers.golden import Golden
from tests.drivers.golden_galaxy_sia import GOLDEN
from tests.fuzz.target import check_growth

# the facts' worked blocks, section 2
ACCOUNT = bytes.fromhex("44 23 32 34 36 38 90")
ARMED = bytes.fromhex("55 4E 74 69 32 30 3A 30 35 2F 69 64 30 31 35 2F 72 69 30 32 2F 43 4C C4")
BURGLARY = bytes.fromhex("4E 4E 74 69 32 30 3A 30 37 2F 42 41 31 30 32 34 F6")
END = bytes.fromhex("40 30 8F")
HALL = bytes.fromhex("47 41 20 48 41 4C 4C 20 99 69")
SETUP = Setup(load_codes(), options={"charset": "cp850"})


def decode(*pieces: bytes, finish: bool = True) -> list[Frame]:
    decoder = GalaxyDecoder(SETUP)
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    return frames + (decoder.finish() if finish else [])


def block(function: bytes, data: bytes, header: int | None = None) -> bytes:
    """A block by the rule of the facts; `header` where it is not the usual one."""
    text = bytes([0x40 + len(data) if header is None else header]) + function + data
    return text + bytes([parity(text)])


def faults(frames: list[Frame]) -> list[FaultKind | None]:
    return [frame.fault for frame in frames]


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.source)
def test_golden_blocks(golden: Golden) -> None:
    [frame] = decode(golden.frame, finish=False)
    assert (frame.raw, frame.type, frame.fault) == (golden.frame, golden.type, None)
    assert (
        tuple((s.kind, s.code, s.state, s.area, s.zone, s.user, s.account) for s in frame.signals)
        == golden.signals
    )


def test_the_worked_blocks_have_the_parity_of_the_rule() -> None:
    assert (framed(b"8"), framed(b"9")) == (bytes.fromhex("40 38 87"), bytes.fromhex("40 39 86"))


def test_an_event_has_the_account_before_it_and_a_text_the_event() -> None:
    account, event, text, end = decode(ACCOUNT + BURGLARY + HALL + END)
    assert account.fields["account"] == "2468"
    [alarm] = event.signals
    assert (alarm.account, alarm.zone, alarm.frame, alarm.panel_time) == (
        "2468",
        1024,
        BURGLARY,
        None,
    )
    assert event.fields["events"] == [{"code": "BA", "number": "1024", "ti": "20:07"}]
    assert text.signals == ()
    told = ("text", "account", "zone")
    assert tuple(text.fields[name] for name in told) == (" HALL Ö", "2468", 1024)
    assert (end.type, end.signals) == ("end", ())


def test_a_text_after_another_account_is_of_no_event() -> None:
    [*_, text] = decode(ACCOUNT + BURGLARY + block(b"#", b"1234") + HALL)
    assert (text.fields.get("zone"), text.fields["account"]) == (None, "1234")


def test_an_old_event_is_of_the_panels_memory() -> None:
    [old] = decode(block(b"O", b"ti20:07/da11-23-26/ri1/FA12"))
    [fire] = old.signals
    assert (old.type, fire.origin, fire.code) == ("old_event", Origin.BACKFILL, "110")
    assert fire.panel_time == "2026-11-23T20:07:00"
    assert decode(BURGLARY)[0].signals[0].origin is Origin.LIVE


def test_several_events_in_one_block() -> None:
    [frame] = decode(block(b"N", b"ri1/BA1011/ri2/BA1012"))
    assert [(s.area, s.zone) for s in frame.signals] == [(1, 1011), (2, 1012)]


@pytest.mark.parametrize("length", [64, 100, 127, 128, 191])
def test_a_block_longer_than_the_header_should_allow(length: int) -> None:
    data = b"va" + b"7" * (length - 9) + b"/BA1011"
    [frame] = decode(block(b"N", data))
    assert [signal.zone for signal in frame.signals] == [1011]


def test_bit_7_of_the_header_allows_answers_and_bit_6_wants_an_ack() -> None:
    [plain] = decode(BURGLARY)
    assert (plain.fields["wants_ack"], plain.fields["reverse"]) == (True, False)
    [free] = decode(block(b"N", b"ti20:07/BA1024", 0x8E))
    assert (free.fields["wants_ack"], free.fields["reverse"]) == (False, True)
    assert free.signals[0].zone == 1024


def test_what_a_host_says_is_recognised_and_its_code_marked() -> None:
    [login] = decode(block(b"?", b"543210"))
    assert (login.type, login.signals, login.fault) == ("login", (), None)
    [span] = login.secrets
    assert login.raw[span.start : span.end] == b"543210"
    assert "543210" not in str(login.fields)


@pytest.mark.parametrize("function", [b"C", b"E", b"P", b"X", b"L"])
def test_functions_whose_contents_are_not_known(function: bytes) -> None:
    [frame] = decode(block(function, b"QX 17"))
    assert (frame.fault, frame.signals) == (FaultKind.UNSUPPORTED, ())


def test_a_sound_block_of_no_meaning_is_of_no_shape() -> None:
    for strange in (block(b"N", b"what is this"), block(b"#", b"hello"), block(b"&", b"\x01")):
        frames = decode(strange)
        assert not any(frame.signals for frame in frames)
        assert faults(frames) != [None]
    assert faults(decode(block(b"N", b"what is this"))) == [FaultKind.SHAPE]


# ---- damage


@pytest.mark.parametrize("at", range(len(BURGLARY)))
@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_no_damaged_byte_becomes_a_signal(at: int, bit: int) -> None:
    damaged = BURGLARY[:at] + bytes([BURGLARY[at] ^ bit]) + BURGLARY[at + 1 :]
    frames = decode(damaged)
    assert not any(frame.signals for frame in frames)
    assert None not in faults(frames)
    assert b"".join(frame.raw for frame in frames) == damaged


def test_what_is_wrong_is_told_apart() -> None:
    assert faults(decode(BURGLARY[:-1] + b"\xf7")) == [FaultKind.CHECKSUM]
    assert faults(decode(BURGLARY[:9])) == [FaultKind.LENGTH]
    assert faults(decode(b"\x00\x01\x02\xff\xfe")) == [FaultKind.NOISE]


def test_a_block_behind_damage_is_read() -> None:
    for before in (BURGLARY[:9], BURGLARY[3:], b"\x7fN" + bytes(5), BURGLARY[:-1] + b"\xf7", b"~A"):
        frames = decode(before + ARMED, finish=False)
        assert [s.code for s in frames[-1].signals] == ["401"], before
        assert b"".join(frame.raw for frame in frames) == before + ARMED


def test_a_run_of_noise_is_told_once() -> None:
    noise = bytes(range(128, 160)) * 200
    frames = decode(noise + BURGLARY)
    assert faults(frames) == [FaultKind.NOISE, None]
    assert frames[0].raw == noise


ALL = b"".join(golden.frame for golden in GOLDEN)


@given(st.lists(st.integers(0, len(ALL)), max_size=40))
def test_no_split_changes_what_is_read(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(ALL)]
    assert decode(*(ALL[a:b] for a, b in itertools.pairwise(edges))) == decode(ALL)


@settings(max_examples=100)
@given(st.binary(max_size=2500), st.integers(1, 300))
def test_random_bytes_never_raise_and_none_is_lost(data: bytes, size: int) -> None:
    frames = decode(*(data[i : i + size] for i in range(0, len(data), size)))
    assert frames == decode(data)
    assert b"".join(frame.raw for frame in frames) == data


@pytest.mark.parametrize("beginning", [BURGLARY[:10]])
def test_beginnings_without_end_cost_no_more_than_their_bytes(beginning: bytes) -> None:
    from drivers.galaxy_sia import DRIVER  # noqa: PLC0415  the bounds are its decoder's

    check_growth(DRIVER, SETUP, beginning)


def test_what_is_too_old_for_a_block_is_given_up() -> None:
    decoder = GalaxyDecoder(SETUP)
    assert decoder.feed(bytes(HELD_BYTES_MAX)) == []
    assert decoder.is_waiting()
    [noise] = decoder.finish()
    assert (len(noise.raw), decoder.is_waiting()) == (HELD_BYTES_MAX, False)
