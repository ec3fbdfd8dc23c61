"""Whose commands are carried out under which charter: every way to have too little of it.

Seen to fail: with a pass of another center, the first operator's signature twice, the time between
the two not looked at, the second one's pass, mandate and role not looked at, and a charter's
`allow` ignored.
"""

from dataclasses import replace

import pytest

from edge_agent.control.refusal import Refusal
from edge_agent.control.warranted import Terms, doubt_of
from edge_agent.domain.access import Role
from edge_agent.evidence.charter import COUNTERSIGN_WITHOUT_S, Charter
from edge_agent.evidence.command import CenterCommand
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.warrant import Mandate, Warrant, sign_mandate, sign_pass, wish_digest
from tests.evidence.conftest import signer
from tests.evidence.test_charter import CHARTER
from tests.evidence.test_command import COMMAND
from tests.evidence.test_warrant import AUTHORITY, LI, LI_NA, WANG, WANG_WEI, warranted

LATER_S = 100
STATE = replace(COMMAND, role=Role.TECHNICIAN)
BYPASS = replace(STATE, what="order", body={1: "shop", 2: "bypass", 3: 5})
UNBYPASS = replace(STATE, what="order", body={1: "shop", 2: "unbypass", 3: 5})
ARM = replace(STATE, what="order", body={1: "shop", 2: "arm_away"})
DISARM = replace(STATE, what="order", body={1: "shop", 2: "disarm"})
CLOCK = replace(STATE, what="clock")
BOTH = ((LI_NA, LI), (WANG_WEI, WANG))


def doubt(
    command: CenterCommand,
    charter: Charter | None = CHARTER,
    authorities: tuple[PublicKey, ...] = (AUTHORITY.public,),
    earliest_ns: int = 0,
) -> Refusal | None:
    found = doubt_of(command, Terms(charter, authorities), earliest_ns)
    return None if found is None else found[0]


def countersigned(command: CenterCommand, after_ms: int) -> CenterCommand:
    """Return a command that Wang Wei signed so long after Li Na."""
    digest = wish_digest(command.gateway, command.center, command.what, command.body)
    until_ms = command.until_ms + 90_000_000
    made = [
        Warrant(sign_pass(who, AUTHORITY), sign_mandate(Mandate(digest, at, until_ms), key))
        for (who, key), at in zip(BOTH, (command.time_ms, command.time_ms + after_ms), strict=True)
    ]
    return replace(warranted(command, (LI_NA, LI)), warrants=tuple(made))


# ---- without a charter


def test_without_a_charter_the_centers_word_is_enough_for_what_harms_nothing() -> None:
    for command in (STATE, UNBYPASS, CLOCK, replace(STATE, what="config")):
        assert doubt(command, None) is None
        assert doubt(warranted(command, (LI_NA, LI)), None) is None


def test_without_a_charter_no_center_arms_or_disarms_and_one_alone_bypasses_nothing() -> None:
    for command in (ARM, DISARM, warranted(DISARM, *BOTH)):
        assert doubt(command, None) is Refusal.OUTSIDE_CHARTER
    assert doubt(BYPASS, None) is Refusal.SINGLE
    assert doubt(warranted(BYPASS, (LI_NA, LI)), None) is Refusal.SINGLE
    assert doubt(warranted(BYPASS, *BOTH), None) is None
    assert doubt(countersigned(BYPASS, COUNTERSIGN_WITHOUT_S * 1000 + 1), None) is Refusal.SINGLE


# ---- with one


def test_a_charter_wants_a_warrant_of_each_command() -> None:
    assert doubt(STATE) is Refusal.UNPROVEN
    assert doubt(warranted(STATE, (LI_NA, LI))) is None


def test_what_a_charter_allows_is_done_and_nothing_else() -> None:
    assert doubt(warranted(ARM, (LI_NA, LI))) is None
    assert doubt(warranted(DISARM, (LI_NA, LI))) is Refusal.OUTSIDE_CHARTER
    bare = replace(CHARTER, allow=frozenset())
    for command in (ARM, UNBYPASS, CLOCK):
        assert doubt(warranted(command, (LI_NA, LI)), bare) is Refusal.OUTSIDE_CHARTER
    assert (
        doubt(warranted(replace(STATE, what="order", body={2: "status"}), (LI_NA, LI)), bare)
        is None
    )
    free = replace(CHARTER, allow=frozenset({"disarm"}), dual=frozenset())
    assert doubt(warranted(DISARM, (LI_NA, LI)), free) is None


def test_roles_that_a_charter_does_not_hear_are_refused() -> None:
    boss = replace(LI_NA, role=Role.INSTALLER)
    assert doubt(warranted(STATE, (boss, LI))) is Refusal.OUTSIDE_CHARTER


def test_a_charter_decides_what_wants_two() -> None:
    assert doubt(warranted(BYPASS, (LI_NA, LI))) is Refusal.SINGLE
    assert doubt(warranted(BYPASS, *BOTH)) is None
    alone = replace(CHARTER, dual=frozenset({"state"}))
    assert doubt(warranted(BYPASS, (LI_NA, LI)), alone) is None
    assert doubt(warranted(STATE, (LI_NA, LI)), alone) is Refusal.SINGLE
    assert doubt(warranted(STATE, *BOTH), alone) is None


# ---- who


@pytest.mark.parametrize(
    "command",
    [
        replace(warranted(STATE, (LI_NA, LI)), operator="Zhou"),
        replace(warranted(STATE, (LI_NA, LI)), role=Role.VIEWER),
        warranted(STATE, (replace(LI_NA, center="north"), LI)),
        warranted(STATE, (LI_NA, WANG)),
        replace(warranted(STATE, (LI_NA, LI)), what="resync"),
        replace(warranted(UNBYPASS, (LI_NA, LI)), body={1: "shop", 2: "unbypass", 3: 6}),
        replace(STATE, warrants=(Warrant(b"junk", b"junk"),)),
    ],
)
def test_who_is_not_proven_is_nobody(command: CenterCommand) -> None:
    assert doubt(command) is Refusal.UNPROVEN
    assert doubt(command, None) is Refusal.UNPROVEN, "what is shown has to be good"


def test_a_pass_of_another_authority_is_none() -> None:
    command = warranted(STATE, (LI_NA, LI))
    assert doubt(command, authorities=()) is Refusal.UNPROVEN
    assert doubt(command, authorities=(signer(9).public,)) is Refusal.UNPROVEN


def test_a_pass_that_is_certainly_over_is_none() -> None:
    command = warranted(STATE, (LI_NA, LI))
    end_ns = LI_NA.until_ms * 1_000_000
    over = replace(LI_NA, until_ms=STATE.time_ms + 1)
    assert doubt(command, earliest_ns=end_ns) is Refusal.EXPIRED, "the mandate is over as well"
    forever = warranted(STATE, (LI_NA, LI), until_ms=None)
    assert doubt(forever, earliest_ns=end_ns) is None
    assert doubt(forever, earliest_ns=end_ns + 1) is Refusal.UNPROVEN
    ended = warranted(STATE, (over, LI))
    assert doubt(ended, earliest_ns=(STATE.time_ms + 2) * 1_000_000) is Refusal.UNPROVEN


def test_a_mandate_ends_and_the_command_not_after_it() -> None:
    assert doubt(warranted(STATE, (LI_NA, LI), until_ms=STATE.until_ms - 1)) is Refusal.EXPIRED
    assert doubt(warranted(STATE, (LI_NA, LI), until_ms=STATE.until_ms + 1)) is None
    late_ns = (STATE.until_ms + 1) * 1_000_000
    assert doubt(warranted(STATE, (LI_NA, LI)), earliest_ns=late_ns) is Refusal.EXPIRED


# ---- two of them


def test_the_second_signs_within_the_time_and_not_before_the_first() -> None:
    assert doubt(countersigned(BYPASS, LATER_S * 1000)) is None
    assert doubt(countersigned(BYPASS, CHARTER.countersign_s * 1000)) is None
    assert doubt(countersigned(BYPASS, CHARTER.countersign_s * 1000 + 1)) is Refusal.SINGLE
    assert doubt(countersigned(BYPASS, -1)) is Refusal.SINGLE


def test_the_second_is_proven_as_the_first_is() -> None:
    north = warranted(BYPASS, (LI_NA, LI), (replace(WANG_WEI, center="north"), WANG))
    other = warranted(replace(BYPASS, body={1: "shop", 2: "bypass", 3: 6}), *BOTH)
    over = warranted(BYPASS, *BOTH, until_ms=BYPASS.until_ms - 1)
    good = warranted(BYPASS, *BOTH).warrants[0]
    assert doubt(north) is Refusal.UNPROVEN
    assert doubt(replace(north, warrants=(good, other.warrants[1]))) is Refusal.UNPROVEN
    assert doubt(replace(north, warrants=(good, Warrant(b"junk", b"junk")))) is Refusal.UNPROVEN
    assert doubt(replace(north, warrants=(good, over.warrants[1]))) is Refusal.EXPIRED


@pytest.mark.parametrize(
    "second",
    [
        (LI_NA, LI),
        (replace(LI_NA, id="lina2"), LI),
        (replace(LI_NA, key=WANG.public), WANG),
        (replace(WANG_WEI, role=Role.OPERATOR), WANG),
        (replace(WANG_WEI, role=Role.INSTALLER), WANG),
    ],
)
def test_one_person_is_not_two_and_the_second_has_to_be_entitled(second: object) -> None:
    assert doubt(warranted(BYPASS, (LI_NA, LI), second)) is Refusal.SINGLE  # type: ignore[arg-type]
