"""Weighing the drivers against each other: who is certain, who fits as well, who is a shadow."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent import resources
from edge_agent.domain.recognition import UNDECLARED, Recognition, Sureness
from edge_agent.domain.session import Profile
from edge_agent.linetools import discover
from edge_agent.linetools.recognise import (
    Candidate,
    Likeness,
    Listener,
    fitting_profiles,
    line_of,
)
from tests.linetools.bench import candidates

BEAT = b"1011           @    \x14"
NESS = b"870003610208012611232015304B\r\n"
SEALED = (
    b'\nC5F70078"*SIA-DCS"0012R0L0#2468[7A604AD0C8353A71B9650A8BD7E39DD6'
    b"8E8B81A9B1261C8DE14AA7085BB42C0315E686A68CC6E0D033CE6C920DCD79E5\r"
)


def likenesses(*pieces: bytes, among: tuple[Candidate, ...] | None = None) -> list[Likeness]:
    listener = Listener(among or candidates())
    for at, data in enumerate(pieces):
        listener.hear(data, at)
    return listener.likenesses()


def candidate(name: str) -> Candidate:
    return next(one for one in candidates() if one.driver.name == name)


@pytest.mark.parametrize(
    ("said", "driver", "sureness"),
    [
        ((BEAT,), "surgard", Sureness.LIKELY),
        ((BEAT, BEAT), "surgard", Sureness.CERTAIN),
        ((b"60901737\r\n",) * 2, "dsc", Sureness.LIKELY),  # a sum of eight bits: four are certain
        ((b"60901737\r\n",) * 4, "dsc", Sureness.CERTAIN),
        ((NESS, NESS), "ness", Sureness.CERTAIN),
        ((b"\xff" * 30, NESS, NESS), "ness", Sureness.CERTAIN),
        ((b"\xff" * 300, NESS, NESS), "ness", Sureness.LIKELY),  # most of it is something else
        ((SEALED,), "dc09", Sureness.CERTAIN),
    ],
)
def test_how_sure(said: tuple[bytes, ...], driver: str, sureness: Sureness) -> None:
    first = likenesses(*said)[0]
    assert (first.driver, first.sureness) == (driver, sureness)


def test_damaged_frames_alone_are_possible_and_all_whose_shape_they_have_are_named() -> None:
    found = likenesses(NESS[:-4] + b"FF\r\n")
    assert {one.driver for one in found} == {"dsc", "ness"}
    assert {one.sureness for one in found} == {Sureness.POSSIBLE}
    assert [one.good for one in found] == [0, 0]


def test_beside_a_likely_one_no_shadow_is_named() -> None:
    assert [one.driver for one in likenesses(NESS, NESS)] == ["ness"]


def test_two_that_look_alike_are_both_named() -> None:
    twin = replace(candidate("ness"), driver=replace(candidate("ness").driver, name="twin"))
    found = likenesses(NESS, NESS, among=(*candidates(), twin))
    assert [one.driver for one in found] == ["ness", "twin"]


def test_an_encrypted_frame_is_named_as_one_that_needs_its_key() -> None:
    [found] = likenesses(SEALED)
    assert not found.has_key
    assert found.types == (("decrypt", 1),)


def test_a_driver_that_declares_nothing_joins_by_its_good_frames() -> None:
    plain = replace(candidate("ness"), recognition=UNDECLARED)
    [found] = likenesses(*[NESS] * 5, among=(plain,))
    assert found.sureness is Sureness.CERTAIN
    [found] = likenesses(NESS, among=(plain,))
    assert found.sureness is Sureness.POSSIBLE


def test_an_answer_and_the_usual_port_prove_more_than_a_frame() -> None:
    login = b"Login:\r\n"
    assert likenesses(login)[0].sureness is Sureness.POSSIBLE
    listener = Listener(candidates(), tcp_port=4025)
    listener.hear(login, 0)
    assert listener.likenesses()[0].sureness is Sureness.LIKELY
    listener.answered("dsc", "poll")
    [found] = listener.likenesses()
    assert (found.sureness, found.answers) == (Sureness.CERTAIN, ("poll",))


@given(st.lists(st.binary(max_size=50), max_size=8))
def test_rubbish_is_never_certain(pieces: list[bytes]) -> None:
    listener = Listener(candidates())
    for at, data in enumerate(pieces):
        listener.hear(data, at)
    listener.rest(99)
    assert all(one.sureness < Sureness.CERTAIN for one in listener.likenesses())


def profile(name: str, line: dict[str, int | str] | None) -> Profile:
    return Profile(name, "1", "ness", name, {"line": line} if line else {})  # type: ignore[dict-item]


def test_profiles_that_fit_by_what_was_said_and_by_the_settings() -> None:
    some = (
        profile("slow", {"baud": 9600}),
        profile("even", {"baud": 19200, "bits": 7, "parity": "E"}),
        profile("net", None),
    )
    one = Candidate(
        candidate("ness").driver, Recognition(lambda _: 1), candidate("ness").decoder, some
    )
    [told] = likenesses(NESS)

    def names(likeness: Likeness, settings: str | None) -> list[str]:
        return [found.name for found in fitting_profiles(one, likeness, settings)]

    told = replace(told, models=None)
    assert names(told, "19200-7E1") == ["even"]
    assert names(told, "300-8N1") == ["slow", "even"]
    assert names(told, None) == ["net", "slow", "even"]
    assert names(replace(told, models=("net", "even")), None) == ["net", "even"]
    assert names(replace(told, models=("net",)), "9600-8N1") == ["net"]


def test_the_line_of_a_profile() -> None:
    assert line_of(profile("x", {"baud": 9600})) == "9600-8N1"
    assert line_of(profile("x", None)) is None
    assert line_of(profile("x", {"bits": 8})) is None


def test_a_third_party_is_found_through_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:

    acme = replace(
        candidate("ness").driver, name="acme", recognition="tests.linetools.test_recognise:ACME"
    )
    broken = replace(acme, name="broken", recognition="nowhere:X")
    monkeypatch.setattr(
        resources, "drivers", lambda: {"acme": lambda: acme, "broken": lambda: broken}
    )
    found, wrong = discover.candidates()
    assert [one.driver.name for one in found] == ["acme"]
    assert found[0].recognition is ACME
    assert found[0].decoder().feed(NESS)
    assert len(wrong) == 1
    assert "broken" in wrong[0]


ACME = Recognition(lambda frame: 0 if frame.fault else 30)
