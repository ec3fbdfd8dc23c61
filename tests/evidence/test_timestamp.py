"""Timestamps by RFC 3161, as openssl gave them: what is believed, and what is not.

Seen to fail: with the statement's hash not compared, with any extended key usage taken, with a
chain that ends in nobody who is trusted, with attributes that name another certificate, and with
each row of WRONG believed.
"""

import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.evidence import certificates, der, timestamp
from edge_agent.evidence.anchor import TOKEN_BYTES_MAX
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature
from edge_agent.evidence.timestamp import NotGranted
from edge_agent.evidence.tree import leaf_hash
from tests.evidence import bundles
from tests.evidence.bundles import STAMPED, history, token
from tests.evidence.stamper import OTHER, PSS, SHA512, Certified, Token
from tests.tsa import Tsa

LEAF = leaf_hash(history()[0].envelopes[STAMPED])
(ROOT,) = certificates.read_pem(bundles.stamper())
GOOD = timestamp.verify(token(), LEAF, [ROOT])


def test_a_good_one_tells_the_time_and_by_whom() -> None:
    assert GOOD.by == "CN=Time"
    assert GOOD.fingerprint == certificates.fingerprint(ROOT)
    assert GOOD.accuracy_ns == 1_500_100_000
    made = ROOT.not_valid_before_utc
    assert timestamp.time_text(GOOD.time_ns) in {
        f"{made + timedelta(seconds=s):%Y-%m-%dT%H:%M:%SZ}" for s in range(20)
    }


def test_openssl_says_the_same(tmp_path: Path) -> None:
    """By the command that docs/evidence-bundle.md tells a doubter."""
    (tmp_path / "token").write_bytes(token())
    (tmp_path / "root.pem").write_bytes(bundles.stamper())
    command = ["openssl", "ts", "-verify", "-digest", LEAF.hex(), "-in", "token", "-token_in"]
    ran = subprocess.run(
        [*command, "-CAfile", "root.pem"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Verification: OK" in ran.stdout + ran.stderr


ROOT_OF_ALL, BELOW = Certified(1), Certified(2, Certified(1))
OWN = Certified(3, BELOW, ca=False)
HERE = Token(LEAF, OWN, (BELOW,))


def test_one_below_an_authority_counts() -> None:
    for good in (HERE, replace(HERE, key_id=key_id(OWN))):
        found = timestamp.verify(good.der, LEAF, [ROOT_OF_ALL.certificate])
        assert found.fingerprint == certificates.fingerprint(ROOT_OF_ALL.certificate)
        assert (timestamp.time_text(found.time_ns), found.by) == (
            "2030-01-01T00:00:00Z",
            "CN=Time 3",
        )
    finer = replace(HERE, time=b"20300101000000.25Z").der
    assert timestamp.verify(finer, LEAF, [ROOT_OF_ALL.certificate]).time_ns % 10**9 == 250_000_000


def key_id(of: Certified) -> bytes:
    return x509.SubjectKeyIdentifier.from_public_key(of.certificate.public_key()).digest


def by(own: Certified, *held: Certified) -> Token:
    return Token(LEAF, own, held)


STRANGER = Certified(4, ROOT_OF_ALL, ca=False)  # certified as well, but for no certificates
OVER = Certified(2, ROOT_OF_ALL, days=(-10, -1))
WRONG = {
    "signed by another key": (replace(HERE, signed_by=4), "does not fit the signer's key"),
    "its use is not critical": (by(replace(OWN, critical=False), BELOW), "and for nothing else"),
    "by one who may not certify": (by(Certified(5, STRANGER, ca=False), STRANGER), "no authority"),
    "one above it is over": (by(replace(OWN, by=OVER), OVER), "not valid at the time"),
    "not yet valid": (by(replace(OWN, days=(1, 9)), BELOW), "not valid at the time"),
    "of another type": (replace(HERE, content_type=OTHER), "is no timestamp"),
    "over another statement": (replace(HERE, digest_of=b"other"), "another statement"),
    "told twice": (replace(HERE, twice=True), "stands twice"),
    "signed by RSA-PSS": (replace(HERE, algorithm=PSS), "RSA-PSS"),
    "of another hash": (replace(HERE, imprint_hash=SHA512), "hash of another kind"),
    "of two signers": (replace(HERE, signers=2), "has one signer"),
    "by a key that is not there": (replace(HERE, key_id=key_id(STRANGER)), "is missing"),
    "at no time": (replace(HERE, time=b"20301301000000Z"), "no such time"),
    "at a local time": (replace(HERE, time=b"20300101000000+0800"), "no time in UTC"),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG.keys())
def test_one_thing_wrong_and_it_proves_nothing(wrong: Token, said: str) -> None:
    with pytest.raises((Malformed, BadSignature), match=said):
        timestamp.verify(wrong.der, LEAF, [ROOT_OF_ALL.certificate])


def test_without_a_trusted_authority_its_own_is_named() -> None:
    alone = timestamp.verify(token(), LEAF)
    assert not alone.trusted
    assert (alone.time_ns, alone.fingerprint) == (GOOD.time_ns, GOOD.fingerprint)


def test_of_something_else_it_proves_nothing() -> None:
    with pytest.raises(BadSignature, match="something else"):
        timestamp.verify(token("other"), LEAF, [ROOT])


def test_by_nobody_who_is_trusted_it_proves_nothing() -> None:
    with pytest.raises(BadSignature, match="no authority that is trusted"):
        timestamp.verify(token(), LEAF, [bundles.authority()[1]])


def test_a_flipped_bit_changes_nothing_that_is_believed() -> None:
    """What is not signed (versions, the order of certificates) may change, the time may not."""
    whole = token()
    for at in range(0, len(whole), 2):
        data = bytearray(whole)
        data[at] ^= 1 << at // 2 % 8
        try:
            found = timestamp.verify(bytes(data), LEAF, [ROOT])
        except (Malformed, BadSignature):
            continue
        assert found == GOOD


@given(st.binary(max_size=80), st.integers(0, 2000))
@settings(max_examples=40)
def test_bytes_of_anybody_are_refused_and_never_a_crash(data: bytes, at: int) -> None:
    whole = token()
    at %= len(whole)
    for hostile in (data, whole[:at] + data + whole[at + len(data) :], whole[:at]):
        for read in (lambda d: timestamp.granted(d, 7), lambda d: timestamp.verify(d, LEAF)):
            try:
                read(hostile)
            except (Malformed, BadSignature, NotGranted):
                continue


def response(*parts: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, *parts))


def test_a_refusal_is_told_in_the_authoritys_words() -> None:
    words = der.encode(der.SEQUENCE, der.encode(0x0C, b"Zeit \x1b[1m unbekannt"))
    with pytest.raises(NotGranted, match=r"^Zeit \[1m unbekannt$"):
        timestamp.granted(response(der.integer(2), words), 7)
    with pytest.raises(NotGranted, match="status 2"):
        timestamp.granted(response(der.integer(2)), 7)


def test_the_answer_to_another_request_is_none() -> None:
    answer = der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(0)), token())
    assert timestamp.granted(answer, 7) == token()
    with pytest.raises(Malformed, match="another request"):
        timestamp.granted(answer, 8)


def test_a_token_too_large_to_keep_is_refused() -> None:
    answer = der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, der.integer(0)),
        der.encode(der.SEQUENCE, bytes(TOKEN_BYTES_MAX)),
    )
    with pytest.raises(Malformed, match="at most"):
        timestamp.granted(answer, 7)


@pytest.mark.parametrize(("key", "ess"), [("rsa:2048", "sha1"), ("ec", "sha384")])
def test_other_authorities(tmp_path: Path, key: str, ess: str) -> None:
    """The first does what older ones do."""
    tsa = Tsa(tmp_path, key, ess)
    made = timestamp.granted(tsa.answer(timestamp.request(LEAF, 1 << 62)), 1 << 62)
    (root,) = certificates.read_pem(tsa.root.read_bytes())
    assert timestamp.verify(made, LEAF, [root]).trusted


def test_who_may_do_more_than_timestamps_may_do_none(tmp_path: Path) -> None:
    """A server's key is in a thousand hands; openssl makes no timestamp with it, but a CMS."""
    tsa = Tsa(tmp_path, use="serving")
    (root,) = certificates.read_pem(tsa.root.read_bytes())
    with pytest.raises(BadSignature, match="and for nothing else"):
        timestamp.verify(tsa.signed(statement()), LEAF, [root])
    (tmp_path / "plain").mkdir()
    good = Tsa(tmp_path / "plain")
    (root,) = certificates.read_pem(good.root.read_bytes())
    found = timestamp.verify(good.signed(statement()), LEAF, [root])
    assert timestamp.time_text(found.time_ns) == "2030-01-01T00:00:00Z"


def test_a_certificate_counts_while_it_is_valid(tmp_path: Path) -> None:
    tsa = Tsa(tmp_path)
    (root,) = certificates.read_pem(tsa.root.read_bytes())
    late = statement().replace(b"20300101", b"20990101")
    with pytest.raises(BadSignature, match="not valid at the time"):
        timestamp.verify(tsa.signed(late), LEAF, [root])


def test_what_is_signed_names_its_signers_certificate(tmp_path: Path) -> None:
    """Certificates are not signed: one of the same key, issuer and number could take its place."""
    tsa = Tsa(tmp_path)
    (own,) = certificates.read_pem((tmp_path / "tsa.pem").read_bytes())
    (twin,) = certificates.read_pem(tsa.certify("Twin", "stamping", own.serial_number))
    bare = tsa.signed(statement(), "-nocerts")
    assert timestamp.verify(bare, LEAF, [own]).by == "CN=Time"
    with pytest.raises(BadSignature, match="names another certificate"):
        timestamp.verify(bare, LEAF, [twin])


def statement() -> bytes:
    """What the authority said, without its signature, and in 2030: later than any test's keys."""
    signed = der.Reader.of(token())
    signed.take(der.OID)
    inside = signed.take(der.context(0)).inside.take(der.SEQUENCE).inside
    inside.take(der.INTEGER)
    inside.take(der.SET)
    content = inside.take(der.SEQUENCE).inside
    content.take(der.OID)
    said = content.take(der.context(0)).inside.take(der.OCTET_STRING).content
    return re.sub(rb"20\d{12}Z", b"20300101000000Z", said)
