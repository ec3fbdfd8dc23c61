"""What the line tools have in common on the command line."""

import argparse
import os
import subprocess
import sys
import tempfile

import pytest

from edge_agent import language
from edge_agent.cli.lines import LANGUAGES, decoder_of, meanings, ports, seconds


def test_the_languages_are_those_that_are_spoken() -> None:
    assert language.LANGUAGES == LANGUAGES


def test_a_decoder_by_driver_by_profile_or_none() -> None:
    assert decoder_of(None, None, []) is None
    by_name, by_profile = decoder_of("ness", None, []), decoder_of(None, "ness_d8x", [])
    assert by_name is not None
    assert by_profile is not None
    assert type(by_name()) is type(by_profile())


@pytest.mark.parametrize(
    ("driver", "profile", "options", "says"),
    [
        ("nes", None, [], "did you mean 'ness'"),
        ("elk", "ness_d8x", [], "is for the driver 'ness'"),
        ("ness", None, ["zones=99"], "allowed: a whole number from 1 up to 32"),
        ("ness", None, ["zones"], "NAME=VALUE"),
        ("gb26875", None, ["addressing=x"], "addressing"),
    ],
)
def test_what_does_not_fit_is_told(
    driver: str, profile: str | None, options: list[str], says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        decoder_of(driver, profile, options)


def test_a_code_is_named_in_the_language() -> None:
    assert meanings("en")("130") != meanings("zh")("130")
    assert meanings("en")("999999") is None


@pytest.mark.parametrize("text", ["", "0", "-1", "x", "nan", "inf", "1e12"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        seconds(text)
    assert seconds("0.5") == 0.5


def completions(line: str) -> list[str]:
    """What a shell would offer behind `line`."""
    with tempfile.NamedTemporaryFile() as answer:
        asked = {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_STDOUT_FILENAME": answer.name,
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
            "_ARGCOMPLETE_IFS": "\n",
        }
        subprocess.run(
            [sys.executable, "-m", "edge_agent"], env=os.environ | asked, check=True, timeout=60
        )
        return [one.strip() for one in answer.read().decode().splitlines()]


def test_tab_offers_drivers_profiles_and_words() -> None:
    assert completions("edge-agent replay x --driver ness --profile elk") == ["elk_m1"]
    assert {"--listen-only", "--listen"} <= set(completions("edge-agent discover --li"))


def test_ports_are_offered_by_their_names() -> None:
    assert isinstance(ports(), list)
