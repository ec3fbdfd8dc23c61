"""The key of one run that commands are sealed to: the broker cannot read what a command brings.

It lives in memory alone: what was sealed to it is read by nobody when the run is over.  Loaded
where a center is sealed to (`seal_certificate`).
"""

from cryptography.hazmat.primitives.asymmetric import x25519

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.sealed import COMMAND_INFO, CannotOpen, is_sealed, open_sealed


class CommandSeal:
    """The key, and what it opens."""

    def __init__(self, gateway: str) -> None:
        self._gateway = gateway
        self._key = x25519.X25519PrivateKey.generate()
        self.public = self._key.public_key().public_bytes_raw()

    def opened(self, data: bytes) -> bytes:
        """Return the command inside; what is not sealed, or not to this run, as it is: it is judged
        like any other message, and refused if it is none."""
        if not is_sealed(data):
            return data
        try:
            return open_sealed(data, self._gateway, self._key, COMMAND_INFO)
        except (Malformed, CannotOpen):
            return data
