"""A receiver that waits, repeats and holds, on a line that loses, with a disk that can be slow.

The receiver is written from the facts: one message at a time, said again after 4 s, three times,
then held until a heartbeat is answered; a heartbeat each 30 s while nothing is outstanding.
"""

from dataclasses import dataclass, field
from random import Random

import pytest

from drivers._surgard_frames import ACK, NAK
from drivers.surgard import ReceiverSession
from edge_agent.domain.session import (
    Action,
    Committed,
    Opened,
    Received,
    Report,
    Send,
    Setup,
    Ticked,
)
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.resources import load_codes

HEARTBEAT = b"1011           @    \x14"
REPEAT_S, TRIES_MAX, HEARTBEAT_S = 4.0, 4, 30.0
STEP_S = 0.05


@dataclass
class Receiver:
    """The other end: speaks `queue` in order, and remembers what it saw acknowledged."""

    queue: list[bytes]
    acknowledged: list[bytes] = field(default_factory=list)
    saying: bytes | None = None
    tries: int = 0
    next_s: float = 0.0
    held: bool = True  # nothing is said before a heartbeat is answered
    spoken: int = 0

    def speak(self, now_s: float) -> bytes:
        if now_s < self.next_s:
            return b""
        if self.saying is not None and self.tries >= TRIES_MAX:
            self.saying, self.held, self.next_s = None, True, now_s + HEARTBEAT_S
            return b""
        if self.saying is None:
            self.saying = HEARTBEAT if self.held or not self.queue else self.queue[0]
            self.tries = 0
        self.tries += 1
        self.spoken += 1
        self.next_s = now_s + REPEAT_S
        return self.saying

    def hear(self, answer: bytes, now_s: float) -> None:
        if answer == NAK and self.saying is not None:
            self.next_s = now_s
        if answer != ACK or self.saying is None:
            return
        if self.saying == HEARTBEAT:
            self.held = False
        else:
            self.acknowledged.append(self.queue.pop(0))
        self.next_s = now_s if self.queue else now_s + HEARTBEAT_S
        self.saying = None


@dataclass
class World:
    """Both ends, the line and the disk, on one clock."""

    random: Random
    receiver: Receiver
    loss: float
    slow: float  # share of commits that take up to half a minute
    durable: list[bytes] = field(default_factory=list)
    commits: list[tuple[float, int, bytes]] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.session = ReceiverSession(Setup(load_codes()))
        self.session.handle(Opened(), 0)

    def line(self, data: bytes) -> bytes:
        return (
            data if self.random.random() >= self.loss else data[: self.random.randrange(len(data))]
        )

    def do(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Report):
                slow = self.random.random() < self.slow
                after = self.random.uniform(0, 30) if slow else self.random.uniform(0.002, 0.2)
                frame = action.signals[0].frame.rstrip(b"\x14")
                self.commits.append((self.now_s + after, action.token, frame))
            elif isinstance(action, Send) and (answer := self.line(action.data)):
                self.receiver.hear(answer, self.now_s)
                self.check()

    def check(self) -> None:
        heard = [frame.rstrip(b"\x14") for frame in self.receiver.acknowledged]
        assert set(heard) <= set(self.durable), "acknowledged before it was durable"

    def step(self) -> None:
        self.now_s += STEP_S
        now_ns = int(self.now_s * NS)
        for commit in [commit for commit in self.commits if commit[0] <= self.now_s]:
            self.commits.remove(commit)
            self.durable.append(commit[2])
            self.do(self.session.handle(Committed(commit[1]), now_ns))
        if (said := self.receiver.speak(self.now_s)) and (heard := self.line(said)):
            self.do(self.session.handle(Received(heard), now_ns))
        due = self.session.deadline_ns()
        if due is not None and due <= now_ns:
            self.do(self.session.handle(Ticked(), now_ns))


def events(count: int) -> list[bytes]:
    return [f"5012 182468E13001{n:03}\x14".encode() for n in range(1, count + 1)]


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize(("loss", "slow"), [(0.0, 0.0), (0.2, 0.0), (0.0, 0.5), (0.2, 0.3)])
def test_every_event_is_recorded_before_its_ack(seed: int, loss: float, slow: float) -> None:
    said = events(8)
    world = World(Random(seed), Receiver(list(said)), loss, slow)
    while world.receiver.queue and world.now_s < 3600:
        world.step()
    assert not world.receiver.queue, f"{seed=}: not everything was acknowledged"
    recorded = [frame + b"\x14" for frame in world.durable]
    assert list(dict.fromkeys(recorded)) == said  # all of them, in order, and nothing else
    if not slow:
        assert recorded == said, "recorded more than once"
    if not loss and not slow:
        assert world.receiver.spoken <= len(said) + 1  # nothing had to be repeated
