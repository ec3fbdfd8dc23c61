"""What an enterprise hands an installer so that a gateway and its center can trust each other.

An invitation names the gateway and where its center enrols gateways, and carries two secrets of
different kinds.  The *pin* is 80 bits of SHA-256 over the authority's public key (SubjectPublicKey
Info, RFC 5280): whoever answers must have a certificate of that authority.  The *secret* is 60
random bits that the center lets in once.  Both are typed by people, so their digits are those of
Crockford's base 32, which has no I, L, O or U; two more digits tell a slip of the hand.

As text it is `gateway@host:port/DIGITS`, on paper as a QR code; typed it is the three words
`gateway host:port DIGITS`.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from edge_agent.evidence import fields

PIN_DIGITS, SECRET_DIGITS, CHECK_DIGITS = 16, 12, 2
DIGITS = PIN_DIGITS + SECRET_DIGITS + CHECK_DIGITS
PORT_DEFAULT = 8443
TEXT_CHARS_MAX = 400
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans("OIL", "011")
_GROUP = 5
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\]")


class NoInvitation(ValueError):  # noqa: N818  reads as a verdict
    """The text is no invitation; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """One gateway's way to its center.  `pin` and `secret` are digits; raises NoInvitation."""

    gateway: str
    host: str
    port: int
    pin: str
    secret: str

    def __post_init__(self) -> None:
        if not fields.is_name(self.gateway):
            raise NoInvitation(f"{self.gateway[:80]!r} is no gateway's name")
        if not _HOST.fullmatch(self.host):
            raise NoInvitation(f"{self.host[:80]!r} is no host")
        if not 0 < self.port < 65536:
            raise NoInvitation(f"{self.port} is no port")
        for digits, length in ((self.pin, PIN_DIGITS), (self.secret, SECRET_DIGITS)):
            if len(digits) != length or not set(digits) <= set(_ALPHABET):
                raise NoInvitation(f"a pin has {PIN_DIGITS} digits, a secret {SECRET_DIGITS}")

    @property
    def place(self) -> str:
        """Where the center enrols gateways, as `host:port`."""
        return f"{self.host}:{self.port}"

    @property
    def code(self) -> str:
        """The digits in groups, to be typed."""
        digits = self.pin + self.secret + self._check
        return "-".join(digits[at : at + _GROUP] for at in range(0, DIGITS, _GROUP))

    @property
    def text(self) -> str:
        """All of it in one word, as a QR code holds it."""
        return f"{self.gateway}@{self.place}/{self.code.replace('-', '')}"

    @property
    def _check(self) -> str:
        whole = f"{self.gateway}\n{self.host.lower()}\n{self.port}\n{self.pin}\n{self.secret}"
        return _digits(hashlib.sha256(whole.encode()).digest(), CHECK_DIGITS)

    @classmethod
    def read_words(cls, words: Sequence[str]) -> Self:
        """Return the invitation in one word or in three.  Raises NoInvitation."""
        match words:
            case [text]:
                return cls.read(text)
            case [gateway, place, code]:
                return cls.typed(gateway, place, code)
        raise NoInvitation("give the QR code's text, or three words: gateway, host:port, digits")

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the invitation in one word.  Raises NoInvitation."""
        head, slash, code = text.strip().rpartition("/")
        gateway, at, place = head.rpartition("@")
        if len(text) > TEXT_CHARS_MAX or not slash or not at:
            raise NoInvitation("it is not gateway@host:port/DIGITS; scan or type it again")
        return cls.typed(gateway, place, code)

    @classmethod
    def typed(cls, gateway: str, place: str, code: str) -> Self:
        """Return the invitation in three words; `place` may leave the port out.

        Raises NoInvitation, also for a slip of the hand in any of the three.
        """
        host, port = host_and_port(place)
        digits = re.sub(r"[\s-]", "", code).upper().translate(_MISREAD)
        if len(digits) != DIGITS:
            raise NoInvitation(f"the code has {len(digits)} digits, not {DIGITS}; type it again")
        pin, secret = digits[:PIN_DIGITS], digits[PIN_DIGITS:-CHECK_DIGITS]
        made = cls(gateway.strip().lower(), host, port, pin, secret)
        if made._check != digits[-CHECK_DIGITS:]:
            raise NoInvitation(
                "the code does not fit: a digit, the gateway or the host is not as it was given"
            )
        return made


def host_and_port(place: str) -> tuple[str, int]:
    """Return both parts of `host:port`; the port may be left out.  Raises NoInvitation."""
    host, colon, port = place.strip().rpartition(":")
    if not colon or (place.strip().endswith("]")):
        return place.strip(), PORT_DEFAULT
    if not port.isascii() or not port.isdecimal() or len(port) > 5:
        raise NoInvitation(f"{port[:20]!r} is no port")
    return host, int(port)


def pin_of(public_key: bytes) -> str:
    """Return the pin of an authority's public key, given as SubjectPublicKeyInfo in DER."""
    return _digits(hashlib.sha256(public_key).digest(), PIN_DIGITS)


def secret_of(random: bytes) -> str:
    """Return a secret made of random bytes, of which there must be eight or more."""
    return _digits(random, SECRET_DIGITS)


def secret_digest(secret: str) -> str:
    """Return what a center keeps of a secret: 60 random bits need no slow hash."""
    return hashlib.sha256(b"edge-agent enrolment " + secret.encode()).hexdigest()


def file_proof(digest: str, gateway: str, client: bytes, identity: bytes) -> str:
    """Return what proves that a request by file was made by the holder of the code.

    `digest` is the secret's; `client` and `identity` are the two requests (PKCS #10, DER).
    """
    over = b"\0".join(
        (gateway.encode(), hashlib.sha256(client).digest(), hashlib.sha256(identity).digest())
    )
    return hmac.new(digest.encode(), over, hashlib.sha256).hexdigest()


def _digits(data: bytes, count: int) -> str:
    number = int.from_bytes(data, "big") >> (len(data) * 8 - count * 5)
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in reversed(range(count)))
