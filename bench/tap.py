"""Watches a rig from outside: hears receipts as the agent does, and READY as systemd does."""

import os
import queue
import socket
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.receipt import open_receipt
from hil.rig import Stack
from hil.rig.child import WAIT_S_MAX
from hil.rig.stack import GATEWAY

KEEPALIVE_S = 600
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PAUSE_S_MAX = 0.2
LOOK_S = 0.2  # how often it is seen whether a starting agent still runs


def now_ns() -> int:
    """Return CLOCK_BOOTTIME, the clock of ledgers and stamps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


def cpu_s(pid: int) -> float:
    """Return user and system time so far (proc_pid_stat(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def pause(seconds: float) -> None:
    """Let time pass: it is what is measured, or what keeps measures apart."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        slice_s = min(left, PAUSE_S_MAX)
        time.sleep(slice_s)


def client(credentials: Path, name: str, who: str, port: int) -> paho.Client:
    """Return a connecting client with `who`.pem of a folder; the caller reads and writes."""
    made = paho.Client(CallbackAPIVersion.VERSION2, name, protocol=paho.MQTTv5)
    context = ssl.create_default_context(cafile=credentials / "ca.pem")
    context.load_cert_chain(credentials / f"{who}.pem", credentials / f"{who}.key")
    made.tls_set_context(context)
    made.max_inflight_messages_set(0)
    made.on_socket_open = _nodelay
    made.connect("localhost", port, KEEPALIVE_S)
    return made


def _nodelay(_client: object, _data: object, sock: Any) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Tap:
    """Hears every receipt of the gateway when the agent does, with the gateway's credentials."""

    def __init__(self, stack: Stack) -> None:
        self._key = PublicKey.from_certificate_pem((stack.gateway / "receipt.pem").read_bytes())
        self._heard: queue.SimpleQueue[tuple[int, bytes]] = queue.SimpleQueue()
        self._ready = threading.Event()
        self.receipted_ns: dict[bytes, dict[int, int]] = {}  # by epoch and number
        port = stack.network.port if stack.network else stack.broker.port
        self._client = client(stack.gateway, "tap", "client", port)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.loop_start()
        if not self._ready.wait(WAIT_S_MAX):
            sys.exit("the tap was not let in")

    def _on_connect(self, *_: object) -> None:
        self._client.subscribe(f"edge/v1/{GATEWAY}/receipts", qos=1)

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self._heard.put((now_ns(), bytes(message.payload)))

    def of(self, epoch: bytes) -> dict[int, int]:
        """Return when the events of an epoch were first receipted, by number."""
        while not self._heard.empty():
            at_ns, data = self._heard.get()
            for one in open_receipt(data, self._key).ranges:
                times = self.receipted_ns.setdefault(one.epoch, {})
                for seq in range(one.first, one.last + 1):
                    times.setdefault(seq, at_ns)
        return self.receipted_ns.get(epoch, {})

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def start_agent(stack: Stack) -> int:
    """Start the agent; return how long it took from exec to READY=1, in nanoseconds."""
    with _manager(stack.folder / "notify.sock") as (heard, address):
        stack.agent.env["NOTIFY_SOCKET"] = address
        begun_ns = now_ns()
        stack.agent.start()
        while stack.agent.runs() and now_ns() - begun_ns < WAIT_S_MAX * 1e9:
            with suppress(TimeoutError):
                if b"READY=1" in heard.recv(4096):
                    return now_ns() - begun_ns
    sys.exit(f"the agent does not come to be ready\n{stack.agent.tail()}")


@contextmanager
def _manager(path: Path) -> Iterator[tuple[socket.socket, str]]:
    """Be the service manager's end of sd_notify(3)."""
    path.unlink(missing_ok=True)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as heard:
        heard.bind(str(path))
        heard.settimeout(LOOK_S)
        yield heard, str(path)


@contextmanager
def prepared(stack: Stack) -> Iterator[Stack]:
    """Plug the panels in, start broker and center; the agent is the caller's to start."""
    try:
        stack.prepare()
        for part in (stack.broker, stack.center):
            part.start()
            part.wait_ready()
        yield stack
    finally:
        stack.close()


def journal_of(stack: Stack) -> Path:
    return stack.gateway / stack.setup.data_dir / "journal"


def folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for what is measured bare, on the same disk as the stack's."""
    return tempfile.TemporaryDirectory(prefix="edge-bench-")
