"""The gateway's disk refuses in mid-burglary, or from the start: the center gets everything.

Panels get their ACKs by the center's receipts, the center says that the disk refuses, and when the
disk is back the journal is whole.

Seen to fail when: events are published after their commit only (nothing acknowledged); a refusing
disk changes no heartbeat at once; the agent ends where it cannot make its folder.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hil.rig import Count, Panel, Setup, Stack, run, wait_until
from hil.rig.panel import Option
from hil.rig.parts import CENTER
from tests.system.cards import ROOT, Card, DeadCard, FullCard, ReadOnlyCard, WornCard

Make = Callable[[Path], Card]
MOUNTED: list[Make] = [ReadOnlyCard, FullCard] if ROOT else []  # mounts are root's
WHILE_RUNNING: list[Make] = [WornCard, *MOUNTED]
AT_START: list[Make] = [DeadCard, *MOUNTED]
Story = Callable[[Card], None]
AT_ONCE = 100  # signals: a receiver keeps 127, and forgets what a slow center lets it say too late
MANY = 280  # signals: more commits than the segment has room for that a full disk still holds


def _on_each(makers: Sequence[Make], top: Path, story: Story) -> None:
    """Tell the story with every card, side by side: most of it is waiting for a retry."""
    cards = []
    for number, make in enumerate(makers):
        (top / str(number)).mkdir()
        cards.append(make(top / str(number)))
    try:
        with ThreadPoolExecutor(len(cards)) as pool:
            told = [pool.submit(story, card) for card in cards]
        errors = {
            type(card).__name__: one.exception() for card, one in zip(cards, told, strict=True)
        }
        assert not any(errors.values()), errors
    finally:
        for card in cards:
            card.close()


def _stack(card: Card) -> Stack:
    panels = [
        Panel("p1", end="tcp"),
        Panel("m1", face="modbus_map", end="tcp", options={"poll_ms": 100}),
    ]
    # An hour of reporting time: a heartbeat that says anything within minutes was sent for it.
    seldom: dict[str, Option] = {"reporting_time_s": 3600}
    return Stack(panels, Setup(data_dir=str(card.folder), gateway=seldom))


def _refused(stack: Stack) -> bool | None:
    """What the last heartbeat says of the disk; None: there was none yet."""
    status: dict[str, Any] | None = stack.center.fleet()["gw1"]["status"]
    return None if status is None else status["disk_refused"]


def _journal_words(rows: list[dict[str, Any]]) -> str:
    """Return what the gateway's signed events tell about its journal."""
    return " ".join(str(row["body"]) for row in rows if row["type"] == "journal")


def _burgle(stack: Stack, first: int, count: int) -> None:
    """Zone after zone, and an input; returns when all is acknowledged, or read."""
    panel, module = stack.panel("p1"), stack.panel("m1")
    done = len(panel.in_state("acked"))
    module.tell(f"input {1 + first // 1000} on")
    for said in range(0, count, AT_ONCE):
        more = min(count - said, AT_ONCE)
        panel.tell(f"plan traffic rate=100 seconds={more / 100} first={first + said}")
        panel.wait_acked(done + said + more)
    wait_until(module.quiet, "the input was read")


def _check_refusal(stack: Stack) -> None:
    """The agent says it, the center says it, and both have everything that was said."""
    wait_until(lambda: stack.agent.status()["journal"]["refused"], "the status says it")
    wait_until(lambda: _refused(stack) is True, "the heartbeat says it")
    assert '"journal.refused"' in stack.agent.said()
    assert "check the card" in stack.agent.said()
    stack.settle()
    rows = stack.center.events()
    assert stack.count(rows) == Count()
    assert "refused" in _journal_words(rows)


def _check_whole(stack: Stack) -> None:
    """It is over: said by both, and the journal is as good as before."""
    stack.agent.wait_well()
    _burgle(stack, 2000, 5)
    stack.settle()
    rows = stack.center.events()
    assert stack.count(rows) == Count()
    stack.agent.verify()
    wait_until(lambda: _refused(stack) is False, "the heartbeat")
    if stack.agent.starts == 1:
        assert "accepted" in _journal_words(rows)
        stack.center.verify()
        return
    # what never was on the card is known to the center alone, and it says that
    said = run(CENTER, "verify", stack.center.folder, code=1).stdout
    assert said.count("\n  ") == 1, said
    assert "unwritten at" in said, said


def _in_mid_burglary(card: Card) -> None:
    with _stack(card) as stack:
        stack.agent.wait_well()
        _burgle(stack, 0, 20)
        card.refuse(stack.agent)
        _burgle(stack, 1001, MANY if isinstance(card, FullCard) else 20)
        _check_refusal(stack)
        card.mend(stack.agent)
        _check_whole(stack)


def _from_the_start(card: Card) -> None:
    card.refuse()
    with _stack(card) as stack:
        _burgle(stack, 0, 20)
        _check_refusal(stack)
        card.mend(stack.agent)
        _check_whole(stack)


def test_a_disk_that_refuses_in_mid_burglary(tmp_path: Path) -> None:
    _on_each(WHILE_RUNNING, tmp_path, _in_mid_burglary)


def test_a_disk_that_refuses_from_the_start(tmp_path: Path) -> None:
    _on_each(AT_START, tmp_path, _from_the_start)
