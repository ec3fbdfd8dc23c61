"""What somebody at the center may have a gateway do, by their role.

The panel's own `allow` is asked after this: both have to permit an order.  Nobody disarms from
afar: that takes protection away, and needs the site's own consent first.
"""

from collections.abc import Mapping

from edge_agent.domain.access import Role
from edge_agent.domain.command import Act
from edge_agent.evidence.command import CenterCommand

STATE = "state"  # how the gateway stands, as `edge-agent status` shows it
RESYNC = "resync"  # ask every panel for its whole state anew
ORDER = "order"  # an order to a panel
DISPOSITION = "disposition"  # the center's word on an incident
KNOWN = (STATE, RESYNC, ORDER, DISPOSITION)

_LOOKS = frozenset({STATE})
_OPERATES = _LOOKS | {RESYNC, DISPOSITION, f"{ORDER}.{Act.STATUS}"}
_MENDS = _OPERATES | {f"{ORDER}.{act}" for act in (Act.CLOCK, Act.BYPASS, Act.UNBYPASS)}
_INSTALLS = _MENDS | {
    f"{ORDER}.{act}" for act in (Act.ARM_AWAY, Act.ARM_STAY, Act.OUTPUT_ON, Act.OUTPUT_OFF)
}

MAY: Mapping[Role, frozenset[str]] = {
    Role.VIEWER: _LOOKS,
    Role.OPERATOR: _OPERATES,
    Role.TECHNICIAN: _MENDS,
    Role.INSTALLER: _INSTALLS,
    Role.INSPECTOR: _LOOKS,
}

ORDER_PANEL, ORDER_ACT, ORDER_ZONE, ORDER_AREA = 1, 2, 3, 4
"""Keys of the body of an `order` (docs/wire-format.md)."""

DISPOSITION_SIGNED = 1
"""Key of the body of a `disposition`: the signed disposition."""


def wanted_by(command: CenterCommand) -> str:
    """Return what is to be permitted: the command's word, of an order with its act."""
    if command.what != ORDER:
        return command.what
    act = command.body.get(ORDER_ACT)
    return f"{ORDER}.{act}" if isinstance(act, str) else ORDER


def is_entitled(command: CenterCommand) -> bool:
    """Tell whether the operator's role permits the command."""
    return wanted_by(command) in MAY[command.role]
