"""Checking all that is held of one gateway: signatures, numbers, roots, and how epochs follow.

Pure.  Feed envelopes epoch by epoch in order of their numbers, doubles and forks included, as a
journal or a center's database holds them; ask `lineage` when all are fed.

    verifier = EpochVerifier("gw1", identity_keys.get)
    for envelope in envelopes:
        problems += verifier.feed(envelope)
    problems += verifier.lineage()

What is found is in the names of `What`.  What cannot be found: an undelivered tail of an offline
gateway that its owner cut off, and what a thief of the running machine signs.
"""

from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from edge_agent.domain.event import BodyValue, EventType
from edge_agent.domain.stamp import Stamp
from edge_agent.evidence import cose, tree
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Message, PublicKey
from edge_agent.evidence.durable import Durable
from edge_agent.evidence.envelope import Event, peek, read, verify
from edge_agent.evidence.machine import Change, compare
from edge_agent.evidence.tree import HASH_BYTES, Peaks

BRANCHES_MAX = (
    8  # envelopes of one number whose trees are followed; more than one is a fork already
)
STRANGERS_MAX = 1024  # epochs without genesis that are told one by one: forgers choose how many


WORD_LOST = "; numbers among them are missing: its word about a refusing card may be one of them"


class What(StrEnum):
    """What can be wrong."""

    MALFORMED = "malformed"  # no envelope at all
    WRONG_GATEWAY = "wrong_gateway"  # signed in order, for another gateway
    UNKNOWN_KEY = "unknown_key"  # no genesis of that epoch, or an identity key we do not know
    WRONG_EPOCH = "wrong_epoch"  # signed by the event key of another epoch
    BAD_SIGNATURE = "bad_signature"
    BAD_GENESIS = "bad_genesis"  # well signed, but what it says makes no sense
    UNVOUCHED = "unvouched"  # a self-signed epoch that no identity key stood for later
    GAP = "gap"  # events that are missing
    FORK = "fork"  # another envelope of the same number
    ROOT_MISMATCH = "root_mismatch"  # an earlier event is not the one that the gateway signed over
    ROLLED_BACK = "rolled_back"  # the gateway continued from before what it had already signed
    BRANCH = "branch"  # two epochs follow the same one
    CLONE = "clone"  # ... on different boards: a copy of the gateway
    UNWRITTEN = "unwritten"  # as either of these, but for what was sent and never on the card
    ANCHOR = "anchor"  # a timestamp that proves nothing, or is of another event than is held
    SECOND_SIGNATURE = (
        "second_signature"  # one that proves nothing, or is of another head than held
    )
    RECEIPTS = "receipts"  # the receipts of a run are not those that it bound


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding; `seq` is the first bad number, `last` the end of a range, None where unknown."""

    what: What
    epoch: bytes | None
    seq: int | None
    detail: str
    last: int | None = None


@dataclass(slots=True)
class _Run:
    """Leaf hashes of envelopes whose numbers follow each other."""

    first: int
    leaves: bytearray


@dataclass(slots=True)
class _Epoch:
    """What is known of one epoch.

    `branches` holds the trees that its last number may lead to, `before` the tree without that
    number.  Below `resumed_at` events were checked in an earlier life and leaves are not at hand;
    from `lost_at` on roots cannot be checked.
    """

    key: PublicKey
    genesis: GenesisBody
    started: Stamp
    branches: list[Peaks]
    runs: list[_Run]
    before: Peaks = field(default_factory=Peaks)
    durable: Durable = field(default_factory=Durable)
    next_seq: int = 1
    resumed_at: int = 0
    lost_at: int | None = None

    def leaf(self, seq: int) -> bytes | None:
        """Return the leaf hash first fed for `seq`, None where there is none."""
        index = bisect_right(self.runs, seq, key=_first) - 1
        if index < 0:
            return None
        at = (seq - self.runs[index].first) * HASH_BYTES
        return bytes(self.runs[index].leaves[at : at + HASH_BYTES]) or None

    def add(self, seq: int, leaf: bytes) -> None:
        """Keep the leaf hash of a number that has none yet."""
        last = self.runs[-1] if self.runs else None
        if last and seq == last.first + len(last.leaves) // HASH_BYTES:
            last.leaves += leaf
        else:
            insort(self.runs, _Run(seq, bytearray(leaf)), key=_first)


@dataclass(frozen=True, slots=True)
class _Fed:
    """An envelope in the making of its judgement."""

    message: Message
    event: Event
    leaf: bytes


def _start(genesis: GenesisBody, started: Stamp, leaf: bytes) -> _Epoch:
    peaks = Peaks()
    peaks.append(leaf)
    return _Epoch(genesis.event_key, genesis, started, [peaks], [_Run(0, bytearray(leaf))])


def _first(run: _Run) -> int:
    return run.first


class EpochVerifier:
    """Follows the epochs of one gateway; memory is 32 bytes an event.

    `identity` returns the identity key of an id, None where it is not known.  Counters: `verified`
    events with a good signature; `doubles` fed again with the same bytes, or from below where the
    epoch was resumed; `late` fed after events that follow them (their gap was told); `unverifiable`
    events by keys that are not known (of an epoch without genesis only the first is a problem).
    """

    def __init__(self, gateway: str, identity: Callable[[bytes], PublicKey | None]) -> None:
        self.gateway = gateway
        self._identity = identity
        self._epochs: dict[bytes, _Epoch] = {}
        self._strangers: set[bytes] = set()  # epochs without genesis, told once
        self.verified = 0
        self.doubles = 0
        self.late = 0
        self.unverifiable = 0

    def proved_to(self, epoch: bytes) -> int:
        """Return how many events of `epoch`, from 0 on, are there with a root that proves them.

        The newest event is proved by the root of the one after it, not before.
        """
        known = self._epochs.get(epoch)
        if known is None:
            return 0
        return (known.next_seq if known.lost_at is None else known.lost_at) - 1

    def peaks(self, epoch: bytes) -> Peaks | None:
        """Return the tree over all events fed of `epoch`; None where it is lost or ambiguous."""
        known = self._epochs.get(epoch)
        if known is None or known.lost_at is not None or len(known.branches) != 1:
            return None
        return known.branches[0].copy()

    def resume(self, genesis: bytes, peaks: Peaks) -> list[Problem]:
        """Take up an epoch whose first `peaks.size` (1 or more) events were checked before."""
        problems = self.feed(genesis)
        event = None if problems else peek(genesis)[1]
        if event is not None and peaks.size > 1:
            known = self._epochs[event.epoch]
            known.branches, known.runs = [peaks.copy()], []
            known.resumed_at = known.next_seq = peaks.size
            known.durable.size = known.durable.next_seq = peaks.size
        return problems

    def feed(self, envelope: bytes) -> list[Problem]:
        """Take the next envelope; return what is wrong with it or with what it follows."""
        try:
            message = cose.parse(envelope)
            fed = _Fed(message, read(message), tree.leaf_hash(envelope))
        except Malformed as error:
            return [Problem(What.MALFORMED, None, None, str(error))]
        if fed.event.type == EventType.GENESIS:
            return self._feed_genesis(fed)
        return self._feed_event(fed)

    def second_key(self, epoch: bytes) -> dict[int, BodyValue] | None:
        """Return the second key that the good genesis of an epoch names."""
        known = self._epochs.get(epoch)
        return None if known is None else known.genesis.second_key

    def leaf(self, epoch: bytes, seq: int) -> bytes | None:
        """Return the leaf of an event that was fed, None where it was not."""
        known = self._epochs.get(epoch)
        return None if known is None else known.leaf(seq)

    # ---- a genesis

    def _feed_genesis(self, fed: _Fed) -> list[Problem]:
        kid, event = fed.message.kid, fed.event
        try:
            body = GenesisBody.from_body(event.body)
        except Malformed as error:
            return [_problem(What.BAD_GENESIS, event, str(error))]
        if kid != body.signer_kid:
            named = body.signer_kid.hex()
            return [_problem(What.BAD_GENESIS, event, f"signed by {kid.hex()}, names {named}")]
        key = self._identity(kid) if body.vouched else body.event_key
        if key is None:
            return [_problem(What.UNKNOWN_KEY, event, f"identity key {kid.hex()} is not known")]
        problem = self._check(fed, key)
        if problem:
            return [problem]
        if body.previous_epoch == event.epoch:
            return [_problem(What.BAD_GENESIS, event, "names itself as the epoch before")]
        known = self._epochs.get(event.epoch)
        if known is not None and (known.genesis.vouched or not body.vouched):
            return self._again(known, fed)
        self._epochs[event.epoch] = _start(body, event.stamp, fed.leaf)
        self.verified += 1
        if known is None:
            return []
        return [_problem(What.FORK, event, "replaces a self-signed genesis of the same epoch")]

    # ---- any other event

    def _feed_event(self, fed: _Fed) -> list[Problem]:
        event = fed.event
        known = self._epochs.get(event.epoch)
        if known is None or fed.message.kid != known.key.kid:
            return self._stranger(fed)
        problem = self._check(fed, known.key)
        if problem:
            return [problem]
        if event.seq < known.next_seq:
            return self._again(known, fed)
        self.verified += 1
        known.durable.feed(event)
        problems = self._advance(known, event)
        known.before = known.branches[0].copy()
        for peaks in known.branches:
            peaks.append(fed.leaf)
        known.add(event.seq, fed.leaf)
        known.next_seq = event.seq + 1
        return problems

    def _stranger(self, fed: _Fed) -> list[Problem]:
        kid, event = fed.message.kid, fed.event
        self.unverifiable += 1
        for other in self._epochs.values():
            if kid == other.key.kid:
                detail = f"key {kid.hex()} is of another epoch"
                wrong = _problem(What.WRONG_EPOCH, event, detail)
                return [self._check(fed, other.key) or wrong]
        if event.epoch in self._epochs:
            return [_problem(What.UNKNOWN_KEY, event, f"key {kid.hex()} is not this epoch's")]
        if event.epoch in self._strangers or len(self._strangers) == STRANGERS_MAX:
            return []
        self._strangers.add(event.epoch)
        return [_problem(What.UNKNOWN_KEY, event, "the epoch has no good genesis")]

    def _check(self, fed: _Fed, key: PublicKey) -> Problem | None:
        try:
            verify(fed.message, fed.event, key)
        except BadSignature as error:
            return _problem(What.BAD_SIGNATURE, fed.event, str(error))
        if fed.event.gateway != self.gateway:
            return _problem(What.WRONG_GATEWAY, fed.event, f"it is {fed.event.gateway}'s")
        return None

    def _again(self, known: _Epoch, fed: _Fed) -> list[Problem]:
        """Judge an event below the next number: a double, a late one or a fork."""
        event, leaf = fed.event, fed.leaf
        before = known.leaf(event.seq)
        if before == leaf or event.seq < known.resumed_at:
            self.doubles += 1
            return []
        self.verified += 1
        if before is None:
            self.late += 1
            known.add(event.seq, leaf)
            return []
        at_end = event.seq == known.next_seq - 1 and known.lost_at is None
        if at_end and len(known.branches) < BRANCHES_MAX:  # the next root tells which was meant
            branch = known.before.copy()
            branch.append(leaf)
            known.branches.append(branch)
        return [_problem(What.FORK, event, f"leaf {leaf.hex()[:16]} beside {before.hex()[:16]}")]

    def _advance(self, known: _Epoch, event: Event) -> list[Problem]:
        """Check number and root against what came before."""
        if event.seq > known.next_seq:
            known.lost_at = known.next_seq if known.lost_at is None else known.lost_at
            first, last = known.next_seq, event.seq - 1
            detail = f"events {first}..{last} are missing"
            return [Problem(What.GAP, event.epoch, first, detail, last)]
        if known.lost_at is not None:
            return []
        fitting = [peaks for peaks in known.branches if peaks.root() == event.root]
        if fitting:
            known.branches = fitting
            return []
        known.lost_at = event.seq
        detail = f"event {event.seq - 1} or this one is not what the gateway signed"
        return [_problem(What.ROOT_MISMATCH, event, detail)]

    # ---- how epochs follow each other

    def lineage(self) -> list[Problem]:
        """Return what is wrong between the epochs fed so far; the same each time it is asked."""
        problems: list[Problem] = []
        followers: dict[bytes | None, bytes] = {}
        beginning = self._beginning()
        for epoch, known in self._epochs.items():
            previous = known.genesis.previous_epoch
            other = followers.setdefault(previous, epoch)
            if other != epoch:
                problems.append(self._branch(previous, other, epoch))
            problems += self._predecessor(epoch, known, begins=epoch == beginning)
            if not known.genesis.vouched and not self._vouched_later(epoch):
                detail = "self-signed, and no later epoch of the identity key stands for it"
                problems.append(Problem(What.UNVOUCHED, epoch, 0, detail))
        return problems

    def _branch(self, previous: bytes | None, one: bytes, other: bytes) -> Problem:
        """Name what two epochs are that follow the same one; `one` came first."""
        if began_before(self._epochs[other].started, self._epochs[one].started):
            one, other = other, one  # a broker may hold for long what it was given
        if not self._epochs[one].durable.size:
            detail = f"nothing of it need have been on the card when {other.hex()} went on"
            return Problem(What.UNWRITTEN, one, 0, detail)
        named = "nothing" if previous is None else previous.hex()
        detail = f"this epoch and {one.hex()} both follow {named}"
        machines = (self._epochs[epoch].genesis.machine for epoch in (one, other))
        if compare(*machines) is Change.MOVED:
            return Problem(What.CLONE, other, 0, f"{detail}, on different boards")
        lost = self._epochs[one].lost_at is not None
        return Problem(What.BRANCH, other, 0, detail + WORD_LOST * lost)

    def _beginning(self) -> bytes | None:
        """Return the epoch that what is held may begin with: the first that was fed, or the one
        that it follows, as far as these are held.  A backlog is fed after what is live.
        """
        epoch, seen = next(iter(self._epochs), None), set[bytes]()
        while epoch is not None and epoch not in seen:
            seen.add(epoch)
            before = self._epochs[epoch].genesis.previous_epoch
            if before is None or before not in self._epochs:
                break
            epoch = before
        return epoch

    def _predecessor(self, epoch: bytes, known: _Epoch, *, begins: bool) -> Iterator[Problem]:
        """Compare what a genesis says of the epoch before with what is held of that."""
        genesis = known.genesis
        if genesis.previous_epoch is None:
            return
        size, before = genesis.previous_size, self._epochs.get(genesis.previous_epoch)
        if before is None:
            if not begins and size > 0:  # what is held may begin anywhere, but only once
                detail = f"epoch {genesis.previous_epoch.hex()} is missing, {size} events"
                yield Problem(What.GAP, genesis.previous_epoch, 0, detail, size - 1)
        elif before.next_seq < size:
            detail = f"the next epoch names {size} events, {before.next_seq} are held"
            yield Problem(What.GAP, genesis.previous_epoch, before.next_seq, detail, size - 1)
        elif before.next_seq > size:
            detail = (
                f"it continues {genesis.previous_epoch.hex()} after {size} events "
                f"({genesis.ended}), {before.next_seq} are held"
            )
            if before.durable.explains(size, genesis.ended):
                detail += "; the card refused, or had no time to write the rest"
                yield Problem(What.UNWRITTEN, genesis.previous_epoch, size, detail)
            else:
                lost = before.lost_at is not None and before.lost_at >= size
                yield Problem(What.ROLLED_BACK, epoch, 0, detail + WORD_LOST * lost)
        elif before.lost_at is None and not _ends_in(before, genesis):
            detail = f"the next epoch ({genesis.ended}) names another root over {size} events"
            yield Problem(What.ROOT_MISMATCH, genesis.previous_epoch, size - 1, detail)

    def _vouched_later(self, epoch: bytes) -> bool:
        """Return whether a chain of following epochs leads to one that the identity key signed."""
        known, seen = self._epochs[epoch], {epoch}
        while not known.genesis.vouched:
            following = [
                (key, other)
                for key, other in self._epochs.items()
                if other.genesis.previous_epoch == epoch and key not in seen
            ]
            good = [(key, other) for key, other in following if _ends_in(known, other.genesis)]
            if not good:
                return False
            epoch, known = good[0]
            seen.add(epoch)
        return True


def check(
    gateway: str, identity: Callable[[bytes], PublicKey | None], envelopes: Iterable[bytes]
) -> Iterator[Problem]:
    """Yield all that is wrong with `envelopes`, which is all that is held of `gateway`."""
    verifier = EpochVerifier(gateway, identity)
    for envelope in envelopes:
        yield from verifier.feed(envelope)
    yield from verifier.lineage()


def began_before(one: Stamp, other: Stamp) -> bool:
    """Tell whether an epoch began before another for certain: both in one boot."""
    return one.boot_id == other.boot_id and one.boottime_ns < other.boottime_ns


def _problem(what: What, event: Event, detail: str) -> Problem:
    return Problem(what, event.epoch, event.seq, detail)


def _ends_in(known: _Epoch, following: GenesisBody) -> bool:
    """Return whether `known` is held whole and ends in the head that the next epoch names."""
    if known.lost_at is not None or known.next_seq != following.previous_size:
        return False
    return any(peaks.root() == following.previous_root for peaks in known.branches)
