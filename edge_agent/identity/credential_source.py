"""From which file systemd takes a credential: what is to be destroyed when its gateway ends.

systemd.exec(5): a unit, or a drop-in of it, says `LoadCredential=ID:PATH` or
`LoadCredentialEncrypted=ID:PATH`, or holds the credential itself (`SetCredential...=ID:...`).
"""

import re
from collections.abc import Iterator
from pathlib import Path

from edge_agent.evidence.key_file import KEY_FILE_BYTES_MAX, NAMES_A_TOKEN

CREDENTIALS = Path("/run/credentials")
UNITS = tuple(map(Path, ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")))
UNIT_BYTES_MAX = 65_536
_LINE = re.compile(
    r"^\s*(Load|Set)Credential(?:Encrypted)?\s*=\s*([^:\s]+)(?::(.*))?$", re.MULTILINE
)


def by_hand(file: str, units: tuple[Path, ...] = UNITS) -> str:
    """Return what root has to do with a file of a key that the agent could not destroy."""
    path = Path(file)
    if not path.is_relative_to(CREDENTIALS) or len(path.relative_to(CREDENTIALS).parts) != 2:
        token = _token_of(path)
        return f"{token}shred -u {file}"
    found = sorted(set(_sources(path.parent.name, path.name, units)))
    source = f"destroy what credential {path.name} of {path.parent.name} is made of"
    return "; ".join(found) or source


def _token_of(path: Path) -> str:
    """Return what is to be done first with a file that names a key in a token; else nothing."""
    try:
        with path.open("rb") as opened:
            first = opened.readline(KEY_FILE_BYTES_MAX).strip()
    except OSError:
        return ""
    named = first.startswith(NAMES_A_TOKEN)
    return f"remove {first.decode(errors='replace')} from its token, then " if named else ""


def _sources(unit: str, name: str, units: tuple[Path, ...]) -> Iterator[str]:
    for folder in units:
        for file in (folder / unit, *sorted((folder / f"{unit}.d").glob("*.conf"))):
            try:
                with file.open(errors="replace") as opened:
                    text = opened.read(UNIT_BYTES_MAX)
            except OSError:
                continue
            for verb, id_, source in _LINE.findall(text):
                if id_ == name:
                    yield _remedy(verb, name, source.strip(), file)


def _remedy(verb: str, name: str, source: str, file: Path) -> str:
    if verb == "Set":
        return f"shred -u {file} (it holds credential {name})"
    place = source or name  # without a path: of that name in the places of systemd
    if not place.startswith("/"):
        return f"shred -u {place} in /etc/credstore, /run/credstore or their .encrypted"
    return f"shred -u {place} (credential {name}, named in {file})"
