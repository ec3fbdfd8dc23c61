"""COSE_Sign1: the working group's vectors, every rule of refusal, and any flipped bit."""

import base64
import datetime
import json
from pathlib import Path

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Algorithm, BadSignature, Domain, PublicKey, sign1, take_apart
from edge_agent.evidence.signers import Ed25519Signer, P256Signer
from tests.evidence.conftest import signer

# ---- vectors of the COSE working group

VECTORS = sorted((Path(__file__).parent / "vectors" / "cose").glob("*.json"))
OLD_IDS = {-7: Algorithm.ESP256, -8: Algorithm.ED25519}  # in this harness only


def judge(vector: dict[str, str], data: bytes) -> bool:
    """Return whether `data` verifies below our header policy, old algorithm ids mapped."""
    x, y = vector["key"]["x"], vector["key"].get("y", "")  # type: ignore[attr-defined, index]
    key = PublicKey(Algorithm.ESP256 if y else Algorithm.ED25519, bytes.fromhex(x + y))
    parts = take_apart(data)
    protected = b"" if parts.protected == b"\xa0" else parts.protected  # RFC 9052 section 4.4
    header = parts.unprotected | (cbor.decode_map(protected) if protected else {})
    if OLD_IDS.get(header[1]) is not key.algorithm:  # type: ignore[arg-type]
        return False
    signed = cose.to_be_signed(protected, bytes.fromhex(vector["external"]), parts.payload)
    if not vector["fail"]:
        assert signed.hex() == vector["ToBeSign_hex"].lower()
    return key.verify(parts.signature, signed)


def test_all_vectors_are_there() -> None:
    assert len(VECTORS) == 11


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_working_group_vector(path: Path) -> None:
    vector = json.loads(path.read_text())
    data = bytes.fromhex(vector["cbor"])
    with pytest.raises(Malformed):  # old ids, key id unprotected
        cose.parse(data)
    if data[:2] == b"\xd9\x03":  # another tag
        with pytest.raises(Malformed, match="not a tagged"):
            take_apart(data)
        return
    if data[:1] == b"\x84":  # a pass for those who know the type from elsewhere; we do not
        with pytest.raises(Malformed, match="not a tagged"):
            take_apart(data)
        data = b"\xd2" + data
    assert judge(vector, data) is not vector["fail"]


# ---- our profile

SIGNERS: list[Ed25519Signer | P256Signer] = [
    signer(7),
    P256Signer(ec.derive_private_key(7, ec.SECP256R1())),
]
both = pytest.mark.parametrize("by", SIGNERS, ids=["ed25519", "p256"])


def opened(data: bytes, key: PublicKey, domain: Domain = Domain.EVENT) -> bytes:
    message = cose.parse(data)
    cose.verify(message, key, domain)
    return message.payload


@both
@given(payload=st.binary(max_size=300))
def test_what_is_signed_opens(by: Ed25519Signer | P256Signer, payload: bytes) -> None:
    assert opened(sign1(payload, by, Domain.EVENT), by.public) == payload


@both
def test_any_flipped_bit_is_refused(by: Ed25519Signer | P256Signer) -> None:
    data = sign1(b"payload", by, Domain.EVENT)
    for at in range(len(data) * 8):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises((Malformed, BadSignature)):
            opened(bytes(changed), by.public)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"\xd2\x84" + rest))
def test_random_bytes_are_malformed_and_nothing_else(data: bytes) -> None:
    with pytest.raises(Malformed):
        cose.parse(data)


@both
@pytest.mark.parametrize("domain", [d for d in Domain if d is not Domain.EVENT])
def test_an_object_of_one_domain_is_none_of_another(
    by: Ed25519Signer | P256Signer, domain: Domain
) -> None:
    with pytest.raises(BadSignature):
        opened(sign1(b"x", by, Domain.EVENT), by.public, domain)


def test_domains_are_apart() -> None:
    assert len({domain.value for domain in Domain}) == len(Domain.__members__)


def rebuilt(
    protected: object = None,
    unprotected: object = None,
    payload: object = b"payload",
    tag: int | None = 18,
    by: Ed25519Signer | P256Signer = SIGNERS[0],
) -> bytes:
    """A message built by plain cbor2, rightly signed over whatever the header says."""
    header = {1: int(by.public.algorithm), 4: by.public.kid} if protected is None else protected
    raw = header if isinstance(header, bytes) else cbor2.dumps(header)
    signed = ["Signature1", raw, Domain.EVENT.value, payload or b""]
    signature = by.sign(cbor2.dumps(signed))
    body = [raw, {} if unprotected is None else unprotected, payload, signature]
    return cbor2.dumps(body if tag is None else cbor2.CBORTag(tag, body))


KID = SIGNERS[0].public.kid


def test_the_reference_build_is_ours_byte_for_byte() -> None:
    assert rebuilt() == sign1(b"payload", SIGNERS[0], Domain.EVENT)


HEADERS = {
    "algorithm unprotected": rebuilt({4: KID}, {1: -19}),
    "algorithm in both": rebuilt(None, {1: -19}),
    "key id unprotected": rebuilt({1: -19}, {4: KID}),
    "anything unprotected": rebuilt(None, {3: 0}),
    "no header": rebuilt({}),
    "empty protected": rebuilt(b""),
    "header is no map": rebuilt([1]),
    "unknown parameter": rebuilt({1: -19, 3: 0, 4: KID}),
    "critical parameter": rebuilt({1: -19, 2: [9], 4: KID, 9: 0}),
    "text parameter": rebuilt({1: -19, 4: KID, "x": 0}),
    "old EdDSA id": rebuilt({1: -8, 4: KID}),
    "old ES256 id": rebuilt({1: -7, 4: KID}, by=SIGNERS[1]),
    "unknown algorithm": rebuilt({1: -999, 4: KID}),
    "text algorithm": rebuilt({1: "Ed25519", 4: KID}),
    "true as algorithm": rebuilt({1: True, 4: KID}),
    "list as algorithm": rebuilt({1: [-19], 4: KID}),
    "short key id": rebuilt({1: -19, 4: KID[:7]}),
    "long key id": rebuilt({1: -19, 4: KID + b"\x00"}),
    "text key id": rebuilt({1: -19, 4: "12345678"}),
    "header out of order": rebuilt(b"\xa2\x04\x48" + KID + b"\x01\x32"),
    "header key twice": rebuilt(b"\xa3\x01\x32\x01\x32\x04\x48" + KID),
    "header not shortest": rebuilt(b"\xa2\x01\x38\x12\x04\x48" + KID),
    "header with trailing byte": rebuilt(b"\xa2\x01\x32\x04\x48" + KID + b"\x00"),
    "detached payload": rebuilt(payload=None),
    "text payload": rebuilt(payload="payload"),
    "no tag": rebuilt(tag=None),
    "COSE_Sign": rebuilt(tag=98),
    "COSE_Mac0": rebuilt(tag=17),
    "two tags": b"\xd2" + rebuilt(),
    "tag in two bytes": b"\xd8\x12" + rebuilt()[1:],
    "trailing byte": rebuilt() + b"\x00",
    "two messages": rebuilt() * 2,
    "five parts": b"\xd2\x85" + rebuilt()[2:] + b"\xf6",
    "three parts": cbor2.dumps(cbor2.CBORTag(18, [b"", {}, b""])),
    "map instead of parts": b"\xd2\xa0",
    "indefinite array": b"\xd2\x9f" + rebuilt()[2:] + b"\xff",
    "length not shortest": rebuilt().replace(b"\x47payload", b"\x58\x07payload"),
    "short signature": rebuilt()[:-65].removesuffix(b"\x58") + b"\x58\x3f" + bytes(63),
    "long signature": rebuilt()[:-66] + b"\x58\x41" + bytes(65),
    "empty": b"",
    "too long": sign1(bytes(cose.MESSAGE_BYTES_MAX - 100), SIGNERS[0], Domain.EVENT) + bytes(100),
}


@pytest.mark.parametrize("data", HEADERS.values(), ids=HEADERS.keys())
def test_what_breaks_a_rule_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        cose.parse(data)


@pytest.mark.parametrize("length", [0, 23, 24, 255, 256, 65_535, 65_536])
def test_byte_strings_are_the_librarys(length: int) -> None:
    assert cose.bstr(bytes(length)) == cbor2.dumps(bytes(length))


def test_size_is_bounded_on_both_sides() -> None:
    room = cose.MESSAGE_BYTES_MAX - 86
    assert len(opened(sign1(bytes(room), SIGNERS[0], Domain.EVENT), SIGNERS[0].public)) == room
    with pytest.raises(ValueError, match="allowed 65536"):
        sign1(bytes(room + 1), SIGNERS[0], Domain.EVENT)
    with pytest.raises(Malformed, match="allowed 65536"):
        cose.parse(rebuilt(payload=bytes(room + 1)))


def test_the_algorithm_is_the_keys_and_not_the_messages() -> None:
    ed, p256 = SIGNERS
    claims = rebuilt({1: -9, 4: ed.public.kid}, by=ed)  # Ed25519 signature said to be ESP256
    with pytest.raises(BadSignature, match="not the algorithm"):
        opened(claims, ed.public)
    with pytest.raises(BadSignature, match="signed by key"):
        opened(sign1(b"x", ed, Domain.EVENT), p256.public)


def test_the_other_form_of_an_ecdsa_signature_is_refused() -> None:
    by = SIGNERS[1]
    data = sign1(b"x", by, Domain.EVENT)
    s = int.from_bytes(data[-32:], "big")
    other = data[:-32] + (cose.P256_ORDER - s).to_bytes(32, "big")
    message = cose.parse(other)
    signed = cose.to_be_signed(message.protected, Domain.EVENT.value, b"x")
    assert by.public.verify(message.signature, signed)  # ECDSA itself would take it
    with pytest.raises(BadSignature, match="upper half"):
        opened(other, by.public)


@pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64, bytes(32) + b"\x01" * 32])
@both
def test_nonsense_signatures_do_not_verify(
    by: Ed25519Signer | P256Signer, signature: bytes
) -> None:
    assert not by.public.verify(signature, b"x")


# ---- keys


@both
def test_a_key_round_trips_as_cose_key(by: Ed25519Signer | P256Signer) -> None:
    value = by.public.to_value()
    assert PublicKey.from_value(value) == by.public
    assert PublicKey.from_value(cbor.decode(cbor.encode(value))).kid == by.public.kid


def test_key_ids_are_rfc_9679_thumbprints() -> None:
    """The example key of RFC 9679 section 6, whose SHA-256 thumbprint the RFC prints."""
    x = "65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d"
    y = "1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c"
    key = PublicKey(Algorithm.ESP256, bytes.fromhex(x + y))
    assert key.kid.hex() == "496bd8afadf307e5"


ED = SIGNERS[0].public.to_value()
EC = SIGNERS[1].public.to_value()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {1: 1, -1: 6},
        ED | {3: -19},
        ED | {-4: b"secret"},
        ED | {1: 2},
        ED | {-1: 4},
        ED | {-2: b"short"},
        ED | {-2: "text"},
        EC | {-3: True},
        EC | {-3: bytes(32)},
        EC | {1: 1},
        EC | {-1: 2},
        {key: value for key, value in EC.items() if key != -3},
    ],
)
def test_a_bad_cose_key_is_malformed(value: BodyValue) -> None:
    with pytest.raises(Malformed):
        PublicKey.from_value(value)


def certificate(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gw1")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(day)
        .not_valid_after(day + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return built.public_bytes(serialization.Encoding.PEM)


def test_a_certificate_names_its_key() -> None:
    private = ec.derive_private_key(7, ec.SECP256R1())
    assert PublicKey.from_certificate_pem(certificate(private)) == SIGNERS[1].public


def test_a_public_key_stands_alone_or_in_a_certificate() -> None:
    for one in SIGNERS:
        assert PublicKey.from_pem(one.public.to_pem()) == one.public
    private = ec.derive_private_key(7, ec.SECP256R1())
    assert PublicKey.from_pem(certificate(private)) == SIGNERS[1].public
    secret = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for wrong in (b"", b"junk", secret):
        with pytest.raises(Malformed):
            PublicKey.from_pem(wrong)


def on_an_unknown_curve(pem: bytes) -> bytes:
    """Return a certificate whose key the library knows no curve of, as with SM2."""
    lines = pem.splitlines()
    p256 = bytes.fromhex("06082a8648ce3d030107")
    der = base64.b64decode(b"".join(lines[1:-1])).replace(p256, p256[:-1] + b"\x63")
    return b"\n".join([lines[0], base64.encodebytes(der).strip(), lines[-1]])


def test_a_certificate_on_an_unknown_curve_is_malformed() -> None:
    unknown = on_an_unknown_curve(certificate(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(Malformed):
        PublicKey.from_certificate_pem(unknown)


def test_a_certificate_of_no_use_is_malformed() -> None:
    other = certificate(ec.generate_private_key(ec.SECP384R1()))
    for data in (b"", b"garbage", other, certificate(rsa.generate_private_key(65537, 2048))):
        with pytest.raises(Malformed):
            PublicKey.from_certificate_pem(data)
