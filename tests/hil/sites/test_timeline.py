"""Whole timelines: valid by the contract, the same every time, and labelled as they happened."""

import ast
import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from edge_agent.domain.kinds import POINTS, STATES, Kind, State
from hil.sites import __main__ as command
from hil.sites.mixes import MIXES
from hil.sites.timeline import LABELS, SITE, TIMELINE, Timeline, simulate

ROOT = Path(__file__).resolve().parents[3]
ALARMS = {"medical", "panic", "duress", "holdup", "fire", "burglary", "tamper"}
MEASURES: dict[str, dict[str, type]] = {
    # kind: the fields that it has besides t and kind, and their types
    "loop": {"panel": str, "zone": int, "ohms": int},
    "supply": {"panel": str, "supply": str, "volts": float},
    "radio": {"panel": str, "zone": int, "rssi_dbm": int, "interference": bool},
    "line": {"panel": str, "frames": int, "bad": int},
    "uplink": {"state": str},
}
WORDS = {
    "type": "entry_exit perimeter interior follower 24h fire panic holdup medical tamper technical",
    "technology": "contact pir microwave dual glass seismic beam camera smoke heat flame"
    " call_point button loop other",
}


@pytest.fixture(scope="module")
def timelines() -> list[Timeline]:
    """A few sites of every mix."""
    return [simulate(seed, mix, 10) for mix in MIXES.values() for seed in range(1, 7)]


def is_valid(line: dict[str, object]) -> bool:
    kind = line["kind"]
    if isinstance(kind, str) and kind in MEASURES:
        wanted = MEASURES[kind]
        rest = {key: value for key, value in line.items() if key not in {"t", "kind"}}
        rest.pop("load_test", None)
        return rest.keys() == wanted.keys() and all(
            type(value) is wanted[key] for key, value in rest.items()
        )
    word = Kind(str(kind))
    numbers = all(
        type(line.get(key, 1)) is int and int(str(line.get(key, 1))) > 0
        for key in ("zone", "area", "user")
    )
    known = {"t", "kind", "code", "state", "panel", "area", "zone", "user", "panel_time"}
    coded = (word in POINTS) != ("code" in line)
    return numbers and coded and line.keys() <= known and State(str(line["state"])) in STATES[word]


def test_every_line_is_valid_by_the_contract(timelines: list[Timeline]) -> None:
    codes = {
        row.split(",")[0]: row.split(",")[1]
        for row in (ROOT / "config/codes/contact_id.csv").read_text().splitlines()
    }
    for timeline in timelines:
        wrong = [line for line in timeline.lines if not is_valid(line)]
        assert not wrong, wrong[0]
        for line in timeline.lines:
            if "code" in line:
                assert codes[str(line["code"])] == line["kind"]


def test_time_never_goes_back_and_ends_with_the_timeline(timelines: list[Timeline]) -> None:
    for timeline in timelines:
        times = [float(str(line["t"])) for line in timeline.lines]
        assert times == sorted(times)
        assert times[-1] <= timeline.days * 86_400 + 60
        assert json.loads(timeline.jsonl()[0]) == {"start": timeline.start}


def test_the_configuration_is_valid_by_the_contract(timelines: list[Timeline]) -> None:
    seen: Counter[str] = Counter()
    for timeline in timelines:
        site = tomllib.loads(timeline.site_toml())
        seen.update(list(site))
        numbers = {(zone["panel"], zone["zone"]) for zone in site["zone"]}
        assert len(numbers) == len(site["zone"])
        for zone in site["zone"]:
            assert all(
                zone.get(key, words.split()[0]) in words.split() for key, words in WORDS.items()
            )
            for other in (
                *(step["zone"] for step in zone.get("near", ())),
                *zone.get("overlaps", ()),
            ):
                assert (zone["panel"], other) in numbers
    assert {"site", "area", "zone", "schedule", "user"} <= set(seen)


def test_zones_users_and_areas_of_lines_are_those_of_the_site(timelines: list[Timeline]) -> None:
    for timeline in timelines:
        zones = {(zone.panel, zone.number) for zone in timeline.plan.zones}
        users = {user.number for user in timeline.plan.users}
        for line in timeline.lines:
            assert "zone" not in line or (line["panel"], line["zone"]) in zones
            assert "user" not in line or line["user"] in users


# ---- labels


def test_labels_name_lines_that_are_alarms_or_openings(timelines: list[Timeline]) -> None:
    for timeline in timelines:
        for label in timeline.labels:
            for number in label["lines"]:
                line = timeline.lines[number - 2]
                assert line["kind"] in {*ALARMS, "zone", "area"}
                assert line.get("state") in {"active", "open", "alarm"}
                assert float(str(line["t"])) >= float(str(label["start"])) - 9000


def test_each_alarm_belongs_to_one_episode_at_most_and_nearly_every_one_to_one(
    timelines: list[Timeline],
) -> None:
    alarms = owned = 0
    for timeline in timelines:
        owners = Counter(n for label in timeline.labels for n in label["lines"])
        assert not owners or max(owners.values()) == 1
        numbers = {n for n, line in enumerate(timeline.lines, 2) if is_alarm(line)}
        alarms += len(numbers)
        owned += len(numbers & set(owners))
    assert owned >= 0.995 * alarms > 100


def is_alarm(line: dict[str, object]) -> bool:
    return line["kind"] in ALARMS and line.get("state") == "active"


def test_ordinary_life_raises_no_alarm(timelines: list[Timeline]) -> None:
    quiet = [simulate(seed, MIXES["quiet"], 10) for seed in range(20, 40)]
    assert not [line for timeline in quiet for line in timeline.lines if is_alarm(line)]
    assert all(not timeline.labels for timeline in quiet)
    assert sum(len(timeline.lines) for timeline in quiet) > 5_000


def test_a_trip_of_a_label_is_told_by_the_line_that_it_names(timelines: list[Timeline]) -> None:
    told = 0
    for timeline in timelines:
        for label in timeline.labels:
            for trip in label["trips"]:
                if trip["line"] is not None:
                    line = timeline.lines[trip["line"] - 2]
                    assert line["zone"] == trip["zone"]
                    assert float(str(line["t"])) >= trip["t"]
                    told += 1
    assert told > 200


def test_the_second_witness_comes_no_sooner_than_the_first_alarm(timelines: list[Timeline]) -> None:
    seconds = 0
    for timeline in timelines:
        for label in timeline.labels:
            if label["second_s"] is not None:
                seconds += 1
                assert float(str(label["second_s"])) >= float(str(label["first_s"]))
                assert len({trip["zone"] for trip in label["trips"]}) > 1
    assert seconds > 50


def test_every_mix_has_what_it_is_for(timelines: list[Timeline]) -> None:
    groups: dict[str, Counter[tuple[object, object]]] = {}
    for index, timeline in enumerate(timelines):
        mix = list(MIXES)[index // 6]
        found = groups.setdefault(mix, Counter())
        found.update((label["group"], label["genuine"]) for label in timeline.labels)
    assert groups["standard"]["intrusion", False] > groups["standard"]["intrusion", True]
    genuine = {("intrusion", True), ("life", True), ("fire", True)}
    assert set(groups["genuine"]) == genuine | {("outage", False)}
    assert set(groups["faults"]) == {("fault", False)}
    assert not groups["quiet"]


# ---- repeatable, and its own judge of nothing


def test_the_same_seed_gives_the_same_world_in_another_process(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hil.sites", "--seed", "3", "--days", "5", "--out"]
    subprocess.run([*command, str(tmp_path)], cwd=ROOT, check=True)
    here = simulate(3, MIXES["standard"], 5)
    assert (tmp_path / SITE).read_text() == here.site_toml()
    assert (tmp_path / TIMELINE).read_text().splitlines() == here.jsonl()
    labels = [json.loads(line) for line in (tmp_path / LABELS).read_text().splitlines()]
    assert labels == json.loads(json.dumps(here.labels))


def test_other_seeds_and_mixes_give_other_worlds() -> None:
    worlds = [simulate(seed, MIXES[mix], 2) for seed in (1, 2) for mix in ("standard", "genuine")]
    assert len({"\n".join(world.jsonl()) for world in worlds}) == 4


def test_nothing_here_knows_how_the_product_judges() -> None:
    for path in (ROOT / "hil" / "sites").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [
                alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)
            ]
            where = getattr(node, "module", None) or ""
            assert not any("edge_agent" in name for name in (where, *names)), path.name


@pytest.mark.parametrize("wrong", [["--days", "0"], ["--sites", "0"], ["--mix", "none"]])
def test_arguments_that_make_no_sense_are_refused(wrong: list[str], tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["x", "--seed", "1", "--out", str(tmp_path), *wrong])
        command.main()
    assert ended.value.code == 2


def test_several_sites_go_to_folders_of_their_seeds(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        arguments = ["--seed", "5", "--sites", "2", "--days", "1", "--out", str(tmp_path)]
        patch.setattr(sys, "argv", ["x", *arguments])
        assert command.main() == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["5", "6"]
