"""How the emulated Marlin M-16 is started; in the repository its voice is `hil.panels.marlin`."""

from emulated_marlin import MarlinVoice, is_sound

from hil.panels.plain import Plain

FACE = Plain(
    name="marlin",
    title="Marlin M-16 alarm panel, serial port",
    voice=MarlinVoice,
    words=("open", "close", "alarm", "restore alarm", "fire", "restore fire", "mains"),
    sound=is_sound,
    standing="alarm zone=3",
).face()
