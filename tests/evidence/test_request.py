"""A request of a key that is elsewhere is what the library makes of one that it holds.

Seen to fail: with another algorithm named.
"""

import pytest
from cryptography import x509

from edge_agent.evidence.request import request_of
from edge_agent.evidence.signers import Ed25519Signer, P256Signer


@pytest.mark.parametrize("kind", [Ed25519Signer, P256Signer])
def test_it_is_the_librarys_own(kind: type[Ed25519Signer] | type[P256Signer]) -> None:
    signer = kind.generate()
    made, own = (
        x509.load_der_x509_csr(one) for one in (request_of(signer, "gw4"), signer.request("gw4"))
    )
    assert made.is_signature_valid
    assert made.tbs_certrequest_bytes == own.tbs_certrequest_bytes
    assert made.signature_algorithm_oid == own.signature_algorithm_oid
