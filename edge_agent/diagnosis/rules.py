"""The rules as data: what each is called, whose it is, its parameters, its sense in two tongues.

A verdict names rules by their id.  The functions that apply them are beside; a test keeps this
table, the functions and docs/diagnosis.md together.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number of a rule: its default, and the range that the clause allows (in the unit named)."""

    default: float
    least: float
    most: float
    clause: str

    def allows(self, value: float) -> bool:
        """Whether the standard allows it."""
        return self.least <= value <= self.most


TIMES: dict[str, Parameter] = {
    "entry_delay_s": Parameter(30, 30, 240, "ANSI/SIA CP-01 entry delay"),
    "exit_delay_s": Parameter(60, 45, 255, "ANSI/SIA CP-01 exit delay"),
    "abort_window_s": Parameter(30, 0, 45, "ANSI/SIA CP-01 abort window"),
    "cancel_window_s": Parameter(300, 300, 300, "ANSI/SIA CP-01 cancel window"),
    "confirm_window_s": Parameter(3600, 1800, 3600, "BS 8243 confirmation time"),
    "recent_close_s": Parameter(120, 120, 120, "ANSI/SIA CP-01 recent closing"),
    "settling_s": Parameter(60, 60, 3600, "ANSI/SIA CP-01 power restoral"),
    "holdup_window_s": Parameter(28_800, 28_800, 72_000, "BS 8243 hold-up confirmation"),
    "fire_window_s": Parameter(900, 60, 3600, "UL 864 / NFPA 72 alarm verification"),
    "test_max_s": Parameter(3600, 60, 28_800, "own: a forgotten walk test ends"),
    "service_max_s": Parameter(28_800, 60, 86_400, "own: a forgotten engineer's visit ends"),
}
"""Times that an area or a site may state (`edge_agent.domain.site.Times`), by their key."""
