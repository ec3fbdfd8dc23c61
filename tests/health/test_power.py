"""Supply and last gasp: never while the mains is there, always in time, once.

Seen to fail: a countdown that went on after the mains had returned for good; one that a flicker of
the mains set back; a gasp for a battery that was critical at start; one gauge reading believed.
"""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.body import BodySettings, GpioInput
from edge_agent.domain.kinds import Kind, Lane, Origin, State, lane_of
from edge_agent.health.debounce import MS, S
from edge_agent.health.points import Said
from edge_agent.health.power import RETURN_NS, Gasp, Power, Supply

SECOND_NS = 1_000_000_000
PIN = GpioInput(line=4, debounce_ms=20)
CAPACITOR = BodySettings(power_fail=PIN, gasp_after_s=8)
UPS = BodySettings(ups="ups")


class Bench:
    """Runs a Power as the shell does: at each deadline with the reading of that moment."""

    def __init__(self, settings: BodySettings, supply: Supply) -> None:
        self.power = Power(settings)
        self.supply = supply
        self.now_ns = 0
        self.signals: list[tuple[int, str, State, Origin]] = []
        self.gasps: list[tuple[int, str]] = []
        self.take(supply)

    def take(self, supply: Supply) -> None:
        self.supply = supply
        self._keep(self.power.handle(supply, self.now_ns))

    def run_to(self, ns: int) -> None:
        """As the shell does: each second, and at deadlines."""
        while self.now_ns < ns:
            deadline = self.power.deadline_ns()
            assert deadline is None or deadline > self.now_ns, "a deadline that stays would spin"
            second = self.now_ns + SECOND_NS
            self.now_ns = min(ns, second if deadline is None else min(deadline, second))
            self._keep(self.power.handle(self.supply, self.now_ns))

    def _keep(self, actions: list[Said | Gasp]) -> None:
        for action in actions:
            if isinstance(action, Gasp):
                self.gasps.append((self.now_ns, action.reason))
            else:
                signal = action.signal
                assert signal.kind is Kind.POWER
                self.signals.append((self.now_ns, signal.code or "", signal.state, signal.origin))


def started(settings: BodySettings, supply: Supply) -> Bench:
    bench = Bench(settings, supply)
    bench.run_to(RETURN_NS)
    return bench


def test_a_lost_mains_is_said_at_once_and_the_gasp_comes_in_time() -> None:
    bench = started(CAPACITOR, Supply(mains=True))
    assert bench.signals == [(RETURN_NS, "301", State.RESTORED, Origin.AT_START)]
    bench.run_to(100 * S)
    bench.take(Supply(mains=False, frame=b"gpio 4 1"))
    bench.run_to(200 * S)
    lost = 100 * S + 20 * MS
    assert bench.signals[1:] == [(lost, "301", State.ACTIVE, Origin.LIVE)]
    assert bench.gasps == [(lost + 8 * S, "8 s after mains loss")]
    assert lane_of(Kind.POWER) is Lane.FAULT


def test_power_that_returns_before_carries_on() -> None:
    bench = started(CAPACITOR, Supply(mains=True))
    bench.take(Supply(mains=False))
    bench.run_to(bench.now_ns + 7 * S)
    bench.take(Supply(mains=True))
    returned = bench.now_ns
    bench.run_to(500 * S)
    assert bench.gasps == []
    assert bench.signals[-1] == (returned + RETURN_NS, "301", State.RESTORED, Origin.LIVE)
    assert bench.power.mains is True


def test_the_next_loss_has_a_countdown_of_its_own() -> None:
    bench = started(CAPACITOR, Supply(mains=True))
    bench.take(Supply(mains=False))
    bench.run_to(bench.now_ns + 7 * S)
    bench.take(Supply(mains=True))
    bench.run_to(bench.now_ns + 100 * S)
    bench.take(Supply(mains=False))
    lost = bench.now_ns + 20 * MS
    bench.run_to(bench.now_ns + 60 * S)
    assert bench.gasps == [(lost + 8 * S, "8 s after mains loss")]


def test_a_flicker_of_the_mains_does_not_set_the_countdown_back() -> None:
    bench = started(CAPACITOR, Supply(mains=True))
    bench.take(Supply(mains=False))
    lost = bench.now_ns + 20 * MS
    bench.run_to(lost + 6 * S)
    bench.take(Supply(mains=True))
    bench.run_to(lost + 9 * S)
    assert bench.gasps == []  # the countdown is over, but there is power this moment
    bench.take(Supply(mains=False))
    assert bench.gasps == [(lost + 9 * S, "8 s after mains loss")]


def test_a_supply_that_vanishes_while_it_runs_out_does_not_stop_the_countdown() -> None:
    bench = started(CAPACITOR, Supply(mains=True))
    bench.take(Supply(mains=False))
    bench.run_to(bench.now_ns + 1 * S)
    bench.take(Supply())
    assert bench.power.mains is None
    bench.run_to(bench.now_ns + 60 * S)
    assert len(bench.gasps) == 1


def test_a_gateway_started_without_mains_does_not_count_down() -> None:
    """Else it would stop again and again through a long outage, and read no panel meanwhile."""
    bench = started(CAPACITOR, Supply(mains=False))
    bench.run_to(3600 * S)
    assert bench.signals == [(20 * MS, "301", State.ACTIVE, Origin.AT_START)]
    assert bench.gasps == []


def test_the_battery_runs_down_and_recovers() -> None:
    bench = started(UPS, Supply(mains=True, percent=100))
    for percent in range(99, 10, -1):
        bench.take(Supply(mains=False, percent=percent))
        bench.run_to(bench.now_ns + 60 * S)
    assert [(code, state) for _, code, state, _ in bench.signals] == [
        ("302", State.RESTORED),
        ("301", State.RESTORED),
        ("301", State.ACTIVE),
        ("302", State.ACTIVE),
    ]
    assert bench.gasps == []
    for percent in (21, 20, 24, 19, 11):  # a little more when the load falls: still low
        bench.take(Supply(mains=False, percent=percent))
        bench.run_to(bench.now_ns + 60 * S)
    assert len(bench.signals) == 4
    bench.take(Supply(mains=False, percent=10))
    bench.run_to(bench.now_ns + 60 * S)
    assert [reason for _, reason in bench.gasps] == ["battery at 10 %"]
    bench.take(Supply(mains=False, percent=9))
    bench.run_to(bench.now_ns + 60 * S)
    assert len(bench.gasps) == 1
    bench.take(Supply(mains=True, percent=25))
    bench.run_to(bench.now_ns + 60 * S)
    assert [code for _, code, state, _ in bench.signals[4:]] == ["302", "301"]


def test_one_odd_reading_of_the_gauge_is_not_believed() -> None:
    bench = started(UPS, Supply(mains=False, percent=80))
    bench.take(Supply(mains=False, percent=0))
    bench.run_to(bench.now_ns + 1 * S)
    bench.take(Supply(mains=False, percent=80))
    bench.run_to(bench.now_ns + 60 * S)
    assert bench.gasps == []
    assert ("302", State.ACTIVE) not in [(code, state) for _, code, state, _ in bench.signals]


def test_a_battery_that_is_critical_at_start_or_charging_is_no_reason_to_stop() -> None:
    for supply in (Supply(mains=False, percent=5), Supply(mains=True, percent=5)):
        bench = started(UPS, supply)
        bench.run_to(3600 * S)
        assert bench.gasps == []
        assert ("302", State.ACTIVE) in [(code, state) for _, code, state, _ in bench.signals]


def test_a_supply_without_a_gauge_may_call_itself_low() -> None:
    bench = started(UPS, Supply(mains=False, low=False))
    assert [bench.power.battery_low] == [False]
    bench.take(Supply(mains=False, low=True))
    bench.run_to(bench.now_ns + 60 * S)
    assert [bench.power.battery_low] == [True]
    assert bench.gasps == []


def test_the_supplys_own_software_may_say_so_once() -> None:
    power = Power(BodySettings())
    (gasp,) = power.announced()
    assert isinstance(gasp, Gasp)
    assert "SIGPWR" in gasp.reason
    assert power.announced() == []


supplies = st.builds(
    Supply,
    mains=st.sampled_from([True, True, False, False, None]),
    percent=st.sampled_from([None, 0, 9, 10, 11, 19, 20, 24, 25, 100]),
    low=st.sampled_from([None, True, False]),
)
both = BodySettings(ups="ups", power_fail=PIN, gasp_after_s=8)


@given(st.lists(st.tuples(supplies, st.integers(0, 9000)), max_size=40))
def test_whatever_the_supply_does(said: list[tuple[Supply, int]]) -> None:
    """At most one gasp, never with mains; codes alternate; and the shell never spins."""
    bench = Bench(both, Supply())
    for supply, pause_ms in said:
        bench.take(supply)
        before = len(bench.gasps)
        bench.run_to(bench.now_ns + pause_ms * MS)
        if supply.mains is True:
            assert len(bench.gasps) == before
    assert len(bench.gasps) <= 1
    for code in ("301", "302"):
        states = [state for _, its, state, _ in bench.signals if its == code]
        assert all(a is not b for a, b in itertools.pairwise(states))


@given(st.integers(0, 5000), st.lists(st.integers(0, 4900), max_size=6))
def test_a_mains_that_never_stays_always_ends_in_a_gasp(
    start_ms: int, flickers_ms: list[int]
) -> None:
    """However it flickers: returns shorter than RETURN_NS do not save the capacitor."""
    bench = started(CAPACITOR, Supply(mains=True))
    bench.run_to(bench.now_ns + start_ms * MS)
    for flicker_ms in flickers_ms:
        bench.take(Supply(mains=False))
        bench.run_to(bench.now_ns + 500 * MS)
        bench.take(Supply(mains=True))
        bench.run_to(bench.now_ns + flicker_ms * MS)
    bench.take(Supply(mains=False))
    bench.run_to(bench.now_ns + 9 * S)
    assert len(bench.gasps) == 1
