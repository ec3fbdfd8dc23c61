"""A session with a Satel INTEGRA that answers as a test tells it to."""

from datetime import UTC, datetime, timedelta
from typing import Any

from drivers.satel import DRIVER
from edge_agent.domain.session import Action, ClockRead, Opened, Received, Recent, Setup, Ticked
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Trust
from edge_agent.resources import check_options, load_codes, load_profile
from hil.panels.satel_frames import bits, framed, opened
from tests.drivers.actions import sent

NEWEST = 0xFFFFFF
NOW = datetime(2026, 11, 23, 20, 15, tzinfo=UTC)
ZONE_MAPS = (0x00, 0x01, 0x02, 0x06, 0x07, 0x08, 0x17, 0x26)
AREA_MAPS = (0x0A, 0x0B, 0x0C, 0x0E, 0x0F, 0x10, 0x13, 0x14, 0x2A)
VERSION = b"\x03" + b"12020260101" + b"\x01\xff"


class Talk:
    """A session and a panel that answers as told; `say` returns what the session did."""

    def __init__(self, allow: frozenset[str] = frozenset(), **options: Any) -> None:
        setup = Setup(
            load_codes(), load_profile("satel_integra"), check_options(DRIVER, options), UTC, allow
        )
        self.session = DRIVER.session(setup)
        self.now_ns = 0
        self.maps = {command: bytes(16) for command in ZONE_MAPS}
        self.maps |= {command: bytes(4) for command in AREA_MAPS}
        self.maps |= {0x1B: bytes(47), 0x7E: VERSION}
        self.at = NOW
        self.log: list[bytes] = []
        self.news: set[int] = set()
        self.asked: list[int] = []
        self.orders: list[bytes] = []
        self.result = b"\xff"
        self.deaf: set[int] = set()  # commands that get no answer
        self.late: list[bytes] = []  # entries made just after the newest was asked for

    def open(self, *standing: Signal, recent: tuple[Recent, ...] = ()) -> list[Action]:
        return self.settle(self.session.handle(Opened(recent, standing), self.now_ns))

    def say(self, data: bytes) -> list[Action]:
        return self.settle(self.session.handle(Received(data), self.now_ns))

    def wait(self, seconds: float) -> list[Action]:
        end_ns, done = self.now_ns + int(seconds * NS), []
        while (due_ns := self.session.deadline_ns()) is not None and due_ns <= end_ns:
            self.now_ns = max(self.now_ns, due_ns)
            done += self.settle(self.session.handle(Ticked(), self.now_ns))
        self.now_ns = max(self.now_ns, end_ns)
        return done

    def clock(self, at: datetime = NOW) -> list[Action]:
        read = ClockRead(int(at.timestamp()) * NS - self.now_ns, Trust.SYNCED)
        return self.settle(self.session.handle(read, self.now_ns))

    def show(self, command: int, *numbers: int) -> None:
        """Let a map change."""
        self.maps[command] = bits(list(numbers), len(self.maps[command]))
        self.news.add(command)

    def settle(self, actions: list[Action]) -> list[Action]:
        """Let the panel answer what is asked."""
        done = list(actions)
        for data in sent(actions):
            asked = opened(data[2:-2])
            assert asked is not None
            answer = self.answer(asked[0], asked[1:])
            if answer is not None:
                self.now_ns += 30_000_000
                done += self.say(answer)
        return done

    def answer(self, command: int, data: bytes) -> bytes | None:
        self.asked.append(command)
        if command in self.deaf:
            return None
        if command == 0x7F:
            changed, self.news = self.news, set()
            return framed(command, bits([number + 1 for number in changed], 6))
        if command == 0x1A:
            at = self.at + timedelta(microseconds=self.now_ns // 1000)
            digits = f"{at.year:04d}{at:%m%d%H%M%S}"
            return framed(command, bytes.fromhex(digits) + b"\x01\x03")
        if command == 0x8C:
            called = int.from_bytes(data)
            number = len(self.log) if called == NEWEST else called // 8
            told = self.log[number - 1] if number > 0 else bytes(8)
            self.log += self.late
            self.late = []
            return framed(command, told + (8 * max(0, number - 1)).to_bytes(3) + data)
        if command >= 0x80:
            self.orders.append(bytes([command]) + data)
            return framed(0xEF, self.result)
        return framed(command, self.maps[command])
