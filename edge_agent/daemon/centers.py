"""Keeps every center supplied: one uplink each, with credentials, paths and a cursor of its own.

The centers know nothing of each other.  One whose files cannot be used, or that nobody answers for,
has its own uplink wait, its own bounded memory, and its own place in the journal; the others go on.
"""

import asyncio
from collections.abc import Callable, Coroutine
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from edge_agent import limits
from edge_agent.clock import KeptClock
from edge_agent.config import Center, Loaded
from edge_agent.daemon.recorder import Recorder
from edge_agent.daemon.ways import ways_to
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import PathBody
from edge_agent.journal import Journal, Record
from edge_agent.uplink.access import AccessError, client_id_of, load_seal, load_signing_key
from edge_agent.uplink.dial import CenterAccess
from edge_agent.uplink.messages import Outgoing
from edge_agent.uplink.own_dates import OwnCertificate, OwnDates
from edge_agent.uplink.pulse import idle_ns_of
from edge_agent.uplink.supervision import Rhythm
from edge_agent.uplink.uplink import Site, Source, Uplink, UplinkView

if TYPE_CHECKING:
    from edge_agent.uplink.command_seal import CommandSeal

log = structlog.get_logger()

SECOND_NS = 1_000_000_000


class Permission(Protocol):
    """Says which centers records may go to: the charter."""

    def permits(self, center: str) -> str:
        """Return why they may not go to a center; empty where they may."""

    async def changed(self) -> None:
        """Return when the answers may be other ones."""


@dataclass(frozen=True, slots=True)
class Station:
    """What every uplink is given of the gateway.

    `status` makes the signed heartbeat for the center named; `source` is the journal as that center
    sees it; `commanded` is handed what comes from that center as a command, unread, and whether the
    broker was to keep it.
    """

    epoch: bytes
    status: Callable[[str], bytes]
    source: Callable[[str], Source]
    is_stopping: Callable[[], bool]
    commanded: Callable[[str, bytes, bool], None]
    permission: Permission


class _Supplied:
    """One center, and its uplink once its files could be used."""

    def __init__(self, config: Center) -> None:
        self.config = config
        self.uplink: Uplink | None = None
        self.trouble = ""
        self.handing = asyncio.Lock()  # of pieces of files, one at a time

    def view(self) -> UplinkView | None:
        return self.uplink.view() if self.uplink is not None else None


class Supply:
    """The uplinks to all centers of the configuration."""

    def __init__(
        self,
        loaded: Loaded,
        journal: Journal,
        recorder: Recorder,
        clock: KeptClock,
        station: Station,
    ) -> None:
        self._loaded = loaded
        self._journal = journal
        self._recorder = recorder
        self._clock = clock
        self._station = station
        self._command_seal = self._make_command_seal()
        self._centers = [_Supplied(center) for center in loaded.config.center]
        self._own_dates = OwnDates(
            OwnCertificate(center.name, loaded.path(center.certificate))
            for center in loaded.config.center
        )

    def _make_command_seal(self) -> "CommandSeal | None":
        """Return the key that commands are sealed to, None where no center is sealed to either."""
        config = self._loaded.config
        if not any(center.seal_certificate for center in config.center):
            return None
        from edge_agent.uplink.command_seal import CommandSeal  # noqa: PLC0415  where asked for

        return CommandSeal(config.gateway.id)

    # ---- what the agent calls

    def works(self) -> list[Coroutine[Any, Any, None]]:
        """Return what is to be run, one coroutine a center; each ends in order when cancelled."""
        return [self._run(supplied) for supplied in self._centers]

    async def watch_certificates(self) -> None:
        """Tell long before the end of our own certificates."""
        await self._own_dates.watch(self._clock.now, self._say_of_certificate)

    def _say_of_certificate(self, center: str, good: bool, words: str) -> None:
        log.warning("our certificate", center=center, good=good, cause=words)
        body = PathBody(center, "certificate", good, words).to_body()
        self._recorder.note(EventType.PATH, Lane.FAULT, body)

    def offer(self, record: Record, leaf: bytes, holders: AbstractSet[str]) -> bool:
        """Send an event to all centers but `holders`; return whether any uplink took it."""
        awaited = self._recorder.refusal is not None
        event = Outgoing(record.epoch, record.seq, record.lane, leaf, record.data, awaited)
        taken = False
        for supplied in self._centers:
            if supplied.uplink is not None and supplied.config.name not in holders:
                supplied.uplink.offer(event)
                taken = True
        return taken

    def status_changed(self) -> None:
        """Send every center a heartbeat soon."""
        for supplied in self._centers:
            if supplied.uplink is not None:
                supplied.uplink.status_changed()

    def reply(self, center: str, reply: bytes) -> None:
        """Send a center the answer to its command, if it can be reached now."""
        for supplied in self._centers:
            if supplied.uplink is not None and supplied.config.name == center:
                supplied.uplink.reply(reply)

    async def hand_over(self, center: str, piece: bytes) -> str:
        """Send a center a piece of a file once it has all events; say why it was not taken.

        Empty: the broker has it.  Waits as long as events go first, and for the piece before.
        """
        supplied = next(one for one in self._centers if one.config.name == center)
        async with supplied.handing:
            while supplied.uplink is None or not supplied.uplink.is_idle():  # noqa: ASYNC110  events end often, and all else is idle
                await asyncio.sleep(limits.FILE_LOOK_S)
            return await supplied.uplink.hand_over(piece)

    def views(self) -> list[UplinkView]:
        """Return how the uplinks stand that run."""
        return [view for one in self._centers if (view := one.view()) is not None]

    def is_connected(self) -> bool:
        """Whether any center can be reached now."""
        return any(view.connected for view in self.views())

    def is_drained(self) -> bool:
        """Whether every center that is connected has receipted all that it is owed."""
        owed = self._journal.progress().owed
        return not any(sum(owed[view.center]) for view in self.views() if view.connected)

    def owed(self, center: str) -> int:
        """Return how many events a center has not receipted yet."""
        return sum(self._journal.progress().owed[center])

    def seal_key(self, center: str) -> bytes | None:
        """Return the key that a center seals its commands to, None where they go as they are."""
        config = next(one.config for one in self._centers if one.config.name == center)
        seal = self._command_seal
        return seal.public if seal is not None and config.seal_certificate else None

    def _commanded(self, center: str, data: bytes, retained: bool) -> None:
        opened = data if self._command_seal is None else self._command_seal.opened(data)
        self._station.commanded(center, opened, retained)

    def path_in_use(self, center: str) -> str | None:
        """Return the way to a center that is, or was last, tried."""
        view = next(one for one in self._centers if one.config.name == center).view()
        return view.path if view else None

    def facts(self) -> list[dict[str, Any]]:
        """Return how each center and each path stands, for `edge-agent status`."""
        owed = self._journal.progress().owed
        return [self._facts_of(one, sum(owed[one.config.name])) for one in self._centers]

    def _facts_of(self, supplied: _Supplied, owed: int) -> dict[str, Any]:
        view, config = supplied.view(), supplied.config
        trip_ns = view.round_trip_ns if view else None
        return {
            "center": config.name,
            "required": config.required,
            "connected": bool(view and view.connected),
            "proven": bool(view and view.proven),
            "path": view.path if view else None,
            "certificate": self._own_dates.standing.get(config.name, ""),
            "reason": (view.last_trouble if view else "") or supplied.trouble,
            "outstanding": owed,
            "in_flight": view.outstanding_events if view else 0,
            "round_trip_ms": None if trip_ns is None else trip_ns / 1e6,
            "paths": self._paths_of(view) if view else [],
        }

    def _paths_of(self, view: UplinkView) -> list[dict[str, Any]]:
        now_ns = self._clock.boottime_ns()
        return [
            {
                "path": way.path,
                "in_use": way.in_use,
                "good": way.good,
                "since_s": None if way.since_ns is None else (now_ns - way.since_ns) // SECOND_NS,
                "reason": way.reason,
            }
            for way in view.paths
        ]

    # ---- one center

    async def _run(self, supplied: _Supplied) -> None:
        """Run the uplink whenever it is permitted; panels are read all the same."""
        permission, name = self._station.permission, supplied.config.name
        while True:
            while why := permission.permits(name):
                self._cannot_use(supplied, why, "charter")
                await permission.changed()
            supplied.trouble = ""
            async with asyncio.TaskGroup() as group:
                running = group.create_task(self._run_uplink(supplied))
                try:
                    while not permission.permits(name):
                        await permission.changed()
                finally:
                    running.cancel()
            supplied.uplink = None

    async def _run_uplink(self, supplied: _Supplied) -> None:
        """Run the uplink once its files can be used."""
        config, gateway = supplied.config, self._loaded.config.gateway
        access = await self._access(supplied)
        site = Site(
            gateway.id,
            self._station.epoch,
            partial(self._station.status, config.name),
            gateway.reporting_time_s / limits.HEARTBEATS_A_REPORTING_TIME,
            self._station.is_stopping,
            partial(self._commanded, config.name),
        )
        watch_s = config.standby_reporting_time_s / limits.HEARTBEATS_A_REPORTING_TIME
        rhythm = Rhythm(idle_ns_of(gateway.reporting_time_s), int(watch_s * SECOND_NS))
        source = self._station.source(config.name)
        supplied.uplink = Uplink(site, access, source, self._clock, rhythm)
        await supplied.uplink.run()

    async def _access(self, supplied: _Supplied) -> CenterAccess:
        path, center = self._loaded.path, supplied.config
        while True:
            try:
                key = load_signing_key(path(center.receipt_certificate), path(center.ca))
                seal = self._seal(center)
            except AccessError as error:
                self._cannot_use(supplied, str(error))
                await asyncio.sleep(limits.CREDENTIALS_RETRY_S)
                continue
            if why := self._station.permission.permits(center.name):  # by its `ca` now
                self._cannot_use(supplied, why, "charter")
                await asyncio.sleep(limits.CREDENTIALS_RETRY_S)
                continue
            supplied.trouble = ""
            ways = ways_to(self._loaded, center, self._clock.now)
            client_id = client_id_of(self._loaded.config.gateway.id, path(center.key))
            return CenterAccess(center.name, key, ways, client_id, seal)

    def _seal(self, center: Center) -> Callable[[bytes], bytes] | None:
        """Return what seals messages to a center, None where they go as they are."""
        if center.seal_certificate is None:
            return None
        path, gateway = self._loaded.path, self._loaded.config.gateway.id
        return load_seal(gateway, path(center.seal_certificate), path(center.ca))

    def _cannot_use(self, supplied: _Supplied, trouble: str, what: str = "credentials") -> None:
        if trouble == supplied.trouble:
            return
        supplied.trouble = trouble
        name = supplied.config.name
        log.error("center not usable", center=name, cause=trouble)
        body = PathBody(name, what, False, trouble).to_body()
        self._recorder.note(EventType.PATH, Lane.FAULT, body)
