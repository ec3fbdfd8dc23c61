"""What settings are tried, and what bytes say about wrong ones: on the model of a cable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.linetools.recognise import line_of
from edge_agent.linetools.settings import (
    Look,
    Reception,
    look,
    rank,
    settings_of,
    settings_to_try,
    seven_bits,
    with_parity,
)
from tests.linetools.bench import candidates, sampled

TEXT = b"5012 182468E13001004\x14 some text of a panel\r\n" * 2
BAUDS = ("2400", "9600", "19200", "38400", "115200")


def heard(data: bytes, said: str, at: str, counts: bool = True) -> Reception:
    found, errors = sampled(data, said, at)
    return Reception(found, errors if counts else None)


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize("said", BAUDS)
@pytest.mark.parametrize("at", BAUDS)
def test_a_wrong_speed_shows(said: str, at: str, counts: bool) -> None:
    seen = look(heard(TEXT, f"{said}-8N1", f"{at}-8N1", counts))
    if said == at:
        assert seen is Look.TEXT
    else:
        assert seen in (Look.WRONG_SPEED, Look.TOO_LITTLE, Look.BINARY)
        assert seen is not Look.BINARY or not counts or int(said) < int(at)


@pytest.mark.parametrize(("parity", "seen"), [("E", Look.SEVEN_EVEN), ("O", Look.SEVEN_ODD)])
def test_seven_bits_with_parity_show_by_their_top_bit(parity: str, seen: Look) -> None:
    reception = heard(TEXT, f"9600-7{parity}1", "9600-8N1")
    assert look(reception) is seen
    assert seven_bits(reception.data) == TEXT
    assert with_parity("9600-8N1", seen) == f"9600-7{parity}1"


@pytest.mark.parametrize(
    ("reception", "seen"),
    [
        (Reception(b""), Look.NOTHING),
        (Reception(b"", 0), Look.NOTHING),
        (Reception(b"", 5), Look.WRONG_SPEED),  # breaks alone
        (Reception(b"\n\r", 0), Look.TOO_LITTLE),
        (Reception(TEXT, 0), Look.TEXT),
        (Reception("11/23 20:05 火警 003-025\r\n".encode("gb18030")), Look.TEXT),
        (Reception(TEXT, 30), Look.WRONG_SPEED),
        (Reception(bytes(range(0x80, 0xC0)), 0), Look.BINARY),
        (Reception(bytes(range(0x80, 0xC0))), Look.WRONG_SPEED),
    ],
)
def test_what_bytes_look_like(reception: Reception, seen: Look) -> None:
    assert look(reception) is seen


@given(st.binary(max_size=64), st.none() | st.integers(0, 70))
def test_whatever_is_heard_is_judged_and_ranked(data: bytes, errors: int | None) -> None:
    reception = Reception(data, errors)
    assert isinstance(look(reception), Look)
    assert rank(Reception(TEXT, 0)) <= rank(reception)


def test_the_settings_of_every_profile_and_speed_are_tried_the_commonest_first() -> None:
    tried = settings_to_try(candidates())
    assert tried[0] == "9600-8N1"
    assert len(tried) == len(set(tried))
    for candidate in candidates():
        if not {"serial", "modbus_rtu"} & set(candidate.driver.lines):
            continue
        assert settings_of(candidate) <= set(tried)
        own = {line_of(one) for one in candidate.profiles} - {None}
        assert own <= set(tried)
        bauds = {one.partition("-")[0] for one in settings_of(candidate)}
        assert set(map(str, candidate.driver.bauds)) <= bauds
