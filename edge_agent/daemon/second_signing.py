"""Has the newest tree head signed a second time, by SM2, every so many hours.

A child signs (`edge-agent sm2 --json`) and has `openssl` do it.  The agent itself wants no more of
the key than its public part, at its start: its genesis names it.
"""

from functools import partial

import structlog

from edge_agent import limits
from edge_agent.config import Loaded, Sm2
from edge_agent.daemon import children, heads
from edge_agent.daemon.heads import Brought, Errand, Head
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import Body, BodyValue, EventType
from edge_agent.evidence.bodies import FindingBody, Severity
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.key_file import KeyFileError, read_key_file
from edge_agent.evidence.second_signature import (
    MESSAGE_BYTES_MAX,
    SecondSignature,
    SecondSignatureBody,
    TreeHead,
)
from edge_agent.evidence.sm2 import Sm2Key

log = structlog.get_logger()

_COMMAND = "edge-agent sm2"
_HOUR_S = 3600.0
_FAILED = FindingBody(
    panel=GATEWAY_PANEL,
    cause="second_signature_failed",
    severity=Severity.MAINTAIN,
    reasons=("evidence.second_signature",),
    remedy=f"run `{_COMMAND}`, which tries it and says what is wrong; it is tried again every hour",
)


def named_key(loaded: Loaded, sm2: Sm2) -> dict[int, BodyValue] | None:
    """Return the public key that a genesis names, None where it cannot be read: that is told."""
    path = loaded.path(sm2.key)
    try:
        return Sm2Key.from_pem(read_key_file(path)).to_value()
    except (KeyFileError, Malformed) as error:
        then = "nothing is signed a second time in this run; the first signatures are as always"
        log.error("SM2 key unusable", cause=str(error), then=then)
        return None


def second_signing(loaded: Loaded, sm2: Sm2, kid: bytes | None) -> Errand:
    """Return what is done where it is configured; `kid`: of the key that the genesis names."""
    bring = partial(sign, loaded, kid)
    every_s = sm2.every_h * _HOUR_S
    type_ = EventType.SECOND_SIGNATURE
    return Errand("second signature", type_, every_s, bring, _body, _FAILED)


async def sign(loaded: Loaded, kid: bytes | None, head: Head) -> Brought:
    """Have a head signed once, by the key that the genesis names and no other."""
    if kid is None:
        said = "its key could not be read when this run began: make one, and restart the agent"
        return Brought(trouble=said)
    over = TreeHead(loaded.config.gateway.id, *head.place, peek(head.envelope)[1].root)
    if not over.size:
        return Brought(trouble="nothing was recorded yet")
    try:
        output = await children.run(
            *("sm2", "--json", "--head", str(head.place), "--root", over.root.hex()),
            *("--config", str(loaded.file)),
            s_max=limits.SECOND_SIGNATURE_S_MAX,
        )
    except children.Failed as error:
        return Brought(trouble=f"`{_COMMAND}`: {error}")
    brought = heads.read(output, _COMMAND, "message", MESSAGE_BYTES_MAX)
    return brought if brought.trouble else _judged(brought.data, over, kid)


def _judged(message: bytes, over: TreeHead, kid: bytes) -> Brought:
    """Look whether it is what was asked for; the child has found the signature good."""
    try:
        told = SecondSignature.read(message).told
    except Malformed as error:
        return Brought(trouble=f"`{_COMMAND}` gives no signature: {error}")
    if told.kid != kid:
        said = "the key was changed since this run began: restart the agent, so that it is named"
        return Brought(trouble=said)
    if told.head != over:
        return Brought(trouble=f"`{_COMMAND}` signed another head")
    return Brought(message)


def _body(_head: Head, message: bytes) -> Body:
    return SecondSignatureBody(message).to_body()
