"""The charter in force on this gateway: kept, taken over from a start or an order, told of.

It is kept twice: beside the configuration, where people look and put a new one, and beside the
journal, from where it is in force.  So a file that is lost, damaged or put back to an older one
changes nothing but what is said of it.  A charter comes into force when it is recorded: the event
carries it whole, with its signatures.

Without a charter nothing is allowed that needs one, and records go to the centers that the
configuration names: alarms wait for no paper.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import structlog

from edge_agent import files
from edge_agent.config import Loaded
from edge_agent.control.warranted import Terms
from edge_agent.daemon.authorities import authorities_of
from edge_agent.daemon.commands import DONE, Result, Work
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.command import Act, Command
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody, FindingBody, Severity
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import BYTES_MAX, FILE, Charter, SignedCharter, read_signed
from edge_agent.evidence.command import CHARTER, CHARTER_SIGNED, CenterCommand, CommandRef
from edge_agent.evidence.succession import NotValid, check_first, check_next, check_whole
from edge_agent.uplink.access import Authorities

KEPT = "charter"  # beside the journal
RULE = "charter"

log = structlog.get_logger()

Note = Callable[[EventType, Lane, Body], None]
"""Records an event of the agent itself."""


Centers = Callable[[], Mapping[str, Authorities]]
"""Returns the authorities of each center of the configuration whose file can be read."""


@dataclass(frozen=True, slots=True)
class Found:
    """What lay there at a start: `data` None: no file, or one that cannot be read."""

    file: Path
    data: bytes | None
    trouble: str = ""


class Chartered:
    """The charter of one gateway; `folder` is that of the configuration, `data` of the journal."""

    def __init__(
        self, gateway: str, folders: tuple[Path, Path], centers: Centers, note: Note
    ) -> None:
        self._gateway = gateway
        self._shown, self._kept = folders[0] / FILE, folders[1] / KEPT
        self._centers = centers
        self._note = note
        self._signed: SignedCharter | None = None
        self._changed = asyncio.Event()
        self._alone = asyncio.Lock()

    @classmethod
    def of(cls, loaded: Loaded, data: Path, note: Note) -> Self:
        """Return that of a configuration, kept in `data` beside the journal."""
        folders = (loaded.file.parent, data)
        return cls(loaded.config.gateway.id, folders, authorities_of(loaded), note)

    @property
    def works(self) -> dict[str, Work]:
        """What a center's commands may ask of it, by their word."""
        return {CHARTER: self.take}

    @property
    def charter(self) -> Charter | None:
        """The charter in force, None without one."""
        return None if self._signed is None else self._signed.charter

    @property
    def signed(self) -> SignedCharter | None:
        """The charter in force with its signatures, None without one."""
        return self._signed

    @property
    def mark(self) -> tuple[int, bytes] | None:
        """Number and digest of the charter in force, as heartbeats tell them."""
        return None if self.charter is None else _mark(self.charter)

    def facts(self) -> dict[str, Any] | None:
        """Return what is in force in plain values, for `edge-agent status`."""
        if (charter := self.charter) is None:
            return None
        number, digest, purpose = charter.number, charter.digest.hex(), charter.purpose
        return {"number": number, "digest": digest, "purpose": purpose}

    async def changed(self) -> None:
        """Return when another charter has come into force."""
        await self._changed.wait()

    def permits(self, center: str) -> str:
        """Return why records may not go to a center; empty where they may."""
        return self.permits_under(self.charter, center)

    def permits_under(self, charter: Charter | None, center: str) -> str:
        """Return the same under a charter that may not be in force yet."""
        known = self._centers().get(center)
        if charter is None or charter.sends_to(center, () if known is None else known.digests):
            return ""  # whoever cannot read its `ca` says so, and asks again when they can
        return f"charter {charter.number} does not name it with the authority in its `ca`"

    def terms(self, center: str) -> Terms:
        """Return what the commands of a center stand under now."""
        known = self._centers().get(center)
        return Terms(self.charter, () if known is None else known.keys)

    def outside(self, panel: str, command: Command) -> str:
        """Return why an order is outside of what the system is for; empty where it is not."""
        charter = self.charter
        zone = None if command.act in (Act.OUTPUT_ON, Act.OUTPUT_OFF) else command.zone
        if charter is None or charter.watches(panel, zone):
            return ""
        place = panel if zone is None or not charter.watches(panel) else f"zone {zone} of {panel}"
        return f"charter {charter.number} does not name {place}"

    # ---- at a start

    def begin(self) -> None:
        """Put into force what was kept, or a rightful one that lies beside the configuration."""
        self._signed, trouble = self._whole(_look(self._kept))
        if trouble:
            self._find(f"{self._kept}: {trouble}")
        shown = _look(self._shown)
        offered, trouble = self._whole(shown)
        if offered is not None and self.mark != _mark(offered.charter):
            self._offer(offered)
        elif self._signed is not None and shown.data != self._signed.data:
            cause = trouble or ("it was not there" if shown.data is None else "another copy")
            self._find(f"{self._shown}: {cause}; written anew")
            self._write(self._shown, self._signed)
        elif trouble:
            self._find(f"{self._shown}: {trouble}")

    def _whole(self, found: Found) -> tuple[SignedCharter | None, str]:
        """Return a charter of this gateway that its parties have signed, or what is wrong."""
        if found.data is None:
            return None, found.trouble
        try:
            signed = read_signed(found.data)
            check_whole(signed, self._gateway)
        except (Malformed, NotValid) as error:
            return None, str(error)
        return signed, ""

    def _offer(self, offered: SignedCharter) -> None:
        try:
            self._check(offered)
        except NotValid as error:
            self._refuse(str(self._shown), str(error))
            if self._signed is not None:
                self._write(self._shown, self._signed)
            return
        self._write(self._kept, offered)
        self._come_into_force(offered, "the file beside the configuration")

    # ---- another one

    async def adopt(self, data: bytes, actor: str, ref: CommandRef | None = None) -> str:
        """Put a charter into force and record it; return what is to be told.

        One that is in force already changes nothing; one that may not come is refused, recorded.
        Raises ValueError.
        """
        async with self._alone:
            try:
                signed = read_signed(data)
                if self.mark == _mark(signed.charter):
                    return f"charter {signed.charter.number} is in force already"
                self._check(signed)
            except (Malformed, NotValid) as error:
                why = f"no charter: {error}" if isinstance(error, Malformed) else str(error)
                self._refuse(actor, why, ref)
                raise ValueError(why) from error
            for file in (self._kept, self._shown):
                await asyncio.to_thread(self._write, file, signed)
            return self._come_into_force(signed, actor, ref)

    async def take(self, command: CenterCommand, ref: CommandRef) -> Result:
        """Carry out a center's `charter`.  Raises ValueError where it is refused."""
        signed = command.body.get(CHARTER_SIGNED)
        if not isinstance(signed, bytes) or len(command.body) > 1:
            raise ValueError("it carries no charter")
        return Result(DONE, await self.adopt(signed, command.actor, ref))

    async def answer(self, request: Mapping[str, Any], peer: object) -> str:
        """Answer `edge-agent charter accept`: `charter` is one in hexadecimal.

        Raises ValueError where it is refused.
        """
        text = str(request.get("charter"))
        if len(text) > 2 * BYTES_MAX:
            raise ValueError(f"a charter has at most {BYTES_MAX} bytes")
        return await self.adopt(bytes.fromhex(text), str(peer))

    def _check(self, signed: SignedCharter) -> None:
        charter, known = signed.charter, self._centers()
        if self.charter is None:
            keys = {key for one in known.values() for key in one.keys}
            check_first(signed, self._gateway, keys)
        else:
            check_next(signed, self.charter)
        if known and not any(charter.sends_to(name, one.digests) for name, one in known.items()):
            raise NotValid("it names no center of this gateway, which would then tell nobody")

    def _come_into_force(
        self, signed: SignedCharter, actor: str, ref: CommandRef | None = None
    ) -> str:
        self._signed = signed
        charter = signed.charter
        detail = f"charter {charter.number} is in force: {charter.purpose}"
        act = ActBody("charter", actor, detail, command=ref, charter=signed.data)
        self._note(EventType.ACT, Lane.FAULT, act.to_body())
        log.info("charter", number=charter.number, by=actor)
        self._changed.set()
        self._changed = asyncio.Event()
        return detail

    def _refuse(self, actor: str, why: str, ref: CommandRef | None = None) -> None:
        act = ActBody("refused", actor, why, outcome="charter", command=ref)
        self._note(EventType.ACT, Lane.FAULT, act.to_body())
        log.error("charter refused", by=actor, cause=why)

    def _write(self, file: Path, signed: SignedCharter) -> None:
        try:
            files.make_folder(file.parent)
            files.replace(file, signed.data)
        except OSError as error:  # it is in force all the same, and in the journal
            log.error("charter not written", file=str(file), cause=error.strerror)

    def _find(self, detail: str) -> None:
        log.error("charter file", cause=detail)
        finding = FindingBody(
            panel=GATEWAY_PANEL,
            cause="charter_file",
            severity=Severity.MAINTAIN,
            reasons=(RULE,),
            remedy="see who touched it; `edge-agent charter show` tells what is in force, and "
            "`edge-center charter` has every charter of the site",
            detail=detail,
        )
        self._note(EventType.FINDING, Lane.FAULT, finding.to_body())


def _mark(charter: Charter) -> tuple[int, bytes]:
    return charter.number, charter.digest


def _look(file: Path) -> Found:
    try:
        with file.open("rb") as opened:
            return Found(file, opened.read(BYTES_MAX + 1))
    except FileNotFoundError:
        return Found(file, None)
    except OSError as error:
        return Found(file, None, error.strerror or "cannot be read")
