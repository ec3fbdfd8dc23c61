"""What a command has the gateway do itself: a self-test told whole, certificates renewed."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.config import parse
from edge_agent.daemon import command_work
from edge_agent.daemon.command_work import Means
from edge_agent.daemon.commands import Result
from edge_agent.daemon.renewal_watch import Renewed
from edge_agent.domain.access import Role
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.evidence.reply import FACTS_BYTES_MAX
from tests.configuration import configuration
from tests.daemon.test_commands import Clock
from tests.evidence.test_command import COMMAND
from tests.evidence.test_hostile import ANY

NOTHING = Renewed()
BODIES = st.dictionaries(st.integers(0, 7), ANY | st.sampled_from(["shop", bytes(32)]), max_size=4)
REF = CommandRef("center", 7, bytes(32))
DIAGNOSE = replace(COMMAND, what="diagnose", role=Role.TECHNICIAN)


def probe(what: str, good: bool | None) -> dict[str, Any]:
    return {"probe": "port", "what": what, "good": good, "detail": "", "remedy": ""}


class SelfTests:
    """A self-test that tells its probes two by two."""

    def __init__(self, probes: list[dict[str, Any]], broken: str = "") -> None:
        self.probes, self.broken, self.actors = probes, broken, set[str]()

    async def ask(self, request: Mapping[str, Any], actor: str) -> dict[str, Any]:
        self.actors.add(actor)
        seen = request["seen"] if "run" in request else 0
        assert request.get("run", 4) == 4
        told = self.probes[seen : seen + 2]
        over = "run" in request and seen + len(told) == len(self.probes)
        return {"run": 4, "over": over, "broken": self.broken if over else "", "probes": told}


CONFIG = configuration(panel="shop", more='[[zone]]\npanel = "shop"\nzone = 4\narea = 2').encode()


async def never(_center: str, _piece: bytes) -> str:
    raise AssertionError("nothing is sent")


def do(command: CenterCommand, test: SelfTests, renewed: Renewed = NOTHING) -> Result:
    async def renew(_file: Path, *, now: bool) -> Renewed:
        assert now
        return renewed

    async def play() -> Result:
        loaded = parse(CONFIG, Path("/nowhere/gateway.toml"))
        means = Means(test.ask, lambda *_: None, lambda: True, never)
        work = command_work.CommandWork(loaded, Clock(), means)
        return await work.works[command.what](command, REF)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command_work, "renew", renew)
        return asyncio.run(play())


@given(st.sampled_from(["walk_test", "bundle", "diagnose", "renew"]), BODIES)
def test_a_body_of_anybody_is_answered_or_refused_and_never_a_crash(
    what: str, body: dict[int, Any]
) -> None:
    with contextlib.suppress(ValueError, Malformed):
        do(replace(COMMAND, what=what, body=body), SelfTests([]))


def test_walk_tests_know_the_sites_zones_and_bundles_wait_for_room() -> None:
    walk = replace(DIAGNOSE, what="walk_test", body={1: "shop", 3: 5})
    assert do(walk, SelfTests([])).detail == "begun: 1 zones, for 5 min"
    bundle = replace(
        DIAGNOSE, what="bundle", role=Role.INSTALLER, body={1: "bundle-0123456789ab", 2: "case 17"}
    )
    assert do(bundle, SelfTests([])).detail == "the disk has no room to spare"


def test_a_self_test_is_told_whole_what_is_to_be_mended_first() -> None:
    test = SelfTests([probe("a", True), probe("b", None), probe("c", True), probe("d", False)])
    result = do(DIAGNOSE, test)
    assert (result.outcome, result.detail) == ("done", "4 probed, 1 to mend, 1 not tried")
    told = json.loads(result.facts)
    assert [one["what"] for one in told["probes"]] == ["d", "b", "a", "c"]
    assert told["left_out"] == 0
    assert test.actors == {DIAGNOSE.actor}


def test_one_that_an_alarm_broke_off_is_no_success() -> None:
    result = do(DIAGNOSE, SelfTests([probe("a", True)], broken="an alarm"))
    assert result.outcome == "failed"
    assert result.detail.endswith("broken off: an alarm")


def test_more_than_a_reply_holds_is_counted_and_what_is_bad_is_told() -> None:
    probes = [probe("x" * 4000, True) for _ in range(9)] + [probe("bad", False)]
    facts = do(DIAGNOSE, SelfTests(probes)).facts
    assert len(facts) <= FACTS_BYTES_MAX
    told = json.loads(facts)
    assert told["probes"][0]["what"] == "bad"
    assert len(told["probes"]) + told["left_out"] == 10


def test_what_was_renewed_and_what_failed_is_told() -> None:
    renew, test = replace(DIAGNOSE, what="renew"), SelfTests([])
    assert do(renew, test).detail.startswith("nothing to renew")
    done = do(renew, test, Renewed((("center", "2029-03-01"),)))
    assert (done.outcome, done.detail) == (
        "done",
        "certificate for center center, until 2029-03-01",
    )
    assert json.loads(done.facts) == {"until": {"center": "2029-03-01"}, "trouble": None}
    failed = do(renew, test, Renewed((("a", "2029-03-01"),), "b: no answer"))
    assert failed.outcome == "failed"
    assert failed.detail == "b: no answer; certificate for center a, until 2029-03-01"


@pytest.mark.parametrize("what", ["diagnose", "renew"])
def test_neither_takes_anything(what: str) -> None:
    with pytest.raises(Malformed, match="takes nothing"):
        do(replace(DIAGNOSE, what=what, body={1: "x"}), SelfTests([]))
