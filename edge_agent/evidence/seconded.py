"""What second signatures in a gateway's records prove, judged alike by gateway and center (pure).

`edge_agent.evidence.second_signature` says what one is; those in a bundle are judged here as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.domain.event import BodyValue
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.second_signature import SecondSignature, SecondSignatureBody, kept_in
from edge_agent.evidence.sm2 import ALGORITHM, Sm2Key
from edge_agent.evidence.verify import Problem, What

OTHER_ALGORITHM = "by an algorithm that is not known here"
NO_KEY = "its run names no SM2 key, and you gave none"


@dataclass(frozen=True, slots=True)
class Seconded:
    """A second signature over the first events of a run, up to `place`.

    `unchecked` says why its signature was not checked, empty where it was found good; `given`: by a
    key that the reader named.  `held` tells whether the event that carries the root is here.
    """

    place: Place
    kid: bytes
    given: bool = False
    held: bool = True
    unchecked: str = ""

    @property
    def facts(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "head": str(self.place),
            "key_id": self.kid.hex(),
            "good": not self.unchecked,
            "given": self.given,
            "held": self.held,
            "unchecked": self.unchecked or None,
        }

    @property
    def words(self) -> str:
        """Say it to people."""
        if self.unchecked:
            return f"SM2 signature of head {self.place}: NOT CHECKED: {self.unchecked}"
        why = "given by you" if self.given else "named by its run: COMPARE it, or give it by --sm2"
        return f"SM2 signature of head {self.place}: good, by key {self.kid.hex()} ({why})"


def judge(
    data: bytes, gateway: str, named: Mapping[int, BodyValue] | None, given: Sm2Key | None
) -> tuple[SecondSignature, Seconded]:
    """Return a message and what it proves, its root not yet compared.

    `named` is the second key in the genesis of its run, `given` what the reader brought.  Raises
    Malformed, BadSignature.
    """
    signed = SecondSignature.read(data)
    head, kid = signed.head, signed.told.kid
    found = Seconded(Place(head.epoch, head.size), kid, given is not None)
    if head.gateway != gateway:
        raise BadSignature(f"it is {head.gateway}'s")
    if signed.told.algorithm != ALGORITHM:
        return signed, Seconded(found.place, kid, unchecked=OTHER_ALGORITHM)
    key = given if given is not None or named is None else Sm2Key.from_value(dict(named))
    if key is None:
        return signed, Seconded(found.place, kid, unchecked=NO_KEY)
    signed.verify(key)
    return signed, found


class SecondCheck:
    """Judges events that keep second signatures and were verified before, in order of the records.

    `expect` is fed with all envelopes in a first reading, `see` with the good events of a second
    one: of all roots only those of signed heads are kept.
    """

    def __init__(self, given: Sm2Key | None = None) -> None:
        self.given = given
        self.seconded: list[Seconded] = []
        self._roots: dict[Place, set[bytes]] = {}

    def expect(self, envelope: bytes) -> None:
        """Take any envelope: of one that keeps a signature the head that it is over."""
        if (message := kept_in(envelope)) is not None:
            head = SecondSignature.read(message).head
            self._roots[Place(head.epoch, head.size)] = set()

    def see(self, epoch: bytes, seq: int, root: bytes) -> None:
        """Take the root that any good event carries."""
        if (roots := self._roots.get(Place(epoch, seq))) is not None:
            roots.add(root)

    def take(self, event: Event, named: Mapping[int, BodyValue] | None) -> list[Problem]:
        """Return what is wrong with an event that keeps one; `named` by the genesis of its run."""
        try:
            body = SecondSignatureBody.from_body(event.body)
            signed, found = judge(body.message, event.gateway, named, self.given)
        except (Malformed, BadSignature) as error:
            return [_problem(event, str(error))]
        if signed.head.epoch != event.epoch:
            return [_problem(event, f"it is of another run, {signed.head.epoch.hex()}")]
        roots = self._roots.get(found.place, set())
        if roots and signed.head.root not in roots:
            return [_problem(event, f"head {found.place} is not the one that was signed")]
        self.seconded.append(
            Seconded(found.place, found.kid, found.given, bool(roots), found.unchecked)
        )
        return []

    def finish(self) -> list[Problem]:
        """Return what is missing: whoever gave a key wants to see it used."""
        if self.given is None or any(not one.unchecked for one in self.seconded):
            return []
        detail = f"nothing is signed a second time by key {self.given.kid.hex()}, which you gave"
        return [Problem(What.SECOND_SIGNATURE, None, None, detail)]

    def facts(self) -> list[dict[str, object]]:
        """Return plain values for JSON."""
        return [one.facts for one in self.seconded]

    def words(self) -> list[str]:
        """Say it to people: the newest that is good, and what was not checked."""
        good = [one for one in self.seconded if not one.unchecked]
        said = []
        if good:
            more = f"; {len(good)} of them are good" if len(good) > 1 else ""
            said.append(f"{good[-1].words}: it covers all before, what came after has none{more}")
        unchecked = [one for one in self.seconded if one.unchecked]
        if unchecked:
            said.append(f"{unchecked[-1].words}; {len(unchecked)} in all")
        return said


def _problem(event: Event, detail: str) -> Problem:
    return Problem(What.SECOND_SIGNATURE, event.epoch, event.seq, detail)
