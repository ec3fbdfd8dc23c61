"""What lines of an AD2 mean: golden ones, flags, words of old reports, and what is not shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._ad2_frames import FLAGS, Ad2Decoder
from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import load_codes
from hil.panels.alarmdecoder import is_sound
from tests.drivers.golden import Golden, check
from tests.drivers.golden_alarmdecoder import GOLDEN

CODES = load_codes()
TEXT = "****DISARMED****  READY TO ARM  "


def decode(data: bytes, **options: str) -> list[Frame]:
    decoder = Ad2Decoder(Setup(CODES, options=options))
    return [*decoder.feed(data), *decoder.finish()]


def read(line: str) -> Frame:
    [frame] = decode(line.encode("latin-1") + b"\r\n")
    return frame


def keypad(bits: str = "1000000100000000", text: str = TEXT, number: str = "008") -> str:
    return f'[{bits}0A--],{number},[f702000b1008008c08020000000000],"{text:32}"'


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:70])
def test_golden_lines(known: Golden) -> None:
    check(known, decode(known.frame))


def test_the_emulator_takes_the_same_lines_for_good() -> None:
    for known in GOLDEN:
        is_of_a_host = known.type in ("request", "keys")
        assert is_sound(known.frame.rstrip()) is (not known.fault and not is_of_a_host)


@pytest.mark.parametrize("at", range(16))
def test_each_flag_has_its_place(at: int) -> None:
    bits = "".join(str(int(one == at)) for one in range(16))
    fields = read(keypad(bits)).fields
    if FLAGS[at] == "beeps":
        assert (fields["beeps"], fields["flags"]) == (1, [])
    else:
        assert fields["flags"] == [FLAGS[at]]


def test_what_a_keypad_line_says_beside_its_signals() -> None:
    fields = read(keypad("1000070110000000", number="0fc")).fields
    assert fields == {
        "flags": ["ready", "mains", "chime"],
        "beeps": 7,
        "fault": "0",
        "panel": "ademco",
        "number": "0fc",
        "address_mask": "02000b10",
        "text": TEXT,
    }


def test_a_text_may_hold_marks_and_is_read_in_the_panels_characters() -> None:
    assert read(keypad(text='say "CHECK 07", or ],')).fault is None
    line = keypad(text="?" * 32).encode().replace(b"?" * 32, "前门红外".encode("gb18030").ljust(32))
    [frame] = decode(line + b"\r\n", charset="gb18030")
    assert frame.fields["text"] == "前门红外" + " " * 24


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("ARM_STAY", ("open_close", "441", "armed", None, 3)),
        ("OPEN", ("open_close", "401", "disarmed", None, 3)),
        ("ALARM_FIRE", ("fire", "110", "active", 3, None)),
        ("AC_RESTORE", ("power", "301", "restored", None, None)),
        ("RFLOWBAT", ("zone_trouble", "384", "active", 3, None)),
        ("BYPASS_RESTORE", ("bypass", "570", "restored", 3, None)),
        ("SOMETHING_ELSE", ("unknown", None, "active", None, None)),
    ],
)
def test_words_of_old_reports(word: str, meaning: tuple[object, ...]) -> None:
    [signal] = read(f"!LRR:003,1,{word}").signals
    assert (signal.kind, signal.code, signal.state, signal.zone, signal.user) == meaning
    assert signal.area == 1


@pytest.mark.parametrize(
    ("line", "zone", "state"),
    [
        ("!EXP:07,01,00", 9, "closed"),
        ("!EXP:11,08,01", 48, "open"),
        ("!EXP:08,02,02", 18, "fault"),
    ],
)
def test_zones_of_expanders(line: str, zone: int, state: str) -> None:
    [signal] = read(line).signals
    assert (signal.zone, signal.state) == (zone, state)


def test_of_an_expander_or_board_elsewhere_no_number_is_known() -> None:
    assert read("!EXP:20,01,01").signals == ()
    assert read("!REL:03,01,01").signals == ()
    assert read("!EXP:07,09,01").fault is FaultKind.SHAPE
    assert read("!REL:12,01,07").fault is FaultKind.SHAPE


def test_a_transmitters_supervision_is_no_fault() -> None:
    frame = read("!RFX:0345678,04")
    assert (frame.fields, frame.signals) == (
        {"serial": "0345678", "bits": ["supervision"]},
        (),
    )
    [signal] = read("!RFX:0345678,82").signals
    assert (signal.code, signal.text) == ("384", "0345678")


@pytest.mark.parametrize("line", ["12342", "K0112341", "12346014"])
def test_what_may_be_a_code_is_marked_and_not_shown(line: str) -> None:
    frame = read(line)
    assert frame.type == "keys"
    assert "1234" in "".join(line[one.start : one.end] for one in frame.secrets)
    assert "1234" not in str(frame.fields)


def test_messages_of_no_table_and_damage_are_told_apart() -> None:
    line = keypad()
    assert read("!BOOT:done").fault is FaultKind.UNSUPPORTED
    assert read(line[1:]).fault is FaultKind.SHAPE
    assert read("hello").fault is FaultKind.NOISE
    frames = decode(f"{line[:50]}{line}\r\n".encode())
    assert [frame.fault for frame in frames] == [FaultKind.SHAPE, None]


def test_the_last_line_may_lack_its_end_where_nothing_else_can_be_missing() -> None:
    assert [frame.fault for frame in decode(b"!LRR:003,1,CID_1130,ff")] == [None]
    [cut] = decode(b"!LRR:003,1,BYPASS")
    assert cut.fault is FaultKind.SHAPE, "it may be a restore"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([known.frame for known in GOLDEN if known.signals]),
    st.integers(0, 110),
    st.binary(max_size=2),
)
def test_a_line_cut_or_stuffed_never_says_what_does_not_fit(
    line: bytes, at: int, put: bytes
) -> None:
    damaged = line[: at % len(line)] + put + line[at % len(line) + 1 :]
    for frame in decode(damaged):
        if frame.signals:
            assert is_sound(frame.raw.strip(b"\r\n"))
            assert frame.signals[0].kind is not Kind.UNKNOWN or b"LRR" in frame.raw
