"""Who may ask what of the running agent (pure): roles, and what each question needs.

Root and the agent's own user may ask everything: they can read its files anyway.  Whoever else may
ask is named by the configuration, by user or by group; nobody is by default.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

PATIENCE_NS = 60_000_000_000
"""Refusals of one user are told at once, then once a minute with their number: a loop that asks is
no flood of events."""

USERS_MAX = 64  # of whom refusals are counted apart; further ones are counted together


class Role(StrEnum):
    """What somebody is to a site."""

    VIEWER = "viewer"  # looks
    TECHNICIAN = "technician"  # finds out and repairs
    INSTALLER = "installer"  # sets up and hands over
    INSPECTOR = "inspector"  # samples the records


NEEDS: Mapping[str, frozenset[Role]] = {
    "status": frozenset(Role),
    "diagnose": frozenset({Role.TECHNICIAN, Role.INSTALLER}),
    "order": frozenset({Role.TECHNICIAN, Role.INSTALLER}),
    "read": frozenset({Role.INSTALLER, Role.INSPECTOR}),
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


class Refusals:
    """Decides which refusals are told: `take` returns how many, None where it waits."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}
        self._told_ns: dict[int, int] = {}

    def take(self, uid: int, now_ns: int) -> int | None:
        """Count a refusal of `uid`; return the number that is to be told now."""
        if uid not in self._told_ns and len(self._told_ns) >= USERS_MAX:
            uid = -1
        count = self._counts.get(uid, 0) + 1
        told_ns = self._told_ns.get(uid)
        if told_ns is not None and now_ns - told_ns < PATIENCE_NS:
            self._counts[uid] = count
            return None
        self._counts[uid] = 0
        self._told_ns[uid] = now_ns
        return count
