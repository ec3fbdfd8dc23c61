"""Reads a timeline: one JSON object a line, from anybody.

Nothing that a line holds raises.  What cannot be read is counted and passed over.  An alarm with a
broken field is still an alarm, and a zone is what its line says it is: there such a field is taken
as not said.  Any other line is passed over where who or what it speaks of cannot be read: with its
area not said, a code for one area would stand for the whole panel.  Time that is missing or goes
back is taken as that of the line before; where it goes back by more than moments, or is missing,
the line is known to have no time of its own.
"""

import json
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from math import isfinite
from typing import Any

from edge_agent.diagnosis.observation import NS, Measure, Observation, is_alarm
from edge_agent.domain.kinds import STATES, Kind, State
from edge_agent.domain.signal import NUMBER_MAX

LINE_CHARS_MAX = 1 << 16  # a line of ours has some 150; one far longer is no observation
T_S_MAX = 1e9  # thirty years: a time beyond is not one
TEXT_CHARS_MAX = 64  # panels, supplies, codes
COUNT_MAX = 1 << 53
JITTER_NS = 5 * NS  # lines of several panels may be told a little out of order

_KINDS: dict[str, Kind | Measure] = {
    **{str(kind): kind for kind in Kind},
    **{str(measure): measure for measure in Measure},
}
_STATES: dict[str, State] = {str(state): state for state in State}
_ARMED = frozenset({State.ARMED, State.ARMED_AWAY, State.ARMED_STAY})
_UP = {"up": True, "down": False}


class Reader:
    """Lines in, observations out; `problems` counts what made no sense, by what it was."""

    def __init__(self) -> None:
        self.problems: Counter[str] = Counter()  # only those that occurred count
        self.lines = 0
        self.observations = 0
        self.offset_s: int | None = None
        self._start_ns: int | None = None
        self._t_ns = 0
        self._takes: dict[str, Callable[[str, Any], int | str | None]] = {
            **dict.fromkeys(("panel", "code"), self._text),
            **dict.fromkeys(("area", "zone", "user"), self._number),
        }

    def read(self, lines: Iterable[bytes]) -> Iterator[Observation]:
        """Yield what the lines say, in their order."""
        for text in lines:
            observation = self.take(text)
            if observation is not None:
                yield observation

    def take(self, text: bytes) -> Observation | None:
        """Read one line; None where it says nothing that can be judged."""
        self.lines += 1
        if self.lines == 1:
            text = text.removeprefix(BOM_UTF8)  # some editors begin a file with it
        if len(text) > LINE_CHARS_MAX:
            self.problems["line_too_long"] += 1
            return None
        try:
            said = json.loads(text.decode())
        except (ValueError, RecursionError):
            if text.strip():
                self.problems["no_json"] += 1
            return None
        if not isinstance(said, dict):
            self.problems["no_object"] += 1
            return None
        if "start" in said and "kind" not in said:
            self._begin(said["start"])
            return None
        return self._observation(said)

    def _begin(self, start: Any) -> None:
        """The first line says when it all began; a second one would move what was judged."""
        if self._start_ns is not None or self.observations:
            self.problems["start_again"] += 1
            return
        try:
            began = datetime.fromisoformat(start)
            offset = began.utcoffset()
            self._start_ns = None if offset is None else round(began.timestamp()) * NS
            self.offset_s = None if offset is None else round(offset.total_seconds())
        except (TypeError, ValueError, OverflowError):
            self._start_ns = None
        self.problems["start"] += self._start_ns is None

    def _observation(self, said: dict[str, Any]) -> Observation | None:
        word = said.get("kind")
        kind = _KINDS.get(word) if isinstance(word, str) else None
        if kind is None:
            self.problems["kind"] += 1
            return None
        dated = self._time(said.get("t"))
        fields: dict[str, Any] = {}
        unread = self._who_and_what(said, fields)
        if isinstance(kind, Measure):
            self._measured(kind, said, fields)
        elif (word := said.get("state")) is not None:
            fields["state"] = self._state(kind, word)
        state = fields.get("state")
        if state in _ARMED:
            unread.discard("user")  # it is armed, whoever did it
        if unread and not (kind is Kind.ZONE or is_alarm(kind, state)):
            return None
        self.observations += 1
        return Observation(
            line=self.lines,
            t_ns=self._t_ns,
            kind=kind,
            wall_ns=None if self._start_ns is None else self._start_ns + self._t_ns,
            dated=dated,
            panel_time=self._text("panel_time", said.get("panel_time")),
            **fields,
        )

    def _who_and_what(self, said: dict[str, Any], fields: dict[str, Any]) -> set[str]:
        """Take what says of whom a line speaks; return the names of what cannot be read."""
        unread = set()
        for name, take in self._takes.items():
            before = self.problems[name]
            fields[name] = take(name, said.get(name))
            if self.problems[name] > before:
                unread.add(name)
        return unread

    def _time(self, t: Any) -> bool:
        """Move on to `t`; False where it makes no sense."""
        if isinstance(t, int | float) and not isinstance(t, bool) and 0 <= t <= T_S_MAX:
            t_ns = round(t * NS)
            if t_ns >= self._t_ns - JITTER_NS:
                self._t_ns = max(t_ns, self._t_ns)
                return True
        self.problems["t"] += 1
        return False

    def _number(self, name: str, number: Any) -> int | None:
        """Return a number of a panel; None where it is not said, which panels print as 0."""
        if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= NUMBER_MAX:
            return number or None
        self.problems[name] += number is not None
        return None

    def _text(self, name: str, text: Any) -> str | None:
        if isinstance(text, str) and 0 < len(text) <= TEXT_CHARS_MAX:
            return text
        if text is not None:
            self.problems[name] += 1
        return None

    def _state(self, kind: Kind, word: Any) -> State | None:
        state = _STATES.get(word) if isinstance(word, str) else None
        if state is None or state not in STATES[kind]:
            self.problems["state"] += 1
            return None
        return state

    def _measured(self, kind: Measure, said: dict[str, Any], fields: dict[str, Any]) -> None:
        match kind:
            case Measure.UPLINK:
                word = said.get("state")
                fields["up"] = _UP.get(word) if isinstance(word, str) else None
                self.problems["state"] += fields["up"] is None
            case Measure.LOOP:
                fields["ohms"] = self._measure("ohms", said.get("ohms"), 0.0)
            case Measure.SUPPLY:
                fields["supply"] = self._text("supply", said.get("supply"))
                fields["volts"] = self._measure("volts", said.get("volts"), 0.0)
                fields["load_test"] = said.get("load_test") is True
            case Measure.RADIO:
                fields["rssi_dbm"] = self._measure("rssi_dbm", said.get("rssi_dbm"), -1e3)
                interference = said.get("interference")
                fields["interference"] = interference if isinstance(interference, bool) else None
            case Measure.LINE:
                fields["frames"] = self._count("frames", said.get("frames"))
                fields["bad"] = self._count("bad", said.get("bad"))

    def _measure(self, name: str, value: Any, least: float) -> float | None:
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                measured = float(value)
            except OverflowError:
                measured = float("inf")
            if isfinite(measured) and least <= measured <= 1e12:
                return measured
        if value is not None:
            self.problems[name] += 1
        return None

    def _count(self, name: str, value: Any) -> int | None:
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= COUNT_MAX:
            return value
        if value is not None:
            self.problems[name] += 1
        return None
