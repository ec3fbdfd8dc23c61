"""The face of a panel that needs no settings of its own: how it is started, and what is true of it.

For voices that are made of a model alone, such as a `LineVoice`.  Zones and areas of such a panel
are as its model has them; what a host cannot know of them a face of its own has to say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edge_agent.domain.kinds import State
from hil.panels import site
from hil.panels.machine import Face
from hil.panels.model import Model, ModelSetup
from hil.panels.on_model import OnModel
from hil.panels.voice import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """What is special of a face; `words` are those of `site.speak` that its protocol has.

    `sound`, `has_sum`, `asked`, `standing`, `unknown`, `silence_s` and `control_help` as of a Face;
    `area` and `premises` as of `OnModel`.
    Without `has_points` it says events and no more: how zones and areas are, a host cannot know.
    """

    name: str
    title: str
    voice: Callable[[Model], Voice]
    words: Sequence[str]
    sound: Callable[[bytes], bool]
    has_points: bool = True
    standing: str = ""
    unknown: str = ""
    has_sum: bool = True
    asked: bytes = b""
    silence_s: float = 90.0
    zones_max: int = site.ZONES
    area: Callable[[Model, int], State] | None = None
    premises: Callable[[ModelSetup], ModelSetup] = lambda premises: premises
    control_help: str = ""

    def face(self) -> Face:
        """Return the face."""
        return OnModel(
            name=self.name,
            title=self.title,
            voice=lambda here, _: self.voice(here),
            setup=lambda **_: None,
            words=self.words,
            sound=self.sound,
            truth=None if self.has_points else lambda _: {},
            standing=self.standing,
            unknown=self.unknown,
            has_sum=self.has_sum,
            asked=self.asked,
            silence_s=self.silence_s,
            zones_max=self.zones_max,
            area=self.area,
            premises=self.premises,
            control_help=self.control_help,
        ).face()
