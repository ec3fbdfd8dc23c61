"""What is sealed is read by its center alone, and by nobody in another gateway's name.

Seen to fail: with the gateway left out of HPKE's info.
"""

import pytest
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.evidence import cbor
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.sealed import (
    COMMAND_INFO,
    OVERHEAD_BYTES,
    CannotOpen,
    is_sealed,
    kid_of,
    open_sealed,
    seal,
    sealed_to,
)

KEY, OTHER = x25519.X25519PrivateKey.generate(), x25519.X25519PrivateKey.generate()
DATA = b"\xd2" + bytes(range(200))


def test_what_is_sealed_is_opened() -> None:
    sealed = seal(DATA, "gw1", KEY.public_key())
    assert is_sealed(sealed)
    assert not is_sealed(DATA)
    assert sealed_to(sealed) == kid_of(KEY.public_key())
    assert open_sealed(sealed, "gw1", KEY) == DATA
    assert DATA[1:40] not in sealed
    assert len(sealed) <= len(DATA) + OVERHEAD_BYTES


def test_each_sealing_is_another() -> None:
    assert seal(DATA, "gw1", KEY.public_key()) != seal(DATA, "gw1", KEY.public_key())


def test_another_key_or_gateway_does_not_open_it() -> None:
    sealed = seal(DATA, "gw1", KEY.public_key())
    with pytest.raises(CannotOpen):
        open_sealed(sealed, "gw1", OTHER)
    with pytest.raises(CannotOpen):
        open_sealed(sealed, "gw2", KEY)
    with pytest.raises(CannotOpen):
        open_sealed(sealed, "gw1", KEY, COMMAND_INFO)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_every_changed_byte_is_found(place: int, flip: int) -> None:
    sealed = bytearray(seal(DATA, "gw1", KEY.public_key()))
    place %= len(sealed)
    sealed[place] ^= flip
    try:
        assert sealed_to(bytes(sealed)) != kid_of(KEY.public_key())
    except Malformed:
        return
    except AssertionError:
        with pytest.raises((CannotOpen, Malformed)):
            open_sealed(bytes(sealed), "gw1", KEY)


@given(st.binary(max_size=100))
def test_any_bytes_are_refused_and_nothing_else(data: bytes) -> None:
    with pytest.raises((Malformed, CannotOpen)):
        open_sealed(b"\x83" + data, "gw1", KEY)


def expand(secret: bytes, info: bytes, length: int) -> bytes:
    done, block, number = b"", b"", 1
    while len(done) < length:
        mac = hmac.HMAC(secret, hashes.SHA256())
        mac.update(block + info + bytes([number]))
        block = mac.finalize()
        done, number = done + block, number + 1
    return done[:length]


def extract(salt: bytes, material: bytes) -> bytes:
    mac = hmac.HMAC(salt or bytes(32), hashes.SHA256())
    mac.update(material)
    return mac.finalize()


def test_it_is_rfc_9180_to_the_letter() -> None:
    """Opened by hand, from the RFC's own steps (sections 4.1, 5.1 and 5.2)."""
    sealed = seal(DATA, "gw1", KEY.public_key())
    whole = cbor.decode(sealed)
    assert isinstance(whole, list)
    inside = whole[2]
    assert isinstance(inside, bytes)
    enc, text = inside[:32], inside[32:]
    public = KEY.public_key().public_bytes_raw()
    shared = KEY.exchange(x25519.X25519PublicKey.from_public_bytes(enc))

    def labeled(suite: bytes, salt: bytes, label: bytes, material: bytes) -> bytes:
        return extract(salt, b"HPKE-v1" + suite + label + material)

    def labeled_expand(suite: bytes, key: bytes, label: bytes, info: bytes, size: int) -> bytes:
        return expand(key, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, size)

    kem = b"KEM" + (0x20).to_bytes(2, "big")
    eae = labeled(kem, b"", b"eae_prk", shared)
    secret = labeled_expand(kem, eae, b"shared_secret", enc + public, 32)
    suite = b"HPKE" + b"".join(one.to_bytes(2, "big") for one in (0x20, 1, 1))
    info = b"edge-agent/v1/sealed\0gw1"
    context = b"\0" + labeled(suite, b"", b"psk_id_hash", b"")
    context += labeled(suite, b"", b"info_hash", info)
    schedule = labeled(suite, secret, b"secret", b"")
    key = labeled_expand(suite, schedule, b"key", context, 16)
    nonce = labeled_expand(suite, schedule, b"base_nonce", context, 12)
    assert AESGCM(key).decrypt(nonce, text, b"") == DATA
