"""Whose records these are, and the certificates that prove them: what every reader needs.

Read out of a gateway's own files, or said by the running agent to who may not read those.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from edge_agent.config import Loaded
from edge_agent.evidence import certificates
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import PublicKey

_CERTIFICATE = re.compile("-----BEGIN ((?:X509 )?CERTIFICATE)-----.*?-----END \\1-----", re.DOTALL)
"""All that is taken of a file: a key may stand beside its certificate."""


@dataclass(frozen=True, slots=True)
class Trusted:
    """Certificates by the file that each is from, as PEM: "" where none can be read.

    `identities` are the gateway's own, by each center that certified it; `receipts` those of the
    centers' receipt keys; `authorities` of who certified these.
    """

    gateway: str
    identities: Mapping[str, str]
    receipts: Mapping[str, str]
    authorities: Mapping[str, str]

    @classmethod
    def of(cls, loaded: Loaded) -> Self:
        """Return what a configuration names."""
        told, centers = loaded.config, loaded.config.center
        identity = loaded.path(told.gateway.identity_key).with_suffix(".pem")
        given = [loaded.path(one.certificate).with_name(identity.name) for one in centers]
        also = [file for file in given if file.exists()]  # by this center, after a handover
        return cls(
            told.gateway.id,
            _read(identity, *also),
            _read(*(loaded.path(one.receipt_certificate) for one in centers)),
            _read(*(loaded.path(one.ca) for one in centers)),
        )

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Return what an agent said.  Raises KeyError, TypeError, ValueError of what is none."""
        parts = ("identities", "receipts", "authorities")
        return cls(str(facts["gateway"]), *(dict(facts[part]) for part in parts))

    def facts(self) -> dict[str, Any]:
        """Return it in plain values."""
        return {
            "gateway": self.gateway,
            "identities": dict(self.identities),
            "receipts": dict(self.receipts),
            "authorities": dict(self.authorities),
        }

    def receipt_keys(self) -> Iterator[PublicKey]:
        """Yield the keys of the centers, as far as they can be read."""
        for pem in self.receipts.values():
            with contextlib.suppress(Malformed):  # `edge-agent check` says what is wrong
                yield PublicKey.from_certificate_pem(pem.encode())

    def certificates(self, left_out: Callable[[str], None]) -> Iterator[bytes]:
        """Yield all as DER; `left_out` is told why one is not."""
        for file, pem in {**self.identities, **self.receipts, **self.authorities}.items():
            try:
                for one in certificates.read_pem(pem.encode()):
                    yield certificates.der_of(one)
            except Malformed as error:
                left_out(f"{file} is left out: {error if pem else 'it cannot be read'}")


def _read(*files: Path) -> dict[str, str]:
    found = dict.fromkeys(map(str, files), "")
    for name in found:
        with contextlib.suppress(OSError, ValueError):
            blocks = _CERTIFICATE.finditer(Path(name).read_text("ascii"))
            found[name] = "".join(f"{block[0]}\n" for block in blocks)
    return found
