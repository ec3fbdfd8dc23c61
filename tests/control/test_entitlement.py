"""Who may have a gateway do what: each role what the one before it may."""

from dataclasses import replace
from itertools import pairwise

import pytest

from edge_agent.control import entitlement
from edge_agent.domain.access import Role
from edge_agent.domain.command import Act
from edge_agent.evidence.command import ORDER_ACT, CenterCommand
from tests.evidence.test_command import COMMAND

LADDER: list[Role] = [role for role in Role if role is not Role.INSPECTOR]


def order(act: str, role: Role) -> CenterCommand:
    return replace(COMMAND, what="order", role=role, body={ORDER_ACT: act})


def test_every_role_may_what_the_one_before_it_may() -> None:
    rising = [entitlement.MAY[role] for role in LADDER]
    assert all(lower < higher for lower, higher in pairwise(rising))


@pytest.mark.parametrize(
    ("act", "least"),
    [
        (Act.STATUS, Role.OPERATOR),
        (Act.BYPASS, Role.TECHNICIAN),
        (Act.UNBYPASS, Role.TECHNICIAN),
        (Act.CLOCK, Role.TECHNICIAN),
        (Act.ARM_AWAY, Role.INSTALLER),
        (Act.ARM_STAY, Role.INSTALLER),
        (Act.OUTPUT_ON, Role.INSTALLER),
        (Act.OUTPUT_OFF, Role.INSTALLER),
        (Act.DISARM, Role.INSTALLER),  # where the site's charter allows it: test_warranted.py
    ],
)
def test_each_order_is_for_its_role_and_those_above(act: Act, least: Role) -> None:
    may = [role for role in LADDER if entitlement.is_entitled(order(act.value, role))]
    assert may == LADDER[LADDER.index(least) :]


@pytest.mark.parametrize(
    ("what", "least"),
    [
        ("state", Role.VIEWER),
        ("resync", Role.OPERATOR),
        ("disposition", Role.OPERATOR),
        ("clip", Role.OPERATOR),
        ("clock", Role.TECHNICIAN),
        ("diagnose", Role.TECHNICIAN),
        ("renew", Role.TECHNICIAN),
        ("walk_test", Role.TECHNICIAN),
        ("bundle", Role.INSTALLER),
        ("config", Role.INSTALLER),
        ("charter", Role.INSTALLER),
    ],
)
def test_each_command_is_for_its_role_and_those_above(what: str, least: Role) -> None:
    may = [one for one in LADDER if entitlement.is_entitled(replace(COMMAND, what=what, role=one))]
    assert may == LADDER[LADDER.index(least) :]


def test_an_inspector_looks_and_takes_records_out() -> None:
    more = entitlement.MAY[Role.INSPECTOR] - entitlement.MAY[Role.VIEWER]
    assert more == {"bundle"}
    assert entitlement.MAY[Role.INSPECTOR] > entitlement.MAY[Role.VIEWER]


def test_an_order_of_no_known_kind_is_for_nobody() -> None:
    for body in ({}, {ORDER_ACT: b"bypass"}, {ORDER_ACT: "self_destruct"}):
        asked = replace(COMMAND, what="order", role=Role.INSTALLER, body=body)
        assert not entitlement.is_entitled(asked)
