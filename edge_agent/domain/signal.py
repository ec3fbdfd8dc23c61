"""What a panel said, normalised and unjudged."""

from dataclasses import dataclass

from edge_agent.domain.kinds import STATES, Kind, Origin, State

NUMBER_MAX = 99_999_999  # the widest address a panel prints (GST: six digits, CongWin accounts: 8)
TEXT_CHARS_MAX = 200  # longest text line of any known panel is 128; more is noise
OHMS_MAX = 10_000_000  # an open circuit; no meter tells more from it
FRAME_BYTES_MAX = 4096  # longest frame of any supported protocol; drivers drop longer input


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a frame, in bytes, that must not be recorded (a user code)."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= FRAME_BYTES_MAX:
            raise ValueError(f"no such span: {self.start}..{self.end}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One thing that a panel said.

    `code` is the Contact ID three-digit code (SIA DC-05) wherever the meaning has one.  `area`,
    `zone` and `user` are numbers as printed on the panel, None where the panel does not say.
    `account`, `text` and `panel_time` (ISO 8601, without zone unless the panel gives one) are as
    the panel said them.  `ohms` is what a loop measures: of kind `loop`, and of no other.  `frame`
    is the raw bytes heard, `secrets` the stretches of it that the recorder overwrites before
    anything is signed.

    Raises ValueError where a value is outside its bounds: that is a driver's bug, since drivers
    bound what they take from the wire.
    """

    kind: Kind
    state: State
    code: str | None = None
    origin: Origin = Origin.LIVE
    area: int | None = None
    zone: int | None = None
    user: int | None = None
    account: str | None = None
    text: str | None = None
    panel_time: str | None = None
    ohms: int | None = None
    frame: bytes = b""
    secrets: tuple[Span, ...] = ()

    def __post_init__(self) -> None:
        if self.state not in STATES[self.kind]:
            raise ValueError(f"a signal of kind {self.kind} has no state {self.state}")
        for name in ("area", "zone", "user"):
            number = getattr(self, name)
            if number is not None and not 0 < number <= NUMBER_MAX:
                raise ValueError(f"{name} {number} is outside 1..{NUMBER_MAX}")
        for name in ("code", "account", "text", "panel_time"):
            text = getattr(self, name)
            if text is not None and not 0 < len(text) <= TEXT_CHARS_MAX:
                raise ValueError(f"{name} has {len(text)} characters, allowed 1..{TEXT_CHARS_MAX}")
        if (self.ohms is None) is (self.kind is Kind.LOOP):
            raise ValueError(f"a signal of kind {self.kind} with ohms={self.ohms}")
        if self.ohms is not None and not 0 <= self.ohms <= OHMS_MAX:
            raise ValueError(f"{self.ohms} ohms are outside 0..{OHMS_MAX}")
        if len(self.frame) > FRAME_BYTES_MAX:
            raise ValueError(f"frame of {len(self.frame)} bytes, allowed {FRAME_BYTES_MAX}")
