"""What lies where in a center's directory, and which names a gateway may have.

A gateway's name becomes a topic level, a certificate's common name, a folder and a line of the
broker's access list, so its alphabet is the narrow one that is harmless in all four: no `+`, `#`
or `/` (MQTT 5 section 4.7), no blanks, no leading dash or dot.
"""

import re
from dataclasses import dataclass
from pathlib import Path

GATEWAY_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
CENTER = "center"  # common name of the center's own client certificate
RESERVED = frozenset({CENTER, "localhost"})  # names that a certificate of ours already carries


class CenterError(Exception):
    """The operator's fault: what is wrong and what to do about it; commands end with 78."""


def refused(error: OSError, remedy: str = "") -> str:
    """Return why a file of the directory is not to be had, and what to do: `remedy`, unless it is
    only that somebody else runs this."""
    if isinstance(error, PermissionError):
        remedy = "run this as the directory's owner"
    return "; ".join(filter(None, (error.strerror or str(error), remedy)))


def check_gateway_id(text: str) -> str:
    """Return `text` if it may name a gateway; raise ValueError saying what is allowed."""
    if text in RESERVED:
        raise ValueError(f"'{text}' is a name of the center itself; choose another")
    if not GATEWAY_ID.fullmatch(text):
        raise ValueError(f"{text!r} is not a gateway id: 1 to 32 of a-z, 0-9 and -, no leading -")
    return text


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths below one center directory."""

    directory: Path

    @property
    def settings(self) -> Path:
        """The center's own settings."""
        return self.directory / "center.toml"

    @property
    def database(self) -> Path:
        """The store of events."""
        return self.directory / "events.db"

    @property
    def broker_config(self) -> Path:
        """The configuration to start mosquitto with."""
        return self.directory / "mosquitto.conf"

    @property
    def access_list(self) -> Path:
        """Who may read and write which topics."""
        return self.directory / "acl"

    @property
    def identities(self) -> Path:
        """Certificates of the gateways' identity keys, one `<gateway>.pem` each: they stay."""
        return self.directory / "identities"

    @property
    def enrolments(self) -> Path:
        """Invitations, one `<gateway>.json` each."""
        return self.directory / "enrolments"

    def enrolment(self, gateway: str) -> Path:
        """Return the invitation of a gateway."""
        return self.enrolments / f"{gateway}.json"

    @property
    def revoked(self) -> Path:
        """Which certificates count no more."""
        return self.directory / "crl.pem"

    @property
    def revoked_keys(self) -> Path:
        """Which keys of the broker count no more, for the gateways; absent: all do."""
        return self.directory / "broker.revoked"

    def issued(self, gateway: str) -> Path:
        """Return the TLS certificates that were given to a gateway."""
        return self.directory / "issued" / f"{gateway}.pem"

    @property
    def charters(self) -> Path:
        """Charters of the gateways' sites, one folder each."""
        return self.directory / "charters"

    @property
    def operators(self) -> Path:
        """Who may give commands in the center's name, one `<id>.json` each."""
        return self.directory / "operators"

    @property
    def seals(self) -> Path:
        """Keys that gateways sealed to before the present one."""
        return self.directory / "seals"

    @property
    def spool(self) -> Path:
        """Pieces of files that gateways are sending."""
        return self.directory / "spool"

    def key(self, name: str) -> Path:
        """Return the private key `name` (ca, server, center, receipt, command)."""
        return self.directory / f"{name}.key"

    def certificate(self, name: str) -> Path:
        """Return the certificate `name` (ca, server, center, receipt, command)."""
        return self.directory / f"{name}.pem"

    def identity(self, gateway: str) -> Path:
        """Return the certificate of a gateway's identity key."""
        return self.identities / f"{gateway}.pem"

    def gateway(self, gateway: str) -> Path:
        """Return the folder that is handed to a gateway."""
        return self.directory / "gateways" / gateway
