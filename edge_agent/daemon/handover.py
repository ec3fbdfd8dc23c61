"""A handover of this gateway: taken, and brought to its end whatever is killed meanwhile (shell).

The decisions are `edge_agent.identity.handover`'s, which answers are taken `offering`'s.  How far
it has come stands in one file beside the configuration, replaced whole.  Each configuration on the
way is tried as one by command is (`reconfiguration`): a run has one from its first event to its
last.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from edge_agent import files
from edge_agent.config import ConfigError, Loaded
from edge_agent.config_text import NotEditable, with_center, without_center
from edge_agent.daemon.charter import Chartered
from edge_agent.daemon.commands import DONE, KnowingClock, Result, Work
from edge_agent.daemon.news import Told
from edge_agent.daemon.offering import NO_CHARTER, NotOffered, make_offer, read_answer
from edge_agent.daemon.orders import Record
from edge_agent.daemon.reconfiguration import Reconfiguring
from edge_agent.domain.body import GATEWAY_PANEL
from edge_agent.domain.event import EventType, Numbered
from edge_agent.domain.kinds import Lane
from edge_agent.evidence import certificates, cose
from edge_agent.evidence.bodies import ActBody, FindingBody, Severity
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import Part, read_signed
from edge_agent.evidence.command import HANDOVER, HANDOVER_BUNDLE, CenterCommand, CommandRef
from edge_agent.evidence.enrolment import Bundle, claimed_authorities, open_bundle
from edge_agent.evidence.handover import ANSWER_BYTES_MAX
from edge_agent.evidence.key_file import KeyFileError
from edge_agent.identity import decommissioning, handover
from edge_agent.identity.bundle_files import center_table, certificates_of
from edge_agent.identity.handover import (
    MARKER_BYTES_MAX,
    Adopt,
    Clear,
    Configure,
    Course,
    Find,
    Forget,
    Marker,
    Phase,
    Prepare,
    Seen,
    Tell,
    Word,
    Write,
)
from edge_agent.limits import HANDOVER_LOOK_S

RULE = "identity.handover"
PUT_AWAY = "handed-over"  # where the files of a center go that is served no more
_MS = 1_000_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Around:
    """What the running agent gives: how its centers stand (as in its status), the clock, why the
    disk takes nothing, and whether this run follows one that tried a configuration in vain.
    """

    centers: Callable[[], Iterable[Mapping[str, Any]]]
    clock: KnowingClock
    refusal: Callable[[], str | None]
    failed: bool = False


class HandingOver:
    """The handover of one run, if there is one; it also says to whom records may go meanwhile."""

    def __init__(
        self,
        loaded: Loaded,
        chartered: Chartered,
        reconfiguring: Callable[[], Reconfiguring],
        record: Record,
        around: Around,
    ) -> None:
        self._loaded = loaded
        self._chartered = chartered
        self._reconfiguring = reconfiguring
        self._record = record
        self._around = around
        self._told = Told()
        self._begun = asyncio.Event()
        self._alarmed_ns: int | None = None
        self._alone = asyncio.Lock()
        self._marker, self._damage = _found(_file(loaded))

    @property
    def works(self) -> dict[str, Work]:
        """What a center's commands may ask of it, by their word."""
        return {HANDOVER: self.take}

    def facts(self) -> Mapping[str, Any] | None:
        """Return how far it has come in plain values, None where there is none."""
        return handover.facts(self._marker)

    def hear(self, event: Numbered) -> None:
        """Take an event as it was sent: while an alarm is young nothing is restarted."""
        if event.draft.lane <= Lane.INTRUSION:
            self._alarmed_ns = self._around.clock.boottime_ns()

    # ---- to whom records may go

    def permits(self, center: str) -> str:
        """Return why records may not go to a center; empty where they may."""
        marker = self._marker
        if marker is None:
            return self._chartered.permits(center)
        if (marker.phase, marker.center) == (Phase.JOINING, center):
            return self._permits_pending(marker)
        if (marker.phase, marker.before) == (Phase.MOVED, center) and self._passes(marker):
            return f"charter {marker.number} has ended its service: {marker.center} is served"
        return self._chartered.permits(center)

    def _permits_pending(self, marker: Marker) -> str:
        """Return the same of the new center, by the charter that is not in force yet."""
        try:
            signed = read_signed(_bundle(marker.bundle).charter)
        except Malformed as error:
            return f"the charter that names it cannot be read: {error}"
        return self._chartered.permits_under(signed.charter, marker.center)

    async def changed(self) -> None:
        """Return when the answers may be other ones."""
        await self._chartered.changed()

    def _passes(self, marker: Marker) -> bool:
        """Tell whether the charter in force ends the service of the old center."""
        charter = self._chartered.charter
        if charter is None or charter.number < marker.number:
            return True
        passed = charter.handover is not None and charter.handover.center == marker.before
        return passed or marker.before not in {one.center for one in charter.destinations}

    # ---- offered, and taken

    async def take(self, command: CenterCommand, ref: CommandRef) -> Result:
        """Carry out a center's `handover`.  Raises ValueError where it is refused."""
        if not command.body:
            return Result(DONE, "its offer", await self._offer())
        bundle = command.body.get(HANDOVER_BUNDLE)
        if not isinstance(bundle, bytes) or len(command.body) > 1:
            raise ValueError("it carries no bundle of the new center")
        return Result(DONE, await self.accept(bundle, command.actor, ref))

    async def answer(self, request: Mapping[str, Any], peer: object) -> Any:
        """Answer `edge-agent handover`: `bundle` is one in hexadecimal, `offer` asks for one.

        Raises ValueError where it is refused.
        """
        if request.get("offer"):
            self._note("read", str(peer), "the gateway's offer to another enterprise")
            return (await self._offer()).hex()
        if (text := str(request.get("bundle") or "")) == "":
            return self.facts()
        if len(text) > 2 * ANSWER_BYTES_MAX:
            raise ValueError(f"a bundle has at most {ANSWER_BYTES_MAX} bytes")
        return await self.accept(bytes.fromhex(text), str(peer))

    async def _offer(self) -> bytes:
        present = self._chartered.signed
        if present is None:
            raise ValueError(NO_CHARTER)
        now_ms = self._around.clock.now().earliest_ns // _MS
        try:
            return await asyncio.to_thread(make_offer, self._loaded, present, now_ms)
        except KeyFileError as error:
            raise ValueError(str(error)) from error

    async def accept(self, data: bytes, actor: str, ref: CommandRef | None = None) -> str:
        """Begin a handover, recorded; one that may not be is refused, recorded.

        Raises ValueError.
        """
        async with self._alone:
            try:
                marker = await self._judged(data, actor, ref)
            except (ValueError, KeyFileError, OSError) as error:
                self._note("refused", actor, str(error), HANDOVER, ref)
                log.error("handover refused", by=actor, cause=str(error))
                raise ValueError(str(error)) from error
            await asyncio.to_thread(self._write, marker)
            said = f"from {marker.before} to {marker.center}, by charter {marker.number}"
            await self._tell(Word.BEGUN, said)
            self._begun.set()
        return f"{said}; {marker.before} is served on until {marker.center} has receipted"

    async def _judged(self, data: bytes, actor: str, ref: CommandRef | None) -> Marker:
        present = self._chartered.signed
        if present is None:
            raise NotOffered(NO_CHARTER)
        if self._marker is not None and self._marker.is_under_way:
            raise NotOffered(f"a handover to {self._marker.center} is under way: see `status`")
        if self._reconfiguring().is_busy:
            raise NotOffered("a configuration is being tried: wait for its outcome")
        ends = await asyncio.to_thread(decommissioning.found, self._loaded.file)
        if ends is not None:
            raise NotOffered(f"this gateway is being taken out of service: {ends.reason}")
        installed = await asyncio.to_thread(self._loaded.file.read_bytes)
        answer = await asyncio.to_thread(read_answer, data, self._loaded, installed, present)
        return Marker(
            phase=Phase.JOINING,
            center=answer.name,
            before=answer.handover.center,
            number=answer.signed.charter.number,
            days=answer.handover.days,
            bundle=data,
            leaves=answer.leaves,
            actor=actor,
            command=ref,
        )

    # ---- its course

    async def run(self) -> None:
        """Bring it to its end, until cancelled."""
        if self._damage:
            self._find(f"{_file(self._loaded)}: {self._damage}: it is gone on with by the charter")
            self._marker = self._by_charter()
        while True:
            if self._marker is None or not self._marker.is_under_way:
                await self._begun.wait()
            self._begun.clear()
            assert self._marker is not None, "one has begun"
            now_ns = self._around.clock.boottime_ns()
            course = Course(self._marker, now_ns, failed=self._around.failed)
            while not course.over:
                try:
                    for action in course.handle(self._seen()):
                        await self._perform(action, course)
                except OSError as error:  # what was not written down is decided again
                    self._find(f"it cannot be written down: {error}")
                    break
                await asyncio.sleep(HANDOVER_LOOK_S)
            await asyncio.sleep(HANDOVER_LOOK_S)

    def _seen(self) -> Seen:
        around, marker, charter = self._around, self._marker, self._chartered.charter
        centers, now = list(around.centers()), around.clock.now()
        latest_ns = now.latest_ns
        return Seen(
            now_ns=around.clock.boottime_ns(),
            earliest_ms=now.earliest_ns // _MS,
            latest_ms=None if latest_ns is None else latest_ns // _MS,
            centers=frozenset(str(one["center"]) for one in centers),
            reached=frozenset(
                str(one["center"]) for one in centers if one["connected"] and one["proven"]
            ),
            owed={str(one["center"]): int(one["outstanding"]) for one in centers},
            changing=self._reconfiguring().is_busy,
            charter=0 if charter is None else charter.number,
            passes=marker is None or self._passes(marker),
            refused=around.refusal() or "",
            alarmed_ns=self._alarmed_ns,
        )

    async def _perform(self, action: handover.Action, course: Course) -> None:
        match action:
            case Write(marker):
                await asyncio.to_thread(self._write, marker)
            case Prepare():
                await asyncio.to_thread(self._prepare, course.marker)
            case Configure():
                if why := await self._configure(action, course.marker):
                    self._find(why)
                    course.put_off(self._around.clock.boottime_ns())
            case Adopt():
                if why := await self._adopt(course.marker):
                    await asyncio.to_thread(self._write, course.give_up(why).marker)
            case Tell(word, detail):
                await self._tell(word, detail)
            case Find(detail):
                self._find(detail)
            case Clear(center):
                await asyncio.to_thread(self._put_away, course.marker, center)
            case Forget():
                await asyncio.to_thread(_file(self._loaded).unlink, missing_ok=True)
                self._marker = None

    def _write(self, marker: Marker) -> None:
        files.replace(_file(self._loaded), marker.to_bytes())
        self._marker = marker

    def _prepare(self, marker: Marker) -> None:
        folder = self._loaded.path(marker.center)
        files.make_folder(folder)
        for name, data in certificates_of(_bundle(marker.bundle)).items():
            files.replace(folder / name, data)

    async def _configure(self, wanted: Configure, marker: Marker) -> str:
        """Have a configuration tried; return why that is not possible now."""
        file = self._loaded.file
        try:
            data = await asyncio.to_thread(file.read_bytes)
            if wanted.add is not None:
                before = next(
                    one for one in self._loaded.config.center if one.name == marker.before
                )
                folder = f"{wanted.add}/"
                table = center_table(_bundle(marker.bundle), wanted.add, folder, before.key)
                data = with_center(data, table, file)
            if wanted.leave is not None:
                data = without_center(data, wanted.leave, file)
        except (OSError, NotEditable, ConfigError, Malformed, StopIteration) as error:
            return str(error) or f"center {marker.before} is not configured any more"
        return await self._reconfiguring().stage(data, wanted.reach, marker.actor, marker.command)

    async def _adopt(self, marker: Marker) -> str:
        """Put the charter into force; return why it may not come, which is recorded."""
        try:
            bundle = _bundle(marker.bundle)
            await self._chartered.adopt(bundle.charter, marker.actor, marker.command)
        except ValueError as error:
            return str(error)
        return ""

    def _put_away(self, marker: Marker, center: str) -> None:
        """Move the files of a center aside: its receipts in the journal stay to be checked."""
        folder, leaves = self._loaded.path(PUT_AWAY) / center, marker.leaves
        if center == marker.center:
            leaves = tuple(f"{center}/{name}" for name in certificates_of(_bundle(marker.bundle)))
        with contextlib.suppress(OSError):  # public all of it, and a key is none of it
            files.make_folder(folder)
            for name in leaves:
                if (file := self._loaded.path(name)).exists():
                    files.replace(folder / Path(name).name, file.read_bytes())
                    file.unlink()

    def _by_charter(self) -> Marker | None:
        """Return a handover whose file is lost, as the charter in force says it."""
        charter = self._chartered.charter
        if charter is None or charter.handover is None:
            return None
        enterprise = charter.party(Part.ENTERPRISE)
        for center in self._loaded.config.center:
            keys = self._chartered.terms(center.name).authorities
            if enterprise is not None and enterprise.key in keys:
                return Marker(
                    phase=Phase.BOTH,
                    center=center.name,
                    before=charter.handover.center,
                    number=charter.number,
                    days=charter.handover.days,
                    bundle=b"",
                    actor="agent",
                )
        return None

    # ---- what is said

    async def _tell(self, word: Word, detail: str) -> None:
        """Record it, and wait until that is durable."""
        marker = self._marker
        assert marker is not None, "there is something to tell"
        log.info("handover", said=word, detail=detail)
        act = ActBody(HANDOVER, marker.actor, detail, outcome=word, command=marker.command)
        await self._record.vow(act)

    def _note(
        self,
        what: str,
        actor: str,
        detail: str,
        outcome: str | None = None,
        ref: CommandRef | None = None,
    ) -> None:
        act = ActBody(what, actor, detail, outcome=outcome, command=ref)
        self._record.note(EventType.ACT, Lane.FAULT, act.to_body())

    def _find(self, detail: str) -> None:
        """Say that something holds it up, once; empty: that nothing does any more."""
        found = [_finding(detail)] if detail else []
        for finding in self._told.take(found):
            log.warning("handover", cause=finding.detail, over=finding.over)
            self._record.note(EventType.FINDING, Lane.FAULT, finding.to_body())


def _finding(detail: str) -> FindingBody:
    return FindingBody(
        panel=GATEWAY_PANEL,
        cause="handover",
        severity=Severity.MAINTAIN,
        reasons=(RULE,),
        remedy="see that the new center's broker and `edge-center serve` run and can be reached "
        "from here; `edge-agent handover status` tells how far it is",
        detail=detail,
    )


def _file(loaded: Loaded) -> Path:
    return loaded.file.with_name(f"{loaded.file.name}.handover")


def _found(file: Path) -> tuple[Marker | None, str]:
    """Return what was written down, and what is wrong with it."""
    try:
        with file.open("rb") as opened:
            return Marker.from_bytes(opened.read(MARKER_BYTES_MAX + 1)), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, Malformed) as error:
        return None, f"what was written down of a handover cannot be read: {error}"


def _bundle(data: bytes) -> Bundle:
    """Return a bundle that was checked when it came.  Raises Malformed."""
    kid = cose.parse(data).kid
    for one in claimed_authorities(data):
        key = cose.PublicKey.of(certificates.read(one).public_key())
        if key.kid == kid:
            return open_bundle(data, key)
    raise Malformed("a bundle without its authority")
