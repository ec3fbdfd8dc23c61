"""The course of a handover: each phase, what ends it, and that a kill at any write goes on.

Seen to fail: the old center left out before the new one has receipted all; a phase that is not
written down before what it stands for is done; days counted by a clock that is not certain.
"""

from dataclasses import dataclass, field, replace

import pytest

from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CommandRef
from edge_agent.identity.handover import (
    DAY_MS,
    PATIENCE_NS,
    QUIET_NS,
    RETRY_NS,
    Action,
    Adopt,
    Clear,
    Configure,
    Course,
    Find,
    Forget,
    Marker,
    Phase,
    Prepare,
    Seen,
    Tell,
    Word,
    Write,
    facts,
)

MARKER = Marker(
    phase=Phase.JOINING,
    center="green",
    before="red",
    number=2,
    days=30,
    bundle=b"signed",
    leaves=("ca.pem", "client.pem"),
    actor="Li Na",
    command=CommandRef("red", 7, bytes(32)),
    until_ms=5,
    why="because",
)
RED, GREEN = frozenset({"red"}), frozenset({"green"})
T_MS = 1_800_000_000_000
S = 1_000_000_000


@pytest.mark.parametrize("phase", Phase)
def test_a_marker_round_trips(phase: Phase) -> None:
    for marker in (
        replace(MARKER, phase=phase),
        replace(MARKER, phase=phase, command=None, until_ms=None, why="", leaves=(), bundle=b""),
    ):
        assert Marker.from_bytes(marker.to_bytes()) == marker


@pytest.mark.parametrize(
    "changes",
    [
        {1: 2}, {2: "soon"}, {3: ""}, {4: 1}, {5: 0}, {6: 181}, {7: "x"}, {7: bytes(24_577)},
        {8: ["x"] * 9}, {8: [1]}, {9: ""}, {10: 7}, {11: -1}, {13: 1},
    ],
)  # fmt: skip
def test_what_is_no_marker_is_malformed(changes: dict[int, object]) -> None:
    content = {**cbor.decode_map(MARKER.to_bytes()), **changes}
    with pytest.raises(Malformed):
        Marker.from_bytes(cbor.encode(content))  # type: ignore[arg-type]


def test_it_is_told_in_plain_values() -> None:
    assert facts(None) is None
    assert facts(MARKER) == {
        "phase": "joining", "from": "red", "to": "green", "charter": 2, "days": 30,
        "until_ms": 5, "actor": "Li Na", "why": "because",
    }  # fmt: skip


SEEN = Seen(
    now_ns=0,
    earliest_ms=T_MS,
    latest_ms=T_MS,
    centers=RED,
    reached=RED,
    owed={},
    changing=False,
    charter=1,
    passes=True,
)
BOTH = replace(SEEN, centers=RED | GREEN, reached=RED | GREEN, charter=2)
BEGUN = replace(MARKER, until_ms=None, why="")


def course(phase: Phase, until_ms: int | None = None, *, failed: bool = False) -> Course:
    return Course(replace(BEGUN, phase=phase, until_ms=until_ms), 0, failed=failed)


def kinds(actions: object) -> list[type]:
    assert isinstance(actions, list | tuple)
    return [type(one) for one in actions]


def test_joining_names_both_and_waits_for_the_new_one() -> None:
    made = course(Phase.JOINING)
    timed, prepare, configure = made.handle(SEEN)
    assert timed == Write(replace(BEGUN, until_ms=T_MS + 30 * DAY_MS))
    assert prepare == Prepare()
    assert configure == Configure(add="green", reach=RED), "the new one may be away for days"
    waits = replace(SEEN, centers=RED | GREEN)
    assert made.handle(waits) == []
    (write,) = made.handle(BOTH)
    assert write == Write(replace(BEGUN, phase=Phase.BOTH)), "its days begin anew"


def test_the_charter_comes_into_force_when_the_new_one_has_receipted() -> None:
    made = course(Phase.BOTH)
    tell, adopt = made.handle(replace(BOTH, charter=1))
    assert tell == Tell(Word.BOTH, "green and red are both served, red 30 days")
    assert adopt == Adopt()
    (write,) = made.handle(BOTH)
    assert write == Write(replace(BEGUN, phase=Phase.BOTH, until_ms=T_MS + 30 * DAY_MS))
    assert made.handle(replace(BOTH, earliest_ms=T_MS + 30 * DAY_MS - 1)) == []
    assert made.give_up("no").marker.phase is Phase.BACK


OVER = replace(BOTH, earliest_ms=T_MS, now_ns=PATIENCE_NS)


def test_the_old_one_is_left_out_when_the_days_are_over() -> None:
    made = course(Phase.BOTH, T_MS)
    find, tell, write = made.handle(replace(OVER, owed={"red": 3}))
    assert find == Find("")
    assert tell == Tell(Word.LEAVING, "the service of red ends; it has not receipted 3 events")
    assert isinstance(write, Write)
    assert write.marker.phase is Phase.LEAVING
    assert made.handle(OVER) == [Configure(leave="red", reach=GREEN)]
    assert made.handle(OVER) == [], "not again at once"
    without = replace(OVER, centers=GREEN, reached=GREEN)
    assert made.handle(replace(without, changing=True)) == [], "on trial"
    find, tell, clear, write = made.handle(without)
    assert tell == Tell(Word.MOVED, "green is served, red no more")
    assert clear == Clear("red")
    assert isinstance(write, Write)
    assert write.marker.phase is Phase.MOVED
    assert made.over
    assert made.handle(without) == []


@pytest.mark.parametrize("phase", [Phase.BOTH, Phase.LEAVING])
@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (replace(OVER, reached=RED), "center green is not reached: red is served on"),
        (replace(OVER, owed={"green": 2}), "center green has not receipted 2 events yet: red is"),
        (replace(OVER, refused="read-only"), "the disk refuses: read-only"),
        (replace(OVER, alarmed_ns=OVER.now_ns - QUIET_NS + 1), "an alarm is young"),
    ],
)
def test_the_old_one_stays_until_the_new_one_holds_all(phase: Phase, seen: Seen, told: str) -> None:
    made = course(phase, T_MS)
    (find,) = made.handle(seen)
    assert isinstance(find, Find)
    assert find.detail.startswith(told)
    assert made.marker.phase is phase
    assert course(phase, T_MS).handle(replace(seen, now_ns=0, alarmed_ns=0)) == [], "just begun"


def test_a_clock_that_is_not_certain_ends_nothing() -> None:
    made = course(Phase.BOTH)
    unset = replace(BOTH, latest_ms=None)
    assert made.handle(unset) == []
    assert kinds(made.handle(replace(BOTH, latest_ms=T_MS + 1000))) == [Write]
    assert made.marker.until_ms == T_MS + 1000 + 30 * DAY_MS, "the latest that it can be"
    late = replace(unset, earliest_ms=T_MS + 30 * DAY_MS)
    assert made.handle(late) == []


def test_without_days_it_ends_as_soon_as_the_new_one_holds_all() -> None:
    made = Course(replace(BEGUN, phase=Phase.BOTH, days=0), 0)
    tell, _ = made.handle(replace(BOTH, charter=1))
    assert tell == Tell(Word.BOTH, "green and red are both served, red no longer than it takes")
    made.handle(BOTH)
    assert kinds(made.handle(BOTH)) == [Find, Tell, Write]


def test_a_new_center_that_is_never_reached_changes_nothing_in_the_end() -> None:
    made = course(Phase.JOINING, T_MS)
    alone = replace(BOTH, reached=RED, charter=1)
    (write,) = made.handle(alone)
    assert isinstance(write, Write)
    assert (write.marker.phase, write.marker.why) == (
        Phase.BACK,
        "center green was not reached in 30 days",
    )
    assert made.handle(alone) == [Configure(leave="green", reach=RED)]
    tell, find, clear, forget = made.handle(SEEN)
    said = "center green was not reached in 30 days: red is served on"
    assert (tell, find) == (Tell(Word.FAILED, said), Find(said))
    assert (clear, forget) == (Clear("green"), Forget())
    assert made.over


def test_it_is_waited_for_at_least_a_day() -> None:
    made = Course(replace(BEGUN, days=0), 0)
    made.handle(SEEN)
    assert made.marker.until_ms == T_MS + DAY_MS


def test_a_later_charter_that_keeps_the_old_one_ends_it() -> None:
    made = course(Phase.BOTH, T_MS)
    tell, forget = made.handle(replace(OVER, charter=3, passes=False))
    assert tell == Tell(Word.KEPT, "a later charter keeps red: both are served on")
    assert forget == Forget()


def test_what_was_tried_in_vain_is_tried_again_later() -> None:
    made = course(Phase.LEAVING, T_MS, failed=True)
    assert made.handle(replace(BOTH, now_ns=RETRY_NS - 1)) == []
    assert kinds(made.handle(replace(BOTH, now_ns=RETRY_NS))) == [Configure]
    made.put_off(RETRY_NS)
    assert made.handle(replace(BOTH, now_ns=2 * RETRY_NS - 1)) == []
    assert course(Phase.JOINING).handle(replace(SEEN, changing=True)) == []


def test_an_old_one_that_somebody_left_out_already_is_out() -> None:
    made = course(Phase.BOTH, T_MS)
    gone = replace(OVER, centers=GREEN, reached=GREEN)
    assert kinds(made.handle(gone)) == [Find, Tell, Write]
    assert kinds(made.handle(gone)) == [Find, Tell, Clear, Write]


# ---- killed at each step


class Killed(Exception):  # noqa: N818  the power, not an error of anybody
    """The power goes."""


@dataclass
class World:
    """A gateway whose days go by; each thing that is done may be the last of a run."""

    kill_at: int = -1
    marker: Marker | None = field(default_factory=lambda: BEGUN)
    centers: frozenset[str] = RED
    charter: int = 1
    files: bool = False
    said: list[Word] = field(default_factory=list)
    days: int = 0
    done: int = 0
    served: list[frozenset[str]] = field(default_factory=list)

    def live(self) -> None:
        """Start, as often as it is killed or starts anew, until the handover is over."""
        for _ in range(100):
            if self.marker is None or not self.marker.is_under_way:
                return
            try:
                self.run(Course(self.marker, 0))
            except Killed:
                continue
        raise AssertionError("it never ends")

    def run(self, course: Course) -> None:
        while not course.over:
            self.days += 1
            seen = replace(
                SEEN,
                earliest_ms=T_MS + self.days * DAY_MS,
                latest_ms=T_MS + self.days * DAY_MS,
                centers=self.centers,
                reached=self.centers,
                charter=self.charter,
                now_ns=self.days * RETRY_NS,
            )
            for action in course.handle(seen):
                self.perform(action)
                self.done += 1
                if self.done == self.kill_at:
                    raise Killed

    def perform(self, action: Action) -> None:
        match action:
            case Write(marker):
                self.marker = marker
            case Prepare():
                self.files = True
            case Configure(add, leave):
                assert self.marker is not None
                assert self.files, "its files are there before its configuration"
                assert leave != "red" or self.marker.phase is Phase.LEAVING, "written first"
                self.centers = (self.centers | {add or "red"}) - {leave or ""}
                raise Killed  # a start of its own
            case Adopt():
                assert self.marker is not None
                assert self.marker.phase is Phase.BOTH, "written first"
                self.charter = 2
            case Tell(word):
                self.said.append(word)
            case Forget():
                self.marker = None
            case _:
                pass
        self.served.append(self.centers)


@pytest.mark.parametrize("kill_at", [-1, *range(1, 16)])
def test_killed_at_any_step_it_goes_on_to_the_same_end(kill_at: int) -> None:
    world = World(kill_at)
    world.live()
    assert world.marker is not None
    assert world.marker.phase is Phase.MOVED
    assert (world.centers, world.charter) == (GREEN, 2)
    assert list(dict.fromkeys(world.said)) == [Word.BOTH, Word.LEAVING, Word.MOVED]
    assert all(world.served), "somebody is served at any time"
    assert world.days >= 30, "both for their days"
