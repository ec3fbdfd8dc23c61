"""Radio: silence against its own pace, strength against its own level, jamming by its length."""

import random

from edge_agent.diagnosis.measures import DAY_NS, S
from edge_agent.diagnosis.radio import Radio, RadioLimits

MINUTE_NS = 60 * S


class Receiver:
    def __init__(self) -> None:
        self.radio = Radio(RadioLimits())
        self.random = random.Random(3)
        self.now_ns = 0
        self.told: list[tuple[str, bool]] = []

    def hear(self, count: int, dbm: float = -70.0, *, jammed: bool = False) -> None:
        for _ in range(count):
            self.now_ns += int(self.random.uniform(13, 17) * MINUTE_NS)
            level = dbm + self.random.gauss(0, 2)
            told = self.radio.handle(level, jammed, self.now_ns)
            self.told += [(one.rule, one.holds) for one in told]

    def wait(self, minutes: float) -> None:
        until_ns = self.now_ns + int(minutes * MINUTE_NS)
        while self.now_ns < until_ns:
            self.now_ns += 5 * MINUTE_NS
            self.told += [(one.rule, one.holds) for one in self.radio.tick(self.now_ns)]


def test_a_month_of_readings_says_nothing() -> None:
    receiver = Receiver()
    receiver.hear(96 * 30)
    assert receiver.told == []


def test_silence_is_missed_after_a_few_of_its_own_gaps_and_ends_with_a_word() -> None:
    receiver = Receiver()
    receiver.hear(50)
    receiver.wait(45)
    assert receiver.told == []
    receiver.wait(60)
    assert receiver.told == [("radio.supervision", True)]
    assert receiver.radio.silent
    receiver.hear(1)
    assert receiver.told[-1] == ("radio.supervision", False)


def test_a_pause_that_is_the_panels_is_no_miss() -> None:
    receiver = Receiver()
    receiver.hear(50)
    receiver.now_ns += DAY_NS
    receiver.radio.pause(receiver.now_ns)
    receiver.wait(40)
    assert receiver.told == []


def test_a_fall_of_ten_db_is_told_and_not_learned() -> None:
    receiver = Receiver()
    receiver.hear(200)
    receiver.hear(400, -84.0)
    assert receiver.told == [("radio.weak", True)]
    receiver.hear(10)
    assert receiver.told[-1] == ("radio.weak", False)


def test_jamming_counts_once_it_has_lasted() -> None:
    receiver = Receiver()
    receiver.hear(50)
    receiver.hear(1, jammed=True)
    assert receiver.told == []
    receiver.hear(2, jammed=True)
    assert receiver.radio.jammed
    receiver.hear(2)
    assert receiver.told == [("radio.noise", True), ("radio.noise", False)]


def test_the_panels_own_word_counts() -> None:
    radio = Radio(RadioLimits())
    assert [one.rule for one in radio.missed(True, "code 381")] == ["radio.supervision"]
    assert radio.holds()["radio.supervision"]
    assert radio.handle(float("nan"), False, 5)[0].holds is False
    assert radio.due_ns() is None
