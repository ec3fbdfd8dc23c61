"""The face of a panel that needs no settings of its own: how it is started, and what is true of it.

For voices that are made of a model alone, such as a `LineVoice`.  Zones and areas of such a panel
are as its model has them; what a host cannot know of them a face of its own has to say.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge_agent.domain.session import Profile
from hil.panels import model, scenarios, site, voice
from hil.panels.machine import Face, Machine
from hil.panels.model import Model, ModelSetup
from hil.panels.voice import ModelPanel, Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """What is special of a face; `words` are those of `site.speak` that its protocol has.

    `sound`, `standing`, `silence_s` and `control_help` as of a Face.  Without `has_points` it says
    events and no more: how zones and areas are, a host cannot know.
    """

    name: str
    title: str
    voice: Callable[[Model], Voice]
    words: Sequence[str]
    sound: Callable[[bytes], bool]
    has_points: bool = True
    standing: str = ""
    silence_s: float = 90.0
    zones_max: int = site.ZONES
    control_help: str = ""

    def face(self) -> Face:
        """Return the face."""
        return Face(
            name=self.name,
            title=self.title,
            peers_max=1,
            control_help=f"{self.control_help}\n{voice.OWN_CONTROL}\n{model.CONTROL}",
            adds=self._adds,
            build=self._build,
            for_profile=self._for_profile,
            plans=scenarios.PLANS,
            speak=lambda number, _: site.speak(number, self.words),
            silence_s=self.silence_s,
            truth=truth if self.has_points else lambda _: {},
            sound=self.sound,
            standing=self.standing,
        )

    def _adds(self, parser: ArgumentParser) -> None:
        site.add_arguments(parser, self.zones_max)

    def _build(self, arguments: Namespace) -> ModelPanel:
        return self._panel(site.told(arguments, outputs=0))

    def _for_profile(self, profile: Profile | None, settings: Mapping[str, Any]) -> ModelPanel:
        del profile, settings
        return self._panel(site.usual(outputs=0))

    def _panel(self, premises: ModelSetup) -> ModelPanel:
        here = Model(premises)
        return ModelPanel(here, self.voice(here))


def truth(machine: Machine) -> site.Points:
    """Return what a host must believe: zones as their contacts are, areas as they are."""
    assert isinstance(machine, ModelPanel)
    here = machine.model
    return site.points(here, lambda number: site.contact(here, number))
