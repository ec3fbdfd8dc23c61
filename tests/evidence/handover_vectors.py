"""What docs/vectors/handover.json holds."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from edge_agent.evidence.charter import (
    Charter,
    Destination,
    Handover,
    Part,
    Party,
    Scope,
    SignedCharter,
    sign_assent,
)
from edge_agent.evidence.cose import Domain, Signer

TIME_MS = 1_763_900_300_000
OLD, NEW, OWNER, INSPECTOR = PARTIES = "enterprise", "new enterprise", "owner", "inspector"
ENOUGH = ((OLD, OWNER, NEW), (INSPECTOR, OWNER, NEW), (OLD, INSPECTOR, OWNER, NEW))
TOO_FEW = (
    *((), (OLD,), (NEW,), (OLD, NEW), (OWNER, NEW), (OLD, OWNER)),
    *((OLD, INSPECTOR, NEW), (OLD, INSPECTOR, OWNER)),
)
"""Who has signed: the first are enough to pass the site on, the others are not."""


def handover_vectors(
    signers: Mapping[str, Signer], steps: Callable[[bytes, Domain], dict[str, str]]
) -> dict[str, object]:
    """Return the charter in force, the one that passes the site on, and who has to sign that."""
    first = Charter(
        gateway="gw1",
        number=1,
        time_ms=TIME_MS,
        purpose="intruder alarm of shop 12",
        parties=(
            Party(Part.ENTERPRISE, "Red Lion", signers[OLD].public),
            Party(Part.OWNER, "Shop 12", signers[OWNER].public),
            Party(Part.INSPECTOR, "Public Security Bureau", signers[INSPECTOR].public),
        ),
        panels=(Scope("p1", ((1, 8),)),),
        destinations=(Destination("center", (b"r" * 32,)),),
        allow=frozenset({"bypass", "clock"}),
        roles=frozenset(),
        dual=frozenset({"order.bypass"}),
        countersign_s=900,
    )
    following = replace(
        first,
        number=2,
        parties=(Party(Part.ENTERPRISE, "Green Lion", signers[NEW].public), *first.parties[1:]),
        destinations=(*first.destinations, Destination("green", (b"g" * 32,))),
        handover=Handover("center", 30),
    )
    assents = {name: sign_assent(following.digest, TIME_MS, signers[name]) for name in PARTIES}
    signed = SignedCharter(following, tuple(assents[name] for name in ENOUGH[0]))
    return {
        "present": first.data.hex(),
        "next": following.data.hex(),
        "digest": following.digest.hex(),
        "assents": {
            name: {"key": name, **steps(one, Domain.ASSENT)} for name, one in assents.items()
        },
        "signed": signed.data.hex(),
        "enough": [list(names) for names in ENOUGH],
        "too_few": [list(names) for names in TOO_FEW],
    }
