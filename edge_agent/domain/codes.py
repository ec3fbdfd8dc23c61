"""The two event vocabularies, Contact ID (SIA DC-05) and SIA level codes (SIA DC-03/DC-07).

Every driver expresses what its panel says through these functions, so that the same event from two
panels is the same signal.  The tables themselves are data (`config/codes/`), loaded by
`edge_agent.resources`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, TypeVar

from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.signal import NUMBER_MAX, Signal

_Type = TypeVar("_Type", int, str)


class Qualifier(Enum):
    """What a Contact ID message says about its code; the value is the digit on the wire."""

    NEW = 1  # new event, or opening
    RESTORE = 3  # restored, or closing
    STATUS = 6  # reported before and still there


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

    `number_is` tells which field of the signal the frame's number fills: zone, user, area, device
    (kept in the frame's fields only) or "" for none or not known.
    """

    kind: Kind
    code: str | None
    state: State
    number_is: str


SIA_LETTERS = 2  # of a code
UNKNOWN = Meaning(Kind.UNKNOWN, None, State.ACTIVE, "")
"""Of what a panel says in words of its own that are in no table."""

Said: TypeAlias = Meaning | tuple[Qualifier, str] | str
"""What a driver's table says of a type, a word or a character; `Codes.told` knows what it means."""

# Contact ID codes of opening and closing that tell of something else than a change of arming.
_NO_CHANGE_OF_ARMING = frozenset({"405", "453", "454", "455", "458", "464"})

# SIA codes about arming that change nothing: set by a point, missed, failed, extended, overdue.
_SIA_NO_CHANGE_OF_ARMING = frozenset({"AF", "CD", "CE", "CI", "CT", "JP", "OI", "OT"})

_PANEL_STATES = {"944": State.OFFLINE, "946": State.ONLINE}

_STATES = {
    Qualifier.NEW: State.ACTIVE,
    Qualifier.RESTORE: State.RESTORED,
    Qualifier.STATUS: State.STATUS,
}
_ARMING = {Qualifier.NEW: State.DISARMED, Qualifier.RESTORE: State.ARMED}

# Where the first row that names an SIA code is narrower than the SIA code itself.  BB is a reported
# act of bypassing (570), although a vendor's partial closing (470) names it first.
_SIA_ROWS: dict[str, tuple[str, Qualifier]] = {
    "CL": ("401", Qualifier.RESTORE),
    "OP": ("401", Qualifier.NEW),
    "HA": ("129", Qualifier.NEW),
    "HH": ("129", Qualifier.RESTORE),
    "TA": ("137", Qualifier.NEW),
    "TR": ("137", Qualifier.RESTORE),
    "TH": ("137", Qualifier.RESTORE),
    "BT": ("380", Qualifier.NEW),
    "BJ": ("380", Qualifier.RESTORE),
    "ET": ("333", Qualifier.NEW),
    "ER": ("333", Qualifier.RESTORE),
    "UA": ("140", Qualifier.NEW),
    "BC": ("406", Qualifier.NEW),
    "FC": ("406", Qualifier.NEW),
    "BB": ("570", Qualifier.NEW),
}

_SIA_FAMILIES = {
    "B": Kind.BURGLARY,
    "F": Kind.FIRE,
    "G": Kind.GAS,
    "H": Kind.HOLDUP,
    "K": Kind.FIRE,
    "M": Kind.MEDICAL,
    "P": Kind.PANIC,
    "Q": Kind.MEDICAL,
    "S": Kind.FIRE,
    "T": Kind.TAMPER,
    "U": Kind.BURGLARY,
    "W": Kind.ENVIRONMENT,
    "Z": Kind.ENVIRONMENT,
}
_FIRE_FAMILIES = frozenset("FKS")
_ADDRESSES = ("zone", "user", "area")


@dataclass(frozen=True, slots=True)
class Codes:
    """Both tables, with the rules that turn a code into a meaning."""

    contact_id_rows: Mapping[str, ContactIdRow]
    sia_rows: Mapping[str, SiaRow]

    def contact_id(self, qualifier: Qualifier, code: str) -> Meaning:
        """Return what Contact ID `code` (three characters, as sent) means.

        For codes of opening and closing a new event is an opening (disarmed) and a restore a
        closing (armed).  A code of no table keeps its code and has the kind `unknown`.
        """
        row = self.contact_id_rows.get(code)
        if row is None:
            return Meaning(Kind.UNKNOWN, code, _STATES[qualifier], "")
        # the table's own text: what keeps events keeps one, and not one for each frame
        return Meaning(row.kind, row.code, _state(row.kind, code, qualifier), row.number_is)

    def told(self, said: Said | None) -> Meaning:
        """Return what an entry of a driver's table means.

        That is a meaning, a type of `paired`, or the code of an event that begins: two letters are
        an SIA level code, all others Contact ID.  Of None, what is in no table, `UNKNOWN`.
        """
        match said:
            case None:
                return UNKNOWN
            case str():
                is_sia = len(said) == SIA_LETTERS
                return self.sia(said) if is_sia else self.contact_id(Qualifier.NEW, said)
            case Meaning():
                return said
        return self.contact_id(*said)

    def row(
        self,
        text: str,
        table: Mapping[str, Said],
        frame: bytes,
        *,
        first: int = 1,
        areas: bool = False,
    ) -> tuple[Signal, ...]:
        """Return what a row of characters says, one for each zone from number `first` on.

        What is in no table says nothing.  With `areas` there is one for each area: an event is that
        of an area alone then.
        """
        return tuple(
            signal_of(
                self.told(table[character]),
                Place(area=at, frame=frame) if areas else Place(number=at, frame=frame),
            )
            for at, character in enumerate(text, first)
            if character in table
        )

    def masks(
        self, masks: Iterable[tuple[Said, int]], count: int, frame: bytes
    ) -> tuple[Signal, ...]:
        """Return what masks say of zones 1 to `count`, the lowest bit of the first: each that is
        set, by what is said of all of its mask."""
        return tuple(
            signal
            for said, mask in masks
            for signal in self.row(bits(mask, count), {"1": said}, frame)
        )

    def contacts(self, is_open: int, bypassed: int, count: int, frame: bytes) -> tuple[Signal, ...]:
        """Return how zones 1 to `count` are by two masks: bypassed, else open or closed."""
        pairs = zip(bits(is_open, count), bits(bypassed, count), strict=True)
        return self.row("".join("2" if out == "1" else is_ for is_, out in pairs), CONTACTS, frame)

    def flags(self, value: int, table: Mapping[int, str], frame: bytes) -> tuple[Signal, ...]:
        """Return the events whose bits are set; what they are of nothing says."""
        set_ = (code for bit, code in table.items() if value & bit)
        return tuple(signal_of(self.told(code), Place(frame=frame)) for code in set_)

    def sia(self, code: str) -> Meaning:
        """Return what SIA level `code` (two capital letters) means, as its Contact ID code.

        It becomes the first Contact ID row that names it, with the exceptions above.  A code
        without such a row has its own category and no Contact ID code; one of no table is of kind
        `unknown`.
        """
        sia = self.sia_rows.get(code)
        found = _SIA_ROWS.get(code) or self._first_row(code)
        if sia is None and found is None:
            return UNKNOWN
        category = sia.category if sia else ""
        if found is None:
            return Meaning(
                _sia_kind(code, category), None, _sia_state(code, category), _sia_number(sia, None)
            )
        row = self.contact_id_rows[found[0]]
        # "panic point back to normal" is named by a row of its own as if it were new
        qualifier = Qualifier.RESTORE if category == "restore" else found[1]
        state = _state(row.kind, row.code, qualifier)
        return Meaning(row.kind, row.code, state, _sia_number(sia, row))

    def _first_row(self, code: str) -> tuple[str, Qualifier] | None:
        for row in self.contact_id_rows.values():
            if row.sia_new == code:
                return row.code, Qualifier.NEW
            if row.sia_restore == code:
                return row.code, Qualifier.RESTORE
        return None


def _state(kind: Kind, code: str, qualifier: Qualifier) -> State:
    if kind is Kind.PANEL:
        return _PANEL_STATES[code]
    if kind is Kind.OPEN_CLOSE and code not in _NO_CHANGE_OF_ARMING:
        return _ARMING.get(qualifier, State.STATUS)
    return _STATES[qualifier]


def _sia_kind(code: str, category: str) -> Kind:
    if category == "restore":
        return _SIA_FAMILIES.get(code[0], Kind.UNKNOWN)
    if category == "supervisory":
        return Kind.FIRE_SUPERVISORY if code[0] in _FIRE_FAMILIES else Kind.ZONE_TROUBLE
    return Kind(category)


def _sia_state(code: str, category: str) -> State:
    if category == "restore":
        return State.RESTORED
    if category == Kind.OPEN_CLOSE and code not in _SIA_NO_CHANGE_OF_ARMING:
        return State.DISARMED if code[0] == "O" else State.ARMED
    return State.ACTIVE


def _sia_number(sia: SiaRow | None, row: ContactIdRow | None) -> str:
    number_is = sia.number_is if sia else ""
    if number_is in _ADDRESSES or not number_is:
        return number_is
    if number_is == "door" and row is not None and row.number_is == "zone":
        return "zone"  # a forced or propped door is a detection circuit of its panel
    return "device"


def paired(
    types: Mapping[str, tuple[_Type | None, _Type | None]],
) -> dict[_Type, Said]:
    """Return what the types of a panel's events say: of each Contact ID code the type of its begin
    (or opening) and that of its end (or closing), None where there is none."""
    return {
        type_: (qualifier, code)
        for code, pair in types.items()
        for type_, qualifier in zip(pair, (Qualifier.NEW, Qualifier.RESTORE), strict=True)
        if type_ is not None
    }


def points(kind: Kind, states: str) -> dict[str, Said]:
    """Return what words or characters say of how a zone or an area is: `0 closed 1 open`.

    The number of a message is its own.  Raises ValueError where a state is none.
    """
    number_is = "area" if kind is Kind.AREA else "zone"
    words = states.split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return {said: Meaning(kind, None, State(state), number_is) for said, state in pairs}


CONTACTS = points(Kind.ZONE, "0 closed 1 open 2 bypassed")


def bits(mask: int, count: int) -> str:
    """Return the bits of a mask as a row of characters, 0 or 1, the lowest first; see `row`."""
    return f"{mask:0{count}b}"[-count:][::-1]


def number(digits: str) -> int | None:
    """Return a number as sent, None for zero (not stated) and for what no panel prints."""
    value = int(digits) if digits.isascii() and digits.isdigit() else 0
    return value if 0 < value <= NUMBER_MAX else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message says that something happened; zero is to be given as None."""

    area: int | None = None
    number: int | None = None  # what it is follows from the code
    user: int | None = None
    account: str | None = None
    text: str | None = None
    panel_time: str | None = None
    frame: bytes = b""


def signal_of(meaning: Meaning, place: Place, origin: Origin = Origin.LIVE) -> Signal:
    """Return the signal that `meaning` gives at `place`: its number goes where the code says."""
    numbered = place.number
    area = numbered if meaning.number_is == "area" and numbered else place.area
    user = numbered if meaning.number_is == "user" and numbered else place.user
    return Signal(
        kind=meaning.kind,
        code=meaning.code,
        state=meaning.state,
        origin=origin,
        area=area,
        zone=numbered if meaning.number_is == "zone" else None,
        user=user,
        account=place.account,
        text=place.text,
        panel_time=place.panel_time,
        frame=place.frame,
    )
