"""The facts about every gateway: there or not, how far it came, and what went wrong."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from edge_agent import rendering
from edge_agent.center.handover import farewell
from edge_agent.center.lineage import REMEDIES
from edge_agent.center.settings import Presence
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.status import Status, peek_status

EPOCHS_SHOWN_MAX = 5  # of a gateway; `edge-center verify` looks at all
PROBLEMS_SHOWN_MAX = 20  # of a gateway, the newest
WRONG = ("forks", "forged", "malformed", "misdirected", "stranger", "unknown_key", "bad_status")

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


def facts(view: View) -> list[dict[str, Any]]:
    """Return one entry a gateway, as plain values."""
    known = frozenset(view.gateways)
    names = sorted({*known, *_stored_names(view.connection)})
    return [_gateway(view, name, known=name in known) for name in names]


def _stored_names(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute("SELECT gateway FROM epoch UNION SELECT gateway FROM counter")
    return {row[0] for row in found}


def _gateway(view: View, gateway: str, *, known: bool) -> dict[str, Any]:
    epochs = _epochs(view.connection, gateway)
    counters = dict(
        view.connection.execute("SELECT name, value FROM counter WHERE gateway = ?", (gateway,))
    )
    last = view.connection.execute(LAST_EVENT, (gateway,)).fetchone()
    return {
        "gateway": gateway,
        "known": known,
        **_presence(view, gateway),
        "charter": _mark(view.charters.get(gateway)),
        "last_event_ms": None if last is None else last[0],
        "farewell": farewell(view.connection, gateway),
        "missing": sum(epoch["missing"] for epoch in epochs),
        "epochs": epochs[:EPOCHS_SHOWN_MAX],
        "counters": counters,
        "problems": _problems(view.connection, gateway),
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


def _problems(connection: sqlite3.Connection, gateway: str) -> list[dict[str, Any]]:
    found = connection.execute(
        "SELECT epoch, seq, what, detail, found_ms FROM problem WHERE gateway = ?"
        " ORDER BY id DESC LIMIT ?",
        (gateway, PROBLEMS_SHOWN_MAX),
    )
    return [
        {
            "epoch": epoch.hex(),
            "seq": seq,
            "what": what,
            "detail": detail,
            "remedy": REMEDIES.get(what),
            "found_ms": found_ms,
        }
        for epoch, seq, what, detail, found_ms in found
    ]


def _presence(view: View, gateway: str) -> dict[str, Any]:
    row = view.connection.execute(
        "SELECT connected, changed_ms, heard_ms, interval_s, status FROM presence"
        " WHERE gateway = ?",
        (gateway,),
    ).fetchone()
    if row is None:
        return {"state": "never heard", "heard_ms": None, "changed_ms": None, "status": None}
    connected, changed_ms, heard_ms, interval_s, data = row
    status = _status(data)
    stopped = status is not None and status["stopping"]
    return {
        "state": "stopped" if stopped else _state(bool(connected), heard_ms, interval_s, view),
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
        return "offline"
    return "online" if connected else "connection lost"


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


# ---- for people


def lines(fact: dict[str, Any], now_ms: int) -> list[str]:
    """Return some lines about one gateway."""
    heard = "never" if fact["heard_ms"] is None else _ago(now_ms - fact["heard_ms"])
    text = [f"{fact['gateway']}: {fact['state']}, last heartbeat {heard}"]
    if fact["farewell"] and fact["state"] in ("stopped", "offline"):
        text.append(f"  {fact['farewell']}")
    if not fact["known"]:
        text.append("  no such gateway was made here")
    text += _status_lines(fact["status"] or {})
    if fact["status"] and fact["charter"] != fact["status"]["charter"]:
        there, here = (
            "none" if one is None else f"{one['number']}, {one['digest'][:8]}"
            for one in (fact["status"]["charter"], fact["charter"])
        )
        text.append(f"  ITS CHARTER IS NOT OURS: {there} there, {here} here")
    for epoch in fact["epochs"]:
        marks = ["unvouched"] * (not epoch["vouched"]) + ["ROOT DOES NOT FIT"] * epoch["broken"]
        missing = f", {epoch['missing']} missing" if epoch["missing"] else ""
        text.append(
            f"  epoch {epoch['epoch'][:6]}: {epoch['stored']} stored{missing}, "
            f"proved to {epoch['proved_to']}" + "".join(f" [{mark}]" for mark in marks)
        )
    counters = fact["counters"]
    wrong = [f"{name} {counters[name]}" for name in WRONG if counters.get(name)]
    text.append(f"  doubles {counters.get('doubles', 0)}" + "".join(f", {one}" for one in wrong))
    text += [
        f"  PROBLEM {one['what']} at {one['epoch'][:6]}/{one['seq']}: {one['detail']}"
        + (f"; {one['remedy']}" if one["remedy"] else "")
        for one in fact["problems"]
    ]
    return [rendering.safe(line) for line in text]


def _status_lines(status: dict[str, Any]) -> list[str]:
    if not status:
        return []
    lines = [f"  waiting there {status['outstanding']}, clock {status['clock']}"]
    if status["disk_refused"]:
        lines.append("  ITS DISK REFUSES")
    if status["conditions"]:
        lines.append(f"  ITS BODY: {', '.join(status['conditions'])}")
    away = [panel for panel, online in status["panels"].items() if online is not True]
    if away:
        lines.append(f"  panels not there: {', '.join(away)}")
    return lines


def _ago(age_ms: int) -> str:
    seconds = max(0, age_ms) // 1000
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"
