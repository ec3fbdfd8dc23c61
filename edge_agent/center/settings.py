"""The center's own settings, `center.toml`: TOML in, frozen values out."""

import tomllib
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from edge_agent.center.layout import CenterError, Layout, refused

SETTINGS_BYTES_MAX = 65_536  # the file has a handful of lines


class Broker(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the center finds its broker."""

    host: Annotated[str, Meta(min_length=1, max_length=253)] = "localhost"
    port: Annotated[int, Meta(ge=1, le=65535)] = 8883


class Presence(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When a silent gateway counts as offline: after `missed_max` heartbeats.

    `heartbeat_s` is for gateways whose heartbeat does not tell its own interval.
    """

    heartbeat_s: Annotated[int, Meta(ge=1, le=86_400)] = 30
    missed_max: Annotated[int, Meta(ge=1, le=100)] = 3


class Witness(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who cosigns the heads of the gateways; its `witness.pem` lies in the center's directory."""

    host: Annotated[str, Meta(min_length=1, max_length=253)]
    port: Annotated[int, Meta(ge=1, le=65535)] = 8444


class Settings(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All of it; `name` stands in every receipt."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")] = "center"
    broker: Broker = Broker()
    presence: Presence = Presence()
    witness: Witness | None = None


def load(layout: Layout) -> Settings:
    """Read the settings; raise CenterError naming file, key and remedy."""
    file = layout.settings
    try:
        data = file.read_bytes()
    except OSError as error:
        make = f"make one with: edge-center init {layout.directory} --gateway NAME"
        said = refused(error, f"is this a center's directory? {make}")
        raise CenterError(f"{file}: {said}") from error
    try:
        return _parse(data)
    except (ValueError, msgspec.ValidationError) as error:  # TOML and UTF-8 errors are ValueErrors
        raise CenterError(f"{file}: {error}; correct the line") from error


def _parse(data: bytes) -> Settings:
    if len(data) > SETTINGS_BYTES_MAX:
        raise ValueError(f"{len(data)} bytes, at most {SETTINGS_BYTES_MAX} are read")
    return msgspec.convert(tomllib.loads(data.decode()), Settings)


def text(name: str, port: int) -> str:
    """Return the file as `edge-center init` writes it."""
    return f"""\
# The center's settings; read at the start of `edge-center serve`.
name = "{name}"

[broker]
host = "localhost"
port = {port}

[presence]
heartbeat_s = 30
missed_max = 3
"""
