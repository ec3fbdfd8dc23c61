"""How many gateways one center serves: `python -m bench.center`.

The same twice in one run, with few gateways and with ten times as many, each with keys, events and
heartbeats of its own (`bench/many.py`): what one message costs must not depend on how many there
are.  First the center's stores by themselves, then a real broker and a real `edge-center serve`,
last the queries on many stored events.  Costs are CPU times, so that they mean the same on a busy
machine.  Limits:

1. a heartbeat, an event, its proof, a start with ten times the gateways, and a query with ten times
   the events, cost at most three times as much: ten it would be if anything went through all;
2. an alarm while the heartbeats of all run, or half as many as are taken: median at most twice that
   of an idle center or 10 ms more, the larger, and 99 of 100 within 250 ms;
3. alarms of thousands at one moment are all receipted before any gateway would say its own again.

`--gateways 100000` and `--events 10000000` take an hour and 10 GB.
"""

import argparse
import random
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho

from bench import many
from bench.many import Gateway, Said
from bench.report import Report, median, percentile
from bench.tap import client, cpu_s, folder, now_ns, pause
from edge_agent.center import schema, show
from edge_agent.center.audit import Audit
from edge_agent.center.layout import Layout
from edge_agent.center.presence import PresenceStore
from edge_agent.center.receiver import Intake
from edge_agent.center.store import Arrival, Store
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.receipt import open_receipt
from edge_agent.evidence.status import peek_status
from hil.rig import free_port, wait_until
from hil.rig.command import run as run_command
from hil.rig.parts import CENTER, Broker, Center

GATEWAYS, GATEWAYS_QUICK = 3_000, 1_000
EVENTS, EVENTS_QUICK = 200_000, 50_000
FEWER = 10
SAID_MIN, SAID_MAX = 2_000, 20_000  # messages of a kind in one measure
BATCH = 32  # what a connection holds unacknowledged, and a transaction takes
GROWTH_MAX = 3.0  # with ten times as many: ten it would be if anything went through all
QUERY_MS_MIN = 5.0  # of CPU: below this there is nothing to compare
ALARMS, ALARMS_QUICK = 200, 50
ALARM_MS_MORE, ALARM_MS_P99 = 10.0, 250.0
WINDOW = 400  # messages at once, two times under way: below what a broker keeps for a reader
BURST_MAX = 5_000  # alarms at one moment: half of what the broker keeps
AGAIN_S = 30.0  # after which a gateway says again what was not receipted
SHARE = 0.5  # of what is taken, for heartbeats: the rest is for what they are not


@dataclass(slots=True)
class Costs:
    """CPU milliseconds by what they were spent on, with one number of gateways."""

    gateways: int
    ms: dict[str, float] = field(default_factory=dict)
    beats_s: float = 0.0  # heartbeats that were taken a second


def picked(gateways: Sequence[Gateway]) -> list[Gateway]:
    """Return the gateways that speak in a measure, always the same: in no order, spread over all.

    What a center reads of each that speaks for the first time is no part of what a message costs.
    """
    speaking = gateways[:: -(-len(gateways) // SAID_MAX)]
    return random.sample(speaking, len(speaking)) * -(-SAID_MIN // len(gateways))


# ---- the stores by themselves


def bare(report: Report, layout: Layout, gateways: list[Gateway]) -> Costs:
    """Have the stores take a heartbeat and an event of each, and the audit prove the events."""
    costs = Costs(len(gateways))
    office = many.office_of(layout)
    with ExitStack() as opened:
        one, other, third = (
            opened.enter_context(closing(schema.open_for_writing(layout.database)))
            for _ in range(3)
        )
        lanes: dict[str, Intake] = {
            "heartbeat": PresenceStore(office, one, many.BEAT_S),
            "event": Store(office, other, urgent=False),
        }
        for name, said in (("heartbeat", Gateway.beat), ("event", Gateway.event)):
            _fed(lanes[name], [said(gateway) for gateway in picked(gateways)])  # all are known now
            fresh = [said(gateway) for gateway in picked(gateways)]
            copied_back(third)
            before = layout.database.stat().st_size
            costs.ms[name] = 1e3 * _cpu_s(_feeding(lanes[name], fresh)) / len(fresh)
            log = Path(f"{layout.database}-wal").stat().st_size
            copied_back(third)
            grown = layout.database.stat().st_size - before
            told = f"{costs.gateways:,} gateways, stores alone: one {name}"
            report.fact(f"{told}, written to the log", log / len(fresh), "bytes")
            report.fact(f"{told}, kept", grown / len(fresh), "bytes")
        audit = Audit(third, office.turns)
        costs.ms["proof"] = 1e3 * _cpu_s(lambda: _proving(audit)) / events_in(layout)
    for name, ms in costs.ms.items():
        report.fact(f"{costs.gateways:,} gateways, stores alone: one {name}", ms, "ms CPU")
    return costs


def copied_back(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _feeding(lane: Intake, said: list[Said]) -> Callable[[], None]:
    return lambda: _fed(lane, said)


def _fed(lane: Intake, said: list[Said]) -> None:
    for part in many.parts(said, BATCH):
        arrivals = [Arrival(name, live=False, data=data) for name, data in part]
        lane.take(arrivals, (many.now_ns()) // 1_000_000)


def _proving(audit: Audit) -> None:
    while audit.step(0):
        pass


def _cpu_s(work: Callable[[], None]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def events_in(layout: Layout) -> int:
    with closing(schema.open_for_reading(layout.database)) as connection:
        return int(connection.execute("SELECT count(*) FROM event").fetchone()[0])


# ---- broker and center as they are


class Field:
    """All gateways at the other end of a broker, over one connection, and one for alarms."""

    def __init__(self, directory: Path, port: int, gateways: list[Gateway]) -> None:
        self.gateways = gateways
        self._receipt_key = PublicKey.from_certificate_pem((directory / "receipt.pem").read_bytes())
        self._database = schema.open_for_reading(directory / "events.db")
        self.receipted: dict[tuple[bytes, int], int] = {}
        self._ready = False
        self._client = client(directory, "many", "center", port)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._urgent = client(directory, "many-alarms", "center", port)
        for one in (self._client, self._urgent):
            one.loop_start()
        wait_until(lambda: self._ready and self._urgent.is_connected(), "the gateways are let in")

    def close(self) -> None:
        for one in (self._client, self._urgent):
            one.disconnect()
            one.loop_stop()
        self._database.close()

    def _on_connect(self, *_: object) -> None:
        self._client.subscribe(many.topic("+", "receipts"), qos=1)

    def _on_subscribe(self, *_: object) -> None:
        self._ready = True

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        at_ns = now_ns()
        for one in open_receipt(bytes(message.payload), self._receipt_key).ranges:
            for seq in range(one.first, one.last + 1):
                self.receipted.setdefault((one.epoch, seq), at_ns)

    def say(self, said: Said, lane: str) -> None:
        by = self._urgent if lane == "alarms" else self._client
        by.publish(many.topic(said[0], lane), said[1], qos=1)

    def beats(self, said: Sequence[Said]) -> None:
        """Say heartbeats as fast as they are taken; return when all are."""
        last: Said | None = None
        for part in many.parts(said, WINDOW):
            for one in part:
                self.say(one, "status")
            if last is not None:
                self._await_heard(*last)
            last = part[-1]
        if last is not None:
            self._await_heard(*last)

    def _await_heard(self, name: str, data: bytes) -> None:
        query = "SELECT status FROM presence WHERE gateway = ?"

        def is_there() -> bool:
            row = self._database.execute(query, (name,)).fetchone()
            return row is not None and said_at(row[0]) >= said_at(data)

        wait_until(is_there, f"the heartbeat of {name}")

    def events(self, said: Sequence[Said]) -> None:
        """Say events as fast as they are receipted; return when all are."""
        before, count = len(self.receipted), 0
        for part in many.parts(said, WINDOW // 2):
            for one in part:
                self.say(one, "events")
            least = before + count  # of the part before
            wait_until(lambda: len(self.receipted) >= least, "receipts")  # noqa: B023  at once
            count += len(part)
        wait_until(lambda: len(self.receipted) >= before + count, "all receipts")

    def burst(self, gateways: Sequence[Gateway]) -> float:
        """Say an alarm of each at one moment; return the seconds to the last receipt."""
        places = [(one.epoch, one.peaks.size) for one in gateways]
        alarms = [one.event(Lane.INTRUSION) for one in gateways]
        begun_ns = now_ns()
        for one in alarms:
            self.say(one, "alarms")
        wait_until(lambda: all(place in self.receipted for place in places), "their receipts")
        return (max(self.receipted[place] for place in places) - begun_ns) / 1e9

    def alarm(self, gateway: Gateway) -> float:
        """Say an alarm alone; return the milliseconds to its receipt."""
        place = gateway.epoch, gateway.peaks.size
        said, begun_ns = gateway.event(Lane.INTRUSION), now_ns()
        self.say(said, "alarms")
        wait_until(lambda: place in self.receipted, "the receipt of an alarm")
        return (self.receipted[place] - begun_ns) / 1e6


def said_at(status: bytes) -> int:
    """Return the time of a heartbeat by its gateway's own clock."""
    return peek_status(status)[1].stamp.boottime_ns


@contextmanager
def serving(directory: Path) -> Iterator[tuple[Broker, Center, int]]:
    """Start broker and center; the last is how many milliseconds of CPU the center's start took."""
    place = directory.parent
    broker, center = Broker(directory, place / "broker.log"), Center(directory, place / "serve.log")
    with ExitStack() as running:
        for part in (broker, center):
            running.callback(part.close)
            part.start()
            part.wait_ready()
        yield broker, center, round(1e3 * cpu_s(pid(center)))


def pid(part: Broker | Center) -> int:
    assert part.process is not None, "it was started"
    return part.process.pid


def memory_kib(part: Broker | Center) -> int:
    """Return the resident memory (proc_pid_status(5))."""
    text = Path(f"/proc/{pid(part)}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0])


def whole(report: Report, layout: Layout, gateways: list[Gateway], alarms: int) -> Costs:
    """Measure a real center behind a real broker."""
    costs, count = Costs(len(gateways)), len(gateways)
    with serving(layout.directory) as (broker, center, start_ms):
        costs.ms["start"] = start_ms
        report.fact(f"{count:,} gateways: start of the center", start_ms, "ms CPU")
        begun_kib = memory_kib(center)
        with closing(Field(layout.directory, broker.port, gateways)) as field_:
            measured = {
                "heartbeat": (field_.beats, Gateway.beat),
                "event": (field_.events, Gateway.event),
            }
            for name, (say, make) in measured.items():
                say([make(one) for one in picked(gateways)])  # all are known now
                said = [make(one) for one in picked(gateways)]
                spent = cpu_s(pid(center)), cpu_s(pid(broker)), time.perf_counter()
                say(said)
                took = cpu_s(pid(center)), cpu_s(pid(broker)), time.perf_counter()
                ours, broker_s, wall_s = (b - a for a, b in zip(spent, took, strict=True))
                costs.ms[name] = 1e3 * ours / len(said)
                costs.beats_s = costs.beats_s or len(said) / wall_s
                told = f"{count:,} gateways, broker and center: {name}s"
                report.fact(told, len(said) / wall_s, "/s here")
                report.fact(f"{told}, the center", costs.ms[name], "ms CPU each")
                report.fact(f"{told}, the broker", 1e3 * broker_s / len(said), "ms CPU each")
            more_kib = (memory_kib(center) - begun_kib) / min(count, SAID_MAX)
            mib = memory_kib(center) / 1024
            report.fact(f"{count:,} gateways: memory of the center", mib, "MiB")
            report.fact(f"{count:,} gateways: memory of each", more_kib, "KiB")
            _alarms(report, field_, costs, alarms)
            at_once = random.sample(gateways, min(count, BURST_MAX))
            told = f"{len(at_once):,} alarms at one moment: the last receipt"
            report.check(told, field_.burst(at_once), AGAIN_S, "s", "before they are said again")
    return costs


def _alarms(report: Report, field_: Field, costs: Costs, alarms: int) -> None:
    """Compare an alarm at an idle center with one while all say heartbeats."""
    chosen = random.choices(field_.gateways, k=alarms)
    idle = [field_.alarm(one) for one in chosen]
    rate = min(costs.gateways / many.BEAT_S, SHARE * costs.beats_s)
    beats = [one.beat() for one in picked(field_.gateways)][::-1]  # taken from the end
    loaded: list[float] = []
    begun, said = time.perf_counter(), 0
    for one in chosen:
        due = min(int((time.perf_counter() - begun) * rate) - said, len(beats))
        for _ in range(due):
            field_.say(beats.pop(), "status")
        said += due
        loaded.append(field_.alarm(one))
        pause(0.01)
    rate = said / (time.perf_counter() - begun)
    name = f"{costs.gateways:,} gateways: an alarm to its receipt"
    report.fact(f"{name}, idle: median", median(idle), "ms")
    limit = max(2 * median(idle), median(idle) + ALARM_MS_MORE)
    told = f"{name}, {rate:,.0f} heartbeats a second: "
    report.check(f"{told}median", median(loaded), limit, "ms", "idle, twice or 10 ms more")
    report.check(f"{told}p99", percentile(loaded, 0.99), ALARM_MS_P99, "ms", "as beside a drain")


# ---- many stored events


def queries(report: Report, place: Path, gateways: list[Gateway], events: int) -> None:
    """Measure what people ask, with some events stored and with ten times as many."""
    took: dict[str, list[float]] = {}
    for count in (events // FEWER, events):
        file = place / f"{count}.db"
        with closing(schema.open_for_writing(file)) as connection:
            many.fill(connection, gateways, count)
        with closing(schema.open_for_reading(file)) as connection:
            for name, wanted in many.asked(gateways).items():
                begun = time.process_time()
                show.newest(connection, wanted, 50)
                took.setdefault(name, []).append(1e3 * (time.process_time() - begun))
    for name, (few, all_) in took.items():
        report.fact(f"{events:,} events: {name}", all_, "ms CPU")
        told = f"{name}: growth with ten times the events"
        report.check(told, all_ / max(few, QUERY_MS_MIN), GROWTH_MAX, "x", "found by index")


def main() -> int:
    parser = argparse.ArgumentParser(description="How many gateways one center serves.")
    parser.add_argument("--quick", action="store_true", help="fewer of everything")
    parser.add_argument("--gateways", type=int, help=f"how many; {GATEWAYS:,} by default")
    parser.add_argument("--events", type=int, help=f"stored for queries; {EVENTS:,} by default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args()
    report = Report("center", quiet=chosen.json)
    most = chosen.gateways or (GATEWAYS_QUICK if chosen.quick else GATEWAYS)
    costs: list[tuple[Costs, Costs]] = []
    for count in (most // FEWER, most):
        with folder() as place:
            layout = Layout(Path(place) / "center")
            run_command(CENTER, "init", layout.directory, "--port", str(free_port()))
            many.let_in(layout.directory)
            gateways = many.enter(layout, count)
            many.store(layout, (one.genesis() for one in gateways))
            alone = bare(report, layout, gateways)
            alarms = ALARMS_QUICK if chosen.quick else ALARMS
            costs.append((alone, whole(report, layout, gateways, alarms)))
            if count == most:
                events = chosen.events or (EVENTS_QUICK if chosen.quick else EVENTS)
                queries(report, Path(place), gateways, events)
    for where, few, all_ in zip(("stores", "center"), *costs, strict=True):
        for name, ms in all_.ms.items():
            told = f"{where}: one {name}, growth with ten times the gateways"
            report.check(told, ms / few.ms[name], GROWTH_MAX, "x", "nothing is by gateway")
    beat_ms = costs[1][1].ms["heartbeat"]
    told = f"gateways whose heartbeats, each {many.BEAT_S} s, take half a core of the center"
    report.fact(told, 1e3 * SHARE / beat_ms * many.BEAT_S)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
