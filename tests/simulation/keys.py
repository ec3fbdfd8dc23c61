"""Keys that follow from a seed, so that a world is the same each time."""

from collections.abc import Callable
from random import Random

from cryptography.hazmat.primitives.asymmetric import ed25519

from edge_agent.evidence.cose import PublicKey
from edge_agent.evidence.signers import Ed25519Signer


def seeded_signer(random: Random) -> Ed25519Signer:
    raw = random.randbytes(32)
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(raw))


def verify_once() -> Callable[[PublicKey, bytes, bytes], bool]:
    """Return a `PublicKey.verify` that computes each question once.

    Gateway, center and laws ask about the same bytes again and again, and the answer follows from
    the question alone: every signature is still checked with the real algorithm.
    """
    real = PublicKey.verify
    answers: dict[tuple[bytes, bytes, bytes], bool] = {}

    def verify(self: PublicKey, signature: bytes, message: bytes) -> bool:
        question = self.raw, signature, message
        if question not in answers:
            answers[question] = real(self, signature, message)
        return answers[question]

    return verify
