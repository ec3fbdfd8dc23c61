"""A manifest says what was signed and nothing else; versions are compared as numbers.

Seen to fail: versions compared as text, a name with a folder in it let through, and the key looked
for by what the message claims without checking its signature.
"""

from dataclasses import replace

import pytest

from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain
from edge_agent.evidence.manifest import (
    PART_BYTES_MAX,
    Manifest,
    Part,
    open_manifest,
    order_of,
    sign_manifest,
)
from tests.evidence.conftest import signer

KEY, OTHER = signer(7), signer(8)
GOOD = Manifest(
    "1.10.0", "1.2", b"d" * 32, (Part("a.whl", 3, b"a" * 32), Part("b-1+cpu.whl", 0, b"b" * 32))
)


def test_what_was_signed_is_read_back_under_any_pinned_key() -> None:
    data = sign_manifest(GOOD, KEY)
    assert open_manifest(data, (OTHER.public, KEY.public)) == GOOD
    assert sign_manifest(GOOD, KEY) == data  # the same bytes for whoever makes it again


def test_another_key_is_refused() -> None:
    data = sign_manifest(GOOD, KEY)
    for keys in ((), (OTHER.public,)):
        with pytest.raises(BadSignature, match="not pinned here"):
            open_manifest(data, keys)


def test_a_signature_over_anything_else_is_refused() -> None:
    data = sign_manifest(GOOD, KEY)
    with pytest.raises(BadSignature):
        open_manifest(data[:-1] + bytes([data[-1] ^ 1]), (KEY.public,))
    payload = cose.parse(data).payload
    with pytest.raises(BadSignature):
        open_manifest(cose.sign1(payload, KEY, Domain.BUNDLE), (KEY.public,))


def test_versions_are_numbers() -> None:
    assert order_of("1.10.0") > order_of("1.9.99")
    assert order_of("2") == order_of("2.0.0.0")
    for wrong in ("", "v1", "1.", "01", "1.2.3.4.5", "1.2rc1", "../1", "1\n", "1234567", "１"):
        with pytest.raises(ValueError, match="no version"):
            order_of(wrong)


@pytest.mark.parametrize(
    "name", ["", "../a", "a/b", ".hidden", "a..b", "-r", "ä.whl", "a\n", "x" * 129]
)
def test_a_file_has_a_plain_name(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a file"):
        Part(name, 1, b"a" * 32)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"minimum": "1.10.1"}, "above the version"),
        ({"parts": ()}, "0 files"),
        ({"parts": GOOD.parts[::-1]}, "not in order"),
        ({"parts": (GOOD.parts[0], GOOD.parts[0])}, "two have one name"),
        (
            {"parts": tuple(Part(f"{n}.whl", PART_BYTES_MAX, b"a" * 32) for n in range(9))},
            "536870912",
        ),
        ({"digest": b""}, "0 bytes"),
    ],
)
def test_what_no_release_can_be_is_refused(change: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(GOOD, **change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        {1: 2, 2: "1", 3: "1", 4: b"d" * 32, 5: [["a", 1, b"a" * 32]]},
        {1: 1, 2: "1", 3: "1", 4: b"d" * 32, 5: [["../a", 1, b"a" * 32]]},
        {1: 1, 2: "1", 3: "1", 4: b"d" * 32, 5: [["a", -1, b"a" * 32]]},
        {1: 1, 2: "1", 3: "1", 4: b"d" * 32, 5: [["a", 1]]},
        {1: 1, 2: "1", 3: "2", 4: b"d" * 32, 5: [["a", 1, b"a" * 32]]},
        {1: 1, 2: "1", 3: "1", 4: b"d" * 32, 5: [["a", 1, b"a" * 32]], 6: 1},
    ],
)
def test_signed_nonsense_is_refused(content: dict[int, object]) -> None:
    data = cose.sign1(cbor.encode(content), KEY, Domain.RELEASE)  # type: ignore[arg-type]
    with pytest.raises(Malformed):
        open_manifest(data, (KEY.public,))
