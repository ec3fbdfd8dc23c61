"""A monitoring center of GB/T 26875.3, as cities have it: takes what devices send, asks and orders.

Written from the standard.  Each message (command 2) is acknowledged with its serial (command 3), a
damaged one denied (6).  Control lines ask for states, set the clock, check for an operator.  To
commission a device without a gateway, and for the other end of what reports to a center.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hil.panels.gb26875 import (
    ACK,
    CONTROL,
    DENY,
    REPLY,
    REQUEST,
    SEND,
    DeviceSetup,
    Envelope,
    stamp,
)
from hil.panels.machine import (
    Command,
    Commanded,
    CommandError,
    Entry,
    Heard,
    Input,
    Note,
    Output,
    Plugged,
    Said,
    Say,
    Unplugged,
)
from hil.panels.model import CLOCK_START

SECOND_NS = 1_000_000_000
HELD_BYTES_MAX = 4096
SEEN_MAX = 1000
REGISTRATION = b"\x16"
ANSWERS = ("deny", "mute")


@dataclass(frozen=True, slots=True)
class CenterSetup:
    """How it is programmed.  `clock_offset_s` counts from 2026-11-23 20:00 at boot."""

    address: int = 1
    clock_offset_s: float = 0


@dataclass(slots=True)
class _Line:
    """One device's line: what is held of it, and its address once it spoke."""

    held: bytes = b""
    device: int = 0


class GbCenter:
    """Answers each message; what it takes is in the ledger as `arrived`, once each."""

    def __init__(self, setup: CenterSetup) -> None:
        self._setup = setup
        self._lines: dict[int, _Line] = {}
        self._seen: list[tuple[int, int, bytes]] = []
        self._instead: list[str] = []
        self._serial = 0
        self._ids = 0

    def deadline_ns(self) -> int | None:
        """It waits for others."""
        return None

    def handle(self, happened: Input, now_ns: int) -> list[Output]:
        """Take one input; see `Machine`."""
        match happened:
            case Plugged(peer):
                self._lines[peer] = _Line()
            case Unplugged(peer):
                self._lines.pop(peer, None)
            case Heard(data, peer) if peer in self._lines:
                return self._hear(self._lines[peer], data, peer, now_ns)
            case Commanded(command):
                return self._obey(command, now_ns)
            case _:
                pass
        return []

    def _hear(self, line: _Line, data: bytes, peer: int, now_ns: int) -> list[Output]:
        line.held = (line.held + data)[-HELD_BYTES_MAX:]
        outputs: list[Output] = []
        while True:
            start = line.held.find(b"@@")
            found, rest = Envelope.unpack(line.held)
            if found is None:
                line.held = rest
                return outputs
            address = line.held[start + 12 : start + 18]
            line.device = int.from_bytes(address, "little") or line.device
            line.held = rest
            outputs += self._take(line, found, peer, now_ns)

    def _take(
        self, line: _Line, found: tuple[int, int, bytes], peer: int, now_ns: int
    ) -> list[Output]:
        serial, command, data = found
        if command in (ACK, DENY):
            word = "ack" if command == ACK else "deny"
            return self._note(Said.OBEYED, f"{word} {serial}", b"")
        if command not in (SEND, REPLY):
            return [self._say(line, serial, DENY, b"", peer, now_ns)]
        answer = self._instead.pop(0) if self._instead else "ack"
        if command == SEND and answer == "mute":
            return []
        if command == SEND and answer == "deny":
            return [self._say(line, serial, DENY, b"", peer, now_ns)]
        outputs: list[Output] = []
        seen = (line.device, serial, data)
        if seen not in self._seen:
            self._seen = [*self._seen[1 - SEEN_MAX :], seen]
            told = f"{line.device:012x} {serial} {data.hex()}"
            outputs += self._note(Said.ARRIVED, told, data)
        if command == SEND:
            reply = b"\x17" if data == REGISTRATION else b""
            outputs.append(self._say(line, serial, ACK, reply, peer, now_ns))
        return outputs

    def _obey(self, command: Command, now_ns: int) -> list[Output]:
        kind, at = command.number("type", 1, 0, 255) or 0, command.number("at", 1, 0, 255) or 0
        minutes = command.number("minutes", 10, 1, 255) or 10
        orders: dict[str, tuple[int, Callable[[], bytes]]] = {
            "state": (REQUEST, lambda: bytes([81, 1, 0])),
            "system": (REQUEST, lambda: bytes([61, 1, kind, at])),
            "clock": (CONTROL, lambda: bytes([90, 1]) + stamp(self._now(now_ns))),
            "duty": (CONTROL, lambda: bytes([91, 1, minutes])),
        }
        if command.name in ANSWERS:
            self._instead += [command.name] * int(command.seconds_ns(0, 1) / SECOND_NS)
            return []
        if command.name not in orders:
            raise CommandError(f"a center takes {', '.join((*orders, *ANSWERS))}")
        word, data = orders[command.name]
        self._serial = (self._serial + 1) % 65536
        return [
            self._say(line, self._serial, word, data(), peer, now_ns)
            for peer, line in self._lines.items()
        ]

    def _now(self, now_ns: int) -> datetime:
        return CLOCK_START + timedelta(seconds=now_ns // SECOND_NS + self._setup.clock_offset_s)

    def _say(
        self, line: _Line, serial: int, command: int, data: bytes, peer: int, now_ns: int
    ) -> Output:
        ends = DeviceSetup(source=self._setup.address, destination=line.device)
        return Say(Envelope(ends).pack(serial, self._now(now_ns), command, data), peer)

    def _note(self, state: Said, line: str, data: bytes) -> list[Output]:
        self._ids += 1
        return [Note(Entry(self._ids, state, None, data, line=line))]
