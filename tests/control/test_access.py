"""Roles: nobody by default, each as far as it goes, and refusals that are no flood."""

import pytest

from edge_agent.control.access import NEEDS, PATIENCE_NS, USERS_MAX, Access, Refusals, Role, may

ACCESS = Access(
    {
        Role.VIEWER: frozenset({"@monitoring", "eve"}),
        Role.TECHNICIAN: frozenset({"tom"}),
        Role.INSPECTOR: frozenset({"@authority"}),
    }
)


def test_nobody_has_a_role_by_default() -> None:
    assert Access().roles("tom", ["monitoring"]) == frozenset()
    assert not Access().anybody
    assert not Access({Role.VIEWER: frozenset()}).anybody
    assert ACCESS.anybody


def test_users_and_groups_have_roles() -> None:
    assert ACCESS.roles("tom", ["users"]) == {Role.TECHNICIAN}
    assert ACCESS.roles("tom", ["users", "monitoring"]) == {Role.TECHNICIAN, Role.VIEWER}
    assert ACCESS.roles("eve", []) == {Role.VIEWER}


def test_a_user_is_no_group_and_a_group_no_user() -> None:
    assert ACCESS.roles("monitoring", []) == frozenset()
    assert ACCESS.roles("", ["eve", "tom"]) == frozenset()


@pytest.mark.parametrize(
    ("role", "asked"),
    [
        (Role.VIEWER, {"status"}),
        (Role.TECHNICIAN, {"status", "diagnose", "order"}),
        (Role.INSTALLER, {"status", "diagnose", "order", "read", "export"}),
        (Role.INSPECTOR, {"status", "read", "export"}),
    ],
)
def test_each_role_goes_as_far_as_this(role: Role, asked: set[str]) -> None:
    assert {one for one in NEEDS if may(frozenset({role}), one)} == asked


def test_what_has_no_rule_is_for_nobody_with_a_role() -> None:
    assert not may(frozenset(Role), "something new")
    assert not may(frozenset(), "status")


def test_refusals_are_told_at_once_and_then_once_a_minute() -> None:
    refusals = Refusals()
    assert refusals.take(1000, 0) == 1
    assert [refusals.take(1000, second * 10**9) for second in range(1, 60)] == [None] * 59
    assert refusals.take(1000, PATIENCE_NS) == 60
    assert refusals.take(1001, PATIENCE_NS) == 1, "each user has his own"


def test_many_users_are_no_flood_either() -> None:
    refusals = Refusals()
    told = [refusals.take(uid, 0) for uid in range(10 * USERS_MAX)]
    assert sum(count is not None for count in told) == USERS_MAX + 1
