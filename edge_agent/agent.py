"""The composition root: configuration in, objects wired, tasks run, orderly stop.

The only module that knows all others.  A bug in any task ends the process: systemd restarts it and
the next genesis says how this run ended.  What the world does (disk, lines, brokers) is handled
where it happens and never ends up here.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import structlog

import edge_agent
from edge_agent import limits
from edge_agent.clock import KeptClock, SystemClock
from edge_agent.config import Center, Loaded
from edge_agent.contents import Envelopes
from edge_agent.control.socket import ControlSocket
from edge_agent.domain.event import Body as EventBody
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.ending import Ending, run_until_signal
from edge_agent.epoch import Beginning, LastFrames, begin
from edge_agent.evidence.bodies import (
    ActBody,
    ConfigBody,
    JournalBody,
    JournalChange,
    PathBody,
)
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.signers import KeyFileError, load_signer
from edge_agent.evidence.status import CONDITIONS_MAX, Status, sign_status
from edge_agent.evidence.tree import leaf_hash
from edge_agent.fitting import fit
from edge_agent.health.body import Body, Hardware, Outlet
from edge_agent.health.sources import device_of
from edge_agent.health.watchdog import Systemd, makes_progress
from edge_agent.housekeeping import Housekeeping
from edge_agent.journal import (
    AbsentDisk,
    Care,
    FolderDisk,
    Journal,
    Position,
    Record,
    Recovery,
    Terms,
    open_disk,
    recover,
)
from edge_agent.link.bus import Member, frames_of, pace_of, run_bus
from edge_agent.link.open import opener
from edge_agent.link.runner import run_panel
from edge_agent.recorder import Notary, Recorder
from edge_agent.timekeeping import Timekeeper
from edge_agent.uplink.access import AccessError, CenterAccess, client_id_of, load_receipt_key
from edge_agent.uplink.dial import PathAccess
from edge_agent.uplink.messages import Cursor, Outgoing
from edge_agent.uplink.uplink import Portion, Site, Uplink

log = structlog.get_logger()


# ---- the running agent


class JournalSource:
    """The journal and the recorder, as the uplink of one center sees them."""

    def __init__(
        self,
        center: str,
        journal: Journal,
        recorder: Recorder,
        begun: Beginning,
        time: Timekeeper,
    ) -> None:
        self._center = center
        self._journal = journal
        self._recorder = recorder
        self._begun = begun
        self._time = time

    async def fetch(self, lane: int, after: Cursor | None, bytes_max: int) -> Portion:
        """Return events of `lane` that the center is owed, oldest first.  May raise OSError."""
        assert after is None or isinstance(after, Position), "made by this very source"
        fetch = self._journal.fetch
        batch = await asyncio.to_thread(fetch, self._center, lane, after, bytes_max)
        return Portion(tuple(outgoing(record) for record in batch.records), batch.next)

    async def genesis(self, epoch: bytes) -> bytes | None:
        """Return the genesis envelope of `epoch`, None where there is none.  May raise OSError."""
        if epoch == self._begun.epoch:
            return self._begun.genesis  # alarms wait for it: no disk and no thread is asked
        return await asyncio.to_thread(self._journal.first_of, epoch)

    def release(self, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        """The center holds these."""
        if epoch == self._begun.epoch:
            self._time.receipted(seqs, receipt)
        self._recorder.receipted(self._center, epoch, seqs, receipt)

    def path(self, center: str, path: str, up: bool, reason: str) -> None:
        """Record that a way to the center came or went."""
        body = PathBody(center, path, up, reason).to_body()
        self._recorder.note(EventType.PATH, Lane.FAULT, body)


def outgoing(record: Record) -> Outgoing:
    """Return a journal's record as the uplink sends it."""
    return Outgoing(record.epoch, record.seq, record.lane, leaf_hash(record.data), record.data)


def _recovered(folder: Path, frames: LastFrames) -> tuple[FolderDisk | AbsentDisk, Recovery]:
    """Return the journal's disk and what it holds; a folder that cannot be listed is as good as
    absent.  Raises JournalLocked.
    """
    disk = open_disk(folder)
    try:
        return disk, recover(disk, frames.visit)
    except OSError as error:
        disk.close()
        absent = AbsentDisk(folder, error)
        return absent, recover(absent)


class Agent:
    """Everything of one gateway, wired; `serve` runs it."""

    def __init__(self, loaded: Loaded, clock: KeptClock, hardware: Hardware | None = None) -> None:
        self._loaded = loaded
        self._config = loaded.config
        self._clock = clock
        self._fitted = fit(loaded)
        self._systemd = Systemd()
        self._uplink: Uplink | None = None
        self._uplink_trouble = ""
        self._stopping = False
        self._defects: asyncio.Queue[Exception] = asyncio.Queue()
        folder = loaded.path(self._config.gateway.data_dir) / "journal"
        frames = LastFrames()
        self._disk, self._found = _recovered(folder, frames)
        self.ending = Ending()
        clock.recall(frames.told_ns, frames.seen_ns)
        self._begun = begin(self._config.gateway.id, self._identity(), self._found, clock)
        self._notary = Notary(
            self._config.gateway.id, self._begun.epoch, self._begun.genesis, self._begun.signer
        )
        self._sources = {fitted.panel.id: fitted.source for fitted in self._fitted}
        self._recorder = Recorder(clock, self._sources, self._publish, self._status_changed)
        self._time = Timekeeper(clock, self._recorder.note)
        self._body = Body(
            self._config.body,
            hardware or Hardware(),
            clock,
            Outlet(self._say_of_body, self.ending.by_power, edge_agent.__version__),
            device_of(folder),
        )
        if self._found.refused is None:  # else what was read may be in no more than the page cache
            for panel, newest in frames.frames.items():
                for frame, stamp in newest:
                    self._recorder.remember(panel, frame, stamp)
        names = [center.name for center in self._config.center]
        care = Care(Envelopes(), self._recorder.damaged)
        terms = Terms(names, spares=limits.SPARE_SEGMENTS, care=care)
        self._journal = Journal(self._disk, self._found, self._notary, self._recorder, terms)
        quota = self._config.gateway.journal_bytes_max
        self._housekeeping = Housekeeping(self._journal, self._recorder, clock, quota)

    def _identity(self) -> Signer | None:
        path = self._loaded.path(self._config.gateway.identity_key)
        try:
            return load_signer(path)
        except KeyFileError as error:
            log.error(
                "identity key unusable", cause=str(error), then="events are signed, not vouched for"
            )
            return None

    def _publish(self, record: Record, leaf: bytes, holders: AbstractSet[str]) -> None:
        if self._uplink is not None and self._config.center[0].name not in holders:
            self._time.sent(record.seq)
            self._uplink.offer(Outgoing(record.epoch, record.seq, record.lane, leaf, record.data))

    def _status_changed(self) -> None:
        if self._uplink is not None:
            self._uplink.status_changed()

    # ---- life

    async def serve(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then stop in order.  Raises what is a defect of ours."""
        asyncio.get_running_loop().set_exception_handler(self._on_loop_exception)
        orderly = False
        self._journal.start()
        self._recorder.attach(self._journal, self._begun.epoch, self._begun.draft)
        self.ending.begin(stop)
        self._say_what_was_found()
        control = ControlSocket(Path(self._config.gateway.socket), {"status": self._status})
        try:
            await control.start()
        except OSError as error:
            log.error("no control socket", cause=str(error), then="'edge-agent status' is deaf")
        try:
            async with asyncio.TaskGroup() as group:
                uplink = group.create_task(self._run_uplink(self._config.center[0]))
                others = [group.create_task(work) for work in self._works()]
                self._systemd.notify("READY=1")
                log.info("ready", gateway=self._config.gateway.id, epoch=self._begun.epoch.hex())
                await stop.wait()
                if not self.ending.gasped:  # else systemd takes the wait for the mains for a stop
                    self._systemd.notify("STOPPING=1")
                for task in others:
                    task.cancel()
                self._housekeeping.bind_receipts()
                # no patience: what waits for a shared commit goes along
                self._recorder.note(EventType.ACT, Lane.FAULT, self.ending.act.to_body())
                await self._drain()
                self._stopping = True
                uplink.cancel()
            orderly = True
        finally:
            await control.stop()
            if orderly:
                await self._close_journal()
            else:
                await self._leave_journal()
            self._disk.close()
        log.info("stopped")

    def power_fails(self) -> None:
        """Take SIGPWR: the supply's own software knows that the power is about to go."""
        self._body.power_fails()

    def _say_of_body(self, type_: EventType, lane: Lane, body: EventBody) -> None:
        self._recorder.note(type_, lane, body)
        self._status_changed()

    async def await_power(self, told: asyncio.Event) -> None:
        """After a last gasp: wait for the end, the mains, or `told`; the watchdog is fed."""
        log.info("stopped for want of power", then="started again when the mains is back")
        await self._body.await_power(told, lambda: self._systemd.notify("WATCHDOG=1"))

    def _on_loop_exception(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback failed: the loop would only log it, and a promise would never be kept."""
        loop.default_exception_handler(context)
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception):
            self._defects.put_nowait(error)

    async def _fail_with_callbacks(self) -> None:
        raise RuntimeError("a callback of the loop failed") from await self._defects.get()

    async def _close_journal(self) -> None:
        self._recorder.finish()
        if unwritten := await asyncio.to_thread(self._journal.close):
            log.error(
                "stopped while the disk refuses: events of this run are lost to it",
                events=unwritten,
                remedy="see journal.refused above",
            )

    async def _leave_journal(self) -> None:
        """Write what waits, but no end of the epoch: the next genesis shall say that we crashed."""
        if self._journal.progress().alive:
            act = ActBody("crash", "agent", "a defect ends the process: see its log")
            self._recorder.note(EventType.ACT, Lane.FAULT, act.to_body())  # takes all along
            await self._wait_until(lambda: not self._journal.progress().held_bytes)
        self._recorder.finish()

    def _works(self) -> list[Any]:
        """Return the coroutines that run beside the uplink."""
        works: list[Any] = [
            self._time.run(),
            self._housekeeping.run(),
            self._feed_watchdog(),
            self._fail_with_callbacks(),
            self._body.run(),
        ]
        for fitted in self._fitted:
            line = fitted.panel.line
            if line is not None:
                works.append(
                    run_panel(
                        fitted.panel.id,
                        fitted.session,
                        opener(line, self._clock, fitted.driver.peers_max),
                        self._recorder,
                        self._clock,
                    )
                )
        for bus in self._config.bus:
            members = [
                Member(fitted.panel.id, fitted.panel.unit or 1, fitted.session)
                for fitted in self._fitted
                if fitted.panel.bus == bus.id
            ]
            if members:
                address = bus.address
                protocol = (lambda address=address: frames_of(address), pace_of(address))
                works.append(
                    run_bus(
                        members, opener(address, self._clock), protocol, self._recorder, self._clock
                    )
                )
        return works

    def _say_what_was_found(self) -> None:
        config = ConfigBody(self._loaded.digest, "start").to_body()
        self._recorder.note(EventType.CONFIG, Lane.STATE, config)
        if isinstance(self._disk, AbsentDisk):
            log.error(
                "journal folder unusable",
                cause=str(self._disk.why),
                then="events are kept in memory and sent; panels get their ACK by receipt",
                remedy="mount the card, free space on it, or correct `data_dir` and its owner",
            )
        for damage in self._found.damages:
            log.error("journal damaged", damage=str(damage))
            body = JournalBody(JournalChange.DAMAGED, str(damage)).to_body()
            self._recorder.note(EventType.JOURNAL, Lane.FAULT, body)

    async def _drain(self) -> None:
        """Give the last events a moment to reach the center; what does not is in the journal."""

        def is_over() -> bool:
            if self._uplink is None or not self._uplink.view().connected:
                return True
            progress = self._journal.progress()
            return not progress.waiting and not sum(progress.unreceipted)

        await self._wait_until(is_over)

    async def _wait_until(self, is_over: Callable[[], bool]) -> None:
        until_ns = self._clock.boottime_ns() + limits.STOP_DRAIN_NS_MAX
        while self._clock.boottime_ns() < until_ns:
            if is_over():
                return
            await asyncio.sleep(0.02)

    # ---- the work beside the panels

    async def _run_uplink(self, center: Center) -> None:
        """Run the uplink once its files can be used; until then panels are read all the same."""
        access = await self._access(center)
        site = Site(
            self._config.gateway.id,
            self._begun.epoch,
            self._signed_status,
            self._config.gateway.reporting_time_s / limits.HEARTBEATS_A_REPORTING_TIME,
            lambda: self._stopping,
        )
        source = JournalSource(center.name, self._journal, self._recorder, self._begun, self._time)
        self._uplink = Uplink(site, access, source, self._clock)
        await self._uplink.run()

    async def _access(self, center: Center) -> CenterAccess:
        path = self._loaded.path
        while True:
            try:
                key = load_receipt_key(path(center.receipt_certificate), path(center.ca))
            except AccessError as error:
                if str(error) != self._uplink_trouble:
                    self._uplink_trouble = str(error)
                    log.error("center not usable", center=center.name, cause=str(error))
                    body = PathBody(center.name, "credentials", False, str(error)).to_body()
                    self._recorder.note(EventType.PATH, Lane.FAULT, body)
                await asyncio.sleep(limits.CREDENTIALS_RETRY_S)
                continue
            self._uplink_trouble = ""
            ways = tuple(
                PathAccess(
                    host=way.host,
                    port=way.port,
                    ca=path(center.ca),
                    certificate=path(center.certificate),
                    key=path(center.key),
                    interface=way.interface,
                )
                for way in center.path
            )
            client_id = client_id_of(self._config.gateway.id, path(center.key))
            return CenterAccess(center.name, key, ways, client_id)

    async def _feed_watchdog(self) -> None:
        every_s = self._systemd.watchdog_ns / 1e9 / 3 or limits.WATCHDOG_LOOK_S
        while True:
            progress = self._journal.progress()
            if not progress.alive:
                raise RuntimeError("the journal's thread has died")
            if makes_progress(progress.busy_since_ns, self._clock.boottime_ns()):
                self._systemd.notify("WATCHDOG=1")
            else:
                log.critical("the journal is stuck: the watchdog is not fed")
            await asyncio.sleep(every_s)

    # ---- what the agent says of itself

    def _signed_status(self) -> bytes:
        """Return the signed heartbeat."""
        head = self._notary.frontier()
        view = self._uplink.view() if self._uplink else None
        room = self._housekeeping.room
        status = Status(
            gateway=self._config.gateway.id,
            epoch=self._begun.epoch,
            next_seq=max(1, head.next_seq),
            root=head.root,
            stamp=self._clock.stamp(),
            started=self._begun.started,
            interval_s=max(
                1,
                round(self._config.gateway.reporting_time_s / limits.HEARTBEATS_A_REPORTING_TIME),
            ),
            disk_refused=self._recorder.refusal is not None,
            outstanding=sum(self._journal.progress().unreceipted),
            journal_percent=room.percent if room else None,
            path=view.path if view else None,
            panels=dict(self._recorder.links),
            faults={panel: dict(counts) for panel, counts in self._recorder.faults.items()},
            conditions=tuple(self._body.conditions()[:CONDITIONS_MAX]),
            stopping=self._stopping,
        )
        return sign_status(status, self._begun.signer)

    async def _status(self, _request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer `edge-agent status`."""
        view = self._uplink.view() if self._uplink else None
        progress = self._journal.progress()
        room = self._housekeeping.room
        stamp = self._clock.stamp()
        return {
            "gateway": self._config.gateway.id,
            "version": edge_agent.__version__,
            "epoch": self._begun.epoch.hex(),
            "next_seq": self._notary.frontier().next_seq,
            "pid": os.getpid(),
            "panels": {
                panel: {
                    "online": self._recorder.links[panel],
                    "driver": source.driver,
                    "profile": source.profile,
                    "faults": dict(self._recorder.faults[panel]),
                }
                for panel, source in self._sources.items()
            },
            "journal": {
                "refused": self._recorder.refusal,
                "waiting": progress.waiting,
                "unreceipted": sum(progress.unreceipted),
                "used_percent": room.percent if room else None,
                "left_bytes": room.left_bytes if room else None,
                "omitted": self._housekeeping.omitted,
            },
            "uplink": {
                "center": self._config.center[0].name,
                "connected": bool(view and view.connected),
                "proven": bool(view and view.proven),
                "path": view.path if view else None,
                "reason": (view.last_trouble if view else "") or self._uplink_trouble,
                "outstanding": sum(progress.unreceipted),
                "in_flight": view.outstanding_events if view else 0,
                "round_trip_ms": _ms(view.round_trip_ns if view else None),
            },
            "clock": {
                "trust": stamp.trust,
                "wall_ns": stamp.wall_ns,
                "uncertainty_ms": stamp.uncertainty_ms,
            },
            "body": self._body.facts(),
        }


def _ms(ns: int | None) -> float | None:
    return None if ns is None else ns / 1e6


def run(loaded: Loaded, hardware: Hardware | None = None) -> int:
    """Run the agent until SIGTERM or SIGINT; returns the exit code.

    Raises ConfigError where panels cannot be fitted, JournalLocked where another agent runs.
    """
    agent = Agent(loaded, SystemClock(), hardware)
    gc.collect()
    gc.freeze()  # what start-up made stays: the collector need not walk it again
    asyncio.run(run_until_signal(agent.ending, agent.serve, agent.await_power, agent.power_fails))
    return 0
