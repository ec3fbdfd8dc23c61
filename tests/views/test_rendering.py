"""How events read: names instead of numbers, and nothing that a terminal would obey."""

import json
from datetime import UTC
from typing import Any

from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Kind, Lane, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.site import Premises, ZoneSettings
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence.bodies import (
    ConfigBody,
    Ended,
    FindingBody,
    GenesisBody,
    LinkBody,
    Severity,
    SignalBody,
)
from edge_agent.evidence.cited import Place
from edge_agent.evidence.clip import ClipBody, ClipChange, ClipPart
from edge_agent.evidence.dating import Basis, Dated
from edge_agent.evidence.envelope import Event
from edge_agent.evidence.second_signature import SecondSignatureBody
from edge_agent.evidence.signers import Ed25519Signer
from edge_agent.evidence.terms import JudgingTerms
from edge_agent.evidence.tree import Peaks
from edge_agent.evidence.verdict import VerdictBody
from edge_agent.views.rendering import facts, line, safe, summary, when, when_facts, zones_named
from edge_agent.views.zone_names import ZoneNames
from tests.evidence import second_vectors

STAMP = Stamp(1_700_000_000_123_000_000, 5, bytes(16), Trust.SYNCED, 3)


def event(type_: EventType, body: Body, stamp: Stamp = STAMP) -> Event:
    return Event(
        gateway="gw1",
        epoch=bytes.fromhex("0102030405060708"),
        seq=0 if type_ is EventType.GENESIS else 7,
        root=Peaks().root(),
        stamp=stamp,
        lane=Lane.INTRUSION,
        type=type_,
        body=body,
    )


def signal(text: str | None = None) -> Event:
    said = Signal(
        kind=Kind.BURGLARY, state=State.ACTIVE, code="130", zone=3, text=text, frame=b"\x01"
    )
    body = SignalBody(signal=said, panel="p1", driver="surgard", driver_version="1")
    return event(EventType.SIGNAL, body.to_body())


def test_a_zone_is_called_as_its_site_calls_it() -> None:
    names = ZoneNames(Premises(zones=(ZoneSettings(panel="p1", zone=3, name="Front door"),)))
    assert summary(signal(), Spoken()) == "signal burglary"
    told = zones_named(facts(signal())["body"], names)
    assert told["zones_named"] == [names.facts("p1", 3)]
    assert told["zones_named"][0]["name"] == "Front door"
    found = {"subject": {"panel": "p1", "zone": 4}}
    judged = {"panel": "p1", "zones": [3, 4]}
    assert zones_named(found, names)["zones_named"] == [names.facts("p1", 4)]
    assert [one["zone"] for one in zones_named(judged, names)["zones_named"]] == [3, 4]
    assert zones_named({"what": "read"}, names) == {}


def test_a_signal_reads_in_one_line() -> None:
    assert line(signal(), UTC) == (
        "2023-11-14 22:13:20.123+00:00  gw1  010203/7  intrusion  signal    "
        "p1 burglary active code 130 zone 3"
    )
    assert line(signal(), UTC, ["fork", "late"]).endswith("  [fork, late]")


def test_no_wall_clock_is_a_dash() -> None:
    unset = Stamp(None, 5, bytes(16), Trust.UNSET)
    assert line(event(EventType.LINK, LinkBody("p1", None).to_body(), unset), UTC)[0] == "-"


def test_a_corrected_time_says_how_certain_it_is() -> None:
    wall_ns = STAMP.wall_ns or 0
    text = "2023-11-14 22:13:20.123+00:00"

    def shown(basis: Basis, doubt_ms: int) -> str:
        doubt_ns = doubt_ms * 1_000_000
        return when(Dated(basis, wall_ns, wall_ns - doubt_ns, wall_ns + doubt_ns), UTC)

    assert shown(Basis.OWN, 3) == text
    assert shown(Basis.LATER, 532) == f"{text} ±532 ms"
    assert shown(Basis.BOTH, 1001) == f"{text} ±2 s"
    assert shown(Basis.EARLIER, 86_400_000) == f"{text} ±24 h"
    assert when(Dated(Basis.UNCHECKED, wall_ns, None, wall_ns), UTC) == f"{text} ±?"
    assert when(Dated(Basis.BOUNDS, None, 0, wall_ns), UTC) == f"before {text}"
    assert when(Dated(Basis.BOUNDS, None, wall_ns), UTC) == f"after {text}"
    assert when(Dated(Basis.UNKNOWN), UTC) == "-"
    corrected = Dated(Basis.LATER, wall_ns, wall_ns, wall_ns)
    assert line(signal(), UTC, dated=corrected).startswith(f"{text} ±0 ms  gw1")
    assert when_facts(corrected) == {
        "wall_ns": wall_ns,
        "uncertainty_ms": 0,
        "earliest_ns": wall_ns,
        "latest_ns": wall_ns,
        "basis": "later",
    }


def test_bodies_have_names_and_everything_fits_json() -> None:
    key = Ed25519Signer.generate().public
    genesis = GenesisBody(
        event_key=key,
        identity_kid=None,
        ended=Ended.FIRST,
        version="1",
        machine=(("board", b"12345678"),),
        second_key=second_vectors.key().to_value(),
    )
    read = facts(event(EventType.GENESIS, genesis.to_body()))
    assert read["body"]["event_key"] == key.kid.hex()
    assert read["body"]["ended"] == "first"
    assert read["body"]["second_key"] == second_vectors.key().kid.hex()
    assert read["body"]["machine"] == [["board", "3132333435363738"]]
    link = facts(event(EventType.LINK, LinkBody("p1", False, "silent").to_body()))
    assert link["body"] == {"panel": "p1", "online": False, "reason": "silent"}
    json.dumps([read, link, facts(signal())])


class Spoken:
    """Says what was judged in words of its own."""

    def signal(self, body: dict[str, Any]) -> str:
        return f"signal {body['kind']}"

    def zone(self, panel: str, zone: int) -> str:
        return f"{zone} Door of {panel}"

    def verdict(self, body: dict[str, Any]) -> str:
        return f"verdict {body['tier']}"

    def finding(self, body: dict[str, Any]) -> str:
        return f"finding {body['cause']}"


def test_a_finding_reads_in_one_line_and_has_the_names_of_the_contract() -> None:
    hot = FindingBody(
        panel="@gateway",
        cause="supply_low",
        severity=Severity.MAINTAIN,
        reasons=("body.under_voltage",),
        remedy="use the right supply",
        detail="below 4.63 V",
        part=("supply", "main"),
    )
    read = event(EventType.FINDING, hot.to_body())
    assert summary(read, Spoken()) == "finding supply_low"
    assert facts(read)["body"] == {
        "subject": {"panel": "@gateway", "supply": "main"},
        "cause": "supply_low",
        "severity": "maintain",
        "reasons": ["body.under_voltage"],
        "remedy": "use the right supply",
        "detail": "below 4.63 V",
        "over": False,
    }


def test_a_verdict_reads_in_one_line() -> None:
    first = Place(bytes.fromhex("0102030405060708"), 3)
    body = VerdictBody(
        incident=first,
        tier=2,
        reasons=("bs8243.sequential", "bs8243.unconfirmed"),
        evidence=(first, Place(first.epoch, 5)),
        panel="p1",
        area=1,
        zones=(4, 3),
    )
    read = event(EventType.VERDICT, body.to_body())
    assert summary(read, Spoken()) == "verdict 2"
    assert "tier 2" in summary(read)
    assert facts(read)["body"]["evidence"] == ["0102030405060708/3", "0102030405060708/5"]
    assert facts(read)["body"]["incident"] == "0102030405060708/3"


def test_what_a_run_judges_by_is_shown_as_it_stands() -> None:
    terms = JudgingTerms(
        rules="0.1+abc", zone="UTC", since=Place(bytes(8), 7), heard=3, site=b'{"zones":[]}'
    )
    read = facts(event(EventType.CONFIG, ConfigBody(bytes(32), "judging", terms).to_body()))
    assert read["body"]["site"] == '{"zones":[]}'
    assert read["body"]["since"] == "0000000000000000/7"
    assert "rules" not in facts(event(EventType.CONFIG, ConfigBody(bytes(32)).to_body()))["body"]


def test_a_body_that_makes_no_sense_is_shown_as_it_is() -> None:
    odd = event(EventType.LINK, {1: b"\x00", 9: [b"\x01", {1: "x"}]})
    assert facts(odd)["body"] == {"1": "00", "9": ["01", {"1": "x"}]}
    assert "00" in summary(odd)


def test_control_characters_are_escaped() -> None:
    assert safe("a\x1b[2Jb\n\x9b\x00\x7f\u202e") == "a\\x1b[2Jb\\n\\x9b\\x00\\x7f\\u202e"
    assert safe("Küche 厨房 🔥") == "Küche 厨房 🔥"
    assert "\x1b" not in line(signal("\x1b]0;owned\x07"), UTC)


def test_a_clip_names_its_alarm_and_its_hashes() -> None:
    body = ClipBody(
        what=ClipChange.KEPT,
        clip="000001-abcdef",
        camera="front",
        panel="p1",
        kind="burglary",
        zone=3,
        alarm=Place(b"epoch001", 7),
        parts=(ClipPart("image/jpeg", 9, b"\1" * 32, 300),),
    )
    said = facts(event(EventType.CLIP, body.to_body()))["body"]
    assert said["alarm"] == "65706f6368303031/7"
    part = {"media_type": "image/jpeg", "size": 9, "sha256": "01" * 32, "after_ms": 300}
    assert said["parts"] == [part]
    assert "joined" not in said
    words = summary(event(EventType.CLIP, body.to_body()))
    assert words.startswith("kept clip 000001-abcdef camera front panel p1 kind burglary zone 3; 1")
    assert "kind burglary zone 3 Door of p1; 1" in summary(
        event(EventType.CLIP, body.to_body()), Spoken()
    )
    gone = ClipBody(what=ClipChange.REMOVED, clip="000001-abcdef", detail="for its room")
    assert summary(event(EventType.CLIP, gone.to_body())) == (
        "removed clip 000001-abcdef; for its room"
    )


def test_a_second_signature_says_of_which_head_and_by_which_key() -> None:
    body = SecondSignatureBody(second_vectors.message())
    told = event(EventType.SECOND_SIGNATURE, body.to_body())
    said, own = facts(told)["body"], second_vectors.read()["own"]
    assert (said["of"], said["key_id"]) == (f"{own['epoch']}/{own['size']}", own["kid"])
    assert said["message"] == own["message"]
    assert summary(told).startswith(f"of {said['of']}, algorithm -65537")
    junk = event(EventType.SECOND_SIGNATURE, SecondSignatureBody(b"junk").to_body())
    assert facts(junk)["body"] == {"1": b"junk".hex()}
