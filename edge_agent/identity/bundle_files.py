"""A bundle as files, and as the part of a configuration that names them."""

from pathlib import Path

from cryptography.hazmat.primitives import serialization

from edge_agent.domain.address import TPM_DEVICE
from edge_agent.evidence import certificates
from edge_agent.evidence.enrolment import Bundle
from edge_agent.identity import keys


def certificates_of(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of certificates and of revoked keys by name.  Raises Malformed."""
    found = {
        "ca.pem": _pem(*bundle.authorities),
        "client.pem": _pem(bundle.client),
        "identity.pem": _pem(bundle.identity),
        "receipt.pem": _pem(*bundle.receipts),
    }
    if bundle.commands:
        found["command.pem"] = _pem(*bundle.commands)
    if bundle.seals:
        found["seal.pem"] = _pem(*bundle.seals)
    if bundle.revoked:
        found[f"ca.pem{certificates.REVOKED_SUFFIX}"] = bundle.revoked
    return found


def configuration_text(bundle: Bundle, keeper: keys.Keeper | None = None) -> str:
    """Return what a center decides of a gateway's configuration, and which TPM it has."""
    is_named = isinstance(keeper, Path) and keeper != Path(TPM_DEVICE)  # a token: by the key file
    chip = f'tpm = "{keeper}"\n' if is_named else ""
    return f"""\
# Made by `edge-agent enrol`; add the panels below.
[gateway]
id = "{bundle.gateway}"
identity_key = "{keys.IDENTITY}"
{chip}
{center_table(bundle, bundle.center)}"""


def center_table(bundle: Bundle, name: str, folder: str = "", key: str = keys.CLIENT) -> str:
    """Return the table of a center whose certificates are in `folder`, which ends with a slash."""
    named = f'command_certificate = "{folder}command.pem"\n' if bundle.commands else ""
    named += f'seal_certificate = "{folder}seal.pem"\n' if bundle.seals else ""
    ways = "".join(
        f'\n[[center.path]]\nhost = "{way.host}"\nport = {way.port}\n' for way in bundle.ways
    )
    return f"""\
[[center]]
name = "{name}"
ca = "{folder}ca.pem"
certificate = "{folder}client.pem"
key = "{key}"
receipt_certificate = "{folder}receipt.pem"
enrolment = "{bundle.enrolment.host}:{bundle.enrolment.port}"
{named}{ways}"""


def _pem(*told: bytes) -> bytes:
    read = map(certificates.read, told)
    return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in read)
