"""Writes docs/vectors/second_signature.json: the example of the standard, and one of our own.

    python -m tests.evidence.second_vectors

OpenSSL signs, with a number of its own each time: no two runs give the same file.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, tree
from edge_agent.evidence.second_signature import TreeHead, Unsigned
from edge_agent.evidence.sm2 import Sm2Key, signature_from_der
from tests import openssl
from tests.evidence.bundles import FIRST, history
from tests.evidence.make_vectors import FOLDER, text

FILE = "second_signature.json"
SIZE = 60
PUBLISHED = {
    "source": "GB/T 32918.5-2017, annex A.2 (GM/T 0003.5-2012)",
    "id": openssl.ID,
    "private": "3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8",
    "public": "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
    "message": "message digest",
    "signature": "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa",
}
"""The key is known to everybody, so it serves for our own example too."""


def read() -> Any:
    """Return what the file holds."""
    return json.loads((FOLDER / FILE).read_bytes())


def message() -> bytes:
    """Return our own example: over the first events of the first epoch of `bundles.json`."""
    return bytes.fromhex(read()["own"]["message"])


def key() -> Sm2Key:
    """Return the key of both examples."""
    return Sm2Key(bytes.fromhex(PUBLISHED["public"]))


def private_key() -> bytes:
    """Return its private key in PEM."""
    return openssl.private_pem(bytes.fromhex(PUBLISHED["private"]), key().raw)


def make() -> dict[str, Any]:
    """Return the vectors, signed anew."""
    envelopes = history()[0].envelopes
    root = tree.root([tree.leaf_hash(one) for one in envelopes[:SIZE]])
    own = Unsigned(TreeHead("gw1", FIRST, SIZE, root), key().algorithm, key().kid)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sm2.key"
        path.write_bytes(private_key())
        signature = signature_from_der(openssl.sign(path, own.to_be_signed()))
    cose_key: dict[int, BodyValue] = key().to_value()
    return {
        "published": PUBLISHED,
        "own": {
            "cose_key": cbor.encode(cose_key).hex(),
            "kid": key().kid.hex(),
            "public_pem": key().to_pem().decode(),
            "epoch": FIRST.hex(),
            "size": SIZE,
            "payload": own.head.to_payload().hex(),
            "to_be_signed": own.to_be_signed().hex(),
            "message": own.signed(signature).hex(),
        },
    }


if __name__ == "__main__":
    (FOLDER / FILE).write_text(text(make()))
