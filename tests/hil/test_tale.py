"""What is told of a frame that became two events, and what counts as answered."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hil.rig import Passed, again, is_answered, tell

MS = 1_000_000
FRAME = b"5011 18"


def passed(*lines: tuple[int, str, bytes]) -> list[Passed]:
    return [Passed(ms * MS, did, data) for ms, did, data in lines]


def row(seq: int, at_ms: int, frame: bytes = FRAME, panel: str = "p1") -> dict[str, Any]:
    body = {"panel": panel, "frame": (frame + b"\x14").hex()}
    stamp = {"boottime_ns": at_ms * MS}
    return {"type": "signal", "epoch": f"e{seq}", "seq": seq, "stamp": stamp, "body": body}


def test_frames_that_are_more_than_one_event_are_found() -> None:
    twice = [row(2, 900), row(1, 5)]
    others = [row(3, 1, b"another"), row(4, 6, panel="p2"), row(5, 7, panel="m1")]
    genesis = {"type": "genesis", "stamp": {"boottime_ns": 0}}
    assert again([*twice, *others, genesis], ["p1", "p2"]) == {("p1", FRAME): [twice[1], twice[0]]}


SAID = (10, "said", FRAME + b"\x14")


@pytest.mark.parametrize(
    ("line", "answered"),
    [
        (passed(SAID, (20, "heard", b"\x06")), True),
        (passed(SAID, (20, "heard", b"\x15")), False),
        (passed(SAID, (200, "heard", b"\x06")), False),
        (passed((1, "heard", b"\x06"), SAID), False),
        (passed(SAID, (15, "unplugged", b""), (16, "plugged", b"")), False),
        (passed(SAID, (16, "said", b"1011 @\x14"), (20, "heard", b"\x06")), False),
        (passed((1, "said", FRAME), (2, "heard", b"\x06"), (3, "said", FRAME)), False),
    ],
)
def test_answered_is_what_the_panel_heard_next(line: list[Passed], answered: bool) -> None:
    assert is_answered(FRAME, line, b"\x06", since_ns=5 * MS, until_ns=100 * MS) is answered


def test_the_tale_is_in_order_of_time_and_counts_from_the_first_copy(tmp_path: Path) -> None:
    now_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    since = now_ns // MS
    trace = tmp_path / "p1.trace"
    lines = [
        {"t_ns": now_ns + ms * MS, "peer": 0, "did": did, "hex": data.hex()}
        for ms, did, data in ((0, "said", FRAME + b"\x14"), (700, "unplugged", b""))
    ]
    trace.write_text("\n".join(map(json.dumps, lines)) + '\n{"t_ns": 1')
    said = datetime.fromtimestamp(time.time_ns() / 1e9 + 0.005, UTC).isoformat()
    log = f'Traceback\n{{"time": "{said}", "event": "panel.fault", "kind": "repeat"}}\n"cut'
    events = [row(1, since + 2), row(2, since + 900)]
    tale = tell(FRAME, events, Passed.read(trace), [now_ns + 600 * MS, now_ns + 999 * MS], log)
    words = [line.split(" s  ")[1] for line in tale.splitlines()[1:]]
    assert words[0] == "panel said b'5011 18\\x14'"
    assert set(words[1:3]) == {"EVENT e1/1", "agent: panel.fault repeat"}
    assert words[3:] == ["agent killed", "panel unplugged", "EVENT e2/2"]
    assert "+0.0000 s" in tale.splitlines()[1]
