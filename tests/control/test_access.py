"""Roles: nobody by default, each as far as it goes, and refusals that are no flood."""

import pytest

from edge_agent.control.access import NEEDS, Access, may
from edge_agent.domain.access import Role

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
        (Role.TECHNICIAN, {"status", "diagnose", "order", "walk_test"}),
        (Role.INSTALLER, {"status", "diagnose", "order", "walk_test", "read", "records", "export"}),
        (Role.INSPECTOR, {"status", "read", "records", "export"}),
    ],
)
def test_each_role_goes_as_far_as_this(role: Role, asked: set[str]) -> None:
    assert {one for one in NEEDS if may(frozenset({role}), one)} == asked


def test_what_has_no_rule_is_for_nobody_with_a_role() -> None:
    assert not may(frozenset(Role), "something new")
    assert not may(frozenset(), "status")
