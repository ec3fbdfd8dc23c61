"""What somebody wants of a gateway, who they are, and whether they may.

All of it before anything is entered or signed; the gateway judges anew (`control/warranted.py`).
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from edge_agent.center import charters
from edge_agent.center.desk_rows import Wish
from edge_agent.center.layout import CenterError, Layout
from edge_agent.center.operators import Operators
from edge_agent.clock import now_ms
from edge_agent.control import entitlement
from edge_agent.domain.access import Role
from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence.charter import COUNTERSIGN_WITHOUT_S, DUAL_WITHOUT
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.evidence.signers import load_signer
from edge_agent.evidence.warrant import Mandate, Pass, Warrant, sign_mandate, wish_digest


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the center; `signer` and `said` are there where they proved who they are."""

    name: str
    role: Role
    qualification: str | None = None
    signer: Signer | None = None
    said: Pass | None = None
    signed: bytes = b""

    def check(self, what: str, body: Body) -> None:
        """Raise CenterError unless an operator who is entered may want this."""
        wanted = entitlement.wanted(what, body)
        if self.said is not None and wanted not in entitlement.MAY[self.role]:
            raise CenterError(f"{wanted} is not for {self.role}, which {self.name} is")

    def warrants(
        self, gateway: str, what: str, body: Body, time_ms: int, until_ms: int | None
    ) -> tuple[Warrant, ...]:
        """Return the warrant of an operator who is entered, none of anybody else."""
        if self.signer is None or self.said is None:
            return ()
        digest = wish_digest(gateway, self.said.center, what, body)
        mandate = sign_mandate(Mandate(digest, time_ms, until_ms), self.signer)
        return (Warrant(self.signed, mandate),)


def person(layout: Layout, key: Path | None, by: str | None, role: str, now_ms: int) -> Person:
    """Return who gives a command: the holder of `key`; where nobody is entered, whoever `by` says.

    Raises CenterError.
    """
    operators = Operators(layout)
    if key is None:
        if operators.entries():
            raise CenterError(
                "operators are entered here: name your own key with --key "
                f"(edge-center operator {layout.directory} list)"
            )
        if by is None:
            raise CenterError("say who wants it: --by NAME, or --key of an operator")
        return Person(by, Role(role))
    try:
        signer = load_signer(key)
    except KeyFileError as error:
        raise CenterError(str(error)) from error
    entry = operators.of(signer.public.kid, now_ms)
    said = entry.said
    if by not in (None, said.name):
        raise CenterError(f"{key} is the key of {said.name}, not of {by}")
    return Person(said.name, said.role, said.qualification, signer, said, entry.signed)


def countersign_s(layout: Layout, gateway: str, what: str, body: Body) -> int | None:
    """Return within how many seconds a second operator has to sign; None: none is wanted.

    Raises CenterError.
    """
    known = charters.present(layout, gateway)
    dual = DUAL_WITHOUT if known is None else known.charter.dual
    if entitlement.wanted(what, body) not in dual:
        return None
    return COUNTERSIGN_WITHOUT_S if known is None else known.charter.countersign_s


def asked_by(arguments: argparse.Namespace) -> Person:
    """Return who gives a command, by its `dir`, `key`, `by` and `role`.  Raises CenterError."""
    layout = Layout(arguments.dir)
    return person(layout, arguments.key, arguments.by, arguments.role, now_ms())


def wish_of(
    arguments: argparse.Namespace, what: str, body: dict[int, BodyValue], wait_ms: int
) -> Wish:
    """Return what somebody wants of a gateway, if they may.  Raises CenterError."""
    layout, at_ms, who = Layout(arguments.dir), now_ms(), asked_by(arguments)
    who.check(what, body)
    second_s = countersign_s(layout, arguments.gateway, what, body)
    if second_s is not None and who.said is None:
        raise CenterError(
            "this wants two operators, and none is entered here: "
            f"edge-center operator {layout.directory} add"
        )
    until_ms = at_ms + wait_ms + (second_s or 0) * 1000
    return Wish(
        gateway=arguments.gateway,
        what=what,
        operator=who.name,
        role=who.role,
        made_ms=at_ms,
        until_ms=until_ms,
        body=body,
        warrants=who.warrants(arguments.gateway, what, body, at_ms, until_ms),
        countersign_ms=None if second_s is None else at_ms + second_s * 1000,
    )
