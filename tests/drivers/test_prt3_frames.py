"""What lines of a PRT3 module mean: golden ones, all groups, names, and what is not shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers._prt3_frames import Prt3Decoder
from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import FaultKind, Frame, Setup
from edge_agent.resources import load_codes
from hil.panels.paradox_prt3 import is_sound
from tests.drivers.golden import Golden, check
from tests.drivers.golden_paradox_prt3 import GOLDEN

CODES = load_codes()


def decode(data: bytes, **options: str) -> list[Frame]:
    decoder = Prt3Decoder(Setup(CODES, options=options))
    return [*decoder.feed(data), *decoder.finish()]


def read(line: str, **options: str) -> Frame:
    [frame] = decode(line.encode("latin-1") + b"\r", **options)
    return frame


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:70])
def test_golden_lines(known: Golden) -> None:
    check(known, decode(known.frame))


def test_the_emulator_takes_the_same_lines_for_good() -> None:
    for known in GOLDEN:
        is_of_a_host = known.type == "request"
        assert is_sound(known.frame[:-1]) is (not known.fault and not is_of_a_host) or (
            known.fault == "shape"  # it knows no bounds of numbers
        )


@pytest.mark.parametrize(
    ("line", "meaning"),
    [
        ("G030N001A001", ("medical", "100", "active")),
        ("G030N002A001", ("fire", "110", "active")),
        ("G030N003A001", ("burglary", "459", "active")),
        ("G030N004A001", ("burglary", "139", "active")),
        ("G030N099A001", ("panic", "120", "active")),
        ("G012N005A001", ("open_close", "408", "armed")),
        ("G012N099A001", ("open_close", "400", "armed")),
        ("G022N000A001", ("open_close", "405", "active")),  # nothing was disarmed
        ("G022N003A001", ("cancel", "406", "active")),
        ("G036N000A000", ("comms", "351", "active")),
        ("G036N003A000", ("power", "312", "active")),
        ("G036N006A000", ("log", "626", "active")),
        ("G037N007A000", ("zone_trouble", "373", "restored")),
        ("G036N099A000", ("system_trouble", "300", "active")),
        ("G038N001A000", ("tamper", "341", "active")),
        ("G039N006A000", ("module_trouble", "342", "restored")),
        ("G004N009A000", ("log", None, "active")),
        ("G045N000A000", ("log", None, "active")),
        ("G064N007A001", ("area", None, "alarm")),
        ("G065N002A001", ("area", None, "entry_delay")),
        ("G999N000A000", ("unknown", None, "active")),
    ],
)
def test_what_the_number_of_an_event_says(line: str, meaning: tuple[str | None, ...]) -> None:
    [signal] = read(line).signals
    assert (signal.kind, signal.code, signal.state) == meaning
    assert (signal.zone, signal.user) == (None, None)


@pytest.mark.parametrize("line", ["G065N003A001", "G065N005A001", "G066N000A001"])
def test_what_only_became_true_and_has_an_event_of_its_own_is_none(line: str) -> None:
    assert read(line).signals == ()


@pytest.mark.parametrize("line", ["RA001DMTNPAS", "RA001DPTNASM"])
def test_flags_are_read_in_either_order(line: str) -> None:
    said = read(line).fields["flags"]
    assert isinstance(said, list)
    assert set(map(str, said)) == {
        *("memory", "trouble", "not_ready", "programming", "alarm", "strobe")
    }


@pytest.mark.parametrize("line", ["RA001DMTNASS", "RA001DPTNPAS", "RA001XOOOOOO"])
def test_no_order_is_a_mixture_of_both(line: str) -> None:
    assert read(line).fault is FaultKind.SHAPE


def test_no_digit_of_another_script_is_one() -> None:
    assert not decode("G024N01٣A002".encode() + b"\r")[0].signals


@pytest.mark.parametrize(
    ("charset", "text"), [("cp852", "Přední dveře"), ("gb18030", "前门红外"), ("cp1251", "Дверь")]
)
def test_names_are_read_in_the_installers_characters(charset: str, text: str) -> None:
    data = text.encode(charset)
    [frame] = decode(b"ZL001" + data.ljust(16) + b"\r", charset=charset)
    assert frame.fields == {"of": "zone", "number": 1, "text": text}


@pytest.mark.parametrize("line", ["AA002S2468", "AD002246800", "\x07AD0012468"])
def test_a_code_is_marked_and_not_shown(line: str) -> None:
    frame = decode(line.encode() + b"\r")[-1]
    [secret] = frame.secrets
    assert frame.raw[secret.start : secret.end].decode() in ("2468", "246800")
    assert "2468" not in str(frame.fields)


def test_a_line_behind_a_cut_one_is_read() -> None:
    frames = decode(b"G024N0G001N005A001\rRZ01\rG025N012A001\r")
    assert [frame.fault for frame in frames] == [
        *(FaultKind.LENGTH, None, FaultKind.LENGTH, None),
    ]
    assert [s.kind for f in frames for s in f.signals] == [Kind.ZONE, Kind.FIRE]


def test_the_last_line_may_lack_its_end_where_nothing_else_can_be_missing() -> None:
    assert [frame.fault for frame in decode(b"RZ001COOOO\rG024N017A002")] == [None, None]
    [cut] = decode(b"AD001246")
    assert cut.fault is FaultKind.SHAPE, "there may be more digits of the code"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([known.frame for known in GOLDEN if known.signals]),
    st.integers(0, 20),
    st.binary(max_size=2),
)
def test_a_line_cut_or_stuffed_never_says_what_does_not_fit(
    line: bytes, at: int, put: bytes
) -> None:
    damaged = line[: at % len(line)] + put + line[at % len(line) + 1 :]
    for frame in decode(damaged):
        if frame.signals:
            assert is_sound(frame.raw.strip(b"\r\n"))
