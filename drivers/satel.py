"""Satel INTEGRA alarm panels: integration protocol of INT-RS (serial) and ETHM (TCP 7094).

The frames are read in `drivers/_satel_frames.py`, the panel's log in `drivers/_satel_record.py`.
The panel says nothing by itself.  Each second it is asked what has news (7F) and for the newest
entry of its log (8C); then for the older entries up to the last recorded one, and for the maps
that changed.  Events are those of the log, with user and time; maps tell how points are, and what
stands that the log did not tell: at link-up, or while an entry is on its way.

Areas take their state from nine maps, which are read one by one: it is believed when the panel has
said that none of them changed meanwhile.

Source: the maker's integration protocol, as collected in the facts; open clients.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from drivers._satel_frames import (
    AREAS,
    INDEX_NEWEST,
    LARGE_MODEL,
    MAP_NAMES,
    RESULTS,
    SIZES,
    TAKEN,
    ZONES_LARGE,
    SatelDecoder,
    framed,
)
from drivers._satel_maps import (
    ALARMS,
    AREA_MAPS,
    SHOWN,
    area_state,
    is_area_fire,
    is_covered,
    is_system_trouble,
    uncovered,
)
from drivers._satel_orders import CHECKS, clock_order, is_done, order_of
from drivers._satel_record import Entry, LogReading, stamp_of
from drivers._satel_told import Told
from edge_agent.domain.command import Act, Command
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.polled import Habits, Order, PolledPanel, PolledSession
from edge_agent.domain.session import (
    Action,
    Driver,
    Fault,
    FaultKind,
    Frame,
    Nature,
    Opened,
    Option,
    Send,
    Setup,
)
from edge_agent.domain.settings import LISTEN_ONLY, NS_PER_S, count_of, poll_s, quiet_s
from edge_agent.domain.signal import Signal

_ROUND = (
    # what older panels do not know stands apart, so that three in a row are a panel that is away
    *("7F", "1A", "14", "1B", "02", "7E", "01", "07", "06", "26", "00", "0E", "08"),
    *("0F", "10", "0A", "2A", "0B", "0C", "13", "17"),
)
_OPTIONAL = frozenset({"7E", "26", "2A", "1B", "07", "08", "1A", "8C"})
"""What older panels and modules may not know; unanswered twice, it is left out for a while."""
_OF_PANELS = frozenset(bytes([command]) for command in (*range(0x80), 0x8C, 0xEE, 0xEF))
_NO_NEWS = frozenset({"7E", "1A", "8C"})  # whatever 7F says of them

HABITS = Habits(
    probe="7F",
    answer_s=3,  # the module answers within 1 to 3 s, and says Busy! to a second client
    poll_s=1,
    quiet_s=60,  # heard along with another host's polling, which comes each second
    polls_all=False,
    resync_s=5,
    # changes are told once: an answer that was lost may have told some, so the state is asked
    # for; the log is asked for again anyway
    once=frozenset({"7F", "8C"}),
    needed=frozenset(_ROUND) - _OPTIONAL,
    host_types=frozenset({"request"}),
)
ROUND_NS = 60 * NS_PER_S  # the whole state: finds what no change told
LOG_NS = NS_PER_S  # so often the log is looked at
UNKNOWN_GAP_NS = 86_400 * NS_PER_S  # read back where nobody knows when the panel was heard last
SET_OFF_S = 30  # so far off a clock is set unasked, where that is allowed
SET_AGAIN_NS = 3600 * NS_PER_S  # a clock that does not take our time is not set all the time
OUTPUTS_NAMED = 16  # on the larger main boards; more are told of when they are on, or were
AT_REST = frozenset({State.CLOSED, State.DISARMED, State.OFF})
GIVEN_UP_MAX = 2
ROUNDS_WITHOUT = 4  # then what was not answered is asked for anew: it may have been the line

_ALARM_MAPS = frozenset({"02", *ALARMS})
_POINT_MAPS = frozenset({"00", "06", "26", "17", "1B", *SHOWN})


class SatelPanel(PolledPanel):
    """Follows the log and the maps."""

    def __init__(self, setup: Setup, talk: PolledSession) -> None:
        self.commands = DRIVER.commands
        self._setup = setup
        self._talk = talk
        self._counts = {Kind.OUTPUT: count_of(setup, "outputs", OUTPUTS_NAMED, ZONES_LARGE)}
        self._fit(None)
        self._code = str(setup.options.get("code") or "")
        if self._code and not (self._code.isdecimal() and len(self._code) <= 16):
            raise ValueError("option 'code' is 4 to 16 digits, the prefix included")
        self._set_clock_from_ns = self._opened_ns = 0
        self._gap_ns = 0  # how long before the line was opened it began
        self._log = LogReading()
        self._large = False
        self._told = Told()

    def _fit(self, model: int | None) -> None:
        """Tell of as many zones and areas as the site says, else as the model has."""
        zones, areas = SIZES.get(model, (ZONES_LARGE, AREAS))
        self._counts[Kind.ZONE] = count_of(self._setup, "zones", zones, ZONES_LARGE)
        self._counts[Kind.AREA] = count_of(self._setup, "areas", areas, AREAS)

    # ---- asking

    def decoder(self) -> SatelDecoder:
        """See PolledPanel."""
        return SatelDecoder(self._setup)

    def request(self, name: str) -> bytes:
        """See PolledPanel; a name is the command and what it asks for, in hex."""
        command, data = int(name[:2], 16), bytes.fromhex(name[2:])
        if name == "8C":
            data = INDEX_NEWEST.to_bytes(3)
        elif self._large and MAP_NAMES.get(command, "").startswith(("zones", "outputs")):
            data = b"\x00"  # then all 256 are answered
        return framed(command, data)

    def round(self) -> Sequence[str]:
        """See PolledPanel."""
        self._rounds += 1
        if self._rounds % ROUNDS_WITHOUT == 0:
            self._without.clear()
        self._areas_due |= set(self._area_maps)
        return [name for name in _ROUND if self._is_known(name)]

    @property
    def _area_maps(self) -> list[str]:
        return [name for name in AREA_MAPS if self._is_known(name)]

    def _is_known(self, name: str) -> bool:
        return self._without.get(name, 0) < GIVEN_UP_MAX

    def given_up(self, name: str) -> list[Action]:
        """See PolledPanel."""
        if name.startswith("8C"):
            self._log.begin()
            name = "8C"
        if name == "7F":
            self._without.clear()  # it is the line
        elif name in _OPTIONAL:
            self._without[name] = self._without.get(name, 0) + 1
            self._areas_due.discard(name)
        return []

    def opened(self, opened: Opened, now_ns: int) -> None:
        """See PolledPanel."""
        self._set_clock_from_ns = self._opened_ns = now_ns
        self._large = False
        decoder = self.decoder()
        frames = [frame for one in opened.recent for frame in decoder.feed(one.frame)]
        recorded = [Entry.of(frame) for frame in frames if _is_entry(frame)]
        self._log.open(recorded)
        by_log = (signal for entry in recorded for signal in entry.frame.signals)
        by_map = (one for frame in frames if not _is_entry(frame) for one in frame.signals)
        self._told.open(opened.standing, by_log, by_map)
        # where no entry is among what was recorded last, none of that time is recorded
        ages = [one.age_ns for one in opened.recent if one.age_ns is not None]
        self._gap_ns = max(ages, default=UNKNOWN_GAP_NS if opened.recent else 0)

    def forget(self, standing: tuple[Signal, ...]) -> None:
        """See PolledPanel."""
        self._maps: dict[str, frozenset[int]] = {}  # as they were shown, by request
        self._more: set[tuple[Kind, int]] = set()  # points beyond those that the site has named
        self._areas_due: set[str] = set()
        self._areas_frame = b""  # the last of the maps that were read, until they are believed
        self._areas_seen = Frame(b"", "areas")
        self._round_due_ns = 0
        self._rounds = 0
        self._without: dict[str, int] = {}  # optional requests, and how often each was given up
        self._told.forget(standing)
        self._readings = 0
        self._is_backfill = True
        self._panel_time: tuple[datetime, int] | None = None  # as told, and when
        self._older_asked = -1  # none was
        self._sets_clock = False  # unasked: the next result is about that
        self._log_due_ns = 0
        self._log.begin()

    def shown(self, frame: Frame) -> bytes:
        """See PolledPanel: damaged, an order would show its user code."""
        return frame.raw if frame.raw[2:3] in _OF_PANELS else b""

    # ---- hearing

    def proves(self, frame: Frame) -> bool:
        """See PolledPanel."""
        return frame.type != "busy"

    def hear(self, frame: Frame, now_ns: int) -> list[Action]:
        """See PolledPanel."""
        if frame.type == "busy":  # what was asked is asked again
            return [Fault(FaultKind.REFUSED, "the module is busy: has it another client?")]
        name = str(frame.fields["command"])
        if name == "8C":
            return self._on_entry(Entry.of(frame), now_ns)
        self._talk.answered(name, now_ns)
        self._without.pop(name, None)
        actions = self._on_answer(name, frame, now_ns)
        if self._log.next is not None:  # a long gap and the rest take turns
            self._talk.want(_older(self._log.next), first=True)
        self._ask_log(now_ns)
        return actions

    def _on_answer(self, name: str, frame: Frame, now_ns: int) -> list[Action]:
        match name:
            case "7F":
                return self._on_news(frame, now_ns)
            case "7E":
                model = frame.fields["model_code"]
                assert isinstance(model, int)
                self._fit(model)
                if model == LARGE_MODEL and not self._large:
                    self._talk.refresh(now_ns)  # what was asked so far leaves out the upper half
                self._large = model == LARGE_MODEL
                return []
            case "1A":
                return [*self._on_clock(frame, now_ns), *self._talk.judged("1A", frame, now_ns)]
            case "EF":
                return self._on_result(frame)
        if name in AREA_MAPS:
            return self._on_area_map(name, frame)
        if name not in _POINT_MAPS:
            return []  # another host asks for more
        told = self._on_map(name, frame)
        return [*told, *self._talk.judged(name, frame, now_ns)]

    def _on_news(self, frame: Frame, now_ns: int) -> list[Action]:
        changed = frame.fields["commands"]
        assert isinstance(changed, list)
        asked = frozenset(_ROUND) - _NO_NEWS
        news = [name for name in map(str, changed) if name in asked and self._is_known(name)]
        self._log_due_ns = now_ns  # before the maps: it says what, where and who
        areas = [name for name in self._area_maps if name in news]
        if areas and "2A" not in areas and self._is_known("2A"):
            areas.append("2A")  # it does not stand in the shorter answers
        self._areas_due |= set(areas)
        for name in sorted({*news, *areas}, key=_by_urgency):
            self._talk.want(name)
        if now_ns >= self._round_due_ns:
            first, self._round_due_ns = self._round_due_ns == 0, now_ns + ROUND_NS
            if not first:
                self._talk.refresh(now_ns)
        return self._settle_areas(now_ns) if not self._areas_due else []

    def _on_result(self, frame: Frame) -> list[Action]:
        result = frame.fields["result"]
        of_clock, self._sets_clock = self._sets_clock, False
        if result in TAKEN or not isinstance(result, int):
            return []
        why = RESULTS.get(result, f"result {result:02X}")
        refused = [] if of_clock else self._talk.refused(why)
        return [Fault(FaultKind.REFUSED, why, frame.raw), *refused]

    # ---- maps

    def _on_map(self, name: str, frame: Frame) -> list[Action]:
        marked = frame.fields.get("zones") or frame.fields.get("outputs") or []
        assert isinstance(marked, list)
        before, self._maps[name] = self._maps.get(name), frozenset(map(int, map(str, marked)))
        signals = frame.signals
        covers: Callable[[Signal], bool] = uncovered
        match name:
            case "00":
                signals = tuple(s for s in signals if not self._is_bypassed(s.zone or 0))
            case "06" | "26":
                if before is not None and before != self._maps[name]:
                    self._talk.want("00")  # how the contacts are of those that are in again
            case "1B":
                covers = is_system_trouble
            case "01" | "02" | "07" | "08":
                signals = self._told.beyond(name, signals, self._talk.proven.standing)
                covers = partial(is_covered, name)
        signals = tuple(s for s in signals if self._is_of_site(s))
        return self._report_map(name, signals, frame.raw, covers)

    def _report_map(
        self, name: str, signals: tuple[Signal, ...], raw: bytes, covers: Callable[[Signal], bool]
    ) -> list[Action]:
        told = self._talk.proven.map(name, signals, raw, covers)
        self._told.by_map(told, self._readings)
        return self._talk.report(told)

    def _is_bypassed(self, zone: int) -> bool:
        return any(zone in self._maps.get(name, ()) for name in ("06", "26"))

    def _is_of_site(self, signal: Signal) -> bool:
        """Whether a point is one that the site has: named, or once not at rest."""
        count = self._counts.get(signal.kind)
        if count is None:
            return True
        number = (signal.area if signal.kind is Kind.AREA else signal.zone) or 0
        if number > count and signal.state not in AT_REST:
            self._more.add((signal.kind, number))
        return number <= count or (signal.kind, number) in self._more

    # ---- areas

    def _on_area_map(self, name: str, frame: Frame) -> list[Action]:
        marked = frame.fields["areas"]
        assert isinstance(marked, list)
        self._maps[name] = frozenset(map(int, map(str, marked)))
        self._areas_frame = frame.raw
        self._areas_due.discard(name)
        if not self._areas_due:
            self._talk.want("7F", first=True)  # did they change while they were read?
        if name not in ALARMS:
            return []
        # an alarm comes before all other states: it is certain at once
        alarms = tuple(s for s in frame.signals if self._is_of_site(s))
        covers: Callable[[Signal], bool] = uncovered
        if name == "14":
            alarms = self._told.fires_beyond(alarms, self._talk.proven.standing)
            covers = is_area_fire
        return self._report_map(name, alarms, frame.raw, covers)

    def _settle_areas(self, now_ns: int) -> list[Action]:
        """The panel has said that no area changed since the maps were read: believe them."""
        raw, self._areas_frame = self._areas_frame, b""
        told: list[Action] = []
        if raw and all(name in self._maps for name in self._area_maps):
            points = tuple(
                Signal(kind=Kind.AREA, state=area_state(area, self._maps), area=area, frame=raw)
                for area in range(1, AREAS + 1)
            )
            points = tuple(point for point in points if self._is_of_site(point))
            self._areas_seen = Frame(raw, "areas", points)
            told = self._talk.report(self._talk.proven.map("areas", points, raw))
        return [*told, *self._talk.judged("7F", self._areas_seen, now_ns)]

    # ---- the log

    def _ask_log(self, now_ns: int) -> None:
        """Ask for the newest entry each second, whatever else is asked for.

        Not before the panel's clock is read, or is not told: it tells what of the log is new.
        """
        is_dated = self._panel_time is not None or "1A" in self._without or self._readings > 0
        if now_ns < self._log_due_ns or not is_dated or not self._is_known("8C"):
            return
        self._log_due_ns = now_ns + LOG_NS
        if not self._talk.listen_only:
            if self._log.next is None:
                self._readings += 1
                self._log.begin()
            self._talk.want("8C", first=True)

    def _on_entry(self, entry: Entry, now_ns: int) -> list[Action]:
        older = self._log.next
        if self._talk.listen_only:
            return self._on_unasked(entry)
        if not self._readings:
            return []  # what an earlier session had asked for: it is read in its turn
        if older is not None and entry.called == older:
            self._talk.answered(_older(older), now_ns)
        elif entry.called != self._older_asked:
            self._talk.answered("8C", now_ns)
            if older is not None:
                return self._told_first(entry)  # the newest one, while older ones are read
        else:
            return []  # doubled by the line, or late
        self._without.pop("8C", None)
        actions: list[Action] = []
        if older is None and not self._log.has_anchor:
            self._log.since = self._gap_begins(now_ns)
            if self._log.since is None and entry.record.is_filled:
                why = "no clock tells what of the log is new: the newest entry is taken for old"
                actions.append(Fault(FaultKind.MISSED, why, entry.frame.raw))
        actions += self._told_first(entry) if self._log.take(entry) else []
        if self._log.next is not None:
            self._older_asked = self._log.next
            # what has just happened goes before the maps, a gap after the next of them
            self._talk.want(_older(self._log.next), first=not self._is_backfill)
        if self._log.is_over:
            actions += self._end_reading()
        return actions

    def _told_first(self, entry: Entry) -> list[Action]:
        """Tell what is urgent before the older ones: it waits for nothing."""
        if not entry.is_urgent or self._log.is_known(entry):
            return []
        self._log.know(entry)
        return self._tell(entry)

    def _on_unasked(self, entry: Entry) -> list[Action]:
        """Another host asked."""
        if not entry.record.is_filled or self._log.is_known(entry):
            return []
        self._log.know(entry)
        return self._tell(entry)

    def _end_reading(self) -> list[Action]:
        actions: list[Action] = []
        if self._log.is_cut:
            actions.append(Fault(FaultKind.MISSED, "more of the log than is read at once"))
        for entry in self._log.news():
            actions += self._tell(entry)
        self._told.read(self._readings)
        self._is_backfill = False
        return actions

    def _gap_begins(self, now_ns: int) -> int | None:
        """Return the minute in which what is not recorded begins, by the panel's clock.

        Of a panel never heard before it is that in which the line was opened: an entry has no
        seconds, and one of just before is better told than one of just after not.  A panel that
        does not tell its clock is taken to have ours, which is a minute off at most or a finding.
        """
        told = self._panel_time or self._our_time(now_ns)
        if told is None:
            return None
        time, at_ns = told
        from_ns = self._opened_ns - self._gap_ns
        try:
            begin = time - timedelta(microseconds=(at_ns - from_ns) // 1000)
        except OverflowError:  # its clock tells the first years of our era
            return None
        return stamp_of(begin.year, begin.month, begin.day, 60 * begin.hour + begin.minute)

    def _our_time(self, now_ns: int) -> tuple[datetime, int] | None:
        ours = self._talk.clock.now(now_ns)
        return None if ours is None else (ours - timedelta(minutes=1), now_ns)

    def _tell(self, entry: Entry) -> list[Action]:
        [said] = entry.frame.signals
        is_gap = self._is_backfill and self._readings > 0
        signal = replace(
            said,
            origin=Origin.BACKFILL if is_gap else Origin.LIVE,
            panel_time=entry.time(self._panel_time[0].year) if self._panel_time else None,
        )
        news = self._told.by_log(signal)
        if news is None:
            return []
        if news.state is State.STATUS:
            return self._talk.report((news,))
        return self._talk.report(self._talk.proven.heard((news,)))

    # ---- clock

    def _on_clock(self, frame: Frame, now_ns: int) -> list[Action]:
        told = datetime.fromisoformat(str(frame.fields["time"]))
        self._panel_time = told, now_ns
        actions: list[Action] = [*self._talk.clock.compare(told, now_ns)]
        ours = self._talk.clock.now(now_ns)
        may_set = "clock" in self._setup.allow and self._code and not self._talk.listen_only
        if ours is None or not may_set or now_ns < self._set_clock_from_ns:
            return actions
        if abs((told - ours).total_seconds()) > SET_OFF_S:
            self._set_clock_from_ns = now_ns + SET_AGAIN_NS
            self._sets_clock = True
            self._talk.want("1A")
            return [*actions, Send(clock_order(self._code, ours))]
        return actions

    # ---- commands

    def order(self, command: Command, ours: datetime | None) -> Order | None:
        """See PolledPanel."""
        code = command.code or self._code
        data = order_of(command, code, ours, large=self._large) if code else b""
        return Order(data, CHECKS[command.act]) if data else None

    def is_done(self, command: Command, frame: Frame, now_ns: int) -> bool | None:
        """See PolledPanel."""
        if command.act is Act.CLOCK:
            ours = self._talk.clock.now(now_ns)
            told = datetime.fromisoformat(str(frame.fields["time"]))
            return ours is not None and abs((told - ours).total_seconds()) <= SET_OFF_S
        return is_done(command, frame)


def _by_urgency(name: str) -> tuple[bool, int]:
    """Alarms before the rest, in the order in which they are asked for at the start."""
    return name not in _ALARM_MAPS, _ROUND.index(name)


def _is_entry(frame: Frame) -> bool:
    return frame.type == "event" and bool(frame.signals)


def _older(index: int) -> str:
    return f"8C{index:06X}"


DRIVER = Driver(
    name="satel",
    version="1",
    title="Satel INTEGRA alarm panels, integration protocol (INT-RS, ETHM)",
    nature=Nature.STREAM,
    session=lambda setup: PolledSession(setup, HABITS, SatelPanel),
    decoder=SatelDecoder,
    panels=(
        "Satel INTEGRA 24, 32, 64, 128",
        "Satel INTEGRA 64, 128 and 256 PLUS",
        "each through INT-RS, INT-RS Plus or ETHM-1 (not encrypted)",
    ),
    lines=("serial", "tcp"),
    bauds=(19_200,),
    abilities=(
        *("events", "restores", "open_close", "zones", "areas", "outputs", "bypass", "troubles"),
        *("at_start", "backfill", "arm", "panel_time", "clock", "supervision", "listen_only"),
    ),
    acknowledges=False,
    quality="counterpart",
    recognition="drivers._recognition:SATEL",
    commands=frozenset(Act),
    options=(
        poll_s(0.5, 20, "news are"),
        Option("zones", int, None, "zones told of from the start", minimum=1, maximum=ZONES_LARGE),
        Option("areas", int, None, "areas told of from the start", minimum=1, maximum=AREAS),
        Option(
            "outputs", int, None, "outputs told of from the start", minimum=1, maximum=ZONES_LARGE
        ),
        Option("code", str, None, "user code of the gateway, for setting the clock", secret=True),
        Option("charset", str, None, "Python codec of names (profile, else latin-1)"),
        LISTEN_ONLY,
        quiet_s(10, 86_400),
    ),
)
