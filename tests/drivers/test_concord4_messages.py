"""What messages of a Concord 4 mean: golden ones, fields, and what is not shown."""

import pytest

from drivers._concord4_messages import ALARMS, SYSTEM_TROUBLES, ConcordDecoder
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import Frame, Setup
from edge_agent.resources import load_codes
from hil.panels.concord4 import off_wire, on_wire
from tests.drivers.golden import Golden, check
from tests.drivers.golden_concord4 import GOLDEN

SETUP = Setup(load_codes())


def decode(data: bytes) -> list[Frame]:
    decoder = ConcordDecoder(SETUP)
    return [*decoder.feed(data), *decoder.finish()]


def read(message: str) -> Frame:
    [frame] = decode(on_wire(bytes.fromhex(message)))
    return frame


def alarm(general: int, specific: int, *, source: int = 2, which: int = 5, more: int = 0) -> Frame:
    return read(f"22020100{source:02x}{which:06x}{general:02x}{specific:02x}{more:04x}")


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: known.source[:60])
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


def test_the_emulators_codec_agrees_with_the_golden_frames() -> None:
    for known in GOLDEN:
        if known.fault is None and len(known.frame) > 1:
            message = off_wire(known.frame)
            assert message is not None
            assert on_wire(message) == known.frame


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("00", State.CLOSED),
        ("02", State.FAULT),
        ("09", State.FAULT),
        ("11", State.BYPASSED),
        ("0a", State.FAULT),  # decimal 10 is no bypass: two bits
    ],
)
def test_the_first_that_holds_is_the_state_of_a_zone(state: str, told: State) -> None:
    assert read(f"210100000c{state}").signals[0].state is told


@pytest.mark.parametrize(
    ("level", "state"),
    [
        (0, State.DISARMED),
        (4, State.ARMED_STAY),
        (5, State.UNKNOWN),
        (9, State.DISARMED),
        (77, State.UNKNOWN),
    ],
)
def test_a_level_that_does_not_say_how_it_is_armed_is_unknown(level: int, state: State) -> None:
    assert read(f"2201010000 05{level:02x}".replace(" ", "")).signals[0].state is state


def test_no_partition_and_no_zone_give_no_point() -> None:
    assert read("22010000000001").signals == ()
    assert read("2203000040001e").signals == ()
    assert read("210100000001").signals == ()


def test_every_specific_type_is_read_with_its_zone() -> None:
    for specific, code in ALARMS.items():
        for general, state in ((1, State.ACTIVE), (3, State.RESTORED)):
            [signal] = alarm(general, specific).signals
            assert (signal.code, signal.state, signal.zone, signal.area) == (code, state, 5, 1)
    for specific, code in SYSTEM_TROUBLES.items():
        [signal] = alarm(15, specific, source=3, which=0).signals
        assert (signal.code, signal.zone) == (code, None)
    assert alarm(1, 200).signals[0].code == "140"
    assert alarm(1, 9, source=0).signals[0].code == "137"


@pytest.mark.parametrize(
    ("general", "specific", "code", "state"),
    [
        (4, 0, "373", State.ACTIVE),
        (5, 4, "381", State.RESTORED),
        (7, 99, "380", State.RESTORED),
        (9, 0, "570", State.RESTORED),
        (10, 3, "453", State.ACTIVE),
        (11, 3, "454", State.ACTIVE),
        (10, 8, "407", State.DISARMED),
        (11, 7, "403", State.ARMED),
        (11, 5, "464", State.ACTIVE),
        (11, 9, "459", State.ACTIVE),
        (12, 0, "306", State.ACTIVE),
        (13, 5, "462", State.ACTIVE),
        (14, 6, "607", State.RESTORED),
        (16, 99, "300", State.RESTORED),
        (17, 4, "901", State.RESTORED),
        (17, 99, "306", State.ACTIVE),
        (18, 4, "621", State.ACTIVE),
    ],
)
def test_general_and_specific_types(general: int, specific: int, code: str, state: State) -> None:
    [signal] = alarm(general, specific).signals
    assert (signal.code, signal.state) == (code, state)


@pytest.mark.parametrize(("user", "code"), [(250, "408"), (251, "409"), (15, "401")])
def test_who_armed_tells_how(user: int, code: str) -> None:
    [signal] = alarm(11, 0, source=3, which=0, more=user).signals
    assert (signal.code, signal.state, signal.user) == (code, State.ARMED, user)


def test_what_has_no_code_has_its_kind() -> None:
    assert alarm(13, 0).signals[0].kind is Kind.LOG
    assert alarm(14, 9).signals[0].kind is Kind.TEST
    assert alarm(18, 2).signals[0].kind is Kind.LOG
    [output] = alarm(18, 5, source=3, which=2).signals
    assert (output.kind, output.state, output.zone) == (Kind.OUTPUT, State.ON, 2)


def test_the_fields_of_messages() -> None:
    assert read("01140104000a00001234").fields == {
        "panel": 0x14,
        "hardware": "0104",
        "software": "000a",
        "serial": 0x1234,
    }
    assert read("0301020a000c000130").fields == {
        "partition": 1,
        "area": 2,
        "group": 10,
        "zone": 12,
        "zone_type": 0,
        "flags": ["tripped"],
        "tokens": "30",
    }
    assert read("2203010040001e").fields["delay_s"] == 30
    fields = alarm(1, 27, more=7).fields
    assert fields["source"] == "zone"
    assert (fields["number"], fields["general"], fields["specific"], fields["data"]) == (
        5,
        1,
        27,
        7,
    )
    assert alarm(1, 27, source=9).fields["source"] == 9


@pytest.mark.parametrize(
    ("message", "secret"), [("40010001020406 08", b"0102040608"), ("09000f001234", b"000F001234")]
)
def test_codes_are_marked_and_not_shown(message: str, secret: bytes) -> None:
    frame = read(message.replace(" ", ""))
    [span] = frame.secrets
    assert frame.raw[span.start : span.end] == secret
    assert not any(digit in str(frame.fields) for digit in ("1234", "020406"))
