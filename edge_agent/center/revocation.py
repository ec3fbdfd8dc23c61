"""Which certificates of this center's authority count no more: a list that the broker reads.

The broker asks the list when somebody connects.  Who is connected is asked nothing more, so the
access list silences a revoked gateway until it is given a certificate again.

X.509 CRL as in RFC 5280.  It is signed by the authority, lists certificates by their serial
numbers, and is good as long as the authority is: a broker that found it too old would let nobody
in.  So that all of a gateway's certificates can be named, each is kept when it is given
(`issued/`).
"""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from edge_agent import files
from edge_agent.center import broker_process
from edge_agent.center.broker_config import denial
from edge_agent.center.credentials import BACKDATED, Authority, certificate_pem
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence import certificates
from edge_agent.evidence.cbor import Malformed

ISSUED_MAX = 64  # of one gateway: one in two years each, and those of tries
_REASON = x509.CRLReason(x509.ReasonFlags.cessation_of_operation)


def ensure(layout: Layout, authority: Authority, now: datetime) -> bool:
    """Make an empty list where there is none; return whether it was made."""
    if layout.revoked.exists():
        return False
    files.write_new(layout.revoked, _pem(_signed(authority, [], 1, now)))
    return True


def note(layout: Layout, gateway: str, certificate: x509.Certificate) -> None:
    """Keep a certificate that is about to be given to a gateway, which may speak again with it."""
    file = layout.issued(gateway)
    files.make_folder(file.parent)
    known = _certificates(file) if file.exists() else []
    kept = [*known, certificate][-ISSUED_MAX:]
    files.replace(file, b"".join(map(certificate_pem, kept)))
    if is_silenced(layout, gateway):
        text = layout.access_list.read_text().replace(denial(gateway), "")
        files.replace(layout.access_list, text.encode())
        broker_process.read_again(layout)


def is_silenced(layout: Layout, gateway: str) -> bool:
    """Tell whether the access list lets a gateway say and hear nothing."""
    return layout.access_list.exists() and denial(gateway) in layout.access_list.read_text()


def _silence(layout: Layout, gateway: str) -> None:
    if not is_silenced(layout, gateway) and layout.access_list.exists():
        text = layout.access_list.read_text().rstrip("\n") + f"\n\n{denial(gateway)}"
        files.replace(layout.access_list, text.encode())


def revoke(layout: Layout, authority: Authority, gateway: str, now: datetime) -> list[int]:
    """List all certificates that a gateway has, and silence it; return the serial numbers that are
    new on the list.

    Raises CenterError where none is known.
    """
    own = (layout.gateway(gateway) / "client.pem", layout.identity(gateway), layout.issued(gateway))
    found = [one for file in own if file.exists() for one in _certificates(file)]
    if not found:
        raise CenterError(f"no certificate of a gateway {gateway} is known here; nothing is done")
    before = _read(layout)
    listed = {one.serial_number: one for one in before or ()}
    new = {one.serial_number for one in found} - listed.keys()
    if new or before is None:
        entries = [*listed.values(), *(_entry(serial, now) for serial in sorted(new))]
        number = 1 if before is None else _number(before) + 1
        if before is not None:  # of two lists that it holds, OpenSSL believes the later one
            now = max(now, before.last_update_utc + BACKDATED + timedelta(seconds=1))
        files.replace(layout.revoked, _pem(_signed(authority, entries, number, now)))
    _silence(layout, gateway)
    return sorted(new)


def is_revoked(layout: Layout, certificate: x509.Certificate) -> bool:
    """Tell whether a certificate of ours counts no more.  Raises CenterError."""
    known = _read(layout)
    return known is not None and (
        known.get_revoked_certificate_by_serial_number(certificate.serial_number) is not None
    )


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return certificates.read_pem(file.read_bytes())
    except (OSError, Malformed) as error:
        raise CenterError(f"{file}: {error}; put it back") from error


def _read(layout: Layout) -> x509.CertificateRevocationList | None:
    try:
        return x509.load_pem_x509_crl(layout.revoked.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CenterError(
            f"{layout.revoked}: cannot be read ({error}); bring it back from a backup: without it "
            "revoked certificates would count again"
        ) from error


def _number(known: x509.CertificateRevocationList) -> int:
    return known.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _entry(serial: int, now: datetime) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now)
    return builder.add_extension(_REASON, critical=False).build()


def _signed(
    authority: Authority, entries: list[x509.RevokedCertificate], number: int, now: datetime
) -> x509.CertificateRevocationList:
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    # given at once: adding one by one copies what is there each time, hours for a large list
    builder = (
        x509.CertificateRevocationListBuilder(revoked_certificates=entries)
        .issuer_name(authority.certificate.subject)
        .last_update(min(now, authority.certificate.not_valid_after_utc) - BACKDATED)
        .next_update(authority.certificate.not_valid_after_utc)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(issuer, critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def _pem(made: x509.CertificateRevocationList) -> bytes:
    return made.public_bytes(serialization.Encoding.PEM)


def in_broker(layout: Layout) -> bool:
    """Have the broker read the list; return whether its configuration was changed for that.

    Raises CenterError where it is one that somebody has rewritten.
    """
    file = layout.broker_config
    text = file.read_text() if file.exists() else ""
    if "\ncrlfile " in text:
        return False
    before, found, after = text.partition("\nkeyfile ")
    line, end, rest = after.partition("\n")
    if not found or not end:
        raise CenterError(
            f"{file}: not as `edge-center init` made it; add to its listener: "
            f"crlfile {layout.revoked}"
        )
    files.replace(file, f"{before}{found}{line}\ncrlfile {layout.revoked}\n{rest}".encode())
    return True
