"""How fast a backlog is drained to the last receipt: `python -m bench.drain`.

Ours: the real agent on a ready-made journal, the real broker with mosquitto's default queue limits,
the real center; from READY to the last receipt.  Reference, in turns with it and through the same
kind of broker: one raw publisher that pipelines the same envelopes with QoS 1, an event a message,
and one raw subscriber that verifies each and inserts the same rows with the same settings, batched
like the center's.  It sends no receipts, keeps no window by bytes and would not survive a crash;
only its count of messages under way is held below the broker's limits, which drop silently.
Limits: half of its rate; nothing lost.
"""

import argparse
import hashlib
import multiprocessing
import sqlite3
import sys
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import Any

import cbor2
import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench import backlog
from bench.parts import enter_epoch, pump
from bench.report import Report, median
from bench.tap import Tap, client, cpu_s, folder, journal_of, now_ns, prepared, start_agent
from edge_agent.center import schema
from edge_agent.evidence.bodies import GenesisBody
from edge_agent.evidence.cose import Domain
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.signers import load_signer
from hil.rig import Panel, Stack, wait_until
from hil.rig.stack import GATEWAY

RATE_SHARE_MIN = 0.5
EVENTS, EVENTS_QUICK = 20_000, 3_000
TURNS, TURNS_QUICK = 3, 1
DRAIN_S_MAX = 300.0
UNDER_WAY_MAX = 500  # half of mosquitto's queue: what is beyond it is dropped
BATCH_BYTES_MAX = 65_536  # as in the center
BATCH_EVENTS = 150  # about as many bytes
TOPIC = f"edge/v1/{GATEWAY}/replies"  # which the real center does not read
INSERT = (
    "INSERT INTO event (epoch_id, seq, leaf, root, received_ms, lane, type, live, vouched,"
    " envelope) VALUES (1, ?, ?, ?, 0, ?, ?, 0, 1, ?) ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in the journal; the first envelope is the genesis."""

    epoch: bytes
    envelopes: list[bytes]

    @property
    def key(self) -> bytes:
        return GenesisBody.from_body(peek(self.envelopes[0])[1].body).event_key.raw


# ---- ours


@dataclass(frozen=True, slots=True)
class Drained:
    """What a drain of ours came to."""

    held: Backlog
    rate: float  # events a second
    lost: int
    cpu_us: dict[str, float]  # an event, by program: what the machine's other work does not change


def ours(events: int) -> Drained:
    """Drain a fresh journal."""
    with prepared(Stack([Panel("p1")])) as stack:
        identity = load_signer(stack.gateway / "identity.key")
        epoch = backlog.fill(journal_of(stack), GATEWAY, identity, events)
        held = Backlog(epoch, backlog.envelopes(journal_of(stack), epoch))
        with closing(Tap(stack)) as tap:
            start_agent(stack)
            begun_ns = now_ns()
            wait_until(lambda: len(tap.of(epoch)) > events, "the drain ends", DRAIN_S_MAX)
            took_s = (max(tap.of(epoch).values()) - begun_ns) / 1e9
        children = (stack.agent, stack.broker, stack.center)
        cpu_us = {
            child.name: 1e6 * cpu_s(child.process.pid) / events
            for child in children
            if child.process
        }
        return Drained(held, (events + 1) / took_s, events + 1 - stored(stack, epoch), cpu_us)


def stored(stack: Stack, epoch: bytes) -> int:
    uri = f"file:{stack.center.folder / 'events.db'}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        row = database.execute(
            "SELECT count(DISTINCT seq) FROM event JOIN epoch ON epoch.id = epoch_id"
            " WHERE epoch.epoch = ?",
            (epoch,),
        ).fetchone()
    return int(row[0])


# ---- the reference


class Subscriber:
    """Verifies and inserts what comes, a batch a transaction; a process of its own."""

    def __init__(self, connection: sqlite3.Connection, key: bytes) -> None:
        self.waiting: list[bytes] = []
        self._database = connection
        self._key = Ed25519PublicKey.from_public_bytes(key)

    def on_connect(self, mine: paho.Client, *_: object) -> None:
        mine.subscribe(TOPIC, qos=1)

    def on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.waiting.append(bytes(message.payload))

    def store(self) -> int:
        """Store one batch; return how many envelopes it had."""
        rows: list[tuple[Any, ...]] = []
        size = 0
        for envelope in self.waiting:
            size += len(envelope)
            if rows and size > BATCH_BYTES_MAX:
                break
            rows.append(self._row(envelope))
        del self.waiting[: len(rows)]
        self._database.execute("BEGIN IMMEDIATE")
        self._database.executemany(INSERT, rows)
        self._database.execute("COMMIT")
        return len(rows)

    def _row(self, envelope: bytes) -> tuple[Any, ...]:
        protected, _, payload, signature = cbor2.loads(envelope).value
        aad = Domain.EVENT.value
        self._key.verify(signature, cbor2.dumps(["Signature1", protected, aad, payload]))
        event = cbor2.loads(payload)
        leaf = hashlib.sha256(b"\0" + envelope).digest()
        return event[4], leaf, event[5], event[7], event[8], envelope


def subscribe(place: tuple[Path, int], file: Path, key: bytes, done: "Synchronized[int]") -> None:
    """Be the subscriber until killed; `done` counts what is stored, -1 before it is ready."""
    with closing(schema.open_for_writing(file)) as connection:
        enter_epoch(connection)
        subscriber = Subscriber(connection, key)
        mine = client(place[0], "raw-subscriber", "center", place[1])
        mine.on_connect = subscriber.on_connect
        mine.on_subscribe = lambda *_: setattr(done, "value", 0)
        mine.on_message = subscriber.on_message
        while True:
            pump([mine], 1.0)
            while len(subscriber.waiting) < BATCH_EVENTS and pump([mine], 0):
                pass
            while subscriber.waiting:
                done.value += subscriber.store()


def publish(place: tuple[Path, int], envelopes: list[bytes], done: "Synchronized[int]") -> None:
    """Be the publisher: everything as fast as the broker's limits allow."""
    mine = client(place[0], "raw-publisher", "client", place[1])
    while not mine.is_connected():
        pump([mine], 0.01)
    for sent, envelope in enumerate(envelopes):
        mine.publish(TOPIC, envelope, qos=1)
        pump([mine], 0)
        while sent - done.value > UNDER_WAY_MAX:
            pump([mine], 0.001)
    while done.value < len(envelopes):
        pump([mine], 0.01)


def raw(held: Backlog) -> float:
    """Return the events a second of publisher and subscriber."""
    envelopes = held.envelopes[1:]
    start = multiprocessing.get_context("spawn")
    done = start.Value("l", -1)
    with prepared(Stack([])) as stack, folder() as place:
        stack.center.stop()  # it would compete for the processors
        port = stack.broker.port
        key, file = held.key, Path(place) / "events.db"
        processes = [
            start.Process(
                target=subscribe, args=((stack.center.folder, port), file, key, done), daemon=True
            ),
            start.Process(
                target=publish, args=((stack.gateway, port), envelopes, done), daemon=True
            ),
        ]
        try:
            processes[0].start()
            wait_until(lambda: done.value == 0, "the raw subscriber is ready")
            processes[1].start()
            wait_until(lambda: done.value > 0, "the raw publisher publishes")
            begun = time.perf_counter()
            counted = done.value
            wait_until(lambda: done.value >= len(envelopes), "the raw publisher ends", DRAIN_S_MAX)
            took_s = time.perf_counter() - begun
        finally:
            for process in processes:
                with suppress(AttributeError):
                    process.kill()
    return float((len(envelopes) - counted) / took_s)


def run(report: Report, events: int, turns: int) -> None:
    rates: dict[str, list[float]] = {"ours": [], "raw": []}
    lost = 0
    for _ in range(turns):
        drained = ours(events)
        lost += drained.lost
        rates["ours"].append(drained.rate)
        rates["raw"].append(raw(drained.held))
        for name, cpu_us in drained.cpu_us.items():
            report.fact(f"  {name}: CPU, its start included", cpu_us, "us/event")
        report.fact("ours, to the last receipt", rates["ours"][-1], "events/s")
        report.fact("raw publisher and subscriber", rates["raw"][-1], "events/s")
    ratio = median([r / o for r, o in zip(rates["raw"], rates["ours"], strict=True)])
    report.check("raw rate over ours", ratio, 1 / RATE_SHARE_MIN, "x", "at least half of its rate")
    report.check("events lost", lost, 0, "", "none")


def main() -> int:
    parser = argparse.ArgumentParser(description="Drain of a backlog against raw MQTT.")
    parser.add_argument("--quick", action="store_true", help="a short backlog, once")
    parser.add_argument("--events", type=int, help=f"of the backlog; {EVENTS:,} by default")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    chosen = parser.parse_args()
    events = chosen.events or (EVENTS_QUICK if chosen.quick else EVENTS)
    report = Report("drain", quiet=chosen.json)
    run(report, events, TURNS_QUICK if chosen.quick else TURNS)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
