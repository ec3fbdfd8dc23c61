"""Finding out a line: every emulated panel at every setting, and what a line must never be told."""

import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent import resources
from edge_agent.domain.recognition import NOT_IN_PROBES, Sureness
from edge_agent.domain.session import Nature, Profile
from edge_agent.linetools.recognise import Candidate, fitting_profiles, line_of
from edge_agent.linetools.scan import (
    Done,
    Failed,
    Heard,
    Input,
    Phase,
    Result,
    Scan,
    Send,
    Tell,
    Ticked,
    Tune,
    Tuned,
    Verdict,
)
from edge_agent.linetools.settings import Look, settings_of
from edge_agent.linetools.units import UnitPlan
from hil.panels.machine import Heard as PanelHeard
from hil.panels.machine import Input as PanelInput
from hil.panels.machine import Machine, Output, Say
from hil.panels.modbus_map import Framing, ModbusModule, ModuleSetup
from tests.linetools.bench import Bench, S, candidates, find, load_face, plan, sampled

PROFILES = resources.profiles()
STREAM = [one for one in candidates() if one.driver.nature is Nature.STREAM]


def met_at(one: Candidate, profile: Profile) -> list[str | None]:
    """The settings at which a driver's panels are met, and None for TCP; always in one order."""
    found: list[str | None] = []
    if "serial" in one.driver.lines and (own := line_of(profile)) is not None:
        found += sorted({own, *settings_of(one)})
    return [*found, None] if {"tcp", "listen"} & set(one.driver.lines) else found


SILENT = {
    one.name
    for one in PROFILES.values()
    if one.facts.get("supervised") is False or one.facts.get("only_answers")
}
"""By their profiles: they say nothing while nothing happens, or answer what no probe asks."""

FACES = [
    # every driver x profile x line at which it is met; the settings of a port, None for TCP
    pytest.param(one.driver.name, profile.name, where, id=f"{profile.name}-{where or 'tcp'}")
    for one in STREAM
    for profile in one.profiles
    if profile.name not in SILENT
    for where in met_at(one, profile)
]
UNPROVEN = {
    # what these say unasked could be anybody's: LF CR, and a login prompt
    "congwin_fe100": Sureness.POSSIBLE,
    "honeywell_tpi": Sureness.POSSIBLE,
    "simplex_4100": Sureness.LIKELY,  # it says one thing while a setting is listened to
}


def panel(name: str) -> Machine:
    profile = PROFILES[name]
    return load_face(profile.driver).for_profile(profile, {})


@pytest.mark.parametrize(("driver", "profile", "where"), FACES)
def test_every_panel_is_found_at_every_setting_at_which_it_is_met(
    driver: str, profile: str, where: str | None
) -> None:
    result, bench = find(panel(profile), where)
    assert result.verdict is Verdict.RECOGNISED
    [found] = result.likenesses
    assert found.driver == driver
    assert result.settings == where
    assert found.sureness is UNPROVEN.get(profile, Sureness.CERTAIN)
    candidate = next(one for one in STREAM if one.driver.name == driver)
    fitting = [one.name for one in fitting_profiles(candidate, found, where)]
    # the emulated D8x says that it is a D16x; a receiver's port may be set to another's settings
    assert profile in fitting or driver in ("ness", "surgard")
    is_talker = candidate.recognition.only_listens
    assert not (is_talker and bench.sent), "a panel that is only listened to is asked nothing"


@pytest.mark.parametrize("profile", sorted(SILENT))
def test_a_panel_that_says_nothing_is_not_recognised(profile: str) -> None:
    result, _ = find(panel(profile), line_of(PROFILES[profile]), plan(probes=False))
    assert result.verdict is Verdict.SILENT


@pytest.mark.parametrize("profile", ["surgard_mlr2", "elk_m1", "gb26875_generic"])
def test_without_a_count_of_errors_a_wrong_speed_shows_by_its_garbage(profile: str) -> None:
    where = line_of(PROFILES[profile])
    result, _ = find(panel(profile), where, counts_errors=False)
    assert (result.verdict, result.settings) == (Verdict.RECOGNISED, where)


def test_seven_bits_with_parity_are_heard_at_the_right_speed_without_tuning_again() -> None:
    result, bench = find(panel("surgard_mlr2"), "9600-7E1")
    assert result.settings == "9600-7E1"
    assert bench.tuned == ["9600-8N1"]


@pytest.mark.parametrize("listens", [True, False])
def test_a_silent_line_is_asked_last_and_only_if_it_may_be(listens: bool) -> None:
    result, bench = find(None, "9600-8N1", plan(probes=not listens))
    assert result.verdict is Verdict.SILENT
    assert result.probed is not listens
    assert bool(bench.sent) is not listens
    assert bench.told[0].phase is Phase.LISTEN
    first = next((i for i, one in enumerate(bench.told) if one.phase is Phase.PROBE), None)
    assert all(one.phase is Phase.LISTEN for one in bench.told[: first or None])
    assert bench.now_ns >= 35 * S


def test_a_panel_that_is_asked_nothing_is_found_by_what_it_says_alone() -> None:
    result, bench = find(panel("elk_m1"), "115200-8N1", plan(probes=False))
    assert result.likenesses[0].sureness is Sureness.LIKELY
    assert bench.sent == []


# ---- strangers


class Stranger:
    """Speaks now and then what no driver knows, and remembers what it was told."""

    def __init__(self, says: bytes, every_s: int = 2) -> None:
        self.heard = b""
        self._says = says
        self._every_ns = every_s * S
        self._due_ns = S

    def handle(self, happened: PanelInput, now_ns: int) -> list[Output]:
        if isinstance(happened, PanelHeard):
            self.heard += happened.data
        if now_ns < self._due_ns:
            return []
        self._due_ns = now_ns + self._every_ns
        return [Say(self._says)]

    def deadline_ns(self) -> int:
        return self._due_ns


CARD = bytes.fromhex("68 07 17 23 17 23 16")  # fire panels that no profile is written for


@pytest.mark.parametrize(
    ("says", "where"),
    [
        (CARD, "2400-8N1"),
        (CARD, "9600-8N1"),
        (b"!RDY:0123 keypad text of somebody\r\n", "9600-8N1"),
        (b"!RDY:0123 keypad text of somebody\r\n", "4800-8N1"),
        (b"!RDY:0123 keypad text of somebody\r\n", None),
        (b"\x01\x02\x03\x04" * 8, "9600-8N1"),
    ],
)
def test_whoever_speaks_and_is_not_understood_is_never_told_a_byte(
    says: bytes, where: str | None
) -> None:
    stranger = Stranger(says)
    result, bench = find(stranger, where)
    assert result.verdict is Verdict.UNKNOWN
    assert result.sample
    assert bench.sent == []
    assert stranger.heard == b""


def test_who_spoke_once_is_not_asked_in_the_silence_after() -> None:
    stranger = Stranger(CARD, every_s=3600)
    result, bench = find(stranger, "2400-8N1")
    assert result.verdict is Verdict.UNKNOWN
    assert set(bench.tuned) == set(plan().settings)
    assert bench.sent == []


def test_an_unknown_speaker_is_told_with_the_settings_at_which_it_is_text() -> None:
    result, _ = find(Stranger(b"keypad text of somebody\r\n"), "38400-8N1")
    assert (result.settings, result.seen) == ("38400-8N1", Look.TEXT)


def test_who_begins_to_speak_while_others_are_asked_is_asked_no_more() -> None:
    stranger = Stranger(b"keypad text of somebody\r\n")
    stranger._due_ns = 38 * S
    result, bench = find(stranger, "9600-8N1")
    assert result.verdict is Verdict.UNKNOWN
    assert len(bench.sent) < 4


def test_our_own_bytes_are_nobody() -> None:
    result, bench = find(None, "9600-8N1", echo=True)
    assert result.verdict is Verdict.ECHO
    assert bench.sent


# ---- a bus


def module(*units: int, framing: Framing = Framing.RTU) -> ModbusModule:
    return ModbusModule(ModuleSetup(framing, 8, units))


@cache  # which every example of a property would work out anew
def unit_plan(where: tuple[str | None, ...], **changes: object) -> UnitPlan:
    one = next(one for one in candidates() if one.driver.name == "modbus_map")
    assert one.recognition.reads is not None
    reads = tuple((profile.name, one.recognition.reads(profile)) for profile in one.profiles)
    return UnitPlan(where, tuple(range(1, 17)), reads, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("where", ["9600-8N1", "9600-8E1"])
def test_the_units_of_a_bus_are_found_after_everybody_else(where: str) -> None:
    units = unit_plan(("9600-8N1", "9600-8E1"))
    result, bench = find(module(1, 3, 6), where, plan(units=units))
    assert result.verdict is Verdict.UNITS
    assert [one.unit for one in result.units] == [1, 3, 6]
    assert all("generic_di8" in one.profiles for one in result.units)
    assert result.settings == where
    assert result.units_left_out == ()
    order = [one.phase for one in bench.told]
    assert order == sorted(order, key=[Phase.LISTEN, Phase.PROBE, Phase.UNITS].index)


def test_a_unit_whose_request_holds_an_ack_is_asked_only_on_a_proven_bus() -> None:
    result, bench = find(module(6), "9600-8N1", plan(units=unit_plan(("9600-8N1",))))
    assert result.verdict is Verdict.SILENT
    assert result.units_left_out == (6,)
    assert not set(b"".join(bench.sent)) & set(NOT_IN_PROBES)
    vouched = unit_plan(("9600-8N1",), is_bus=True)
    result, _ = find(module(6), "9600-8N1", plan(units=vouched))
    assert [one.unit for one in result.units] == [6]


def test_units_behind_tcp() -> None:
    units = unit_plan((None,), tcp=True)
    the_plan = plan(None, units=units, probes=False)
    result, _ = find(module(2, 9, framing=Framing.TCP), None, the_plan)
    assert [one.unit for one in result.units] == [2, 9]


READ = bytes.fromhex("11 02 00 00 00 08 7B 5C")
ANSWER = bytes.fromhex("11 02 01 05 65 4B")


@pytest.mark.parametrize("where", ["9600-8N1", "9600-8E1", "9600-8O1"])
def test_a_bus_that_is_heard_with_errors_has_a_parity_bit(where: str) -> None:
    result, bench = find(Stranger(READ + ANSWER), where)
    assert result.verdict is Verdict.RECOGNISED
    assert [one.driver for one in result.likenesses] == ["modbus_map"]
    assert result.settings == where
    assert bench.sent == []


def test_errors_that_no_parity_explains_leave_the_settings_as_they_were() -> None:
    scan = Scan(candidates(), plan())
    actions, now_ns = scan.begin(), 0
    while not isinstance(actions[-1], Done):
        match actions[-1]:
            case Tune():
                actions = scan.handle(Tuned(), now_ns)
            case _:
                scan.handle(Heard(READ + ANSWER, 9), now_ns)
                actions = []
                while not actions:
                    now_ns = scan.deadline_ns() or 0
                    actions = scan.handle(Ticked(), now_ns)
    assert actions[-1].result.settings == "9600-8N1"
    assert actions[-1].result.verdict is Verdict.RECOGNISED


class Babbler:
    """Says anything at any time."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._due_ns = self._random.randrange(60) * S

    def handle(self, happened: PanelInput, now_ns: int) -> list[Output]:
        del happened
        if now_ns < self._due_ns:
            return []
        self._due_ns = now_ns + int(self._random.choice((0.01, 0.4, 5, 40, 500)) * S)
        return [Say(self._random.randbytes(self._random.choice((1, 3, 30))))]

    def deadline_ns(self) -> int:
        return self._due_ns


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("where", ["9600-8N1", "2400-8N1", None])
def test_whatever_is_babbled_it_ends_in_time_and_asks_no_babbler(
    seed: int, where: str | None
) -> None:
    result, bench = find(Babbler(seed), where)
    assert result.verdict is not Verdict.UNUSABLE
    assert bench.now_ns < 600 * S
    if bench.first_sent_ns is not None:
        assert bench.first_heard_ns is None or bench.first_sent_ns < bench.first_heard_ns


# ---- whatever happens


def test_nothing_that_is_sent_could_be_an_answer_to_a_receiver() -> None:
    _, bench = find(None, "9600-8N1", plan(units=unit_plan(("9600-8N1", "9600-8E1"))))
    assert not set(b"".join(bench.sent)) & set(NOT_IN_PROBES)


@pytest.mark.parametrize("probes", [True, False])
def test_a_line_that_does_not_open_is_told_with_its_remedy(probes: bool) -> None:
    scan = Scan(candidates(), plan(probes=probes))
    scan.begin()
    [done] = scan.handle(Failed("no such port", "plug it in"), 0)
    assert done == Done(Result(Verdict.UNUSABLE, cause="no such port", remedy="plug it in"))
    assert scan.handle(Tuned(), 1) == []


def test_what_was_heard_before_a_line_was_lost_counts() -> None:
    scan = Scan(candidates(), plan(None))
    scan.begin()
    scan.handle(Tuned(), 0)
    scan.handle(Heard(b"5053CD\r\n", 0), 1)
    [done] = scan.handle(Failed("the peer hung up"), 2)
    assert isinstance(done, Done)
    assert done.result.verdict is Verdict.RECOGNISED
    assert done.result.likenesses[0].sureness is Sureness.LIKELY


inputs = st.one_of(
    st.builds(Tuned),
    st.builds(Ticked),
    st.builds(Heard, st.binary(max_size=30), st.none() | st.integers(0, 99), st.integers(0, 3)),
    st.sampled_from(
        [Heard(b"00090\r\n", 0), Heard(b"5000007D\r\n", 0), Heard(b"1011           @    \x14", 0)]
    ),
)


@settings(max_examples=60)
@given(st.lists(st.tuples(inputs, st.integers(0, 5 * S)), max_size=60), st.booleans())
def test_in_any_order_it_raises_nothing_ends_once_and_listens_first(
    happenings: list[tuple[Input, int]], probes: bool
) -> None:
    units = unit_plan(("9600-8N1",))
    scan = Scan(candidates(), plan(probes=probes, units=units if probes else None))
    actions = list(scan.begin())
    now_ns, listened_ns, tuned_ns = 0, None, None
    for happened, later_ns in happenings:
        now_ns += later_ns
        if isinstance(happened, Tuned):
            tuned_ns = now_ns if tuned_ns is None else tuned_ns
        more = scan.handle(happened, now_ns)
        if listened_ns is None and any(isinstance(one, Send) for one in more):
            listened_ns = now_ns
        actions += more
    assert sum(isinstance(one, Done) for one in actions) <= 1
    assert probes or not any(isinstance(one, Send) for one in actions)
    if listened_ns is not None:
        assert tuned_ns is not None
    assert all(isinstance(one, Tune | Send | Tell | Done) for one in actions)


def test_the_model_of_the_line_is_right_where_nothing_is_wrong() -> None:
    for where in ("9600-8N1", "19200-7E1", "300-8O2"):
        assert sampled(b"Hello \x14\r\n", where, where) == (b"Hello \x14\r\n", 0)
    garbage, errors = sampled(b"1011           @    \x14", "19200-8N1", "9600-8N1")
    assert errors
    assert b"1011" not in garbage
    assert sampled(b"ab", "9600-7E1", "9600-8N1")[0] == b"\xe1\xe2"
    assert isinstance(Bench(None), Bench)
