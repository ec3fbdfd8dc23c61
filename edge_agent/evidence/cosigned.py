"""What a cosignature or a second signature in an evidence bundle proves of the head beside it
(pure)."""

from collections.abc import Collection, Mapping, Sequence

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cose, seconded, tree
from edge_agent.evidence.bundle import CosignedHead
from edge_agent.evidence.bundle_report import Fault, Report, Witnessed
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import BadSignature, Domain, PublicKey
from edge_agent.evidence.cosignature import Cosignature
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.seconded import Seconded
from edge_agent.evidence.sm2 import Sm2Key


def check_cosigned(
    report: Report,
    given: CosignedHead,
    head: Event,
    witnesses: Sequence[PublicKey],
    vouching: Collection[bytes],
) -> tuple[Witnessed | None, bool]:
    """Return what it proves, and whether one of `witnesses` is said to have made it.

    Findings go to `report`.  `vouching` are the digests of the keys of trusted authorities.  By a
    key that the reader did not name everything but the signature is checked.
    """
    place, named = Place(head.epoch, head.seq), False
    try:
        message = cose.parse(given.cosignature)
        told = Cosignature.read(message)
        place = Place(head.epoch, told.size)
        key = next((one for one in witnesses if one.kid == message.kid), None)
        if key is not None:
            named = True
            cose.verify(message, key, Domain.COSIGNATURE)
    except (Malformed, BadSignature) as error:
        report.found(Fault.WITNESS, place, str(error))
        return None, named
    if (told.gateway, told.epoch) != (head.gateway, head.epoch) or told.authority not in vouching:
        report.found(Fault.WITNESS, place, "the cosignature is of another gateway or run")
    elif not tree.verify_consistency(told.size, head.seq, told.root, head.root, given.proof):
        detail = f"the head over {head.seq} does not continue the {told.size} that were cosigned"
        report.found(Fault.WITNESS, place, detail)
    else:
        return Witnessed(told, message.kid, named), named
    return None, named


def check_second(
    report: Report,
    given: CosignedHead,
    head: Event,
    named: Mapping[int, BodyValue] | None,
    key: Sm2Key | None,
) -> Seconded | None:
    """Return what a second signature proves; findings go to `report`.

    `named` is the key in the genesis of the run, `key` the one that the reader gave.
    """
    place = Place(head.epoch, head.seq)
    try:
        signed, found = seconded.judge(given.cosignature, head.gateway, named, key)
    except (Malformed, BadSignature) as error:
        report.found(Fault.SECOND_SIGNATURE, place, str(error))
        return None
    over = signed.head
    if over.epoch != head.epoch:
        report.found(Fault.SECOND_SIGNATURE, place, "the second signature is of another run")
    elif not tree.verify_consistency(over.size, head.seq, over.root, head.root, given.proof):
        detail = f"the head over {head.seq} does not continue the {over.size} that were signed"
        report.found(Fault.SECOND_SIGNATURE, found.place, detail)
    else:
        return found
    return None
