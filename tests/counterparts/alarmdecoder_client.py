"""Runs in the environment of `alarmdecoder`: follows an AD2, says as JSON lines what it made of it.

Each line on standard input are keys to press.
"""

import json
import sys
from threading import Lock
from typing import Any

from alarmdecoder import AlarmDecoder
from alarmdecoder.devices import SocketDevice

CHANGES = (
    *("arm", "disarm", "power_changed", "ready_changed", "alarm", "alarm_restored", "fire"),
    *("bypass", "low_battery", "zone_fault", "zone_restore", "relay_changed", "config_received"),
)


PRINTING = Lock()  # it reads in a thread of its own


def say(**seen: object) -> None:
    with PRINTING:
        print(json.dumps(seen), flush=True)


def told(name: str) -> Any:
    def changed(_: Any, **seen: Any) -> None:
        plain = {key: value for key, value in seen.items() if isinstance(value, int | bool | str)}
        say(what=name, **plain)

    return changed


def on_report(_: Any, message: Any) -> None:
    say(
        report=f"{message.event_code:03x}",
        status=message.event_status,
        number=message.event_data,
        partition=message.partition,
        means=message.event_description,
    )


def on_expander(_: Any, message: Any) -> None:
    say(expander=message.address, channel=message.channel, value=message.value)


def on_radio(_: Any, message: Any) -> None:
    say(radio=message.serial_number, battery=message.battery, loops=list(message.loop))


def main(host: str, port: str) -> None:
    decoder = AlarmDecoder(SocketDevice(interface=(host, int(port))))
    for name in CHANGES:
        event = getattr(decoder, f"on_{name}")
        event += told(name)
    decoder.on_lrr_message += on_report
    decoder.on_expander_message += on_expander
    decoder.on_rfx_message += on_radio
    with decoder.open():
        say(open=True)
        for line in sys.stdin:
            decoder.send(line.strip())


if __name__ == "__main__":
    main(*sys.argv[1:3])
