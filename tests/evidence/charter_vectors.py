"""What docs/vectors/charter.json holds."""

from collections.abc import Callable, Mapping

from edge_agent.domain.access import Role
from edge_agent.domain.event import Body
from edge_agent.evidence.charter import (
    Charter,
    Destination,
    Part,
    Party,
    Scope,
    SignedCharter,
)
from edge_agent.evidence.cose import Domain, Signer
from edge_agent.evidence.warrant import Mandate, Pass, sign_mandate, sign_pass, wish_digest


def charter_vectors(
    signers: Mapping[str, Signer], steps: Callable[[bytes, Domain], dict[str, str]]
) -> dict[str, object]:
    """Return a charter with its signatures, an operator's pass, and their mandate for a command."""
    charter = Charter(
        gateway="gw1",
        number=1,
        time_ms=1_763_900_000_000,
        purpose="intruder and fire alarm of shop 12",
        parties=(
            Party(Part.ENTERPRISE, "Red Lion Security", signers["enterprise"].public),
            Party(Part.OWNER, "Shop 12", signers["owner"].public),
        ),
        panels=(Scope("p1", ((1, 8), (12, 12))), Scope("p2")),
        destinations=(Destination("center", (bytes(range(32)),)),),
        allow=frozenset({"bypass", "clock"}),
        roles=frozenset({Role.OPERATOR, Role.TECHNICIAN}),
        dual=frozenset({"order.bypass"}),
        countersign_s=900,
    )
    signed = SignedCharter(charter)
    names = ("enterprise", "owner")
    for at, name in enumerate(names, 1):
        signed = signed.signed_by(signers[name], charter.time_ms + at)
    operator = Pass(
        center="center",
        id="lina",
        name="Li Na",
        role=Role.TECHNICIAN,
        key=signers["operator"].public,
        from_ms=1_763_000_000_000,
        until_ms=1_795_000_000_000,
        qualification="310115-0042",
    )
    body: Body = {1: "p1", 2: "bypass", 3: 5}
    wanted = wish_digest("gw1", "center", "order", body)
    mandate = Mandate(wanted, 1_763_900_100_000, 1_763_900_160_000)
    return {
        "charter": charter.data.hex(),
        "digest": charter.digest.hex(),
        "assents": [
            {"key": name, **steps(assent, Domain.ASSENT)}
            for name, assent in zip(names, signed.assents, strict=True)
        ],
        "signed": signed.data.hex(),
        "pass": {
            "key": "authority",
            **steps(sign_pass(operator, signers["authority"]), Domain.PASS),
        },
        "mandate": {
            "key": "operator",
            **steps(sign_mandate(mandate, signers["operator"]), Domain.MANDATE),
        },
    }
