"""The bare parts that an event's way is made of, each as plain as it can be written."""

import os
import select
import sqlite3
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import paho.mqtt.client as paho
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.tap import client
from edge_agent.center import schema
from hil.rig import Stack, wait_until
from hil.rig.stack import GATEWAY

BLOCK = os.urandom(4096)
ENVELOPE = os.urandom(330)
INSERT = (
    "INSERT INTO event (epoch_id, seq, leaf, root, received_ms, lane, type, live, vouched,"
    " envelope) VALUES (1, ?, ?, ?, ?, 2, 'signal', 1, 1, ?)"
)


def timed(work: Callable[[], object]) -> int:
    """Return how long one call takes, in nanoseconds."""
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


class Fsync:
    """pwrite of 4 KiB into a file of zeros and fdatasync, as any durable write must."""

    def __init__(self, file: Path, blocks: int) -> None:
        self._file = os.open(file, os.O_CREAT | os.O_RDWR)
        os.pwrite(self._file, bytes(4096 * blocks), 0)
        os.fsync(self._file)
        self._at = 0

    def once(self) -> int:
        def write() -> None:
            os.pwrite(self._file, BLOCK, self._at)
            os.fdatasync(self._file)

        took_ns = timed(write)
        self._at += 4096
        return took_ns


class Signature:
    """Ed25519 over the bytes of an envelope."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self._public, self._signed = self._key.public_key(), self._key.sign(ENVELOPE)

    def sign(self) -> int:
        return timed(lambda: self._key.sign(ENVELOPE))

    def verify(self) -> int:
        return timed(lambda: self._public.verify(self._signed, ENVELOPE))


class Commit:
    """One row into the center's table, in one transaction, as durable as there."""

    def __init__(self, file: Path) -> None:
        self._connection = schema.open_for_writing(file)
        enter_epoch(self._connection)
        self._seq = 0

    def once(self) -> int:
        self._seq += 1

        def commit() -> None:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(
                INSERT, (self._seq, os.urandom(32), BLOCK[:32], self._seq, ENVELOPE)
            )
            self._connection.execute("COMMIT")

        return timed(commit)


def enter_epoch(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO epoch (id, gateway, epoch, vouched, previous_size, ended, received_ms)"
        " VALUES (1, 'gw1', x'00', 1, 0, 'first', 0)"
    )


class RoundTrip:
    """QoS 1 from one bare client through the same TLS broker to another, without threads."""

    def __init__(self, stack: Stack) -> None:
        self._topic = f"edge/v1/{GATEWAY}/replies"  # nobody else reads it
        self._arrived = self._subscribed = False
        port = stack.broker.port
        self._from = client(stack.gateway, "round-trip-from", "client", port)
        self._to = client(stack.center.folder, "round-trip-to", "center", port)
        self._to.on_connect = self._on_connect
        self._to.on_subscribe = self._on_subscribe
        self._to.on_message = self._on_message
        wait_until(self._is_subscribed, "the bare client subscribes")
        wait_until(self._is_connected, "the bare client")

    def _on_connect(self, *_: object) -> None:
        self._to.subscribe(self._topic, qos=1)

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_message(self, *_: object) -> None:
        self._arrived = True

    def _pump(self, wait_s: float) -> None:
        pump([self._to, self._from], wait_s)

    def _is_subscribed(self) -> bool:
        self._pump(0.01)
        return self._subscribed

    def _is_connected(self) -> bool:
        self._pump(0.01)
        return self._from.is_connected()

    def once(self) -> int:
        self._arrived = False
        start = time.perf_counter_ns()
        self._from.publish(self._topic, ENVELOPE, qos=1)
        while not self._arrived:
            self._pump(1.0)
        took_ns = time.perf_counter_ns() - start
        self._pump(0.002)  # the acknowledgement is not waited for, but read
        return took_ns

    def idle(self) -> None:
        """Keep both connections alive; call it now and then."""
        self._pump(0)
        self._from.loop_misc()
        self._to.loop_misc()


def pump(clients: Sequence[paho.Client], wait_s: float) -> bool:
    """Wait for one of the clients to be readable; read and write; return whether one was."""
    by_socket = {_socket(one): one for one in clients}
    readable, _, _ = select.select(list(by_socket), [], [], wait_s)
    for sock in readable:
        one = by_socket[sock]
        one.loop_read()
        while sock.pending():  # what TLS has decrypted already does not make it readable
            one.loop_read()
    for one in clients:
        if one.want_write():  # what was said in a callback, and acknowledgements
            one.loop_write()
    return bool(readable)


def _socket(one: paho.Client) -> ssl.SSLSocket:
    sock = one.socket()
    if not isinstance(sock, ssl.SSLSocket):
        sys.exit("a bare client lost its connection")
    return sock
