"""A real mosquitto with TLS, a tiny center and a source in memory: what the uplink meets.

The broker has its default queue limits, which drop silently beyond 1000 messages.
"""

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.clock import SystemClock
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.receipt import Range, Receipt, range_digest, sign_receipt
from edge_agent.evidence.signers import Ed25519Signer, P256Signer
from edge_agent.evidence.tree import leaf_hash
from edge_agent.uplink.dial import CenterAccess, PathAccess
from edge_agent.uplink.messages import Cursor, Key, Outgoing
from edge_agent.uplink.uplink import Portion, Site, Uplink
from hil.rig import free_port

PATIENCE_S = 60.0
EPOCH = b"epoch001"
GATEWAY = "gw1"
EVENT_SIGNER = Ed25519Signer.generate()
NOW = datetime.datetime.now(datetime.UTC)  # noqa: TID251  certificates of a test are of today
DAY = datetime.timedelta(days=1)


class Authority:
    """A CA in a folder: `ca.pem`, and what it certifies."""

    def __init__(self, folder: Path, name: str = "test CA") -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        builder = _dated(self._name, self._name, self._key.public_key(), NOW - DAY, NOW + 9 * DAY)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        self.certificate = builder.add_extension(usage, True).sign(self._key, hashes.SHA256())
        self.ca = folder / "ca.pem"
        self.ca.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(
        self,
        name: str,
        hosts: tuple[str, ...] = (),
        *,
        expired: bool = False,
        key: ec.EllipticCurvePrivateKey | x25519.X25519PrivateKey | None = None,
    ) -> tuple[Path, Path]:
        """Return the files of a certificate and its key."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        end = NOW - DAY / 2 if expired else NOW + DAY
        builder = _dated(_named(name), self._name, key.public_key(), NOW - DAY, end)
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False
            )
        signed = builder.sign(self._key, hashes.SHA256())
        certificate_file = self.folder / f"{name}.pem"
        key_file = self.folder / f"{name}.key"
        certificate_file.write_bytes(signed.public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key_file.chmod(0o600)
        return certificate_file, key_file


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _dated(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey | x25519.X25519PublicKey,
    begin: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def wait_for(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Return when `condition` holds; fail after `seconds`."""
    end = time.monotonic() + seconds  # noqa: TID251  a test's patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"  # noqa: TID251  a test's patience
        time.sleep(0.005)


async def until(condition: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    """Return when `condition` holds; fail after `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


@dataclass
class Broker:
    """mosquitto with default limits on 127.0.0.1; TLS for gateways, plain for the test center."""

    folder: Path
    authority: Authority
    server: tuple[Path, Path]
    port: int = field(default_factory=free_port)
    plain_port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        certificate, key = self.server
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(
            f"per_listener_settings true\nuser root\nset_tcp_nodelay true\n"
            f"listener {self.plain_port} 127.0.0.1\nallow_anonymous true\n"
            f"listener {self.port} 127.0.0.1\ncafile {self.authority.ca}\n"
            f"certfile {certificate}\nkeyfile {key}\nrequire_certificate true\n"
            f"use_identity_as_username true\ntls_version tlsv1.2\n"
        )
        self.process = subprocess.Popen(
            ["/usr/sbin/mosquitto", "-c", str(configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._listens)

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "mosquitto did not start"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Center:
    """Receives `alarms` and `events`, remembers, receipts message by message."""

    def __init__(self, broker: Broker, signer: P256Signer) -> None:
        self.signer = signer
        self.gateway = GATEWAY  # whom the receipts are for
        self.receipting = True
        self.held: Counter[bytes] = Counter()
        self.topics: dict[bytes, str] = {}
        self.statuses: list[tuple[bytes, bool]] = []
        self.lock = threading.Lock()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, "center", protocol=paho.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 1)
        self._ready = threading.Event()
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.connect("127.0.0.1", broker.plain_port)
        self._client.loop_start()
        assert self._ready.wait(PATIENCE_S)

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def send(self, payload: bytes) -> None:
        self._client.publish(f"edge/v1/{GATEWAY}/receipts", payload, 1).wait_for_publish(10)

    def make(self, leaves: dict[int, bytes], signer: P256Signer | None = None) -> bytes:
        ranges = tuple(
            Range(EPOCH, seq, seq, range_digest([leaf])) for seq, leaf in sorted(leaves.items())
        )
        return sign_receipt(Receipt(self.gateway, "center", 1, ranges), signer or self.signer)

    def _on_connect(self, client: paho.Client, *_: object) -> None:
        client.subscribe([(f"edge/v1/+/{name}", 1) for name in ("alarms", "events", "status")])

    def _on_message(self, client: paho.Client, _: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/status"):
            self.statuses.append((bytes(message.payload), message.retain))
            return
        items = cbor.split_sequence(bytes(message.payload), 2048)
        with self.lock:
            self.held.update(items)
            self.topics.update(dict.fromkeys(items, message.topic.rsplit("/", 1)[1]))
        if self.receipting:
            leaves = {_seq_of(item): leaf_hash(item) for item in items}
            client.publish(f"edge/v1/{GATEWAY}/receipts", self.make(leaves), 1)


def _seq_of(item: bytes) -> int:
    content = cbor.decode_map(cose.parse(item).payload)
    seq = content[1]
    assert isinstance(seq, int)
    return seq


def make_event(seq: int, lane: int, size: int = 250) -> Outgoing:
    payload = cbor.encode({1: seq, 2: lane, 3: bytes(size - 100)})
    data = cose.sign1(payload, EVENT_SIGNER, cose.Domain.EVENT)
    return Outgoing(EPOCH, seq, lane, leaf_hash(data), data)


class MemorySource:
    """A journal in memory."""

    def __init__(self) -> None:
        self.events: dict[Key, Outgoing] = {}
        self.paths: list[tuple[str, bool, str]] = []
        self.receipts: list[bytes] = []
        self.fetches = 0
        self.first = make_event(0, 5)
        self.events[self.first.key] = self.first

    async def fetch(self, lane: int, after: Cursor | None, bytes_max: int) -> Portion:
        self.fetches += 1
        chosen: list[Outgoing] = []
        size = 0
        for event in self.events.values():
            behind = isinstance(after, int) and event.seq <= after
            if event.lane != lane or behind:
                continue
            if size + len(event.data) > bytes_max:
                return Portion(tuple(chosen), chosen[-1].seq)
            chosen.append(event)
            size += len(event.data)
        return Portion(tuple(chosen), None)

    async def genesis(self, epoch: bytes) -> bytes | None:
        return self.first.data if epoch == EPOCH else None

    def release(self, epoch: bytes, seqs: tuple[int, ...], receipt: bytes) -> None:
        assert receipt
        for seq in seqs:
            self.events.pop((epoch, seq), None)

    def path(self, center: str, path: str, up: bool, reason: str) -> None:
        self.paths.append((path, up, reason))


@dataclass
class Rig:
    """Everything around one uplink; `uplink` runs within `running`."""

    folder: Path
    authority: Authority
    broker: Broker
    signer: P256Signer
    center: Center
    source: MemorySource = field(default_factory=MemorySource)

    def path(self, **changes: object) -> PathAccess:
        certificate, key = self.folder / "ca" / "client.pem", self.folder / "ca" / "client.key"
        values: dict[str, object] = {
            "host": "127.0.0.1",
            "port": self.broker.port,
            "ca": self.authority.ca,
            "certificate": certificate,
            "key": key,
        }
        return PathAccess(**{**values, **changes})  # type: ignore[arg-type]  # as given by the test

    @contextlib.asynccontextmanager
    async def running(self, *paths: PathAccess, interval_s: float = 25.0) -> AsyncIterator[Uplink]:
        """Run an uplink over `paths` until the block ends."""
        site = Site(GATEWAY, EPOCH, lambda: b"status", interval_s)
        access = CenterAccess("center", self.signer.public, paths or (self.path(),), "gw1-x")
        uplink = Uplink(site, access, self.source, SystemClock())
        task = asyncio.ensure_future(uplink.run())
        await asyncio.sleep(0)
        try:
            yield uplink
        finally:
            assert not task.done(), "the uplink ended by itself"
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def record(self, uplink: Uplink, event: Outgoing) -> None:
        self.source.events[event.key] = event
        uplink.offer(event)


@contextlib.contextmanager
def make_rig(
    folder: Path, *, hosts: tuple[str, ...] = ("127.0.0.1",), expired: bool = False
) -> Iterator[Rig]:
    """A broker, a center and an uplink's surroundings; the server certificate as wanted."""
    authority = Authority(folder / "ca")
    server = authority.issue("server", hosts, expired=expired)
    authority.issue("client")
    broker = Broker(folder, authority, server)
    broker.start()
    signer = P256Signer.generate()
    center = Center(broker, signer)
    try:
        yield Rig(folder, authority, broker, signer, center)
    finally:
        center.stop()
        broker.kill()
