"""What was heard of a GB/T 26875.3 device: frames, to tell repeats by; bits, to tell edges by."""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from drivers._gb26875_frames import data_of
from drivers._gb26875_objects import FIRE_BIT, Thing, address_of, signal
from edge_agent.domain.codes import Codes
from edge_agent.domain.kinds import Origin, State
from edge_agent.domain.settings import NS_PER_S
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import Events

ACTS_MAX: Final = 64  # more than logs are asked for at a time
THINGS_MAX: Final = 10_000  # the largest panels have some thousands of points
SYSTEMS_MAX: Final = 16  # asked for at link-up
STANDING_MAX: Final = 32  # components whose end may have been missed, asked for at link-up
REPEAT_NS: Final = 3600 * NS_PER_S  # what was not acknowledged may be said again much later
FIRST_SYSTEM: Final = (1, 1)  # a fire alarm system, the first: asked for where none was named
OWED_MAX: Final = 256  # a device waits for one ACK at a time
SEEN_MAX: Final = 256  # frames known by their fingerprint


def identity_of(raw: bytes) -> bytes:
    """Name a frame by serial, addresses and contents; the time in its header may be made anew."""
    return hashlib.blake2b(raw[2:4] + raw[12:24] + data_of(raw), digest_size=16).digest()


@dataclass(slots=True)
class _Seen:
    heard_ns: int
    is_news: bool  # it was recorded


class Taken:
    """The newest frames that were taken: the same one within an hour is a retransmission."""

    def __init__(self) -> None:
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def note(self, raw: bytes, heard_ns: int, *, is_news: bool) -> None:
        """Remember a frame; the oldest go."""
        identity = identity_of(raw)
        self._seen[identity] = _Seen(heard_ns, is_news)
        self._seen.move_to_end(identity)
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def is_repeat(self, raw: bytes, now_ns: int) -> bool:
        """Tell whether a frame was taken already; if so, it counts from now on."""
        seen = self._seen.get(identity_of(raw))
        if seen is None or now_ns - seen.heard_ns > REPEAT_NS:
            return False
        seen.heard_ns = now_ns
        return True

    def was_news(self, raw: bytes) -> bool:
        """Tell whether a frame that was taken was recorded."""
        seen = self._seen.get(identity_of(raw))
        return seen is not None and seen.is_news


@dataclass(slots=True)
class Owed:
    """An ACK that waits until the reports that `waits` names are durable."""

    waits: set[int]
    data: bytes
    peer: int
    identity: bytes


class Debts:
    """The ACKs that are owed; `pending` are the reports that are not durable yet."""

    def __init__(self) -> None:
        self.pending: set[int] = set()
        self._owed: list[Owed] = []

    def reported(self, token: int) -> None:
        """Note a report."""
        self.pending.add(token)

    def owe(self, owed: Owed) -> None:
        """Owe an ACK; of too many the oldest goes, and its device asks again."""
        self._owed = [*self._owed[1 - OWED_MAX :], owed]

    def of(self, identity: bytes) -> Owed | None:
        """Return the ACK that is owed for a frame."""
        return next((owed for owed in self._owed if owed.identity == identity), None)

    def durable(self, token: int) -> list[Owed]:
        """Note that a report is durable; return the ACKs that may go now."""
        self.pending.discard(token)
        for owed in self._owed:
            owed.waits.discard(token)
        ready = [owed for owed in self._owed if not owed.waits]
        self._owed = [owed for owed in self._owed if owed.waits]
        return ready


@dataclass(frozen=True, slots=True)
class _Known:
    active: int
    time: str | None
    unsaid: int  # bits that we know by asking: the device may not have said them by itself yet


_NOTHING: Final = _Known(0, None, 0)

_Act = tuple[str | None, str | None, int | None, str | None]


def _act(signal: Signal) -> _Act:
    return signal.account, signal.text, signal.user, signal.panel_time


class Memory:
    """The bits that stand of each system, component and device; only their edges are news.

    After an absence nothing is known: what stands is told anew, since a component may have been at
    rest and gone off again.  But an answer that shows what was recorded before is no news, and the
    end of what stood before is told too.  What only an answer told is told once more when the
    device says it by itself: it waits for an ACK, which means that this very message is durable.
    """

    def __init__(self, codes: Codes, addressing: str) -> None:
        self._codes = codes
        self._addressing = addressing
        self._known: OrderedDict[tuple[int, ...], _Known] = OrderedDict()
        self._before: OrderedDict[tuple[int, ...], _Known] = OrderedDict()
        self._acts: deque[_Act] = deque(maxlen=ACTS_MAX)
        self._events = Events()

    def clear(self, standing: Iterable[Signal] = ()) -> None:
        """Know nothing but the events that the journal has as standing."""
        self._known.clear()
        self._before.clear()
        self._acts.clear()
        self._events = Events(standing)

    def doubt(self, system: tuple[int, ...] | None = None) -> None:
        """Know nothing for sure: of all, or of what belongs to a system that was reset."""
        for key in list(self._known):
            if system is None or (key[0] == system[0] and key[2:4] == system[2:4] and key[1] == 2):
                self._keep(key, self._known.pop(key))

    def stood(self, key: tuple[int, ...], active: int, *, asked: bool = False) -> None:
        """Note what was recorded before the present link; `asked`: as an answer showed it."""
        before = self._before.get(key, _NOTHING)
        unsaid = before.unsaid | (before.active ^ active) if asked else 0
        self._keep(key, _Known(active, None, unsaid))

    def _keep(self, key: tuple[int, ...], known: _Known) -> None:
        self._before[key] = known
        if len(self._before) > THINGS_MAX:
            self._before.popitem(last=False)

    def systems(self) -> list[tuple[int, int]]:
        """Return type and address of each system that was named."""
        keys = [key for key in (*self._known, *self._before) if key[1] != 21]
        return list(dict.fromkeys((key[2], key[3]) for key in keys))[:SYSTEMS_MAX]

    def standing(self) -> list[tuple[int, int, int]]:
        """Return system type, system and address of components in doubt that stood."""
        doubtful = [key for key, was in self._before.items() if was.active and key[1] == 2]
        found = [(key[2], key[3], key[5]) for key in doubtful]
        systems = self.systems() or [FIRST_SYSTEM]
        if len(systems) == 1:  # of the journal's events it is not known which they are of
            told = (event for event in self._events.signals if event.zone is not None)
            places = (address_of(event.area, event.zone, self._addressing) for event in told)
            found = [*((*systems[0], address) for address in places), *found]
        return list(dict.fromkeys(found))[-STANDING_MAX:]

    def recorded(self, acts: Iterable[Signal]) -> None:
        """Note what operators did, as the journal has it."""
        self._acts.extend(_act(signal) for signal in acts)

    def acts(self, acts: tuple[Signal, ...], *, asked: bool) -> tuple[Signal, ...]:
        """Return what is news of what operators did: of the device's log what is not recorded."""
        news = acts
        if asked:
            missed = (signal for signal in acts if _act(signal) not in self._acts)
            news = tuple(replace(signal, origin=Origin.BACKFILL) for signal in missed)
        self.recorded(news)
        return news

    def edges(self, thing: Thing, *, asked: bool) -> list[tuple[int | None, State, Origin]]:
        """Return which bits began and ended (None: all is at rest), and remember.

        A fire that is told again unasked, of another time, has the state `status`.
        """
        known = self._known.get(thing.key)
        was = known or self._before.get(thing.key) or self._stood_long(thing)
        unsaid = was.unsaid
        origin = Origin.AT_START if asked and known is None else Origin.LIVE
        told: list[tuple[int | None, State, Origin]] = []
        for bit in thing.bits:
            stood, stands = was.active >> bit & 1, thing.active >> bit & 1
            state = State.ACTIVE if stands else State.RESTORED
            if asked and known is None and stood and stands:
                unsaid |= 1 << bit  # recorded before this link came up, and still so
            elif stood != stands or (stands and known is None):
                told.append((bit, state, origin if stands else Origin.LIVE))
                unsaid = unsaid | 1 << bit if asked else unsaid
            elif not asked and unsaid >> bit & 1:
                told.append((bit, state, Origin.LIVE))
            elif not asked and stands and bit == FIRE_BIT and was.time != thing.place.panel_time:
                told.append((bit, State.STATUS, Origin.LIVE))
        if thing.component is not None and not thing.active and (known is None or known.active):
            told.append((None, State.CLOSED, origin))
        self._before.pop(thing.key, None)
        time = thing.place.panel_time
        self._known[thing.key] = _Known(thing.active, time, unsaid if asked else 0)
        self._known.move_to_end(thing.key)
        if len(self._known) > THINGS_MAX:
            self._known.popitem(last=False)
        return told

    def _stood_long(self, thing: Thing) -> _Known:
        """Return what the journal has of a thing that no frame we remember told of.

        Its events do not say the system: of two systems with the same addresses nothing is known.
        """
        if any(system != thing.key[2:4] for system in self.systems()):
            return _NOTHING
        meant = (bit for bit, one in thing.bits.items() if one.code)
        told = {bit: signal(self._codes, thing, bit, State.ACTIVE, Origin.LIVE) for bit in meant}
        stands = (bit for bit, one in told.items() if self._events.find(one))
        return _Known(sum(1 << bit for bit in stands), None, 0)
