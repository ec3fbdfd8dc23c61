"""What a health machine says: a rule holds now, or no longer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Symptom:
    """A rule of the table began to hold, or ended (`holds` False); `detail` is what was measured.

    Machines tell changes only; what becomes of a symptom is decided by `board`, which knows what
    else is wrong.
    """

    rule: str
    detail: str = ""
    holds: bool = True


class Switch:
    """A rule's state, so that only changes are told."""

    __slots__ = ("on", "rule")

    def __init__(self, rule: str) -> None:
        self.rule = rule
        self.on = False

    def set(self, on: bool, detail: str = "") -> list[Symptom]:
        """Take whether the rule holds; return the change, if it is one."""
        if on is self.on:
            return []
        self.on = on
        return [Symptom(self.rule, detail, on)]
