"""How the emulated VISTA-128 is started."""

from hil.panels.on_model import OnModel
from hil.panels.vista import VistaSetup, VistaVoice, is_sound

CONTROL = """\
control lines of vista:
  program on|off     programming: the panel is silent in between
  event              an event of no table"""


FACE = OnModel(
    name="vista",
    title="Honeywell VISTA-128 alarm panel, RS-232 automation",
    voice=VistaVoice,
    setup=VistaSetup,
    sound=is_sound,
    control_help=CONTROL,
    by_profile={"vista_250": {"blocks": 4}},
    zones_max=128,
    area=lambda here, number: here.areas[number].armed,
    # not tamper: it hides the contact in the model, and no later answer would show it
    words=("alarm", "restore alarm", "weak", "restore weak", "open", "close", "mains"),
    unknown="event",
    standing="alarm zone=3",
).face()
