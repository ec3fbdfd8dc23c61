"""The heartbeat: round trips, bounds, refusals."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue
from edge_agent.domain.stamp import Stamp, Trust
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.status import (
    CONDITIONS_MAX,
    FAULT_KINDS_MAX,
    PANELS_MAX,
    Status,
    open_status,
    peek_status,
    sign_status,
)
from tests.evidence.conftest import STAMP, signer

BY = signer(2)
STATUS = Status(
    gateway="gw1",
    epoch=b"epoch--1",
    next_seq=18,
    root=b"r" * 32,
    stamp=STAMP,
    started=Stamp(None, 5, b"b" * 16, Trust.UNSET),
    interval_s=30,
    disk_refused=True,
    outstanding=4,
    path="mqtt.example:8883",
    panels={"p1": True, "p2": False, "p3": None},
    faults={"p2": {"silence": 2, "checksum": 1}},
)

names = st.text(min_size=1, max_size=10)
panels = st.dictionaries(names, st.booleans() | st.none(), max_size=6)


@given(panels, st.data())
def test_a_status_round_trips(links: dict[str, bool | None], data: st.DataObject) -> None:
    counts = st.dictionaries(names, st.integers(0, 2**40), min_size=1, max_size=4)
    faults = {panel: data.draw(counts) for panel in links if data.draw(st.booleans())}
    status = replace(STATUS, panels=links, faults=faults, path=None)
    assert open_status(sign_status(status, BY), BY.public) == status


def test_a_status_is_opened_and_peeked() -> None:
    data = sign_status(STATUS, BY)
    assert open_status(data, BY.public) == STATUS
    assert peek_status(data) == (BY.public.kid, STATUS)
    assert sign_status(replace(STATUS, faults={"p2": {"checksum": 1, "silence": 2}}), BY) == data


def test_the_smallest_numbers_are_good() -> None:
    status = replace(STATUS, next_seq=1, interval_s=1, outstanding=0)
    assert open_status(sign_status(status, BY), BY.public) == status


def test_a_good_bye_is_said_and_otherwise_nothing_is_said_of_it() -> None:
    parting = replace(STATUS, stopping=True)
    assert open_status(sign_status(parting, BY), BY.public) == parting
    assert 13 not in cbor.decode_map(cose.parse(sign_status(STATUS, BY)).payload)


def test_conditions_are_said_and_otherwise_nothing_is_said_of_them() -> None:
    bad = replace(STATUS, conditions=("tamper", "overheated"))
    assert open_status(sign_status(bad, BY), BY.public) == bad
    assert 14 not in cbor.decode_map(cose.parse(sign_status(STATUS, BY)).payload)
    for wrong in (("no word",), ("a",) * (CONDITIONS_MAX + 1)):
        with pytest.raises(ValueError, match="conditions"):
            replace(STATUS, conditions=wrong)


def test_the_charter_in_force_is_named() -> None:
    bound = replace(STATUS, charter=(3, b"c" * 32))
    assert open_status(sign_status(bound, BY), BY.public) == bound
    for wrong in ((0, b"c" * 32), (1, b"short")):
        with pytest.raises(Malformed):
            open_status(sign_status(replace(STATUS, charter=wrong), BY), BY.public)


def test_how_full_the_journal_is_may_be_unknown() -> None:
    for percent in (None, 0, 100):
        status = replace(STATUS, journal_percent=percent)
        assert open_status(sign_status(status, BY), BY.public) == status
    with pytest.raises(Malformed):
        open_status(sign_status(replace(STATUS, journal_percent=101), BY), BY.public)


def test_the_largest_status_fits() -> None:
    kinds = {f"kind_{at:06}": 10**9 for at in range(11)}
    links = {f"{at:064}": True for at in range(PANELS_MAX)}
    status = replace(STATUS, panels=links, faults=dict.fromkeys(links, kinds))
    assert len(sign_status(status, BY)) < cose.MESSAGE_BYTES_MAX


def test_a_status_of_another_key_or_kind_is_refused() -> None:
    with pytest.raises(BadSignature):
        open_status(sign_status(STATUS, signer(3)), BY.public)
    payload = cose.parse(sign_status(STATUS, BY)).payload
    with pytest.raises(BadSignature):
        open_status(cose.sign1(payload, BY, Domain.EVENT), BY.public)


PAYLOAD = cbor.decode_map(cose.parse(sign_status(STATUS, BY)).payload)
CHANGES: list[dict[int, BodyValue]] = [
    {1: 2},
    {2: "/"},
    {3: b"short"},
    {4: 0},
    {4: 2**63},
    {5: b""},
    {6: None},
    {7: [1]},
    {8: 0},
    {9: 1},
    {10: -1},
    {11: ""},
    {11: None},
    {12: {}},
    {12: [["p1", True]]},
    {12: [["p1", 1, []]]},
    {12: [["", True, []]]},
    {12: [["p" * 65, True, []]]},
    {12: [["p1", True, None]]},
    {12: [["p1", True, [["silence"]]]]},
    {12: [["p1", True, [["silence", -1]]]]},
    {12: [["p1", True, [["silence", 1]] * (FAULT_KINDS_MAX + 1)]]},
    {12: [["p1", True, []], ["p1", False, []]]},
    {12: [[f"p{at}", True, []] for at in range(PANELS_MAX + 1)]},
    {13: 0},
    {13: False},
    {14: True},
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change)[:40])
def test_a_well_signed_status_that_breaks_the_layout_is_malformed(
    change: dict[int, BodyValue],
) -> None:
    data = cose.sign1(cbor.encode(PAYLOAD | change), BY, Domain.STATUS)
    for read in (lambda: open_status(data, BY.public), lambda: peek_status(data)):
        with pytest.raises(Malformed):
            read()


@pytest.mark.parametrize("key", [key for key in range(1, 13) if key != 11])
def test_each_key_but_the_path_is_needed(key: int) -> None:
    rest = {other: value for other, value in PAYLOAD.items() if other != key}
    with pytest.raises(Malformed):
        peek_status(cose.sign1(cbor.encode(rest), BY, Domain.STATUS))


@pytest.mark.parametrize(
    "change",
    [
        {"gateway": "/"},
        {"epoch": b""},
        {"root": b""},
        {"next_seq": 0},
        {"outstanding": -1},
        {"interval_s": 0},
        {"panels": {f"p{at}": True for at in range(PANELS_MAX + 1)}, "faults": {}},
        {"faults": {"p9": {"silence": 1}}},
    ],
    ids=lambda change: str(change)[:40],
)
def test_a_status_that_cannot_be_is_not_made(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"."):
        replace(STATUS, **change)  # type: ignore[arg-type]


def test_the_key_that_commands_are_sealed_to_is_told() -> None:
    told = replace(STATUS, seal=b"k" * 32)
    assert open_status(sign_status(told, BY), BY.public) == told
    with pytest.raises(Malformed):
        open_status(sign_status(replace(STATUS, seal=b"k"), BY), BY.public)
