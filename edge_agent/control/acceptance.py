"""Decides which of a center's commands are carried out (pure).

A command must be signed by the pinned key, name this gateway and the running epoch, be new, not be
over, be within its operator's role, and within what the site's charter allows (`warranted`).  The
epoch alone ends every copy from before a start; the numbers end those of this run.  Its end is
judged by what is certain of the time: a gateway that does not know it refuses what is certainly
over and nothing else.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.control import entitlement
from edge_agent.control.refusal import Refusal
from edge_agent.control.warranted import Terms, doubt_of
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import DISPOSITION, CenterCommand, digest_of, open_command
from edge_agent.evidence.cose import BadSignature, PublicKey

NUMBERS_MAX = 1024  # of one epoch, remembered: people give commands, not machines
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Accepted:
    """It is to be carried out, once; `digest` is SHA-256 over its signed bytes."""

    command: CenterCommand
    digest: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not; `command` is there where the center certainly signed it, for this gateway."""

    why: Refusal
    detail: str
    digest: bytes = b""
    command: CenterCommand | None = None


class Acceptance:
    """What one center may have this run of the gateway do; `key` None: nothing."""

    def __init__(
        self,
        gateway: str,
        epoch: bytes,
        key: PublicKey | None,
        terms: Callable[[], Terms] = Terms,
    ) -> None:
        self._gateway = gateway
        self._epoch = epoch
        self._key = key
        self._terms = terms
        self._mandates: OrderedDict[bytes, None] = OrderedDict()  # used, the newest
        self._numbers: set[int] = set()
        self._floor = 0  # the highest number that was forgotten: it and all below count as used

    def judge(self, data: bytes, *, retained: bool, earliest_ns: int) -> Accepted | Refused:
        """Decide about what came; `earliest_ns` is the Unix time that has certainly come."""
        if self._key is None:
            return Refused(Refusal.NO_KEY, "no command_certificate is configured for this center")
        if retained:
            return Refused(Refusal.RETAINED, "the broker was to keep it for later")
        try:
            command = open_command(data, self._key)
        except Malformed as error:
            return Refused(Refusal.MALFORMED, str(error))
        except BadSignature as error:
            return Refused(Refusal.BAD_SIGNATURE, str(error))
        if command.gateway != self._gateway:
            return Refused(Refusal.MISADDRESSED, f"for {command.gateway}, by {command.actor}")
        digest = digest_of(data)
        refusal = self._refusal(command, earliest_ns)
        if refusal is None:
            return Accepted(command, digest)
        why, detail = refusal
        said = f"{command.what} by {command.actor}: {detail}"
        return Refused(why, said, digest, command)

    def _refusal(self, command: CenterCommand, earliest_ns: int) -> tuple[Refusal, str] | None:
        if command.epoch != self._epoch:
            return Refusal.WRONG_EPOCH, f"for epoch {command.epoch.hex()}"
        if command.number <= self._floor or command.number in self._numbers:
            return Refusal.REPLAYED, f"number {command.number} was used before"
        self._use(command.number)
        if command.until_ms * _MS < earliest_ns:
            late_s = (earliest_ns // _MS - command.until_ms) // 1000
            return Refusal.EXPIRED, f"it was over {late_s} s ago"
        if command.what not in entitlement.KNOWN:
            return Refusal.UNSUPPORTED, "this version knows no such command"
        if not entitlement.is_entitled(command):
            return Refusal.UNENTITLED, f"{entitlement.wanted_by(command)} is not for {command.role}"
        if (doubt := doubt_of(command, self._terms(), earliest_ns)) is not None:
            return doubt
        return self._used_mandates(command)

    def _used_mandates(self, command: CenterCommand) -> tuple[Refusal, str] | None:
        """Take each mandate once, whoever sends it: all but dispositions, which are brought again.

        Also the second one: or the first operator alone could give the same command once more.
        """
        if command.what == DISPOSITION:
            return None
        mandates = [one.mandate for one in command.warrants]
        if any(one in self._mandates for one in mandates):
            return Refusal.REPLAYED, "a mandate of its operators was used before"
        self._mandates.update(dict.fromkeys(mandates))
        while len(self._mandates) > NUMBERS_MAX:
            self._mandates.popitem(last=False)
        return None

    def _use(self, number: int) -> None:
        self._numbers.add(number)
        if len(self._numbers) > NUMBERS_MAX:
            self._floor = min(self._numbers)  # a thousand at most, and commands are rare
            self._numbers.discard(self._floor)
