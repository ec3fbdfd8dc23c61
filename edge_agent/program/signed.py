"""Holds an installed release to the manifest that its maker signed.

`edge-agent update` leaves the manifest beside the environment that it made, and the pinned keys
stand two folders above.  A file that was changed together with its package's own list is found by
it; a program that was installed by hand, or runs from a checkout, has none.
"""

import sys
from pathlib import Path

from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import MESSAGE_BYTES_MAX, BadSignature
from edge_agent.evidence.manifest import Manifest, open_manifest
from edge_agent.evidence.pinned import PINS_BYTES_MAX, read_public_keys

MANIFEST, PINS = "manifest", "release.pem"


def is_as_signed(version: str, digest: bytes, folder: Path | None = None) -> bool | None:
    """Tell whether version and digest are those of the signed manifest; None where there is none.

    `folder` is the release's, by default that of the running interpreter.
    """
    place = Path(sys.prefix).resolve() if folder is None else folder
    file = place / MANIFEST
    if not file.exists():
        return None
    try:
        manifest = _manifest(file, place.parent.parent / PINS)
    except (OSError, ValueError, Malformed, BadSignature):
        return False
    return (manifest.version, manifest.digest) == (version, digest)


def _manifest(file: Path, pins: Path) -> Manifest:
    with pins.open("rb") as opened:
        keys = read_public_keys(opened.read(PINS_BYTES_MAX + 1))
    with file.open("rb") as opened:
        return open_manifest(opened.read(MESSAGE_BYTES_MAX + 1), keys)
