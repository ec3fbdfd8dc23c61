"""Records of a Satel INTEGRA's own log (8C): what one says, and how the log is read backwards.

A record has eight bytes, behind it stand the index by which the one before it is asked for, and
the index that was asked for, three bytes each:

    YYZEssss KKKDDDDD MMMMTTTT TTTTTTTT PPPPPRCC CCCCCCCC source OOOUUUUU

year mod 4, Z not empty, E present, s monitoring, K class, day, month, minute of the day, partition
(from 0), R restore, code, source (a zone, user or module), object, user control number.  Codes 100
to 628 are those of Contact ID.  The others are the maker's own.

Source: the maker's integration protocol, as collected in the facts; what the classes, sources and
further own codes are is known from open clients.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from edge_agent.domain.codes import Codes, Place, Qualifier, signal_of
from edge_agent.domain.kinds import Kind, Lane, State, lane_of
from edge_agent.domain.panel_clock import panel_time
from edge_agent.domain.recent import AHEAD_MAX, FRAMES_MAX
from edge_agent.domain.session import Frame, Plain
from edge_agent.domain.signal import Signal

RECORD_BYTES = 14
IDENTITY_BYTES = 11  # record and the index of the one before: what tells two entries apart
CONTACT_ID = range(100, 629)
ENTRIES_MAX = 1024  # of one reading, about a minute's; smaller panels keep no more
KNOWN_MAX = ENTRIES_MAX + AHEAD_MAX + FRAMES_MAX  # what is on record, and one reading
ZONE_SOURCE_MAX = 128  # above it stand expanders and keypads
USER_SOURCE_MAX = 248  # users, then masters; above it services, timers and zones act

# codes of events that are of no partition: what stands in its place means nothing
_OF_NO_AREA = frozenset(
    {
        *(301, 302, 303, 305, 306, 330, 339, 350, 351, 411, 412, 413, 421, 422, 462),
        *(601, 602, 621, 622, 623, 625, 627, 628),
    }
)
_BY_TIMER = frozenset({403})  # its source is a timer, no user

_Own = tuple[Kind, str | None, bool]  # kind, code, whether the source is a zone
_ZONE_FAULT: Final[_Own] = (Kind.ZONE_TROUBLE, "380", True)
_MODULE_TAMPER: Final[_Own] = (Kind.TAMPER, "145", False)
_NOTE: Final[_Own] = (Kind.LOG, None, False)
_OWN: Final[Mapping[int, _Own]] = {
    66: (Kind.OPEN_CLOSE, "441", False),
    67: (Kind.OPEN_CLOSE, "441", False),
    74: _NOTE,  # system restored
    84: _MODULE_TAMPER,
    88: (Kind.COMMS, "353", False),
    92: _MODULE_TAMPER,
    93: _MODULE_TAMPER,
    94: _MODULE_TAMPER,
    95: (Kind.SYSTEM_TROUBLE, "320", False),
    96: (Kind.SYSTEM_TROUBLE, "320", False),
    97: _ZONE_FAULT,
    98: _ZONE_FAULT,
    985: _NOTE,  # exit time
    986: (Kind.BURGLARY, "138", True),
    988: (Kind.OPEN_CLOSE, "454", False),
    991: (Kind.BYPASS, "570", True),
    1000: _ZONE_FAULT,
    1001: (Kind.OPEN_CLOSE, "450", False),
    1002: (Kind.COMMS, "350", False),
    1003: (Kind.OPEN_CLOSE, "454", False),
    1006: (Kind.POWER, "309", False),
    1007: _NOTE,
    1008: _NOTE,
    1015: (Kind.LOG, "626", False),
}
_ARMS = frozenset({66, 67, 1001})  # they arm, whatever the restore bit says
_NOTED_CLASSES = (6, 7)  # functions of users, events of the system: no alarm is among them


@dataclass(frozen=True, slots=True)
class Record:
    """The eight bytes, taken apart."""

    year_mod_4: int
    is_filled: bool
    group: int
    month: int
    day: int
    minute: int
    area: int
    is_restore: bool
    code: int
    source: int

    @classmethod
    def of(cls, data: bytes) -> "Record":
        """Read a record; every eight bytes are one."""
        return cls(
            year_mod_4=data[0] >> 6,
            is_filled=bool(data[0] & 0x20),
            group=data[1] >> 5,
            month=data[2] >> 4,
            day=data[1] & 0x1F,
            minute=(data[2] & 0x0F) << 8 | data[3],
            area=(data[4] >> 3) + 1,
            is_restore=bool(data[4] & 0x04),
            code=(data[4] & 0x03) << 8 | data[5],
            source=data[6],
        )


def record_signal(data: bytes, codes: Codes, raw: bytes) -> Signal | None:
    """Return what a record says, without its time; None of an empty one."""
    record = Record.of(data)
    if not record.is_filled:
        return None
    if record.code in CONTACT_ID:
        return _by_contact_id(record, codes, raw)
    own = _OWN.get(record.code)
    if own is None:
        kind = Kind.LOG if record.group in _NOTED_CLASSES else Kind.UNKNOWN
        own = kind, None, False
    kind, code, is_zone = own
    state = State.RESTORED if record.is_restore else State.ACTIVE
    if record.code in _ARMS:
        state = State.ARMED
    return Signal(
        kind=kind,
        code=code,
        state=state,
        area=record.area if kind not in (Kind.LOG, Kind.COMMS, Kind.POWER) else None,
        zone=_zone(record) if is_zone else None,
        user=_user(record) if kind is Kind.OPEN_CLOSE else None,
        frame=raw,
    )


def _by_contact_id(record: Record, codes: Codes, raw: bytes) -> Signal:
    qualifier = Qualifier.RESTORE if record.is_restore else Qualifier.NEW
    meaning = codes.contact_id(qualifier, str(record.code))
    number = None
    if meaning.number_is == "zone":
        number = _zone(record)
    elif meaning.number_is == "user" and record.code not in _BY_TIMER:
        number = _user(record)
    area = None if record.code in _OF_NO_AREA else record.area
    return signal_of(meaning, Place(area=area, number=number, frame=raw))


def _zone(record: Record) -> int | None:
    return record.source if 0 < record.source <= ZONE_SOURCE_MAX else None


def _user(record: Record) -> int | None:
    return record.source if 0 < record.source <= USER_SOURCE_MAX else None


def record_fields(data: bytes) -> dict[str, Plain]:
    """Return all that an answer to 8C says."""
    record = Record.of(data)
    return {
        "filled": record.is_filled,
        "year_mod_4": record.year_mod_4,
        "month": record.month,
        "day": record.day,
        "minute_of_day": record.minute,
        "class": record.group,
        "partition": record.area,
        "restore": record.is_restore,
        "code": record.code,
        "source": record.source,
        "object": data[7] >> 5,
        "user_control": data[7] & 0x1F,
        "monitoring": data[0] & 0x0F,
        "index_before": int.from_bytes(data[8:11]),
        "index": int.from_bytes(data[11:14]),
    }


# ---- the log as a whole

_MINUTES_A_DAY = 1440
CYCLE = 4 * 12 * 31 * _MINUTES_A_DAY  # minutes until a time says the same again, months of 31 days
DAY = _MINUTES_A_DAY


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log: `stamp` counts minutes within four years, `before` asks for the older.

    `called` is the index by which it was asked for.
    """

    frame: Frame
    identity: bytes
    record: Record
    before: int
    called: int

    @classmethod
    def of(cls, frame: Frame) -> "Entry":
        """Return the entry that a good frame of type `event` holds."""
        data = frame.raw[2:-2].replace(b"\xfe\xf0", b"\xfe")[1 : 1 + RECORD_BYTES]
        return cls(
            frame,
            data[:IDENTITY_BYTES],
            Record.of(data),
            int.from_bytes(data[8:11]),
            int.from_bytes(data[11:14]),
        )

    @property
    def stamp(self) -> int:
        """Minutes since the four years began, in months of 31 days."""
        record = self.record
        return stamp_of(record.year_mod_4, record.month, record.day, record.minute)

    @property
    def is_urgent(self) -> bool:
        """Whether it is an alarm of life or fire: told as soon as it is read, out of its turn."""
        return any(
            signal.state is State.ACTIVE and lane_of(signal.kind) <= Lane.FIRE
            for signal in self.frame.signals
        )

    def time(self, year: int) -> str:
        """Return its time as ISO 8601; `year` is the panel's at the time of reading."""
        record = self.record
        then = year - (year - record.year_mod_4) % 4
        return panel_time((then, record.month, record.day), (0, record.minute, 0)).iso


def stamp_of(year: int, month: int, day: int, minute: int) -> int:
    """Return minutes since the four years began, in months of 31 days; comparable only."""
    return (((year % 4 * 12) + month - 1) * 31 + day - 1) * _MINUTES_A_DAY + minute


def is_older(stamp: int, than: int) -> bool:
    """Tell whether a time is before another, on a clock that begins anew each four years."""
    return 0 < (than - stamp) % CYCLE < CYCLE // 2


class LogReading:
    """Reads a log from its newest entry backwards, and tells what of it is not recorded.

    log.open(recorded)             # the line is up; entries of earlier, oldest first
    log.take(entry)                # of each answer; `next` is the index to ask for then
    log.news()                     # when `is_over`: what is news, oldest first

    It ends at `until`: the newest entry of the reading before or, at first, the oldest recorded
    one that was told in its turn.  What is urgent was not: older ones may be missing.  Where none
    is recorded it ends before `since`; where that is not known either, what stands there is left.
    """

    def __init__(self) -> None:
        self.open(())

    def open(self, recorded: Iterable[Entry]) -> None:
        """Know these alone."""
        known = list(recorded)
        self._known: OrderedDict[bytes, None] = OrderedDict((e.identity, None) for e in known)
        turn = [entry for entry in known if not entry.is_urgent]
        if not turn and len(known) >= FRAMES_MAX:
            turn = known[-FRAMES_MAX:]  # so many alarms in a row were heard as they rang
        self._until: Entry | None = turn[0] if turn else None
        self.since: int | None = None
        self.begin()

    @property
    def has_anchor(self) -> bool:
        """Whether it is known where the news begin."""
        return self._until is not None

    def begin(self) -> None:
        """Read from the newest one."""
        self._pending: list[Entry] = []
        self._seen: set[bytes] = set()
        self._top: Entry | None = None
        self.next: int | None = None
        self.is_over = False
        self.is_cut = False  # more is unread than one reading takes

    def is_known(self, entry: Entry) -> bool:
        """Tell whether it is recorded already, or was left on purpose."""
        return entry.identity in self._known

    def know(self, entry: Entry) -> None:
        """It is recorded."""
        self._known[entry.identity] = None
        while len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)

    def take(self, entry: Entry) -> bool:
        """Take the answer to `next`; returns whether it is among the news."""
        self._top = self._top or entry
        if not entry.record.is_filled or self._is_end(entry):
            self.is_over, self.next = True, None
            return False
        self._seen.add(entry.identity)
        self.next = entry.before
        if self.is_known(entry):
            return False
        self._pending.append(entry)
        return True

    def news(self) -> list[Entry]:
        """Return what is not recorded, oldest first; what comes next begins at the newest."""
        found = [entry for entry in reversed(self._pending) if not self.is_known(entry)]
        for entry in found:
            self.know(entry)
        if self._top is not None:
            self._until = self._top
            self.know(self._top)
        self.begin()
        return found

    def _is_end(self, entry: Entry) -> bool:
        self.is_cut = len(self._pending) >= ENTRIES_MAX
        if entry.identity in self._seen or self.is_cut:
            return True
        until = self._until
        if until is None:
            return self.since is None or is_older(entry.stamp, self.since)
        # a log that was cleared no longer has it; a clock that was set back is borne for a day
        is_dated = until.record.is_filled  # not so where the log was empty
        return entry.identity == until.identity or (
            is_dated and is_older(entry.stamp, until.stamp - DAY)
        )
