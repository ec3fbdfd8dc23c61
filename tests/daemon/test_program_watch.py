"""What the agent says of its program: once, and again when it changes."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from edge_agent import limits
from edge_agent.daemon import children
from edge_agent.daemon.program_watch import Looked, Program, look, read, watch_program
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import FindingBody
from edge_agent.evidence.program import ProgramBody

GOOD = ProgramBody("1.2", b"d" * 32, b"e" * 32, released=True)
BAD = ProgramBody("1.2", b"x" * 32, b"e" * 32, released=True, differences=1)


def said(program: Program, looked: Looked) -> list[ProgramBody | FindingBody]:
    return [
        ProgramBody.from_body(body) if type_ == "program" else FindingBody.from_body(body)
        for type_, _, body in program.take(looked)
    ]


def answer(**changed: object) -> bytes:
    whole = {
        "version": "1.2",
        "released": True,
        "signed": None,
        "digest": "64" * 32,
        "dependencies": "65" * 32,
        "files": 3,
        "differences": [],
    }
    return json.dumps(whole | changed).encode()


def test_the_program_is_said_once() -> None:
    program = Program()
    assert said(program, Looked(GOOD)) == [GOOD]
    assert said(program, Looked(GOOD)) == []


def test_an_altered_file_is_a_finding_and_its_mending_its_end() -> None:
    program = Program()
    assert said(program, Looked(GOOD)) == [GOOD]
    body, found = said(program, Looked(BAD, "edge_agent/agent.py altered"))
    assert body == BAD
    assert isinstance(found, FindingBody)
    assert (found.cause, found.over) == ("program_altered", False)
    assert "agent.py" in found.detail
    assert said(program, Looked(BAD, "edge_agent/agent.py altered")) == []
    body, over = said(program, Looked(GOOD))
    assert body == GOOD
    assert isinstance(over, FindingBody)
    assert (over.cause, over.over) == ("program_altered", True)


def test_what_cannot_be_looked_at_is_said() -> None:
    program = Program()
    (found,) = said(program, Looked(None, "exit code 9"))
    assert isinstance(found, FindingBody)
    assert (found.cause, found.detail) == ("program_unchecked", "exit code 9")
    over, altered = said(program, Looked(BAD, "x"))[1:]
    assert isinstance(over, FindingBody)
    assert isinstance(altered, FindingBody)
    assert (over.cause, over.over, altered.cause) == ("program_unchecked", True, "program_altered")


def test_a_childs_answer_is_read() -> None:
    assert read(answer()) == Looked(GOOD)
    many = [{"path": f"f{number}", "what": "altered"} for number in range(6)]
    looked = read(answer(differences=many))
    assert looked.body is not None
    assert looked.body.differences == 6
    assert looked.detail == "f0 altered, f1 altered, f2 altered, f3 altered and 2 more"
    for signed in (True, False, None):
        body = read(answer(signed=signed)).body
        assert body is not None
        assert body.signed is signed


@pytest.mark.parametrize(
    "output", [b"", b"[]", b"{}", answer(digest="zz"), answer(differences=3), b"\xff"]
)
def test_an_answer_that_cannot_be_read_is_no_answer(output: bytes) -> None:
    assert read(output).body is None


def test_the_command_itself_answers() -> None:
    looked = asyncio.run(look())
    assert looked.body is not None, looked.detail
    assert not looked.body.released


def test_a_child_that_fails_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: str, s_max: float) -> bytes:
        raise children.Failed(f"it did not end within {s_max:.0f} s")

    monkeypatch.setattr(children, "run", fail)
    looked = asyncio.run(look())
    assert looked.body is None
    assert "did not end within 900 s" in looked.detail


def test_it_looks_again_every_day(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise asyncio.CancelledError

    answers: Iterator[Looked] = iter([Looked(GOOD), Looked(BAD, "x")])

    async def look_once() -> Looked:
        return next(answers)

    notes: list[tuple[EventType, Lane, Body]] = []
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(watch_program(lambda *note: notes.append(note), look_once))
    assert [type_ for type_, _, _ in notes] == ["program", "program", "finding"]
    assert slept == [limits.PROGRAM_LOOK_DELAY_S, *[limits.PROGRAM_LOOK_S] * 2]
