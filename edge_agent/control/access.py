"""Who may ask what of the running agent (pure): roles, and what each question needs.

Root and the agent's own user may ask everything: they can read its files anyway.  Whoever else may
ask is named by the configuration, by user or by group; nobody is by default.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge_agent.domain.access import Role

NEEDS: Mapping[str, frozenset[Role]] = {
    "status": frozenset(Role),
    "diagnose": frozenset({Role.TECHNICIAN, Role.INSTALLER}),
    "order": frozenset({Role.TECHNICIAN, Role.INSTALLER}),
    "walk_test": frozenset({Role.TECHNICIAN, Role.INSTALLER}),
    "read": frozenset({Role.INSTALLER, Role.INSPECTOR}),
    "records": frozenset({Role.INSTALLER, Role.INSPECTOR}),
    "export": frozenset({Role.INSTALLER, Role.INSPECTOR}),
}
"""By what is asked, the roles that may; what is not here only root and the agent's own user may."""


@dataclass(frozen=True, slots=True)
class Access:
    """Members by role: user names, and group names with `@` before them."""

    members: Mapping[Role, frozenset[str]] = field(default_factory=dict)

    @property
    def anybody(self) -> bool:
        """Whether anybody but root and the agent's own user may ask."""
        return any(self.members.values())

    def roles(self, user: str, groups: Iterable[str]) -> frozenset[Role]:
        """Return the roles of a user who is in `groups`."""
        names = {user, *(f"@{group}" for group in groups)}
        return frozenset(role for role, members in self.members.items() if names & members)


def may(roles: frozenset[Role], asked: str) -> bool:
    """Tell whether one of `roles` is enough for what is asked."""
    return bool(roles & NEEDS.get(asked, frozenset()))
