"""A clip's body says on the wire what it was given, and takes nothing else."""

from typing import Any

import pytest

from edge_agent.domain.event import Body
from edge_agent.evidence.cbor import Malformed, decode, encode
from edge_agent.evidence.cited import Place
from edge_agent.evidence.clip import PARTS_MAX, ClipBody, ClipChange, ClipPart

PART = ClipPart("image/jpeg", 2000, b"h" * 32, 700)
KEPT = ClipBody(
    what=ClipChange.KEPT,
    clip="000001-abcdef",
    camera="front",
    panel="p1",
    kind="burglary",
    zone=4,
    area=1,
    alarm=Place(b"epoch001", 5),
    parts=(ClipPart("video/mp4", 9, b"v" * 32, -5000), PART),
    joined=2,
    detail="x",
)
MISSED = ClipBody(
    what=ClipChange.MISSED,
    camera="front",
    panel="p1",
    kind="fire",
    alarm=Place(b"epoch001", 0),
    detail="dead",
)
REMOVED = ClipBody(what=ClipChange.REMOVED, clip="000001-abcdef")


@pytest.mark.parametrize("body", [KEPT, MISSED, REMOVED])
def test_there_and_back(body: ClipBody) -> None:
    read = decode(encode(dict(body.to_body())))
    assert isinstance(read, dict)
    assert ClipBody.from_body(read) == body
    assert ClipBody.from_body(read | {20: "of a newer gateway"}) == body


@pytest.mark.parametrize(
    "change",
    [
        {1: "lost"},
        {1: "missed"},  # with a name and parts
        {1: "removed"},  # with parts
        {3: ""},
        {6: 0},
        {8: -1},
        {8: [b"epoch001", -1]},
        {9: []},
        {9: [["image/jpeg", 0, b"h" * 32, 0]]},
        {9: [["image/jpeg", 1, b"h", 0]]},
        {9: [["image/jpeg", 1, b"h" * 32]]},
        {9: [["image/jpeg", 1, b"h" * 32, 10**9]]},
        {9: [PART.to_value()] * (PARTS_MAX + 1)},
        {11: 5},
    ],
)
def test_what_is_no_clip(change: Body) -> None:
    with pytest.raises(Malformed):
        ClipBody.from_body({**KEPT.to_body(), **change})


@pytest.mark.parametrize(
    "keys",
    [
        {"what": ClipChange.KEPT, "clip": "x"},
        {"what": ClipChange.KEPT, "parts": (PART,)},
        {"what": ClipChange.KEPT, "clip": "x", "parts": (PART,) * (PARTS_MAX + 1)},
        {"what": ClipChange.MISSED, "clip": "x"},
        {"what": ClipChange.REMOVED},
    ],
)
def test_what_cannot_be_said(keys: Any) -> None:
    with pytest.raises(ValueError, match="clip"):
        ClipBody(**keys)
