"""Whether a center's command is warranted: who wants it, under which charter (pure).

With a charter every command is warranted by the operator who wants it, in a role that the charter
hears.  What takes protection away wants two operators: which commands that are the charter says;
without one a bypass and a disarming.  What nobody may order from afar without a charter is arming
and disarming: that needs the site's own consent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge_agent.control import entitlement
from edge_agent.control.refusal import Refusal
from edge_agent.domain.command import ALLOWS, Act
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import COUNTERSIGN_WITHOUT_S, DUAL_WITHOUT, Charter
from edge_agent.evidence.command import CLOCK, CenterCommand
from edge_agent.evidence.cose import BadSignature, PublicKey
from edge_agent.evidence.warrant import Wanted, open_warrant, wish_digest

NEEDS_CHARTER = frozenset({"arm", "disarm"})
"""Words of a panel's `allow` that no center may use without a charter."""

_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds now: the charter, and the keys of the authorities of the center in question."""

    charter: Charter | None = None
    authorities: tuple[PublicKey, ...] = ()


def doubt_of(command: CenterCommand, terms: Terms, earliest_ns: int) -> tuple[Refusal, str] | None:
    """Return why a command is not carried out; None where nothing speaks against it."""
    charter, wanted = terms.charter, entitlement.wanted_by(command)
    name = "no charter" if charter is None else f"charter {charter.number}"
    if not _is_allowed(wanted, charter):
        return Refusal.OUTSIDE_CHARTER, f"{name} does not allow a center {wanted}"
    if charter is not None and command.role not in charter.roles:
        return Refusal.OUTSIDE_CHARTER, f"{name} hears no {command.role} of a center"
    try:
        found = [open_warrant(one, terms.authorities) for one in command.warrants]
    except (Malformed, BadSignature) as error:
        return Refusal.UNPROVEN, f"a warrant is not good: {error}"
    for one in found:
        if doubt := _doubt_of_one(one, command, earliest_ns):
            return doubt
    if found and (found[0].by.name, found[0].by.role) != (command.operator, command.role):
        return Refusal.UNPROVEN, f"the pass is of {found[0].by.name}, {found[0].by.role}"
    if charter is not None and not found:
        return Refusal.UNPROVEN, f"under {name} every command carries its operator's warrant"
    dual = DUAL_WITHOUT if charter is None else charter.dual
    within_s = COUNTERSIGN_WITHOUT_S if charter is None else charter.countersign_s
    if wanted in dual and (why := _single(found, wanted, charter, within_s)):
        return Refusal.SINGLE, why
    return None


def _is_allowed(wanted: str, charter: Charter | None) -> bool:
    act = CLOCK if wanted == CLOCK else wanted.partition(".")[2]
    word = ALLOWS.get(Act(act)) if act in tuple(Act) else None
    if word is None:
        return True
    return word not in NEEDS_CHARTER if charter is None else word in charter.allow


def _doubt_of_one(
    one: Wanted, command: CenterCommand, earliest_ns: int
) -> tuple[Refusal, str] | None:
    by, mandate = one.by, one.mandate
    if by.center != command.center:
        return Refusal.UNPROVEN, f"{by.words} is of {by.center}"
    if by.until_ms * _MS < earliest_ns:
        return Refusal.UNPROVEN, f"the pass of {by.words} has ended"
    digest = wish_digest(command.gateway, command.center, command.what, command.body)
    if mandate.digest != digest:
        return Refusal.UNPROVEN, f"{by.words} signed something else"
    until_ms = mandate.until_ms
    if until_ms is not None and (until_ms < command.until_ms or until_ms * _MS < earliest_ns):
        return Refusal.EXPIRED, f"{by.words} wanted it until another time"
    return None


def _single(
    found: Sequence[Wanted], wanted: str, charter: Charter | None, within_s: int
) -> str | None:
    """Return why two operators do not want it; None where they do."""
    if len(found) < 2:
        return f"{wanted} wants two operators"
    first, second = found[0], found[1]
    if first.by.id == second.by.id or first.by.key.kid == second.by.key.kid:
        return f"{second.by.words} has signed twice: a second operator is wanted"
    if wanted not in entitlement.MAY[second.by.role]:
        return f"{wanted} is not for {second.by.role}, which {second.by.words} is"
    if charter is not None and second.by.role not in charter.roles:
        return f"charter {charter.number} hears no {second.by.role} of a center"
    if not 0 <= second.mandate.time_ms - first.mandate.time_ms <= within_s * 1000:
        return f"{second.by.words} did not sign within {within_s} s after {first.by.words}"
    return None
