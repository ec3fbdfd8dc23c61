"""Cameras, recorders and microphones as a configuration names them, and what their clips may take.

A camera is asked for pictures only after an alarm of a zone or area that it sees, and only for what
the client has consented to.  Addresses are held to two rules: over plain http a camera is named by
an address of the site's own network, over https its certificate is checked against a file.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from math import isfinite
from typing import Literal

from edge_agent.domain.address import check_host
from edge_agent.domain.signal import NUMBER_MAX

URL_CHARS_MAX = 1024
SEES_MAX = 16
NUMBERS_MAX = 256  # zones or areas of one panel that one camera sees
PICTURES_MAX = 10
STRETCH_S_MAX = 60  # of a recording, before and after the alarm: more is a film, not a verification
NAME_CHARS_MAX = 128

Consent = Literal["image", "sound"]
PLACES = frozenset(
    {
        *("before_s", "length_s", "start", "end"),
        *("start_iso", "end_iso", "start_unix", "end_unix"),
    }
)
"""What may stand in braces in the address of a recording; times of day are UTC."""

_ID = re.compile(r"[a-z][a-z0-9_]{0,23}")  # a word, with room for one before it in verdicts
_PLACE = re.compile(r"\{([^{}]*)\}")
_URL = re.compile(r"(?P<scheme>https?)://(?P<authority>[^/?#]+)(?P<target>/[^#]*)?")
_PLACE_OF = re.compile(
    r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[A-Za-z0-9._-]+))(?::(?P<port>\d{1,5}))?"
)
_SAFE = re.compile(r"[!-~]+")  # a blank or line end in a request would be another request


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL leads: `target` is what is asked for there, with its query."""

    secure: bool
    host: str
    port: int
    target: str

    @property
    def where(self) -> str:
        """The place as logs, findings and commands name it: targets may hold passwords."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def authority(self) -> str:
        """The value of a request's Host."""
        usual = self.port == (443 if self.secure else 80)
        return self.where.rpartition(":")[0] if usual else self.where


def address_of(url: str) -> Address:
    """Return where `url` leads.  Raises ValueError; the message never holds the URL."""
    if not 0 < len(url) <= URL_CHARS_MAX or _SAFE.fullmatch(url) is None:
        raise ValueError(f"a URL has 1 to {URL_CHARS_MAX} printable characters of ASCII, no blanks")
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError(
            "a camera's URL is http:// or https://, a host, perhaps a port, and a path"
        )
    if "@" in found["authority"]:
        raise ValueError("no user or password in the URL: use `user` and `password_file`")
    place = _PLACE_OF.fullmatch(found["authority"])
    if place is None:
        raise ValueError("the host or port of a camera's URL cannot be read")
    secure = found["scheme"] == "https"
    host = (place["v6"] or place["name"]).lower()
    port = int(place["port"] or (443 if secure else 80))
    check_host(host)
    if not 1 <= port <= 65535:
        raise ValueError("a port is 1 to 65535")
    if not secure and not _is_local(host):
        raise ValueError(
            "over http a camera is named by an address of the site's own network, such as "
            "http://192.168.1.40/; for all others use https and `ca`"
        )
    return Address(secure, host, port, found["target"] or "/")


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return False


def _check_numbers(numbers: tuple[int, ...], what: str) -> None:
    if len(numbers) > NUMBERS_MAX or not all(0 < number <= NUMBER_MAX for number in numbers):
        raise ValueError(f"{what} are at most {NUMBERS_MAX} numbers of 1 to {NUMBER_MAX}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sees:
    """What of one panel a camera sees; neither zones nor areas: all that belongs to it."""

    panel: str
    zones: tuple[int, ...] = ()
    areas: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_numbers(self.zones, "zones")
        _check_numbers(self.areas, "areas")

    def covers(self, panel: str, zone: int | None, area: int | None) -> bool:
        """Return whether a thing of `zone` and `area`, each None where not known, is seen."""
        if panel != self.panel:
            return False
        return not (self.zones or self.areas) or zone in self.zones or area in self.areas


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A stretch that a recorder gives, from `before_s` before the alarm to `after_s` after it.

    `url` holds names in braces where the recorder wants the stretch told (`PLACES`).  `holds` is
    what the stretch holds: all of it needs the client's consent.
    """

    url: str
    before_s: int = 5
    after_s: int = 5
    holds: tuple[Consent, ...] = ("image",)

    def __post_init__(self) -> None:
        unknown = [name for name in _PLACE.findall(self.url) if name not in PLACES]
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in sorted(PLACES))
            raise ValueError(
                f"{{{unknown[0][:32]}}} is not known in a recording's URL; {known} are"
            )
        address_of(self.filled(0))
        for name in ("before_s", "after_s"):
            if not 0 <= getattr(self, name) <= STRETCH_S_MAX:
                raise ValueError(f"{name} is 0 to {STRETCH_S_MAX} seconds")
        if self.before_s + self.after_s == 0:
            raise ValueError("a recording lasts at least a second: give before_s or after_s")
        if not self.holds:
            raise ValueError("holds names what the recording holds: image, sound")

    @property
    def needs_time(self) -> bool:
        """Whether the recorder is told a time of day, so that our clock must be right."""
        return "{start" in self.url or "{end" in self.url

    def filled(self, alarm_unix_s: int) -> str:
        """Return the URL of the stretch around an alarm."""
        values: dict[str, str] = {
            "before_s": str(self.before_s),
            "length_s": str(self.before_s + self.after_s),
        }
        ends = {"start": alarm_unix_s - self.before_s, "end": alarm_unix_s + self.after_s}
        for name, unix_s in ends.items():
            moment = datetime.fromtimestamp(unix_s, UTC)
            values[name] = f"{moment:%Y%m%dT%H%M%SZ}"
            values[f"{name}_iso"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
            values[f"{name}_unix"] = str(unix_s)
        return _PLACE.sub(lambda found: values[found[1]], self.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """One camera, recorder channel or microphone.

    `snapshot_url` gives one picture each time it is asked for; after an alarm `pictures` are taken,
    `every_s` apart.  `consent` is what the client has agreed to: without "image" no picture is ever
    asked for, without "sound" no sound.  `user` and `password_file` log in, by
    digest; by `auth` basic only where that is said here.  `ca` is the file that https is checked
    against: an authority, or the camera's own certificate; `tls_name` the name in it, where that is
    not the URL's.

    Raises ValueError for what cannot be meant.
    """

    id: str
    sees: tuple[Sees, ...]
    consent: tuple[Consent, ...] = ()
    name: str | None = None
    snapshot_url: str | None = None
    pictures: int = 3
    every_s: float = 1.0
    recording: Recording | None = None
    user: str | None = None
    password_file: str | None = None
    auth: Literal["digest", "basic"] = "digest"
    ca: str | None = None
    tls_name: str | None = None

    def __post_init__(self) -> None:
        if _ID.fullmatch(self.id) is None:
            raise ValueError("a camera's id is 1 to 24 of a-z, 0-9 and _, starting with a letter")
        if self.name is not None and not 0 < len(self.name) <= NAME_CHARS_MAX:
            raise ValueError(f"a name has 1 to {NAME_CHARS_MAX} characters")
        if not 0 < len(self.sees) <= SEES_MAX:
            raise ValueError(f"sees names what the camera sees of 1 to {SEES_MAX} panels")
        if not 1 <= self.pictures <= PICTURES_MAX:
            raise ValueError(f"pictures is 1 to {PICTURES_MAX}, not {self.pictures}")
        if not (isfinite(self.every_s) and 0.2 <= self.every_s <= 10):
            raise ValueError(f"every_s is 0.2 to 10 seconds, not {self.every_s}")
        self._check_access()

    def _check_access(self) -> None:
        secure = {address.secure for address in self.addresses}
        if True in secure and self.ca is None:
            raise ValueError("https needs `ca`: the authority's file, or the camera's certificate")
        if True not in secure and (self.ca or self.tls_name):
            raise ValueError("`ca` and `tls_name` belong to https; this camera is reached by http")
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file belong together")
        if self.user is not None and (not self.user.isprintable() or not 0 < len(self.user) <= 64):
            raise ValueError("user has 1 to 64 printable characters")
        if self.auth == "basic" and self.user is None:
            raise ValueError("auth needs user and password_file")

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where it is reached."""
        urls = [self.snapshot_url, self.recording and self.recording.filled(0)]
        return tuple(address_of(url) for url in urls if url)

    @property
    def takes_pictures(self) -> bool:
        """Whether pictures may be asked for."""
        return self.snapshot_url is not None and "image" in self.consent

    @property
    def takes_recording(self) -> bool:
        """Whether its recording may be asked for."""
        return self.recording is not None and set(self.recording.holds) <= set(self.consent)

    @property
    def gives(self) -> frozenset[Consent]:
        """What it may be used for, by consent and equipment together.

        One of which no address is said has whatever was consented to: judging needs no addresses.
        """
        if not self.addresses:
            return frozenset(self.consent)
        given: set[Consent] = set()
        if self.takes_pictures:
            given.add("image")
        if self.recording is not None and self.takes_recording:
            given.update(self.recording.holds)
        return frozenset(given)

    @property
    def bare(self) -> "CameraSettings":
        """What judging knows of it: no address, no login, no name."""
        order: tuple[Consent, ...] = ("image", "sound")
        consent = tuple(one for one in order if one in self.gives)
        return CameraSettings(id=self.id, sees=self.sees, consent=consent)

    def covers(self, panel: str, zone: int | None, area: int | None) -> bool:
        """Return whether something of `zone` and `area` is seen."""
        return any(one.covers(panel, zone, area) for one in self.sees)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSettings:
    """How much is kept of clips, and for how long."""

    bytes_max: int = 268_435_456
    keep_days: int = 30

    def __post_init__(self) -> None:
        if not 1 << 20 <= self.bytes_max <= 1 << 40:
            raise ValueError("bytes_max of clips is 1048576 (1 MiB) or more")
        if not 1 <= self.keep_days <= 3650:
            raise ValueError("keep_days of clips is 1 to 3650")
