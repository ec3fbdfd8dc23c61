"""Roles are words on the wire and in configurations: the page and the example name them all."""

from pathlib import Path

from edge_agent.config import AccessPart
from edge_agent.domain.access import Role

ROOT = Path(__file__).resolve().parents[2]


def test_the_wire_format_names_every_role() -> None:
    (row,) = [
        line
        for line in (ROOT / "docs" / "wire-format.md").read_text().splitlines()
        if line.startswith("| 9 | role |")
    ]
    assert all(f"`{role}`" in row for role in Role)


def test_a_configuration_names_roles_only() -> None:
    assert {Role(name) for name in AccessPart.__struct_fields__} == set(Role) - {Role.OPERATOR}
