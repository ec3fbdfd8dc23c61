"""What happens to a panel: detectors that change, codes typed in, and what it says by itself."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

Line: TypeAlias = dict[str, object]
"""One observation of a timeline, without its time."""


class Arming(Enum):
    """The states of an area that a panel knows."""

    DISARMED = "disarmed"
    EXIT = "exit_delay"
    AWAY = "armed_away"
    STAY = "armed_stay"
    ENTRY = "entry_delay"


class How(Enum):
    """Who changed an area's arming, as the Contact ID code that reports it."""

    USER = "401"
    STAY = "441"
    QUICK = "408"
    KEY_SWITCH = "409"
    AUTOMATIC = "403"
    REMOTE = "407"


@dataclass(frozen=True, slots=True)
class Trip:
    """A detector of the panel is set off, or what set it off is over."""

    zone: int
    on: bool
    panel: str = "p1"


@dataclass(frozen=True, slots=True)
class Broken:
    """A circuit is not normal any more (`tamper`, `fault`, `masked`), or is again (`closed`)."""

    zone: int
    state: str


@dataclass(frozen=True, slots=True)
class Arm:
    """Somebody or something arms an area."""

    area: int
    user: int | None
    how: How = How.USER


@dataclass(frozen=True, slots=True)
class Disarm:
    """Somebody disarms an area; `duress`: by the code that calls for help."""

    area: int
    user: int | None
    how: How = How.USER
    duress: bool = False


@dataclass(frozen=True, slots=True)
class WrongCode:
    """A code that the panel does not know."""

    area: int


@dataclass(frozen=True, slots=True)
class WalkTest:
    """Test mode begins or ends; `obeyed`: the panel sends no alarms meanwhile."""

    area: int
    user: int | None
    on: bool
    zone: int | None = None
    obeyed: bool = True


@dataclass(frozen=True, slots=True)
class Speak:
    """A line as it is: measurements, troubles, mains, links."""

    line: Line = field(hash=False)


@dataclass(frozen=True, slots=True)
class Deaf:
    """The gateway stops hearing the panel, or hears it again."""

    on: bool
    held: bool = False  # events of the silence are said afterwards


@dataclass(frozen=True, slots=True)
class ClockSet:
    """The panel's clock is off by so much from now on, and runs so much too fast."""

    offset_s: float
    drift_ppm: float = 0.0


Stimulus: TypeAlias = Trip | Broken | Arm | Disarm | WrongCode | WalkTest | Speak | Deaf | ClockSet
