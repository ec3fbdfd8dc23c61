"""What the log and the maps of a Satel INTEGRA told, so that neither tells the other's again.

The same alarm is in both: the log has it with code, area and time, the map of zones shows it as
long as nobody clears it.  Whichever is read first tells it.
"""

from collections.abc import Iterable
from dataclasses import replace

from drivers._satel_maps import SHOWN, Key, is_shown, key_of
from edge_agent.domain.kinds import POINTS, Kind, State
from edge_agent.domain.signal import Signal
from edge_agent.domain.standing import bare

FIRES = "14"  # the map of areas in fire alarm


class Told:
    """The memory of one session.

    told.by_log(signal)                # what to report of an entry, if anything
    told.beyond("02", shown, standing) # what a map shows that the log did not tell
    told.by_map(news, reading)         # it was reported from a map
    told.read(reading)                 # a reading of the log is over
    """

    def __init__(self) -> None:
        self.open((), (), ())

    def open(
        self, standing: Iterable[Signal], by_log: Iterable[Signal], by_map: Iterable[Signal]
    ) -> None:
        """The line is up: `standing` is in the journal, so are the signals of its newest frames.

        What a map said and no entry did is told by an entry that is still to come.
        """
        by_map_only = set(map(key_of, by_map)) - set(map(key_of, by_log))
        self._stood = set(map(key_of, standing)) & by_map_only
        self._by_log: dict[str, set[int]] = {name: set() for name in (*SHOWN, FIRES)}
        self._marks: dict[Key, int] = {}  # what maps told, and in which reading of the log

    def forget(self, standing: Iterable[Signal]) -> None:
        """Nothing is known but what stands, and what the log told and a map may still show."""
        self._marks.clear()
        for signal in standing:
            self._note(signal)

    # ---- the log

    def by_log(self, signal: Signal) -> Signal | None:
        """Return what is to be reported of an entry; None where it was reported already."""
        key = key_of(signal)
        if key in self._stood:  # it is in the journal, and has not ended
            self._stood.discard(key)
            return None
        if self._marks.pop(key, None) is not None:
            # a map told it: an end is told once, an alarm again as what is known already
            return replace(signal, state=State.STATUS) if signal.state is State.ACTIVE else None
        self._stood.discard((key[0], key[1], State.ACTIVE))
        if signal.state is State.ACTIVE:
            self._note(signal)
        return signal

    def read(self, reading: int) -> None:
        """A reading is over: what maps told before it began, it has told or never will."""
        self._marks = {key: at for key, at in self._marks.items() if at >= reading}
        self._stood = set()

    def _note(self, signal: Signal) -> None:
        if not signal.zone:
            return
        for name in SHOWN:
            if is_shown(name, signal):
                self._by_log[name].add(signal.zone)
        if signal.kind is Kind.FIRE and signal.area:
            self._by_log[FIRES].add(signal.area)

    # ---- maps

    def by_map(self, news: Iterable[Signal], reading: int) -> None:
        """These were reported from a map, at the time of `reading`: the log will tell them."""
        for signal in news:
            if signal.kind not in POINTS:
                self._marks[key_of(signal)] = reading

    def beyond(
        self, name: str, signals: tuple[Signal, ...], standing: Iterable[Signal]
    ) -> tuple[Signal, ...]:
        """Return what a map of zones shows beyond what the log told.

        What stands is the same one, in the words of the log.  One that the log ended and the map
        still shows is no new one.
        """
        stands: dict[int, list[Signal]] = {}
        for known in standing:
            if known.zone is not None and is_shown(name, known):
                stands.setdefault(known.zone, []).append(known)
        told = self._by_log[name]
        told &= stands.keys() | {signal.zone for signal in signals}
        found: list[Signal] = []
        for signal in signals:
            zone = signal.zone or 0
            found += [bare(one, State.ACTIVE, signal.frame) for one in stands.get(zone, ())]
            if zone not in stands and zone not in told:
                found.append(signal)
        return tuple(found)

    def fires_beyond(
        self, signals: tuple[Signal, ...], standing: Iterable[Signal]
    ) -> tuple[Signal, ...]:
        """Return what the map of areas in fire alarm shows, without fires that the log told.

        A fire of a zone is that of its area, until somebody clears it.
        """
        stands = {s.area for s in standing if s.kind is Kind.FIRE and s.zone}
        told = self._by_log[FIRES]
        told &= stands | {s.area for s in signals}
        return tuple(s for s in signals if s.kind is not Kind.FIRE or s.area not in told | stands)
