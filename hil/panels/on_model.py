"""The face of an alarm panel on the model: how it is started, and what is true of it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from edge_agent.domain.kinds import State
from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.voice import OWN_CONTROL, ModelPanel, Voice

S = TypeVar("S")
Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnModel(Generic[S]):
    """What is special of such a face; what is not named here is as of a Face.

    `voice` speaks for a model, as `setup` says, which is made of settings by their names: those of
    the command line (`adds` adds its arguments, `told` reads them), or those of a driver's profile
    (`by_profile`; "" is no profile) and of a test.  `zones_by_profile` are of profiles with other
    than the usual number of zones.  `premises` fits them to what the protocol knows.

    `zone` and `area` tell how a host must believe them to be (None: as it is); without
    `shows_outputs` it can ask for none.  Where more than the model decides it, `truth` does.
    `words` are those of `site.speak` that the protocol has.
    """

    name: str
    title: str
    voice: Callable[[Model, S], Voice]
    setup: Callable[..., S]
    sound: Callable[[bytes], bool]
    control_help: str = ""
    own_control: str = f"{OWN_CONTROL}\n"  # what its ledger obeys
    adds: Callable[[ArgumentParser], None] = lambda _: None
    told: Callable[[Namespace], Settings] = lambda _: {}
    by_profile: Mapping[str, Settings] = field(default_factory=dict)
    zones_by_profile: Mapping[str, int] = field(default_factory=dict)
    premises: Callable[[ModelSetup], ModelSetup] = lambda premises: premises
    zones_max: int = site.ZONES
    outputs: int = 0
    zone: Callable[[Model, int], State] = site.contact
    area: Callable[[Model, int], State] | None = None
    shows_outputs: bool = True
    truth: Callable[[ModelPanel], site.Points] | None = None
    words: Sequence[str] = site.WORDS
    unknown: str = ""
    quick: tuple[str, ...] = ()
    silence_s: float = 90.0
    standing: str = ""
    has_sum: bool = True
    asked: bytes = b""
    has_clock: bool = True
    has_text: bool = True

    def face(self) -> Face:
        """Return the face."""
        return Face(
            name=self.name,
            title=self.title,
            peers_max=1,
            control_help=f"{self.control_help}\n{self.own_control}{model.CONTROL}",
            adds=self._adds,
            build=self._build,
            for_profile=self._for_profile,
            plans=scenarios.PLANS,
            # damage is seen by every frame's check or shape, so that a bad line changes nothing
            speak=lambda number, _: site.speak(number, self.words),
            unknown=self.unknown,
            quick=self.quick,
            silence_s=self.silence_s,
            truth=self._truth,
            standing=self.standing,
            sound=self.sound,
            has_sum=self.has_sum,
            asked=self.asked,
            has_clock=self.has_clock,
            has_text=self.has_text,
        )

    def _adds(self, parser: ArgumentParser) -> None:
        site.add_arguments(parser, self.zones_max)
        self.adds(parser)

    def _build(self, arguments: Namespace) -> ModelPanel:
        return self._panel(site.told(arguments, self.outputs), self.told(arguments))

    def _for_profile(self, profile: Profile | None, settings: Settings) -> ModelPanel:
        name = "" if profile is None else profile.name
        zones = self.zones_by_profile.get(name, site.ZONES)
        told = {**self.by_profile.get(name, {}), **settings}
        return self._panel(site.usual(zones, self.outputs), told)

    def _panel(self, premises: ModelSetup, settings: Settings) -> ModelPanel:
        here = Model(self.premises(premises))
        return ModelPanel(here, self.voice(here, self.setup(**settings)))

    def _truth(self, machine: Machine) -> site.Points:
        assert isinstance(machine, ModelPanel)
        if self.truth is not None:
            return self.truth(machine)
        here, area = machine.model, self.area
        points = site.points(
            here,
            lambda number: self.zone(here, number),
            None if area is None else lambda number: area(here, number),
        )
        return points if self.shows_outputs else site.without_outputs(points)
