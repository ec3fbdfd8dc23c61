"""Which commands are carried out: new ones of this epoch, by the pinned key, for this gateway."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.control.acceptance import (
    NUMBERS_MAX,
    Acceptance,
    Accepted,
    Refused,
)
from edge_agent.control.refusal import Refusal
from edge_agent.control.warranted import Terms
from edge_agent.domain.access import Role
from edge_agent.evidence.command import CenterCommand, digest_of, sign_command
from tests.evidence.conftest import signer
from tests.evidence.test_charter import CHARTER
from tests.evidence.test_command import BY, COMMAND, SIGNED
from tests.evidence.test_warrant import AUTHORITY, LI, LI_NA, WANG, WANG_WEI, warranted

NOW_NS = (COMMAND.time_ms + 1) * 1_000_000


def acceptance() -> Acceptance:
    return Acceptance("gw1", COMMAND.epoch, BY.public)


def judge(
    one: Acceptance, command: CenterCommand = COMMAND, *, earliest_ns: int = NOW_NS
) -> Accepted | Refused:
    return one.judge(sign_command(command, BY), retained=False, earliest_ns=earliest_ns)


def why(judged: Accepted | Refused) -> Refusal:
    assert isinstance(judged, Refused)
    return judged.why


def test_a_command_is_accepted_once() -> None:
    one = acceptance()
    assert judge(one) == Accepted(COMMAND, digest_of(SIGNED))
    again = judge(one)
    assert why(again) is Refusal.REPLAYED
    assert isinstance(again, Refused)
    assert again.digest == digest_of(SIGNED)
    assert again.command == COMMAND


REFUSED: dict[Refusal, Callable[[CenterCommand], CenterCommand]] = {
    Refusal.MISADDRESSED: lambda it: replace(it, gateway="gw2"),
    Refusal.WRONG_EPOCH: lambda it: replace(it, epoch=b"epoch--0"),
    Refusal.UNSUPPORTED: lambda it: replace(it, what="dance"),
    Refusal.UNENTITLED: lambda it: replace(it, what="resync", role=Role.VIEWER),
}


@pytest.mark.parametrize("refusal", REFUSED)
def test_what_is_not_for_now_here_and_them_is_refused(refusal: Refusal) -> None:
    assert why(judge(acceptance(), REFUSED[refusal](COMMAND))) is refusal


def test_a_kept_one_and_those_that_nobody_signed_are_refused() -> None:
    one = acceptance()
    assert why(one.judge(SIGNED, retained=True, earliest_ns=0)) is Refusal.RETAINED
    assert why(one.judge(b"", retained=False, earliest_ns=0)) is Refusal.MALFORMED
    stranger = sign_command(COMMAND, signer(5))
    assert why(one.judge(stranger, retained=False, earliest_ns=0)) is Refusal.BAD_SIGNATURE
    assert isinstance(judge(one), Accepted), "none of them used the number up"


def test_without_a_pinned_key_nothing_is_carried_out() -> None:
    one = Acceptance("gw1", COMMAND.epoch, None)
    assert why(one.judge(SIGNED, retained=False, earliest_ns=0)) is Refusal.NO_KEY


def test_only_what_is_certainly_over_is_expired() -> None:
    end_ns = COMMAND.until_ms * 1_000_000
    assert isinstance(judge(acceptance(), earliest_ns=0), Accepted)
    assert isinstance(judge(acceptance(), earliest_ns=end_ns), Accepted)
    assert why(judge(acceptance(), earliest_ns=end_ns + 1)) is Refusal.EXPIRED


def test_an_earlier_number_that_came_late_is_taken_once() -> None:
    one = acceptance()
    for number in (9, 7, 8):
        assert isinstance(judge(one, replace(COMMAND, number=number)), Accepted)
    for number in (7, 8, 9):
        assert why(judge(one, replace(COMMAND, number=number))) is Refusal.REPLAYED


def test_what_the_charter_does_not_allow_is_refused() -> None:
    bypass = replace(COMMAND, what="order", role=Role.TECHNICIAN, body={1: "shop", 2: "bypass"})
    assert why(judge(acceptance(), bypass)) is Refusal.SINGLE
    terms = Terms(CHARTER, (AUTHORITY.public,))
    one = Acceptance("gw1", COMMAND.epoch, BY.public, lambda: terms)
    assert why(judge(one)) is Refusal.UNPROVEN
    both = warranted(replace(bypass, number=8), (LI_NA, LI), (WANG_WEI, WANG))
    judged = judge(one, both)
    assert judged == Accepted(both, digest_of(sign_command(both, BY)))
    actor = "Li Na (310115-0042), technician of center, with Wang Wei"
    assert isinstance(judged, Accepted)
    assert judged.command.actor == actor


def test_a_mandate_is_good_once_under_whatever_number() -> None:
    terms = Terms(None, (AUTHORITY.public,))
    one = Acceptance("gw1", COMMAND.epoch, BY.public, lambda: terms)
    mine = warranted(replace(COMMAND, role=Role.TECHNICIAN), (LI_NA, LI))
    assert isinstance(judge(one, mine), Accepted)
    assert why(judge(one, replace(mine, number=8))) is Refusal.REPLAYED
    for number in range(9, 9 + NUMBERS_MAX):
        again = warranted(replace(mine, number=number), (LI_NA, LI), time_ms=number)
        assert one._used_mandates(again) is None
    assert len(one._mandates) == NUMBERS_MAX
    said = replace(mine, what="disposition", body={1: b"word"}, number=8000)
    for number in (8000, 8001):
        brings = replace(warranted(said, (LI_NA, LI)), number=number)
        assert isinstance(judge(one, brings), Accepted), "one is brought until it is journaled"


def test_a_second_signature_is_good_once_as_well() -> None:
    terms = Terms(None, (AUTHORITY.public,))
    one = Acceptance("gw1", COMMAND.epoch, BY.public, lambda: terms)
    bypass = replace(COMMAND, what="order", role=Role.TECHNICIAN, body={1: "shop", 2: "bypass"})
    both = warranted(bypass, (LI_NA, LI), (WANG_WEI, WANG))
    assert isinstance(judge(one, both), Accepted)
    mine = warranted(bypass, (LI_NA, LI), time_ms=bypass.time_ms - 1).warrants
    again = replace(both, number=8, warrants=(*mine, both.warrants[1]))
    assert why(judge(one, again)) is Refusal.REPLAYED


@given(st.integers(0, 2**32))
@settings(max_examples=5)
def test_no_number_is_ever_taken_twice_whatever_is_forgotten(seed: int) -> None:
    """Bounded memory: what was forgotten counts as used."""
    choose = random.Random(seed)
    one = acceptance()
    taken: list[int] = []
    for _ in range(3 * NUMBERS_MAX):
        number = choose.randrange(1, 4 * NUMBERS_MAX)
        if one._refusal(replace(COMMAND, number=number), 0) is None:
            taken.append(number)
    assert len(taken) == len(set(taken))
    assert len(taken) > NUMBERS_MAX
    assert len(one._numbers) == NUMBERS_MAX


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
@settings(max_examples=50)
def test_hostile_bytes_are_refused_and_never_a_crash(data: bytes, at: int, value: int) -> None:
    one = acceptance()
    assert isinstance(one.judge(data, retained=False, earliest_ns=0), Refused)
    broken = bytearray(SIGNED)
    broken[at % len(broken)] ^= value | 1
    judged = one.judge(bytes(broken), retained=False, earliest_ns=0)
    assert why(judged) in {Refusal.MALFORMED, Refusal.BAD_SIGNATURE}
    assert isinstance(judged, Refused)
    assert (judged.command, judged.digest) == (None, b""), "no answer for strangers"
