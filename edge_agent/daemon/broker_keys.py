"""Takes a center's word on which keys of its brokers count no more; each connection asks for it."""

import asyncio
from pathlib import Path

from edge_agent import files
from edge_agent.config import Loaded
from edge_agent.daemon.commands import DONE, Result
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.certificates import REVOKED_SUFFIX
from edge_agent.evidence.command import REVOKED_SIGNED, CenterCommand, CommandRef
from edge_agent.evidence.cose import BadSignature
from edge_agent.uplink import revoked
from edge_agent.uplink.access import AccessError, load_authorities


async def take(loaded: Loaded, command: CenterCommand, ref: CommandRef) -> Result:
    """Carry out a center's `revoked`.  Raises Malformed, ValueError where it is refused."""
    signed = command.body.get(REVOKED_SIGNED)
    if not isinstance(signed, bytes) or len(command.body) > 1:
        raise Malformed("it carries no list of keys")
    ca = next(loaded.path(one.ca) for one in loaded.config.center if one.name == ref.center)
    return Result(DONE, await asyncio.to_thread(_keep, signed, ca))


def _keep(signed: bytes, ca: Path) -> str:
    """Keep a list that is newer than the one that is there.  Raises Malformed, ValueError."""
    file = ca.with_name(ca.name + REVOKED_SUFFIX)
    try:
        listed, known = revoked.opened(signed, load_authorities(ca)), revoked.read(file, ca)
        if known is not None and listed.number < known.number:
            raise ValueError(f"list {known.number} is known, this is {listed.number}")
        files.replace(file, signed)
    except (BadSignature, AccessError) as error:
        raise ValueError(str(error)) from error
    except OSError as error:
        raise ValueError(f"{file}: {error.strerror}") from error
    return f"list {listed.number}: {len(listed.keys)} keys of brokers count no more"
