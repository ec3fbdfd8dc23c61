"""The agent's answers, understood; and what nonsense and silence are taken for."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge_agent.diagnosis.probes import Probe
from edge_agent.update.marker import Word
from edge_agent.update.service import OF_THE_MACHINE, AgentService
from edge_agent.update.steps import Recorded, Seen, SelfTested, Silent, Tell

SOCKET = Path("agent.sock")
CENTER = {"center": "main", "required": True, "connected": True, "proven": True}
STATUS = {"version": "1.0", "epoch": "ab", "journal": {"refused": None}, "centers": [CENTER]}


def service(*answers: Any) -> tuple[AgentService, list[tuple[str, dict[str, Any]]]]:
    left: Iterator[Any] = iter(answers)
    asked: list[tuple[str, dict[str, Any]]] = []

    def ask(socket: Path, do: str, **arguments: Any) -> Any:
        asked.append((do, arguments))
        answer = next(left)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return AgentService(SOCKET, ask), asked


@pytest.mark.parametrize(
    ("change", "proven", "trouble"),
    [
        ({}, True, ""),
        ({"centers": [CENTER | {"proven": False}]}, False, ""),
        ({"centers": [CENTER | {"connected": False}]}, False, "center main is not connected"),
        ({"centers": [CENTER, CENTER | {"required": False, "connected": False}]}, True, ""),
        ({"journal": {"refused": "read-only"}}, True, "the disk refuses: read-only"),
    ],
)
def test_how_it_stands(change: dict[str, Any], proven: bool, trouble: str) -> None:
    asked, _ = service(STATUS | change)
    assert asked.look() == Seen("1.0", "ab", proven, trouble)


@pytest.mark.parametrize("answer", [OSError(), ValueError(), {}, None, {"centers": 3}])
def test_nonsense_is_silence(answer: Any) -> None:
    assert service(answer)[0].look() == Silent()


def probe(name: str, good: bool | None) -> dict[str, Any]:
    return {"probe": name, "what": "it", "good": good}


def test_a_self_test_is_heard_to_its_end() -> None:
    first = {"run": 3, "over": False, "broken": "", "probes": [probe("port", False)]}
    more = first | {"over": True, "probes": [probe("name", None), probe("broker", False)]}
    asks, asked = service(first, more)
    assert asks.test() == SelfTested(("port it", "broker it"))
    assert asked[1] == ("diagnose", {"run": 3, "seen": 1})


def test_what_the_machine_alone_decides_is_no_verdict() -> None:
    probes = [probe(name, False) for name in sorted(OF_THE_MACHINE)]
    answer = {"run": 3, "over": True, "broken": "", "probes": probes}
    assert service(answer)[0].test() == SelfTested(())
    assert {str(one) for one in Probe} > OF_THE_MACHINE


@pytest.mark.parametrize(
    "answers",
    [
        [ValueError("an alarm is young")],
        [{"run": 1, "over": True, "broken": "an alarm is young", "probes": []}],
        [{"run": 1, "over": False, "broken": "", "probes": []}, OSError("an alarm is young")],
        [{"an alarm is young": 1}],
    ],
)
def test_one_that_was_not_had_says_why(answers: list[Any]) -> None:
    tested = service(*answers)[0].test()
    assert tested.bad is None
    assert tested.why


def test_a_step_is_told_with_who_and_what() -> None:
    asks, asked = service(None, ValueError("the disk"))
    assert asks.tell(Tell(Word.BEGUN, "1 to 2"), "Li Na", "ab") == Recorded()
    assert asked == [
        ("update", {"word": "begun", "detail": "1 to 2", "by": "Li Na", "digest": "ab"})
    ]
    assert "the disk" in asks.tell(Tell(Word.BEGUN, "1 to 2"), "Li Na", "ab").why


def test_the_service_is_restarted_by_the_command(tmp_path: Path) -> None:
    mark = tmp_path / "restarted"
    command = (sys.executable, "-c", f"open({str(mark)!r}, 'w')")
    AgentService(SOCKET, lambda: None, command).restart()
    assert mark.exists()
    AgentService(SOCKET, lambda: None, ("/nowhere/at/all",)).restart()  # seen by looking
