"""A charter as people write it: TOML in, the charter out, and errors that tell the remedy.

File names in it are relative to the file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from edge_agent.config import ConfigError, GatewayName, Name, parse_as
from edge_agent.config_words import Problem
from edge_agent.control.entitlement import WANTED
from edge_agent.domain.access import Role
from edge_agent.evidence import certificates
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import (
    COUNTERSIGN_S_MAX,
    COUNTERSIGN_WITHOUT_S,
    DUAL_WITHOUT,
    Charter,
    Destination,
    Part,
    Party,
    Scope,
    SignedCharter,
    read_zones,
)
from edge_agent.evidence.cose import PublicKey

Text = Annotated[str, Meta(min_length=1, max_length=64)]
Minutes = Annotated[int, Meta(ge=1, le=COUNTERSIGN_S_MAX // 60)]
FileName = Annotated[str, Meta(min_length=1, max_length=4096)]


class PartyDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A party: its name, and the file of its public key or certificate."""

    name: Text
    key: FileName | None = None


class PanelDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A panel, and which of its zones: `1-8, 12`; left out, all."""

    id: Name
    zones: str | None = None


class DestinationDraft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A center, and the file with the certificates of its authorities."""

    center: Text
    ca: FileName


class Draft(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a charter says but for its number and time."""

    gateway: GatewayName
    purpose: Annotated[str, Meta(min_length=1, max_length=200)]
    enterprise: PartyDraft
    owner: PartyDraft
    inspector: PartyDraft | None = None
    panel: tuple[PanelDraft, ...] = ()
    destination: tuple[DestinationDraft, ...] = ()
    allow: tuple[Literal["arm", "bypass", "clock", "disarm", "output"], ...] = ("bypass", "clock")
    roles: tuple[Role, ...] = tuple(Role)
    dual: tuple[str, ...] = tuple(sorted(DUAL_WITHOUT))
    countersign_min: Annotated[int, Meta(ge=1, le=COUNTERSIGN_S_MAX // 60)] = (
        COUNTERSIGN_WITHOUT_S // 60
    )


@dataclass(frozen=True, slots=True)
class Center:
    """Whose center writes it: what a draft may leave out."""

    name: str
    authority: bytes  # its certificate, PEM


def read(
    file: Path, center: Center, number_of: Callable[[str], int], time_ms: int
) -> SignedCharter:
    """Return the charter that a file drafts, without signatures; `number_of` numbers a gateway's.

    Raises ConfigError.
    """
    try:
        draft = parse_as(file.read_bytes(), file, Draft)
    except OSError as error:
        remedy = "name the file of a draft; docs/charter.md shows one"
        raise ConfigError(file, [Problem("file", error.strerror or "", remedy)]) from error
    try:
        number = number_of(draft.gateway)
        return SignedCharter(_charter(draft, file, center, number, time_ms))
    except _Wrong as error:
        raise ConfigError(file, [error.problem]) from error
    except ValueError as error:
        raise ConfigError(file, [Problem("file", "", str(error))]) from error


class _Wrong(Exception):  # noqa: N818  carries a Problem up
    def __init__(self, key: str, found: str, remedy: str) -> None:
        super().__init__(remedy)
        self.problem = Problem(key, found, remedy)


def _charter(draft: Draft, file: Path, center: Center, number: int, time_ms: int) -> Charter:
    folder = file.parent
    own = DestinationDraft(center=center.name, ca="")
    return Charter(
        gateway=draft.gateway,
        number=number,
        time_ms=time_ms,
        purpose=draft.purpose,
        parties=_parties(draft, folder, center),
        panels=tuple(_scope(one) for one in draft.panel),
        destinations=tuple(
            _destination(one, folder, center) for one in (draft.destination or (own,))
        ),
        allow=frozenset(draft.allow),
        roles=frozenset(draft.roles),
        dual=frozenset(map(_dual, draft.dual)),
        countersign_s=draft.countersign_min * 60,
    )


def _parties(draft: Draft, folder: Path, center: Center) -> tuple[Party, ...]:
    given = {
        Part.ENTERPRISE: draft.enterprise,
        Part.OWNER: draft.owner,
        Part.INSPECTOR: draft.inspector,
    }
    found = []
    for part, one in given.items():
        if one is None:
            continue
        if one.key is not None:
            key = _public(_bytes(folder / one.key, f"{part}.key"), f"{part}.key", one.key)
        elif part is Part.ENTERPRISE:
            key = _public(center.authority, "enterprise.key", "this center's ca.pem")
        else:
            raise _Wrong(
                f"{part}.key",
                "",
                "name the file of their public key; `edge-agent charter key FILE` makes one",
            )
        found.append(Party(part, one.name, key))
    return tuple(found)


def _dual(word: str) -> str:
    """Return it; a word that no command has would let everything through that it meant."""
    if word not in WANTED:
        raise _Wrong("dual", repr(word)[:80], f"the commands are {', '.join(sorted(WANTED))}")
    return word


def _scope(one: PanelDraft) -> Scope:
    try:
        return Scope(one.id, None if one.zones is None else read_zones(one.zones))
    except ValueError as error:
        raise _Wrong(f"panel '{one.id}'.zones", repr(one.zones)[:80], str(error)) from error


def _destination(one: DestinationDraft, folder: Path, center: Center) -> Destination:
    pem = center.authority if not one.ca else _bytes(folder / one.ca, "destination.ca")
    try:
        found = certificates.read_pem(pem)
    except Malformed as error:
        remedy = "name the file with the certificates of that center's authority"
        raise _Wrong("destination.ca", one.ca, remedy) from error
    return Destination(one.center, tuple(map(certificates.key_digest, found)))


def _public(pem: bytes, key: str, found: str) -> PublicKey:
    """Return the key of a certificate, or of a public key that stands alone."""
    try:
        return PublicKey.from_pem(pem)
    except Malformed as error:
        remedy = "a public key or certificate in PEM, Ed25519 or P-256; never a private key"
        raise _Wrong(key, found, remedy) from error


def _bytes(file: Path, key: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _Wrong(key, str(file), error.strerror or "cannot be read") from error
