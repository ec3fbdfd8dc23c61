"""The encoding: one form of each value, every other form refused."""

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence.cbor import DEPTH_MAX, Malformed, decode, encode, split_sequence

SCALARS = (
    st.one_of(
        st.integers(-(2**64), 2**64 - 1), st.binary(max_size=40), st.text(max_size=40), st.none()
    )
    | st.booleans()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.integers(-24, 23), inner),
    max_leaves=20,
).filter(lambda value: depth(value) <= DEPTH_MAX)


def depth(value: object) -> int:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(VALUES)
def test_what_is_encoded_is_decoded_and_is_what_the_library_calls_canonical(value: object) -> None:
    data = encode(value)  # type: ignore[arg-type]
    assert decode(data) == value
    assert data == cbor2.dumps(value, canonical=True)


@given(st.binary(max_size=64))
def test_random_bytes_are_refused_or_are_the_one_encoding_of_their_value(data: bytes) -> None:
    try:
        value = decode(data)
    except Malformed:
        return
    assert encode(value) == data


@given(VALUES, st.data())
def test_a_changed_byte_never_decodes_to_the_same_value(value: object, data: st.DataObject) -> None:
    whole = bytearray(encode(value))  # type: ignore[arg-type]
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    try:
        assert encode(decode(bytes(whole))) == whole
    except Malformed:
        return


EDGES = [0, 23, 24, 25, 2**8 - 1, 2**8, 2**16 - 1, 2**16, 2**32 - 1, 2**32, 2**63, 2**64 - 1]


@pytest.mark.parametrize("number", [*EDGES, *(-1 - number for number in EDGES)])
def test_numbers_at_the_edges_of_their_forms(number: int) -> None:
    assert encode(number) == cbor2.dumps(number)
    assert decode(encode(number)) == number


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_lengths_at_the_edges_of_their_forms(length: int) -> None:
    for value in (bytes(length), "x" * length, [0] * length):
        assert decode(encode(value)) == value  # type: ignore[arg-type]


def test_all_keys() -> None:
    whole: dict[int, int] = dict.fromkeys(range(-24, 24), 0)
    assert decode(encode(whole)) == whole


REFUSED = {
    "nothing": "",
    "trailing byte": "0000",
    "second item": "a0a0",
    "number not shortest": "1817",
    "number not shortest, 2 bytes": "1900ff",
    "number not shortest, 4 bytes": "1a0000ffff",
    "number not shortest, 8 bytes": "1b00000000ffffffff",
    "length not shortest": "580100",
    "negative not shortest": "3817",
    "indefinite bytes": "5f4100ff",
    "indefinite text": "7f6161ff",
    "indefinite array": "9fff",
    "indefinite map": "bfff",
    "reserved head": "1c",
    "break": "ff",
    "half float": "f93c00",
    "double": "fb3ff0000000000000",
    "undefined": "f7",
    "simple value": "e0",
    "simple value, 1 byte": "f820",
    "tag": "c000",
    "tag alone": "c0",
    "tag with two items": "c10000",
    "big number": "c249010000000000000000",
    "shared reference": "d81c80",
    "regular expression": "d823612a",
    "key twice": "a201000100",
    "keys out of order": "a202000100",
    "negative key before positive": "a220000100",
    "key 24": "a1181800",
    "key -25": "a1381800",
    "head of a key": "a11800",
    "head of a negative key": "a13800",
    "empty bytes key": "a14000",
    "empty text key": "a16000",
    "text key": "a1616100",
    "bytes key": "a1416100",
    "null key": "a1f600",
    "text not UTF-8": "61ff",
    "surrogate in text": "63eda080",
    "cut number": "19ff",
    "cut bytes": "4200",
    "cut array": "8200",
    "cut map": "a10",
    "cut map after key": "a101",
    "cut map before key": "a2010001"[:6],
    "huge array": "9b7fffffffffffffff",
    "huge map": "bbffffffffffffffff",
    "huge bytes": "5bffffffffffffffff",
}


@pytest.mark.parametrize("digits", REFUSED.values(), ids=REFUSED.keys())
def test_a_form_that_is_not_ours_is_refused(digits: str) -> None:
    with pytest.raises(Malformed):
        decode(bytes.fromhex(digits + "0" * (len(digits) % 2)))


def test_nesting_is_bounded() -> None:
    decode(b"\x81" * DEPTH_MAX + b"\x00")
    with pytest.raises(Malformed, match="deeper"):
        decode(b"\x81" * (DEPTH_MAX + 1) + b"\x00")
    with pytest.raises(Malformed, match="deeper"):
        decode(b"\x81" * 100_000 + b"\x00")


@pytest.mark.parametrize("value", [{24: 0}, {-25: 0}, {"a": 0}, 2**64, -(2**64) - 1, "\ud800"])
def test_a_value_without_an_encoding_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [1.5, {1: 2.0}, {1, 2}, object(), bytearray(b"")])
def test_a_type_that_evidence_does_not_know_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)  # type: ignore[arg-type]


def test_maps_are_written_in_canonical_order() -> None:
    assert encode({-2: 0, 3: 0, -1: 0, 0: 0}).hex() == "a40000030020002100"


ITEM = bytes.fromhex("d28440a04040")


def test_a_sequence_is_cut_into_its_items() -> None:
    assert split_sequence(b"", 3) == []
    assert split_sequence(ITEM * 3, 3) == [ITEM] * 3
    with pytest.raises(Malformed, match="more than 2"):
        split_sequence(ITEM * 3, 2)


@pytest.mark.parametrize(
    "data",
    [ITEM[1:], ITEM + b"\x00", ITEM[:-1], b"\xd2", ITEM + b"\xd2\xff", b"\xd2\x1a\xff\xff\xff"],
)
def test_a_sequence_that_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        split_sequence(data, 9)
