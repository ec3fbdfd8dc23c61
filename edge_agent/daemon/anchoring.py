"""Has the newest event timestamped by an authority once a day.

A child asks (`edge-agent anchor --json`), so an authority that is slow or gone holds up nothing.
"""

from functools import partial
from pathlib import Path

from edge_agent import limits
from edge_agent.daemon import children, heads
from edge_agent.daemon.heads import Brought, Errand, Head
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import Body, EventType
from edge_agent.evidence.anchor import TOKEN_BYTES_MAX, AnchorBody
from edge_agent.evidence.bodies import FindingBody, Severity

_FAILED = FindingBody(
    panel=GATEWAY_PANEL,
    cause="anchor_failed",
    severity=Severity.MAINTAIN,
    reasons=("evidence.anchor",),
    remedy="see that the timestamp authority in [anchor] can be reached; it is asked again "
    "every hour, and `edge-agent anchor` tries it at once",
)


def anchoring(config: Path) -> Errand:
    """Return what is done where an authority is configured."""
    bring = partial(ask, config)
    return Errand("anchor", EventType.ANCHOR, limits.ANCHOR_EVERY_S, bring, _body, _FAILED)


async def ask(config: Path, head: Head) -> Brought:
    """Have the authority asked once."""
    command = "edge-agent anchor"
    try:
        output = await children.run(
            *("anchor", "--json", "--hash", head.leaf.hex(), "--config", str(config)),
            s_max=limits.ANCHOR_S_MAX,
        )
    except children.Failed as error:
        return Brought(trouble=f"`{command}`: {error}")
    return heads.read(output, command, "token", TOKEN_BYTES_MAX)


def _body(head: Head, token: bytes) -> Body:
    return AnchorBody(head.place, head.leaf, token).to_body()
