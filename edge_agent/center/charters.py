"""The charters of a center's gateways, as files: `charters/<gateway>/<number>.charter`.

All are kept: they are who agreed to what, and when.  The one with the highest number is in force.
"""

from contextlib import suppress
from pathlib import Path

from cryptography import x509

from edge_agent import files
from edge_agent.center.init import read_certificates
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.charter import BYTES_MAX, SignedCharter, read_signed
from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.succession import NotValid, check_first, check_next


def read_file(file: Path) -> SignedCharter:
    """Return the charter in a file.  Raises CenterError."""
    try:
        with file.open("rb") as opened:
            return read_signed(opened.read(BYTES_MAX + 1))
    except OSError as error:
        raise CenterError(f"{file}: {error.strerror}; name the file of a charter") from error
    except Malformed as error:
        raise CenterError(f"{file}: no charter ({error}); have it sent again") from error


def present(layout: Layout, gateway: str) -> SignedCharter | None:
    """Return the charter in force of a gateway, None without one.  Raises CenterError."""
    numbers = [
        int(file.stem)
        for file in (layout.charters / gateway).glob("*.charter")
        if file.stem.isdecimal()
    ]
    return read_file(_file(layout, gateway, max(numbers))) if numbers else None


def next_number(layout: Layout, gateway: str) -> int:
    """Return the number of a gateway's next charter.  Raises CenterError."""
    known = present(layout, gateway)
    return 1 if known is None else known.charter.number + 1


def gateways(layout: Layout) -> list[str]:
    """Return the gateways that have a charter."""
    return sorted(folder.name for folder in layout.charters.glob("*/"))


def marks(layout: Layout) -> dict[str, tuple[int, bytes]]:
    """Return number and digest of each gateway's charter in force here that can be read.

    One that cannot costs its own gateway, which then is shown to have another one than the center.
    """
    found = {}
    for name in gateways(layout):
        with suppress(CenterError):
            if (known := present(layout, name)) is not None:
                found[name] = (known.charter.number, known.charter.digest)
    return found


def accept(layout: Layout, signed: SignedCharter) -> None:
    """Put a charter into force at the center; one that is already stays as it was signed.

    Raises CenterError where it may not come.
    """
    charter = signed.charter
    known = present(layout, charter.gateway)
    if known is not None and known.charter.digest == charter.digest:
        return
    try:
        if known is None:
            check_first(signed, charter.gateway, _authorities(layout))
        else:
            check_next(signed, known.charter)
    except NotValid as error:
        raise CenterError(f"charter {charter.number} of {charter.gateway}: {error}") from error
    file = _file(layout, charter.gateway, charter.number)
    files.make_folder(file.parent)
    files.replace(file, signed.data)


def _file(layout: Layout, gateway: str, number: int) -> Path:
    return layout.charters / gateway / f"{number}.charter"


def _authorities(layout: Layout) -> set[PublicKey]:
    return {_key(one) for one in read_certificates(layout.certificate("ca"))}


def _key(certificate: x509.Certificate) -> PublicKey:
    return PublicKey.of(certificate.public_key())
