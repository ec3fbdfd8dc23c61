"""What a self-test found, as an `act` carries it: one row a probe.  Keys: docs/wire-format.md."""

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.domain.event import Body, BodyValue
from edge_agent.evidence import fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.fields import NAME_CHARS_MAX

ROWS_MAX = 64  # a gateway of eight panels and two centers has some 40
ROWS_BYTES_MAX = 8192  # half of what a journal's record holds
_BAD, _GOOD, _NOT_TRIED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One probe: its word, which one it was, whether it was good (None: not tried), what it saw."""

    probe: str
    what: str
    good: bool | None
    detail: str = ""

    def __post_init__(self) -> None:
        if not fields.is_word(self.probe):
            raise ValueError(f"{self.probe[:80]!r} is no word for a probe")


def to_value(rows: Iterable[ProbeRow]) -> list[BodyValue] | None:
    """Return the rows, those to mend first, as many as there is room for; None without any."""
    value: list[BodyValue] = []
    left = ROWS_BYTES_MAX
    for row in sorted(rows, key=lambda one: (one.good is not False, one.good is not None)):
        what = (fields.bounded(row.what) or "?")[:NAME_CHARS_MAX]
        detail = fields.bounded(row.detail) or ""
        left -= len(row.probe) + len(what.encode()) + len(detail.encode()) + 8
        if left < 0 or len(value) == ROWS_MAX:
            break
        state = _NOT_TRIED if row.good is None else int(row.good)
        value.append([row.probe, what, state, detail])
    return value or None


def from_body(body: Body, key: int) -> tuple[ProbeRow, ...]:
    """Return the rows at `key`, none where it is absent.  Raises Malformed."""
    rows = fields.array(body, key, ROWS_MAX) if key in body else ()
    return tuple(map(_row, rows))


def _row(value: BodyValue) -> ProbeRow:
    row = fields.row(value, 4)
    state, detail = fields.number(row, 2, _BAD, _NOT_TRIED), row[3]
    probe = fields.text(row, 0, NAME_CHARS_MAX)
    if not fields.is_word(probe) or not isinstance(detail, str):
        raise Malformed("a row of a self-test that is none")
    good = None if state == _NOT_TRIED else state == _GOOD
    return ProbeRow(
        probe, fields.text(row, 1, NAME_CHARS_MAX), good, detail[: fields.TEXT_CHARS_MAX]
    )
