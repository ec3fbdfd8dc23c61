"""How an event reads: as plain values for programs, as a line for people.

Text that a panel or gateway chose is shown with its control characters escaped: a terminal must not
obey what an intruder wrote into a zone's name.
"""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from enum import Enum
from typing import Any, Protocol

from edge_agent.domain.event import Body, BodyValue, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence import bodies
from edge_agent.evidence.anchor import AnchorBody
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.clip import ClipBody
from edge_agent.evidence.cose import PublicKey, key_id
from edge_agent.evidence.dating import Basis, Dated
from edge_agent.evidence.disposition import peek_disposition
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.program import ProgramBody
from edge_agent.evidence.second_signature import SecondSignature, SecondSignatureBody
from edge_agent.evidence.verdict import VerdictBody

_ELSEWHERE = {"command", "disposition", "leaf", "token", "charter", "message"}
"""Signed bytes and hashes: in the JSON."""

_WORDS_CHARS_MAX = 160  # of a body in a line: the rest is in the JSON


def facts(event: Event) -> dict[str, Any]:
    """Return plain values for JSON; byte strings as hex."""
    stamp = event.stamp
    return {
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
        "body": body_facts(event),
    }


def body_facts(event: Event) -> dict[str, Any]:
    """Return the body with its names; as it is where it cannot be read, for it is signed."""
    read = _READERS.get(event.type)
    if read is not None:
        try:
            return _WRITERS.get(event.type, _named)(read(event.body))
        except Malformed:
            pass
    return {str(key): _plain(value) for key, value in event.body.items()}


_READERS: dict[str, Callable[[Body], Any]] = {
    EventType.SIGNAL: bodies.SignalBody.from_body,
    EventType.GENESIS: bodies.GenesisBody.from_body,
    EventType.LINK: bodies.LinkBody.from_body,
    EventType.CLOCK: bodies.ClockBody.from_body,
    EventType.JOURNAL: bodies.JournalBody.from_body,
    EventType.PATH: bodies.PathBody.from_body,
    EventType.CONFIG: bodies.ConfigBody.from_body,
    EventType.PROGRAM: ProgramBody.from_body,
    EventType.ACT: bodies.ActBody.from_body,
    EventType.FINDING: bodies.FindingBody.from_body,
    EventType.VERDICT: VerdictBody.from_body,
    EventType.CLIP: ClipBody.from_body,
    EventType.ANCHOR: AnchorBody.from_body,
    EventType.SECOND_SIGNATURE: SecondSignatureBody.from_body,
}


def _signal(body: bodies.SignalBody) -> dict[str, Any]:
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
        **({} if said.ohms is None else {"ohms": said.ohms}),
        "driver": body.driver,
        "driver_version": body.driver_version,
        "profile": body.profile,
        "frame": said.frame.hex(),
    }


def _finding(body: bodies.FindingBody) -> dict[str, Any]:
    return {
        "subject": body.subject,
        "cause": body.cause,
        "severity": body.severity,
        "reasons": list(body.reasons),
        "remedy": body.remedy,
        "detail": body.detail,
        "over": body.over,
        **({"evidence": [str(place) for place in body.evidence]} if body.evidence else {}),
    }


def _verdict(body: VerdictBody) -> dict[str, Any]:
    return {
        "incident": str(body.incident),
        "tier": body.tier,
        "reasons": list(body.reasons),
        "evidence": [str(place) for place in body.evidence],
        "panel": body.panel,
        "area": body.area,
        "zones": list(body.zones),
        "cause": body.cause,
        "available": list(body.available),
        "missing": list(body.missing),
    }


def _config(body: bodies.ConfigBody) -> dict[str, Any]:
    terms = body.judging
    judging = {
        "rules": terms.rules,
        "zone": terms.zone,
        "since": str(terms.since),
        "heard": terms.heard,
        "site": terms.site.decode("utf-8", "backslashreplace"),
        "part": f"{terms.part}/{terms.parts}",
    } if terms is not None else {}  # fmt: skip
    charter = {} if body.charter is None else {"charter": _mark(*body.charter)}
    return {"digest": body.digest.hex(), "reason": body.reason, **judging, **charter}


def _mark(number: int, digest: bytes) -> dict[str, Any]:
    return {"number": number, "digest": digest.hex()}


def _act(body: bodies.ActBody) -> dict[str, Any]:
    said = {field.name: _plain(getattr(body, field.name)) for field in _ACT_FIELDS}
    results = [dataclasses.asdict(one) for one in body.results]
    if body.disposition is not None:
        word = _named(peek_disposition(body.disposition))
        said |= {"disposition": word | {"signed": body.disposition.hex()}}
    return {**said, **({"results": results} if results else {})}


_ACT_FIELDS = [field for field in dataclasses.fields(bodies.ActBody) if field.name != "results"]


def _clip(body: ClipBody) -> dict[str, Any]:
    said = {name: value for name, value in _named(body).items() if value not in (None, "", 0)}
    if body.alarm is not None:
        said["alarm"] = str(body.alarm)
    parts = [
        {
            "media_type": part.media_type,
            "size": part.size,
            "sha256": part.digest.hex(),
            "after_ms": part.after_ms,
        }
        for part in body.parts
    ]
    return {**said, "parts": parts}


def _genesis(body: bodies.GenesisBody) -> dict[str, Any]:
    second = body.second_key
    return _named(body) | {"second_key": None if second is None else key_id(second).hex()}


def _second_signature(body: SecondSignatureBody) -> dict[str, Any]:
    told = SecondSignature.read(body.message).told
    return {
        "of": str(Place(told.head.epoch, told.head.size)),
        "algorithm": told.algorithm,
        "key_id": told.kid.hex(),
        "message": body.message.hex(),
    }


_WRITERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    EventType.ACT: _act,
    EventType.GENESIS: _genesis,
    EventType.SIGNAL: _signal,
    EventType.FINDING: _finding,
    EventType.VERDICT: _verdict,
    EventType.CONFIG: _config,
    EventType.CLIP: _clip,
    EventType.SECOND_SIGNATURE: _second_signature,
}


def _named(body: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(body, field.name)) for field in dataclasses.fields(body)}


def _plain(value: BodyValue | Enum | PublicKey | tuple[Any, ...]) -> Any:
    match value:
        case PublicKey():
            return value.kid.hex()
        case bytes():
            return value.hex()
        case Place():
            return str(value)
        case list() | tuple():
            return [_plain(one) for one in value]
        case dict():
            return {str(key): _plain(one) for key, one in value.items()}
        case Enum():
            return value.value
        case _:
            return value


# ---- for people


def when_facts(dated: Dated) -> dict[str, Any]:
    """Return the corrected time as plain values."""
    return {
        "wall_ns": dated.wall_ns,
        "uncertainty_ms": dated.uncertainty_ms,
        "earliest_ns": dated.earliest_ns,
        "latest_ns": dated.latest_ns,
        "basis": str(dated.basis),
    }


def when(dated: Dated, zone: tzinfo | None) -> str:
    """Return a corrected time in words: what is not the event's own word says how certain it is."""
    if dated.wall_ns is not None:
        text = time_text(dated.wall_ns // 1_000_000, zone)
        if dated.basis is Basis.OWN:
            return text
        doubt_ms = dated.uncertainty_ms
        return f"{text} ±{'?' if doubt_ms is None else _duration(doubt_ms)}"
    if dated.latest_ns is not None:
        return f"before {time_text(dated.latest_ns // 1_000_000, zone)}"
    if dated.earliest_ns is not None:
        return f"after {time_text(dated.earliest_ns // 1_000_000, zone)}"
    return "-"


def _duration(ms: int) -> str:
    """Return a duration so that two digits count, rounded up."""
    for size_ms, unit in ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1000, "s")):
        if ms >= 10 * size_ms or (ms >= size_ms and unit == "s"):
            return f"{-(-ms // size_ms)} {unit}"
    return f"{ms} ms"


class Named(Protocol):
    """Knows what the zones of a site are called (`edge_agent.views.zone_names`)."""

    def facts(self, panel: str, zone: int) -> dict[str, Any]:
        """Return number and names of a zone."""


def zones_named(body: dict[str, Any], names: Named) -> dict[str, Any]:
    """Return, for the facts of a body that tells of zones, each with its names (`zones_named`)."""
    place = body.get("subject", body)  # a finding's
    panel, zone, zones = place.get("panel"), place.get("zone"), place.get("zones") or []
    told = [zone] if isinstance(zone, int) else zones
    return {"zones_named": [names.facts(panel or "", one) for one in told]} if told else {}


class Judged(Protocol):
    """Says what was heard and judged and what a zone is called, in the reader's language
    (`edge_agent.views.judged_words`).
    """

    def signal(self, body: dict[str, Any]) -> str:
        """Return a signal's facts in words."""

    def zone(self, panel: str, zone: int) -> str:
        """Return a zone's number, with its name where that is known."""

    def verdict(self, body: dict[str, Any]) -> str:
        """Return a verdict's facts in words."""

    def finding(self, body: dict[str, Any]) -> str:
        """Return a finding's facts in words."""


def line(
    event: Event,
    zone: tzinfo | None,
    marks: Sequence[str] = (),
    dated: Dated | None = None,
    judged: Judged | None = None,
) -> str:
    """Return one line; `zone` None is the reader's local time.  `dated` goes before the stamp.

    `judged` says signals, verdicts, findings and names of zones; without it they are told as other
    events are.
    """
    wall_ns = event.stamp.wall_ns
    if dated is not None:
        moment = when(dated, zone)
    else:
        moment = "-" if wall_ns is None else time_text(wall_ns // 1_000_000, zone)
    marked = f"  [{', '.join(marks)}]" if marks else ""
    return safe(
        f"{moment}  {event.gateway}  {event.epoch.hex()[:6]}/{event.seq}  "
        f"{Lane(event.lane).name.lower():<9}  {event.type:<8}  {summary(event, judged)}{marked}"
    )


def summary(event: Event, judged: Judged | None = None) -> str:
    """Return what the event says, in a few words."""
    body = body_facts(event)
    if event.type is EventType.SIGNAL and "kind" in body:
        if judged is not None:
            return judged.signal(body)
        names = ("code", "area", "zone", "user", "account", "text")
        details = [f"{name} {body[name]}" for name in names if body[name] is not None]
        origin = "" if body["origin"] == "live" else f" ({body['origin']})"
        return " ".join([body["panel"], body["kind"], body["state"] + origin, *details])
    if event.type is EventType.FINDING and "subject" in body and judged is not None:
        return judged.finding(body)[:_WORDS_CHARS_MAX]
    if event.type is EventType.VERDICT and "tier" in body and judged is not None:
        return judged.verdict(body)
    if event.type is EventType.CLIP and "what" in body:
        return _clip_words(_named_zone(body, judged))
    results = body.pop("results", None) or ()
    shown = {name: value for name, value in body.items() if name not in _ELSEWHERE}
    words = [f"{name} {value}" for name, value in shown.items() if value not in (None, "")]
    words += [f"{one['what']}: {one['detail']}" for one in results if one["good"] is False]
    return ", ".join(words)[:_WORDS_CHARS_MAX]


def _named_zone(body: dict[str, Any], judged: Judged | None) -> dict[str, Any]:
    """Return facts of a body whose zone, if it has one, is named."""
    zone = body.get("zone")
    if judged is None or not isinstance(zone, int):
        return body
    return {**body, "zone": judged.zone(body.get("panel") or "", zone)}


def _clip_words(body: dict[str, Any]) -> str:
    names = ("clip", "camera", "panel", "kind", "area", "zone")
    said = [" ".join([body["what"], *(f"{name} {body[name]}" for name in names if name in body)])]
    if body["parts"]:
        said.append(f"{len(body['parts'])} files, first sha256 {body['parts'][0]['sha256']}")
    return "; ".join([*said, *([body["detail"]] if "detail" in body else [])])


def time_text(unix_ms: int, zone: tzinfo | None) -> str:
    """Return a time to the millisecond, with its offset from UTC."""
    moment = datetime.fromtimestamp(unix_ms / 1000, UTC).astimezone(zone)
    return moment.isoformat(sep=" ", timespec="milliseconds")


def safe(text: str) -> str:
    """Return `text` with everything that is not printable escaped, so that no terminal obeys it."""
    return "".join(one if one.isprintable() else _escape(one) for one in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
