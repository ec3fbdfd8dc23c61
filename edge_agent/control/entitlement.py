"""What somebody at the center may have a gateway do, by their role.

The site's charter (`warranted`) and the panel's own `allow` are asked after this: all have to
permit an order.
"""

from collections.abc import Mapping

from edge_agent.domain.access import Role
from edge_agent.domain.command import Act
from edge_agent.domain.event import Body
from edge_agent.evidence.command import (
    BUNDLE,
    CHARTER,
    CLIP,
    CLOCK,
    CONFIG,
    DIAGNOSE,
    DISPOSITION,
    HANDOVER,
    ORDER,
    ORDER_ACT,
    RENEW,
    RESYNC,
    REVOKED,
    STATE,
    WALK_TEST,
    CenterCommand,
)

_LOOKS = frozenset({STATE})
_OPERATES = _LOOKS | {RESYNC, DISPOSITION, CLIP, f"{ORDER}.{Act.STATUS}"}
_MENDS = (
    _OPERATES
    | {CLOCK, DIAGNOSE, RENEW, REVOKED, WALK_TEST}  # of `revoked` the authority's signature counts
    | {f"{ORDER}.{act}" for act in (Act.CLOCK, Act.BYPASS, Act.UNBYPASS)}
)
_EXPORTS = frozenset({BUNDLE})
_INSTALLS = (
    _MENDS
    | _EXPORTS
    | {CONFIG, CHARTER, HANDOVER}  # of the last two the parties' signatures count
    | {f"{ORDER}.{act}" for act in (Act.ARM_AWAY, Act.ARM_STAY, Act.OUTPUT_ON, Act.OUTPUT_OFF)}
    | {f"{ORDER}.{Act.DISARM}"}  # if the site's charter allows it (`warranted`)
)

MAY: Mapping[Role, frozenset[str]] = {
    Role.VIEWER: _LOOKS,
    Role.OPERATOR: _OPERATES,
    Role.TECHNICIAN: _MENDS,
    Role.INSTALLER: _INSTALLS,
    Role.INSPECTOR: _LOOKS | _EXPORTS,
}

WANTED = frozenset[str]().union(*MAY.values())
"""All that anybody may have done: commands by their word, orders with their act."""

KNOWN = frozenset(one.partition(".")[0] for one in WANTED)
"""The commands' words."""


def wanted_by(command: CenterCommand) -> str:
    """Return what is to be permitted: the command's word, of an order with its act."""
    return wanted(command.what, command.body)


def wanted(what: str, body: Body) -> str:
    """Return the same of what is not a command yet."""
    if what != ORDER:
        return what
    act = body.get(ORDER_ACT)
    return f"{ORDER}.{act}" if isinstance(act, str) else ORDER


def is_entitled(command: CenterCommand) -> bool:
    """Tell whether the operator's role permits the command."""
    return wanted_by(command) in MAY[command.role]
