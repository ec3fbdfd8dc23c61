"""The faulty line: what each quality does to bytes, and that a seed repeats it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.lines import Quality, Split, Trick, Wire, byte_ns

DATA = bytes(range(1, 101))


def arrived(wire: Wire, now_ns: int = 10**15) -> bytes:
    return b"".join(piece for _, piece in wire.take(now_ns))


def test_a_perfect_wire_delivers_at_once_whole_and_tagged() -> None:
    wire = Wire()
    assert wire.put(b"abc", 5, tag=7)
    assert wire.deadline_ns() == 5
    assert wire.take(4) == []
    assert wire.take(5) == [(7, b"abc")]
    assert wire.deadline_ns() is None


def test_pacing_takes_eleven_bit_times_a_byte() -> None:
    assert byte_ns(9600) == 1_145_833
    assert byte_ns(0) == 0
    wire = Wire(Quality(byte_ns=1000, split=Split.BYTES))
    wire.put(b"abc", 100)
    assert [wire.take(at) for at in (1099, 1100, 3099, 3100)] == [
        [],
        [(0, b"a")],
        [(0, b"b")],
        [(0, b"c")],
    ]
    wire.put(b"d", 200)  # the line was busy until 3100
    assert wire.deadline_ns() == 4100


@given(st.binary(min_size=1, max_size=200), st.sampled_from(Split), st.integers(0, 1000))
def test_splitting_changes_nothing(data: bytes, split: Split, seed: int) -> None:
    wire = Wire(Quality(split=split), seed)
    assert wire.put(data, 0)
    assert arrived(wire) == data


@pytest.mark.parametrize(
    ("quality", "least", "most"),
    [
        (Quality(lose=0.2), 60, 95),
        (Quality(noise=0.2), 105, 140),
        (Quality(double=1.0), 200, 200),
        (Quality(cut=1.0), 0, 99),
    ],
)
def test_each_fault_does_its_harm_and_says_so(quality: Quality, least: int, most: int) -> None:
    for seed in range(20):
        first, second = Wire(quality, seed), Wire(quality, seed)
        assert not first.put(DATA, 0)
        second.put(DATA, 0)
        told = arrived(first)
        assert told == arrived(second), "the same seed must do the same harm"
        assert least <= len(told) <= most


def test_noise_avoids_what_it_must_not_imitate() -> None:
    every_byte_but_one = bytes(range(255))
    wire = Wire(Quality(noise=1.0, noise_not=every_byte_but_one))
    wire.put(b"ab", 0)
    assert arrived(wire) == b"\xffa\xffb"


@pytest.mark.parametrize(
    ("trick", "told"),
    [
        (Trick.CUT, b"ab"),
        (Trick.LOST, b""),
        (Trick.DOUBLE, b"abcdabcd"),
        (Trick.WRONG, b"a\xe2cd"),
    ],
)
def test_a_trick_is_played_on_as_many_as_were_asked(trick: Trick, told: bytes) -> None:
    wire = Wire(wrong_at=1)
    wire.trick(trick, 2)
    heard = []
    for _ in range(3):
        wire.put(b"abcd", 0)
        heard.append(arrived(wire))
    assert heard == [told, told, b"abcd"]


def test_a_muted_wire_loses_what_is_said_and_speaks_again() -> None:
    wire = Wire()
    wire.mute(10)
    assert not wire.put(b"a", 9)
    assert wire.put(b"b", 10)
    assert arrived(wire) == b"b"


def test_pulling_the_plug_loses_what_is_under_way() -> None:
    wire = Wire(Quality(byte_ns=1000))
    wire.put(b"abc", 0)
    wire.break_off(1500)
    assert arrived(wire) == b""
    wire.put(b"d", 1500)
    assert wire.take(2500) == [(0, b"d")]


def test_garbage_is_as_long_as_was_asked() -> None:
    wire = Wire()
    wire.garbage(40, 3)
    assert len(arrived(wire)) == 40


def test_glued_things_arrive_in_one_piece_with_what_follows() -> None:
    wire = Wire()
    wire.trick(Trick.GLUE, 2)
    assert not wire.put(b"one", 0, 1)
    assert not wire.put(b"two", 0, 1)
    assert wire.put(b"other", 0, 2), "another host is told by itself"
    assert not wire.put(b"three", 0, 1)
    assert wire.take(0) == [(2, b"other"), (1, b"onetwothree")]
    assert wire.put(b"four", 0, 1)


def test_chances_of_a_wrong_bit_and_of_glue() -> None:
    wrong = Wire(Quality(wrong=1.0))
    assert not wrong.put(b"frame", 0)
    [(_, told)] = wrong.take(0)
    assert sum((a ^ b).bit_count() for a, b in zip(told, b"frame", strict=True)) == 1
    glued = Wire(Quality(glue=0.5), seed=1)
    for number in range(40):
        glued.put(bytes([number]), 0)
    pieces = [piece for _, piece in glued.take(0)]
    assert 5 < len(pieces) < 35
    assert b"".join(pieces) == bytes(range(sum(map(len, pieces))))
