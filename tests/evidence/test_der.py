"""DER: what is written reads back, every other form is refused."""

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence import der
from edge_agent.evidence.cbor import Malformed


@given(st.binary(max_size=40), st.integers(0, 2**70))
@settings(max_examples=30)
def test_what_is_written_reads_back(data: bytes, number: int) -> None:
    written = der.encode(
        der.SEQUENCE, der.integer(number), der.encode(der.OCTET_STRING, data), der.encode(der.NULL)
    )
    reader = der.Reader.of(written)
    assert reader.take(der.INTEGER).number() == number
    assert reader.maybe(der.SET) is None
    assert reader.take(der.OCTET_STRING).content == data
    assert reader.take().whole == b"\x05\x00"
    assert reader.next_tag() is None
    reader.end()


@pytest.mark.parametrize("length", [0, 127, 128, 255, 256, 65_535, 65_536])
def test_every_form_of_a_length(length: int) -> None:
    written = der.encode(der.SEQUENCE, der.encode(der.OCTET_STRING, bytes(length)))
    (inner,) = (der.Reader.of(written).take(),)
    assert len(inner.content) == length
    with pytest.raises(Malformed):
        der.Reader.of(written[:-1] if length else written + b"\0")


@pytest.mark.parametrize("dotted", ["1.2.840.10045.4.3.2", "2.23.133.10.1.3", "2.999.1", "0.9.0"])
def test_an_object_identifier_is_what_the_library_reads(dotted: str) -> None:
    general = x509.RegisteredID(x509.ObjectIdentifier(dotted))
    names = x509.SubjectAlternativeName([general]).public_bytes()  # [8] of it, in a sequence
    assert der.oid(dotted)[1:] in names


BAD = {
    "nothing": b"",
    "no length": b"\x30",
    "cut": b"\x30\x05\x02\x01",
    "open length": b"\x30\x80\x00\x00",
    "a length that could be shorter": b"\x30\x81\x05" + bytes(5),
    "a length with a zero before it": b"\x30\x82\x00\x81" + bytes(129),
    "a length of five bytes": b"\x30\x85\x01\x00\x00\x00\x00",
    "a length that is cut": b"\x30\x82\x01",
    "a tag of two bytes": b"\x3f\x81\x00",
    "something behind it": b"\x30\x00\x00",
    "another tag": b"\x31\x00",
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_every_other_form_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        der.Reader.of(data)


def test_what_is_no_number_is_told() -> None:
    for element in (der.encode(der.INTEGER), der.encode(der.NULL)):
        with pytest.raises(Malformed):
            der.Reader(element).take().number()
