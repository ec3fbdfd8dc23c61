"""Which protocol a line speaks: every driver reads what is heard, and what it proves is weighed.

Pure.  A driver that is not certain is named with its reason, and two that fit are both named.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from edge_agent.domain.recognition import (
    CERTAIN_BITS,
    LIKELY_BITS,
    Recognition,
    Sureness,
    Timed,
)
from edge_agent.domain.session import Decoder, Driver, FaultKind, Frame, Profile, Read

FRAMES_KEPT_MAX: Final = 256  # enough to tell models; a line that floods tells no more
TYPES_SHOWN_MAX: Final = 4
ANSWER_BITS: Final = 24  # what an answered question proves beyond the frame: nobody else was asked
PORT_BITS: Final = 12  # what the usual TCP port of a protocol adds to a frame of it
_DAMAGED: Final = frozenset({FaultKind.CHECKSUM, FaultKind.DECRYPT, FaultKind.UNSUPPORTED})


@dataclass(frozen=True)
class Candidate:
    """A driver that may be the one, with its profiles."""

    driver: Driver
    recognition: Recognition
    decoder: Callable[[], Decoder]
    profiles: tuple[Profile, ...]

    @cached_property
    def reads(self) -> tuple[tuple[str, tuple[Read, ...]], ...]:
        """Names of profiles with the reads that their devices answer: made once for all lines."""
        made = self.recognition.reads
        return () if made is None else tuple((one.name, made(one)) for one in self.profiles)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a driver's protocol a line is: what was read, and which profiles fit.

    `share` is the part of all bytes that its good frames make; `answers` are the names of its
    probes that were answered.  `models` None: all of its profiles fit.
    """

    driver: str
    sureness: Sureness
    good: int
    damaged: int
    share: float
    types: tuple[tuple[str, int], ...]
    models: tuple[str, ...] | None
    answers: tuple[str, ...] = ()
    bits: int = 0
    has_key: bool = True  # False: frames were encrypted, and read by their sum alone


@dataclass
class _Reading:
    """What one driver makes of a line."""

    candidate: Candidate
    decoder: Decoder
    bits: int = 0
    on_own_port: bool = False
    good_bytes: int = 0
    good: int = 0
    damaged: int = 0
    sealed: int = 0
    types: Counter[str] = field(default_factory=Counter)
    kept: deque[Timed] = field(default_factory=lambda: deque(maxlen=FRAMES_KEPT_MAX))
    answers: dict[str, None] = field(default_factory=dict)

    def take(self, frames: Sequence[Frame], at_ns: int) -> None:
        for frame in frames:
            weight = self.candidate.recognition.weight(frame)
            if weight <= 0:
                self.damaged += frame.fault in _DAMAGED
                continue
            self.bits += weight
            self.good += 1
            self.good_bytes += len(frame.raw)
            self.sealed += frame.fault is FaultKind.DECRYPT
            self.types[frame.type or (frame.fault or "").lower()] += 1
            if frame.fault is None:
                self.kept.append(Timed(frame, at_ns))

    def likeness(self, heard_bytes: int) -> Likeness:
        models = self.candidate.recognition.models(self.kept)
        share = min(1.0, self.good_bytes / heard_bytes) if heard_bytes else 0.0
        return Likeness(
            driver=self.candidate.driver.name,
            sureness=self._sureness(share),
            good=self.good,
            damaged=self.damaged,
            share=share,
            types=tuple(self.types.most_common(TYPES_SHOWN_MAX)),
            models=None if models is None else tuple(sorted(models)),
            answers=tuple(self.answers),
            bits=self.bits,
            has_key=not self.sealed,
        )

    def _sureness(self, share: float) -> Sureness:
        bits = self.bits + (ANSWER_BITS if self.answers else 0)
        bits += PORT_BITS if self.on_own_port and self.bits else 0
        if bits >= CERTAIN_BITS:
            # what a few frames prove is spoilt where most of what is heard is something else
            return Sureness.CERTAIN if share >= 0.5 or self.answers else Sureness.LIKELY
        if bits >= LIKELY_BITS:
            return Sureness.LIKELY
        return Sureness.POSSIBLE if self.bits or self.damaged else Sureness.NO


class Listener:
    """Hears one line at one setting with the ears of every driver."""

    def __init__(self, candidates: Sequence[Candidate], tcp_port: int | None = None) -> None:
        self._readings = [
            _Reading(one, one.decoder(), on_own_port=tcp_port in one.recognition.tcp_ports)
            for one in candidates
        ]
        self.heard_bytes = 0

    def hear(self, data: bytes, at_ns: int) -> None:
        """Take what was heard."""
        self.heard_bytes += len(data)
        for reading in self._readings:
            reading.take(reading.decoder.feed(data), at_ns)

    def rest(self, at_ns: int) -> None:
        """The line was quiet for long: what is held without its end is all there is of it."""
        for reading in self._readings:
            reading.take(reading.decoder.finish(), at_ns)
            reading.decoder = reading.candidate.decoder()

    def counts(self, driver: str) -> Counter[str]:
        """Return how often frames of each type were read by `driver`."""
        return next(
            (Counter(one.types) for one in self._readings if one.candidate.driver.name == driver),
            Counter(),
        )

    def answered(self, driver: str, probe: str) -> None:
        """Note that a probe of `driver` was answered."""
        for reading in self._readings:
            if reading.candidate.driver.name == driver:
                reading.answers[probe] = None

    def likenesses(self) -> list[Likeness]:
        """Return what fits, the surest first.

        Beside a likely one those that are only possible are left out: they are its shadows.
        """
        found = [one.likeness(self.heard_bytes) for one in self._readings]
        found = [one for one in found if one.sureness is not Sureness.NO]
        found.sort(key=lambda one: (-one.sureness, -one.bits, one.driver))
        likely = [one for one in found if one.sureness >= Sureness.LIKELY]
        return likely or found


def fitting_profiles(
    candidate: Candidate, likeness: Likeness, settings: str | None
) -> tuple[Profile, ...]:
    """Return the profiles that fit what was said and, on a serial port, its settings.

    Factory settings can be changed: where no profile has these, the settings say nothing.
    """
    said = [
        one for one in candidate.profiles if likeness.models is None or one.name in likeness.models
    ]
    if settings is None:
        # a serial panel may stand behind a serial server; one that has no port comes first
        return tuple(sorted(said, key=lambda one: line_of(one) is not None))
    said = [one for one in said if line_of(one) is not None] or said
    return tuple([one for one in said if line_of(one) == settings] or said)


def line_of(profile: Profile) -> str | None:
    """Return a profile's line settings such as `9600-8N1`; None where it names none."""
    line = profile.facts.get("line")
    if not isinstance(line, dict) or not isinstance(line.get("baud"), int):
        return None
    return f"{line['baud']}-{line.get('bits', 8)}{line.get('parity', 'N')}{line.get('stop', 1)}"
