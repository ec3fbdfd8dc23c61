"""Who has to sign a charter, at first and for each change, and that an old one never comes back.

Seen to fail: without the check of the present parties, of the number, of whom a signature is by,
and with an inspector who may stand in for both.
"""

from dataclasses import replace

import pytest

from edge_agent.evidence.charter import Charter, Part, Party, SignedCharter, sign_assent
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.succession import NotValid, check_first, check_next, check_whole
from tests.evidence.conftest import signer
from tests.evidence.test_charter import CHARTER, ENTERPRISE, INSPECTOR, OWNER, SIGNED

NEW_ENTERPRISE, NEW_OWNER = signer(21), signer(22)
SECOND = replace(CHARTER, number=2, purpose="the same, and the barn")


def signed(charter: Charter, *by: Signer) -> SignedCharter:
    made = SignedCharter(charter)
    for one in by:
        made = made.signed_by(one, 1)
    return made


def passed_on(part: Part, name: str, key: Ed25519Signer) -> Charter:
    """The second charter, in which a party is another."""
    others = tuple(one for one in CHARTER.parties if one.part is not part)
    return replace(SECOND, parties=(Party(part, name, key.public), *others))


HANDED_OVER = passed_on(Part.ENTERPRISE, "Blue Lion", NEW_ENTERPRISE)
SOLD = passed_on(Part.OWNER, "the buyer", NEW_OWNER)


def test_the_first_is_signed_by_both_and_its_enterprise_is_known() -> None:
    check_first(SIGNED, "gw1", {ENTERPRISE.public})
    with pytest.raises(NotValid, match="no center of this gateway"):
        check_first(SIGNED, "gw1", {OWNER.public})
    with pytest.raises(NotValid, match="for gateway gw1"):
        check_first(SIGNED, "gw2", {ENTERPRISE.public})


@pytest.mark.parametrize(("by", "missing"), [(ENTERPRISE, "owner"), (OWNER, "enterprise")])
def test_one_signature_is_not_enough(by: Signer, missing: str) -> None:
    with pytest.raises(NotValid, match=f"its {missing}, .*, has not signed it"):
        check_whole(signed(CHARTER, by), "gw1")
    with pytest.raises(NotValid, match=missing):
        check_whole(signed(CHARTER, by, INSPECTOR), "gw1")
    with pytest.raises(NotValid, match=missing):
        check_next(signed(SECOND, by, INSPECTOR), CHARTER)


def test_a_change_is_signed_by_both() -> None:
    check_next(signed(SECOND, ENTERPRISE, OWNER), CHARTER)
    check_next(signed(replace(SECOND, number=9), OWNER, ENTERPRISE), CHARTER)


def test_a_change_is_for_the_gateway_that_it_is_brought_to() -> None:
    elsewhere = replace(SECOND, gateway="gw2")
    with pytest.raises(NotValid, match="for gateway gw2, not gw1"):
        check_next(signed(elsewhere, ENTERPRISE, OWNER), CHARTER)


@pytest.mark.parametrize("number", [1, 2])
def test_an_old_one_does_not_come_back(number: int) -> None:
    with pytest.raises(NotValid, match="does not come back"):
        check_next(signed(replace(CHARTER, number=number), ENTERPRISE, OWNER), SECOND)


def test_no_signature_counts_but_those_of_the_parties_for_this_charter() -> None:
    with pytest.raises(NotValid, match="none of its parties"):
        check_next(signed(SECOND, ENTERPRISE, OWNER, signer(9)), CHARTER)
    other = SignedCharter(SECOND, SIGNED.assents)
    with pytest.raises(NotValid, match="another charter"):
        check_next(other, CHARTER)
    forged = bytearray(sign_assent(SECOND.digest, 1, OWNER))
    forged[-1] ^= 1
    with pytest.raises(NotValid, match="not good"):
        check_next(SignedCharter(SECOND, (bytes(forged),)), CHARTER)
    with pytest.raises(NotValid, match="not good"):
        check_next(SignedCharter(SECOND, (b"junk",)), CHARTER)


def test_a_site_is_passed_on_by_the_old_enterprise_and_accepted_by_the_new() -> None:
    check_next(signed(HANDED_OVER, ENTERPRISE, OWNER, NEW_ENTERPRISE), CHARTER)
    with pytest.raises(NotValid, match="its enterprise, Blue Lion"):
        check_next(signed(HANDED_OVER, ENTERPRISE, OWNER), CHARTER)
    with pytest.raises(NotValid, match="of number 1, Red Lion Security, has not signed"):
        check_next(signed(HANDED_OVER, OWNER, NEW_ENTERPRISE), CHARTER)


def test_one_that_was_passed_on_is_whole_without_the_one_before() -> None:
    check_whole(signed(HANDED_OVER, ENTERPRISE, OWNER, NEW_ENTERPRISE), "gw1")
    with pytest.raises(NotValid, match="for gateway gw1"):
        check_whole(SIGNED, "gw2")


def test_the_inspector_signs_in_place_of_an_enterprise_that_is_no_more() -> None:
    check_next(signed(HANDED_OVER, INSPECTOR, OWNER, NEW_ENTERPRISE), CHARTER)
    with pytest.raises(NotValid, match="owner"):
        check_next(signed(HANDED_OVER, INSPECTOR, NEW_ENTERPRISE), CHARTER)


def test_and_in_place_of_an_owner_but_never_of_both() -> None:
    check_next(signed(SOLD, INSPECTOR, ENTERPRISE, NEW_OWNER), CHARTER)
    both = replace(
        SECOND,
        parties=(
            Party(Part.ENTERPRISE, "Blue Lion", NEW_ENTERPRISE.public),
            Party(Part.OWNER, "the buyer", NEW_OWNER.public),
        ),
    )
    with pytest.raises(NotValid, match="has not signed it"):
        check_next(signed(both, INSPECTOR, NEW_ENTERPRISE, NEW_OWNER), CHARTER)
    check_next(signed(both, ENTERPRISE, OWNER, NEW_ENTERPRISE, NEW_OWNER), CHARTER)


def test_an_inspector_whom_only_the_new_charter_names_stands_in_for_nobody() -> None:
    present = replace(CHARTER, parties=CHARTER.parties[:2])
    with pytest.raises(NotValid, match="no inspector"):
        check_next(signed(HANDED_OVER, INSPECTOR, OWNER, NEW_ENTERPRISE), present)
