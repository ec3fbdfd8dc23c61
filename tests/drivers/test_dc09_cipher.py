"""AES of DC-09: what a key can mean, and that it is the AES of the facts."""

import pytest

from drivers._dc09_cipher import ciphers_of
from tests.drivers.golden_dc09 import KEY, SEALED

CLEAR = b"7777777777|#2468|Nri1/FA012]_11:40:00,11-23-2026"


def test_the_worked_example() -> None:
    sealed = bytes.fromhex(SEALED[SEALED.index(b"[") + 1 : -1].decode())
    [cipher] = ciphers_of(KEY)
    assert cipher.decrypt(sealed) == CLEAR
    assert cipher.encrypt(CLEAR) == sealed


@pytest.mark.parametrize(
    ("key", "meanings"),
    [
        ("0123456789ABCDEF", 1),  # 16 characters; as hex they are no key
        ("0123456789ABCDEF01234567", 1),
        ("0123456789ABCDEF0123456789ABCDEF", 2),  # 32 characters, or 16 bytes in hex
        ("0123456789ABCDEF0123456789ABCDEX", 1),
        ("01" * 24, 1),
        ("01" * 32, 1),
    ],
)
def test_a_key_is_characters_or_hex(key: str, meanings: int) -> None:
    assert len(ciphers_of(key)) == meanings


def test_characters_and_hex_of_one_key_are_the_same() -> None:
    [text], [digits] = ciphers_of(KEY), ciphers_of(KEY.encode().hex())[-1:]
    assert text.encrypt(CLEAR) == digits.encrypt(CLEAR)


@pytest.mark.parametrize("key", ["", "short", "x" * 17, "01" * 20])
def test_what_is_no_key_is_told_without_showing_it(key: str) -> None:
    with pytest.raises(ValueError, match="option 'key' has") as told:
        ciphers_of(key)
    assert not key or key not in str(told.value)
