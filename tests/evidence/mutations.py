"""Evidence bundles that somebody changed, each in one way, and what must be found in each.

The forger holds everything but the keys of gateway, center and authority; where a mutation is
signed well it is the gateway itself that went wrong.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, certificates
from edge_agent.evidence.bundle import MAGIC, Item, Kind, Scope, frame
from edge_agent.evidence.bundle_make import Wanted, make
from edge_agent.evidence.bundle_report import Trust
from edge_agent.evidence.receipt import sign_receipt
from tests.evidence.bundles import (
    FIRST,
    SECOND,
    WITNESS,
    Memory,
    authority,
    certificates_of_all,
    certified,
    chosen,
    cosignature,
    history,
    memory,
    sample,
    seal,
    span,
    stamped,
    token,
    witnessed,
)
from tests.evidence.conftest import Chain, signer

Value = list[BodyValue]
Found = tuple[str, bytes | None, int | None]


@dataclass(frozen=True)
class Mutation:
    """A changed file; `first` is the finding that must be among the first of those with a number.

    `first` (what, epoch, seq); where no number is meant the last two are None.
    """

    name: str
    data: bytes
    first: Found
    witnessed: bool = False  # its reader names a witness

    @property
    def trust(self) -> Trust:
        return Trust((authority()[1],), witnesses=(WITNESS.public,) if self.witnessed else ())


def apart(data: bytes) -> list[Value]:
    """The items of a file, to be changed."""
    found, at = [], len(MAGIC)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        value = cbor.decode(data[at + 4 : at + 4 + size])
        assert isinstance(value, list)
        found.append(value)
        at += 4 + size
    return found


def together(items: list[Value]) -> bytes:
    return MAGIC + b"".join(frame(one) for one in items)


def flipped(data: bytes, at: int = -1) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def runs(items: list[Value]) -> list[dict[int, BodyValue]]:
    return [one[1] for one in items if one[0] == Item.RUN and isinstance(one[1], dict)]


def epochs(items: list[Value]) -> list[dict[int, BodyValue]]:
    return [one[1] for one in items if one[0] == Item.EPOCH and isinstance(one[1], dict)]


def events(run: dict[int, BodyValue]) -> list[bytes]:
    found = run[4]
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


def octets(value: BodyValue) -> bytes:
    assert isinstance(value, bytes)
    return value


MUTATIONS: dict[str, tuple[Callable[[Memory], bytes], Found]] = {}
Change = Callable[[list[Value]], object]


def changes(source: Callable[[Memory], bytes], first: Found) -> Callable[[Change], Change]:
    """Register a change of the items of a good bundle."""

    def register(change: Change) -> Change:
        def mutated(held: Memory) -> bytes:
            items = apart(source(held))
            change(items)
            return together(items)

        MUTATIONS[change.__name__] = mutated, first
        return change

    return register


# ---- changed


@changes(span, ("bad_signature", FIRST, 25))
def an_event_is_changed(items: list[Value]) -> None:
    events(runs(items)[0])[5] = events(runs(items)[0])[5].replace(b"p1", b"p2", 1)


@changes(chosen, ("bad_signature", FIRST, 17))
def a_signature_is_changed(items: list[Value]) -> None:
    events(runs(items)[1])[0] = flipped(events(runs(items)[1])[0])


@changes(span, ("root_mismatch", FIRST, 20))
def the_tree_before_a_run_is_changed(items: list[Value]) -> None:
    runs(items)[0][2] = flipped(octets(runs(items)[0][2]))


@changes(stamped, ("timestamp", FIRST, 60))
def a_timestamp_is_of_another_event(items: list[Value]) -> None:
    head = epochs(items)[0][8]
    assert isinstance(head, list)
    head[1] = token("other")


@changes(stamped, ("proof", FIRST, 60))
def the_proof_of_a_timestamped_head_is_changed(items: list[Value]) -> None:
    head = epochs(items)[0][8]
    assert isinstance(head, list)
    path = head[2]
    assert isinstance(path, list)
    path[0] = flipped(octets(path[0]))


@changes(stamped, ("bad_signature", FIRST, 60))
def a_timestamped_head_is_changed(items: list[Value]) -> None:
    head = epochs(items)[0][8]
    assert isinstance(head, list)
    head[0] = flipped(octets(head[0]))


def cosigned(items: list[Value]) -> Value:
    found = epochs(items)[0][9]
    assert isinstance(found, list)
    assert isinstance(found[0], list)
    return found[0]


@changes(witnessed, ("witness", FIRST, 60))
def a_cosignature_is_signed_by_another_key(items: list[Value]) -> None:
    """By one that has the witness's key id: only the signature tells."""
    cosigned(items)[0] = flipped(octets(cosigned(items)[0]))


@changes(witnessed, ("witness", FIRST, 60))
def a_cosignature_is_of_another_history(items: list[Value]) -> None:
    cosigned(items)[0] = cosignature(FIRST, 60, root=bytes(32))


@changes(witnessed, ("witness", FIRST, 8))
def a_cosignature_is_of_another_run(items: list[Value]) -> None:
    cosigned(items)[0] = cosignature(SECOND, 8)


@changes(witnessed, ("witness", FIRST, 60))
def a_cosignature_is_of_another_gateway(items: list[Value]) -> None:
    cosigned(items)[0] = cosignature(FIRST, 60, gateway="gw2")


@changes(witnessed, ("witness", FIRST, 60))
def a_cosignature_is_of_another_enterprises_gateway(items: list[Value]) -> None:
    digest = certificates.key_digest(authority(8)[1])
    cosigned(items)[0] = cosignature(FIRST, 60, authority=digest)


@changes(witnessed, ("unwitnessed", FIRST, 20))
def a_cosignature_is_by_another_witness(items: list[Value]) -> None:
    cosigned(items)[0] = cosignature(FIRST, 60, by=signer(32))


@changes(witnessed, ("unwitnessed", FIRST, 20))
def a_cosignature_is_left_out(items: list[Value]) -> None:
    del epochs(items)[0][9]


@changes(chosen, ("proof", FIRST, 3))
def a_path_is_changed(items: list[Value]) -> None:
    path = runs(items)[0][3]
    assert isinstance(path, list)
    path[2] = flipped(octets(path[2]))


@changes(chosen, ("unproven", FIRST, 3))
def a_path_is_left_out(items: list[Value]) -> None:
    del runs(items)[0][3]


@changes(span, ("unknown_key", FIRST, 0))
def a_genesis_is_changed(items: list[Value]) -> None:
    epochs(items)[0][2] = flipped(octets(epochs(items)[0][2]))


@changes(span, ("bad_genesis", FIRST, 0))
def a_genesis_is_exchanged(items: list[Value]) -> None:
    epochs(items)[0][2] = epochs(items)[1][2]


@changes(sample, ("bad_signature", FIRST, 99))
def a_head_is_changed(items: list[Value]) -> None:
    epochs(items)[0][3] = flipped(octets(epochs(items)[0][3]))


@changes(sample, ("head", FIRST, 0))
def a_head_is_of_another_epoch(items: list[Value]) -> None:
    epochs(items)[0][3] = epochs(items)[1][3]


@changes(sample, ("proof", FIRST, 37))
def the_proof_of_an_earlier_head_is_changed(items: list[Value]) -> None:
    proof = epochs(items)[0][7]
    assert isinstance(proof, list)
    proof[0] = flipped(octets(proof[0]))


@changes(sample, ("bad_signature", FIRST, 37))
def the_earlier_head_is_changed(items: list[Value]) -> None:
    epochs(items)[0][6] = flipped(octets(epochs(items)[0][6]))


@changes(sample, ("seal", None, None))
def the_purpose_is_changed(items: list[Value]) -> None:
    items[-1][1] = octets(items[-1][1]).replace(b"case 17", b"case 18")


# ---- deleted, swapped, cut


@changes(span, ("gap", FIRST, 25))
def an_event_is_deleted(items: list[Value]) -> None:
    del events(runs(items)[0])[5]


@changes(span, ("gap", FIRST, 20))
def a_run_is_deleted(items: list[Value]) -> None:
    items.remove(next(one for one in items if one[0] == Item.RUN))


@changes(chosen, ("gap", FIRST, 17))
def a_chosen_event_is_deleted(items: list[Value]) -> None:
    items.remove([Item.RUN, runs(items)[1]])


@changes(span, ("gap", FIRST, 20))
def an_epoch_is_deleted(items: list[Value]) -> None:
    first = next(at for at, one in enumerate(items) if one[0] == Item.EPOCH)
    second = next(at for at, one in enumerate(items) if at > first and one[0] == Item.EPOCH)
    del items[first:second]


@changes(span, ("gap", FIRST, 30))
def two_events_are_swapped(items: list[Value]) -> None:
    run = events(runs(items)[0])
    run[10], run[11] = run[11], run[10]


@changes(span, ("wrong_epoch", FIRST, 30))
def an_event_of_another_epoch_is_put_in(items: list[Value]) -> None:
    events(runs(items)[0])[10] = events(runs(items)[-1])[4]


@changes(span, ("seal", None, None))
def the_seal_is_left_out(items: list[Value]) -> None:
    items.pop()


@changes(span, ("seal", None, None))
def the_end_of_the_span_is_left_out_and_not_asked_for(items: list[Value]) -> None:
    items.remove([Item.RUN, runs(items)[-1]])
    scope = items[0][1]
    assert isinstance(scope, dict)
    assert isinstance(scope[4], list)
    scope[4].pop()


@changes(chosen, ("seal", None, None))
def a_certificate_is_left_out(items: list[Value]) -> None:
    items.remove([Item.CERTIFICATE, certificates.der_of(authority()[1])])


# ---- re-signed


@changes(span, ("bad_signature", FIRST, 25))
def an_event_is_signed_by_another_key(items: list[Value]) -> None:
    chain = Chain(epoch=FIRST, event_key=signer(77))
    chain.peaks = history()[0].peaks
    events(runs(items)[0])[5] = chain.make(25)


@changes(span, ("unknown_key", FIRST, 0))
def an_epoch_is_signed_by_another_identity(items: list[Value]) -> None:
    epochs(items)[0][2] = Chain(epoch=FIRST, identity=signer(88)).genesis()


@changes(span, ("unvouched", FIRST, 0))
def an_epoch_vouches_for_itself(items: list[Value]) -> None:
    epochs(items)[0][2] = Chain(epoch=FIRST).genesis(identity_kid=None)


@changes(span, ("wrong_gateway", FIRST, 25))
def an_event_is_of_another_gateway(items: list[Value]) -> None:
    events(runs(items)[0])[5] = Chain(gateway="gw2", epoch=FIRST).make(25, root=bytes(32))


def forged_receipt(items: list[Value], **changed: object) -> None:
    receipt = replace(memory().receipts[1], **changed)  # type: ignore[arg-type]
    epochs(items)[1][4] = sign_receipt(receipt, signer(9))


@changes(sample, ("receipt", SECOND, 10))
def a_receipt_is_signed_by_another_key(items: list[Value]) -> None:
    epochs(items)[1][4] = sign_receipt(memory().receipts[1], signer(66))


@changes(sample, ("receipt", SECOND, 10))
def a_receipt_is_changed(items: list[Value]) -> None:
    epochs(items)[1][4] = flipped(octets(epochs(items)[1][4]))


@changes(sample, ("receipt", SECOND, 10))
def a_receipt_is_for_another_gateway(items: list[Value]) -> None:
    forged_receipt(items, gateway="gw2")


@changes(sample, ("receipt", SECOND, 10))
def a_receipt_is_for_other_events(items: list[Value]) -> None:
    forged_receipt(items, ranges=(replace(memory().receipts[1].ranges[0], digest=bytes(32)),))


@changes(sample, ("receipt", SECOND, 10))
def the_leaves_of_a_receipt_are_changed(items: list[Value]) -> None:
    epochs(items)[1][5] = flipped(octets(epochs(items)[1][5]))


@changes(sample, ("seal", None, None))
def a_receipt_is_left_out(items: list[Value]) -> None:
    del epochs(items)[1][4], epochs(items)[1][5]


@changes(span, ("seal", None, None))
def the_seal_is_signed_by_another_key(items: list[Value]) -> None:
    data = seal(make(memory(), [], Wanted(_scope(), {FIRST: [(20, 30)]})), by=signer(55))
    items[-1] = apart(data)[-1]


def _scope() -> Scope:
    return Scope(gateway="gw1", kind=Kind.SPAN, stretches=((FIRST, 20, 30),))


@changes(span, ("untrusted", None, None))
def all_is_certified_by_another_authority(items: list[Value]) -> None:
    items[1][1], items[2][1] = certified("gw1", 1, 8), certified("center receipts", 9, 8)
    items[3][1] = certificates.der_of(authority(8)[1])


@changes(span, ("untrusted", None, None))
def the_identity_is_certified_for_tls_only(items: list[Value]) -> None:
    items[1][1] = certified("gw1", 1, signing=False)


@changes(span, ("untrusted", None, None))
def the_identity_is_another_gateways(items: list[Value]) -> None:
    items[1][1] = certified("gw2", 1)


# ---- samples


@changes(sample, ("sample", FIRST, None))
def the_nonce_is_another(items: list[Value]) -> None:
    scope = items[0][1]
    assert isinstance(scope, dict)
    scope[5] = bytes(32)


def another_event_is_shown(held: Memory) -> bytes:
    """The enterprise puts a harmless neighbour in the place of what was drawn, with good proofs."""
    good = Scope.from_value(apart(sample(held))[0][1])
    ranges = {FIRST: [(1, 1), (2, 2)]}
    return seal(make(held, certificates_of_all(), Wanted(good, ranges, also=SECOND)))


MUTATIONS["another_event_is_shown"] = another_event_is_shown, ("sample", FIRST, 1)


# ---- rolled back and forked: the gateway itself went wrong, and all is sealed well


def rolled_back(held: Memory) -> bytes:
    """The card was set back to 60 events before the second start."""
    first = history()[0]
    older = Chain(epoch=FIRST)
    for envelope in first.envelopes[:60]:
        older.add(envelope)
    second = Chain(epoch=SECOND, event_key=signer(3))
    second.genesis(follows=older)
    held.take(second.more(11))
    return span(held)


MUTATIONS["rolled_back"] = rolled_back, ("rolled_back", SECOND, 0)


def copied(held: Memory) -> bytes:
    """The card was copied: two epochs follow the first."""
    other = Chain(epoch=b"epoch--3", event_key=signer(4))
    other.genesis(follows=history()[0])
    held.take(other.more(5))
    ranges = {FIRST: [(20, 90)], SECOND: [(0, 11)], other.epoch: [(0, 5)]}
    stretches = tuple((epoch, *one[0]) for epoch, one in ranges.items())
    scope = Scope(gateway="gw1", kind=Kind.SPAN, stretches=stretches)
    return seal(make(held, certificates_of_all(), Wanted(scope, ranges)))


MUTATIONS["copied"] = copied, ("branch", b"epoch--3", 0)


def forked(held: Memory) -> bytes:
    """The store holds two events of one number, and shows both."""
    held.epochs[FIRST][40].append(_twin(40))
    return span(held)


MUTATIONS["forked"] = forked, ("fork", FIRST, 40)


def fork_hidden(held: Memory) -> bytes:
    """Of two events with one number the other one is shown, signed as well as the first."""
    items = apart(span(held))
    events(runs(items)[0])[20] = _twin(40)
    return together(items)


MUTATIONS["fork_hidden"] = fork_hidden, ("root_mismatch", FIRST, 41)


def fork_at_the_head(held: Memory) -> bytes:
    items = apart(span(held, 20, 99))
    epochs(items)[0][3] = _twin(99)
    return together(items)


MUTATIONS["fork_at_the_head"] = fork_at_the_head, ("fork", FIRST, 99)


def _twin(seq: int) -> bytes:
    """Another event of a number, with the root that the number has."""
    first, again = history()[0], Chain(epoch=FIRST)
    for envelope in first.envelopes[:seq]:
        again.add(envelope)
    return again.make(seq, "act", {1: "stop", 2: "somebody"})


# ---- the bytes of the file


def cut_in_an_item(held: Memory) -> bytes:
    return span(held)[:9000]


def cut_between_items(held: Memory) -> bytes:
    items = apart(span(held))
    return together(items[:-3])


def a_byte_follows(held: Memory) -> bytes:
    return span(held) + b"\x00"


def something_follows(held: Memory) -> bytes:
    return together([*apart(span(held)), [Item.CERTIFICATE, b""]])


MUTATIONS |= {
    "cut_in_an_item": (cut_in_an_item, ("gap", FIRST, 20)),
    "cut_between_items": (cut_between_items, ("gap", SECOND, 0)),
    "a_byte_follows": (a_byte_follows, ("malformed", None, None)),
    "something_follows": (something_follows, ("malformed", None, None)),
    "another_version": (lambda held: b"\xeaBundle2" + span(held)[8:], ("malformed", None, None)),
    "nothing": (lambda _: b"", ("malformed", None, None)),
    "not_canonical": (
        lambda held: span(held).replace(b"\x01\x01\x02\x63gw1", b"\x01\x18\x01\x02\x63gw1", 1),
        ("malformed", None, None),
    ),
}


@cache
def all_mutations() -> tuple[Mutation, ...]:
    return tuple(
        Mutation(name, make_(memory()), first, witnessed="cosignature" in name)
        for name, (make_, first) in MUTATIONS.items()
    )


def flips(data: bytes, step: int) -> Iterator[bytes]:
    """One bit changed in every `step`-th byte."""
    return (flipped(data, at) for at in range(0, len(data), step))
