"""The two event vocabularies, Contact ID (SIA DC-05) and SIA level codes (SIA DC-03/DC-07).

Every driver expresses what its panel says through these functions, so that the same event from two
panels is the same signal.  The tables themselves are data (`config/codes/`), loaded by
`edge_agent.resources`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.domain.kinds import Kind, State


@dataclass(frozen=True, slots=True)
class ContactIdRow:
    """One Contact ID code: what it means and whether its number is a zone, user or device."""

    code: str
    kind: Kind
    number_is: str  # "zone", "user", "device" or "" (no number)
    sia_new: str
    sia_restore: str
    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class SiaRow:
    """One SIA level code; `category` is a kind, or `restore` or `supervisory` (see `Codes.sia`)."""

    code: str
    category: str
    number_is: str
    english: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says, before addresses are known.

    `number_is` tells which field of the signal the frame's number fills: zone, user, device (kept
    in the frame's fields only) or "" for none.
    """

    kind: Kind
    code: str | None
    state: State
    number_is: str


@dataclass(frozen=True, slots=True)
class Codes:
    """Both tables, with the rules that turn a code into a meaning."""

    contact_id_rows: Mapping[str, ContactIdRow]
    sia_rows: Mapping[str, SiaRow]
