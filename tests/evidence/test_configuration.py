"""What a command says of a new configuration: bounded, whole, and nothing else."""

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.configuration import CONFIG_BYTES_MAX, Wanted

WANTED = Wanted(b'[gateway]\nid = "gw1"\n', 90, bytes(32))


@given(st.binary(min_size=1, max_size=300), st.integers(10, 600), st.none() | st.just(bytes(32)))
def test_it_round_trips(data: bytes, within_s: int, replaces: bytes | None) -> None:
    wanted = Wanted(data, within_s, replaces)
    assert Wanted.from_body(wanted.to_body()) == wanted


def test_a_large_site_fits_into_a_command() -> None:
    zones = "".join(
        f'[[zone]]\npanel = "p1"\nzone = {n}\nname = "Room {n}"\ntype = "perimeter"\n'
        for n in range(4096)
    )
    body = Wanted(zones.encode()).to_body()
    assert isinstance(body[1], bytes)
    assert len(body[1]) < 48_000


@pytest.mark.parametrize(
    "changes",
    [
        {1: b""}, {1: b"plain"}, {1: "text"}, {1: None}, {1: zlib.compress(b"")},
        {1: zlib.compress(b"x" * 99)[:-1]}, {1: zlib.compress(b"a") + zlib.compress(b"b")},
        {2: 9}, {2: 601}, {2: True}, {2: None}, {3: b"short"}, {4: 1},
    ],
)  # fmt: skip
def test_what_is_none_is_malformed(changes: dict[int, BodyValue]) -> None:
    body = WANTED.to_body() | changes
    with pytest.raises(Malformed):
        Wanted.from_body({key: value for key, value in body.items() if value is not None})


def test_a_bomb_is_not_inflated() -> None:
    bomb = zlib.compress(bytes(24 * CONFIG_BYTES_MAX), 1)
    tracemalloc.start()
    try:
        with pytest.raises(Malformed):
            Wanted.from_body({1: bomb, 2: 90})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * CONFIG_BYTES_MAX


@given(st.binary(max_size=100))
def test_bytes_of_anybody_are_malformed_and_no_crash(data: bytes) -> None:
    with pytest.raises(Malformed):
        Wanted.from_body({1: data, 2: 90})


def test_its_bounds_hold_at_the_center_too() -> None:
    for data, within_s in ((b"", 90), (bytes(CONFIG_BYTES_MAX + 1), 90), (b"x", 9), (b"x", 601)):
        with pytest.raises(ValueError, match=r"bytes|tried for"):
            Wanted(data, within_s)
