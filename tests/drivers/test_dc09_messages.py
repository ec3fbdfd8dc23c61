"""What DC-09 frames say, with every quirk of the facts, and what is answered."""

from typing import Any

import pytest

from drivers._dc09_cipher import ciphers_of
from drivers._dc09_frames import Cutter, framed
from drivers._dc09_messages import (
    Heard,
    Message,
    Reader,
    answered,
    padded,
    refused_as_old,
    secrets_of,
    time_text,
)
from edge_agent.domain.session import FaultKind, Frame
from edge_agent.domain.signal import Signal
from edge_agent.resources import load_codes
from tests.drivers.golden_dc09 import GOLDEN, KEY, SEALED, SEALED_NULL

SEALED_S = 1_795_434_000  # 2026-11-23 11:40:00 UTC


def reader(key: str | None = None, **settings: Any) -> Reader:
    return Reader(load_codes(), "latin-1", ciphers_of(key) if key else (), **settings)


def heard(data: bytes, now_s: float | None = None, key: str | None = None, **more: Any) -> Heard:
    cutter = Cutter()
    [cut] = [*cutter.feed(data), *cutter.finish()]
    return reader(key, **more).read(cut, now_s)


def read(body: str, **more: Any) -> Frame:
    return heard(framed(body.encode("latin-1")), **more).frame


def only(frame: Frame) -> Signal:
    assert frame.fault is None
    [signal] = frame.signals
    return signal


def sia(data: str, behind: str = "") -> Signal:
    return only(read(f'"SIA-DCS"0007R0L0#2468[{data}]{behind}'))


# ---- the data and its quirks


@pytest.mark.parametrize(
    ("data", "account"),
    [
        ("#1357|Nri1/BA012", "1357"),
        ("1357|Nri1/BA012", "1357"),  # without #
        ("|Nri1/BA012", "2468"),  # without account: the header's
        ("#|Nri1/BA012", "2468"),
        ("#2468Nri1/BA012", "2468"),  # without bar
        ("2468Nri1/BA012", "2468"),
        ("#13579Nri1/BA012", "13579"),
        ("Nri1/BA012", "2468"),  # neither
        ("ri1/BA012", "2468"),
        ("#ZZ9|Nri1BA012", "ZZ9"),  # letters that are no hex
        ("#1357|Nri1/BA012NM", "1357"),  # the end of a text that is not there
    ],
)
def test_the_account_in_the_data_and_what_may_be_missing(data: str, account: str) -> None:
    signal = sia(data)
    assert (signal.code, signal.area, signal.zone, signal.account) == ("130", 1, 12, account)


@pytest.mark.parametrize(
    ("data", "code", "state", "text"),
    [
        ("#2468|NRP", "602", "active", None),
        ("#2468|NOP1", "401", "disarmed", None),
        ("#2468|Nri0000/LR", "351", "restored", None),
        ("#2468|NBA012^Front door^", "130", "active", "Front door"),
        ("#2468|NBA012*'Front door'NM", "130", "active", "Front door"),
    ],
)
def test_blocks_as_real_senders_write_them(
    data: str, code: str, state: str, text: str | None
) -> None:
    signal = sia(data)
    assert (signal.code, signal.state, signal.text) == (code, state, text)


@pytest.mark.parametrize(
    "data",
    ["#2468|1110 01 007", "#24681110 01 007", "1110 01 007", "#2468|111001007", "|E110 01 007"],
)
def test_contact_id_forms(data: str) -> None:
    signal = only(read(f'"ADM-CID"0008L0#2468[{data}]'))
    assert (signal.code, signal.area, signal.zone, signal.account) == ("110", 1, 7, "2468")


def test_an_odd_account_is_flagged_and_another_one_in_the_header_kept() -> None:
    frame = read('"SIA-DCS"0001R0L0#86WXYZ[#ZZ9|NBA1]')
    assert frame.fields["account_odd"] is True
    assert frame.fields["account"] == "86WXYZ"
    assert only(frame).account == "ZZ9"
    assert "account_odd" not in read('"SIA-DCS"0001R0L0#2468[#2468|NBA1]').fields


def test_a_null_may_carry_a_dummy() -> None:
    for data in ("", "#0000|0000 00 000"):
        frame = read(f'"NULL"0000R0L0#2468[{data}]')
        assert (frame.type, frame.signals, frame.fault) == ("NULL", (), None)


# ---- extensions and time


def test_extensions_are_named_and_the_text_and_the_time_of_occurrence_used() -> None:
    told = "[M001122AABBCC][X006E07.7777][H11:20:00,11-22-2026][IKitchen]_11:22:33,11-23-2026"
    frame = read(f'"SIA-DCS"0007R0L0#2468[#2468|NFA3]{told}')
    assert only(frame).panel_time == "2026-11-22T11:20:00"
    assert only(frame).text == "Kitchen"
    xdata = frame.fields["xdata"]
    assert isinstance(xdata, list)
    assert xdata[0] == {"letter": "M", "value": "001122AABBCC"}
    assert xdata[1] == {"letter": "X", "value": "006E07.7777"}
    assert frame.fields["time"] == "11:22:33,11-23-2026"


def test_the_time_is_the_block_s_then_the_header_s() -> None:
    time = "_11:22:33,11-23-2026"
    assert sia("#2468|Nti10:11:12/da11-20-26/BA1", time).panel_time == "2026-11-20T10:11:12"
    assert sia("#2468|NBA1", time).panel_time == "2026-11-23T11:22:33Z"
    assert sia("#2468|Nti10:11:12/BA1", time).panel_time == "2026-11-23T11:22:33Z"
    both = sia("#2468|Nti10:11:12/da11-20-26/BA1", "[H11:20:00,11-22-2026]")
    assert both.panel_time == "2026-11-22T11:20:00"
    assert sia("#2468|NBA1").panel_time is None
    assert sia("#2468|NBA1", "_11:60:00,02-30-2026").panel_time == "2026-02-28T12:00:00Z"


@pytest.mark.parametrize(
    "body",
    [
        '"SIA-DCS"0007R0L0#2468[#2468|NBA1',  # no end
        '"SIA-DCS"0007R0L0#2468[#2468|hello]',
        '"ADM-CID"0007R0L0#2468[#2468|1130 01]',
        '"SIA-DCS"0007R0L0#2468[#2468|NBA1]trailing',
        '"SIA-DCS"0007R0L0#2468[#2468|NBA1][M0011',
        '"HENG-BO"0007R0L0#2468[#0009A4|1130 00 001][0099ab]',
        '"SIA-DCS"07[#2468|NBA1]',
    ],
)
def test_contents_that_do_not_fit_are_no_signal(body: str) -> None:
    frame = read(body)
    assert (frame.fault, frame.signals) == (FaultKind.SHAPE, ())


def test_an_id_that_we_do_not_know() -> None:
    told = heard(framed(b'"ACR-SF"0007R0L0#2468[...]'))
    assert told.frame.fault is FaultKind.UNSUPPORTED
    assert told.message is not None
    assert told.message.sequence == "0007"


def test_lenient_reading_of_a_wrong_checksum_still_says_so() -> None:
    wrong = GOLDEN[0].frame.replace(b"DB83", b"DB82")
    assert heard(wrong).frame.signals == ()
    lenient = heard(wrong, is_strict=False).frame
    assert (lenient.fault, lenient.signals[0].code) == (FaultKind.CHECKSUM, "130")


def test_text_in_the_character_set_of_the_panel() -> None:
    body = '"SIA-DCS"0001R0L0#2468[#2468|NBA1^前门^]'.encode("gb18030")
    cutter = Cutter()
    [cut] = cutter.feed(framed(body))
    chinese = Reader(load_codes(), "gb18030").read(cut, None).frame
    assert only(chinese).text == "前门"
    assert chinese.fields["data"] == "NBA1^前门^"


# ---- HENG-BO


def heng_bo(event: str, behind: str = "") -> Frame:
    return read(f'"HENG-BO"0011R0L0#13900001234[#0009A4|{event}]{behind}')


@pytest.mark.parametrize(
    ("event", "code", "state", "by"),
    [
        ("3400 00 001", "400", "armed", "remote"),
        ("1400 00 101", "400", "disarmed", "app"),
        ("3456 00 000", "456", "armed", "panel"),
        ("1456 00 097", "456", "armed", "timer"),  # some models say 1 for arming in part
        ("E130 01 012", "130", "active", None),
        ("R130 01 012", "130", "restored", None),
        ("1120 00 099", "120", "active", "center"),
    ],
)
def test_heng_bo_events(event: str, code: str, state: str, by: str | None) -> None:
    frame = heng_bo(event)
    assert (only(frame).code, only(frame).state) == (code, state)
    assert frame.fields.get("by") == by
    assert only(frame).account == "0009A4"


def test_the_dialect_by_profile_under_the_common_id() -> None:
    body = '"ADM-CID"0011R0L0#2468[#2468|1456 00 001]'
    assert only(read(body)).state == "disarmed"
    assert only(read(body, is_dialect=True)).state == "armed"


@pytest.mark.parametrize("length", ["\x00\x02", "0002"])
def test_heng_bo_extensions_begin_with_their_length(length: str) -> None:
    frame = heng_bo("1799 00 000", f"[{length}]\r]_11:30:05,11-23-2026")
    assert frame.fields["xdata"] == [{"letter": "", "value": "5d0d"}]
    assert only(frame).panel_time == "2026-11-23T11:30:05Z"


def test_a_disarm_order_is_an_order_and_its_code_is_a_secret() -> None:
    told = heard(framed(b'"HENG-BO"0011R0L0#1390[#0009A4|1400 00 000][0006123456]'))
    assert (told.frame.type, told.frame.signals) == ("command", ())
    assert told.frame.fields["xdata"] == [{"letter": "", "value": "******"}]
    assert told.message is not None
    [span] = secrets_of(told.message)
    assert told.frame.raw[span.start : span.end] == b"123456"


def test_a_code_beside_another_event_is_masked_too() -> None:
    signal = only(heng_bo("1701 00 003", "[0006123456]"))
    [span] = signal.secrets
    assert signal.frame[span.start : span.end] == b"123456"


# ---- encrypted


def test_an_encrypted_message_is_read_with_its_key() -> None:
    frame = heard(SEALED, key=KEY).frame
    assert (only(frame).code, only(frame).zone, only(frame).account) == ("110", 12, "2468")
    assert frame.fields["encrypted"] is True
    null = heard(SEALED_NULL, key="A" * 16).frame
    assert (null.type, null.fields["time"]) == ("NULL", "18:24:52,07-05-2020")


@pytest.mark.parametrize("key", [None, "EDGEAGENTTESTKEX", "0123456789ABCDEF0123456789ABCDEF"])
def test_without_the_fitting_key_it_is_not_read(key: str | None) -> None:
    told = heard(SEALED, key=key)
    assert told.frame.fault is FaultKind.DECRYPT
    assert told.message is not None
    assert told.message.sequence == "0012"


@pytest.mark.parametrize("size", [24, 32])
def test_longer_keys(size: int) -> None:
    key = "K" * size
    [cipher] = ciphers_of(key)
    clear = padded(b"|#2468|Nri1/FA012]_11:40:00,11-23-2026", b"")
    body = f'"*SIA-DCS"0012R0L0#2468[{cipher.encrypt(clear).hex()}'  # small hex digits
    assert only(read(body, key=key)).code == "110"


def test_sealed_rubbish_is_refused() -> None:
    [cipher] = ciphers_of(KEY)
    for clear in (b"x" * 48, b"x" * 10 + b"[|NFA1]_11:40:00,11-23-2026"[:22] + b"x" * 16):
        body = f'"*SIA-DCS"0012R0L0#2468[{cipher.encrypt(clear).hex()}'
        assert read(body, key=KEY).fault is FaultKind.DECRYPT
    assert read('"*SIA-DCS"0012R0L0#2468[ABC', key=KEY).fault is FaultKind.SHAPE


@pytest.mark.parametrize(
    ("late_s", "fault"),
    [(0, None), (40, None), (41, FaultKind.REPLAY), (-20, None), (-21, FaultKind.REPLAY)],
)
def test_the_window_of_time(late_s: int, fault: FaultKind | None) -> None:
    assert heard(SEALED, SEALED_S + late_s, KEY).frame.fault is fault
    clear = GOLDEN[0].frame  # eighteen minutes older: no window without encryption
    assert heard(clear, SEALED_S + late_s, KEY).frame.fault is None


# ---- repeats


def test_two_copies_of_a_message_differ_by_time_and_padding_alone() -> None:
    def identity(body: str) -> bytes:
        message = heard(framed(body.encode()), key=KEY).message
        assert message is not None
        return message.identity

    first = identity('"SIA-DCS"0007R0L0#2468[#2468|NBA1]_11:22:33,11-23-2026')
    assert identity('"SIA-DCS"0007R0L0#2468[#2468|NBA1]_11:22:38,11-23-2026') == first
    assert identity('"SIA-DCS"0007R0L0#2468[#2468|NBA1]') == first
    assert identity('"SIA-DCS"0008R0L0#2468[#2468|NBA1]') != first
    assert identity('"SIA-DCS"0007R0L0#2468[#2468|NBA2]') != first
    assert identity('"SIA-DCS"0007R0L0#2469[#2468|NBA1]') != first
    assert identity('"SIA-DCS"0007R0L0#2468[#2468|NBA1][H11:22:33,11-23-2026]') != first


# ---- answers


def message_of(data: bytes, key: str | None = None) -> Message:
    told = heard(data, key=key).message
    assert told is not None
    return told


def test_an_ack_is_the_worked_example() -> None:
    assert answered("ACK", message_of(GOLDEN[0].frame), None) == GOLDEN[3].frame
    without_r = answered("ACK", message_of(GOLDEN[1].frame), None)
    assert without_r[9:] == b'"ACK"0008L0#2468[]\r'


def test_a_nak_is_the_worked_example() -> None:
    assert refused_as_old(SEALED_S - 1046) == GOLDEN[4].frame
    assert time_text(SEALED_S) == "11:40:00,11-23-2026"


def test_an_encrypted_message_has_an_encrypted_answer() -> None:
    message = message_of(SEALED, KEY)
    [cipher] = ciphers_of(KEY)

    def clear(reply: bytes) -> bytes:
        assert heard(reply, key=KEY).frame.type == "ACK"
        assert reply[9:].startswith(b'"*ACK"0012R0L0#2468[')
        return cipher.decrypt(bytes.fromhex(reply[reply.index(b"[") + 1 : -1].decode()))

    ours = clear(answered("ACK", message, SEALED_S + 3, b"1"))
    assert ours.endswith(b"]_11:40:03,11-23-2026")
    assert not set(ours[:-21]) & set(b"[]|")
    other = clear(answered("ACK", message, SEALED_S + 3, b"2"))
    assert ours[:11] != other[:11]
    assert clear(answered("ACK", message, None)).endswith(b"]_11:40:00,11-23-2026"), "its own"


def test_a_plain_crc_is_answered_in_kind() -> None:
    message = message_of(framed(b'"NULL"0000R0L0#2468[]', plain_crc=True))
    reply = answered("ACK", message, None)
    assert reply == framed(b'"ACK"0000R0L0#2468[]', plain_crc=True)
