"""The laws that hold whatever a timeline says: nonsense, doubles, gaps, floods."""

import json
import random
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.diagnosis.incident import Incident, Trip
from edge_agent.diagnosis.incidents import WAKES_MAX, Incidents
from edge_agent.diagnosis.intrusion import NAMED_NS
from edge_agent.diagnosis.judge import Judge
from edge_agent.diagnosis.reading import Reader
from edge_agent.diagnosis.site import Site
from edge_agent.diagnosis.verdict import Verdict
from edge_agent.domain.camera import CameraSettings, Sees
from edge_agent.domain.site import Near, Premises, ZoneSettings
from edge_agent.judging import judge
from tests.diagnosis.timeline import (
    ROOM,
    SHOP,
    START,
    STORE,
    WINDOW,
    YARD,
    Line,
    alarm,
    armed,
    at,
    closes,
    opens,
    run,
)

ALARMS = ("medical", "panic", "duress", "holdup", "fire", "gas", "co", "burglary", "tamper")
PROOFS = ("area", "open_close", "cancel", "test", "loop", "supply", "radio", "module_trouble")

NUMBER = st.none() | st.integers(1, 9) | st.integers(-3, 10**9) | st.just("1")
TIME = st.integers(0, 400_000).map(lambda ms: ms / 1000) | st.none() | st.just(-5)
KINDS = st.sampled_from(
    (*ALARMS, *PROOFS, "zone", "zone", "zone", "burglary", "burglary", "area", "power", "comms",
     "uplink", "panel", "bypass", "service", "exit_error", "access", "zone_trouble", "unknown")
)  # fmt: skip
STATES = st.sampled_from(
    ("active", "active", "restored", "status", "open", "open", "closed", "armed_away", "disarmed",
     "armed", "exit_delay", "entry_delay", "alarm", "unknown", "up", "down", "offline", "online",
     "tamper", "bypassed", None)
)  # fmt: skip
LINES = st.fixed_dictionaries(
    {"kind": KINDS, "state": STATES, "dt": TIME},
    optional={
        "area": NUMBER,
        "zone": NUMBER,
        "user": NUMBER,
        "panel": st.sampled_from(("p1", "p1", "p1", "p2", None, 5)),
        "code": st.sampled_from(("130", "134", "139", "301", "302", "344", "351", "406", "401",
                                 "403", "441", "575", "570", "607", "466", "461", "378", None, 7)),
        "volts": st.sampled_from((10.0, 13.5, "x")),
        "ohms": st.sampled_from((1.0, 1000, 1250, 1e9)),
        "interference": st.booleans(),
        "supply": st.sampled_from(("s1", "s2", "")),
    },
)  # fmt: skip


def timeline(drawn: list[Line]) -> list[Line]:
    found: list[Line] = []
    t = 0.0
    for one in drawn:
        line = {"panel": "p1", **one}
        dt = line.pop("dt")
        t += dt if dt is not None and dt > 0 else 0
        line["t"] = None if dt is None else t if dt >= 0 else t + dt
        found.append(line)
    return found


def judged(lines: list[Line], site: Premises, until_s: float | None = None) -> list[Line]:
    texts = [json.dumps(line).encode() for line in (START, *lines)]
    said = list(map(json.loads, judge(site, None, texts, until_s)))
    assert "failures" not in said[-1], said[-1]
    return said


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=40), st.booleans())
def test_the_laws_hold_for_nonsense_too(drawn: list[Line], known: bool) -> None:
    lines = timeline(drawn)
    site = SHOP if known else Premises()
    said = [one for one in judged(lines, site, 100_000) if one["type"] == "verdict"]
    held: dict[int, set[str]] = defaultdict(set)
    first: dict[int, float] = {}
    last: dict[str, Line] = {}
    times = [one["t"] for one in said]
    assert times == sorted(times)
    for one in said:
        before = last.get(one["incident"])
        assert one["lines"] == sorted(set(one["lines"]))
        assert one["reasons"]
        if before is not None:
            assert set(before["lines"]) <= set(one["lines"])
            if one["tier"] < before["tier"]:
                assert _proof(lines, one), one
        last[one["incident"]] = one
        for line in one["lines"]:
            held[line].add(one["incident"])
            first.setdefault(line, one["t"])
    now = 0.0
    for number, line in enumerate(lines, 2):
        t = line["t"]
        now = max(now, t) if isinstance(t, float | int) else now
        if line["kind"] in ALARMS and line["state"] == "active":
            assert len(held[number]) == 1, line
            assert abs(first[number] - now) < 1e-6
            [incident] = held[number]
            _never_less(line["kind"], [one for one in said if one["incident"] == incident])


def test_an_opening_for_which_there_is_no_room_to_wait_is_judged_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.diagnosis.incidents.WAKES_MAX", 2)
    said = run(
        armed(), *(opens(7300 + n / 10, zone) for n, zone in enumerate((WINDOW, ROOM, STORE)))
    )
    assert min(one["t"] for one in said) < 7301
    assert {line for one in said for line in one["lines"]} >= {3, 4, 5}


def test_a_swing_that_was_to_be_named_later_is_named_when_there_is_no_room_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("edge_agent.diagnosis.incidents.WAKES_MAX", 1)
    other = [armed(7000, panel="p2"), at(7368, "zone", "open", zone=9, area=1, panel="p2")]
    both = [alarm(7300, WINDOW), alarm(7310, ROOM), closes(7312, ROOM), opens(7320, ROOM)]
    said = run(armed(), other[0], *both, other[1])
    assert min(one["t"] for one in said if 7 in one["lines"]) == 7368


@pytest.mark.parametrize("room", [WAKES_MAX, 1])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=st.lists(LINES, max_size=40), known=st.booleans())
def test_what_an_incident_holds_is_named_within_a_minute(
    drawn: list[Line], known: bool, room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trips too that change no tier, as of a zone that was heard before: nothing is kept silent.

    Nor where there is `room` for one deadline only.
    """
    monkeypatch.setattr("edge_agent.diagnosis.incidents.WAKES_MAX", room)
    site = Site(SHOP if known else Premises())
    incidents = Incidents(site)
    judge_all, reader = Judge([incidents]), Reader()
    named: set[int] = set()
    counted: dict[int, int] = {}
    count = incidents._intrusion._count

    def counts(incident: Incident, trip: Trip, now_ns: int) -> None:
        counted.setdefault(trip.line, now_ns)
        count(incident, trip, now_ns)

    incidents._intrusion._count = counts  # type: ignore[method-assign]
    now_ns = 0
    for seen in reader.read(json.dumps(line).encode() for line in (START, *timeline(drawn))):
        now_ns = seen.t_ns
        for said in judge_all.take(seen):
            assert isinstance(said, Verdict)
            named |= set(said.lines)
        assert {one for one, t_ns in counted.items() if now_ns > t_ns + NAMED_NS} <= named
    for said in judge_all.until(now_ns + 2 * NAMED_NS):
        assert isinstance(said, Verdict)
        named |= set(said.lines)
    assert set(counted) <= named


def test_a_zone_that_swings_all_night_is_named_again_after_each_pause() -> None:
    """Its alarm is told once, then its openings: more than one incident's lines have room for."""
    swings = [
        line
        for n in range(300)
        for line in (opens(7300 + 20 * n, WINDOW), closes(7305 + 20 * n, WINDOW))
    ]
    comes = opens(7300 + 20 * 300 + 400, WINDOW)
    said = run(armed(), alarm(7299, WINDOW), *swings, comes)
    assert any(len(swings) + 4 in one["lines"] for one in said)
    assert len(said) < 60


def _proof(lines: list[Line], verdict: Line) -> bool:
    cited = [lines[number - 2] for number in verdict["lines"] if number >= 2]
    return any(one["kind"] in PROOFS and one["state"] != "restored" for one in cited)


def _never_less(kind: str, verdicts: list[Line]) -> None:
    least = 4 if kind in ALARMS[:4] else 2 if kind in ALARMS[4:7] else 0
    assert min(one["tier"] for one in verdicts) >= least


@settings(max_examples=60, deadline=None)
@given(st.lists(LINES, min_size=1, max_size=30), st.data())
def test_the_same_beginning_gives_the_same_words(drawn: list[Line], data: st.DataObject) -> None:
    lines = timeline(drawn)
    cut = data.draw(st.integers(0, len(lines)))
    whole = judged(lines, SHOP)[:-1]
    part = judged(lines[:cut], SHOP)[:-1]
    assert whole[: len(part)] == part


def flood(seconds: int, a_second: int, zones: int) -> list[bytes]:
    """Everything alarms, opens and is restored, as fast as a line carries it."""
    rng = random.Random(5)
    texts = [
        json.dumps(START).encode(),
        b'{"t": 0, "panel": "p1", "kind": "area", "state": "armed_away", "area": 1}',
    ]
    for n in range(seconds * a_second):
        zone = rng.randint(1, zones)
        kind, state = rng.choice(
            [("burglary", "active"), ("zone", "open"), ("zone", "closed"), ("burglary", "restored")]
        )
        texts.append(
            json.dumps(
                {
                    "t": 100 + n / a_second,
                    "panel": "p1",
                    "kind": kind,
                    "state": state,
                    "area": 1,
                    "zone": zone,
                }
            ).encode()
        )
    return texts


def big_site(zones: int, **more: Any) -> Premises:
    return Premises(
        zones=tuple(
            ZoneSettings(panel="p1", zone=n, area=1, near=(Near(zone=n % zones + 1),), **more)
            for n in range(1, zones + 1)
        )
    )


def test_what_a_flood_says_stays_short() -> None:
    """What it costs is measured by `./run bench diagnosis`."""
    texts = flood(300, 10, 128)
    for site in (big_site(128), big_site(128, outdoors=True)):
        assert max(map(len, judge(site, None, texts))) < 2000


EYES = replace(
    SHOP,
    cameras=(
        CameraSettings(id="room", sees=(Sees(panel="p1", zones=(ROOM,)),), consent=("image",)),
        CameraSettings(id="shop", sees=(Sees(panel="p1", areas=(1,)),), consent=("sound",)),
        CameraSettings(id="yard", sees=(Sees(panel="p1", zones=(YARD,)),), consent=("image",)),
        CameraSettings(id="no", sees=(Sees(panel="p1", zones=(ROOM,)),)),
        CameraSettings(id="other", sees=(Sees(panel="p2"),), consent=("image",)),
    ),
)


def test_cameras_that_see_it_and_may_are_named() -> None:
    said = run(armed(), alarm(7300, ROOM), alarm(7400, YARD), site=EYES)
    assert said[0]["available"][-4:] == ["image", "audio", "camera_room", "camera_shop"]
    assert said[0]["missing"] == ["technical", "call_back"]
    assert "camera_yard" in said[-1]["available"]


def test_who_sees_many_cameras_is_told_a_few() -> None:
    many = tuple(replace(EYES.cameras[0], id=f"c{n}") for n in range(20))
    said = run(armed(), alarm(7300, ROOM), site=replace(EYES, cameras=many))
    assert len(said[0]["available"]) <= 16
