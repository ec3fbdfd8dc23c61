"""Whether a witness cosigns a head (pure).

Of each gateway the witness holds one history: a chain of epochs, of each the largest head that it
cosigned.  A head is cosigned where it is the gateway's and continues that.  What contradicts it is
refused and kept with both signed messages; where they prove by themselves that there are two
histories, nothing more of that gateway is cosigned until somebody at the witness has looked.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from cryptography import x509

from edge_agent.domain.event import EventType
from edge_agent.evidence import certificates, cose, tree
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.envelope import Event, read, verify
from edge_agent.evidence.submission import Submission


class Untrusted(Exception):  # noqa: N818  reads as a verdict
    """Nobody whom the witness knows vouches for the gateway."""


class Conflict(StrEnum):
    """How a head contradicts what the witness holds."""

    FORK = "fork"  # two events of one number, or two trees of one size
    BRANCH = "branch"  # two epochs follow the same one
    ROLLED_BACK = "rolled_back"  # an epoch goes on from fewer events than were seen
    RESTARTED = "restarted"  # an epoch that follows none of those that were seen
    UNPROVEN = "unproven"  # the proof that it continues does not lead there
    SMALLER = "smaller"  # an older head: the asker has less than the witness has seen


CERTAIN = {Conflict.FORK, Conflict.BRANCH, Conflict.ROLLED_BACK, Conflict.RESTARTED}
"""What the two signed messages prove by themselves, whoever brought them."""


@dataclass(frozen=True, slots=True)
class Held:
    """One epoch as far as it was cosigned.

    `head` is the event that tells `size` and `root`; `ended` how many events the epoch had in all,
    as the genesis of the next one tells.
    """

    epoch: bytes
    genesis: bytes
    size: int
    root: bytes
    head: bytes
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What the witness holds of one gateway, as far as a submission needs it.

    `epochs` are by id; `followers` is the genesis of the epoch that follows one; `newest` any
    signed head.  `stopped`: a contradiction that nobody has looked at.  `open`: somebody has, and
    the next epoch may begin anew.
    """

    epochs: Mapping[bytes, Held] = field(default_factory=dict)
    followers: Mapping[bytes, bytes] = field(default_factory=dict)
    newest: bytes | None = None
    stopped: bool = False
    open: bool = False


@dataclass(frozen=True, slots=True)
class Proven:
    """A submission whose signatures are good: whose head it is, and what it says."""

    authority: bytes  # SHA-256 over the public key of who certified the gateway
    genesis: GenesisBody
    head: Event
    submission: Submission

    @property
    def asks_of(self) -> tuple[bytes, ...]:
        """The epochs that its judgement needs: its own and the one before."""
        before = self.genesis.previous_epoch
        return (self.head.epoch,) if before is None else (self.head.epoch, before)


@dataclass(frozen=True, slots=True)
class Cosign:
    """The head is to be cosigned; `held` and `ended` are what is held from then on."""

    held: Held
    ended: Held | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """This very head was cosigned before: the same cosignature is the answer."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The proof has to begin at `size` of `epoch`, which the witness holds."""

    epoch: bytes
    size: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not cosigned: both signed messages are kept."""

    what: Conflict
    epoch: bytes
    detail: str
    seen: bytes
    shown: bytes
    size: int | None = None  # what is held of `epoch`, where the asker may go on from it


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing of this gateway is cosigned until somebody at the witness has looked."""


Verdict = Cosign | Again | Behind | Refused | Stopped


def prove(submission: Submission, authorities: Iterable[x509.Certificate]) -> Proven:
    """Check the signatures of a submission.  Raises Malformed, BadSignature, Untrusted."""
    certificate = certificates.read(submission.identity)
    for authority in authorities:
        named = certificates.signing_key(certificate, [authority])
        if named is not None:
            break
    else:
        raise Untrusted("none of the authorities that are known here certified this identity")
    name, key = named
    message = cose.parse(submission.genesis)
    genesis = read(message)
    if genesis.gateway != name:
        raise Untrusted(f"{name[:80]!r} is not {genesis.gateway}")
    if genesis.type != EventType.GENESIS:
        raise Malformed("the genesis is none")
    body = GenesisBody.from_body(genesis.body)
    if body.identity_kid != key.kid:
        raise BadSignature("the genesis is not signed by that identity key")
    if body.previous_epoch == genesis.epoch:
        raise Malformed("it names itself as the run before")
    verify(message, genesis, key)
    head_message = cose.parse(submission.head)
    head = read(head_message)
    if (head.gateway, head.epoch) != (genesis.gateway, genesis.epoch):
        raise Malformed("the head is not of the epoch of the genesis")
    if head.seq:
        cose.verify(head_message, body.event_key, Domain.EVENT)
    elif submission.head != submission.genesis:
        raise Malformed("a head of number 0 is the genesis itself")
    return Proven(certificates.key_digest(authority), body, head, submission)


def judge(proven: Proven, history: History) -> Verdict:
    """Return what becomes of a head whose signatures are good."""
    if history.stopped:
        return Stopped()
    held = history.epochs.get(proven.head.epoch)
    if held is None:
        return _first(proven, history)
    return _further(proven, held, history.followers.get(held.epoch, b""))


def _further(proven: Proven, held: Held, follower: bytes) -> Verdict:
    """Judge a head of an epoch that the witness knows; `follower` is the genesis of the next."""
    head, shown = proven.head, proven.submission
    if shown.genesis != held.genesis:
        detail = "another genesis of the same run"
        return Refused(Conflict.FORK, held.epoch, detail, held.genesis, shown.genesis)
    if shown.head == held.head:
        return Again()
    if head.seq == held.size:
        detail = f"two events have the number {head.seq}"
        return Refused(Conflict.FORK, held.epoch, detail, held.head, shown.head)
    if held.ended is not None and head.seq >= held.ended:
        detail = f"event {head.seq} of a run that was said to end after {held.ended}"
        return Refused(Conflict.ROLLED_BACK, held.epoch, detail, follower, shown.head)
    known = held.size if held.ended is None else held.ended
    if head.seq < known:
        detail = f"a head over {head.seq}, and {known} events were seen"
        return Refused(Conflict.SMALLER, held.epoch, detail, held.head, shown.head, held.size)
    unproven = _continues(proven, held, head.seq, head.root, shown.head)
    return unproven or Cosign(_held(proven))


def _first(proven: Proven, history: History) -> Verdict:
    """Judge a head of an epoch that is new to the witness."""
    genesis, shown = proven.genesis, proven.submission.genesis
    previous, epoch = genesis.previous_epoch, proven.head.epoch
    before = history.epochs.get(previous) if previous is not None else None
    if before is None or previous is None:
        if history.newest is None or history.open:
            return Cosign(_held(proven))
        detail = "it follows no run that was ever seen here"
        return Refused(Conflict.RESTARTED, epoch, detail, history.newest, shown)
    follower = history.followers.get(previous)
    if follower is not None:
        detail = f"two runs follow {previous.hex()}"
        verdict: Verdict = Refused(Conflict.BRANCH, epoch, detail, follower, shown)
    elif genesis.previous_size <= before.size:
        detail = (
            f"it goes on after {genesis.previous_size} events of {previous.hex()}, "
            f"event {before.size} was seen"
        )
        verdict = Refused(Conflict.ROLLED_BACK, epoch, detail, before.head, shown)
    else:
        root = genesis.previous_root or b""
        ended = replace(before, ended=genesis.previous_size)
        unproven = _continues(proven, before, genesis.previous_size, root, shown)
        return unproven or Cosign(_held(proven), ended)
    return Cosign(_held(proven)) if history.open else verdict


def _continues(
    proven: Proven, held: Held, size: int, root: bytes, shown: bytes
) -> Behind | Refused | None:
    """Return why a larger tree does not continue the one that is held; None where it does."""
    if proven.submission.old_size != held.size:
        return Behind(held.epoch, held.size)
    if tree.verify_consistency(held.size, size, held.root, root, proven.submission.proof):
        return None
    detail = f"the proof does not show that {size} events continue the {held.size} cosigned"
    return Refused(Conflict.UNPROVEN, held.epoch, detail, held.head, shown, held.size)


def _held(proven: Proven) -> Held:
    head, shown = proven.head, proven.submission
    return Held(head.epoch, shown.genesis, head.seq, head.root, shown.head)
