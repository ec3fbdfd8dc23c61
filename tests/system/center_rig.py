"""A running `edge-center serve`, and a gateway's client that speaks to it through the broker."""

import json
import os
import queue
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.receipt import Receipt, open_receipt
from edge_agent.evidence.signers import Ed25519Signer
from hil.rig import run
from hil.rig.parts import CENTER
from tests.broker import WAIT_S_MAX, wait_until
from tests.center.world import FakeGateway

LANES = 5
ROOT = Path(__file__).resolve().parents[2]


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run `edge-center` to its end."""
    return run(CENTER, *words, code=None)


class Server:
    """`edge-center serve` as a process."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.directory / "serve.log").read_text()

    def start(self, *, receiving: bool = True) -> None:
        """Start it and wait until it serves; `receiving` False: the broker is away."""
        said = len(self.log) if (self.directory / "serve.log").exists() else 0
        program = [sys.executable, "-m", "edge_agent.center.cli"]
        words = [*program, "serve", str(self.directory)]
        with (self.directory / "serve.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*words, *self._options], stdout=log, stderr=log, cwd=ROOT, env=dict(os.environ)
            )
        wait_until(lambda: '"serving"' in self.log[said:] or not self.runs(), "center serving")
        assert self.runs(), self.log
        if receiving:  # what is published before all lanes are subscribed finds nobody
            wait_until(lambda: self.log.count('"receiving"', said) >= LANES, "center receiving")

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait(WAIT_S_MAX)

    def stop(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(WAIT_S_MAX)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        if self.runs():
            self.stop()


class Client:
    """A gateway's client with the credentials of its folder."""

    def __init__(self, folder: Path, port: int) -> None:
        self.name = folder.name
        self.receipt_key = PublicKey.from_certificate_pem((folder / "receipt.pem").read_bytes())
        self.receipts: queue.Queue[Receipt] = queue.Queue()
        self._subscribed = False
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        context.load_cert_chain(folder / "client.pem", folder / "client.key")
        self._client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self._client.tls_set_context(context)
        self._client.max_inflight_messages_set(0)
        self._client.on_socket_open = _set_nodelay
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.will_set(f"edge/v1/{self.name}/status", b"", qos=1, retain=True)
        self._client.connect("localhost", port)
        self._client.loop_start()
        wait_until(lambda: self._subscribed, "gateway subscribed")

    def publish(self, lane: str, data: bytes) -> None:
        self._client.publish(f"edge/v1/{self.name}/{lane}", data, qos=1, retain=lane == "status")

    def wait_for(self, seq: int) -> Receipt:
        """Return the first receipt that covers `seq`."""
        deadline = time.perf_counter() + WAIT_S_MAX
        while True:
            receipt = self.receipts.get(timeout=max(0.0, deadline - time.perf_counter()))
            if any(one.first <= seq <= one.last for one in receipt.ranges):
                return receipt

    def break_off(self) -> None:
        """Lose the connection without a goodbye, as a cut wire would."""
        sock = self._client.socket()
        assert isinstance(sock, ssl.SSLSocket)
        self._client.loop_stop()
        os.close(sock.detach())

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, *_: object) -> None:
        self._client.subscribe(f"edge/v1/{self.name}/receipts", qos=1)

    def _on_subscribe(self, *_: object) -> None:
        self._subscribed = True

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self.receipts.put(open_receipt(bytes(message.payload), self.receipt_key))


def _set_nodelay(_client: object, _data: object, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def gateway_in(folder: Path) -> FakeGateway:
    """Return the gateway whose identity key lies in its folder."""
    return FakeGateway(folder.name, identity=Ed25519Signer.load(folder / "identity.key"))


def fleet(directory: Path) -> dict[str, dict[str, Any]]:
    """Return the facts of `edge-center fleet`, by gateway."""
    done = command("fleet", directory, "--json")
    assert done.returncode == 0, done.stderr
    return {fact["gateway"]: fact for fact in map(json.loads, done.stdout.splitlines())}
