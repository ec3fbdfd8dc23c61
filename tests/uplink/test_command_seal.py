"""What a command brings is read by the run that it is for, and by nobody else.

Seen to fail: a key that outlives its run.
"""

from cryptography.hazmat.primitives.asymmetric import x25519

from edge_agent.evidence.sealed import COMMAND_INFO, seal
from edge_agent.uplink.command_seal import CommandSeal

DATA = b"\xd2a command"


def test_it_opens_what_is_sealed_to_this_run_and_hands_on_all_else() -> None:
    run, other = CommandSeal("gw1"), CommandSeal("gw1")
    assert run.public != other.public
    key = x25519.X25519PublicKey.from_public_bytes(run.public)
    sealed = seal(DATA, "gw1", key, COMMAND_INFO)
    assert run.opened(sealed) == DATA
    assert run.opened(DATA) == DATA, "a center that does not seal is heard all the same"
    for odd in (seal(DATA, "gw2", key, COMMAND_INFO), seal(DATA, "gw1", key), sealed[:-1], b""):
        assert run.opened(odd) == odd
    assert other.opened(sealed) == sealed
