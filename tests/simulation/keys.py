"""Keys that follow from a seed, so that a world is the same each time."""

from random import Random

from cryptography.hazmat.primitives.asymmetric import ed25519

from edge_agent.evidence.signers import Ed25519Signer


def seeded_signer(random: Random) -> Ed25519Signer:
    raw = random.randbytes(32)
    return Ed25519Signer(ed25519.Ed25519PrivateKey.from_private_bytes(raw))
