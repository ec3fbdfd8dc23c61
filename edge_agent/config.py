"""The gateway's configuration: TOML in, frozen typed values out, and errors that tell the remedy.

The types below are the one definition: the reader, the JSON Schema for editors and the messages
all come from them.  Relative file names are relative to the configuration file.
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from edge_agent.config_words import Problem, explain, type_of, unknown_keys
from edge_agent.domain.address import (
    TPM_DEVICE,
    BusAddress,
    LineAddress,
    ListenAddress,
    SerialAddress,
    TcpAddress,
    check_host,
)
from edge_agent.domain.body import BodySettings
from edge_agent.domain.camera import CameraSettings, ClipSettings
from edge_agent.domain.device import DeviceSettings
from edge_agent.domain.site import (
    AreaSettings,
    MaintenanceSettings,
    Premises,
    ScheduleSettings,
    SiteSettings,
    UserSettings,
    ZoneSettings,
)
from edge_agent.limits import CAMERAS_MAX, CENTERS_MAX, PANELS_MAX, SITE_ENTRIES_MAX

CONFIG_BYTES_MAX = 1 << 20  # a site of 64 panels takes some 20 kB; more is not a configuration
_Part = TypeVar("_Part", bound=Struct)
DEFAULT_PATH = Path("/etc/edge-agent/gateway.toml")

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$",
        description="1 to 32 of a-z, 0-9, _ and -, starting with a letter or digit",
    ),
]
GatewayName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9-]{0,31}$",
        description="1 to 32 of a-z, 0-9 and -, starting with a letter or digit",
    ),
]
SOCKET = "/run/edge-agent/agent.sock"

Port = Annotated[int, Meta(ge=1, le=65535)]
Host = Annotated[str, Meta(min_length=1, max_length=253)]
FileName = Annotated[str, Meta(min_length=1, max_length=4096)]
Members = Annotated[
    list[Annotated[str, Meta(pattern=r"^@?[a-z_][a-z0-9_.-]{0,31}$")]], Meta(max_length=64)
]


class Gateway(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The gateway itself."""

    id: GatewayName
    identity_key: FileName = "identity.key"
    tpm: Annotated[
        FileName, Meta(description="the TPM that made the identity key, where one did")
    ] = TPM_DEVICE
    data_dir: FileName = "/var/lib/edge-agent"
    socket: FileName = SOCKET
    journal_bytes_max: (
        Annotated[
            int, Meta(ge=64 << 20, description="space for the journal; default: half of the disk")
        ]
        | None
    ) = None
    journal_keep_days: Annotated[
        int, Meta(ge=1, le=36_500, description="receipted events are kept this long")
    ] = 180
    reporting_time_s: Annotated[
        int, Meta(ge=20, le=2_764_800, description="EN 50136 reporting time; SP5 90, SP6 20")
    ] = 90

    def __post_init__(self) -> None:
        if self.identity_key.startswith("pkcs11:"):  # not shown: there may be a PIN in it
            raise ValueError("identity_key is a file; its first line may be a URI: enrol --pkcs11")


class Anchor(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who timestamps the newest event once a day: an authority by RFC 3161, over HTTP."""

    url: Annotated[str, Meta(pattern=r"^https?://[^\s/]+(/\S*)?$", max_length=1024)]
    certificate: Annotated[
        FileName, Meta(description="PEM: the authority's certificate, or who certified it")
    ] = "tsa.pem"


class Sm2(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Tree heads are signed a second time, by SM2 with SM3."""

    key: Annotated[
        FileName, Meta(description="private key of the gateway; made by edge-agent sm2 --make")
    ] = "sm2.key"
    every_h: Annotated[
        int, Meta(ge=1, le=720, description="hours between two; the first comes after a start")
    ] = 24


class Diagnose(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the gateway tests itself."""

    every_h: Annotated[
        int, Meta(ge=0, le=720, description="hours between self-tests; 0: only when asked")
    ] = 24


class CenterPath(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One broker of a center, over one interface where there are two networks."""

    host: Host
    port: Port = 8883
    interface: Annotated[str, Meta(min_length=1, max_length=15)] | None = None

    def __post_init__(self) -> None:
        check_host(self.host)


class Center(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An alarm center: who it is, and the paths to it in order of preference."""

    name: Name
    ca: FileName = "ca.pem"
    certificate: FileName = "client.pem"
    key: FileName = "client.key"
    receipt_certificate: FileName = "receipt.pem"
    enrolment: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=260,
                description="host:port where the certificate is renewed; left out, it is not",
            ),
        ]
        | None
    ) = None
    command_certificate: Annotated[
        FileName | None,
        Meta(description="whose commands are carried out; without it none of this center's is"),
    ] = None
    seal_certificate: Annotated[
        FileName | None,
        Meta(description="what is sent is sealed to this key: the broker cannot read it"),
    ] = None
    required: Annotated[
        bool, Meta(description="events are kept until this center has receipted them")
    ] = True
    standby_reporting_time_s: Annotated[
        int,
        Meta(
            ge=60,
            le=2_764_800,
            description="within which the fault of a path that is not in use is told; EN 50136 "
            "DP4: 18000",
        ),
    ] = 3600
    path: Annotated[list[CenterPath], Meta(min_length=1, max_length=8)]


class Bus(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A Modbus bus that several panels share: `serial` (RTU) or `tcp`."""

    id: Name
    serial: SerialAddress | None = None
    tcp: TcpAddress | None = None

    @property
    def address(self) -> BusAddress:
        """The one address that was given."""
        address = self.serial or self.tcp
        assert address is not None, "checked by load"
        return address


class Panel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A panel: its driver and where it is: `serial`, `tcp`, `listen`, or `bus` with `unit`."""

    id: Name
    driver: Name
    profile: FileName | None = None
    serial: SerialAddress | None = None
    tcp: TcpAddress | None = None
    listen: ListenAddress | None = None
    bus: Name | None = None
    unit: Annotated[int, Meta(ge=1, le=247)] | None = None
    allow: list[Literal["arm", "bypass", "clock", "disarm", "output"]] = []
    options: dict[str, Any] = {}

    @property
    def line(self) -> LineAddress | None:
        """The panel's own line, None where it hangs on a bus."""
        return self.serial or self.tcp or self.listen


class AccessPart(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who, besides root and the agent's own user, may ask the running agent.

    Users by name, groups with `@` before it.
    """

    viewer: Members = []
    technician: Members = []
    installer: Members = []
    inspector: Members = []


class SitePart(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is said of the premises; a file of its own for `edge-agent judge`."""

    site: SiteSettings = SiteSettings()
    area: Annotated[list[AreaSettings], Meta(max_length=SITE_ENTRIES_MAX)] = []
    zone: Annotated[list[ZoneSettings], Meta(max_length=SITE_ENTRIES_MAX)] = []
    schedule: Annotated[list[ScheduleSettings], Meta(max_length=SITE_ENTRIES_MAX)] = []
    user: Annotated[list[UserSettings], Meta(max_length=SITE_ENTRIES_MAX)] = []
    maintenance: Annotated[list[MaintenanceSettings], Meta(max_length=SITE_ENTRIES_MAX)] = []
    camera: Annotated[list[CameraSettings], Meta(max_length=CAMERAS_MAX)] = []

    @property
    def premises(self) -> Premises:
        """The same as diagnosis takes it."""
        return Premises(
            site=self.site,
            areas=tuple(self.area),
            zones=tuple(self.zone),
            schedules=tuple(self.schedule),
            users=tuple(self.user),
            maintenance=tuple(self.maintenance),
            cameras=tuple(camera.bare for camera in self.camera),
        )


class Config(SitePart, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that a gateway is told."""

    gateway: Gateway
    access: AccessPart = AccessPart()
    device: Annotated[list[DeviceSettings], Meta(max_length=SITE_ENTRIES_MAX)] = []
    body: BodySettings = BodySettings()
    diagnose: Diagnose = Diagnose()
    anchor: Anchor | None = None
    sm2: Sm2 | None = None
    clips: ClipSettings = ClipSettings()
    center: Annotated[list[Center], Meta(min_length=1, max_length=CENTERS_MAX)]
    bus: Annotated[list[Bus], Meta(max_length=PANELS_MAX)] = []
    panel: Annotated[list[Panel], Meta(min_length=1, max_length=PANELS_MAX)]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration as read: its values, where it stood, and the digest of its bytes."""

    config: Config
    file: Path
    digest: bytes

    def path(self, name: str) -> Path:
        """Return `name` as a path, relative to the configuration file."""
        return self.file.parent / name


class ConfigError(Exception):
    """The operator's fault: file, keys and remedies; commands end with exit code 78."""

    def __init__(self, file: Path, problems: list[Problem]) -> None:
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))
        self.file = file
        self.problems = problems


def load(file: Path) -> Loaded:
    """Read and check `file`; raise ConfigError naming every problem that can be told."""
    try:
        data = file.read_bytes()
    except OSError as error:
        remedy = "give the right file with --config, or make it readable for this user"
        raise ConfigError(file, [Problem("file", "", f"{error.strerror}; {remedy}")]) from error
    return parse(data, file)


def parse(data: bytes, file: Path) -> Loaded:
    """Check the bytes of a configuration file; raise ConfigError naming the problems."""
    config = parse_as(data, file, Config)
    if problems := list(_cross_checks(config)):
        raise ConfigError(file, problems)
    return Loaded(config, file, hashlib.sha256(data).digest())


def parse_as(data: bytes, file: Path, kind: type[_Part]) -> _Part:
    """Read TOML as a value of `kind`; raise ConfigError naming what is unknown or does not fit."""
    raw = _toml(data, file)
    if unknown := list(unknown_keys(raw, type_of(kind))):
        raise ConfigError(file, unknown)
    return _convert(raw, kind, file)


def parse_site(data: bytes, file: Path) -> tuple[SitePart, list[Problem]]:
    """Read the site part of a configuration, or of a file that holds nothing else.

    A site is judged as well as it is known: keys that nobody knows and doubles are told beside it
    and passed over.  Raises ConfigError for what cannot be understood at all.
    """
    raw = _toml(data, file)
    whole = "gateway" in raw
    known = type_of(Config if whole else SitePart)
    passed = list(unknown_keys(raw, known))
    part = {name: raw[name] for name in SitePart.__struct_fields__ if name in raw}
    for problem in passed:
        _without(part, problem.key)
    site = _convert(part, SitePart, file)
    return site, passed + list(_site_checks(site))


def _without(raw: Any, key: str) -> None:
    """Drop the value at `key`, as `unknown_keys` names it."""
    *parts, last = key.replace("[", ".[").split(".")
    for part in parts:
        raw = raw[int(part[1:-1])] if part.startswith("[") else raw.get(part, {})
    raw.pop(last, None)


_HINTS = {
    "Invalid value": "; text stands in quotes",
    "Cannot declare": "; a table that may be there several times has two brackets, as [[panel]]",
    "Cannot overwrite": "; this key is there already",
}


def _toml(data: bytes, file: Path) -> dict[str, Any]:
    if len(data) > CONFIG_BYTES_MAX:
        raise ConfigError(
            file, [Problem("file", f"{len(data)} bytes", f"at most {CONFIG_BYTES_MAX} are read")]
        )
    try:
        return tomllib.loads(
            data.decode("utf-8-sig")
        )  # editors on Windows begin a file with a mark
    except UnicodeDecodeError as error:
        raise ConfigError(
            file, [Problem("file", f"byte {error.start}", "save it as UTF-8")]
        ) from error
    except tomllib.TOMLDecodeError as error:
        hint = next((hint for said, hint in _HINTS.items() if str(error).startswith(said)), "")
        raise ConfigError(
            file, [Problem("file", "", f"this is not TOML: {error}{hint}")]
        ) from error


def _convert(raw: dict[str, Any], kind: type[_Part], file: Path) -> _Part:
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        raise ConfigError(file, [explain(str(error), raw, kind)]) from error


def json_schema() -> str:
    """Return the JSON Schema of the file, for editors."""
    schema = msgspec.json.schema(Config)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "edge-agent gateway.toml"
    return json.dumps(schema, indent=2)


# ---- what no type can say


def _cross_checks(config: Config) -> Iterator[Problem]:
    yield from _center_checks(config.center)
    yield from place_checks(config.panel, config.bus)
    yield from _site_checks(config)
    yield from _panels_of_site(config)


def place_checks(panels: list[Panel], buses: list[Bus]) -> Iterator[Problem]:
    """Each panel and bus has one place, and no two the same."""
    yield from _doubles("panel", [panel.id for panel in panels])
    yield from _doubles("bus", [bus.id for bus in buses])
    for index, bus in enumerate(buses):
        if (bus.serial is None) == (bus.tcp is None):
            yield Problem(f"bus[{index}]", bus.id, "give exactly one of serial, tcp")
    known = [bus.id for bus in buses]
    places: dict[object, str] = {}
    for index, bus in enumerate(buses):
        if bus.serial is not None:
            if bus.serial.port in places:
                yield Problem(f"bus[{index}]", bus.id, f"{places[bus.serial.port]} has this port")
            places[bus.serial.port] = f"bus '{bus.id}'"
    for index, panel in enumerate(panels):
        key = f"panel[{index}]"
        given = [panel.serial, panel.tcp, panel.listen, panel.bus]
        if sum(place is not None for place in given) != 1:
            yield Problem(key, panel.id, "give exactly one of serial, tcp, listen, bus")
        elif (panel.bus is None) != (panel.unit is None):
            yield Problem(key, panel.id, "bus and unit belong together")
        elif panel.bus is not None and panel.bus not in known:
            there = f"there are: {', '.join(known)}" if known else "add a [[bus]] with this id"
            yield Problem(f"{key}.bus", panel.bus, f"no such bus; {there}")
        else:
            place = _place(panel)
            if place in places:
                yield Problem(key, panel.id, f"{places[place]} has this very line or unit already")
            places[place] = f"panel '{panel.id}'"


def _site_checks(site: SitePart) -> Iterator[Problem]:
    """Doubles: of two that say different things, nobody can tell which is meant."""
    zones = [f"{zone.panel} {zone.zone}" for zone in site.zone]
    yield from _doubles("zone", zones, "zone")
    yield from _doubles("area", [f"{area.panel} {area.area}" for area in site.area], "area")
    yield from _doubles("user", [f"{user.panel} {user.user}" for user in site.user], "user")
    yield from _doubles("camera", [camera.id for camera in site.camera])


def _panels_of_site(config: Config) -> Iterator[Problem]:
    panels = list(dict.fromkeys(panel.id for panel in config.panel))
    for table in ("area", "zone", "schedule", "user", "maintenance", "device"):
        for index, entry in enumerate(getattr(config, table)):
            if entry.panel is not None and entry.panel not in panels:
                remedy = f"no such panel; there are: {', '.join(panels)}"
                yield Problem(f"{table}[{index}].panel", repr(entry.panel)[:80], remedy)
    for index, camera in enumerate(config.camera):
        if not camera.addresses:
            yield Problem(f"camera[{index}]", camera.id, "give snapshot_url, recording, or both")
        for number, seen in enumerate(camera.sees):
            if seen.panel not in panels:
                remedy = f"no such panel; there are: {', '.join(panels)}"
                key = f"camera[{index}].sees[{number}].panel"
                yield Problem(key, repr(seen.panel)[:80], remedy)


def _center_checks(centers: list[Center]) -> Iterator[Problem]:
    yield from _doubles("center", [center.name for center in centers], "name")
    if not any(center.required for center in centers):
        yield Problem("center", "", "at least one center must be required, or nothing is kept")
    owners: dict[str, str] = {}
    for index, center in enumerate(centers):
        key = f"center[{index}]"
        for name in ("receipt_certificate", "command_certificate"):
            file = getattr(center, name)
            if file in owners:
                remedy = f"center '{owners[file]}' has this file; each key has one of its own"
                yield Problem(f"{key}.{name}", file, remedy)
            if file is not None:
                owners[file] = center.name
        ways = [(way.host, way.port, way.interface) for way in center.path]
        for number, way in enumerate(ways):
            if way in ways[:number]:
                yield Problem(f"{key}.path[{number}]", way[0], "this very path is there already")


def _place(panel: Panel) -> object:
    """What two panels cannot share: a serial port, a listening port, a unit of a bus."""
    if panel.serial is not None:
        return panel.serial.port
    if panel.listen is not None:
        return panel.listen.transport, panel.listen.port
    return (panel.bus, panel.unit) if panel.bus is not None else panel.tcp


def _doubles(table: str, ids: list[str], key: str = "id") -> Iterator[Problem]:
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield Problem(f"{table}[{index}].{key}", repr(name), f"another {table} has this {key}")
