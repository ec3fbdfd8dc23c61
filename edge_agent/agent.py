"""The composition root: configuration in, objects wired, tasks run, orderly stop.

The only module that knows all others.  A bug in any task ends the process: systemd restarts it and
the next genesis says how this run ended.  What the world does (disk, lines, brokers) is handled
where it happens and never ends up here.
"""

import asyncio
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

import edge_agent
from edge_agent import limits
from edge_agent.clock import KeptClock
from edge_agent.config import Loaded
from edge_agent.contents import Envelopes
from edge_agent.control.probation import Phase, Probation
from edge_agent.control.socket import ControlSocket, Handler, Peer
from edge_agent.daemon import head_errands, heads, heartbeat
from edge_agent.daemon.centers import Station, Supply
from edge_agent.daemon.charter import Chartered
from edge_agent.daemon.command_keys import CommandKeys
from edge_agent.daemon.command_work import CommandWork, Means
from edge_agent.daemon.commands import Commanding, Office
from edge_agent.daemon.decommissioning import Parting
from edge_agent.daemon.diagnosing import Diagnosing, Past
from edge_agent.daemon.ending import Ending
from edge_agent.daemon.epoch import LastFrames, begin_by_files, recovered, what_happened
from edge_agent.daemon.exports import Exports
from edge_agent.daemon.handover import Around, HandingOver
from edge_agent.daemon.housekeeping import Housekeeping, Keeping
from edge_agent.daemon.inventory import Inventory, watch_inventory
from edge_agent.daemon.lines import Talks
from edge_agent.daemon.orders import Orders, command_of
from edge_agent.daemon.panels import fit
from edge_agent.daemon.program_watch import watch_program
from edge_agent.daemon.reconfiguration import Chosen, Reconfiguring, Surroundings
from edge_agent.daemon.recorder import Notary, Recorder
from edge_agent.daemon.renewal_watch import renew, watch_renewal
from edge_agent.daemon.scope_watch import ScopeWatch
from edge_agent.daemon.self_test import Outlet as TestOutlet
from edge_agent.daemon.self_test import SelfTest, Senses
from edge_agent.daemon.source import JournalSource
from edge_agent.daemon.timekeeping import Timekeeper
from edge_agent.daemon.updates import Updates
from edge_agent.daemon.visitors import Visitors
from edge_agent.daemon.zone_rates import RateWatch
from edge_agent.domain.event import Body as EventBody
from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody, ConfigBody, JournalBody, JournalChange
from edge_agent.evidence.cited import Place
from edge_agent.evidence.command import CLIP, CONFIG
from edge_agent.health.body import Body, Hardware, Outlet
from edge_agent.health.sources import device_of
from edge_agent.health.watchdog import Systemd, makes_progress
from edge_agent.journal import AbsentDisk, Care, Journal, Record, Terms
from edge_agent.machine import machine_facts

if TYPE_CHECKING:
    from edge_agent.daemon.clips import Clips

log = structlog.get_logger()


# ---- the running agent


class Agent:
    """Everything of one gateway, wired; `serve` runs it."""

    _newest: heads.Head | None = None

    def __init__(
        self,
        loaded: Loaded,
        clock: KeptClock,
        hardware: Hardware | None = None,
        probation: Probation | None = None,
    ) -> None:
        self._loaded = loaded
        self._config = loaded.config
        self._clock = clock
        self._fitted = fit(loaded, anyway=True)
        self._systemd = Systemd()
        self._stopping = False
        self._defects: asyncio.Queue[Exception] = asyncio.Queue()
        folder = loaded.path(self._config.gateway.data_dir) / "journal"
        frames = LastFrames(self._config.gateway.id)
        self._disk, self._found = recovered(folder, frames)
        self.ending = Ending()
        clock.recall(frames.told_ns, frames.seen_ns)
        gateway = self._config.gateway.id
        machine = machine_facts(gateway, device_of(folder))
        self._strange = what_happened(gateway, self._found.head, machine)
        self._begun = begin_by_files(loaded, self._found, clock, machine)
        self._notary = Notary(gateway, self._begun.epoch, self._begun.genesis, self._begun.signer)
        self._sources = {fitted.panel.id: fitted.source for fitted in self._fitted}
        self._recorder = Recorder(clock, self._sources, self._publish, self._status_changed)
        past = Past.of(self._disk, self._found, gateway, self._begun.epoch)
        self._diagnosing = Diagnosing(
            (self._config.premises, loaded.digest), past, self._recorder, clock
        )
        self._chartered = Chartered.of(loaded, folder.parent, self._recorder.note)
        self._handing = self._make_handing(clock, probation)
        self._scope = ScopeWatch(self._chartered, self._sources, self._recorder.note)
        self._orders = Orders.of(self._fitted, self._recorder, self._chartered.outside)
        self._exports = Exports(gateway, self._begun.signer, clock, self._recorder.vow)
        self._time = Timekeeper(clock, self._recorder.note, len(self._config.center))
        self._body = self._make_body(hardware, folder)
        if self._found.refused is None:  # else what was read may be in no more than the page cache
            frames.tell(self._recorder.recall, self._recorder.remember)
        self._journal = self._make_journal()
        station = Station(
            *(self._begun.epoch, self._signed_status, self._source),
            *(lambda: self._stopping, self._commanded, self._handing),
        )
        self._supply = Supply(loaded, self._journal, self._recorder, clock, station)
        self._self_test = self._make_self_test()
        self._housekeeping = self._make_housekeeping()
        self._zones = RateWatch(folder.parent, self._recorder.note)
        self._recorder.hearing.listen(
            *(self._self_test.hear, self._zones.hear, self._scope.hear, self._handing.hear)
        )
        self._clips = self._clips_of(clock)
        self._reconfiguring, self._work, self._commanding = self._make_commanding(probation)
        self._parting, self._parts = self._make_parting(), self._make_parts()

    def _make_parting(self) -> Parting:
        who = (self._loaded, self._chartered, self.ending, self._recorder)
        return Parting(*who, self._center_facts, self._exports.sealed)

    def _make_parts(self) -> heartbeat.Parts:
        return heartbeat.Parts(
            gateway=self._config.gateway,
            begun=self._begun,
            clock=self._clock,
            notary=self._notary,
            sources=self._sources,
            recorder=self._recorder,
            journal=self._journal,
            housekeeping=self._housekeeping,
            supply=self._supply,
            body=self._body,
            zones=self._zones,
            diagnosing=self._diagnosing,
            clips=self._clips,
            configuration=lambda: self._reconfiguring.facts,
            chartered=self._chartered,
            handover=self._handing.facts,
        )

    def _make_handing(self, clock: KeptClock, probation: Probation | None) -> HandingOver:
        failed = probation is not None and probation.phase is Phase.DROPPED
        recorder = self._recorder
        around = Around(self._center_facts, clock, lambda: recorder.refusal, failed)
        charter, changing = self._chartered, lambda: self._reconfiguring
        return HandingOver(self._loaded, charter, changing, recorder, around)

    def _center_facts(self) -> list[dict[str, Any]]:
        return self._supply.facts()

    def _make_journal(self) -> Journal:
        centers = self._config.center
        terms = Terms(
            [center.name for center in centers],
            optional=[center.name for center in centers if not center.required],
            spares=limits.SPARE_SEGMENTS,
            care=Care(Envelopes(), self._recorder.damaged),
        )
        return Journal(self._disk, self._found, self._notary, self._recorder, terms)

    def _make_housekeeping(self) -> Housekeeping:
        told = self._config.gateway
        keeping = Keeping(told.journal_bytes_max, told.journal_keep_days)
        return Housekeeping(self._journal, self._recorder, self._clock, keeping)

    def _make_body(self, hardware: Hardware | None, folder: Path) -> Body:
        outlet = Outlet(self._say_of_body, self.ending.by_power, edge_agent.__version__)
        return Body(
            self._config.body, hardware or Hardware(), self._clock, outlet, device_of(folder)
        )

    def _make_commanding(
        self, probation: Probation | None
    ) -> tuple[Reconfiguring, CommandWork, Commanding]:
        recorder, supply, restart = self._recorder, self._supply, self.ending.to_restart
        around = Surroundings(supply.facts, recorder.vow, self._clock.boottime_ns, restart)
        reconfiguring = Reconfiguring(Chosen(self._loaded, probation), around)
        who = (self._config.gateway.id, self._begun.epoch, self._begun.signer, self._state)
        ways = (self._supply.reply, self._zones.disposed)
        give, is_short = self._supply.hand_over, self._is_short_of_room
        means = Means(self._self_test.ask, self._recorder.note, is_short, give)
        work = CommandWork(self._loaded, self._clock, means)
        self._recorder.hearing.listen(work.walk_tests.hear)
        works = {**work.works, **self._chartered.works, **self._handing.works}
        works[CONFIG] = reconfiguring.take
        if self._clips is not None:
            works[CLIP] = self._clips.work(self._supply.hand_over)
        office = Office(*who, *ways, works, self._chartered.terms)
        keys = CommandKeys(self._loaded, self._clock)
        commanding = Commanding(office, self._orders, self._recorder, self._clock, keys)
        return reconfiguring, work, commanding

    def _clips_of(self, clock: KeptClock) -> "Clips | None":
        if not self._config.camera:
            return None
        from edge_agent.daemon.clips import clips_of  # noqa: PLC0415  loaded only where it is used

        clips = clips_of(self._loaded, self._recorder, clock, self._is_short_of_room)
        self._recorder.hearing.listen(clips.hear)
        return clips

    def _is_short_of_room(self) -> bool:
        return bool(self._recorder.refusal or self._housekeeping.omitted)

    def _commanded(self, center: str, data: bytes, retained: bool) -> None:
        self._commanding.heard(center, data, retained)

    def _source(self, center: str) -> JournalSource:
        rank = [one.name for one in self._config.center].index(center)
        time = partial(self._time.receipted, rank)
        return JournalSource(center, self._journal, self._recorder, self._begun, time)

    def _make_self_test(self) -> SelfTest:
        recorder, journal = self._recorder, self._journal
        senses = Senses(
            links=lambda: recorder.links,
            faults=lambda: recorder.faults,
            commits_ms=lambda: [took_ns / 1e6 for took_ns in journal.commits_ns()],
            refusal=lambda: recorder.refusal,
            readings=lambda: self._body.readings,
            centers=self._supply.facts,
            now=self._clock.now,
            unsupervised=frozenset(one.panel.id for one in self._fitted if not one.is_supervised),
        )
        outlet = TestOutlet(recorder.note, recorder.vow)
        return SelfTest(self._loaded, self._clock, senses, outlet)

    def _publish(self, record: Record, leaf: bytes, holders: AbstractSet[str]) -> None:
        if self._newest is None or record.seq > self._newest.place.seq:  # urgent ones overtake
            place = Place(record.epoch, record.seq)
            self._newest = heads.Head(place, leaf, record.data)
        if self._supply.offer(record, leaf, holders):
            self._time.sent(record.seq, record.data)

    def _status_changed(self) -> None:
        self._supply.status_changed()

    # ---- life

    async def serve(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then stop in order.  Raises what is a defect of ours."""
        asyncio.get_running_loop().set_exception_handler(self._on_loop_exception)
        orderly = False
        self._journal.start()
        self._recorder.attach(self._journal, self._begun.epoch, self._begun.draft)
        self.ending.begin(stop)
        self._say_what_was_found()
        visitors = Visitors(self._loaded, self._recorder.note)
        control = ControlSocket(
            Path(self._config.gateway.socket), self._handlers() | visitors.handlers, visitors
        )
        try:
            await control.start()
        except OSError as error:
            log.error("no control socket", cause=str(error), then="'edge-agent status' is deaf")
        try:
            async with asyncio.TaskGroup() as group:
                uplinks = [group.create_task(work) for work in self._supply.works()]
                others = [group.create_task(work) for work in self._works()]
                self._systemd.notify("READY=1")
                log.info("ready", gateway=self._config.gateway.id, epoch=self._begun.epoch.hex())
                await stop.wait()
                if notice := self.ending.notice:
                    self._systemd.notify(notice)
                for task in others:
                    task.cancel()
                await self._orders.stop()
                self._housekeeping.bind_receipts()
                # no patience: what waits for a shared commit goes along
                self._recorder.note(EventType.ACT, Lane.FAULT, self.ending.act.to_body())
                await self._drain()
                await self._parting.ended()
                self._stopping = True
                for uplink in uplinks:
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

    def _handlers(self) -> dict[str, Handler]:
        handlers: dict[str, Handler] = {
            "status": self._status,
            "order": self._order,
            "charter": self._chartered.answer,
            "handover": self._handing.answer,
            "decommission": self._parting.answer,
            **self._exports.handlers,
            **Updates(self._recorder.vow).handlers,
            "walk_test": self._work.walk_tests.answer,
            "diagnose": lambda request, peer: self._self_test.ask(request, str(peer)),
        }
        return handlers | ({} if self._clips is None else {"clip": self._clips.answer})

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
        """Return the coroutines that run beside the uplinks."""
        works: list[Any] = [
            self._time.run(),
            self._supply.watch_certificates(),
            self._housekeeping.run(),
            self._commanding.run(),
            self._reconfiguring.run(),
            self._handing.run(),
            self._parting.run(),
            self._work.run(),
            self._zones.run(),
            self._scope.run(self._status_changed),
            self._feed_watchdog(),
            self._fail_with_callbacks(),
            self._body.run(),
            self._self_test.run(),
            self._diagnosing.run(),
            watch_program(self._recorder.note),
        ]
        if self._config.device:
            inventory = Inventory(self._config.device, list(self._sources))
            works.append(watch_inventory(inventory, self._clock.stamp, self._recorder.note))
        if any(center.enrolment for center in self._config.center):
            works.append(watch_renewal(self._recorder.note, lambda: renew(self._loaded.file)))
        works += head_errands.works(
            self._loaded, self._begun.second_kid, self._recorder.note, lambda: self._newest
        )
        if self._clips is not None:
            works.append(self._clips.run())
        talks = Talks(self._fitted, self._config.bus, self._orders.desk)
        works += talks.works(self._recorder, self._clock)
        return works

    def _say_what_was_found(self) -> None:
        self._chartered.begin()
        config = ConfigBody(self._loaded.digest, "start", charter=self._chartered.mark)
        self._recorder.note(EventType.CONFIG, Lane.STATE, config.to_body())
        if isinstance(self._disk, AbsentDisk):
            log.error(
                "journal folder unusable",
                cause=str(self._disk.why),
                then="events are kept in memory and sent; panels get their ACK by receipt",
                remedy="mount the card, free space on it, or correct `data_dir` and its owner",
            )
        if self._strange is not None:
            log.error(self._strange.cause, cause=self._strange.detail, remedy=self._strange.remedy)
            self._recorder.note(EventType.FINDING, Lane.FAULT, self._strange.to_body())
        for damage in self._found.damages:
            log.error("journal damaged", damage=str(damage))
            body = JournalBody(JournalChange.DAMAGED, str(damage)).to_body()
            self._recorder.note(EventType.JOURNAL, Lane.FAULT, body)

    async def _drain(self) -> None:
        """Give the last events a moment to reach the centers; what does not is in the journal."""

        def is_over() -> bool:
            if not self._supply.is_connected():
                return True
            return not self._journal.progress().waiting and self._supply.is_drained()

        await self._wait_until(is_over)

    async def _wait_until(self, is_over: Callable[[], bool]) -> None:
        until_ns = self._clock.boottime_ns() + limits.STOP_DRAIN_NS_MAX
        while self._clock.boottime_ns() < until_ns:
            if is_over():
                return
            await asyncio.sleep(0.02)

    # ---- the work beside the panels

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

    def _signed_status(self, center: str) -> bytes:
        return heartbeat.signed_status(self._parts, center, stopping=self._stopping)

    async def _order(self, request: Mapping[str, Any], peer: Peer) -> dict[str, Any]:
        """Answer `edge-agent panel`."""
        command = command_of(request)
        return (await self._orders.give(str(request.get("panel")), command, str(peer))).facts()

    async def _status(self, _request: Mapping[str, Any], _peer: Peer) -> dict[str, Any]:
        """Answer `edge-agent status`."""
        return await self._state()

    async def _state(self) -> dict[str, Any]:
        return heartbeat.state(self._parts)
