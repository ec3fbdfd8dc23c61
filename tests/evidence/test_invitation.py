"""A code is read as it was given, typed in any way people type, and a slip of the hand is told."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence.invitation import (
    DIGITS,
    Invitation,
    NoInvitation,
    file_proof,
    host_and_port,
    pin_of,
    secret_digest,
    secret_of,
)

GIVEN = Invitation("gw4", "center.example.org", 8443, pin_of(b"key"), secret_of(bytes(range(8))))


def test_it_is_read_in_one_word_and_in_three() -> None:
    assert Invitation.read(GIVEN.text) == GIVEN
    assert Invitation.typed("gw4", "center.example.org:8443", GIVEN.code) == GIVEN
    assert Invitation.read_words([GIVEN.text]) == GIVEN
    assert Invitation.read_words(["gw4", "center.example.org", GIVEN.code]) == GIVEN


def test_it_is_read_as_people_type() -> None:
    typed = GIVEN.code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert Invitation.typed(" GW4 ", "center.example.org:8443", typed) == GIVEN


@pytest.mark.parametrize("place", range(DIGITS))
def test_every_wrong_digit_is_told(place: int) -> None:
    """Two digits of check: one slip in a thousand passes, and then the pin or the secret fails."""
    digits = GIVEN.code.replace("-", "")
    told = 0
    for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".replace(digits[place], ""):
        wrong = digits[:place] + other + digits[place + 1 :]
        try:
            Invitation.typed("gw4", "center.example.org:8443", wrong)
        except NoInvitation:
            told += 1
    assert told >= 30


@pytest.mark.parametrize(
    ("gateway", "place"),
    [
        ("gw5", "center.example.org:8443"),
        ("gw4", "centre.example.org"),
        ("gw4", "center.example.org:443"),
    ],
)
def test_another_gateway_or_host_is_told(gateway: str, place: str) -> None:
    with pytest.raises(NoInvitation, match="does not fit"):
        Invitation.typed(gateway, place, GIVEN.code)


@pytest.mark.parametrize(
    "text",
    [
        *("", "gw4", "gw4@host/", "x" * 500, "gw4@host/" + "U" * 30, "@host/" + "0" * 30),
        *("gw4@/" + "0" * 30, "gw4@host:x/" + "0" * 30, "gw4@host:99999/" + "0" * 30),
        "gw4@ho st/" + "0" * 30,
    ],
)
def test_what_is_no_invitation_is_told(text: str) -> None:
    with pytest.raises(NoInvitation):
        Invitation.read(text)


@pytest.mark.parametrize("words", [[], ["a", "b"], ["a", "b", "c", "d"]])
def test_one_word_or_three(words: list[str]) -> None:
    with pytest.raises(NoInvitation, match="three words"):
        Invitation.read_words(words)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(NoInvitation):
        assert Invitation.read(text).text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a.example", ("a.example", 8443)),
        ("a.example:1", ("a.example", 1)),
        ("[::1]:7", ("[::1]", 7)),
        ("[::1]", ("[::1]", 8443)),
    ],
)
def test_a_port_may_be_left_out(text: str, parts: tuple[str, int]) -> None:
    assert host_and_port(text) == parts


def test_a_proof_is_of_its_requests() -> None:
    digest = secret_digest(GIVEN.secret)
    proof = file_proof(digest, "gw4", b"client", b"identity")
    assert proof == file_proof(digest, "gw4", b"client", b"identity")
    others = [
        file_proof(digest, "gw5", b"client", b"identity"),
        file_proof(digest, "gw4", b"other", b"identity"),
        file_proof(digest, "gw4", b"client", b"other"),
        file_proof(secret_digest("other"), "gw4", b"client", b"identity"),
    ]
    assert proof not in others
    assert GIVEN.secret not in digest
