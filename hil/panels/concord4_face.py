"""How the emulated Concord 4 is started."""

from hil.panels.concord4 import ConcordSetup, ConcordVoice, area_truth, is_sound, zone_truth
from hil.panels.on_model import OnModel

CONTROL = """\
control lines of concord4:
  event [general=99]        an event of no table
  clear | lost              its image is cleared; it lost events
  raw HEX                   any bytes"""


FACE = OnModel(
    name="concord4",
    title="Concord 4 automation module",
    voice=ConcordVoice,
    setup=ConcordSetup,
    sound=is_sound,
    control_help=CONTROL,
    own_control="",
    zones_max=96,
    zone=zone_truth,
    area=area_truth,
    unknown="event general=99",
    silence_s=110,
    standing="alarm zone=3",
    has_text=False,
).face()
