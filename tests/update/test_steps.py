"""When a release is switched to, kept, taken back: decided by what is seen, in simulated time.

Seen to fail: with the switch before `trial` was written, without the gate, with a release kept
before its receipt, with any bad probe taken for the release's fault, with one that ends again and
again watched for ever, with `back` that gives up when nobody answers, and with one look that nobody
answers taken for a dead agent.
"""

from collections.abc import Callable

import pytest

from edge_agent.update.marker import Marker, Phase, Word
from edge_agent.update.steps import (
    ANSWER_NS_MAX,
    EPOCHS_MAX,
    GATE_NS_MAX,
    PROOF_NS_MAX,
    RESUMED_MAX,
    SECOND_NS,
    TEST_AGAIN_NS,
    TESTS_MAX,
    TRIAL_NS_MAX,
    Action,
    End,
    Install,
    Installed,
    Look,
    Recorded,
    Remove,
    Restart,
    Seen,
    SelfTest,
    SelfTested,
    Settle,
    Silent,
    Switch,
    Tell,
    Update,
    Wait,
    Write,
    refusal,
)

ACTIONS_MAX = 20_000
NEW = Marker(Phase.FILLING, "2.0", "1.0", "1.0", "ab" * 32, "Li Na")


class World:
    """An agent, its supervisor and a clock, as an update meets them; `log` is what was done.

    `meanwhile` is called before each action.
    """

    def __init__(self) -> None:
        self.now_ns = 0
        self.current = "1.0"
        self.runs: str | None = "1.0"  # None: nobody answers
        self.starts = 0
        self.broken: set[str] = set()  # versions that do not start
        self.proven = True
        self.trouble = ""
        self.bad: Callable[[World], tuple[str, ...] | None] = lambda world: ()
        self.record = ""  # why nothing can be recorded
        self.meanwhile: Callable[[Action], None] = lambda action: None
        self.log: list[Action] = []
        self.told: list[tuple[Word, str]] = []
        self.marker: Marker | None = None

    def play(self, marker: Marker = NEW, *, found: bool = False) -> End:
        """Perform until it is over."""
        update = Update(marker, self.now_ns, found=found)
        waiting = list(update.begin(self.now_ns))
        while True:
            while waiting:
                action = waiting.pop(0)
                if isinstance(action, End):
                    return action
                self.log.append(action)
                assert len(self.log) < ACTIONS_MAX, "it never ends"
                result = self.do(action)
                if result is not None:
                    waiting += update.handle(result, self.now_ns)
            deadline_ns = update.deadline_ns()
            assert deadline_ns is not None
            self.now_ns = max(self.now_ns, deadline_ns)
            waiting += update.handle(None, self.now_ns)

    def do(self, action: Action) -> Installed | Seen | Silent | SelfTested | Recorded | None:
        self.meanwhile(action)
        match action:
            case Write(marker):
                self.marker = marker
            case Install():
                return Installed()
            case Look() if self.runs is None:
                return Silent()
            case Look():
                assert self.runs is not None
                return Seen(self.runs, f"epoch-{self.starts}", self.proven, self.trouble)
            case SelfTest():
                self.now_ns += 10 * SECOND_NS
                bad = self.bad(self)
                return SelfTested(bad, "" if bad is not None else "an alarm is young")
            case Tell(word, detail):
                if not self.record and self.runs is not None:
                    self.told.append((word, detail))
                    return Recorded()
                return Recorded(self.record or "nobody answers")
            case Switch(version):
                self.current = version
            case Restart():
                self.starts += 1
                self.runs = None if self.current in self.broken else self.current
        return None

    def words(self) -> list[Word]:
        return [word for word, _ in self.told]

    def kinds(self) -> list[type[Action]]:
        return [type(action) for action in self.log if not isinstance(action, Wait)]


def test_a_good_release_is_kept() -> None:
    world = World()
    end = world.play()
    assert end == End(Word.CONFIRMED, "from 1.0 to 2.0: receipted and self-tested")
    assert world.words() == [Word.BEGUN, Word.CONFIRMED]
    assert (world.current, world.runs) == ("2.0", "2.0")
    assert Settle("2.0", "1.0") in world.log
    assert Remove(None, "1.0") in world.log


def test_everything_is_written_down_before_it_is_done() -> None:
    world = World()
    world.play()
    written = [
        (at, action.marker.phase)
        for at, action in enumerate(world.log)
        if isinstance(action, Write)
    ]
    at = {phase: at for at, phase in reversed(written)}
    assert at[Phase.FILLING] < world.log.index(Install())
    assert at[Phase.READY] < at[Phase.TRIAL] < world.log.index(Switch("2.0"))
    assert world.log.index(Tell(Word.BEGUN, "from 1.0 to 2.0")) < at[Phase.TRIAL]
    assert at[Phase.KEPT] < world.log.index(Settle("2.0", "1.0"))


def test_the_switch_waits_for_quiet_and_for_the_center() -> None:
    world = World()
    world.trouble = "center main is not connected"

    def quiet_later(world: World) -> tuple[str, ...] | None:
        return None if world.now_ns < 1800 * SECOND_NS else ()

    world.bad = quiet_later
    late = 600 * SECOND_NS

    def meanwhile(action: Action) -> None:
        if world.now_ns >= late:
            world.trouble = ""
        if isinstance(action, Switch):
            assert world.now_ns >= 1800 * SECOND_NS

    world.meanwhile = meanwhile
    assert world.play().word is Word.CONFIRMED
    waits = [action.why for action in world.log if isinstance(action, Wait)]
    assert waits[:2] == ["center main is not connected", "an alarm is young"]


def test_a_switch_that_never_comes_is_refused_aloud() -> None:
    world = World()
    world.bad = lambda world: None
    end = world.play()
    assert end.word is Word.REFUSED
    assert "an alarm is young" in end.detail
    assert world.now_ns >= GATE_NS_MAX
    assert world.words() == [Word.REFUSED]
    assert (world.current, world.starts) == ("1.0", 0)
    assert Remove("2.0", "1.0") in world.log


def test_what_cannot_be_recorded_is_not_begun() -> None:
    world = World()
    world.record = "the disk is full"
    assert world.play().word is Word.REFUSED
    assert world.starts == 0


def test_what_cannot_be_installed_is_refused() -> None:
    world = World()
    update = Update(NEW, 0)
    update.begin(0)
    actions = update.handle(Installed("a wheel is missing"), 1)
    assert [type(action) for action in actions] == [Tell, Remove, End]
    assert update.over
    assert world.current == "1.0"


def test_another_program_than_the_installed_one_is_not_replaced() -> None:
    world = World()
    world.runs = "0.9"
    assert world.play().detail.endswith("version 0.9 runs, and 1.0 is installed: restart it")


def test_a_release_that_does_not_start_is_taken_back() -> None:
    world = World()
    world.broken = {"2.0"}
    end = world.play()
    assert end == End(Word.SWITCHED_BACK, "from 2.0 to 1.0: it does not start")
    assert world.words() == [Word.BEGUN, Word.SWITCHED_BACK]
    assert (world.current, world.runs) == ("1.0", "1.0")
    assert world.now_ns < 2 * ANSWER_NS_MAX
    assert Remove("2.0", "1.0") in world.log
    assert Settle not in world.kinds()


def test_one_that_gets_no_receipt_is_taken_back() -> None:
    world = World()

    def meanwhile(action: Action) -> None:
        world.proven = world.runs == "1.0"

    world.meanwhile = meanwhile
    assert world.play().detail.endswith("no receipt of the center came")
    assert PROOF_NS_MAX <= world.now_ns < 2 * PROOF_NS_MAX
    assert world.current == "1.0"


@pytest.mark.parametrize("silent_ns", [ANSWER_NS_MAX // 2, 2 * ANSWER_NS_MAX])
def test_one_that_falls_silent_is_taken_back_after_a_while(silent_ns: int) -> None:
    world = World()
    begins_ns = 2 * ANSWER_NS_MAX  # while it waits for its receipt

    def meanwhile(action: Action) -> None:
        if world.current == "2.0" and world.starts:
            silent = begins_ns <= world.now_ns < begins_ns + silent_ns
            world.runs = None if silent else "2.0"
            world.proven = world.now_ns >= begins_ns + silent_ns

    world.meanwhile = meanwhile
    end = world.play()
    if silent_ns < ANSWER_NS_MAX:
        assert end.word is Word.CONFIRMED
    else:
        assert end.detail.endswith("its agent does not answer")


def test_one_that_ends_again_and_again_is_taken_back() -> None:
    world = World()

    def meanwhile(action: Action) -> None:
        if isinstance(action, Look) and world.runs == "2.0":
            world.starts += 1
            world.proven = False

    world.meanwhile = meanwhile
    assert world.play().detail.endswith("it ends again and again")
    assert world.now_ns <= 2 * (EPOCHS_MAX + 2) * 2 * SECOND_NS + 10 * SECOND_NS


def test_what_was_bad_before_is_not_the_releases_fault() -> None:
    world = World()
    world.bad = lambda world: ("camera porch",)
    assert world.play().word is Word.CONFIRMED
    assert world.marker is not None
    assert world.marker.bad == ("camera porch",)


def test_what_only_the_new_release_finds_bad_is() -> None:
    world = World()
    tested_ns: list[int] = []

    def bad(world: World) -> tuple[str, ...]:
        tested_ns.append(world.now_ns)
        return ("port p1",) if world.runs == "2.0" else ()

    world.bad = bad
    end = world.play()
    assert end.detail.endswith("its self-test finds: port p1")
    assert len(tested_ns) == 1 + TESTS_MAX  # once is no verdict
    assert tested_ns[-1] - tested_ns[1] >= (TESTS_MAX - 1) * TEST_AGAIN_NS


def test_a_fault_that_passes_is_no_verdict() -> None:
    world = World()
    seen: list[int] = []

    def once(world: World) -> tuple[str, ...]:
        if world.runs == "2.0":
            seen.append(1)
        return ("name broker",) if seen == [1] else ()

    world.bad = once
    assert world.play().word is Word.CONFIRMED


def test_alarms_that_leave_no_time_for_a_self_test_speak_by_their_receipts() -> None:
    world = World()
    world.bad = lambda world: None if world.runs == "2.0" else ()
    end = world.play()
    assert end == End(Word.CONFIRMED, "from 1.0 to 2.0: receipted; no self-test could be had")
    assert world.now_ns >= TRIAL_NS_MAX


def test_a_dead_agent_is_updated_and_records_it_later() -> None:
    world = World()
    world.runs = None
    world.bad = lambda world: ("disk_speed",)
    assert world.play().word is Word.CONFIRMED
    assert world.told[0] == (Word.BEGUN, "from 1.0 to 2.0: no agent answered")
    assert world.words() == [Word.BEGUN, Word.CONFIRMED]
    assert world.marker is not None
    assert world.marker.blind


def test_an_agent_that_says_nothing_for_a_while_is_not_taken_for_dead() -> None:
    """It is being started, or has no time just now: an alarm may be on its way through it."""
    world = World()
    world.runs = None
    world.trouble = "center main is not connected"

    def meanwhile(action: Action) -> None:
        if world.starts == 0 and world.now_ns >= ANSWER_NS_MAX // 2:
            world.runs = "1.0"
        if world.now_ns >= 600 * SECOND_NS:
            world.trouble = ""
        if isinstance(action, Switch):
            assert world.now_ns >= 600 * SECOND_NS

    world.meanwhile = meanwhile
    assert world.play(found(Phase.READY), found=True).word is Word.CONFIRMED
    assert world.marker is not None
    assert not world.marker.blind


def test_going_back_never_gives_up() -> None:
    world = World()
    world.broken = {"1.0", "2.0"}

    def meanwhile(action: Action) -> None:
        if world.now_ns > 3600 * SECOND_NS:
            world.broken = {"2.0"}

    world.meanwhile = meanwhile
    assert world.play().word is Word.SWITCHED_BACK
    assert world.runs == "1.0"
    assert world.starts > 20


# ---- found again, after a kill or a power cut


def found(phase: Phase, **changes: object) -> Marker:
    values = {name: getattr(NEW, name) for name in NEW.__slots__}
    return Marker(**values | {"phase": phase} | changes)


def test_what_was_cut_off_while_it_was_filled_is_removed() -> None:
    world = World()
    end = world.play(found(Phase.FILLING), found=True)
    assert end.word is Word.REFUSED
    assert world.words() == [Word.REFUSED]
    assert world.starts == 0
    assert Remove("2.0", "1.0") in world.log


def test_what_was_cut_off_by_a_power_cut_is_told_to_the_agent_that_starts() -> None:
    world = World()
    world.runs = None

    def meanwhile(action: Action) -> None:
        if world.now_ns >= ANSWER_NS_MAX // 2:
            world.runs = "1.0"

    world.meanwhile = meanwhile
    assert world.play(found(Phase.FILLING), found=True).word is Word.REFUSED
    assert world.words() == [Word.REFUSED]
    nobody = World()
    nobody.runs = None
    assert nobody.play(found(Phase.FILLING), found=True).word is Word.REFUSED
    assert ANSWER_NS_MAX <= nobody.now_ns < 2 * ANSWER_NS_MAX


def test_what_was_ready_goes_on() -> None:
    world = World()
    assert world.play(found(Phase.READY), found=True).word is Word.CONFIRMED
    assert world.starts == 1


def test_one_restart_is_enough_however_long_the_old_one_takes_to_end() -> None:
    world = World()

    def meanwhile(action: Action) -> None:
        if isinstance(action, Look) and world.starts:
            world.runs = "2.0" if world.now_ns >= restarted_ns[0] + 20 * SECOND_NS else "1.0"
        if isinstance(action, Restart):
            restarted_ns.append(world.now_ns)

    restarted_ns: list[int] = []
    world.meanwhile = meanwhile
    assert world.play(found(Phase.READY), found=True).word is Word.CONFIRMED
    assert world.starts == len(restarted_ns) == 1


@pytest.mark.parametrize("switched", [False, True])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_trial_goes_on(switched: bool, restarted: bool) -> None:
    world = World()
    world.current = "2.0" if switched else "1.0"
    world.runs = "2.0" if switched and restarted else "1.0"
    assert world.play(found(Phase.TRIAL), found=True).word is Word.CONFIRMED
    assert world.current == world.runs == "2.0"
    assert world.starts <= 1


def test_a_machine_that_goes_down_in_every_trial_goes_back() -> None:
    world = World()
    world.current = world.runs = "2.0"
    marker = found(Phase.TRIAL)
    for _ in range(RESUMED_MAX):
        update = Update(marker, 0, found=True)
        [write, *_] = update.begin(0)
        assert isinstance(write, Write)
        marker = write.marker
        assert marker.phase is Phase.TRIAL
    assert "down again" in world.play(marker, found=True).detail
    assert (world.current, world.runs) == ("1.0", "1.0")


def test_what_was_kept_stays_kept() -> None:
    world = World()
    world.current = world.runs = "2.0"
    told = ((Word.CONFIRMED, "from 1.0 to 2.0: good"),)
    end = world.play(found(Phase.KEPT, untold=told, why="good"), found=True)
    assert end == End(Word.CONFIRMED, "from 1.0 to 2.0: good")
    assert world.words() == [Word.CONFIRMED]
    assert world.starts == 0


@pytest.mark.parametrize("runs", ["1.0", "2.0", None])
def test_going_back_goes_on(runs: str | None) -> None:
    world = World()
    world.current, world.runs = "2.0", runs
    told = ((Word.SWITCHED_BACK, "from 2.0 to 1.0: bad"),)
    assert world.play(found(Phase.BACK, untold=told), found=True).word is Word.SWITCHED_BACK
    assert (world.current, world.runs) == ("1.0", "1.0")
    assert world.words() == [Word.SWITCHED_BACK]
    if runs == "2.0":  # it is not waited for: what runs was to be taken back
        assert world.now_ns < ANSWER_NS_MAX


@pytest.mark.parametrize(
    ("version", "floor", "why"),
    [
        ("2.0", None, ""),
        ("0.9", None, ""),
        ("1.0.0", None, "runs already"),
        ("0.9", (0, 9, 1, 0), "below 0.9.1"),
        ("0.9.1", (0, 9, 1, 0), ""),
    ],
)
def test_what_may_be_installed(
    version: str, floor: tuple[int, int, int, int] | None, why: str
) -> None:
    said = refusal(version, "1.0", floor)
    assert why in said
    assert bool(said) is bool(why)


def test_a_kill_after_any_step_ends_the_same() -> None:
    """Each prefix of what is done, then a new process that has only what was written down."""
    whole = World()
    whole.play()
    for steps in range(1, len(whole.log)):
        world = World()
        _play_until(world, steps)
        if world.marker is None:
            continue
        end = world.play(world.marker, found=True)
        assert end.word in {Word.CONFIRMED, Word.REFUSED}
        assert world.current == world.runs == ("2.0" if end.word is Word.CONFIRMED else "1.0")
        assert world.words()[-1] is end.word


class _Killed(BaseException):
    pass


def _play_until(world: World, steps: int) -> None:
    done = 0

    def meanwhile(action: Action) -> None:
        nonlocal done
        if done == steps:
            raise _Killed
        done += 1

    world.meanwhile = meanwhile
    with pytest.raises(_Killed):
        world.play()
    world.meanwhile = lambda action: None
