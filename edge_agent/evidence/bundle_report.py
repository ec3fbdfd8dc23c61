"""What a reader of an evidence bundle trusts, and what was found in it."""

from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509

from edge_agent.evidence.bundle import Scope, Seal
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.cosignature import Cosignature
from edge_agent.evidence.seconded import Seconded
from edge_agent.evidence.sm2 import Sm2Key
from edge_agent.evidence.timestamp import Stamped

PROBLEMS_MAX = 1_000  # named; more are counted


class Fault(StrEnum):
    """What can be wrong with a bundle."""

    MALFORMED = "malformed"  # not laid out as the page says; nothing behind it was read
    UNTRUSTED = "untrusted"  # no authority that the reader trusts certified the gateway's identity
    UNKNOWN_KEY = "unknown_key"  # signed by a key that nothing in the bundle vouches for
    BAD_SIGNATURE = "bad_signature"
    WRONG_GATEWAY = "wrong_gateway"
    WRONG_EPOCH = "wrong_epoch"
    BAD_GENESIS = "bad_genesis"
    UNVOUCHED = "unvouched"  # a self-signed epoch: the store that has the later ones tells more
    GAP = "gap"  # numbers that should be there and are not
    FORK = "fork"  # another event of the same number
    ROOT_MISMATCH = "root_mismatch"  # the event before is not the one that was signed over
    ROLLED_BACK = "rolled_back"  # the next epoch goes on from fewer events than are here
    BRANCH = "branch"  # two epochs follow the same one
    PROOF = "proof"  # a proof that does not lead to the head
    UNPROVEN = "unproven"  # signed, and no proof that it is in the tree of the head
    HEAD = "head"  # the head is none of this epoch
    RECEIPT = "receipt"  # the receipt is not for the head
    TIMESTAMP = "timestamp"  # it proves nothing: of something else, or by nobody who is trusted
    WITNESS = "witness"  # a cosignature of something else, or not by the witness that it names
    UNWITNESSED = "unwitnessed"  # no witness that the reader named has cosigned the epoch
    SECOND_SIGNATURE = "second_signature"  # bad, or missing where the reader gave its key
    SAMPLE = "sample"  # other events than those that the nonce draws
    SEAL = "seal"  # something in the file is not as it was when it was written
    PAGE = "page"  # the page before it is not the one that the gateway recorded


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found; `seq` is the first bad number, None where no number is meant."""

    what: Fault
    epoch: bytes | None
    seq: int | None
    detail: str
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Trust:
    """What the reader knows beforehand: authorities, or the identity key itself.

    Without either the self-signed certificates inside are taken, and shown to be compared by hand;
    so is the last certificate of a timestamp without `stampers`.  With `witnesses` each epoch must
    be cosigned by one of them; without, no cosignature proves anything.  With `second` each epoch
    must be signed a second time by that key; without, by the one that its genesis names, if it is.
    """

    authorities: tuple[x509.Certificate, ...] = ()
    stampers: tuple[x509.Certificate, ...] = ()
    identity: PublicKey | None = None
    witnesses: tuple[PublicKey, ...] = ()
    second: Sm2Key | None = None


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A cosignature in a bundle whose tree the head continues; `kid` names the key.

    `proven`: the reader named that key, and it signed.
    """

    cosignature: Cosignature
    kid: bytes
    proven: bool


@dataclass(frozen=True, slots=True)
class Head:
    """A head that events were proved against; `center` and `time_ms` of the receipt over it."""

    epoch: bytes
    size: int
    root: bytes
    center: str | None = None
    time_ms: int | None = None
    earlier_size: int | None = None  # of the head that this one was shown to continue
    stamped: Stamped | None = None
    stamped_size: int | None = None  # of the head that an authority timestamped
    witnessed: tuple[Witnessed, ...] = ()
    second: Seconded | None = None


@dataclass(slots=True)
class Report:
    """What was found; `scope` and `seal` None where the file did not come so far."""

    scope: Scope | None = None
    seal: Seal | None = None
    events: int = 0
    heads: list[Head] = field(default_factory=list)
    authorities: list[str] = field(default_factory=list)  # fingerprints of those that were used
    pinned: bool = False  # the reader named what it trusts
    problems: list[Problem] = field(default_factory=list)
    more: int = 0  # problems beyond those named

    def found(self, what: Fault, place: Place | None, detail: str, last: int | None = None) -> None:
        """Add a problem, within the bound."""
        if len(self.problems) == PROBLEMS_MAX:
            self.more += 1
            return
        epoch, seq = place or (None, None)
        self.problems.append(Problem(what, epoch, seq, detail, last))
