"""What a gateway can ask of a panel: one closed list for all protocols.

Commands change what protects people: arming, bypassing and outputs are refused unless the site
allows them, are never sent twice, and never outlive the line on which they were sent.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from edge_agent.domain.signal import NUMBER_MAX

CODE_DIGITS_MAX = 8  # the longest user code of any known panel


class Act(StrEnum):
    """What is wanted."""

    STATUS = "status"  # ask for the whole state anew
    CLOCK = "clock"  # set the panel's clock to ours
    BYPASS = "bypass"  # take `zone` out
    UNBYPASS = "unbypass"
    ARM_AWAY = "arm_away"  # `area`
    ARM_STAY = "arm_stay"
    DISARM = "disarm"
    OUTPUT_ON = "output_on"  # `zone` is the output's number
    OUTPUT_OFF = "output_off"


ALLOWS = {
    Act.STATUS: None,  # asking harms nothing
    Act.CLOCK: "clock",
    Act.BYPASS: "bypass",
    Act.UNBYPASS: "bypass",
    Act.ARM_AWAY: "arm",
    Act.ARM_STAY: "arm",
    Act.DISARM: "disarm",  # not along with arming: it takes protection away
    Act.OUTPUT_ON: "output",
    Act.OUTPUT_OFF: "output",
}
"""The word in a panel's `allow` that each act needs, None for none."""

ALLOWABLE = tuple(sorted({word for word in ALLOWS.values() if word is not None}))


class Outcome(StrEnum):
    """What became of a command."""

    DONE = "done"  # the panel confirmed it, or the protocol has no answer and it was sent
    REFUSED = "refused"  # the panel said no
    UNANSWERED = "unanswered"  # nobody knows what the panel did
    UNSUPPORTED = "unsupported"  # the protocol or this panel has no words for it
    FORBIDDEN = "forbidden"  # the site does not allow it, or the driver only listens
    CLOCK_UNSURE = "clock_unsure"  # our own clock is not synced
    LOST = "lost"  # the line was lost or closed before there was an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing wanted; numbers as printed on the panel.  `code` is a user code: never logged.

    Raises ValueError where a number or the code makes no sense.
    """

    act: Act
    area: int | None = None
    zone: int | None = None
    code: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("area", "zone"):
            number = getattr(self, name)
            if number is not None and not 0 < number <= NUMBER_MAX:
                raise ValueError(f"{name} {number} is outside 1..{NUMBER_MAX}")
        code = self.code
        if code is not None and not (
            code.isascii() and code.isdigit() and len(code) <= CODE_DIGITS_MAX
        ):
            raise ValueError(f"a user code is 1 to {CODE_DIGITS_MAX} digits")

    @property
    def allowed_by(self) -> str | None:
        """The word in a panel's `allow` that this needs, None for none."""
        return ALLOWS[self.act]
