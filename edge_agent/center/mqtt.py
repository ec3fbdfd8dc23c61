"""One connection to the broker: the only importer of paho at the center.

paho is driven from the caller's own loop: its threads, its reconnect and its queues are not used.
Nothing is acknowledged to the broker before the caller says so (`manual_ack`), so the Receive
Maximum of MQTT 5 (section 3.1.2.11.3) bounds what can pile up here: the broker holds the rest.
TCP_NODELAY is set on the socket: a receipt must not wait for the acknowledgement of the last one.
"""

import hashlib
import select
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_agent.center.broker_config import PACKET_BYTES_MAX
from edge_agent.center.layout import CenterError

CONNECT_S_MAX = 5.0  # TCP and TLS; a broker that takes longer is not usable
KEEPALIVE_S = 30
SESSION_S = 3_600  # the broker keeps what came while we restarted, within its queue's limits
RECEIVE_MAX = 32  # payloads not yet stored; with the packet limit 8 MiB at the very most
READS_MAX = 256  # packets taken before the caller may work


class LostError(Exception):
    """The connection is gone or could not be made; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How the broker is reached, and with which credentials."""

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return the TLS context; raise CenterError where a file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca)
            context.load_cert_chain(self.certificate, self.key)
        except OSError as error:  # ssl.SSLError is one
            raise CenterError(
                f"{self.ca}, {self.certificate} or {self.key}: {error}; "
                f"run edge-center init again to make what is missing"
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context

    def client_id(self, lane: str) -> str:
        """Return a client id that is always the same and that nobody can guess.

        A broker drops the older of two clients with one id, so whoever knows ours could keep us
        off: it is derived from the private key.
        """
        secret = self.key.read_bytes()
        return f"center-{lane}-{hashlib.sha256(lane.encode() + secret).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Message:
    """One publication received; `number` acknowledges it."""

    topic: str
    data: bytes
    number: int
    qos: int
    retained: bool


class Connection:
    """One connection, from its first packet to its loss; a new one is made to try again."""

    def __init__(self, access: Access, lane: str, topic: str) -> None:
        self._topic = topic
        self._inbox: list[Message] = []
        self._why_lost: str | None = None
        self.ready = False  # subscribed: what is published from now on comes here
        self._client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=access.client_id(lane),
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client = self._client
        client.tls_set_context(access.context())
        client.connect_timeout = CONNECT_S_MAX
        client.max_inflight_messages_set(0)  # receipts never wait for those before them
        client.on_socket_open = _set_nodelay
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's
        properties.SessionExpiryInterval = SESSION_S
        properties.ReceiveMaximum = RECEIVE_MAX
        properties.MaximumPacketSize = PACKET_BYTES_MAX
        try:
            client.connect(
                access.host, access.port, KEEPALIVE_S, clean_start=False, properties=properties
            )
        except OSError as error:
            raise LostError(f"{access.host}:{access.port}: {error}") from error

    def wait(self, wake: socket.socket, timeout_s: float) -> None:
        """Wait until there is something to read, to write, or `wake` becomes readable."""
        sock = self._socket()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return
        poll = select.poll()
        poll.register(wake, select.POLLIN)
        want = select.POLLIN | (select.POLLOUT if self._client.want_write() else 0)
        poll.register(sock, want)
        poll.poll(timeout_s * 1000)

    def serve(self) -> list[Message]:
        """Read, write and keep alive; return what was received.  Raises LostError."""
        if self._client.want_write():
            self._judge(self._client.loop_write())
        for _ in range(READS_MAX):
            if not self._readable():
                break
            self._judge(self._client.loop_read())
        self._judge(self._client.loop_misc())
        received, self._inbox = self._inbox, []
        return received

    def publish(self, topic: str, data: bytes) -> None:
        """Publish with QoS 1; if the connection is lost meanwhile, so is this."""
        self._client.publish(topic, data, qos=1)

    def acknowledge(self, message: Message) -> None:
        """Tell the broker that `message` need not come again."""
        if message.qos:
            self._client.ack(message.number, message.qos)

    def close(self) -> None:
        """Say goodbye; the broker keeps the session."""
        self._client.on_disconnect = None
        self._client.disconnect()
        if self._client.socket() is not None:
            self._client.loop_write()

    # ---- inside

    def _socket(self) -> socket.socket:
        sock = self._client.socket()
        if sock is None:
            raise LostError(self._why_lost or "connection closed")
        assert isinstance(sock, socket.socket)
        return sock

    def _readable(self) -> bool:
        sock = self._socket()
        if isinstance(sock, ssl.SSLSocket) and sock.pending():
            return True
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))

    def _judge(self, code: MQTTErrorCode) -> None:
        if self._why_lost is not None:
            raise LostError(self._why_lost)
        if code not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN):
            raise LostError(paho.error_string(code))

    def _on_connect(
        self,
        client: paho.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if reason.is_failure:
            self._why_lost = f"refused by the broker: {reason}"
        else:
            client.subscribe(self._topic, qos=1)

    def _on_subscribe(
        self,
        _client: object,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: object,
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._why_lost = f"not allowed to read {self._topic}: {reasons[0]}"
        else:
            self.ready = True

    def _on_disconnect(
        self,
        _client: object,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        self._why_lost = self._why_lost or f"connection lost: {reason}"

    def _on_message(self, _client: object, _data: object, message: paho.MQTTMessage) -> None:
        self._inbox.append(
            Message(message.topic, bytes(message.payload), message.mid, message.qos, message.retain)
        )


def _set_nodelay(_client: object, _data: object, sock: object) -> None:
    assert isinstance(sock, socket.socket)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
