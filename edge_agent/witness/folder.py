"""What lies where in a witness's folder, and how it is made.

`witness.pem` is all that others need: the TLS certificate that a center pins, and the public key
that readers check cosignatures with.
"""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge_agent import files
from edge_agent.evidence import certificates, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import Certificate
from edge_agent.evidence.key_file import write_key_file
from edge_agent.evidence.signers import Ed25519Signer

DAYS = 7300  # 20 years: pinned by those who know it, and dates matter to nobody else
AUTHORITIES_MAX = 1_024


class WitnessError(Exception):
    """The operator's fault: what is wrong and what to do about it."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The paths below one witness's folder."""

    path: Path

    @property
    def database(self) -> Path:
        """What was cosigned."""
        return self.path / "witness.db"

    @property
    def cosigning_key(self) -> Path:
        """The key that cosigns."""
        return self.path / "cosign.key"

    @property
    def server_key(self) -> Path:
        """The key for TLS."""
        return self.path / "server.key"

    @property
    def public(self) -> Path:
        """What is handed out: certificate and public key."""
        return self.path / "witness.pem"

    @property
    def authorities(self) -> Path:
        """Whose gateways are cosigned, one `<name>.pem` each."""
        return self.path / "authorities"

    def check(self) -> None:
        """Raise WitnessError where there is no witness."""
        if not self.public.exists():
            raise WitnessError(
                f"{self.path}: no witness's folder; make one with: "
                f"edge-center witness {self.path} init --name NAME --host HOST"
            )

    @property
    def name(self) -> str:
        """The witness's name, as its certificate has it.  Raises WitnessError."""
        self.check()
        (certificate,) = certificates.read_pem(self.public.read_bytes())
        return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    def trusted(self) -> list[Certificate]:
        """Return the authorities whose gateways are cosigned.  Raises WitnessError."""
        found: list[Certificate] = []
        for file in sorted(self.authorities.glob("*.pem"))[:AUTHORITIES_MAX]:
            try:
                found += certificates.read_pem(file.read_bytes())
            except (OSError, Malformed) as error:
                raise WitnessError(f"{file}: {error}; put the enterprise's ca.pem there") from error
        return found


def found(folder: Folder, name: str, hosts: tuple[str, ...], now_ms: int) -> None:
    """Make a witness: its keys, and the file to hand out.  Raises WitnessError, OSError."""
    if not fields.is_name(name):
        raise WitnessError(
            f"--name {name!r}: 1 to 64 of A-Z a-z 0-9 . _ -, a letter or digit first"
        )
    if folder.public.exists():
        raise WitnessError(f"{folder.path}: there is a witness already; name a new folder")
    files.make_folder(folder.authorities)
    signer, key = Ed25519Signer.generate(), ec.generate_private_key(ec.SECP256R1())
    signer.save(folder.cosigning_key)
    write_key_file(
        folder.server_key,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    certificate = _certificate(key, name, hosts, datetime.fromtimestamp(now_ms // 1000, UTC))
    public = signer.public.loaded.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    files.replace(folder.public, pem + public, mode=0o644)


def trust(folder: Folder, name: str, pem: bytes) -> list[Certificate]:
    """Cosign for the gateways of an enterprise from now on.  Raises WitnessError, OSError."""
    folder.check()
    if not fields.is_name(name):
        raise WitnessError(f"{name!r} names no file: 1 to 64 of A-Z a-z 0-9 . _ -")
    try:
        told = certificates.read_pem(pem)
    except Malformed as error:
        raise WitnessError(f"{error}; name the enterprise's ca.pem") from error
    if not all(certificates.is_authority(one) for one in told):
        raise WitnessError("it holds a certificate that is no authority's; name its ca.pem")
    files.replace(folder.authorities / f"{name}.pem", pem)
    return told


def _certificate(
    key: ec.EllipticCurvePrivateKey, name: str, hosts: tuple[str, ...], now: datetime
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS))
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not 0 < len(host) <= 253 or not host.isascii() or not all(host.split(".")):
        raise WitnessError(f"--host {host!r}: neither an IP address nor a host name")
    return x509.DNSName(host)
