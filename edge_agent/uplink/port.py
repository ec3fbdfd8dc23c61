"""The MQTT port: the only importer of paho.  One `Port` is one connection, used once.

paho runs without its thread: the loop watches the socket, so a publish goes to the socket in the
call that asks for it, no lock is ever contended, and nothing of paho's blocks.  Only name, TCP and
TLS block; they are done in a thread of their own before paho sees the socket.  paho's queue is
never a buffer: the outbox bounds what is in flight, by bytes and by what the broker allows.
"""

import asyncio
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_agent.uplink import trouble
from edge_agent.uplink.dial import PathAccess, dial
from edge_agent.uplink.trouble import Cause, DialError, Trouble

KEEPALIVE_S = 20  # under the usual 30 s in which mobile networks forget a connection
SESSION_S = 3600  # the broker keeps receipts and commands for us across short outages
WILL_DELAY_S = 10  # a reconnect within this is not told as a lost connection
DIAL_SHARE = 0.875  # of the patience is for name, TCP and TLS, so that these name what hangs
RECEIVE_MAX = 64  # messages the broker may have unacknowledged towards us
PACKET_BYTES_MAX = 64 * 1024  # the largest receipt is a quarter of it
HOUSEKEEPING_S = 2.0  # keepalive is checked this often
IN_FLIGHT_MAX = 1000  # above what the outbox allows, so that paho never queues
HANDED_OVER = 1  # of what the broker allows unacknowledged, kept for `hand_over`
PACKETS_A_TURN_MAX = 64  # then the loop gets its turn

_NO_MATCHING_SUBSCRIBERS = 0x10  # MQTT 5, 3.4.2.1
_UNLIMITED = 65535  # MQTT 5, 3.2.2.3.3: Receive Maximum where the broker names none

# what paho raises on packets that are cut or senseless
_NONSENSE = (ValueError, LookupError, TypeError, struct.error, MQTTException)


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who is told; all are called on the loop and must only hand over."""

    connected: Callable[[int], None]  # how many unacknowledged messages the broker allows
    lost: Callable[[Trouble], None]  # once, and nothing after it
    heard: Callable[[str, bytes, bool], None]  # topic, payload, whether the sender had it kept
    refused: Callable[[str], None]  # the broker did not take a message of ours: why
    unread: Callable[[], None]  # it took a message that nobody subscribes to, and dropped it
    alive: Callable[[], None]  # it said something, whatever it was


@dataclass(frozen=True, slots=True)
class Manner:
    """How we appear to the broker: client id, last will, and what we listen to.

    `will_topic` None: without a will, and without a session that outlives the connection.
    """

    client_id: str
    will_topic: str | None
    topics: tuple[str, ...]


class Port:
    """One connection to one broker: `open`, then `publish` until `lost` or `close`.

    `patience_s` is for name, TCP, TLS and the broker's answer together.
    """

    def __init__(
        self, path: PathAccess, manner: Manner, hearing: Hearing, patience_s: float
    ) -> None:
        self._path = path
        self._patience_s = patience_s
        self._manner = manner
        self._hearing: Hearing | None = hearing  # None: the end was told, or nobody wants it
        self._loop = asyncio.get_running_loop()
        self._client: _Client | None = None
        self._socket: ssl.SSLSocket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._accepted = False
        self._handed: tuple[int, Callable[[str], None]] | None = None
        self._spares_one = False  # whether the broker allows a message beside those of events

    def open(self) -> None:
        """Start connecting; `connected` or `lost` follows."""
        self._timer = self._loop.call_later(self._patience_s, self._late)
        dial_s = self._patience_s * DIAL_SHARE
        _Dialler(self._path, dial_s, self._loop, self._dialled).start()

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        """Hand one message to the socket; without a connection it is dropped."""
        if self._client is None or self._hearing is None:
            return
        self._client.publish(topic, payload, qos, retain)
        self._write()

    def hand_over(self, topic: str, payload: bytes, taken: Callable[[str], None]) -> None:
        """Hand one message to the socket, and tell when the broker has taken it.

        `taken` is called once: with nothing, or with why it was not.  One at a time.
        """
        assert self._handed is None, "one at a time"
        if self._client is None or self._hearing is None:
            taken("there is no connection")
            return
        if not self._spares_one:
            taken("the broker takes one message at a time, and that is the events'")
            return
        self._handed = self._client.publish(topic, payload, qos=1).mid, taken
        self._write()

    def _answer_for(self, why: str) -> None:
        handed, self._handed = self._handed, None
        if handed is not None:
            handed[1](why)

    def ping(self) -> None:
        """Ask the broker for a sign of life: `alive` follows, or nothing."""
        if self._client is not None and self._hearing is not None:
            self._client.ping()
            self._write()

    def close(self) -> None:
        """Say good-bye, so that the broker does not send our will; `lost` does not follow."""
        self._hearing = None
        if self._client is not None and self._socket is not None:
            self._client.disconnect()
            self._client.loop_write()
        self._forget()

    def abandon(self) -> None:
        """Drop the connection without a word; `lost` does not follow."""
        self._hearing = None
        self._forget()

    # ---- connecting

    def _dialled(self, result: ssl.SSLSocket | Trouble) -> None:
        if self._hearing is None:
            if isinstance(result, ssl.SSLSocket):
                result.close()
            return
        if isinstance(result, Trouble):
            self._end(result)
            return
        self._socket = result
        self._client = client = self._make_client(result)
        self._loop.add_reader(result, self._read)
        client.connect(
            self._path.host,
            self._path.port,
            KEEPALIVE_S,
            clean_start=self._manner.will_topic is None,
            properties=_connect_properties(lasting=self._manner.will_topic is not None),
        )
        self._write()

    def _make_client(self, connected: ssl.SSLSocket) -> "_Client":
        client = _Client(connected, self._manner.client_id)
        client.max_inflight_messages = IN_FLIGHT_MAX
        if self._manner.will_topic is not None:
            will = _properties(PacketTypes.WILLMESSAGE)
            will.WillDelayInterval = WILL_DELAY_S
            client.will_set(self._manner.will_topic, b"", qos=1, retain=False, properties=will)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_publish
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        return client

    def _late(self) -> None:
        where = self._path.where
        self._end(
            Trouble(
                Cause.TIMEOUT,
                f"no answer from {where} in time",
                "check network and firewall between here and the broker",
            )
        )

    def _housekeep(self) -> None:
        assert self._client is not None
        self._client.loop_misc()
        if self._hearing is not None:
            self._rearm(HOUSEKEEPING_S, self._housekeep)

    # ---- the loop's calls

    def _read(self) -> None:
        client, socket = self._client, self._socket
        assert client is not None
        assert socket is not None
        self._take_packets(client, socket)
        if client.has_received and self._hearing is not None:
            client.has_received = False
            self._hearing.alive()

    def _take_packets(self, client: "_Client", socket: ssl.SSLSocket) -> None:
        try:
            for _ in range(PACKETS_A_TURN_MAX):
                client.loop_read()
                if self._socket is None or not socket.pending():
                    return
        except _NONSENSE as error:
            self._end(trouble.protocol(self._path.where, repr(error)[:100]))
        except PacketTooLargeError:
            self._end(trouble.protocol(self._path.where, f"a packet over {PACKET_BYTES_MAX} bytes"))
        else:
            self._loop.call_soon(self._read_on)  # decrypted bytes do not wake the loop

    def _read_on(self) -> None:
        if self._socket is not None:
            self._read()

    def _write(self) -> None:
        if self._client is not None:
            self._client.loop_write()

    # ---- paho's calls: on the loop, inside one of the calls above

    def _on_register_write(self, _client: object, _userdata: object, _socket: object) -> None:
        if self._socket is not None:
            self._loop.add_writer(self._socket, self._write)

    def _on_unregister_write(self, _client: object, _userdata: object, _socket: object) -> None:
        if self._socket is not None:
            self._loop.remove_writer(self._socket)

    def _on_socket_close(self, _client: object, _userdata: object, _socket: object) -> None:
        self._unwatch()  # paho closes the socket next, and its number may be used again at once

    def _on_connect(
        self,
        client: paho.Client,
        _userdata: object,
        _flags: object,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._end(trouble.broker_refused(self._path.where, str(reason)))
            return
        self._accepted = True
        self._rearm(HOUSEKEEPING_S, self._housekeep)
        # as published: what is meant to be kept by the broker says so at its first delivery too
        options = SubscribeOptions(qos=1, retainAsPublished=True)
        client.subscribe([(topic, options) for topic in self._manner.topics])
        if self._hearing is not None:
            allowed = getattr(properties, "ReceiveMaximum", _UNLIMITED)
            self._spares_one = allowed > HANDED_OVER
            self._hearing.connected(max(1, min(allowed, IN_FLIGHT_MAX) - HANDED_OVER))

    def _on_message(self, _client: object, _userdata: object, message: paho.MQTTMessage) -> None:
        if self._hearing is not None:
            self._hearing.heard(message.topic, bytes(message.payload), message.retain)

    def _on_publish(
        self,
        _client: object,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        if self._hearing is None:
            return
        if self._handed is not None and self._handed[0] == mid:
            unread = reason.value == _NO_MATCHING_SUBSCRIBERS
            self._answer_for("nobody subscribes" if unread else reason_words(reason))
            return
        if reason.is_failure:
            self._hearing.refused(str(reason))
        elif reason.value == _NO_MATCHING_SUBSCRIBERS:
            self._hearing.unread()

    def _on_disconnect(
        self,
        client: paho.Client,
        _userdata: object,
        flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: object,
    ) -> None:
        assert isinstance(client, _Client)
        where = self._path.where
        if flags.is_disconnect_packet_from_server:
            self._end(trouble.broker_refused(where, str(reason)))
            return
        why = trouble.broken(where, "" if client.failure else str(reason))
        if client.failure is not None:
            why = trouble.of_loss(client.failure, where)
        early = why.cause is Cause.BROKEN and not self._accepted
        self._end(trouble.turned_away(where) if early else why)

    # ---- the end

    def _end(self, why: Trouble) -> None:
        hearing, self._hearing = self._hearing, None
        self._forget()
        if hearing is not None:
            hearing.lost(why)

    def _forget(self) -> None:
        self._answer_for("the connection was lost")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (socket := self._unwatch()) is not None:
            socket.close()

    def _unwatch(self) -> ssl.SSLSocket | None:
        socket, self._socket = self._socket, None
        if socket is not None and socket.fileno() >= 0:
            self._loop.remove_reader(socket)
            self._loop.remove_writer(socket)
        return socket

    def _rearm(self, after_s: float, call: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(after_s, call)


def reason_words(reason: ReasonCode) -> str:
    """Return why the broker did not take a message; empty where it did."""
    return str(reason) if reason.is_failure else ""


class PacketTooLargeError(Exception):
    """The broker announced a packet beyond what our CONNECT allowed."""


class _Client(paho.Client):
    """paho over a socket that is connected already; remembers why a read or write failed."""

    def __init__(self, connected: ssl.SSLSocket, client_id: str) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id,
            protocol=paho.MQTTv5,
            reconnect_on_failure=False,
        )
        self.failure: OSError | None = None
        self.has_received = False  # bytes that TLS vouches for, since this was last cleared
        self._connected = connected

    def ping(self) -> None:
        self._send_pingreq()

    def _create_socket(self) -> ssl.SSLSocket:
        return self._connected

    def _sock_recv(self, bufsize: int) -> bytes:
        if bufsize > PACKET_BYTES_MAX:  # what is left of the packet, as its header announced
            raise PacketTooLargeError
        try:
            received: bytes = super()._sock_recv(bufsize)
        except BlockingIOError:
            raise
        except OSError as error:
            self.failure = error
            raise
        self.has_received = self.has_received or bool(received)
        return received

    def _sock_send(self, buf: bytes | bytearray) -> int:
        try:
            sent: int = super()._sock_send(buf)
        except BlockingIOError:
            raise
        except OSError as error:
            self.failure = self._last_words() or error
            raise
        return sent

    def _last_words(self) -> OSError | None:
        """Return the TLS alert that may have come before the broker closed: it says why."""
        try:
            self._connected.recv(1)
        except (ssl.SSLWantReadError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return None
        except ssl.SSLError as error:
            return error
        except OSError:
            return None
        return None


class _Dialler(threading.Thread):
    """Dials once; daemonic, since what blocks cannot be interrupted at a stop."""

    def __init__(
        self,
        path: PathAccess,
        patience_s: float,
        loop: asyncio.AbstractEventLoop,
        done: Callable[[ssl.SSLSocket | Trouble], None],
    ) -> None:
        super().__init__(name=f"dial {path.where}", daemon=True)
        self._path = path
        self._patience_s = patience_s
        self._loop = loop
        self._done = done

    def run(self) -> None:
        result: ssl.SSLSocket | Trouble
        try:
            result = dial(self._path, self._patience_s)
        except DialError as error:
            result = error.trouble
        try:
            self._loop.call_soon_threadsafe(self._done, result)
        except RuntimeError:  # the loop was closed meanwhile
            if isinstance(result, ssl.SSLSocket):
                result.close()


def _connect_properties(*, lasting: bool) -> Properties:
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = SESSION_S if lasting else 0
    properties.ReceiveMaximum = RECEIVE_MAX
    properties.MaximumPacketSize = PACKET_BYTES_MAX
    return properties


def _properties(packet_type: int) -> Properties:
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho leaves it untyped
