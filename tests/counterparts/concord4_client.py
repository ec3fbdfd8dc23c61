"""Runs in the environment of `concord232`: follows a panel, says as JSON lines what it made of it.

Argument: the port.  Lines on standard input: `stay`, `away`, `keys DIGITS`, `partitions`.
"""

import json
import logging
import sys
import threading
from typing import Any

from concord232 import concord


def say(**seen: object) -> None:
    print(json.dumps(seen), flush=True)


class Told(concord.AlarmPanelInterface):  # type: ignore[misc]  # others' class has no types
    """It keeps what it read; here each message is said as well, as it reads it."""

    def handle_message(self, msg: list[int]) -> None:
        super().handle_message(msg)
        known = concord.RX_COMMANDS.get(msg[1]) or concord.RX_COMMANDS.get((msg[1], msg[2]))
        if known is None:
            say(unknown=msg)
            return
        name, _, parse = known
        said: Any = parse(self, msg) or {}
        plain = {key: value for key, value in said.items() if key != "timestamp"}
        say(what=name, **{key: str(value) for key, value in plain.items()})


class Errors(logging.Handler):
    """It logs what it cannot read, and goes on."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            say(error=record.getMessage())


def main(port: str) -> None:
    logger = logging.getLogger("concord")
    logger.addHandler(Errors())
    panel = Told(port, 0.25, logger)
    threading.Thread(target=panel.message_loop, daemon=True).start()
    for line in sys.stdin:
        verb, *words = line.split()
        match verb:
            case "stay":
                panel.send_keypress([0x28])
            case "away":
                panel.send_keypress([0x27])
            case "keys":
                panel.send_keypress([int(digit) for digit in words[0]])
            case "partitions":
                panel.request_all_equipment()


if __name__ == "__main__":
    main(*sys.argv[1:])
