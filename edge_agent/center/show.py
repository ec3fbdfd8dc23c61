"""Stored events as values for people and programs: what a line holds, and how it reads.

Text that a panel or gateway chose is shown with its control characters escaped: a terminal must not
obey what an intruder wrote into a zone's name.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from edge_agent.domain.event import BodyValue, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.domain.stamp import Trust
from edge_agent.evidence.bodies import SignalBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.envelope import Event, peek

LATE_MS_MIN = 10_000  # stored this long after its stamp: shown as late
ROWS_A_READ = 500  # rows fetched at a time

_SELECT = (
    "SELECT event.id, event.received_ms, live, fork, event.vouched, envelope FROM event"
    " JOIN epoch ON epoch.id = epoch_id WHERE event.id > ?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which events: None stands for all."""

    gateway: str | None = None
    type: str | None = None
    lane: int | None = None
    since_ms: int | None = None  # received at or after

    def where(self) -> tuple[str, list[str | int]]:
        """Return the conditions and their values."""
        conditions = {
            "epoch.gateway = ?": self.gateway,
            "event.type = ?": self.type,
            "event.lane = ?": self.lane,
            "event.received_ms >= ?": self.since_ms,
        }
        given = {text: value for text, value in conditions.items() if value is not None}
        return "".join(f" AND {text}" for text in given), list(given.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One stored event; `number` is the order of arrival."""

    number: int
    received_ms: int
    live: bool
    fork: bool
    vouched: bool
    event: Event

    @property
    def late_ms(self) -> int | None:
        """How long after its stamp it was stored; None where the stamp's wall clock was not set."""
        stamp = self.event.stamp
        if stamp.wall_ns is None or stamp.trust is Trust.UNSET:
            return None
        return self.received_ms - stamp.wall_ns // 1_000_000

    @property
    def marks(self) -> list[str]:
        """What is to be known of it besides what it says."""
        marks = {
            "fork": self.fork,
            "unvouched": not self.vouched,
            "late": self.late_ms is not None and self.late_ms >= LATE_MS_MIN,
            "clock unset": self.event.stamp.trust is Trust.UNSET,
        }
        return [mark for mark, holds in marks.items() if holds]


def select(
    connection: sqlite3.Connection, wanted: Wanted, after: int = 0, limit: int | None = None
) -> Iterator[Shown]:
    """Yield stored events in the order of their arrival, after number `after`."""
    where, values = wanted.where()
    rows = connection.execute(
        f"{_SELECT}{where} ORDER BY event.id LIMIT ?",
        [after, *values, -1 if limit is None else limit],
    )
    while found := rows.fetchmany(ROWS_A_READ):
        yield from map(_shown, found)


def newest(connection: sqlite3.Connection, wanted: Wanted, limit: int) -> list[Shown]:
    """Return the last `limit` events, oldest first."""
    where, values = wanted.where()
    rows = connection.execute(
        f"{_SELECT}{where} ORDER BY event.id DESC LIMIT ?",
        [0, *values, limit],
    ).fetchall()
    return [_shown(row) for row in reversed(rows)]


def _shown(row: Any) -> Shown:
    number, received_ms, live, fork, vouched, envelope = row
    return Shown(
        number=number,
        received_ms=received_ms,
        live=bool(live),
        fork=bool(fork),
        vouched=bool(vouched),
        event=peek(envelope)[1],  # it was verified before it was stored
    )


# ---- for programs


def as_json(shown: Shown) -> dict[str, Any]:
    """Return plain values for JSON; byte strings as hex."""
    event = shown.event
    stamp = event.stamp
    return {
        "number": shown.number,
        "gateway": event.gateway,
        "epoch": event.epoch.hex(),
        "seq": event.seq,
        "type": str(event.type),
        "lane": int(event.lane),
        "stamp": {
            "wall_ns": stamp.wall_ns,
            "boottime_ns": stamp.boottime_ns,
            "boot_id": stamp.boot_id.hex(),
            "trust": str(stamp.trust),
            "uncertainty_ms": stamp.uncertainty_ms,
        },
        "received_ms": shown.received_ms,
        "live": shown.live,
        "late_ms": shown.late_ms,
        "marks": shown.marks,
        "body": _body(event),
    }


def _body(event: Event) -> Any:
    if event.type is EventType.SIGNAL:
        try:
            return _signal(SignalBody.from_body(event.body))
        except Malformed:
            pass  # signed by its gateway all the same: shown as it is
    return _plain(dict(event.body))


def _signal(body: SignalBody) -> dict[str, Any]:
    said = body.signal
    return {
        "panel": body.panel,
        "kind": str(said.kind),
        "code": said.code,
        "state": str(said.state),
        "origin": str(said.origin),
        "area": said.area,
        "zone": said.zone,
        "user": said.user,
        "account": said.account,
        "text": said.text,
        "panel_time": said.panel_time,
        "driver": body.driver,
        "driver_version": body.driver_version,
        "profile": body.profile,
        "frame": said.frame.hex(),
    }


def _plain(value: BodyValue) -> Any:
    match value:
        case bytes():
            return value.hex()
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case _:
            return value


# ---- for people


def as_line(shown: Shown, zone: tzinfo | None) -> str:
    """Return one line; `zone` None is the reader's local time."""
    event = shown.event
    wall_ns = event.stamp.wall_ns
    when = "-" if wall_ns is None else time_text(wall_ns // 1_000_000, zone)
    marks = f"  [{', '.join(shown.marks)}]" if shown.marks else ""
    return safe(
        f"{when}  {event.gateway}  {event.epoch.hex()[:6]}/{event.seq}  "
        f"{Lane(event.lane).name.lower():<9}  {event.type:<8}  {summary(event)}{marks}"
    )


def summary(event: Event) -> str:
    """Return what the event says, in a few words."""
    body = _body(event)
    if event.type is EventType.SIGNAL and "kind" in body:
        names = ("code", "area", "zone", "user", "account", "text")
        details = [f"{name} {body[name]}" for name in names if body[name] is not None]
        origin = "" if body["origin"] == "live" else f" ({body['origin']})"
        return " ".join([body["panel"], body["kind"], body["state"] + origin, *details])
    words = [str(one) for one in body.values() if one not in (None, "")]
    return " ".join(words)[:120]


def time_text(unix_ms: int, zone: tzinfo | None) -> str:
    """Return a time to the millisecond, with its offset from UTC."""
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone(zone)
    return moment.isoformat(sep=" ", timespec="milliseconds")


def safe(text: str) -> str:
    """Return `text` with everything that is not printable escaped, so that no terminal obeys it."""
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
