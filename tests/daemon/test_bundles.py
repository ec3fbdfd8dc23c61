"""A bundle by command: what the child is called with, what is told, and what is no bundle.

With a real agent and center: tests/system/test_answers.py.
"""

import asyncio
import hashlib
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent import files
from edge_agent.daemon import children
from edge_agent.daemon.bundles import Bundling, name_of, options_of
from edge_agent.daemon.children import Failed
from edge_agent.daemon.commands import Result
from edge_agent.domain.access import Role
from edge_agent.domain.event import BodyValue
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import CenterCommand, CommandRef
from edge_agent.evidence.piece import Piece
from tests.evidence.test_command import COMMAND

NAME = "bundle-0123456789ab"
REF = CommandRef("center", 7, bytes(32))
WANTED = replace(COMMAND, what="bundle", role=Role.INSTALLER, body={1: NAME, 2: "case 17"})


def asked(body: dict[int, BodyValue]) -> CenterCommand:
    return replace(WANTED, body=body)


def test_who_asks_and_what_for_stands_in_the_record() -> None:
    assert options_of(WANTED) == ["--purpose=case 17 (for Li Na, installer of center)"]
    span = options_of(asked({2: "x", 3: 1_763_900_000_000, 4: 1_763_900_000_500}))
    assert span[1:] == ["--since=2025-11-23T12:13:20+00:00", "--until=2025-11-23T12:13:21+00:00"]
    assert options_of(asked({2: "x", 5: "p1", 6: 2}))[1:] == ["--panel=p1", "--area=2"]
    incident = "0102030405060708/42"
    assert options_of(asked({2: "x", 7: incident}))[1:] == [f"--incident={incident}"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {2: " "}, {2: "x" * 101}, {2: "x", 3: -1}, {2: "x", 3: 2**62}, {2: "x", 5: "p1"},
        {2: "x", 6: 1}, {2: "x", 6: 0, 5: "p1"}, {2: "x", 7: "--out=/etc/x"}, {2: "x", 8: 1},
    ],
)  # fmt: skip
def test_what_is_no_bundle_is_malformed(body: dict[int, BodyValue]) -> None:
    with pytest.raises(Malformed):
        options_of(asked(body))


@pytest.mark.parametrize("name", [None, "", "bundle-", "../../etc/passwd", "bundle-0123456789AB"])
def test_a_name_of_another_form_is_malformed(name: str | None) -> None:
    with pytest.raises(Malformed):
        name_of(asked({} if name is None else {1: name}))


@dataclass
class Center:
    """What comes at the center; `why`: why the broker does not take it."""

    why: str = ""
    pieces: list[Piece] = field(default_factory=list)

    async def hand_over(self, center: str, data: bytes) -> str:
        assert center == "center"
        self.pieces.append(Piece.from_bytes(data))
        return self.why


def take(folder: Path, child: Any, center: Center, *, short: bool = False) -> Result:
    made = Bundling(folder / "gateway.toml", folder, lambda: short, center.hand_over)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(children, "run", child)
        result = asyncio.run(made.take(WANTED, REF))
    assert list(folder.iterdir()) == [], "nothing is left"
    return result


def child_that_makes(data: bytes) -> Any:
    async def child(*words: str, **_: Any) -> bytes:
        out = Path(words[words.index("--out") + 1])
        await asyncio.to_thread(files.write_new, out, data)  # as `edge-agent export`, over nothing
        return json.dumps({"events": 3, "bytes": len(data)}).encode()

    return child


def test_what_was_made_is_sent_and_named_by_its_hash(tmp_path: Path) -> None:
    data, center = bytes(20_000), Center()
    result = take(tmp_path, child_that_makes(data), center)
    assert (result.outcome, result.detail) == ("done", "3 events, 20000 bytes")
    facts = json.loads(result.facts)
    assert facts == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": 20_000, "events": 3}
    assert {one.name for one in center.pieces} == {NAME}
    assert b"".join(one.data for one in center.pieces) == data


def test_one_is_made_at_a_time_and_what_a_run_that_was_cut_left_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    center = Center()
    made = Bundling(tmp_path / "gateway.toml", tmp_path, lambda: False, center.hand_over)
    monkeypatch.setattr(children, "run", child_that_makes(b"x"))
    (tmp_path / "bundle.making").write_bytes(b"half")

    async def both() -> tuple[Result, Result]:
        return await asyncio.gather(made.take(WANTED, REF), made.take(WANTED, REF))

    assert [one.outcome for one in asyncio.run(both())] == ["done", "done"]
    assert [one.data for one in center.pieces] == [b"x", b"x"]


def test_what_cannot_be_made_or_sent_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_words: str, **_: Any) -> bytes:
        return b""

    async def slow(*_words: str, **_: Any) -> bytes:
        raise Failed("it did not end within 240 s")

    monkeypatch.setattr("edge_agent.daemon.bundles.BYTES_MAX", 8)
    for child, center, why in (
        (nothing, Center(), "nothing of that kind"),
        (slow, Center(), "did not end"),
        (child_that_makes(bytes(9)), Center(), "9 bytes, and at most 8"),
        (child_that_makes(b"x"), Center("nobody subscribes"), "nobody subscribes"),
    ):
        result = take(tmp_path, child, center)
        assert result.outcome == "failed"
        assert why in result.detail
        assert "--since" in result.detail
    assert take(tmp_path, slow, Center(), short=True).outcome == "refused"


def test_a_disk_that_does_not_even_remove_is_told_and_is_no_crash(tmp_path: Path) -> None:
    """Seen to fail: an OSError that leaves `take` ends the process, a card in read-only mode gives
    one for a file that is not even there.
    """
    folder = tmp_path / "no-folder"
    folder.touch()
    made = Bundling(tmp_path / "gateway.toml", folder, lambda: False, Center().hand_over)
    result = asyncio.run(made.take(WANTED, REF))
    assert result.outcome == "failed"
    assert "Not a directory" in result.detail
