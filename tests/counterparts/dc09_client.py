"""Runs in the environment of `pysiaalarm`: a receiver of DC-09, says as JSON lines what it took.

Arguments: port, tcp or udp, account, key (left out: none).  Any line on standard input: its counts.
"""

import json
import logging
import sys
import threading

from pysiaalarm import CommunicationsProtocol, SIAAccount, SIAClient
from pysiaalarm.event import SIAEvent

_PRINTING = threading.Lock()  # it takes each datagram in a thread of its own


def say(**seen: object) -> None:
    with _PRINTING:
        print(json.dumps(seen), flush=True)


def on_event(event: SIAEvent) -> None:
    at = event.timestamp
    say(
        type=str(event.message_type.value),
        code=event.code,
        account=event.account,
        ri=event.ri,
        number=event.message,
        contact_id=f"{event.event_qualifier or ''}{event.event_type or ''}",
        area=event.partition,
        sequence=event.sequence,
        encrypted=bool(event.encrypted),
        length_right=int(event.length, 16) == len(event.full_message),
        at=at.isoformat() if at else None,
    )


def main(port: str, protocol: str, account: str, key: str | None = None) -> None:
    logging.basicConfig(level=logging.CRITICAL)
    known = [SIAAccount(account, key)]
    client = SIAClient(
        "127.0.0.1", int(port), known, on_event, CommunicationsProtocol(protocol.upper())
    )
    client.start()
    say(listening=True)
    while sys.stdin.readline():
        say(counts=client.counts)


if __name__ == "__main__":
    main(*sys.argv[1:])
