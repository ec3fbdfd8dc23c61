"""Requests for certificates (PKCS #10) of keys that the library cannot hold: a TPM's, a token's."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from edge_agent.evidence import der
from edge_agent.evidence.cose import Algorithm, Signer

_SIGNED_BY = {Algorithm.ESP256: "1.2.840.10045.4.3.2", Algorithm.ED25519: "1.3.101.112"}


def request_of(signer: Signer, name: str) -> bytes:
    """Return a request for a certificate of a signer's key for `name`, in DER.

    Raises what `signer.sign` raises.
    """
    from cryptography import x509  # noqa: PLC0415  6 MB that only an enrolment needs

    asked = der.encode(
        der.SEQUENCE,
        der.integer(0),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]).public_bytes(),
        signer.public.loaded.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        der.encode(der.context(0)),
    )
    signature = signer.sign(asked)
    if signer.public.algorithm is Algorithm.ESP256:
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        signature = encode_dss_signature(r, s)
    algorithm = der.encode(der.SEQUENCE, der.oid(_SIGNED_BY[signer.public.algorithm]))
    bits = der.encode(der.BIT_STRING, b"\0", signature)
    return der.encode(der.SEQUENCE, asked, algorithm, bits)
