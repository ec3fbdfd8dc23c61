"""Where a setting comes from."""

import pytest

from edge_agent.domain.session import Plain, Profile, Setup
from edge_agent.domain.settings import NS_PER_S, address, charset_of, count_of, seconds_ns
from edge_agent.resources import load_codes


def setup(fact: Plain, option: Plain) -> Setup:
    facts: dict[str, Plain] = {} if fact is None else {"beat_s": fact}
    profile = Profile("p", "1", "d", "P", facts)
    return Setup(load_codes(), profile, {"beat_s": option})


@pytest.mark.parametrize(
    ("fact", "option", "seconds"), [(None, None, 3), (5, None, 5), (5, 7.5, 7.5), (None, 8, 8)]
)
def test_option_before_profile_before_protocol(fact: Plain, option: Plain, seconds: float) -> None:
    assert seconds_ns(setup(fact, option), "beat_s", 3) == seconds * NS_PER_S


def test_without_profile_and_options() -> None:
    assert seconds_ns(Setup(load_codes()), "beat_s", 3) == 3 * NS_PER_S


@pytest.mark.parametrize("wrong", [0, -1, True, "5", float("nan")])
def test_what_is_no_time_is_refused(wrong: Plain) -> None:
    with pytest.raises(ValueError, match="beat_s is"):
        seconds_ns(setup(wrong, None), "beat_s", 3)


def test_the_character_set_is_one_that_python_knows() -> None:
    codes = load_codes()
    assert charset_of(Setup(codes)) == "latin-1"
    assert charset_of(Setup(codes, None, {"charset": "gb18030"})) == "gb18030"
    profile = Profile("p", "1", "d", "P", {"charset": "cp1251"})
    assert charset_of(Setup(codes, profile)) == "cp1251"
    assert charset_of(Setup(codes, profile, {"charset": "gb18030"})) == "gb18030"


@pytest.mark.parametrize("wrong", ["gb", "hex", "undefined", "a\0b"])
def test_what_is_no_character_set_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="knows no codec"):
        charset_of(Setup(load_codes(), None, {"charset": wrong}))


def test_counts_are_whole_and_within_their_bound() -> None:
    assert count_of(setup(None, None), "beat_s", 4, 8) == 4
    assert count_of(setup(5, None), "beat_s", 4, 8) == 5
    assert count_of(setup(5, 8), "beat_s", 4, 8) == 8
    for wrong in (0, 9, "4", 4.0, True):
        with pytest.raises(ValueError, match="allowed: 1 to 8"):
            count_of(setup(None, wrong), "beat_s", 4, 8)


def test_an_address_is_bounded() -> None:
    assert (address(15).minimum, address(15).maximum, address(15).default) == (1, 15, None)
