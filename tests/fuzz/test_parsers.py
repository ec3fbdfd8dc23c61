"""The check of the parsers can fail: a reader that lets too much through, or raises, is seen."""

import pytest

from edge_agent.evidence import cbor, cose, receipt
from tests.fuzz import parsers


def test_the_published_vectors_show_no_defect() -> None:
    played = [data[0] for data in parsers.seeds()]
    for data in parsers.seeds():
        parsers.check(data)
    assert len(set(played)) > 12, "most kinds have a seed"


def test_a_second_form_of_a_value_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    long_one = parsers.made("value", b"\x18\x01")
    parsers.check(long_one)  # refused
    monkeypatch.setattr(cbor, "_LEAST", dict.fromkeys(cbor._LEAST, 0))
    with pytest.raises(AssertionError, match="one form"):
        parsers.check(long_one)


def test_another_exception_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(value: list[int]) -> int:
        return value[99]

    monkeypatch.setattr(receipt, "_range", careless)
    data = next(seed for seed in parsers.seeds() if seed[0] == parsers.made("receipt", b"")[0])
    signed = parsers.made("receipt", cose.parse(data[parsers.HEAD :]).payload, signed=True)
    with pytest.raises(IndexError):
        parsers.check(signed)
