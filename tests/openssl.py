"""The `openssl` command, as somebody without our software would use it for SM2."""

import base64
import subprocess
from pathlib import Path

from edge_agent.evidence import der

ID = "1234567812345678"


def make_key(folder: Path, name: str = "sm2.key") -> Path:
    """Make a private key for SM2."""
    path = folder / name
    run("genpkey", "-algorithm", "SM2", "-out", str(path))
    path.chmod(0o600)
    return path


def public_of(key: Path) -> bytes:
    """Return the public key of a private one, in PEM."""
    return run("pkey", "-in", str(key), "-pubout")


def sign(key: Path, message: bytes, distinguishing: str = ID) -> bytes:
    """Return a signature by SM2 with SM3, in DER."""
    named = f"distid:{distinguishing}"
    return run("dgst", "-sm3", "-sign", str(key), "-sigopt", named, message=message)


def verifies(public: Path, message: bytes, signature: Path, distinguishing: str = ID) -> bool:
    """Tell whether a signature in a file, in DER, is good."""
    named = "-sigopt", f"distid:{distinguishing}", "-signature", str(signature)
    command = ["openssl", "dgst", "-sm3", "-verify", str(public), *named]
    return subprocess.run(command, input=message, capture_output=True, check=False).returncode == 0


def run(*arguments: str, message: bytes = b"") -> bytes:
    """Run the command; return what it prints."""
    command = ["openssl", *arguments]
    return subprocess.run(command, input=message, capture_output=True, check=True).stdout


def private_pem(scalar: bytes, point: bytes) -> bytes:
    """Return a private key for SM2 in PEM (PKCS #8), of its number and its public point."""
    public = der.encode(der.context(1), der.encode(der.BIT_STRING, b"\x00\x04" + point))
    secret = der.encode(der.OCTET_STRING, scalar)
    inner = der.encode(der.SEQUENCE, der.integer(1), secret, public)
    kind = der.encode(der.SEQUENCE, der.oid("1.2.840.10045.2.1"), der.oid("1.2.156.10197.1.301"))
    whole = (der.integer(0), kind, der.encode(der.OCTET_STRING, inner))
    text = base64.encodebytes(der.encode(der.SEQUENCE, *whole))
    return b"-----BEGIN PRIVATE KEY-----\n" + text + b"-----END PRIVATE KEY-----\n"
