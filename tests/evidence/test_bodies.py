"""Bodies: round trips, masking, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import Body, BodyValue
from edge_agent.domain.kinds import STATES, Kind, Origin, State
from edge_agent.domain.signal import OHMS_MAX, Signal, Span
from edge_agent.domain.stamp import ClockChange, Trust
from edge_agent.evidence import cbor
from edge_agent.evidence.bodies import (
    REASONS_MAX,
    ActBody,
    ClockBody,
    ConfigBody,
    Ended,
    FindingBody,
    GenesisBody,
    JournalBody,
    JournalChange,
    LinkBody,
    PathBody,
    Severity,
    SignalBody,
)
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from edge_agent.evidence.masking import mask
from edge_agent.evidence.signers import P256Signer
from edge_agent.evidence.terms import JudgingTerms
from edge_agent.evidence.tree import Peaks
from tests.evidence.conftest import signer

ED = signer(2).public
GENESIS = GenesisBody(event_key=ED, identity_kid=b"identity", ended=Ended.FIRST, version="0.1")
FINDING = FindingBody(
    panel="@gateway",
    cause="overheated",
    severity=Severity.MAINTAIN,
    reasons=("body.temperature",),
    remedy="give it air",
)
TERMS = JudgingTerms(
    rules="0.1+abc", zone="Asia/Shanghai", since=Place(b"epoch--0", 7), heard=3, site=b"{}"
)
ALL = [
    FINDING,
    replace(FINDING, detail="84 C", part=("supply", "main"), over=True, severity="from_newer"),
    replace(FINDING, part=("camera", "front")),
    replace(FINDING, panel="p1", part=("zone", 5), reasons=("a.b", "c.d"), remedy=""),
    replace(FINDING, panel="p1", evidence=(Place(b"epoch--0", 7), Place(b"epoch--1", 0))),
    GENESIS,
    replace(GENESIS, identity_kid=None, event_key=P256Signer.generate().public),
    replace(GENESIS, second_key={1: 99, -1: b"a kind that nobody knows"}),
    replace(
        GENESIS,
        ended=Ended.TORN,
        previous_epoch=b"epoch--0",
        previous_size=9,
        previous_root=b"r" * 32,
    ),
    LinkBody("p1", True),
    LinkBody("p1", False, "silence"),
    LinkBody("p1", None, "line closed"),
    ClockBody(ClockChange.TRUSTED, 5_000, Trust.UNSET, "ntp"),
    ClockBody(ClockChange.STEPPED, -5),
    ClockBody(ClockChange.LOST),
    ClockBody(
        ClockChange.TOLD, source="center", told=(1_795_000_000 * 10**9, 1_795_000_001 * 10**9)
    ),
    *(JournalBody(change, "why") for change in JournalChange),
    JournalBody(JournalChange.REMOVED, "old", 0, 9, b"epoch--1", tree=Peaks().to_bytes()),
    JournalBody(JournalChange.RECEIPTS, "", 3, 4, digest=bytes(32)),
    PathBody("center", "mqtt.example:8883", True),
    PathBody("center", "mqtt.example:8883", False, "no receipt for 30 s"),
    ConfigBody(b"d" * 32, "start"),
    ConfigBody(b"d" * 32),
    ConfigBody(b"d" * 32, "judging", TERMS),
    ConfigBody(b"d" * 32, "judging", replace(TERMS, zone="", part=2, parts=2)),
    ConfigBody(b"d" * 32, "start", charter=(3, b"c" * 32)),
    ActBody("start", "systemd", "0.1"),
    ActBody("charter", "Li Na", "charter 3 is in force", charter=b"signed by both"),
    ActBody("stop", "uid 0"),
    ActBody("command", "alice (uid 1000)", "bypass zone 3", "shop", 7),
    ActBody("outcome", "alice (uid 1000)", "bypass zone 3", "shop", 7, "done"),
    ActBody("export", "bob (uid 0)", "17 events", purpose="case 17", digest=bytes(32)),
]


@pytest.mark.parametrize("value", ALL, ids=lambda value: type(value).__name__)
def test_every_body_round_trips_through_bytes(value: LinkBody) -> None:
    wire = cbor.decode_map(cbor.encode(value.to_body()))
    assert type(value).from_body(wire) == value
    assert None not in wire.values()
    assert type(value).from_body({**wire, 23: "from a newer gateway"}) == value


@pytest.mark.parametrize("value", ALL, ids=lambda value: type(value).__name__)
def test_a_wrong_type_at_any_key_is_malformed(value: LinkBody) -> None:
    body = value.to_body()
    for key in body:
        wrong: list[BodyValue] = [None, 2.5, {}, [], b"\x00" * 33, "", -(2**64)]  # type: ignore[list-item]
        for bad in wrong:
            if isinstance(bad, bytes) and body.get(key) == TERMS.site:
                continue  # any bytes may be a site's
            if isinstance(bad, bytes) and body.get(key) == b"signed by both":
                continue  # or a charter's
            with pytest.raises(Malformed):
                type(value).from_body({**body, key: bad})


texts = st.none() | st.text(min_size=1, max_size=200)
numbers = st.none() | st.integers(1, 99_999_999)


@st.composite
def signals(draw: st.DrawFn) -> Signal:
    kind = draw(st.sampled_from(Kind))
    frame = draw(st.binary(max_size=60))
    bounds = draw(st.lists(st.tuples(st.integers(0, 80), st.integers(1, 20)), max_size=5))
    return Signal(
        kind=kind,
        state=draw(st.sampled_from(sorted(STATES[kind]))),
        code=draw(texts),
        origin=draw(st.sampled_from(Origin)),
        area=draw(numbers),
        zone=draw(numbers),
        user=draw(numbers),
        account=draw(texts),
        text=draw(texts),
        panel_time=draw(texts),
        ohms=draw(st.integers(0, OHMS_MAX)) if kind is Kind.LOOP else None,
        frame=frame,
        secrets=tuple(Span(start, start + length) for start, length in bounds),
    )


@given(signals(), st.booleans())
def test_a_signal_round_trips_masked(signal: Signal, profiled: bool) -> None:
    body = SignalBody(signal=signal, panel="p1", driver="surgard", driver_version="1.0")
    if profiled:
        body = replace(body, profile="mlr2", profile_version="3")
    frame, spans = mask(signal.frame, signal.secrets)
    read = SignalBody.from_body(cbor.decode_map(cbor.encode(body.to_body())))
    assert read == replace(body, signal=replace(signal, frame=frame, secrets=spans))
    assert SignalBody.from_body(read.to_body()) == read


# ---- masking


def test_a_secret_never_reaches_the_wire() -> None:
    signal = Signal(
        kind=Kind.OPEN_CLOSE, state=State.DISARMED, frame=b"code 4711 ok", secrets=(Span(5, 9),)
    )
    body = SignalBody(signal=signal, panel="p1", driver="d", driver_version="1")
    assert b"4711" not in cbor.encode(body.to_body())
    assert body.to_body()[14] == b"code **** ok"
    assert body.to_body()[15] == [[5, 9]]


def test_a_secret_of_one_byte_round_trips() -> None:
    signal = Signal(kind=Kind.OPEN_CLOSE, state=State.DISARMED, frame=b"7", secrets=(Span(0, 1),))
    body = SignalBody(signal=signal, panel="p1", driver="d", driver_version="1")
    assert SignalBody.from_body(body.to_body()).signal == replace(signal, frame=b"*")


# ---- refusals

SIGNAL: Body = SignalBody(
    signal=Signal(
        kind=Kind.BURGLARY,
        state=State.ACTIVE,
        code="130",
        area=1,
        zone=2,
        user=3,
        account="1234",
        text="Front door",
        panel_time="2026-01-01T00:00:00",
        frame=b"ab**ef",
        secrets=(Span(2, 4),),
    ),
    panel="p1",
    driver="surgard",
    driver_version="1",
    profile="mlr2",
    profile_version="1",
).to_body()
CHANGES: list[dict[int, BodyValue]] = [
    {1: "burglar"},
    {1: "zone"},
    {3: "armed"},
    {4: "old"},
    {5: ""},
    {5: "p" * 65},
    {6: 0},
    {7: -1},
    {8: 100_000_000},
    {2: ""},
    {9: "x" * 201},
    {10: 5},
    {11: None},
    {12: "surgard"},
    {12: ["surgard"]},
    {12: ["surgard", 1]},
    {13: ["mlr2", ""]},
    {13: None},
    {14: None},
    {14: "text"},
    {14: b"x" * 4097},
    {14: b"abcdef"},
    {15: [[2]]},
    {15: [[2, 2]]},
    {15: [[2, 7]]},
    {15: [[-1, 2]]},
    {15: [[2, 4], [3, 4]]},
    {15: [[2, 3], [3, 4]]},
    {15: [[2, 4]] * 65},
    {15: 5},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change)[:40])
def test_a_signal_body_that_breaks_a_rule_is_malformed(change: dict[int, BodyValue]) -> None:
    with pytest.raises(Malformed):
        SignalBody.from_body({**SIGNAL, **change})


@pytest.mark.parametrize("key", [1, 3, 4, 5, 12, 14])
def test_each_needed_key_of_a_signal(key: int) -> None:
    with pytest.raises(Malformed):
        SignalBody.from_body({k: v for k, v in SIGNAL.items() if k != key})


@pytest.mark.parametrize(
    "change",
    [
        {4: "crash"},
        {3: [b"epoch--0", 1, b"r" * 32]},
        {3: [b"epoch--0", 1, None], 4: "crash"},
        {3: [b"epoch--0", -1, b"r" * 32], 4: "crash"},
        {3: [b"short", 1, b"r" * 32], 4: "crash"},
        {3: [b"epoch--0", 1], 4: "crash"},
        {4: "exploded"},
        {2: b"short"},
        {1: {1: 1}},
        {7: b"key"},
    ],
    ids=str,
)
def test_a_genesis_body_that_breaks_a_rule_is_malformed(change: dict[int, BodyValue]) -> None:
    with pytest.raises(Malformed):
        GenesisBody.from_body({**GENESIS.to_body(), **change})


def test_a_genesis_says_who_must_have_signed_it() -> None:
    assert (GENESIS.vouched, GENESIS.signer_kid) == (True, b"identity")
    bare = replace(GENESIS, identity_kid=None)
    assert (bare.vouched, bare.signer_kid) == (False, ED.kid)


@pytest.mark.parametrize(
    "change",
    [
        {"ended": Ended.CRASH},
        {"previous_epoch": b"epoch--0"},
        {"previous_root": b"r" * 32},
        {"previous_epoch": b"epoch--0", "previous_root": b"r" * 32},
        {"ended": Ended.CRASH, "previous_epoch": b"epoch--0"},
    ],
    ids=str,
)
def test_a_genesis_cannot_be_made_half(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="names"):
        replace(GENESIS, **change)  # type: ignore[arg-type]


def test_an_act_is_a_word() -> None:
    with pytest.raises(ValueError, match="no word"):
        ActBody("Two words", "me")
    with pytest.raises(Malformed):
        ActBody.from_body({1: "Two words", 2: "me"})


def test_long_or_odd_reasons_are_kept_as_far_as_they_fit() -> None:
    body = LinkBody("p1", False, "x" * 999).to_body()
    assert LinkBody.from_body(body).reason == "x" * 200
    cbor.encode(JournalBody(JournalChange.REFUSED, "path \udcff").to_body())
    assert ActBody.from_body(ActBody("read", "").to_body()).actor == "unknown"
    assert PathBody.from_body(PathBody("c", "", True).to_body()).path == "unknown"


# ---- findings


def test_a_finding_has_a_subject_with_at_most_one_part() -> None:
    assert FINDING.subject == {"panel": "@gateway"}
    assert replace(FINDING, panel="p1", part=("zone", 5)).subject == {"panel": "p1", "zone": 5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"cause": "no word"},
        {"severity": "Urgent!"},
        {"reasons": ()},
        {"reasons": ("r",) * (REASONS_MAX + 1)},
        {"part": ("door", "1")},
    ],
)
def test_what_no_finding_can_hold_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"finding|words|part"):
        replace(FINDING, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "part", [["zone", "x"], ["zone", 0], ["supply", 5], ["door", "x"], ["bus"]]
)
def test_a_part_that_makes_no_sense_is_malformed(part: list[BodyValue]) -> None:
    with pytest.raises(Malformed):
        FindingBody.from_body({**FINDING.to_body(), 4: part})
