"""The facts about every gateway: there or not, how far it came, and what went wrong."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent.center.handover import farewell
from edge_agent.center.settings import Presence
from edge_agent.center.troubles import Trouble, troubles
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.status import Status, peek_status

EPOCHS_SHOWN_MAX = 5  # of a gateway; `edge-center verify` looks at all
ONLINE, OFFLINE, CONNECTION_LOST = "online", "offline", "connection lost"
STOPPED, NEVER_HEARD = "stopped", "never heard"

LAST_EVENT = (  # by number: the newest arrival may be an older one of a backlog
    "SELECT received_ms FROM event WHERE epoch_id = (SELECT max(id) FROM epoch WHERE gateway = ?)"
    " ORDER BY seq DESC LIMIT 1"
)
EPOCHS = (
    "SELECT epoch.epoch, vouched, count, top, proved_to, broken, ended,"
    " (SELECT max(previous_size) FROM epoch AS later WHERE later.gateway = epoch.gateway"
    "  AND later.previous = epoch.epoch)"
    " FROM epoch WHERE gateway = ? ORDER BY id DESC"
)


@dataclass(frozen=True, slots=True)
class View:
    """What the facts are made from."""

    connection: sqlite3.Connection
    gateways: list[str]
    presence: Presence
    now_ms: int
    charters: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    """Number and digest of the charter in force here, by gateway."""
    settled_too: bool = False
    """Whether problems are told that somebody has looked into."""


def facts(view: View, only: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield one entry a gateway, or of one alone, as plain values.

    Of a gateway that is called otherwise than all that are known nothing is yielded.
    """
    known = frozenset(view.gateways)
    for name in sorted({*known, *_stored_names(view.connection)}):
        if only in (None, name):
            yield _gateway(view, name, known=name in known)


def open_troubles(view: View, gateway: str) -> list[Trouble] | None:
    """Return what went wrong at a gateway and nobody has looked into; None: there is no such
    gateway."""
    if gateway not in {*view.gateways, *_stored_names(view.connection)}:
        return None
    epochs, counters = _epochs(view.connection, gateway), _counters(view.connection, gateway)
    found = troubles(view.connection, gateway, epochs, counters)
    return [one for one in found if one.settled is None]


def _counters(connection: sqlite3.Connection, gateway: str) -> dict[str, int]:
    return dict(connection.execute("SELECT name, value FROM counter WHERE gateway = ?", (gateway,)))


def _stored_names(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT gateway FROM epoch UNION SELECT gateway FROM counter")
    return {row[0] for row in found}


def _gateway(view: View, gateway: str, *, known: bool) -> dict[str, Any]:
    epochs = _epochs(view.connection, gateway)
    counters = _counters(view.connection, gateway)
    last = view.connection.execute(LAST_EVENT, (gateway,)).fetchone()
    found = troubles(view.connection, gateway, epochs, counters)
    shown = [one for one in found if view.settled_too or one.settled is None]
    fact = {
        "gateway": gateway,
        "known": known,
        **_presence(view, gateway),
        "charter": _mark(view.charters.get(gateway)),
        "last_event_ms": None if last is None else last[0],
        "farewell": farewell(view.connection, gateway),
        "missing": sum(epoch["missing"] for epoch in epochs),
        "epochs": epochs[:EPOCHS_SHOWN_MAX],
        "counters": counters,
        "problems": [_problem(one) for one in shown if one.found_ms is not None],
        "troubles": [_trouble(one, shown=one in shown) for one in found],
    }
    return {**fact, "wrong": [*_wrong_now(fact), *_wrong_still(found)]}


def _wrong_now(fact: dict[str, Any]) -> Iterator[str]:
    """Yield words for what is wrong and goes away by itself once it is mended."""
    state, status = fact["state"], fact["status"]
    expected = not (fact["farewell"] and state in (STOPPED, OFFLINE))
    if state != ONLINE and expected:
        yield state
    if not fact["known"]:
        yield "not_made"
    if status is None or not expected:
        return
    if status["disk_refused"]:
        yield "disk_refused"
    yield from status["conditions"]
    if any(online is not True for online in status["panels"].values()):
        yield "panels"
    if fact["charter"] != status["charter"]:
        yield "charter"


def _wrong_still(found: Iterable[Trouble]) -> list[str]:
    """Return words for what went wrong and nobody has looked into."""
    return list(dict.fromkeys(one.key.what for one in found if one.settled is None))


def _problem(one: Trouble) -> dict[str, Any]:
    return {
        "epoch": one.key.epoch.hex(),
        "seq": one.key.seq,
        "what": one.key.what,
        "detail": one.detail,
        "remedy": one.remedy,
        "found_ms": one.found_ms,
    }


def _trouble(one: Trouble, *, shown: bool) -> dict[str, Any]:
    settled = one.settled
    return {
        "name": str(one.key),
        "what": one.key.what,
        "epoch": one.key.epoch.hex(),
        "seq": one.key.seq,
        "shown": shown,
        "settled": None
        if settled is None
        else {"actor": settled.actor, "why": settled.why, "time_ms": settled.time_ms},
    }


def _epochs(connection: sqlite3.Connection, gateway: str) -> list[dict[str, Any]]:
    """Return the gateway's epochs, newest first."""
    found = connection.execute(EPOCHS, (gateway,)).fetchall()
    return [
        {
            "epoch": epoch.hex(),
            "vouched": bool(vouched),
            "stored": count,
            "next_seq": top + 1,
            "missing": max(top + 1, named or 0) - count,
            "proved_to": proved_to,
            "broken": bool(broken),
            "previous_ended": ended,
        }
        for epoch, vouched, count, top, proved_to, broken, ended, named in found
    ]


def _presence(view: View, gateway: str) -> dict[str, Any]:
    row = view.connection.execute(
        "SELECT connected, changed_ms, heard_ms, interval_s, status FROM presence"
        " WHERE gateway = ?",
        (gateway,),
    ).fetchone()
    if row is None:
        return {"state": NEVER_HEARD, "heard_ms": None, "changed_ms": None, "status": None}
    connected, changed_ms, heard_ms, interval_s, data = row
    status = _status(data)
    stopped = status is not None and status["stopping"]
    return {
        "state": STOPPED if stopped else _state(bool(connected), heard_ms, interval_s, view),
        "heard_ms": heard_ms,
        "changed_ms": changed_ms,
        "status": status,
    }


def _state(connected: bool, heard_ms: int | None, interval_s: int, view: View) -> str:
    """Offline counts from silence: the broker's word alone, or its absence, proves nothing.

    A gateway that stopped in order has said so itself, signed: that is known at once.
    """
    patience_ms = view.presence.missed_max * interval_s * 1000
    if heard_ms is None or view.now_ms - heard_ms > patience_ms:
        return OFFLINE
    return ONLINE if connected else CONNECTION_LOST


def _status(data: bytes | None) -> dict[str, Any] | None:
    if data is None:
        return None
    try:
        _, status = peek_status(data)  # it was verified before it was stored
    except Malformed:
        return None  # of another version
    return _plain_status(status)


def _plain_status(status: Status) -> dict[str, Any]:
    return {
        "epoch": status.epoch.hex(),
        "next_seq": status.next_seq,
        "stopping": status.stopping,
        "disk_refused": status.disk_refused,
        "outstanding": status.outstanding,
        "journal_percent": status.journal_percent,
        "path": status.path,
        "clock": str(status.stamp.trust),
        "conditions": list(status.conditions),
        "panels": dict(status.panels),
        "faults": {panel: dict(counts) for panel, counts in status.faults.items()},
        "charter": _mark(status.charter),
    }


def _mark(charter: tuple[int, bytes] | None) -> dict[str, Any] | None:
    return None if charter is None else {"number": charter[0], "digest": charter[1].hex()}
