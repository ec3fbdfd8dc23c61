"""The people of a center, as it has entered them: who they are, what they may, until when.

Each has a key of their own; the center's authority signs who that is (a pass).  Kept as
`operators/<id>.json`, also of those who were removed: a name that is gone is not given again by
mistake.  A removal counts from the next command on, whatever was entered before.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from edge_agent import files
from edge_agent.center.layout import CenterError, Layout
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.cose import Signer
from edge_agent.evidence.warrant import Pass, peek_pass, sign_pass

RECORD_BYTES_MAX = 4_096


@dataclass(frozen=True, slots=True)
class Entry:
    """One operator: their pass, signed and read, and when they were removed; None: they were not.

    `removed_ms` is Unix time.
    """

    signed: bytes
    said: Pass
    removed_ms: int | None = None

    def state(self, now_ms: int) -> str:
        """Return where it stands, in one word."""
        if self.removed_ms is not None:
            return "removed"
        if not self.said.from_ms <= now_ms:
            return "to come"
        return "active" if now_ms <= self.said.until_ms else "over"


class Operators:
    """The register of one center's directory; it is read anew each time."""

    def __init__(self, layout: Layout) -> None:
        self._folder = layout.operators

    def entries(self) -> list[Entry]:
        """Return all that were ever entered, by id.  Raises CenterError."""
        return [self._read(file.stem) for file in sorted(self._folder.glob("*.json"))]

    def enter(self, said: Pass, authority: Signer) -> Entry:
        """Enter an operator, or the same one with a new key, role or end.

        Raises CenterError where the key is somebody else's, or the id was that of somebody who was
        removed.
        """
        for known in self.entries():
            if known.said.id == said.id:
                if known.removed_ms is not None and known.said.name != said.name:
                    raise CenterError(
                        f"{said.id} was {known.said.name}, who was removed: "
                        f"enter {said.name} under another"
                    )
            elif known.said.key.kid == said.key.kid:
                raise CenterError(
                    f"operator {known.said.id} has this very key; each has one of their own"
                )
        entry = Entry(sign_pass(said, authority), said)
        files.make_folder(self._folder)
        self._write(entry)
        return entry

    def remove(self, id_: str, now_ms: int) -> bool:
        """Remove an operator from now on; return whether there was one.  Raises CenterError."""
        if not (self._folder / f"{id_}.json").exists():
            return False
        known = self._read(id_)
        if known.removed_ms is None:
            self._write(Entry(known.signed, known.said, now_ms))
        return True

    def of(self, kid: bytes, now_ms: int) -> Entry:
        """Return who has a key, by its id.  Raises CenterError for nobody who is active now."""
        for entry in self.entries():
            if entry.said.key.kid == kid:
                if (state := entry.state(now_ms)) != "active":
                    raise CenterError(f"operator {entry.said.id}, {entry.said.name}: {state}")
                return entry
        raise CenterError(
            f"key {kid.hex()} is no operator's; enter them: edge-center operator DIR add"
        )

    def objection(self, kids: Iterable[bytes], now_ms: int) -> str:
        """Return why a command of the holders of these keys is not signed; empty where it is.

        Where operators are entered, a command of nobody is signed for nobody.
        """
        found = list(kids)
        try:
            if not found and self.entries():
                return "operators are entered here, and none of them wants it"
            for kid in found:
                self.of(kid, now_ms)
        except CenterError as error:
            return str(error)
        return ""

    def _read(self, id_: str) -> Entry:
        file = self._folder / f"{id_}.json"
        try:
            with file.open("rb") as opened:
                said: dict[str, Any] = json.loads(opened.read(RECORD_BYTES_MAX))
            signed = base64.b64decode(said["pass"], validate=True)
            removed = said["removed_ms"]
            return Entry(signed, peek_pass(signed), None if removed is None else int(removed))
        except (OSError, ValueError, TypeError, KeyError, Malformed) as error:
            raise CenterError(
                f"{file}: cannot be read ({error}); remove it and enter the operator anew"
            ) from error

    def _write(self, entry: Entry) -> None:
        said = {"pass": base64.b64encode(entry.signed).decode(), "removed_ms": entry.removed_ms}
        files.replace(self._folder / f"{entry.said.id}.json", json.dumps(said).encode())
