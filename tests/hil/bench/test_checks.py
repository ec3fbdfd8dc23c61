"""Each check can be good, bad and left out: on conversations that are made up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from edge_agent.domain.command import Command, Outcome
from edge_agent.domain.finding import Cause, Finding
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Obeyed, Profile, Received
from edge_agent.domain.signal import Signal
from tests.hil.bench import checks
from tests.hil.bench.checks import Examination, Told, Verdict
from tests.hil.bench.file import Hand, parse
from tests.hil.bench.hands import HandError, Hands
from tests.hil.bench.talk import Notebook, Seen, Talk, Tap

FILE = """
[bench]
link_s = 0.01
lost_s = 0.01
quiet_s = 0.01
within_s = 0.01
[[panel]]
id = "p"
driver = "{driver}"
serial = {{ port = "/dev/ttyUSB0" }}
options = {{ {options} }}
allow = [{allow}]
[[hand]]
panel = "p"
does = "trip"
zone = 3
ask = "open it"
[[hand]]
panel = "p"
does = "restore"
ask = "close it"
[[hand]]
panel = "p"
does = "unplug"
ask = "pull it"
[[hand]]
panel = "p"
does = "plug"
ask = "put it back"
"""
ALARM = Signal(kind=Kind.BURGLARY, state=State.ACTIVE, code="130", zone=3)
OVER = Signal(kind=Kind.BURGLARY, state=State.RESTORED, code="130", zone=3)
OPEN = Signal(kind=Kind.ZONE, state=State.OPEN, zone=3)


class FakeTalk:
    """A conversation in which everything is there at once, or never."""

    def __init__(self, outcome: Outcome | None = Outcome.DONE) -> None:
        self.seen = Seen(links=[True])
        self.desk = self
        self._outcome = outcome

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        del seconds
        return condition()

    def ask(self, command: Command) -> "asyncio.Future[Obeyed]":
        del command
        future: asyncio.Future[Obeyed] = asyncio.get_running_loop().create_future()
        if self._outcome is not None:
            future.set_result(Obeyed(1, self._outcome))
        return future


class FakeHands:
    """What a hand does is what it is given to do."""

    def __init__(self, act: Callable[[], None] = lambda: None, skipped: bool = False) -> None:
        self._act = act
        self._skipped = skipped

    def is_skipped(self) -> bool:
        return self._skipped

    async def do(self, hand: Hand, within_s: float) -> None:
        del hand, within_s
        self._act()


def here(driver: str = "elk", options: str = "", allow: str = "", **talk: Any) -> Examination:
    text = FILE.format(driver=driver, options=options, allow=allow)
    bench = parse(text.encode(), Path("wall.toml"))
    fake = cast("Talk", FakeTalk(**talk))
    return Examination(bench, bench.fitted[0], cast("Hands", FakeHands()), fake)


def verdict(check: Callable[[Examination], Awaitable[Told]], one: Examination) -> Verdict:
    async def run() -> Verdict:
        return (await check(one))[0]

    return asyncio.run(run())


def doing(one: Examination, act: Callable[[Seen], object]) -> Examination:
    def do() -> None:
        act(one.seen)

    one.hands = cast("Hands", FakeHands(do))
    return one


def with_seen(one: Examination, **values: Any) -> Examination:
    for name, value in values.items():
        setattr(one.seen, name, value)
    return one


def test_link_up() -> None:
    assert verdict(checks.link_up, here()) is Verdict.GOOD
    assert verdict(checks.link_up, with_seen(here(), links=[False])) is Verdict.BAD


def test_a_panel_that_says_nothing_by_itself() -> None:
    one = with_seen(here(), links=[])
    profile = Profile("printer", "1", "elk", "A printer", {"supervised": False})
    one.fitted = replace(one.fitted, setup=replace(one.fitted.setup, profile=profile))
    assert verdict(checks.link_up, one) is Verdict.LEFT_OUT
    assert verdict(checks.comes_back, one) is Verdict.LEFT_OUT
    assert verdict(checks.quiet, one) is Verdict.GOOD


def test_resync() -> None:
    assert verdict(checks.resync, with_seen(here(), signals=[OPEN])) is Verdict.GOOD
    assert verdict(checks.resync, with_seen(here(), signals=[ALARM])) is Verdict.BAD
    assert verdict(checks.resync, here("surgard")) is Verdict.LEFT_OUT
    assert verdict(checks.resync, here(options="listen_only = true")) is Verdict.LEFT_OUT


def test_quiet() -> None:
    one = here()
    assert verdict(checks.quiet, one) is Verdict.GOOD

    async def until(condition: Callable[[], bool], seconds: float) -> bool:
        del seconds
        one.seen.links.append(False)
        return condition()

    one.talk.until = until  # type: ignore[method-assign]  # the link goes while it waits
    assert verdict(checks.quiet, one) is Verdict.BAD


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.DONE, Verdict.GOOD),
        (Outcome.UNANSWERED, Verdict.BAD),
        (Outcome.CLOCK_UNSURE, Verdict.LEFT_OUT),
        (None, Verdict.BAD),
    ],
)
def test_commands(outcome: Outcome | None, expected: Verdict) -> None:
    allowed = here(allow='"clock"', outcome=outcome)
    assert verdict(checks.clock_command, allowed) is expected
    assert verdict(checks.clock_command, here(outcome=outcome)) is Verdict.LEFT_OUT, "not allowed"
    assert verdict(checks.status_command, here("surgard", outcome=outcome)) is Verdict.LEFT_OUT


def test_trip_is_heard_once() -> None:
    def said(*signals: Signal) -> Verdict:
        return verdict(checks.trip, doing(here(), lambda seen: seen.signals.extend(signals)))

    assert said(OPEN, ALARM) is Verdict.GOOD
    assert said(ALARM, ALARM) is Verdict.BAD
    assert said(OVER) is Verdict.BAD
    assert said(Signal(kind=Kind.ZONE, state=State.OPEN, zone=4)) is Verdict.BAD
    assert verdict(checks.trip, with_seen(here(), signals=[ALARM])) is Verdict.BAD, "an old one"


def test_restore() -> None:
    good = doing(here(), lambda seen: seen.signals.append(OVER))
    assert verdict(checks.restore, good) is Verdict.GOOD
    assert verdict(checks.restore, with_seen(here(), signals=[OVER])) is Verdict.BAD


def test_unplug_and_return() -> None:
    gone = doing(here(), lambda seen: seen.links.append(False))
    assert verdict(checks.unplug, gone) is Verdict.GOOD
    assert verdict(checks.unplug, here()) is Verdict.BAD

    def back(*signals: Signal) -> Verdict:
        one = with_seen(here(), links=[True, False])

        def act(seen: Seen) -> None:
            seen.links.append(True)
            seen.signals.extend(signals)

        return verdict(checks.comes_back, doing(one, act))

    assert back(OPEN) is Verdict.GOOD
    assert back() is Verdict.BAD, "nothing is asked for anew"
    assert back(OPEN, ALARM, ALARM) is Verdict.BAD
    assert verdict(checks.comes_back, with_seen(here(), links=[False])) is Verdict.BAD


def test_a_hand_that_fails_and_one_that_is_let_off() -> None:
    def fail(_: Seen) -> None:
        raise HandError("relay 1 on: exit 1")

    assert verdict(checks.trip, doing(here(), fail)) is Verdict.BAD
    let_off = here()
    let_off.hands = cast("Hands", FakeHands(skipped=True))
    assert verdict(checks.trip, let_off) is Verdict.LEFT_OUT


def test_damage_repeats_and_clock() -> None:
    def line(good: int, bad: int) -> Verdict:
        return verdict(checks.damaged, with_seen(here(), good=good, bad=bad))

    assert (line(99, 1), line(98, 2), line(5, 5)) == (
        Verdict.GOOD,
        Verdict.BAD,
        Verdict.LEFT_OUT,
    )
    receiver = with_seen(here("surgard"), signals=[ALARM])
    assert verdict(checks.acknowledged, receiver) is Verdict.GOOD
    receiver.seen.faults[FaultKind.REPEAT] += 1
    assert verdict(checks.acknowledged, receiver) is Verdict.BAD
    assert verdict(checks.acknowledged, here()) is Verdict.LEFT_OUT
    clock = with_seen(here(), clock_offsets_s=[1.0, -2.0])
    assert verdict(checks.clock_offset, clock) is Verdict.GOOD
    assert verdict(checks.clock_offset, with_seen(clock, clock_offsets_s=[-121.0])) is Verdict.BAD
    assert verdict(checks.clock_offset, here()) is Verdict.LEFT_OUT
    found = with_seen(here(), findings=[Finding(Cause.PANEL_CLOCK, active=True)])
    assert verdict(checks.clock_offset, found) is Verdict.BAD


def test_the_tap_counts_by_a_decoder_of_its_own() -> None:
    fitted = here("ness").fitted
    seen = Seen()
    tap = Tap(fitted.session(), fitted.driver.decoder(fitted.setup), seen)
    tap.handle(Received(b"8200036014000007\r\n8200036014000008\r\n"), 0)
    assert (seen.good, seen.bad, seen.bytes_heard) == (1, 1, 36)


def test_a_panels_time_is_compared_in_its_zone() -> None:
    fitted = here("ness").fitted
    seen = Seen()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.clock_gettime(time.CLOCK_REALTIME)))

    async def record() -> None:
        signal = Signal(kind=Kind.LOG, state=State.ACTIVE, panel_time=f"{at}+00:00")
        stamp = cast("Any", None)  # is not looked at
        await Notebook(seen, fitted).record("p", (signal,), stamp)

    asyncio.run(record())
    assert abs(seen.clock_offsets_s[0]) < 5
