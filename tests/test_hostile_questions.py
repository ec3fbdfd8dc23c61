"""Any JSON at the gateway's own socket is answered, by every handler that a real agent has.

What a question does, and to whom it is refused, stands with its handler's tests.
"""

import asyncio
import json
from pathlib import Path
from random import Random
from typing import Any

from edge_agent.control.socket import REQUEST_BYTES_MAX
from tests.test_agent import gateway, panel, serving

__all__ = ["gateway", "panel"]

QUESTIONS = 1_000
WORDS = ("", "p1", "gw1", "shop", "\ud800", "\x00", "0" * 64, "ab", "status", "é" * 300, "1e999")
PLAUSIBLE: dict[str, Any] = {
    "panel": "p1", "area": 1, "zone": 1, "minutes": 1, "look": True, "act": "status", "code": None,
    "purpose": "case 17", "what": "span", "events": 3, "digest": "00" * 32, "gateway": "gw1",
    "word": "installed", "detail": "1.0", "by": "root", "reason": "moved", "paper": "00",
    "charter": "00", "offer": "00", "bundle": "00", "bundles": ["00"], "clip": "c", "run": "00",
    "seen": 0,
}  # fmt: skip
"""What the handlers look at, as somebody would ask; of each question a few are something else."""

ENDS = {"decommission"}  # what it takes is tried where it is handled


def value(random: Random, depth: int = 0) -> Any:
    """Return any JSON, most of it of the wrong kind."""
    kind = random.randrange(9 if depth < 3 else 6)
    if kind < 2:
        return random.choice(WORDS)
    if kind == 2:
        return random.choice((None, True, False))
    if kind == 3:
        return random.choice((0, -1, 1, 30, 2**31, 2**64, -(2**70), 10**400))
    if kind == 4:
        return random.choice((0.5, -0.0, 1e308, float("nan"), float("inf")))
    if kind == 5:
        return random.randbytes(random.randrange(40)).hex()
    if kind == 6:
        return [value(random, depth + 1) for _ in range(random.randrange(4))]
    return {random.choice(WORDS): value(random, depth + 1) for _ in range(random.randrange(5))}


def test_any_question_is_answered_or_refused(gateway: Path, panel: int, tmp_path: Path) -> None:
    """Seen to fail with a handler that takes what it is given for a number."""
    random, seen = Random(1), set()

    async def ask(question: Any) -> Any:
        reader, writer = await asyncio.open_unix_connection(
            str(tmp_path / "agent.sock"), limit=8 << 20
        )
        line = json.dumps(question).encode() + b"\n"
        assert len(line) < REQUEST_BYTES_MAX
        writer.write(line)
        answer = await reader.readline()
        writer.close()
        assert answer.endswith(b"\n"), f"no answer to {question!r:.300}"
        return json.loads(answer)

    async def run() -> None:
        async with serving(gateway, tmp_path / "agent.sock"):
            refused = (await ask({"do": "nothing"}))["error"]
            names = sorted(set(refused.partition("one of: ")[2].split(", ")) - ENDS)
            assert {"status", "export", "read", "walk_test"} <= set(names)
            for number in range(QUESTIONS):
                name = names[number % len(names)]
                odd = random.sample(sorted(PLAUSIBLE), random.randrange(1, 4))
                question = {**PLAUSIBLE, **{key: value(random) for key in odd}, "do": name}
                async with asyncio.timeout(60):
                    answer = await ask(question)
                assert isinstance(answer["ok"], bool)
                seen.add((name, answer["ok"]))
            assert (await ask({"do": "status"}))["ok"]
            assert {name for name, _ in seen} == set(names)

    asyncio.run(run())
