"""Many gateways that lose their broker at one moment: `python -m bench.reconnect`.

A real mosquitto with TLS, the real center, and 200 real uplinks in one process, each with keys, a
certificate and a journal in memory of its own.  The broker is killed, every gateway records events
meanwhile, the broker comes back.  Limits:

1. no herd: at most a quarter of all gateways connect in one tenth of a second;
2. nobody starves: the last gateway's last receipt comes within the longest pause and what the
   center needs at the rate at which it is told to be able to;
3. everything recorded is receipted, and the center holds it once.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bench.report import Report, percentile
from bench.tap import cpu_s, folder
from edge_agent.clock import SystemClock
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import Ended, GenesisBody, LinkBody
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.envelope import Event, seal
from edge_agent.evidence.signers import Ed25519Signer, load_signer
from edge_agent.evidence.status import Status, sign_status
from edge_agent.evidence.tree import Peaks, leaf_hash
from edge_agent.uplink.access import client_id_of, load_signing_key
from edge_agent.uplink.dial import CenterAccess, PathAccess
from edge_agent.uplink.messages import Cursor, Outgoing
from edge_agent.uplink.paths import PAUSE_NS_MAX
from edge_agent.uplink.uplink import Portion, Site, Uplink
from hil.rig import free_port, wait_until
from hil.rig.command import run as run_command
from hil.rig.parts import CENTER, Broker, Center

GATEWAYS, GATEWAYS_QUICK = 200, 40
OUTAGE_S = 5.0
EVENTS = 10  # of each gateway while the broker is away
SHARE_MAX = 0.25
SLOT_NS = 100_000_000
RATE_MIN = 200  # events a second that the center stores, whatever comes: by far its slowest
CONNECTED_S_MAX = 120.0


@dataclass(slots=True)
class Gateway:
    """A gateway without panels: it signs, keeps and offers events, as the agent would."""

    name: str
    folder: Path
    signer: Signer = field(default_factory=Ed25519Signer.generate)
    epoch: bytes = field(default_factory=lambda: os.urandom(8))
    peaks: Peaks = field(default_factory=Peaks)
    kept: dict[int, Outgoing] = field(default_factory=dict)  # unreceipted
    first: bytes = b""
    clock: SystemClock = field(default_factory=SystemClock)
    connected_ns: int = 0
    done_ns: int = 0
    uplink: Uplink | None = None

    def begin(self) -> None:
        identity = load_signer(self.folder / "identity.key")
        body = GenesisBody(
            event_key=self.signer.public,
            identity_kid=identity.public.kid,
            ended=Ended.FIRST,
            version="bench",
            previous_epoch=None,
            previous_size=0,
            previous_root=None,
        )
        self.first = self._seal(EventType.GENESIS, Lane.STATE, body.to_body(), identity).data

    def record(self, number: int) -> None:
        """Record an event and offer it."""
        body = LinkBody("p1", online=bool(number % 2), reason="").to_body()
        lane = (Lane.INTRUSION, Lane.FAULT, Lane.STATE)[number % 3]
        event = self._seal(EventType.LINK, lane, body, self.signer)
        if self.uplink is not None:
            self.uplink.offer(event)

    def _seal(self, kind: EventType, lane: Lane, body: Body, by: Signer) -> Outgoing:
        seq = self.peaks.size
        root, stamp = self.peaks.root(), self.clock.stamp()
        event = Event(
            gateway=self.name,
            epoch=self.epoch,
            seq=seq,
            root=root,
            stamp=stamp,
            lane=lane,
            type=kind,
            body=body,
        )
        envelope = seal(event, by)
        leaf = leaf_hash(envelope)
        self.peaks.append(leaf)
        self.kept[seq] = Outgoing(self.epoch, seq, int(lane), leaf, envelope)
        return self.kept[seq]

    # ---- what the uplink asks of a journal

    async def fetch(self, lane: int, after: Cursor | None, bytes_max: int) -> Portion:
        del after, bytes_max  # a few events: one portion
        return Portion(tuple(one for one in self.kept.values() if one.lane == lane), None)

    async def genesis(self, epoch: bytes) -> bytes | None:
        return self.first if epoch == self.epoch else None

    def release(self, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        del epoch, receipt
        for seq in seqs:
            self.kept.pop(seq, None)
        if not self.kept:
            self.done_ns = self.clock.boottime_ns()

    def path(self, center: str, path: str, up: bool, reason: str) -> None:
        pass

    def status(self) -> bytes:
        stamp = self.clock.stamp()
        status = Status(
            gateway=self.name,
            epoch=self.epoch,
            next_seq=self.peaks.size,
            root=self.peaks.root(),
            stamp=stamp,
            started=stamp,
            interval_s=25,
        )
        return sign_status(status, self.signer)

    def make_uplink(self, broker_port: int) -> Uplink:
        key, ca = self.folder / "client.key", self.folder / "ca.pem"
        certificate = self.folder / "client.pem"
        path = PathAccess(
            host="localhost", port=broker_port, ca=ca, certificate=certificate, key=key
        )
        receipt_key = load_signing_key(self.folder / "receipt.pem", ca)
        access = CenterAccess("center", receipt_key, (path,), client_id_of(self.name, key))
        self.uplink = Uplink(Site(self.name, self.epoch, self.status), access, self, self.clock)
        return self.uplink


class Fleet:
    """All gateways on one loop."""

    def __init__(self, report: Report, gateways: list[Gateway], broker: Broker) -> None:
        self.report, self.gateways, self.broker = report, gateways, broker
        self.clock = SystemClock()

    async def play(self, center_pid: int) -> None:
        async with asyncio.TaskGroup() as group:
            works = [
                group.create_task(one.make_uplink(self.broker.port).run()) for one in self.gateways
            ]
            await self._until(self._settled, "all connected and receipted")
            await asyncio.to_thread(self.broker.kill)
            await self._until(lambda: not any(self._up()), "all have noticed")
            before_s = cpu_s(center_pid)
            await self._outage()
            back_ns = self.clock.boottime_ns()
            await self._watch()
            self._judge(back_ns, cpu_s(center_pid) - before_s)
            for work in works:
                work.cancel()

    async def _outage(self) -> None:
        for number in range(EVENTS):
            for one in self.gateways:
                one.record(number)
            await asyncio.sleep(OUTAGE_S / EVENTS)
        for one in self.gateways:
            one.connected_ns = one.done_ns = 0
        await asyncio.to_thread(self.broker.start)
        await asyncio.to_thread(self.broker.wait_ready)

    async def _watch(self) -> None:
        """Note when each is connected, until all is receipted."""

        def looked() -> bool:
            for one, up in zip(self.gateways, self._up(), strict=True):
                if up and not one.connected_ns:
                    one.connected_ns = self.clock.boottime_ns()
            return self._settled()

        await self._until(looked, "all receipted")

    def _up(self) -> list[bool]:
        return [one.uplink is not None and one.uplink.view().connected for one in self.gateways]

    def _settled(self) -> bool:
        return all(self._up()) and not any(one.kept for one in self.gateways)

    async def _until(self, holds: Callable[[], bool], what: str) -> None:
        end = time.perf_counter() + CONNECTED_S_MAX
        while not holds():
            if time.perf_counter() > end:
                missing = [one.name for one in self.gateways if one.kept]
                sys.exit(f"waited in vain: {what}; {len(missing)} have events left: {missing[:5]}")
            await asyncio.sleep(0.01)

    def _judge(self, back_ns: int, center_cpu_s: float) -> None:
        report, count = self.report, len(self.gateways)
        events = count * EVENTS
        connected = sorted((one.connected_ns - back_ns) / 1e9 for one in self.gateways)
        done = sorted((one.done_ns - back_ns) / 1e9 for one in self.gateways)
        report.fact("gateways", count)
        for name, values in (("connected", connected), ("all receipted", done)):
            spread = ", ".join(f"{percentile(values, at):.2f}" for at in (0.01, 0.5, 0.99))
            report.fact(f"{name} after the broker's return: first, median, last", spread, "s")
        report.fact("center: CPU for it", 1e3 * center_cpu_s / events, "ms/event")
        slots = Counter(one.connected_ns // SLOT_NS for one in self.gateways)
        share = max(slots.values()) / count
        report.check("connected in the busiest 0.1 s", 100 * share, 100 * SHARE_MAX, "%", "no herd")
        limit_s = PAUSE_NS_MAX / 1e9 + events / RATE_MIN
        why = f"the longest pause, and {RATE_MIN} events a second"
        report.check("the last receipt of the last gateway", done[-1], limit_s, "s", why)


def held(center: Center) -> tuple[int, int]:
    """Return how many events the center holds, and how many of these are not the only ones."""
    uri = f"file:{center.folder / 'events.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        query = "SELECT count(*), count(DISTINCT epoch_id || '/' || seq) FROM event"
        stored, distinct = database.execute(query).fetchone()
    return int(stored), int(stored - distinct)


def run(report: Report, count: int) -> None:
    structlog.configure(processors=[_quiet])
    names = [f"gw{number}" for number in range(1, count + 1)]
    with folder() as place:
        directory = Path(place) / "center"
        asked = itertools.chain.from_iterable(("--gateway", name) for name in names)
        run_command(CENTER, "init", directory, "--port", str(free_port()), *asked)
        broker = Broker(directory, Path(place) / "broker.log")
        center = Center(directory, Path(place) / "center.log")
        gateways = [Gateway(name, directory / "gateways" / name) for name in names]
        for one in gateways:
            one.begin()
        with contextlib.ExitStack() as running:
            for part in (broker, center):
                running.callback(part.close)
                part.start()
                part.wait_ready()
            assert center.process is not None
            asyncio.run(Fleet(report, gateways, broker).play(center.process.pid))
            wait_until(lambda: held(center)[0] >= count * (EVENTS + 1), "the center holds all")
            stored, doubled = held(center)
    report.check("events lost", count * (EVENTS + 1) - stored, 0, "", "none")
    report.check("events held twice", doubled, 0, "", "none")


def _quiet(*_: object) -> dict[str, object]:
    raise structlog.DropEvent


def main() -> int:
    parser = argparse.ArgumentParser(description="Gateways that lose their broker at one moment.")
    parser.add_argument("--quick", action="store_true", help=f"{GATEWAYS_QUICK} gateways")
    parser.add_argument("--gateways", type=int, help=f"how many; {GATEWAYS} by default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args()
    report = Report("reconnect", quiet=chosen.json)
    run(report, chosen.gateways or (GATEWAYS_QUICK if chosen.quick else GATEWAYS))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
