"""Tries a path to a broker part by part: name, network, TLS, broker.  Blocking, but bounded.

It is a connection of its own beside those that carry events, and sends nothing but CONNECT and
DISCONNECT (MQTT 5, 3.1 and 3.14): no session, no will, no subscription.  So it takes nothing away
from the main connection, and nothing is stored anywhere.
"""

import contextlib
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from edge_agent.uplink import trouble
from edge_agent.uplink.dial import PathAccess, Patience, encrypt, make_context, reach
from edge_agent.uplink.names import ADDRESSES_MAX, Address
from edge_agent.uplink.trouble import DialError, Trouble

_T = TypeVar("_T")
KEEPALIVE_S = 30
TRIAL_SUFFIX = "-trial"
"""Behind our client id: a broker drops the older of two clients with one id."""

_CONNACK = 0x20
_DISCONNECT = b"\xe0\x00"
_CLEAN_START = 0x02
_REASONS = {
    # MQTT 5, 3.2.2.2: those that an operator can do something about
    0x80: "unspecified error",
    0x84: "it does not speak MQTT 5",
    0x85: "client identifier not valid",
    0x86: "bad user name or password",
    0x87: "not authorized",
    0x88: "server unavailable",
    0x89: "server busy",
    0x8A: "banned",
    0x9F: "connection rate exceeded",
}


class Part(StrEnum):
    """One part of a path, in the order in which each needs the one before."""

    NAME = "name"
    NETWORK = "network"
    TLS = "tls"
    BROKER = "broker"


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one part: `trouble` None where it is good; `detail` is for people."""

    part: Part
    trouble: Trouble | None
    detail: str = ""


def try_path(path: PathAccess, client_id: str, patience_s: float) -> Iterator[Tried]:
    """Yield each part as it is known; the first that is bad is the last.

    `client_id` is the one of our own connections.  The name is looked up afresh: what it meant last
    time is no answer here.
    """
    patience, part = Patience(patience_s), Part.NAME
    try:
        found, took_ms = _timed(lambda: _look_up(path))
        yield Tried(part, None, f"{found[0][1][0]!s} in {took_ms:.0f} ms")
        part = Part.TLS  # files of ours that cannot be used are named before anything is sent
        context = make_context(path)
        part = Part.NETWORK
        plain, took_ms = _timed(lambda: reach(path, found, patience))
        with contextlib.closing(plain):
            yield Tried(part, None, f"connected in {took_ms:.0f} ms")
            part = Part.TLS
            secure, took_ms = _timed(lambda: encrypt(plain, context, path, patience))
            with contextlib.closing(secure):
                yield Tried(part, None, f"{secure.version()} in {took_ms:.0f} ms")
                part = Part.BROKER
                _, took_ms = _timed(lambda: _greet(secure, path, client_id, patience))
                yield Tried(part, None, f"accepted us in {took_ms:.0f} ms")
    except DialError as error:
        yield Tried(part, error.trouble)
    except OSError as error:
        of = trouble.of_loss if part is Part.BROKER else trouble.of_error
        named = trouble.of_error if isinstance(error, TimeoutError) else of
        yield Tried(part, named(error, path.where))


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    began_s = time.perf_counter()
    return work(), 1000 * (time.perf_counter() - began_s)


def _look_up(path: PathAccess) -> list[Address]:
    try:
        found = socket.getaddrinfo(path.host, path.port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that no name server would take
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    return [(family, (*address,)) for family, _, _, _, address in found[:ADDRESSES_MAX]]


# ---- the broker


def _greet(secure: ssl.SSLSocket, path: PathAccess, client_id: str, patience: Patience) -> None:
    """Say who we are, hear whether we are taken, say good-bye.  Raises OSError, DialError."""
    secure.settimeout(patience.left_s())
    secure.sendall(connect_packet(client_id + TRIAL_SUFFIX))
    reason = _reason_of(secure, path, patience)
    if reason:
        said = _REASONS.get(reason, "for a reason of its own")
        raise DialError(trouble.broker_refused(path.where, f"{said} (0x{reason:02x})"))
    with contextlib.suppress(OSError):
        secure.sendall(_DISCONNECT)


def connect_packet(client_id: str) -> bytes:
    """Return a CONNECT that asks for no session and leaves no will."""
    name = client_id.encode()[:100]
    body = struct.pack(">H4sBBHB", 4, b"MQTT", 5, _CLEAN_START, KEEPALIVE_S, 0)
    body += struct.pack(">H", len(name)) + name
    return bytes((0x10, len(body))) + body  # below 128 bytes: one byte of length


def _reason_of(secure: ssl.SSLSocket, path: PathAccess, patience: Patience) -> int:
    """Return the reason code of the broker's CONNACK: its length, a flag byte, the code."""
    if _read(secure, 1, path, patience)[0] != _CONNACK:
        raise DialError(trouble.protocol(path.where, "no CONNACK"))
    for _ in range(4):
        if _read(secure, 1, path, patience)[0] < 0x80:
            break
    return _read(secure, 2, path, patience)[1]


def _read(secure: ssl.SSLSocket, size: int, path: PathAccess, patience: Patience) -> bytes:
    got = b""
    while len(got) < size:
        secure.settimeout(patience.left_s())
        more = secure.recv(size - len(got))
        if not more:
            raise DialError(trouble.turned_away(path.where))
        got += more
    return got
