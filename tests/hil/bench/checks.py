"""The parts of the driver contract that a real panel can be held to, one after the other.

Nobody knows what a real panel said but the panel: so these look at what must be so whatever it
said.  What the file does not allow, and what nobody is there to do, is left out, aloud.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from edge_agent.daemon.panels import Fitted
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.finding import Cause
from edge_agent.domain.kinds import Kind, State
from edge_agent.domain.session import FaultKind, Nature
from edge_agent.domain.signal import Signal
from tests.hil.bench.file import Bench, Hand
from tests.hil.bench.hands import HandError, Hands
from tests.hil.bench.talk import Seen, Talk

FRAMES_FOR_SHARE_MIN = 20  # of fewer, one bad frame says nothing about the line
ENDED = frozenset({State.RESTORED, State.CLOSED, State.OFF})
LISTEN_ONLY = "listen_only"
ONLY_LISTENED = "the file lets this panel only be listened to"
UNASKED = "it says nothing by itself: a trip shows that it is there"


class Verdict(StrEnum):
    """What a check came to."""

    GOOD = "good"
    BAD = "bad"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Result:
    """One check of one panel; `said` is the reason, or what was measured."""

    panel: str
    check: str
    verdict: Verdict
    said: str
    seconds: float = 0.0


Told = tuple[Verdict, str]
Check = Callable[["Examination"], Awaitable[Told]]


@dataclass(slots=True)
class Examination:
    """One panel under examination."""

    bench: Bench
    fitted: Fitted
    hands: Hands
    talk: Talk

    @property
    def seen(self) -> Seen:
        return self.talk.seen

    @property
    def is_mute(self) -> bool:
        """Whether the file lets nothing at all be sent."""
        return self.fitted.setup.options.get(LISTEN_ONLY) is True

    def hand(self, does: str) -> Hand | None:
        return self.bench.hand(self.fitted.panel.id, does)


async def examine(bench: Bench, fitted: Fitted, hands: Hands) -> AsyncIterator[Result]:
    """Yield the results of a panel as they come."""
    panel = fitted.panel.id
    async with Talk(bench, fitted) as talk:
        examination = Examination(bench, fitted, hands, talk)
        for name, check in CHECKS.items():
            before_s = time.perf_counter()
            verdict, said = await check(examination)
            yield Result(panel, name, verdict, said, time.perf_counter() - before_s)
            if name == FIRST and verdict is Verdict.BAD:
                for rest in (*CHECKS, LISTENS):
                    if rest != FIRST:
                        yield Result(panel, rest, Verdict.LEFT_OUT, "the panel is not there")
                return
    before_s = time.perf_counter()
    verdict, said = await only_listens(bench, fitted)
    yield Result(panel, LISTENS, verdict, said, time.perf_counter() - before_s)


# ---- checks


async def link_up(here: Examination) -> Told:
    if not here.fitted.is_supervised:
        return Verdict.LEFT_OUT, UNASKED
    before_s = time.perf_counter()
    if await here.talk.until(lambda: here.seen.online, here.bench.terms.link_s):
        return Verdict.GOOD, f"after {time.perf_counter() - before_s:.1f} s"
    heard = f"{here.seen.bytes_heard} bytes heard, {here.seen.good} good frames"
    return Verdict.BAD, f"no panel within {here.bench.terms.link_s:.0f} s; {heard}"


async def resync(here: Examination) -> Told:
    """Where a protocol tells state at all, it is asked for and proven after link-up."""
    if here.is_mute:
        return Verdict.LEFT_OUT, ONLY_LISTENED
    if (
        Act.STATUS not in here.fitted.driver.commands
        and here.fitted.driver.nature is not Nature.BUS
    ):
        return Verdict.LEFT_OUT, "this protocol tells no state"
    return await _points_known(here, 0)


async def _points_known(here: Examination, before: int) -> Told:
    await here.talk.until(lambda: len(here.seen.points) > before, here.bench.terms.link_s)
    await here.talk.until(lambda: False, min(5.0, here.bench.terms.quiet_s))
    news = here.seen.points[before:]
    known = {
        (point.kind, point.zone or point.area) for point in news if point.kind is not Kind.PANEL
    }
    if not known and here.fitted.driver.nature is Nature.BUS and here.seen.good:
        return Verdict.GOOD, f"{here.seen.good} reads answered, no input is active"
    if not known:
        return Verdict.BAD, "nothing is known of any point"
    return Verdict.GOOD, f"{len(known)} points"


async def quiet(here: Examination) -> Told:
    """While nothing is done the link stays, and the panel keeps its word of being there."""
    links, seconds = len(here.seen.links), here.bench.terms.quiet_s
    await here.talk.until(lambda: len(here.seen.links) > links, seconds)
    if len(here.seen.links) > links:
        return Verdict.BAD, "the link was lost while nothing was done"
    silent = here.seen.faults[FaultKind.SILENCE] + here.seen.faults[FaultKind.NO_ANSWER]
    note = f", {silent} times unanswered or silent" if silent else ""
    return Verdict.GOOD, f"{seconds:g} s, {here.seen.good} good frames{note}"


async def status_command(here: Examination) -> Told:
    return await _command(here, Act.STATUS)


async def clock_command(here: Examination) -> Told:
    return await _command(here, Act.CLOCK)


async def _command(here: Examination, act: Act) -> Told:
    if act not in here.fitted.driver.commands:
        return Verdict.LEFT_OUT, "the protocol has no words for it"
    if here.is_mute:
        return Verdict.LEFT_OUT, ONLY_LISTENED
    command = Command(act=act)
    if command.allowed_by is not None and command.allowed_by not in here.fitted.setup.allow:
        return Verdict.LEFT_OUT, f"the file does not allow {command.allowed_by!r}"
    asked = here.talk.desk.ask(command)
    if not await here.talk.until(asked.done, here.bench.terms.within_s):
        return Verdict.BAD, "no outcome in time"
    outcome, detail = asked.result().outcome, asked.result().detail
    if outcome is Outcome.CLOCK_UNSURE:
        return Verdict.LEFT_OUT, "this machine's clock is not synced"
    verdict = Verdict.GOOD if outcome is Outcome.DONE else Verdict.BAD
    return verdict, f"{outcome}{': ' if detail else ''}{detail}"


async def trip(here: Examination) -> Told:
    """What happens at a zone is heard, each event once."""
    hand = here.hand("trip")
    if hand is None:
        return Verdict.LEFT_OUT, "no hand trips a zone of this panel"
    before = len(here.seen.signals)

    def tripped() -> list[Signal]:
        news = here.seen.signals[before:]
        return [one for one in news if one.zone == hand.zone and one.state not in ENDED]

    told = await _done(here, hand, lambda: bool(tripped()))
    if told[0] is not Verdict.GOOD:
        return told
    events = Counter((s.kind, s.code) for s in tripped() if s.state is State.ACTIVE)
    twice = [f"{kind} {code}" for (kind, code), times in events.items() if times > 1]
    if twice:
        return Verdict.BAD, f"recorded more than once: {', '.join(twice)}"
    first = tripped()[0]
    return Verdict.GOOD, f"{first.kind} {first.code or first.state} of zone {hand.zone} {told[1]}"


async def restore(here: Examination) -> Told:
    hand, tripped = here.hand("restore"), here.hand("trip")
    if hand is None or tripped is None:
        return Verdict.LEFT_OUT, "no hand restores the zone"
    before = len(here.seen.signals)
    return await _done(
        here,
        hand,
        lambda: any(
            one.zone == tripped.zone and one.state in ENDED for one in here.seen.signals[before:]
        ),
    )


async def _done(
    here: Examination, hand: Hand, heard: Callable[[], bool], more_s: float = 0
) -> Told:
    within_s = here.bench.within_s(hand) + more_s
    before_s = time.perf_counter()
    try:
        await here.hands.do(hand, within_s)
    except HandError as error:
        return Verdict.BAD, str(error)
    await here.talk.until(lambda: heard() or here.hands.is_skipped(), within_s)
    if heard():
        return Verdict.GOOD, f"after {time.perf_counter() - before_s:.1f} s"
    if here.hands.is_skipped():
        return Verdict.LEFT_OUT, "by the person's word"
    return Verdict.BAD, f"nothing of it was heard within {within_s:.0f} s"


async def unplug(here: Examination) -> Told:
    """A pulled plug is said; only then does the one who puts it back matter."""
    hand = here.hand("unplug")
    if hand is None:
        return Verdict.LEFT_OUT, "no hand pulls this panel's plug"
    return await _done(here, hand, lambda: not here.seen.online, here.bench.terms.lost_s)


async def comes_back(here: Examination) -> Told:
    """After its return the panel is there again, all is asked for anew, nothing is told twice."""
    hand = here.hand("plug")
    if hand is None:
        return Verdict.LEFT_OUT, "no hand puts a plug back"
    if not here.fitted.is_supervised:
        return Verdict.LEFT_OUT, UNASKED
    points, events = len(here.seen.points), Counter(map(_meaning, here.seen.events))
    told = await _done(here, hand, lambda: here.seen.online, here.bench.terms.link_s)
    if told[0] is not Verdict.GOOD:
        return told
    if (state := await resync_again(here, points)) is not None:
        return state
    again = Counter(map(_meaning, here.seen.events)) - events
    doubled = [kind for (kind, *_), times in again.items() if times > 1]
    if doubled:
        return Verdict.BAD, f"told again after the return: {', '.join(map(str, doubled))}"
    return Verdict.GOOD, f"{told[1]}, {len(here.seen.points) - points} points told anew"


async def resync_again(here: Examination, points: int) -> Told | None:
    """Return what is wrong with the state after a return, None where nothing is."""
    if here.is_mute or Act.STATUS not in here.fitted.driver.commands:
        return None
    told = await _points_known(here, points)
    return None if told[0] is Verdict.GOOD else told


def _meaning(signal: Signal) -> tuple[object, ...]:
    return signal.kind, signal.code, signal.state, signal.area, signal.zone, signal.user


async def damaged(here: Examination) -> Told:
    """Few frames are damaged; what a decoder makes of the line is counted by itself."""
    good, bad = here.seen.good, here.seen.bad
    if good + bad < FRAMES_FOR_SHARE_MIN:
        return Verdict.LEFT_OUT, f"only {good + bad} frames: too few to judge a line by"
    share, most = bad / (good + bad), here.bench.terms.bad_share_max
    said = f"{bad} of {good + bad} frames damaged, {share:.1%}"
    return (Verdict.GOOD if share <= most else Verdict.BAD), f"{said} (allowed {most:.1%})"


async def acknowledged(here: Examination) -> Told:
    """A panel that has its ACK does not say it again."""
    if not here.fitted.driver.acknowledges:
        return Verdict.LEFT_OUT, "this protocol has no acknowledgement"
    if not here.seen.events:
        return Verdict.LEFT_OUT, "the panel reported nothing"
    again = here.seen.faults[FaultKind.REPEAT]
    verdict = Verdict.BAD if again else Verdict.GOOD
    return verdict, f"of {len(here.seen.events)} reported, {again} said again"


async def clock_offset(here: Examination) -> Told:
    """The panel's clock is not far from ours."""
    offsets = here.seen.clock_offsets_s
    found = [finding for finding in here.seen.findings if finding.cause is Cause.PANEL_CLOCK]
    if found and found[-1].active:
        return Verdict.BAD, found[-1].detail or "the driver found it off"
    if not offsets:
        return Verdict.LEFT_OUT, "the panel told no time"
    worst, most = max(offsets, key=abs), here.bench.terms.clock_s_max
    verdict = Verdict.GOOD if abs(worst) <= most else Verdict.BAD
    return verdict, f"{worst:+.0f} s (allowed {most:.0f} s)"


async def only_listens(bench: Bench, fitted: Fitted) -> Told:
    """Told only to listen, not one byte is sent."""
    if LISTEN_ONLY not in {option.name for option in fitted.driver.options}:
        return Verdict.LEFT_OUT, "this driver cannot only listen"
    options = {**fitted.setup.options, LISTEN_ONLY: True}
    mute = replace(fitted, setup=replace(fitted.setup, options=options))
    async with Talk(bench, mute) as talk:
        await talk.until(lambda: talk.seen.bytes_sent > 0, bench.terms.quiet_s)
        sent, heard = talk.seen.bytes_sent, talk.seen.bytes_heard
    verdict = Verdict.BAD if sent else Verdict.GOOD
    return verdict, f"{sent} bytes sent, {heard} heard in {bench.terms.quiet_s:g} s"


FIRST = "link up"
LISTENS = "listen only"
CHECKS: dict[str, Check] = {
    FIRST: link_up,
    "resync": resync,
    "quiet": quiet,
    "status": status_command,
    "clock set": clock_command,
    "trip": trip,
    "restore": restore,
    "unplug": unplug,
    "return": comes_back,
    "damaged frames": damaged,
    "acknowledged": acknowledged,
    "clock": clock_offset,
}
