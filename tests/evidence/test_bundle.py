"""The bundle's bytes: each value reads back, and no bytes of anybody's are a crash."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence import cose
from edge_agent.evidence.bundle import (
    ITEM_BYTES_MAX,
    MAGIC,
    EpochItem,
    Item,
    Kind,
    Run,
    Scope,
    Seal,
    frame,
    items,
)
from edge_agent.evidence.bundle_check import check
from edge_agent.evidence.bundle_report import Trust
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cited import Place
from tests.evidence import bundles
from tests.evidence.bundles import FIRST, NONCE, memory
from tests.evidence.conftest import signer

ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.binary(max_size=40)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=5) | st.dictionaries(st.integers(-3, 11), inner, max_size=6)
    ),
    max_leaves=12,
)

SCOPES = [
    Scope(gateway="gw1", kind=Kind.SPAN, stretches=((FIRST, 3, 9), (FIRST, 11, 11))),
    Scope(gateway="gw1", kind=Kind.AREA, stretches=(), panel="p1", area=3),
    Scope(gateway="gw1", kind=Kind.INCIDENT, stretches=(), incident=Place(FIRST, 7)),
    Scope(gateway="gw1", kind=Kind.SAMPLE, stretches=((FIRST, 0, 9),), nonce=NONCE, count=3),
]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_scope_reads_back(scope: Scope) -> None:
    (framed,) = items(BytesIO(MAGIC + frame(scope.to_item())).read)
    assert framed.item is Item.SCOPE
    assert Scope.from_value(framed.value) == scope


@pytest.mark.parametrize(
    "wrong",
    [
        {"stretches": ((FIRST, 3, 2),)},
        {"stretches": ((FIRST, 3, 9), (FIRST, 9, 11))},
        {"kind": Kind.SAMPLE},
        {"nonce": NONCE, "count": 3},
        {"kind": Kind.SAMPLE, "nonce": b"short", "count": 3},
        {"kind": Kind.SAMPLE, "nonce": NONCE, "count": 10_001},
        {"gateway": "no name"},
    ],
)
def test_a_scope_that_makes_no_sense_is_none(wrong: dict[str, object]) -> None:
    good: dict[str, object] = {"gateway": "gw1", "kind": Kind.SPAN, "stretches": ()}
    with pytest.raises(ValueError, match=r".+"):
        Scope(**(good | wrong))  # type: ignore[arg-type]


def test_epochs_and_runs_read_back() -> None:
    epoch = EpochItem(epoch=FIRST, genesis=b"g", head=b"h", receipt=b"r", leaves=bytes(64))
    again = EpochItem(epoch=FIRST, genesis=b"g", head=b"h", earlier=b"e", consistency=(bytes(32),))
    run = Run(3, (b"a", b"b"), bytes(8), (bytes(32),), (b"twin",))
    values = [one.to_item() for one in (epoch, again, run, Run(0, (b"a",)))]
    read = [one.value for one in items(BytesIO(MAGIC + b"".join(map(frame, values))).read)]
    assert [EpochItem.from_value(one) for one in read[:2]] == [epoch, again]
    assert [Run.from_value(one) for one in read[2:]] == [run, Run(0, (b"a",))]
    with pytest.raises(Malformed, match="tree before"):
        Run.from_value({1: 0, 4: [b"a", b"b"]})


def test_a_seal_reads_back_and_cuts_what_is_too_long() -> None:
    seal = Seal(
        gateway="gw1",
        by="center",
        time_ms=None,
        digest=bytes(32),
        events=3,
        actor="",
        purpose="p" * 300,
        number=2,
        previous=bytes(32),
    )
    read = Seal.read(cose.parse(seal.signed(signer(3))))
    assert (read.actor, read.purpose) == ("unknown", "p" * 200)
    assert (read.number, read.previous, read.events) == (2, bytes(32), 3)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not an evidence bundle"),
        (MAGIC + b"\x00", "byte 8: no length"),
        (MAGIC + (ITEM_BYTES_MAX + 1).to_bytes(4, "big"), "byte 8: no length"),
        (MAGIC + b"\x00\x00\x00\x09ab", "byte 8: cut short"),
        (MAGIC + b"\x00\x00\x00\x01\x80", "byte 8: not an array of 2"),
        (MAGIC + frame([5, None]), "byte 8: key 0"),
    ],
)
def test_what_is_no_bundle_is_said_with_its_place(data: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        list(items(BytesIO(data).read))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 5), ANY), max_size=6))
def test_items_of_anything_are_no_crash(values: list[tuple[int, object]]) -> None:
    """Behind a good scope and epoch, so that every reader is reached."""
    good = list(items(BytesIO(bundles.chosen(memory())).read))[:5]
    frames = [frame([int(one.item), one.value]) for one in good]
    frames += [frame([item, value]) for item, value in values]  # type: ignore[list-item]
    data = MAGIC + b"".join(frames)
    assert check(BytesIO(data).read, Trust()).problems


@settings(max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 4000), st.integers(0, 60))
def test_bytes_of_anybody_are_no_crash(junk: bytes, at: int, over: int) -> None:
    data = bundles.chosen(memory())
    changed = data[:at] + junk + data[at + over :]
    assert changed == data or check(BytesIO(changed).read, Trust()).problems
