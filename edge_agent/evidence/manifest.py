"""What is in a release of the program, signed by the release key that gateways pin.

A version is one to four numbers, `1.4.2`: they are compared as numbers, and the string is the name
of a folder.  `minimum` is the lowest version that may be installed once this release has proven
itself: what is below has a fault that nobody may bring back.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, cose, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import BadSignature, Domain, PublicKey, Signer
from edge_agent.evidence.tree import HASH_BYTES

FORMAT = 1
PARTS_MAX = 256  # wheels for two machines and three Pythons are some eighty
PART_BYTES_MAX = 64 << 20  # the largest wheel among the dependencies has 5 MB
RELEASE_BYTES_MAX = 512 << 20
PART_NAME_CHARS_MAX = 128
_KEYS = frozenset(range(1, 6))
_VERSION = re.compile(r"(?:0|[1-9]\d{0,5})(?:\.(?:0|[1-9]\d{0,5})){0,3}", re.ASCII)
_PART_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*", re.ASCII)

Order: TypeAlias = tuple[int, int, int, int]


def order_of(version: str) -> Order:
    """Return what versions are compared by.  Raises ValueError for what is none."""
    if not _VERSION.fullmatch(version):
        raise ValueError(f"{version[:40]!r} is no version: one to four numbers, such as 1.4.2")
    first, second, third, fourth, *_ = [*(int(part) for part in version.split(".")), 0, 0, 0]
    return first, second, third, fourth


def version_of(order: Order) -> str:
    """Return the shortest version that is compared by `order`."""
    text = ".".join(str(part) for part in order)
    while text.endswith(".0"):
        text = text.removesuffix(".0")
    return text


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a release."""

    name: str
    size: int
    sha256: bytes

    def __post_init__(self) -> None:
        fits = len(self.name) <= PART_NAME_CHARS_MAX and _PART_NAME.fullmatch(self.name)
        if not fits or ".." in self.name:
            raise ValueError(f"{self.name[:80]!r} is no name of a file in a release")
        if not 0 <= self.size <= PART_BYTES_MAX or len(self.sha256) != HASH_BYTES:
            raise ValueError(f"{self.name}: {self.size} bytes, allowed {PART_BYTES_MAX}")


@dataclass(frozen=True, slots=True)
class Manifest:
    """A release: `digest` stands for the files of the program (docs/wire-format.md), `parts` are
    what the file of the release holds, in its order.

    Raises ValueError for what no release can be.
    """

    version: str
    minimum: str
    digest: bytes
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if order_of(self.minimum) > order_of(self.version):
            raise ValueError(f"the minimum {self.minimum} is above the version {self.version}")
        if len(self.digest) != HASH_BYTES:
            raise ValueError(f"a digest of {len(self.digest)} bytes")
        if not 0 < len(self.parts) <= PARTS_MAX:
            raise ValueError(f"{len(self.parts)} files, allowed 1 to {PARTS_MAX}")
        names = [part.name for part in self.parts]
        if names != sorted(set(names)):
            raise ValueError("files are not in order, or two have one name")
        if self.size > RELEASE_BYTES_MAX:
            raise ValueError(f"{self.size} bytes, allowed {RELEASE_BYTES_MAX}")

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(part.size for part in self.parts)


def sign_manifest(manifest: Manifest, signer: Signer) -> bytes:
    """Return the signed manifest."""
    parts: list[BodyValue] = [[part.name, part.size, part.sha256] for part in manifest.parts]
    payload: dict[int, BodyValue] = {
        1: FORMAT,
        2: manifest.version,
        3: manifest.minimum,
        4: manifest.digest,
        5: parts,
    }
    return cose.sign1(cbor.encode(payload), signer, Domain.RELEASE)


def open_manifest(data: bytes, keys: tuple[PublicKey, ...]) -> Manifest:
    """Return the manifest that one of `keys` signed.  Raises Malformed, BadSignature."""
    message = cose.parse(data)
    key = next((one for one in keys if one.kid == message.kid), None)
    if key is None:
        raise BadSignature(f"signed by key {message.kid.hex()}, which is not pinned here")
    cose.verify(message, key, Domain.RELEASE)
    content = cbor.decode_map(message.payload)
    if content.keys() != _KEYS:
        raise Malformed("missing or unknown key")
    fields.number(content, 1, FORMAT, FORMAT)
    try:
        return Manifest(
            version=fields.text(content, 2, fields.NAME_CHARS_MAX),
            minimum=fields.text(content, 3, fields.NAME_CHARS_MAX),
            digest=fields.octets(content, 4, HASH_BYTES),
            parts=tuple(_part(row) for row in fields.array(content, 5, PARTS_MAX)),
        )
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(str(error)) from error


def _part(value: BodyValue) -> Part:
    row = fields.row(value, 3)
    return Part(
        fields.text(row, 0, PART_NAME_CHARS_MAX),
        fields.number(row, 1, 0, PART_BYTES_MAX),
        fields.octets(row, 2, HASH_BYTES),
    )
