"""Openings: loose, stuck, dead and degraded detectors are told from people."""

import random

from edge_agent.diagnosis.contact import Around, Contact, ContactLimits, Hour
from edge_agent.diagnosis.measures import DAY_NS, HOUR_NS, S
from edge_agent.diagnosis.symptom import Symptom

ARMED, DISARMED, DISTURBED = Around(armed=True), Around(), Around(disturbed=True)


class Detector:
    def __init__(self, *, motion: bool = False, entry: bool = False) -> None:
        self.contact = Contact(ContactLimits(), motion=motion, entry=entry)
        self.contact.by_point = True
        self.random = random.Random(11)
        self.told: list[str] = []
        self.over: list[str] = []
        self.now_ns = 0
        self.say("closed", 0)

    def take(self, symptoms: list[Symptom]) -> None:
        self.told += [one.rule for one in symptoms if one.holds]
        self.over += [one.rule for one in symptoms if not one.holds]

    def say(self, state: str, after_s: float, around: Around = DISARMED) -> None:
        self.now_ns += int(after_s * S)
        self.take(self.contact.handle(state, around, self.now_ns))

    def trip(self, after_s: float, lasts_s: float, around: Around = DISARMED) -> None:
        self.say("open", after_s, around)
        self.say("closed", lasts_s, around)

    def day(
        self, trips: int, *, factor: float = 1.0, occupied: bool = True, usual: bool = True
    ) -> None:
        """A day of nine hours in use, each with about as many trips."""
        start_ns = self.now_ns = (self.now_ns // DAY_NS + 1) * DAY_NS
        for hour in range(24):
            in_use = 9 <= hour < 18 and occupied
            self.now_ns = start_ns + hour * HOUR_NS
            for _ in range(trips // 9 + (hour - 9 < trips % 9) if in_use else 0):
                self.trip(2, self.random.uniform(2, 8))
            self.now_ns = start_ns + (hour + 1) * HOUR_NS
            spent = Hour(hour, disarmed=in_use, active=in_use, factor=factor)
            self.take(self.contact.hour_over(spent, self.now_ns))
        self.take(self.contact.day_over(occupied, factor, self.now_ns))
        self.now_ns -= 1  # the next day begins where this one ends


def test_a_door_in_use_says_nothing_for_weeks() -> None:
    door = Detector(entry=True)
    for day in range(30):
        door.day(0 if day % 7 == 6 else 200, occupied=day % 7 != 6)
    assert door.told == []


def test_pulses_too_short_for_a_person_fill_up_to_a_loose_contact() -> None:
    door = Detector()
    for _ in range(4):
        door.trip(1800, 0.1)
    assert door.told == []
    assert 0.5 < door.contact.looseness(door.now_ns) < 1
    for _ in range(3):
        door.trip(1800, 0.1)
    assert door.told == ["contact.loose"]


def test_a_bounce_now_and_then_is_forgotten() -> None:
    door = Detector()
    for _ in range(40):
        door.trip(8 * 3600, 0.1)
    assert door.told == []


def test_a_flicker_of_the_tamper_circuit_is_a_loose_wire_too() -> None:
    door = Detector()
    for _ in range(7):
        door.say("tamper", 600)
        door.say("closed", 2)
    assert door.told == ["contact.loose"]


def test_chatter_counts_where_nobody_is_and_not_of_a_door_in_use() -> None:
    door = Detector()
    for _ in range(6):
        door.trip(6, 4)
    assert door.told == []
    for _ in range(3):
        door.trip(6, 4, ARMED)
    assert door.told == ["contact.chatter"]


def test_who_walks_about_in_an_armed_site_is_no_chatter() -> None:
    """Where nobody said what a detector is: others that trip in between tell of people."""
    door = Detector()
    for _ in range(6):
        door.trip(6, 4, Around(armed=True, other_ns=door.now_ns))
    assert door.told == []
    for _ in range(6):
        door.trip(6, 4, Around(armed=True, other_ns=door.now_ns - 120 * S))
    assert door.told == ["contact.chatter"]


def test_faster_than_anybody_it_is_chatter_whoever_walks_about() -> None:
    door = Detector()
    for _ in range(4):
        door.trip(0.5, 1.2, Around(armed=True, other_ns=door.now_ns))
    assert "contact.chatter" in door.told


def test_an_alarm_told_twice_is_one_trip_and_no_short_interruption() -> None:
    door = Detector()
    door.say("open", 1, ARMED)
    for _ in range(20):
        door.take(door.contact.again(ARMED, door.now_ns))
    assert (door.contact.day_trips, door.told) == (1, [])
    for _ in range(2):  # never told to be over, and again
        door.now_ns += 20 * S
        door.take(door.contact.again(ARMED, door.now_ns))
    assert (door.contact.day_trips, door.told) == (3, ["contact.chatter"])
    assert door.contact.looseness(door.now_ns) == 0


def test_a_movement_detector_that_sees_somebody_does_not_chatter() -> None:
    pir = Detector(motion=True)
    for _ in range(20):
        pir.trip(3, 2, ARMED)
    assert pir.told == []


def test_what_happens_while_the_supply_fails_says_nothing_of_the_contact() -> None:
    door = Detector()
    for _ in range(20):
        door.trip(60, 0.1, DISTURBED)
    assert door.told == []


def test_three_lonely_trips_within_a_week_are_told_and_over_a_month_not() -> None:
    pir = Detector(motion=True)
    for day in (0, 2, 4):
        pir.take(pir.contact.alone(day * DAY_NS))
    assert pir.told == ["detector.lone"]
    other = Detector(motion=True)
    for day in (0, 9, 18, 27):
        other.take(other.contact.alone(day * DAY_NS))
    assert other.told == []


def test_many_times_the_usual_is_told_unless_the_neighbours_see_as_much() -> None:
    sale = Detector(motion=True)
    for _ in range(6):
        sale.day(27)
    for _ in range(2):
        sale.day(300, factor=10.0)
    assert sale.told == []
    for motion, rule in ((True, "detector.rate"), (False, "contact.rate")):
        dirty = Detector(motion=motion)
        for _ in range(6):
            dirty.day(27)
        for _ in range(2):
            dirty.day(300)
        assert dirty.told == [rule]


def test_a_quiet_detector_that_trips_many_times_a_day_is_told_on_the_second_day() -> None:
    pir = Detector(motion=True)
    for _ in range(6):
        pir.day(3)
    pir.day(40)
    assert pir.told == []
    pir.day(40)
    assert pir.told == ["detector.rate"]


def test_one_busy_afternoon_is_a_delivery() -> None:
    pir = Detector(motion=True)
    for _ in range(6):
        pir.day(9)
    pir.day(90)
    pir.day(9)
    assert pir.told == []


def test_silence_of_a_busy_detector_is_told_after_three_days_of_use() -> None:
    pir = Detector(motion=True)
    for _ in range(6):
        pir.day(60)
    for _ in range(4):
        pir.day(0, occupied=False)  # a holiday
    assert pir.told == []
    for _ in range(3):
        pir.day(0)
    assert pir.told == ["detector.silent"]
    pir.trip(60, 3)
    assert pir.over == ["detector.silent"]


def test_a_door_used_once_a_fortnight_may_be_silent() -> None:
    door = Detector()
    for day in range(60):
        door.day(1 if day % 14 == 0 else 0)
    assert door.told == []


def test_a_movement_detector_that_never_tripped_is_told_after_a_month_of_use() -> None:
    pir = Detector(motion=True)
    for _ in range(29):
        pir.day(0)
    assert pir.told == []
    pir.day(0)
    assert pir.told == ["detector.silent"]


def test_a_fraction_of_the_usual_for_three_days_is_a_weak_detector() -> None:
    pir = Detector(motion=True)
    for _ in range(8):
        pir.day(180)
    for _ in range(2):
        pir.day(20)
    assert pir.told == []
    pir.day(20)
    assert pir.told == ["detector.weak"]


def test_open_for_a_day_is_stuck_and_movement_sooner() -> None:
    door, pir = Detector(), Detector(motion=True)
    for one in (door, pir):
        one.say("open", 60)
        one.take(one.contact.hour_over(Hour(0, False, False), one.now_ns + 9 * HOUR_NS))
    assert (door.told, pir.told) == ([], ["detector.stuck"])
    door.take(door.contact.hour_over(Hour(0, False, False), door.now_ns + 25 * HOUR_NS))
    assert door.told == ["detector.stuck"]
    door.say("closed", 60)
    assert door.over == ["detector.stuck"]


def test_a_masked_detector_says_so_itself() -> None:
    pir = Detector(motion=True)
    pir.say("masked", 5)
    pir.say("closed", 50)
    assert (pir.told, pir.over) == (["detector.masked"], ["detector.masked"])
    assert not any(pir.contact.holds().values())


def test_an_alarm_whose_end_is_never_told_is_not_stuck() -> None:
    door = Detector()
    door.contact.by_point = False
    door.say("open", 60)
    door.take(door.contact.hour_over(Hour(0, False, False), door.now_ns + 90 * HOUR_NS))
    assert door.told == []
