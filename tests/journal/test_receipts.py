"""Receipts are bound: what was recorded agrees, and any change to it is named.

Seen to fail: where the signed digest is there and nothing is compared with it.
"""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.journal import Record, RecordKind
from edge_agent.journal.format import encode_ranges, encode_record
from edge_agent.journal.receipts import Binding, BindingCheck, Bound, Mismatch

RUN = b"epoch001"


def receipt(number: int, text: bytes = b"signed") -> Record:
    data = encode_ranges([(number, number)], text)
    return Record(RecordKind.RECEIPT, number % 3, b"epoch000", number, data)


def checked(records: list[Record], *claims: Bound) -> list[Mismatch]:
    check = BindingCheck()
    for record in records:
        check.record(RUN, record)
    for claim in claims:
        check.claim(RUN, claim)
    return check.finish()


def test_the_digest_is_what_the_page_says() -> None:
    binding = Binding()
    assert binding.bind() is None
    binding.add([receipt(0), receipt(1)])
    leaves = [hashlib.sha256(encode_record(receipt(n))).digest() for n in (0, 1)]
    assert binding.bind() == Bound(0, 1, hashlib.sha256(b"".join(leaves)).digest())
    assert binding.bind() is None
    binding.add([receipt(2)])
    bound = binding.bind()
    assert bound is not None
    assert (bound.first, bound.last) == (2, 2)


@given(st.lists(st.integers(0, 5), max_size=12), st.integers(0, 3))
def test_what_was_recorded_agrees(parts: list[int], late: int) -> None:
    """Also when more was recorded before the digest's own event was written."""
    binding, check, number, claims = Binding(), BindingCheck(), 0, list[Bound]()
    for count in parts:
        made = [receipt(n) for n in range(number, number + count)]
        number += count
        binding.add(made)
        for record in made:
            check.record(RUN, record)
        if claims and late == 0:
            check.claim(RUN, claims.pop(0))
        if bound := binding.bind():
            claims.append(bound)
    for claim in claims:
        check.claim(RUN, claim)
    assert check.finish() == []
    assert check.bound == number


def bound(count: int) -> tuple[list[Record], Bound]:
    binding = Binding()
    records = [receipt(n) for n in range(count)]
    binding.add(records)
    made = binding.bind()
    assert made is not None
    return records, made


def test_a_changed_receipt_is_found() -> None:
    records, made = bound(5)
    for place, record in enumerate(records):
        for other in (replace(record, data=record.data + b"!"), replace(record, lane=7)):
            changed = [*records[:place], other, *records[place + 1 :]]
            assert checked(changed, made) == [Mismatch(RUN, 0, 4)]
    assert "not those it recorded" in str(Mismatch(RUN, 0, 4))


@pytest.mark.parametrize(
    ("gone", "missing", "text"),
    [
        ({0}, [(0, 0)], "missing: 0"),
        ({4}, [(4, 4)], "missing: 4"),
        ({1, 2, 4}, [(1, 2), (4, 4)], "missing: 1 to 2, 4"),
        ({0, 1, 2, 3, 4}, [(0, 4)], "missing: 0 to 4"),
    ],
)
def test_a_removed_receipt_is_named(gone: set[int], missing: list[object], text: str) -> None:
    records, made = bound(5)
    left = [record for record in records if record.seq not in gone]
    (found,) = checked(left, made)
    assert list(found.missing) == missing
    assert text in str(found)


def test_the_remains_of_a_refused_write_do_not_count() -> None:
    records, made = bound(3)
    remains = [receipt(1, b"another"), receipt(2, b"another")]
    assert checked([records[0], *remains, *records[1:]], made) == []


def test_what_retention_removed_is_no_finding_and_a_hole_behind_it_is() -> None:
    records, made = bound(6)
    for left, missing in (
        (records[3:], []),
        ([], []),
        ([records[2], *records[4:]], [(0, 1), (3, 3)]),
    ):
        check = BindingCheck()
        for record in left:
            check.record(RUN, record)
        check.claim(RUN, made)
        assert len(check.finish()) == 1, "without a record of the removal"
        assert [list(one.missing) for one in check.finish([RUN])] == ([missing] if missing else [])
