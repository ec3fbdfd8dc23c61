"""What mosquitto is told: the text of its configuration and of its access list (pure).

mosquitto.conf(5) of 2.0.  The certificate's common name is the user name, so the access list needs
no entry per gateway: `pattern` lines put the name into the topic.
"""

import os
from pathlib import Path

from edge_agent.center.layout import CENTER, Layout

PACKET_BYTES_MAX = 256 * 1024  # a drain's window is 64 KiB; four times that leaves room, no more
QUEUE_MAX = 10_000
"""Messages that the broker keeps for one reader, of at most `QUEUE_BYTES_MAX`.  By itself it drops
what is beyond 1,000, and a gateway sends again what was not receipted for 30 s: too late for the
alarms of thousands whose mains failed at one moment.  The center takes ten thousand in some ten
seconds; with a longer queue it would read what has been sent again by then.
"""
QUEUE_BYTES_MAX = 64 << 20  # whatever their size: what one stranger can make the broker keep
FROM_GATEWAY = ("alarms", "events", "status", "replies", "files")
TO_GATEWAY = ("receipts", "commands")


def mosquitto_conf(layout: Layout, port: int, user: str) -> str:
    """Return the configuration of a broker that only holders of our certificates can use.

    `user` owns the directory: mosquitto started as root becomes that user (its own default, user
    mosquitto, could not read the keys); started as anybody else it ignores the line.
    """
    directory = layout.directory
    return f"""\
# Made by `edge-center init`; start with: mosquitto -c {layout.broker_config}
user {user}
per_listener_settings true
# An idle receipt takes 88 ms instead of 2 where small packets wait for each other.
set_tcp_nodelay true
max_packet_size {PACKET_BYTES_MAX}
# Thousands of gateways may speak at one moment; beyond this messages are dropped, and sent again.
max_queued_messages {QUEUE_MAX}
max_queued_bytes {QUEUE_BYTES_MAX}
# Nothing is written to disk: no event depends on it, nor on the queues, since a gateway keeps each
# one until the center's signed receipt comes.
persistence false
log_dest stderr
log_type error
log_type warning
log_type notice

listener {port}
cafile {directory / "ca.pem"}
certfile {directory / "server.pem"}
keyfile {directory / "server.key"}
crlfile {layout.revoked}
# the oldest allowed; both sides prefer 1.3
tls_version tlsv1.2
require_certificate true
use_identity_as_username true
allow_anonymous false
acl_file {layout.access_list}
"""


def access_list() -> str:
    """Return who may do what: the center reads every gateway, a gateway only has its own topics."""
    lines = ["# Made by `edge-center init`.  %u is the common name of the client's certificate."]
    lines.append(f"user {CENTER}")
    lines += [f"topic read edge/v1/+/{topic}" for topic in FROM_GATEWAY]
    lines += [f"topic write edge/v1/+/{topic}" for topic in TO_GATEWAY]
    lines.append("")
    lines += [f"pattern write edge/v1/%u/{topic}" for topic in FROM_GATEWAY]
    lines += [f"pattern read edge/v1/%u/{topic}" for topic in TO_GATEWAY]
    return "\n".join(lines) + "\n"


def denial(gateway: str) -> str:
    """Return the lines that let a gateway say and hear nothing, also over a connection it has."""
    return f"# {gateway} is revoked\nuser {gateway}\ntopic deny edge/v1/{gateway}/#\n"


def check_directory(directory: Path) -> None:
    """Raise ValueError where mosquitto could not read the path back from its configuration."""
    text = os.fspath(directory)
    if any(ord(character) < 32 for character in text) or text != text.strip():
        raise ValueError(f"{text!r}: mosquitto cannot read such a directory name; choose another")
