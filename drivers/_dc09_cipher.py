"""AES as SIA DC-09 uses it: CBC, a zero vector, padding that the sender makes itself.

Imported only where a site has given a key.  Makers disagree whether a key is typed as characters or
as hex digits, and 32 digits can be either: all that a key can mean is tried.
"""

from contextlib import suppress

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

KEY_BYTES = (16, 24, 32)
BLOCK_BYTES = 16
_VECTOR = bytes(BLOCK_BYTES)


class AesCbc:
    """One key.  Sizes are multiples of 16 bytes; the caller pads."""

    def __init__(self, key: bytes) -> None:
        self._cipher = Cipher(algorithms.AES(key), modes.CBC(_VECTOR))

    def encrypt(self, clear: bytes) -> bytes:
        """Return `clear` sealed."""
        sealer = self._cipher.encryptor()
        return sealer.update(clear) + sealer.finalize()

    def decrypt(self, sealed: bytes) -> bytes:
        """Return `sealed` opened; with a wrong key it is rubbish."""
        opener = self._cipher.decryptor()
        return opener.update(sealed) + opener.finalize()


def ciphers_of(key: str) -> tuple[AesCbc, ...]:
    """Return the ciphers that `key` can mean: its characters, its hex digits, or either.

    Raises ValueError where it is no key; the message does not show it.
    """
    keys = [key.encode("latin-1", errors="replace")] if len(key) in KEY_BYTES else []
    with suppress(ValueError):  # not hex digits: then characters
        keys.append(bytes.fromhex(key))
    fitting = [one for one in keys if len(one) in KEY_BYTES]
    if not fitting:
        raise ValueError(
            f"option 'key' has {len(key)} characters; allowed: 16, 24 or 32 characters, or"
            " 32, 48 or 64 hex digits"
        )
    return tuple(AesCbc(one) for one in fitting)
