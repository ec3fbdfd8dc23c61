"""A simulated MQTT broker with two networks before it, and the port by which the uplink meets it.

QoS 1 as far as it matters here: what arrives is queued for sessions that exist and told to the
sender (PUBACK frees nothing of ours), what nobody subscribes to is dropped and said so; a session
outlives a connection, and nothing outlives a broker that forgets.  Messages keep their order.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from edge_agent.center.receipting import Place, receipts_of
from edge_agent.evidence.cbor import split_sequence
from edge_agent.evidence.envelope import peek
from edge_agent.evidence.receipt import sign_receipt
from edge_agent.evidence.tree import leaf_hash
from edge_agent.uplink.dial import PathAccess
from edge_agent.uplink.port import Hearing, Manner
from edge_agent.uplink.trouble import Cause, Trouble
from tests.simulation.keys import seeded_signer
from tests.simulation.loop import VirtualLoop

MS = 1_000_000
KEEPALIVE_S = 30.0  # after this a connection into a hole is given up
LANES = ("alarms", "events")


@dataclass
class Network:
    """One way to the broker: `hole` takes everything and delivers nothing, without a word."""

    up: bool = True
    hole: bool = False


@dataclass
class Spell:
    """What becomes of receipts now: chances."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0
    forging: bool = False  # the broker answers for the center, and passes nothing on


@dataclass
class Message:
    """One payload on its way to the center."""

    lane: str
    data: bytes


class Broker:
    """The broker; `published` sees every payload of events that a gateway sent."""

    def __init__(
        self, loop: VirtualLoop, random: Random, published: Callable[[bytes], None]
    ) -> None:
        self._loop, self._random, self._published = loop, random, published
        self.networks = {"a": Network(), "b": Network()}
        self.up = True
        self.spell = Spell()
        self.queues: dict[str, deque[Message]] = {}  # the center's sessions
        self.arrived: Callable[[str], None] = lambda lane: None
        self.ports: dict[str, SimPort] = {}  # accepted connections by client id
        self._kept: deque[bytes] | None = None  # receipts in the gateway's session
        self._mallory = seeded_signer(random)
        self.counts = {"published": 0, "unread": 0, "receipts": 0, "forged": 0, "status": 0}

    # ---- faults

    def kill(self, *, forgets: bool) -> None:
        self.up = False
        self.drop("broker gone")
        if forgets:
            self.queues.clear()
            self._kept = None

    def drop(self, reason: str, network: Network | None = None) -> None:
        for port in list(self.ports.values()):
            if network is None or port.network is network:
                port.end(Trouble(Cause.BROKEN, reason, ""))

    def cut(self, name: str) -> None:
        self.networks[name].up = False
        self.drop("network cut", self.networks[name])

    def heal(self) -> None:
        self.up, self.spell = True, Spell()
        for network in self.networks.values():
            network.up, network.hole = True, False

    # ---- the center's side

    def subscribe(self, lane: str) -> None:
        self.queues.setdefault(lane, deque())

    def receipt(self, data: bytes) -> None:
        """Carry a receipt to the gateway, as well as the present spell lets it."""
        if not self.up:
            return
        self.counts["receipts"] += 1
        draw, spell = self._random.random, self.spell
        if draw() < spell.lost:
            return
        delay_ns = self._random.randint(1, 20) * MS
        if draw() < spell.late:
            delay_ns = self._random.randint(1_000, 45_000) * MS
        for _ in range(2 if draw() < spell.doubled else 1):
            self._loop.after_ns(delay_ns, lambda: self._deliver(data))

    def _deliver(self, data: bytes) -> None:
        if not self.up:
            return
        if not any(port.lasting for port in self.ports.values()) and self._kept is not None:
            self._kept.append(data)
        for port in list(self.ports.values()):
            port.bring(data)

    # ---- the gateway's side

    def connect(self, port: "SimPort") -> None:
        """Take a connection; of two with one client id the older is dropped."""
        older = self.ports.get(port.client_id)
        self.ports[port.client_id] = port
        if older is not None and not older.network.hole:
            older.end(Trouble(Cause.BROKER_REFUSED, "taken over", ""))
        if not port.lasting:
            return
        kept, self._kept = self._kept or deque(), deque()
        for data in kept:
            port.bring(data)

    def arrive(self, port: "SimPort", lane: str, data: bytes) -> None:
        if self.ports.get(port.client_id) is not port or not self.up or port.network.hole:
            return
        if lane == "status":
            self.counts["status"] += 1
            return
        self.counts["published"] += 1
        self._published(data)
        port.acknowledged()
        if self.spell.forging:
            self._forge(data)
        elif lane in self.queues:
            self.queues[lane].append(Message(lane, data))
            self.arrived(lane)
        else:
            self.counts["unread"] += 1
            port.unread()

    def _forge(self, data: bytes) -> None:
        """Answer as if the center held it: well made, signed by a key that is not the center's."""
        self.counts["forged"] += 1
        places = []
        for envelope in split_sequence(data, 2048):
            _, event = peek(envelope)
            places.append(Place(event.epoch, event.seq, leaf_hash(envelope)))
        for receipt in receipts_of("gw1", "center", 0, places):
            self._deliver(sign_receipt(receipt, self._mallory))


@dataclass
class Life:
    """What a port needs of the process that it belongs to."""

    is_alive: Callable[[], bool]
    step_or_die: Callable[[str], bool]


@dataclass
class Bounds:
    """The largest values that were seen at the port."""

    unacknowledged: int = 0
    packet_bytes: int = 0
    excess: list[str] = field(default_factory=list)


class SimPort:
    """Stands for `Port`: one connection, used once."""

    def __init__(
        self,
        world: tuple[VirtualLoop, Broker, Life, Bounds, Random],
        path: PathAccess,
        manner: Manner,
        hearing: Hearing,
        patience_s: float,
    ) -> None:
        self.client_id, self.lasting = manner.client_id, manner.will_topic is not None
        self._patience_s = patience_s
        self._loop, self._broker, self._life, self._bounds, self._random = world
        self.network = self._broker.networks[path.host]
        self._hearing: Hearing | None = hearing
        self._accepted = False
        self._clear_ns = 0  # when the way to the broker is clear again: messages keep their order
        self._unacknowledged = 0
        self._allowed = self._random.choice((20, 100, 1000))

    def open(self) -> None:
        if self.network.hole:
            late = Trouble(Cause.TIMEOUT, "no answer in time", "")
            self._loop.call_later(self._patience_s, lambda: self.end(late))
        else:
            self._loop.call_later(self._random.uniform(0.005, 0.1), self._answered)

    def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        if not self._accepted or self._hearing is None or not self._life.is_alive():
            return
        if not self._life.step_or_die("publish"):
            return
        if qos:
            self._unacknowledged += 1
            self._bounds.unacknowledged = max(self._bounds.unacknowledged, self._unacknowledged)
            if self._unacknowledged > self._allowed:
                self._bounds.excess.append(f"{self._unacknowledged} messages in flight")
        self._bounds.packet_bytes = max(self._bounds.packet_bytes, len(payload))
        if self.network.hole:
            self._loop.call_later(
                KEEPALIVE_S, lambda: self.end(Trouble(Cause.BROKEN, "keepalive", ""))
            )
            return
        lane = topic.rsplit("/", 1)[1]
        self._clear_ns = max(self._clear_ns, self._loop.now_ns + self._random.randint(1, 15) * MS)
        self._loop.call_at(self._clear_ns / 1e9, self._broker.arrive, self, lane, payload)

    def ping(self) -> None:
        self._loop.call_later(self._random.uniform(0.002, 0.03), self._pong)

    def _pong(self) -> None:
        if self._broker.up and self._broker.ports.get(self.client_id) is self:
            self._alive()

    def _alive(self) -> None:
        if self._hearing is not None and not self.network.hole and self._life.is_alive():
            self._hearing.alive()

    def close(self) -> None:
        self.abandon()

    def abandon(self) -> None:
        self._hearing = None
        if self._broker.ports.get(self.client_id) is self:
            del self._broker.ports[self.client_id]

    # ---- what the broker does

    def _answered(self) -> None:
        if self._hearing is None:
            return
        if not self._broker.up or not self.network.up:
            self.end(Trouble(Cause.REFUSED, "nobody listens", ""))
            return
        self._accepted = True
        self._broker.connect(self)
        self._hearing.connected(self._allowed)

    def end(self, why: Trouble) -> None:
        hearing = self._hearing
        self.abandon()
        if hearing is not None and self._life.is_alive():
            hearing.lost(why)

    def bring(self, receipt: bytes) -> None:
        if self._hearing is not None and not self.network.hole and self._life.is_alive():
            self._hearing.heard("edge/v1/gw1/receipts", receipt, False)
            self._alive()

    def acknowledged(self) -> None:
        self._unacknowledged -= 1
        self._alive()

    def unread(self) -> None:
        if self._hearing is not None and self._life.is_alive():
            self._hearing.unread()
