"""Files that are handed over: named by what they hold, few, served part by part."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.evidence.command import CommandRef
from edge_agent.evidence.parcel import PARCEL_BYTES_MAX, PART_BYTES, Parcel, PartAsked
from edge_agent.limits import PARCELS_MAX
from edge_agent.parcels import Parcels
from tests.evidence.test_command import COMMAND
from tests.link.rig import run

REF = CommandRef("center", 7, bytes(32))


@pytest.fixture
def parcels(tmp_path: Path) -> Parcels:
    return Parcels(tmp_path / "data" / "parcels")


def offered(parcels: Parcels, data: bytes) -> Parcel:
    place = parcels.place("bundle")
    place.write_bytes(data)
    return parcels.offer(place)


def part(parcels: Parcels, digest: bytes, number: int) -> bytes:
    asked = replace(COMMAND, what="part", body=PartAsked(digest, number).to_body())
    return run(parcels.part(asked, REF)).facts


def test_its_parts_make_the_file_again(parcels: Parcels) -> None:
    data = os.urandom(2 * PART_BYTES + 5)
    parcel = offered(parcels, data)
    assert parcel == Parcel(hashlib.sha256(data).digest(), len(data))
    got = [part(parcels, parcel.digest, number) for number in range(parcel.parts)]
    assert b"".join(got) == data
    assert [len(one) for one in got] == [PART_BYTES, PART_BYTES, 5]
    with pytest.raises(ValueError, match="no such part"):
        part(parcels, parcel.digest, 3)


def test_only_the_newest_are_kept_and_a_new_one_pushes_out_the_oldest(parcels: Parcels) -> None:
    made = []
    for number in range(PARCELS_MAX + 1):
        made.append(offered(parcels, bytes([number])))
        name = parcels._folder / made[-1].digest.hex()
        os.utime(name, ns=(number, number))
    with pytest.raises(ValueError, match="ask anew"):
        part(parcels, made[0].digest, 0)
    assert part(parcels, made[1].digest, 0) == b"\x01"
    assert len(list(parcels._folder.iterdir())) == PARCELS_MAX


def test_what_is_too_large_or_was_left_half_made_is_removed(parcels: Parcels) -> None:
    place = parcels.place("bundle")
    with place.open("wb") as file:
        file.truncate(PARCEL_BYTES_MAX + 1)
    with pytest.raises(ValueError, match="at most"):
        parcels.offer(place)
    assert list(parcels._folder.iterdir()) == []
    place.write_bytes(b"half")
    assert parcels.place("bundle") == place
    assert list(parcels._folder.iterdir()) == []
