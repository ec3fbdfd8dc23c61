"""Which charter may take the place of which (pure).

Enterprise and owner of a charter have signed it.  To change one, its own enterprise and owner sign
the next as well: so both agree to what changes, and at a handover the old enterprise passes the
site on while the new one accepts it.  A party that is replaced and is no more there to sign (a
bankrupt enterprise, an owner whose key is lost) is stood in for by the inspector, if the present
charter names one; the other party signs in any case.

Numbers rise, so an old charter never comes back.
"""

from collections.abc import Collection

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import Charter, Part, SignedCharter, open_assent
from edge_agent.evidence.cose import BadSignature, PublicKey, parse

_SIGN = (Part.ENTERPRISE, Part.OWNER)


class NotValid(ValueError):  # noqa: N818  reads as a verdict
    """A charter that may not come into force; the message says why, and who has to do what."""


def check_whole(signed: SignedCharter, gateway: str) -> None:
    """Raise NotValid unless it is a gateway's, and its own enterprise and owner have signed it.

    Signatures of parties of the charter before it are passed over: that one is not here.
    """
    _check_gateway(signed.charter, gateway)
    own = {party.key.kid for party in signed.charter.parties}
    kept = tuple(one for one in signed.assents if parse(one).kid in own)
    signed = SignedCharter(signed.charter, kept)
    _check_signed(signed, _signers(signed, signed.charter))


def check_first(signed: SignedCharter, gateway: str, authorities: Collection[PublicKey]) -> None:
    """Raise NotValid unless it may be the first charter of a gateway that trusts `authorities`.

    The owner is whom that enterprise names: from then on nothing changes without him.
    """
    check_whole(signed, gateway)
    enterprise = signed.charter.party(Part.ENTERPRISE)
    assert enterprise is not None, "no charter is without"
    if enterprise.key not in authorities:
        raise NotValid(
            f"its enterprise, {enterprise.name}, is the authority of no center of this gateway: "
            "enrol the gateway there first"
        )


def check_next(signed: SignedCharter, present: Charter) -> None:
    """Raise NotValid unless it may take the place of `present`."""
    charter = signed.charter
    _check_gateway(charter, present.gateway)
    if charter.number <= present.number:
        raise NotValid(
            f"it is number {charter.number}, and number {present.number} is in force: "
            "an old charter does not come back"
        )
    signers = _signers(signed, charter, present)
    _check_signed(signed, signers)
    # whoever is missing now is replaced: who stays has signed as a party of the new one
    missing = [part for part in _SIGN if _key(present, part) not in signers]
    if not missing:
        return
    part = missing[0]
    why = f"the {part} of number {present.number}, {_name(present, part)}, has not signed it"
    if len(missing) > 1:
        raise NotValid(why)
    if _key(present, Part.INSPECTOR) not in signers:
        raise NotValid(f"{why}, and no inspector that it names has signed in place of them")


def _check_gateway(charter: Charter, gateway: str) -> None:
    if charter.gateway != gateway:
        raise NotValid(f"it is for gateway {charter.gateway}, not {gateway}")


def _check_signed(signed: SignedCharter, signers: Collection[bytes]) -> None:
    for part in _SIGN:
        if _key(signed.charter, part) not in signers:
            raise NotValid(f"its {part}, {_name(signed.charter, part)}, has not signed it")


def _signers(signed: SignedCharter, *charters: Charter) -> frozenset[bytes]:
    """Return the keys, by id, that have signed it; raise NotValid for a bad or a strange one."""
    keys = {party.key.kid: party.key for charter in charters for party in charter.parties}
    digest = signed.charter.digest
    found: set[bytes] = set()
    for assent in signed.assents:
        try:
            kid = parse(assent).kid
            if kid not in keys:
                raise NotValid(f"key {kid.hex()} has signed it, which is none of its parties")
            if open_assent(assent, keys[kid])[0] != digest:
                raise NotValid(f"the signature of key {kid.hex()} is for another charter")
        except (Malformed, BadSignature) as error:
            raise NotValid(f"a signature of it is not good: {error}") from error
        found.add(kid)
    return frozenset(found)


def _key(charter: Charter, part: Part) -> bytes | None:
    party = charter.party(part)
    return None if party is None else party.key.kid


def _name(charter: Charter, part: Part) -> str:
    party = charter.party(part)
    return "" if party is None else party.name
