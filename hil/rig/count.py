"""Counts the truth: what the panels said against what a center or a journal holds.

A panel with ACKs is held to its frames, by multiplicity: what was acknowledged must be there, what
was said may be there, nothing twice, nothing that was never said.  A register map has no ACK and
its frames show all inputs, so an edge is found by input, state and time; what an agent read within
`WINDOW_S` before it was killed may be missing (docs/drivers tells that window), and what it found
active at its start (`at_start`) is no invention where the input was active.  An edge between the
connection and the first read is told by the state at start.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.domain.kinds import POINTS, Origin, State

Entry = Mapping[str, Any]
Row = Mapping[str, Any]

ENDS = b"\x14\r\n"  # what may end a frame; ledgers leave it out
WINDOW_S = 0.5  # from a read to its commit, on a machine that is busy with other stacks
LATE_S = 5.0  # an edge becomes an event within this time: one poll and its debounce, and that load
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Count:
    """What does not fit, in words; all empty where all is well."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()

    def __add__(self, other: "Count") -> "Count":
        return Count(
            self.lost + other.lost, self.doubled + other.doubled, self.invented + other.invented
        )


def compare(
    ledgers: Mapping[str, Sequence[Entry]],
    rows: Iterable[Row],
    *,
    registers: Iterable[str] = (),
    kills_ns: Sequence[int] = (),
) -> Count:
    """Compare ledgers (by panel of the agent) with stored events.

    `registers` names the panels that have no ACK; `kills_ns` (CLOCK_BOOTTIME) is when the agent
    was killed.
    """
    by_panel: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["type"] == "signal":
            by_panel[row["body"]["panel"]].append(row)
    found = Count()
    without_ack = set(registers)
    for panel in ledgers.keys() | by_panel.keys():
        ledger = [entry for entry in ledgers.get(panel, ()) if entry["id"]]
        if panel in without_ack:
            found += _edges(panel, ledger, by_panel[panel], kills_ns)
        else:
            found += _frames(panel, ledger, by_panel[panel])
    return found


# ---- panels that acknowledge


def _frames(panel: str, ledger: Sequence[Entry], rows: Sequence[Row]) -> Count:
    newest = {entry["id"]: entry for entry in ledger}
    said = Counter(one["frame"] for one in newest.values() if one["state"] != "dropped")
    acked = Counter(one["frame"] for one in newest.values() if one["state"] == "acked")
    held = Counter(_frame(row) for row in rows if row["body"]["kind"] not in POINTS)
    return Count(
        tuple(f"{panel} {_text(one)} x{n}" for one, n in (acked - held).items()),
        tuple(f"{panel} {_text(one)} x{n}" for one, n in (held - said).items() if one in said),
        tuple(f"{panel} {_text(one)} x{n}" for one, n in held.items() if one not in said),
    )


def _frame(row: Row) -> str:
    return bytes.fromhex(row["body"]["frame"]).rstrip(ENDS).hex()


def _text(frame: str) -> str:
    return repr(bytes.fromhex(frame).decode("latin-1"))


# ---- register maps


@dataclass(slots=True)
class _Edge:
    """One change of an input; `read_ns` None: never read, nobody can know of it."""

    state: str
    set_ns: int
    read_ns: int | None = None
    found: bool = False  # older than the conversation that read it
    taken: bool = False


def _edges(panel: str, ledger: Sequence[Entry], rows: Sequence[Row], kills: Sequence[int]) -> Count:
    edges: dict[int, list[_Edge]] = defaultdict(list)  # by input
    ids: dict[int, _Edge] = {}
    for entry in ledger:
        if entry["state"] == "set":
            edge = _Edge(entry["signal"]["state"], entry["t_ns"])
            ids[entry["id"]] = edge
            edges[entry["signal"]["zone"]].append(edge)
        elif entry["state"] in ("said", "found"):
            ids[entry["id"]].read_ns = entry["t_ns"]
            ids[entry["id"]].found = entry["state"] == "found"
    surplus: list[Row] = []
    states = [row for row in rows if row["body"]["kind"] in POINTS]  # read along, never said
    for row in sorted(rows, key=_at_ns):
        if row["body"]["kind"] in POINTS:
            continue
        told = _edge_of(row, edges[row["body"]["zone"]])
        if told is None:
            surplus.append(row)
        else:
            told.taken = True
    lost = [
        f"{panel} input {zone} {edge.state} at {edge.read_ns}"
        for zone, found in edges.items()
        for edge in found
        if _is_due(edge, kills) and not edge.taken and not _is_told_at_start(edge, zone, states)
    ]
    doubled, invented = _judge(panel, surplus, edges)
    return Count(tuple(lost), tuple(doubled), tuple(invented))


def _edge_of(row: Row, edges: Sequence[_Edge]) -> _Edge | None:
    """Return the newest edge that the row can tell of."""
    at_ns = row["stamp"]["boottime_ns"]
    for edge in reversed(edges):
        if edge.state == row["body"]["state"] and not edge.taken and edge.read_ns is not None:
            since_ns = at_ns - edge.set_ns
            if since_ns >= 0 and at_ns <= edge.read_ns + LATE_S * NS:
                return edge
    return None


def _is_due(edge: _Edge, kills: Sequence[int]) -> bool:
    if edge.read_ns is None or edge.found:
        return False
    return not any(-0.05 * NS <= kill - edge.read_ns <= WINDOW_S * NS for kill in kills)


def _is_told_at_start(edge: _Edge, zone: int, states: Iterable[Row]) -> bool:
    """Tell whether the first read after the edge was the first of its conversation."""
    assert edge.read_ns is not None, "only asked about edges that were read"
    return any(
        row["body"]["zone"] == zone
        and row["body"]["origin"] == Origin.AT_START
        and edge.set_ns <= _at_ns(row) <= edge.read_ns + LATE_S * NS
        for row in states
    )


def _at_ns(row: Row) -> int:
    return int(row["stamp"]["boottime_ns"])


def _judge(
    panel: str, surplus: Sequence[Row], edges: Mapping[int, Sequence[_Edge]]
) -> tuple[list[str], list[str]]:
    doubled: list[str] = []
    invented: list[str] = []
    for row in surplus:
        body, at_ns = row["body"], row["stamp"]["boottime_ns"]
        words = f"{panel} input {body['zone']} {body['state']} ({body['origin']}) at {at_ns}"
        before = [edge for edge in edges.get(body["zone"], ()) if edge.set_ns <= at_ns]
        # what was read just before an edge is stamped just after it
        late = [edge for edge in before if edge.set_ns > at_ns - WINDOW_S * NS]
        stood = before[-len(late) - 1 :]
        true = any(edge.state == body["state"] for edge in stood)
        if body["state"] == State.UNKNOWN or (body["origin"] == Origin.AT_START and true):
            continue  # what stands at start is told at every start
        same = any(edge.state == body["state"] for edge in before)
        (doubled if same else invented).append(words)
    return doubled, invented
