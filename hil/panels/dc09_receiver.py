"""A receiver of SIA DC-09, as an alarm center has it: takes what panels say, and answers.

Written from the facts.  ACK echoes number, R, L and account; NAK gives the time, for an encrypted
message more than 20 s ahead or 40 s behind; DUH is for what it has no key or id for; what is
damaged gets no answer.  A repeat of an account's newest message is acknowledged, not taken again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from hil.panels.dc09_frames import Ear, Parts, frame, seal, stamp, unseal
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

CR = b"\r"
SECOND_NS = 1_000_000_000
AHEAD, BEHIND = timedelta(seconds=20), timedelta(seconds=40)
IDS = ("SIA-DCS", "ADM-CID", "NULL", "HENG-BO")
ACCOUNTS_MAX = 1000
ANSWERS = ("nak", "duh", "mute")


@dataclass(frozen=True, slots=True)
class ReceiverSetup:
    """How it is programmed.  `clock_offset_s` counts from 2026-11-23 20:00 at boot, UTC."""

    key: bytes = b""
    clock_offset_s: float = 0


class Dc09Receiver:
    """Answers each message; `nak 3`, `duh 2`, `mute 1` say what the next ones get instead.

    receiver = Dc09Receiver(ReceiverSetup())
    receiver.handle(Plugged(1), now_ns)
    receiver.handle(Heard(message, 1), now_ns)     # [Note(arrived), Say(ACK, 1)]
    """

    def __init__(self, setup: ReceiverSetup) -> None:
        self._setup = setup
        self._ears: dict[int, Ear] = {}
        self._newest: dict[str | None, tuple[str, str]] = {}
        self._instead: list[str] = []
        self._ids = 0
        self._clock_s = setup.clock_offset_s
        self._random = Random(1)

    def deadline_ns(self) -> int | None:
        """It waits for others."""
        return None

    def handle(self, happened: Input, now_ns: int) -> list[Output]:
        """Take one input; see `Machine`."""
        match happened:
            case Plugged(peer):
                self._ears[peer] = Ear()
            case Unplugged(peer):
                self._ears.pop(peer, None)
            case Heard(data, peer) if peer in self._ears:
                heard = self._ears[peer].hear(data)
                return [output for parts in heard for output in self._take(parts, peer, now_ns)]
            case Commanded(command):
                self._obey(command)
            case _:
                pass
        return []

    def _obey(self, command: Command) -> None:
        if command.name == "clock":
            self._clock_s += float(command.word(0, "0"))
        elif command.name in ANSWERS:
            self._instead += [command.name] * int(command.seconds_ns(0, 1) / SECOND_NS)
        else:
            raise CommandError(f"a receiver takes clock +S and {', '.join(ANSWERS)}, each with N")

    def _take(self, parts: Parts, peer: int, now_ns: int) -> list[Output]:
        if parts.id in {"ACK", "NAK", "DUH"}:
            return []
        answer = self._instead.pop(0) if self._instead else self._judge(parts, now_ns)
        if answer == "mute":
            return []
        reply = [Say(self._answer(answer, parts, now_ns) + CR, peer)]
        if answer != "ack" or parts.id == "NULL":
            return [*reply]
        said = (parts.sequence, self._content(parts).rpartition("]")[0])
        if self._newest.get(parts.account) == said:
            return [*reply]
        if len(self._newest) >= ACCOUNTS_MAX:
            self._newest.clear()
        self._newest[parts.account] = said
        self._ids += 1
        line = f"{parts.id} {parts.sequence} {parts.account} {said[1].removeprefix('|')}"
        return [Note(Entry(self._ids, Said.ARRIVED, line=line)), *reply]

    def _content(self, parts: Parts) -> str:
        return unseal(parts.inner, self._setup.key) if parts.encrypted else parts.inner

    def _judge(self, parts: Parts, now_ns: int) -> str:
        if parts.id not in IDS:
            return "duh"
        if not parts.encrypted:
            return "ack"
        clear = self._content(parts) if self._setup.key else ""
        told = Parts("", "", None, "", None, clear, False).time()
        if told is None:
            return "duh"
        return "ack" if -BEHIND <= told - self._now(now_ns) <= AHEAD else "nak"

    def _now(self, now_ns: int) -> datetime:
        return CLOCK_START + timedelta(seconds=now_ns / SECOND_NS + self._clock_s)

    def _answer(self, answer: str, parts: Parts, now_ns: int) -> bytes:
        at = stamp(self._now(now_ns))
        if answer == "nak":
            return frame(f'"NAK"0000R0L0A0[]{at}')
        receiver = "" if parts.receiver is None else f"R{parts.receiver}"
        account = "" if parts.account is None else f"#{parts.account}"
        place = f"{parts.sequence}{receiver}L{parts.line}{account}"
        if answer == "ack" and parts.encrypted:
            return frame(f'"*ACK"{place}[{seal(f"]{at}", self._setup.key, self._random)}')
        return frame(f'"{answer.upper()}"{place}[]')
