"""Checks an evidence bundle with nothing but what its reader trusts (pure).

What is checked, in which order, and what each finding is called stands in docs/evidence-bundle.md;
docs/verifier/verify.mjs does the same and shares no code with this.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from cryptography import x509

from edge_agent.domain.event import EventType
from edge_agent.evidence import certificates, cose, timestamp, tree
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.bundle import (
    CERTIFICATES_MAX,
    CosignedHead,
    EpochItem,
    Framed,
    Item,
    Run,
    Scope,
    Seal,
    StampedHead,
    items,
)
from edge_agent.evidence.bundle_report import Fault, Head, Report, Trust
from edge_agent.evidence.bundle_scope import check_scope
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import BadSignature, Domain, PublicKey
from edge_agent.evidence.cosigned import check_cosigned, check_second
from edge_agent.evidence.envelope import Event, read, verify
from edge_agent.evidence.receipt import Receipt, open_receipt
from edge_agent.evidence.sm2 import Sm2Key
from edge_agent.evidence.tree import HASH_BYTES, Peaks

RECEIPTS_NAME = " receipts"  # how the common name of a receipt key's certificate ends


def check(read_bytes: Callable[[int], bytes], trust: Trust) -> Report:
    """Read a bundle to its end and return all that was found.  Raises nothing for its content."""
    checker = _Checker(trust)
    try:
        for framed in items(read_bytes):
            checker.take(framed)
    except Malformed as error:
        checker.report.found(Fault.MALFORMED, None, str(error))
    checker.finish()
    return checker.report


@dataclass(slots=True)
class _Epoch:
    """The epoch that is read: its key, the head, and what came of it so far."""

    item: EpochItem
    genesis: GenesisBody | None = None
    key: PublicKey | None = None
    head: Event | None = None
    size: int = 0
    root: bytes = b""
    next_seq: int = 0
    held: list[list[int]] = field(default_factory=list)  # numbers that were there, as ranges
    recent: dict[int, bytes] = field(default_factory=dict)  # leaves of the last run
    is_seconded: bool = False  # a second signature was there, good or said to be bad
    by_witness: bool = False  # a cosignature of a named witness was there, good or said to be bad

    @property
    def epoch(self) -> bytes:
        return self.item.epoch


class _Checker:
    """Takes item after item."""

    def __init__(self, trust: Trust) -> None:
        self.report = Report(pinned=bool(trust.authorities))
        self._trust = trust
        self._certificates: list[x509.Certificate] = []
        self._identities: dict[bytes, PublicKey] = {}
        self._receipt_keys: dict[bytes, PublicKey] = {}
        self._vouching: set[bytes] = set()  # digests of the keys of trusted authorities
        self._epochs: list[_Epoch] = []
        self._sealed = False

    @property
    def _scope(self) -> Scope:
        assert self.report.scope is not None
        return self.report.scope

    def take(self, framed: Framed) -> None:
        """Take the next item.  Raises Malformed where it may not stand."""
        if (framed.item is Item.SCOPE) is not (self.report.scope is None) or self._sealed:
            raise Malformed(f"byte {framed.offset}: an item out of its place")
        match framed.item:
            case Item.SCOPE:
                self.report.scope = Scope.from_value(framed.value)
            case Item.CERTIFICATE:
                if self._epochs or len(self._certificates) == CERTIFICATES_MAX:
                    raise Malformed(f"byte {framed.offset}: a certificate out of its place")
                self._certificates.append(certificates.read(_octets(framed)))
            case Item.EPOCH:
                if not self._epochs:
                    self._trusted()
                self._begin(EpochItem.from_value(framed.value))
            case Item.RUN:
                self._run(self._epochs[-1] if self._epochs else None, Run.from_value(framed.value))
            case Item.SEAL:
                self._seal(_octets(framed), framed.before)

    def finish(self) -> None:
        """The file is at its end."""
        report = self.report
        if not self._sealed:
            report.found(Fault.SEAL, None, "the file ends before its seal: it was cut")
        if report.scope is not None:
            epochs = ((one.epoch, one.held) for one in self._epochs)
            check_scope(report, report.scope, epochs)
        self._lineage()
        if self._trust.witnesses:
            self._unwitnessed()
        if self._trust.second is not None:
            self._unseconded(self._trust.second)

    # ---- who is trusted

    def _trusted(self) -> None:
        authorities: Sequence[x509.Certificate] = self._trust.authorities
        if not self.report.pinned:
            authorities = [one for one in self._certificates if certificates.is_authority(one)]
        self.report.authorities = [certificates.fingerprint(one) for one in authorities]
        self._vouching = {certificates.key_digest(one) for one in authorities}
        if self._trust.identity is not None:
            self._identities[self._trust.identity.kid] = self._trust.identity
        for certificate in self._certificates:
            name, key = certificates.signing_key(certificate, authorities) or ("", None)
            if key is None:
                continue
            if name == self._scope.gateway and self._trust.identity is None:
                self._identities[key.kid] = key
            elif name.endswith(RECEIPTS_NAME):
                self._receipt_keys[key.kid] = key
        if not self._identities:
            detail = f"no trusted authority certified an identity of {self._scope.gateway}"
            self.report.found(Fault.UNTRUSTED, None, detail)

    # ---- an epoch

    def _begin(self, item: EpochItem) -> None:
        known = _Epoch(item)
        if any(one.epoch == item.epoch for one in self._epochs):
            raise Malformed(f"epoch {item.epoch.hex()} stands twice")
        self._epochs.append(known)
        self._genesis(known)
        self._head(known)
        if known.head is not None and item.earlier is not None:
            self._consistency(known, item.earlier)
        if known.head is not None and item.stamped is not None:
            self._timestamp(known, item.stamped)
        if known.head is not None:
            for one in item.cosigned:
                self._cosigned(known, known.head, one)
            if item.second is not None:
                self._second(known, known.head, item.second)

    def _genesis(self, known: _Epoch) -> None:
        place = Place(known.epoch, 0)
        event = self._event(known.item.genesis, place)
        if event is None:
            return
        message, content = event
        if content.type != EventType.GENESIS or content.epoch != known.epoch:
            self.report.found(Fault.BAD_GENESIS, place, "no genesis of this epoch")
            return
        try:
            body = GenesisBody.from_body(content.body)
        except Malformed as error:
            self.report.found(Fault.BAD_GENESIS, place, str(error))
            return
        key = self._identities.get(message.kid) if body.vouched else body.event_key
        if key is None or message.kid != body.signer_kid or not _is_by(message, content, key):
            detail = f"no trusted identity key signed it: it names {message.kid.hex()}"
            self.report.found(Fault.UNKNOWN_KEY, place, detail)
            return
        known.genesis, known.key = body, body.event_key
        if not body.vouched:
            self.report.found(Fault.UNVOUCHED, place, "signed by its own key alone")

    def _head(self, known: _Epoch) -> None:
        opened = self._event(known.item.head, Place(known.epoch, 0), Fault.HEAD)
        if opened is None:
            return
        message, head = opened
        place = Place(known.epoch, head.seq)
        if head.epoch != known.epoch:
            self.report.found(Fault.HEAD, Place(known.epoch, 0), "the head is of another epoch")
            return
        if head.seq and (known.key is None or not self._verified(message, head, known.key)):
            return
        known.head, known.size, known.root = head, head.seq, head.root
        receipt = self._receipted(known, head, place)
        self.report.heads.append(
            Head(
                known.epoch,
                known.size,
                known.root,
                receipt.center if receipt else None,
                receipt.time_ms if receipt else None,
            )
        )

    def _receipted(self, known: _Epoch, head: Event, place: Place) -> Receipt | None:
        """Return the receipt, if it is one over the head."""
        item = known.item
        if item.receipt is None:
            return None
        try:
            key = self._receipt_keys.get(cose.parse(item.receipt).kid)
            if key is None:
                self.report.found(Fault.RECEIPT, place, "by a key that no trusted one certified")
                return None
            receipt = open_receipt(item.receipt, key)
        except (Malformed, BadSignature) as error:
            self.report.found(Fault.RECEIPT, place, str(error))
            return None
        leaf = tree.leaf_hash(item.head)
        for one in receipt.ranges:
            if one.epoch != head.epoch or not one.first <= head.seq <= one.last:
                continue
            at = (head.seq - one.first) * HASH_BYTES
            length = (one.last - one.first + 1) * HASH_BYTES
            told = len(item.leaves), hashlib.sha256(item.leaves).digest(), receipt.gateway
            holds = told == (length, one.digest, head.gateway)
            if holds and item.leaves[at : at + HASH_BYTES] == leaf:
                return receipt
        self.report.found(Fault.RECEIPT, place, "the receipt is not for this head")
        return None

    def _consistency(self, known: _Epoch, message: bytes) -> None:
        earlier = self._continued(known, message, known.item.consistency)
        if earlier is not None:
            self.report.heads[-1] = replace(self.report.heads[-1], earlier_size=earlier)

    def _continued(self, known: _Epoch, message: bytes, proof: Sequence[bytes]) -> int | None:
        """Return the size of another head, None where the epoch's head does not continue it."""
        opened = self._event(message, Place(known.epoch, 0), Fault.HEAD)
        if opened is None or known.key is None:
            return None
        parsed, other = opened
        if other.epoch != known.epoch:
            self.report.found(Fault.HEAD, Place(known.epoch, 0), "another one is not of this epoch")
            return None
        if not self._verified(parsed, other, known.key):
            return None
        if not tree.verify_consistency(other.seq, known.size, other.root, known.root, proof):
            detail = f"the head over {known.size} does not continue that over {other.seq}"
            self.report.found(Fault.PROOF, Place(known.epoch, other.seq), detail)
            return None
        return other.seq

    def _timestamp(self, known: _Epoch, given: StampedHead) -> None:
        size = self._continued(known, given.event, given.proof)
        if size is None:
            return
        leaf = tree.leaf_hash(given.event)
        try:
            stamped = timestamp.verify(given.token, leaf, self._trust.stampers)
        except (Malformed, BadSignature) as error:
            self.report.found(Fault.TIMESTAMP, Place(known.epoch, size), str(error))
            return
        head = replace(self.report.heads[-1], stamped=stamped, stamped_size=size)
        self.report.heads[-1] = head

    def _cosigned(self, known: _Epoch, head: Event, given: CosignedHead) -> None:
        trusted = self._trust.witnesses
        proven, named = check_cosigned(self.report, given, head, trusted, self._vouching)
        known.by_witness = known.by_witness or named
        if proven is not None:
            before = self.report.heads[-1]
            self.report.heads[-1] = replace(before, witnessed=(*before.witnessed, proven))

    def _second(self, known: _Epoch, head: Event, given: CosignedHead) -> None:
        named = None if known.genesis is None else known.genesis.second_key
        found = check_second(self.report, given, head, named, self._trust.second)
        known.is_seconded = True
        self.report.heads[-1] = replace(self.report.heads[-1], second=found)

    # ---- events

    def _run(self, known: _Epoch | None, run: Run) -> None:
        if known is None or run.first < known.next_seq:
            raise Malformed("events out of their place")
        peaks = None if run.peaks is None else Peaks.from_bytes(run.peaks)
        if peaks is not None and peaks.size != run.first:
            raise Malformed("the tree before a run is of another size")
        known.recent = {}
        for seq, envelope in enumerate(run.envelopes, run.first):
            leaf = tree.leaf_hash(envelope)
            self.report.events += 1
            known.recent[seq] = leaf
            event = self._of_epoch(known, envelope, Place(known.epoch, seq))
            if peaks is not None:
                if event is not None and peaks.root() != event.root:
                    detail = f"event {seq - 1} or this one is not what the gateway signed"
                    self.report.found(Fault.ROOT_MISMATCH, Place(known.epoch, seq), detail)
                peaks.append(leaf)
        last = run.first + len(run.envelopes) - 1
        known.next_seq = last + 1
        if known.held and known.held[-1][1] == run.first - 1:
            known.held[-1][1] = last
        else:
            known.held.append([run.first, last])
        self._proved(known, run, last)
        for envelope in run.twins:
            self._twin(known, envelope)

    def _of_epoch(self, known: _Epoch, envelope: bytes, place: Place) -> Event | None:
        """Return an event that is the epoch's and signed by its key; say what else it is."""
        opened = self._event(envelope, place)
        if opened is None:
            return None
        message, event = opened
        if event.epoch != known.epoch:
            self.report.found(Fault.WRONG_EPOCH, place, f"it is of epoch {event.epoch.hex()}")
            return None
        if event.seq != place.seq:
            self.report.found(Fault.GAP, place, f"event {event.seq} stands in its place")
            return None
        if event.seq == 0:
            if envelope != known.item.genesis:
                self.report.found(Fault.FORK, place, "another genesis of the same epoch")
            return event
        if known.key is None:
            return None  # its genesis was found bad, which is said
        return event if self._verified(message, event, known.key) else None

    def _proved(self, known: _Epoch, run: Run, last: int) -> None:
        place = Place(known.epoch, last)
        if known.head is None:
            return  # that is said
        leaf = known.recent[last]
        if last == known.size:
            if leaf != tree.leaf_hash(known.item.head):
                self.report.found(Fault.FORK, place, "another event of this number is the head")
        elif run.path is None:
            self.report.found(Fault.UNPROVEN, place, "no proof that it is in the tree of the head")
        elif not tree.verify_inclusion(leaf, last, known.size, run.path, known.root):
            self.report.found(Fault.PROOF, place, "its proof does not lead to the head")

    def _twin(self, known: _Epoch, envelope: bytes) -> None:
        opened = self._event(envelope, Place(known.epoch, known.next_seq))
        if opened is None:
            return
        place = Place(known.epoch, opened[1].seq)
        if opened[1].epoch != known.epoch or place.seq not in known.recent:
            raise Malformed("a twin of no event of its run")
        if self._of_epoch(known, envelope, place) and place.seq:
            self.report.found(Fault.FORK, place, "two events have this number")

    def _event(
        self, envelope: bytes, place: Place | None, what: Fault = Fault.MALFORMED
    ) -> tuple[cose.Message, Event] | None:
        """Return what an envelope holds, if it is one, and of the gateway."""
        try:
            message = cose.parse(envelope)
            event = read(message)
        except Malformed as error:
            self.report.found(what, place, str(error))
            return None
        if event.gateway != self._scope.gateway:
            detail = f"it is {event.gateway}'s"
            self.report.found(Fault.WRONG_GATEWAY, place, detail)
            return None
        return message, event

    def _verified(self, message: cose.Message, event: Event, key: PublicKey) -> bool:
        try:
            verify(message, event, key)
        except BadSignature as error:
            self.report.found(Fault.BAD_SIGNATURE, Place(event.epoch, event.seq), str(error))
            return False
        return True

    # ---- the whole

    def _seal(self, data: bytes, before: bytes) -> None:
        self._sealed = True
        try:
            message = cose.parse(data)
            seal = Seal.read(message)
        except Malformed as error:
            self.report.found(Fault.SEAL, None, str(error))
            return
        self.report.seal = seal
        events = {one.key.kid: one.key for one in self._epochs if one.key is not None}
        key = (self._receipt_keys | events).get(message.kid)
        if key is None:
            self.report.found(Fault.SEAL, None, f"sealed by {message.kid.hex()}, who is not known")
            return
        try:
            cose.verify(message, key, Domain.BUNDLE)
        except BadSignature as error:
            self.report.found(Fault.SEAL, None, str(error))
            return
        if seal.digest != before:
            self.report.found(Fault.SEAL, None, "the file is not as it was when it was sealed")
        elif (seal.gateway, seal.events) != (self._scope.gateway, self.report.events):
            self.report.found(Fault.SEAL, None, "the seal is of another bundle")

    def _lineage(self) -> None:
        """Compare epochs with what a later one says of them."""
        by_epoch = {one.epoch: one for one in self._epochs}
        followers: dict[bytes | None, bytes] = {}
        for one in self._epochs:
            if one.genesis is None:
                continue
            previous = one.genesis.previous_epoch
            if followers.setdefault(previous, one.epoch) != one.epoch:
                self.report.found(Fault.BRANCH, Place(one.epoch, 0), "two epochs follow one")
            before, size = by_epoch.get(previous or b""), one.genesis.previous_size
            if before is not None and before.next_seq > size:
                detail = f"it goes on after {size} events, {before.next_seq} are here"
                self.report.found(Fault.ROLLED_BACK, Place(one.epoch, 0), detail)

    def _unwitnessed(self) -> None:
        """Name the epochs whose events no named witness has cosigned anything of."""
        for one in self._epochs:
            if one.held and not one.by_witness:
                detail = (
                    "no witness that you named has cosigned this run: its history may be one of two"
                )
                self.report.found(Fault.UNWITNESSED, Place(one.epoch, one.held[0][0]), detail)

    def _unseconded(self, key: Sm2Key) -> None:
        """Name the epochs of whose events none is signed a second time."""
        for one in self._epochs:
            if one.held and not one.is_seconded:
                detail = f"nothing of this run is signed a second time by key {key.kid.hex()}"
                place = Place(one.epoch, one.held[0][0])
                self.report.found(Fault.SECOND_SIGNATURE, place, detail)


def _is_by(message: cose.Message, event: Event, key: PublicKey) -> bool:
    try:
        verify(message, event, key)
    except BadSignature:
        return False
    return True


def _octets(framed: Framed) -> bytes:
    if not isinstance(framed.value, bytes):
        raise Malformed(f"byte {framed.offset}: not bytes")
    return framed.value
