"""A bundle by command: what the child is called with, what is told, and what is no bundle.

With a real agent and center: tests/system/test_answers.py.
"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent import errands
from edge_agent.bundling import Bundling, options_of
from edge_agent.commanding import Result
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.errands import Failed
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.parcels import Parcels
from tests.evidence.test_command import COMMAND

REF = CommandRef("center", 7, bytes(32))
WANTED = replace(COMMAND, what="bundle", role=Role.INSTALLER, body={1: "case 17"})


def asked(body: dict[int, BodyValue]) -> CenterCommand:
    return replace(WANTED, body=body)


def test_who_asks_and_what_for_stands_in_the_record() -> None:
    assert options_of(WANTED) == ["--purpose=case 17 (for Li Na, installer of center)"]
    span = options_of(asked({1: "x", 2: 1_763_900_000_000, 3: 1_763_900_000_500}))
    assert span[1:] == [
        "--since=2025-11-23T12:13:20+00:00", "--until=2025-11-23T12:13:21+00:00",
    ]  # fmt: skip
    assert options_of(asked({1: "x", 4: "p1", 5: 2}))[1:] == ["--panel=p1", "--area=2"]
    incident = "0102030405060708/42"
    assert options_of(asked({1: "x", 6: incident}))[1:] == [f"--incident={incident}"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {1: " "}, {1: "x" * 101}, {1: "x", 2: -1}, {1: "x", 2: 2**62}, {1: "x", 4: "p1"},
        {1: "x", 5: 1}, {1: "x", 5: 0, 4: "p1"}, {1: "x", 6: "--out=/etc/x"}, {1: "x", 7: 1},
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_malformed(body: dict[int, BodyValue]) -> None:
    with pytest.raises(Malformed):
        options_of(asked(body))


def take(tmp_path: Path, child: Any, *, short: bool = False) -> Result:
    made = Bundling(tmp_path / "gateway.toml", Parcels(tmp_path / "parcels"), lambda: short)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(errands, "run", child)
        return asyncio.run(made.take(WANTED, REF))


def test_what_was_made_is_offered(tmp_path: Path) -> None:
    async def child(*words: str, **_: Any) -> bytes:
        out = Path(words[words.index("--out") + 1])
        await asyncio.to_thread(out.write_bytes, b"bundle")
        return json.dumps({"events": 3, "bytes": 6}).encode()

    result = take(tmp_path, child)
    assert (result.outcome, result.detail) == ("done", "3 events, 6 bytes")
    facts = json.loads(result.facts)
    assert (tmp_path / "parcels" / facts["sha256"]).read_bytes() == b"bundle"


def test_what_cannot_be_made_is_told_with_what_to_do(tmp_path: Path) -> None:
    async def nothing(*_words: str, **_: Any) -> bytes:
        return b""

    async def slow(*_words: str, **_: Any) -> bytes:
        raise Failed("it did not end within 240 s")

    for child, why in ((nothing, "nothing of that kind"), (slow, "did not end")):
        result = take(tmp_path, child)
        assert result.outcome == "failed"
        assert why in result.detail
        assert "--since" in result.detail
    assert take(tmp_path, slow, short=True).outcome == "refused"
