"""A gap of a Satel INTEGRA's log over restarts at any moment: each entry is told once, none lost.

What is urgent is told before the older ones, so that the newest on record are not those of a
stretch.  Seen to fail: events counted together (an alarm told again after a long gap), the reading
ended at one that had been told first (what was before it was lost), the same panic a second
time taken for the one that stands in the journal.
"""

from collections import Counter

import pytest

from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.recent import FRAMES_MAX, RecentFrames
from edge_agent.domain.session import Recent
from edge_agent.domain.settings import NS_PER_S as NS
from edge_agent.domain.signal import Signal
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.domain.standing import Standing
from hil.panels.satel_frames import bits, framed
from tests.drivers.actions import signals
from tests.drivers.satel_talk import Talk
from tests.drivers.test_satel_record import record

OPENING, DURESS, BURGLARY = 401, 121, 130
AWAY_NS = 3600 * NS


class Gateway:
    """What of a panel is durable, and runs that each hear its log anew."""

    def __init__(self) -> None:
        self.log = [record(OPENING, 1)]
        self.in_alarm: list[int] = []  # zones, as the map shows them
        self.durable: list[tuple[Signal, Stamp]] = []
        self.run()

    def run(self, kept: int | None = None) -> list[Signal]:
        """Start, hear all there is, and end when `kept` of it are durable (None: all)."""
        recent, standing = RecentFrames(), Standing()
        for signal, stamp in self.durable:
            recent.take(signal, stamp)
            standing.take(signal)
        began_ns = (len(self.durable) + 1) * AWAY_NS
        known = tuple(Recent(frame, began_ns - at.boottime_ns) for frame, at in recent)
        talk = Talk(zones=1, areas=1, outputs=1)
        talk.log = self.log
        talk.maps[0x02] = bits(self.in_alarm, 16)
        done = [*talk.open(*standing.signals, recent=known), *talk.wait(20)]
        told = [signal for signal in signals(done) if signal.kind not in POINTS][:kept]
        for number, signal in enumerate(told):
            self.keep(signal, began_ns + number)
        return told

    def keep(self, signal: Signal, heard_ns: int) -> None:
        self.durable.append((signal, Stamp(None, heard_ns, bytes(16), Trust.UNSET)))

    def ring(self, user: int) -> None:
        """Let somebody press for duress, which is heard at once."""
        entry = record(DURESS, user)
        before = 8 * len(self.log)
        self.log.append(entry)
        frame = framed(0x8C, entry + before.to_bytes(3) + b"\xff\xff\xff")
        live = Signal(kind=Kind.DURESS, code="121", state=State.ACTIVE, user=user, frame=frame)
        self.keep(live, (len(self.durable) + 1) * AWAY_NS)

    def users(self) -> Counter[int | None]:
        return Counter(signal.user for signal, _ in self.durable)


LENGTH = 50
GAPS = {
    "alarms among many": {10, 25, 48},
    "the newest is one": {LENGTH - 1},
    "the oldest is one": {0},
    "nothing but alarms": {*range(LENGTH)},
}


@pytest.mark.parametrize("what", GAPS)
def test_each_entry_of_a_gap_is_told_once_wherever_the_gateway_ends(what: str) -> None:
    for kept in range(0, LENGTH + 1, 3):
        here = Gateway()
        codes = (DURESS if at in GAPS[what] else OPENING for at in range(LENGTH))
        here.log += [record(code, user) for user, code in enumerate(codes, 2)]
        here.run(kept)
        here.run()
        once = Counter(range(1, LENGTH + 2))
        assert here.users() == once, f"ended when {kept} were durable"
        assert here.run() == []


def test_what_happened_since_is_told_however_long_the_gap_before_was() -> None:
    here = Gateway()
    here.log += [record(DURESS, 2), *(record(OPENING, user) for user in range(3, 90))]
    here.run()
    here.log += [record(DURESS, 90), record(OPENING, 91)]
    assert [signal.user for signal in here.run()] == [90, 91]


def test_more_alarms_in_a_row_than_are_kept_of_others_are_none_of_a_gap() -> None:
    here = Gateway()
    for user in range(2, FRAMES_MAX + 10):
        here.ring(user)
    assert here.run() == []
    here.log.append(record(DURESS, 99))
    assert [signal.user for signal in here.run()] == [99]


def test_a_second_duress_of_one_user_is_told_though_the_first_stands_in_the_journal() -> None:
    here = Gateway()
    here.keep(Signal(kind=Kind.DURESS, code="121", state=State.ACTIVE, user=3), 0)
    here.log.append(record(DURESS, 3))
    assert [signal.code for signal in here.run()] == ["121"]


def test_an_alarm_that_only_a_map_had_told_is_not_told_again_by_its_entry() -> None:
    here = Gateway()
    shown = framed(0x02, bits([9], 16))
    alarm = Signal(kind=Kind.BURGLARY, code="130", state=State.ACTIVE, zone=9, frame=shown)
    here.keep(alarm, 3 * AWAY_NS)
    here.in_alarm = [9]
    here.log += [record(BURGLARY, 9), record(BURGLARY, 9, restore=True), record(BURGLARY, 9)]
    assert [signal.state for signal in here.run()] == [State.RESTORED, State.ACTIVE]
