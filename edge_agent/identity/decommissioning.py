"""A gateway that is taken out of service for good: how far that has come, and the end of its keys.

Three phases are written down before what they stand for is done, and what they stand for may be
done twice.  So whatever kills the process or cuts the power, the next one goes on from the phase:

| phase | written | what a start that finds it does |
|---|---|---|
| parting | when it is entitled, the records exported | runs until the last event is receipted |
| destroying | when the last event is receipted | runs no more; destroys the keys |
| gone | when the keys are destroyed | says so, and ends |

The paper and its signatures are judged before the first of them (`evidence/decommission.py`).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Self

from edge_agent import files
from edge_agent.domain.event import BodyValue
from edge_agent.evidence import cbor, fields
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import DIGEST_BYTES
from edge_agent.evidence.key_file import KEY_FILE_BYTES_MAX, NAMES_A_TOKEN, KeyFileError

VERSION = 1
MARKER_BYTES_MAX = 65_536
KEYS_MAX = 16
_KEYS = range(1, 8)
_VERSION, _PHASE, _GATEWAY, _REASON, _ACTOR, _DIGEST, _FILES = _KEYS
_TIME, _LEFT = 8, 9  # of one that is gone


class Phase(StrEnum):
    """How far it has come, as it is written down."""

    PARTING = "parting"
    DESTROYING = "destroying"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A decommissioning as it is written down.

    `digest` is over what was exported, `keys` the private keys' files; of one that is gone
    `time_ms` tells when (0: nobody knew), `left` which files could not be destroyed.
    """

    phase: Phase
    gateway: str
    reason: str
    actor: str
    digest: bytes
    keys: tuple[str, ...]
    time_ms: int = 0
    left: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the file."""
        content: dict[int, BodyValue] = {
            _VERSION: VERSION,
            _PHASE: str(self.phase),
            _GATEWAY: self.gateway,
            _REASON: self.reason,
            _ACTOR: fields.bounded(self.actor) or "unknown",
            _DIGEST: self.digest,
            _FILES: list(self.keys),
            _TIME: self.time_ms,
            _LEFT: list(self.left),
        }
        return cbor.encode(content)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what a file says.  Raises Malformed for one that is damaged or odd."""
        content = cbor.decode_map(data)
        if content.keys() != {*_KEYS, _TIME, _LEFT}:
            raise Malformed("missing or unknown key in a decommissioning")
        fields.number(content, _VERSION, VERSION, VERSION)
        return cls(
            phase=fields.word(content, _PHASE, Phase),
            gateway=fields.text(content, _GATEWAY),
            reason=fields.text(content, _REASON),
            actor=fields.text(content, _ACTOR),
            digest=fields.octets(content, _DIGEST, DIGEST_BYTES),
            keys=_names(content, _FILES),
            time_ms=fields.number(content, _TIME),
            left=_names(content, _LEFT),
        )

    @property
    def sentence(self) -> str:
        """What is said where a gateway that is gone is started."""
        from edge_agent.identity.credential_source import by_hand  # noqa: PLC0415  once, at the end

        day = datetime.fromtimestamp(self.time_ms / 1000, UTC)
        when = f" on {day:%Y-%m-%d}" if self.time_ms else ""
        left = f", but for {', '.join(self.left)}" if self.left else ""
        hands = "".join(f"\n  {by_hand(one)}" for one in self.left)
        hands = f"\nStill to be done by hand, as root:{hands}" if hands else ""
        return (
            f"gateway {self.gateway} was taken out of service{when}: {self.reason} ({self.actor}). "
            f"Its keys are destroyed{left}.{hands}\nIts records are in the journal and in what was "
            "exported. To use the machine again, enrol it into a new folder, under a new name"
        )


def _names(content: fields.Fields, key: int) -> tuple[str, ...]:
    names = dict(enumerate(fields.array(content, key, KEYS_MAX)))
    return tuple(fields.text(names, at, 4096) for at in names)


def file_of(config: Path) -> Path:
    """Return where it is written down, beside a configuration."""
    return config.with_name(f"{config.name}.decommission")


def found(config: Path) -> Marker | None:
    """Return what was written down, None where nothing was.  Raises OSError, Malformed."""
    try:
        with file_of(config).open("rb") as opened:
            return Marker.from_bytes(opened.read(MARKER_BYTES_MAX + 1))
    except FileNotFoundError:
        return None


def write(config: Path, marker: Marker) -> None:
    """Write down how far it is.  Raises OSError."""
    files.replace(file_of(config), marker.to_bytes())


def at_start(config: Path, now_ms: int) -> str:
    """Return why nothing is run any more; empty where the agent runs.

    Goes on with what a kill has cut off.  Raises OSError, Malformed.
    """
    marker = found(config)
    if marker is None or marker.phase is Phase.PARTING:
        return ""
    if marker.phase is Phase.DESTROYING:
        left = destroy(marker.keys)
        marker = replace(marker, phase=Phase.GONE, time_ms=now_ms, left=left)
        write(config, marker)
    return marker.sentence


def destroy(names: Sequence[str]) -> tuple[str, ...]:
    """Overwrite files and remove them; return those that could not be.

    A key that a TPM has wrapped is worth nothing without its file: nothing of it stays in the TPM.
    A key in a PKCS #11 token is removed there first; where it cannot be, the file that names it
    stays.
    """
    return tuple(name for name in names if not _destroyed(Path(name)))


def _destroyed(file: Path) -> bool:
    try:
        _destroy_in_token(file)
        with file.open("r+b") as opened:
            size = os.fstat(opened.fileno()).st_size
            for filling in (os.urandom(size), bytes(size)):
                opened.seek(0)
                opened.write(filling)
                opened.flush()
                os.fsync(opened.fileno())
        file.unlink()
        files.sync_folder(file.parent)
    except FileNotFoundError:
        return True
    except (OSError, KeyFileError):
        return False
    return True


def _destroy_in_token(file: Path) -> None:
    """Remove the key that a file names from its token.  Raises KeyFileError, OSError."""
    with file.open("rb") as opened:
        data = opened.read(KEY_FILE_BYTES_MAX)
    if data.startswith(NAMES_A_TOKEN):
        from edge_agent.evidence.pkcs11_signer import Pkcs11Signer  # noqa: PLC0415  only if it is

        Pkcs11Signer.read(file, data).destroy()
