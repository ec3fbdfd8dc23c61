"""Tells what happened to one frame: line, kills, events and the agent's log in one order of time.

For a frame that became more events than its panel had reasons to say it: each copy as it left the
panel, each answer that the panel heard, what the agent said of it, and what was killed between.
"""

import datetime
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.rig.count import ENDS

Row = Mapping[str, Any]
NS = 1_000_000_000
MARGIN_NS = NS // 20  # told before the first copy and after the last event


@dataclass(frozen=True, slots=True)
class Passed:
    """One line of a panel's trace: what went over its line, CLOCK_BOOTTIME."""

    at_ns: int
    did: str  # said, heard, plugged, unplugged
    data: bytes

    @staticmethod
    def read(trace: Path) -> list["Passed"]:
        """Return what a panel wrote with `--trace`; its last line may be missing its end."""
        lines = [line for line in trace.read_text().splitlines(keepends=True) if line[-1:] == "\n"]
        facts = [fact for fact in map(json.loads, lines) if fact["did"] != "told"]
        return [Passed(fact["t_ns"], fact["did"], bytes.fromhex(fact["hex"])) for fact in facts]


def again(rows: Iterable[Row], panels: Iterable[str]) -> dict[tuple[str, bytes], list[Row]]:
    """Return the frames of `panels` that are more than one event, with these, oldest first."""
    found: dict[tuple[str, bytes], list[Row]] = {}
    wanted = set(panels)
    for row in sorted(rows, key=at_ns):
        if row["type"] == "signal" and row["body"]["panel"] in wanted:
            frame = bytes.fromhex(row["body"]["frame"]).strip(ENDS)
            found.setdefault((row["body"]["panel"], frame), []).append(row)
    return {key: events for key, events in found.items() if len(events) > 1}


def at_ns(row: Row) -> int:
    """Return when an event was heard, CLOCK_BOOTTIME."""
    return int(row["stamp"]["boottime_ns"])


def is_answered(
    frame: bytes, passed: Sequence[Passed], ack: bytes, since_ns: int, until_ns: int
) -> bool:
    """Tell whether the panel heard `ack` of `frame` in that time: then a copy is no retransmission.

    A panel says nothing else before it has its answer.
    """
    waits = False
    for one in passed:
        if one.at_ns > until_ns:
            break
        if one.did == "said":
            waits = one.data.strip(ENDS) == frame
        elif one.did != "heard":
            waits = False
        elif waits and one.at_ns >= since_ns and ack in one.data:
            return True
    return False


def tell(
    frame: bytes, events: Sequence[Row], passed: Sequence[Passed], kills_ns: Sequence[int], log: str
) -> str:
    """Return the tale of `frame`, one line for each thing that happened, times from its first."""
    lines = [(one.at_ns, _words(one)) for one in passed]
    lines += [(kill_ns, "agent killed") for kill_ns in kills_ns]
    lines += [(at_ns(row), f"EVENT {row['epoch'][:8]}/{row['seq']}") for row in events]
    lines += _logged(log)
    said_ns = [one.at_ns for one in passed if one.did == "said" and one.data.strip(ENDS) == frame]
    first_ns = min([*said_ns, at_ns(events[0])])
    begin_ns, end_ns = first_ns - MARGIN_NS, at_ns(events[-1]) + MARGIN_NS
    told = sorted(line for line in lines if begin_ns <= line[0] <= end_ns)
    head = f"{frame!r} is {len(events)} events"
    return "\n".join([head, *(f"  {(ns - first_ns) / NS:+9.4f} s  {words}" for ns, words in told)])


def _words(one: Passed) -> str:
    return f"panel {one.did} {one.data!r}" if one.data else f"panel {one.did}"


def _logged(log: str) -> list[tuple[int, str]]:
    """Return the lines of an agent's log with their CLOCK_BOOTTIME; nobody steps the clock."""
    offset_ns = time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    found = []
    for line in log.splitlines():
        try:
            fact = json.loads(line)
            said = datetime.datetime.fromisoformat(fact.pop("time"))
        except (ValueError, KeyError, AttributeError):
            continue  # a traceback, or a line that was cut by a kill
        words = " ".join(str(fact.get(key, "")) for key in ("event", "kind", "line", "detail"))
        found.append((int(said.timestamp() * NS) - offset_ns, f"agent: {words.strip()}"))
    return found
