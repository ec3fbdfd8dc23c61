"""The paper by which a charter's parties agree that a gateway is taken out of service for good.

It names the charter in force, and is signed as a charter is: by assents that name it by its digest.
Enterprise and owner sign; for one of them that is no more the inspector whom the charter names.
Keys: docs/wire-format.md.
"""

import hashlib
from dataclasses import dataclass
from typing import Self

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import (
    ASSENTS_MAX,
    DIGEST_BYTES,
    Charter,
    Part,
    open_assent,
    sign_assent,
)
from edge_agent.evidence.cose import BadSignature, Signer
from edge_agent.evidence.succession import NotValid

VERSION = 1
BYTES_MAX = 4_096
_SIGN = (Part.ENTERPRISE, Part.OWNER)


@dataclass(frozen=True, slots=True)
class Paper:
    """That a gateway's service ends, under the charter `number` with `digest`, and why.

    Raises ValueError for what no paper can hold.
    """

    gateway: str
    number: int
    digest: bytes
    time_ms: int
    reason: str

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway) or not 0 < self.number <= fields.NUMBER_MAX:
            raise ValueError(f"{self.gateway[:80]!r} is no name, or numbers start at 1")
        if not 0 < len(self.reason) <= fields.TEXT_CHARS_MAX or self.time_ms < 0:
            raise ValueError(f"a reason has 1 to {fields.TEXT_CHARS_MAX} characters")

    @property
    def data(self) -> bytes:
        """The bytes that are signed for."""
        content: dict[int, BodyValue] = {
            1: VERSION,
            2: self.gateway,
            3: [self.number, self.digest],
            4: self.time_ms,
            5: self.reason,
        }
        return cbor.encode(content)


@dataclass(frozen=True, slots=True)
class SignedPaper:
    """A paper with the assents that were given to it so far.  Raises ValueError beyond bounds."""

    paper: Paper
    assents: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if len(self.assents) > ASSENTS_MAX or len(self.data) > BYTES_MAX:
            raise ValueError(f"at most {ASSENTS_MAX} signatures, and {BYTES_MAX} bytes")

    @property
    def data(self) -> bytes:
        """The bytes of its file."""
        assents: list[BodyValue] = list(self.assents)
        return cbor.encode({1: self.paper.data, 2: assents})

    def signed_by(self, signer: Signer, time_ms: int) -> Self:
        """Return it with one more signature; a second one of the same key replaces the first."""
        mine = sign_assent(_digest(self.paper), time_ms, signer)
        others = [one for one in self.assents if cose.parse(one).kid != signer.public.kid]
        return type(self)(self.paper, (*others, mine))


def read_paper(data: bytes) -> SignedPaper:
    """Return what a file holds; its signatures are not checked.  Raises Malformed."""
    if len(data) > BYTES_MAX:
        raise Malformed(f"a paper of {len(data)} bytes, allowed {BYTES_MAX}")
    whole = cbor.decode_map(data)
    written = whole.get(1)
    if whole.keys() != {1, 2} or not isinstance(written, bytes):
        raise Malformed("not a paper with its signatures")
    content = cbor.decode_map(written)
    if content.keys() != {1, 2, 3, 4, 5}:
        raise Malformed("missing or unknown key in a paper")
    fields.number(content, 1, VERSION, VERSION)
    mark = fields.row(content[3], 2)
    try:
        paper = Paper(
            gateway=fields.text(content, 2),
            number=fields.number(mark, 0, 1),
            digest=fields.octets(mark, 1, DIGEST_BYTES),
            time_ms=fields.number(content, 4),
            reason=fields.text(content, 5),
        )
        return SignedPaper(paper, tuple(map(_assent, fields.array(whole, 2, ASSENTS_MAX))))
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def check_paper(signed: SignedPaper, charter: Charter) -> None:
    """Raise NotValid unless the parties of the charter in force have agreed to it."""
    paper = signed.paper
    if paper.gateway != charter.gateway:
        raise NotValid(f"it is for gateway {paper.gateway}, not {charter.gateway}")
    if (paper.number, paper.digest) != (charter.number, charter.digest):
        raise NotValid(
            f"it names charter {paper.number}, and number {charter.number} is in force: "
            "have one made that names it"
        )
    signers = _signers(signed, charter)
    missing = [part for part in _SIGN if part not in signers]
    if len(missing) > 1 or (missing and Part.INSPECTOR not in signers):
        party = charter.party(missing[0])
        name = "" if party is None else party.name
        raise NotValid(f"the {missing[0]} of charter {charter.number}, {name}, has not signed it")


def _signers(signed: SignedPaper, charter: Charter) -> frozenset[Part]:
    keys = {party.key.kid: party for party in charter.parties}
    digest = _digest(signed.paper)
    found = set()
    for assent in signed.assents:
        try:
            party = keys.get(cose.parse(assent).kid)
            if party is None:
                raise NotValid("a key has signed it that is none of the charter's parties")
            if open_assent(assent, party.key)[0] != digest:
                raise NotValid(f"the signature of {party.name} is for another paper")
        except (Malformed, BadSignature) as error:
            raise NotValid(f"a signature of it is not good: {error}") from error
        found.add(party.part)
    return frozenset(found)


def _digest(paper: Paper) -> bytes:
    return hashlib.sha256(paper.data).digest()


def _assent(value: BodyValue) -> bytes:
    if not isinstance(value, bytes):
        raise Malformed("a signature is bytes")
    cose.parse(value)
    return value
