"""Whether a panel is there: a good frame proves it, too long a silence ends it.

Pure.  For panels that say something at least each so often by themselves.
"""

from edge_agent.domain.session import Action, Fault, FaultKind, Link


class Presence:
    """Of one panel; `online` is None while nothing is known since the line was opened.

    presence.open(now_ns)
    actions += presence.heard(now_ns)
    actions += presence.missed(now_ns)    # at its deadline
    """

    def __init__(self, silence_ns: int, why: str) -> None:
        self._silence_ns = silence_ns
        self._why = why
        self._silent_at_ns: int | None = None
        self.online: bool | None = None

    def deadline_ns(self) -> int | None:
        """Return when the silence has lasted too long, None once that was told."""
        return self._silent_at_ns

    def open(self, now_ns: int) -> None:
        """The line is up: the panel has so long to say something."""
        self.online = None
        self.awaken(now_ns)

    def awaken(self, now_ns: int) -> None:
        """Something was heard that does not prove the panel by itself: the silence begins anew."""
        self._silent_at_ns = now_ns + self._silence_ns

    def heard(self, now_ns: int) -> list[Action]:
        """Take a good frame of the panel."""
        self.awaken(now_ns)
        if self.online:
            return []
        self.online = True
        return [Link(online=True)]

    def missed(self, now_ns: int) -> list[Action]:
        """Tell the silence, once."""
        if self._silent_at_ns is None or now_ns < self._silent_at_ns:
            return []
        return self.lost("silence", self._why)

    def lost(self, reason: str, why: str = "") -> list[Action]:
        """The panel is not there until it is heard again; `why` says more than `reason`."""
        self._silent_at_ns = None
        actions: list[Action] = [Fault(FaultKind.SILENCE, why or reason)]
        if self.online is not False:
            self.online = False
            actions.append(Link(online=False, reason=reason))
        return actions
