"""Holds the ports of one center by attempt: the main one carries what is published.

Main connections appear under one client id and keep their session at the broker, so that receipts
under way survive a short outage and a new connection takes over from a hung one.  A probe has an id
of its own, no session and no will: the main connection must not notice it, nor the center its end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from edge_agent.uplink.dial import CenterAccess
from edge_agent.uplink.port import Hearing, Manner, Port
from edge_agent.uplink.trouble import Trouble

PROBE_SUFFIX = "-probe"


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what the brokers bring; all on the loop, all must only hand over."""

    connected: Callable[[int, int], None]  # attempt, how many unacknowledged messages it allows
    lost: Callable[[int, Trouble], None]  # attempt
    alive: Callable[[int], None]  # attempt: the broker said something
    heard: Callable[[int, str, bytes, bool], None]  # attempt, topic, payload, retained
    refused: Callable[[str], None]  # over the main one: the broker did not take a message
    unread: Callable[[], None]  # over the main one: nobody subscribes to a message


class Connections:
    """All connections to one center; `prefix` is that of our topics."""

    def __init__(self, center: CenterAccess, prefix: str, listener: Listener) -> None:
        self._center = center
        self._prefix = prefix
        self._listener = listener
        self._ports: dict[int, Port] = {}
        self._main = 0

    def open(self, path: int, attempt: int, patience_ns: int, *, probe: bool) -> None:
        """Start connecting; `connected` or `lost` follows within `patience_ns`."""
        name = self._center.client_id
        receipts = (f"{self._prefix}receipts",)
        if probe:
            manner = Manner(f"{name}{PROBE_SUFFIX}", None, receipts)
        else:
            topics = (*receipts, f"{self._prefix}commands")
            manner = Manner(name, f"{self._prefix}status", topics)
        access = self._center.paths[path]
        port = Port(access, manner, self._hearing(attempt, probe=probe), patience_ns / 1e9)
        self._ports[attempt] = port
        port.open()

    def _hearing(self, attempt: int, *, probe: bool) -> Hearing:
        told = self._listener
        return Hearing(
            connected=partial(told.connected, attempt),
            lost=partial(self._lost, attempt),
            heard=partial(told.heard, attempt),
            refused=_ignore if probe else told.refused,
            unread=_ignore if probe else told.unread,
            alive=_ignore if probe else partial(told.alive, attempt),
        )

    def _lost(self, attempt: int, why: Trouble) -> None:
        self._ports.pop(attempt, None)
        self._listener.lost(attempt, why)

    def use(self, attempt: int) -> None:
        """Publish over this connection from now on."""
        self._main = attempt

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        """Send over the main connection; without one it is dropped."""
        self.publish_over(self._main, topic, payload, qos=qos, retain=retain)

    def publish_over(
        self, attempt: int, topic: str, payload: bytes, *, qos: int, retain: bool = False
    ) -> None:
        """Send over a connection; without it, it is dropped."""
        if (port := self._ports.get(attempt)) is not None:
            if payload and self._center.seal is not None:
                payload = self._center.seal(payload)
            port.publish(f"{self._prefix}{topic}", payload, qos=qos, retain=retain)

    def hand_over(self, topic: str, payload: bytes, taken: Callable[[str], None]) -> None:
        """Send over the main connection and tell what became of it (`Port.hand_over`)."""
        port = self._ports.get(self._main)
        if port is None:
            taken("there is no connection")
            return
        if self._center.seal is not None:
            payload = self._center.seal(payload)
        port.hand_over(f"{self._prefix}{topic}", payload, taken)

    def ping(self, attempt: int) -> None:
        """Ask a broker for a sign of life."""
        if (port := self._ports.get(attempt)) is not None:
            port.ping()

    def drop(self, attempt: int, *, orderly: bool) -> None:
        """End a connection, with a good-bye where `orderly`; nothing is heard of it any more."""
        if (port := self._ports.pop(attempt, None)) is not None:
            (port.close if orderly else port.abandon)()

    def close(self) -> None:
        """End all with a good-bye."""
        while self._ports:
            _, port = self._ports.popitem()
            port.close()


def _ignore(*_: object) -> None:
    """What a probe is told of its own messages has no consequence."""
