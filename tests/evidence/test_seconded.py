"""Second signatures in records: good, by another key, of another head, by nobody who is known.

The journal's way is tests/test_audit.py's, the store's tests/center/test_verify.py's.
"""

from dataclasses import replace

import pytest

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import seconded
from edge_agent.evidence.envelope import Event, peek
from edge_agent.evidence.second_signature import SecondSignature, SecondSignatureBody, Unsigned
from edge_agent.evidence.seconded import SecondCheck
from edge_agent.evidence.sm2 import Sm2Key
from edge_agent.evidence.verify import Problem, What
from tests import openssl
from tests.evidence import second_vectors
from tests.evidence.bundles import FIRST, history
from tests.evidence.second_vectors import SIZE

KEY = second_vectors.key()
GOOD = second_vectors.message()
SIGNED = SecondSignature.read(GOOD)
HEAD = peek(history()[0].envelopes[SIZE])[1]


def keeping(message: bytes) -> Event:
    event = peek(history()[0].envelopes[70])[1]
    return replace(event, type="second_signature", body=SecondSignatureBody(message).to_body())


def judged(
    message: bytes,
    *,
    named: dict[int, BodyValue] | None = None,
    given: Sm2Key | None = None,
    root: bytes | None = HEAD.root,
) -> tuple[list[Problem], SecondCheck]:
    check = SecondCheck(given)
    body = SecondSignatureBody(message)
    check.expect(history()[0].make(70, "second_signature", body.to_body()))
    if root is not None:
        check.see(FIRST, SIZE, root)
    return check.take(keeping(message), named), check


def test_by_the_named_key_or_by_the_given_one_it_is_good() -> None:
    """Seen to fail: with every signature taken for good."""
    for named, given, said in (
        (KEY.to_value(), None, "named by its run: COMPARE it"),
        (KEY.to_value(), KEY, "given by you"),
        (None, KEY, "given by you"),
    ):
        problems, check = judged(GOOD, named=named, given=given)
        assert (problems, check.finish()) == ([], [])
        (one,) = check.seconded
        assert (one.place.seq, one.held, one.unchecked) == (SIZE, True, "")
        (words,) = check.words()
        assert words.startswith(f"SM2 signature of head {one.place}: good, by key {KEY.kid.hex()}")
        assert said in words
        assert check.facts()[0]["good"] is True


def test_what_cannot_be_checked_is_said() -> None:
    unknown = Unsigned(SIGNED.head, -70_000, bytes(8)).signed(bytes(3_309))
    for message, why in ((GOOD, seconded.NO_KEY), (unknown, seconded.OTHER_ALGORITHM)):
        problems, check = judged(message)
        assert problems == []
        assert check.seconded[0].unchecked == why
        assert check.words() == [f"{check.seconded[0].words}; 1 in all"]
        assert "NOT CHECKED" in check.words()[0]


def test_of_a_head_that_is_gone_it_is_told_that_it_is() -> None:
    problems, check = judged(GOOD, given=KEY, root=None)
    assert (problems, check.seconded[0].held) == ([], False)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Sm2Key:
    return Sm2Key.from_pem(openssl.public_of(openssl.make_key(tmp_path_factory.mktemp("other"))))


def test_each_change_is_named(other: Sm2Key) -> None:
    """Another key, head, signature, run, gateway; the seconds also where the run names them."""
    head, told = SIGNED.head, SIGNED.told
    changed = [
        (replace(told, head=replace(head, size=SIZE - 1)).signed(SIGNED.signature), KEY),
        (replace(told, head=replace(head, root=bytes(32))).signed(SIGNED.signature), KEY),
        (replace(told, head=replace(head, epoch=b"epoch--2")).signed(SIGNED.signature), KEY),
        (replace(told, head=replace(head, gateway="gw2")).signed(SIGNED.signature), KEY),
        (told.signed(SIGNED.signature[::-1]), KEY),
        (told.signed(bytes(64)), KEY),
        (GOOD, other),
        (GOOD[:-1], KEY),
    ]
    for message, key in changed:
        for given, named in ((key, None), (None, key.to_value()), (key, KEY.to_value())):
            problems, check = judged(message, named=named, given=given)
            assert [one.what for one in problems] == [What.SECOND_SIGNATURE]
            assert check.seconded == []
    (problem,) = judged(GOOD, given=KEY, root=bytes(32))[0]
    assert "is not the one that was signed" in problem.detail
    (problem,) = judged(GOOD, named={1: 99})[0]
    assert "SM2" in problem.detail


def test_whoever_gives_a_key_wants_to_see_it_used() -> None:
    check = SecondCheck(KEY)
    (problem,) = check.finish()
    assert (problem.what, KEY.kid.hex() in problem.detail) == (What.SECOND_SIGNATURE, True)
    assert SecondCheck().finish() == []


def test_of_several_the_newest_is_told() -> None:
    check = judged(GOOD, given=KEY)[1]
    assert check.take(keeping(GOOD), None) == []
    (words,) = check.words()
    assert "2 of them are good" in words
    assert SecondCheck().words() == []


def test_what_is_no_message_is_expected_of_nothing() -> None:
    check = SecondCheck()
    body = SecondSignatureBody(b"junk")
    check.expect(history()[0].make(70, "second_signature", body.to_body()))
    check.expect(b"junk")
    (problem,) = check.take(keeping(b"junk"), None)
    assert problem.seq == 70
