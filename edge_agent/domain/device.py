"""A device as its plate and its certificate say: what an inspector asks of each.

Certification is a scheme's (CCC in China, EN 50131 by a notified body, VdS, UL, ...), with its
number and the day on which it ends.
"""

from dataclasses import dataclass
from datetime import date

from edge_agent.domain.signal import NUMBER_MAX

_TEXT_CHARS_MAX = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSettings:
    """One device: a panel, or with `zone` a detector of it.

    `valid_until` is the last day of its certificate; None: it does not end, or nobody told.
    """

    panel: str
    zone: int | None = None
    maker: str
    model: str
    serial: str | None = None
    scheme: str | None = None
    certificate: str | None = None
    valid_until: date | None = None

    def __post_init__(self) -> None:
        if self.zone is not None and not 0 < self.zone <= NUMBER_MAX:
            raise ValueError(f"zone is 1 to {NUMBER_MAX}, not {self.zone}")
        for text in (self.maker, self.model, self.serial, self.scheme, self.certificate):
            if text is not None and not 0 < len(text) <= _TEXT_CHARS_MAX:
                raise ValueError(f"what a plate says has 1 to {_TEXT_CHARS_MAX} characters")

    @property
    def certified(self) -> bool:
        """Whether a certificate is named."""
        return self.certificate is not None
