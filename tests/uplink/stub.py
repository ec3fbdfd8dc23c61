"""A broker of a few lines that answers what a real one never would."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge_agent.uplink.dial import PathAccess
from edge_agent.uplink.port import Hearing, Manner, Port
from edge_agent.uplink.trouble import Trouble
from tests.uplink.rig import Authority

PATIENCE_S = 60.0
CONNACK_OK = bytes.fromhex("20 03 00 00 00")  # no properties
TOPIC = b"edge/v1/gw1/receipts"


def publish(topic: bytes, payload: bytes) -> bytes:
    """Return a QoS 0 PUBLISH of less than 128 bytes (MQTT 5, 3.3)."""
    body = len(topic).to_bytes(2, "big") + topic + b"\0" + payload
    return bytes([0x30, len(body)]) + body


@dataclass
class Stub:
    """Says `answers` once it has read the CONNECT; keeps what it hears."""

    answers: bytes
    heard: bytearray = field(default_factory=bytearray)
    reading: bool = True
    hang_up: bool = False
    writer: asyncio.StreamWriter | None = None
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.open.add(writer)
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                first = not self.heard
                self.heard += data
                if first:
                    writer.write(self.answers)
                if self.hang_up:
                    break
                if not self.reading:
                    await self.stopped.wait()
        writer.close()
        self.open.discard(writer)


@dataclass
class Ear:
    """What a port told, in order."""

    told: list[tuple[str, object]] = field(default_factory=list)
    signs_of_life: int = 0

    def hearing(self) -> Hearing:
        def note(name: str) -> Callable[..., None]:
            return lambda *said: self.told.append((name, said[-1] if said else None))

        return Hearing(
            connected=note("connected"),
            lost=note("lost"),
            heard=self._heard,
            refused=note("refused"),
            unread=note("unread"),
            alive=self._alive,
        )

    def _heard(self, _topic: str, payload: bytes, retained: bool) -> None:
        self.told.append(("kept" if retained else "heard", payload))

    def _alive(self) -> None:
        self.signs_of_life += 1

    def of(self, name: str) -> list[object]:
        return [said for told, said in self.told if told == name]

    def trouble(self) -> Trouble:
        [why] = self.of("lost")
        assert isinstance(why, Trouble)
        return why


@contextlib.asynccontextmanager
async def connected_to(
    stub: Stub, folder: Path, *, patience_s: float = PATIENCE_S, will: bool = True
) -> AsyncIterator[tuple[Port, Ear]]:
    """Serve `stub` over TLS and open a port to it."""
    authority = Authority(folder)
    certificate, key = authority.issue("server", ("127.0.0.1",))
    client, client_key = authority.issue("client")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0, ssl=context)
    path = PathAccess(
        host="127.0.0.1",
        port=server.sockets[0].getsockname()[1],
        ca=authority.ca,
        certificate=client,
        key=client_key,
    )
    ear = Ear()
    manner = Manner("gw1", "edge/v1/gw1/status" if will else None, (TOPIC.decode(),))
    port = Port(path, manner, ear.hearing(), patience_s)
    port.open()
    try:
        yield port, ear
    finally:
        port.abandon()
        stub.stopped.set()
        server.close()
        while stub.open:  # also a call that came while the others were hung up on
            for writer in stub.open:
                writer.transport.abort()
            await asyncio.sleep(0.005)
