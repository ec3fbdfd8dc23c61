"""Frames of SIA DC-09 as a panel and a receiver make and read them, written from the facts.

    LF crc 0LLL "id" seq Rrcvr Lpref #acct [data] [xdata] _HH:MM:SS,MM-DD-YYYY CR

CRC-16: remainder of the bits, lowest first, by 1 8005h reflected; length and CRC are over what
stands from the first quote up to CR.  Encrypted: `*` before the id, and everything behind the
bracket as hex of AES-CBC with a zero vector, padded in front.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from random import Random

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BUFFER_BYTES_MAX = 4096
_FRAME = re.compile(rb'\n([0-9A-F]{4})(0[0-9A-F]{3})("[^\r\n]*)\r')
_PARTS = re.compile(r'"(\*?)([A-Z-]+)"(\d{4})(?:R([0-9A-F]*))?L([0-9A-F]*?)(?:A0|#([^\[]*))?\[(.*)')
_TIME = re.compile(r"_(\d\d:\d\d:\d\d,\d\d-\d\d-\d{4})$")


def crc(data: bytes) -> int:
    """Return the CRC, bit by bit."""
    remainder = 0
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            lowest = remainder & 1
            remainder >>= 1
            if lowest:
                remainder ^= 0xA001
    return remainder


def frame(body: str, charset: str = "latin-1", *, plain_crc: bool = False) -> bytes:
    """Return the frame of `body`, without its CR."""
    data = body.encode(charset)
    head = crc(data).to_bytes(2, "big") if plain_crc else f"{crc(data):04X}".encode()
    return b"\n" + head + f"{len(data):04X}".encode() + data


def stamp(at: datetime) -> str:
    """Return a time as frames carry it."""
    return f"_{at:%H:%M:%S,%m-%d-%Y}"


def seal(clear: str, key: bytes, random: Random) -> str:
    """Return `clear` encrypted, as hex, padding before it."""
    size = 16 - len(clear.encode("latin-1")) % 16
    padding = "".join(random.choice("0123456789ABCDEFGHJKLMNP") for _ in range(size))
    sealer = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
    return sealer.update((padding + clear).encode("latin-1")).hex().upper()


def unseal(text: str, key: bytes) -> str:
    """Return what is sealed, from the first bar or bracket on; "" where it cannot be read."""
    try:
        sealed = bytes.fromhex(text)
        opener = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
        clear = (opener.update(sealed) + opener.finalize()).decode("latin-1")
    except ValueError:
        return ""
    found = re.search(r"[|\]]", clear)
    return clear[found.start() :] if found else ""


@dataclass(frozen=True, slots=True)
class Parts:
    """A frame taken apart; `inner` is everything behind the opening bracket, as sent."""

    id: str
    sequence: str
    receiver: str | None
    line: str
    account: str | None
    inner: str
    encrypted: bool

    def time(self) -> datetime | None:
        """Return the time at the end of `inner`, in UTC."""
        found = _TIME.search(self.inner)
        if found is None:
            return None
        try:
            return datetime.strptime(found[1], "%H:%M:%S,%m-%d-%Y")  # noqa: DTZ007  panels tell no zone
        except ValueError:
            return None


class Ear:
    """Takes the good frames out of what is heard; others are not even answered."""

    def __init__(self) -> None:
        self._heard = b""

    def clear(self) -> None:
        """Forget what was begun."""
        self._heard = b""

    def hear(self, data: bytes) -> list[Parts]:
        """Take bytes in any split; return the frames whose CRC and length are right."""
        self._heard += data
        found = []
        end = 0
        for match in _FRAME.finditer(self._heard):
            end = match.end()
            body = match[3]
            parts = _PARTS.fullmatch(body.decode("latin-1"))
            if int(match[1], 16) == crc(body) and int(match[2], 16) == len(body) and parts:
                star, word, sequence, receiver, line, account, inner = parts.groups()
                found.append(Parts(word, sequence, receiver, line, account, inner, bool(star)))
        self._heard = self._heard[end:][-BUFFER_BYTES_MAX:]
        return found
