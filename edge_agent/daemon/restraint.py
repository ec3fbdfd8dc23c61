"""What a configuration that comes by command may not change (pure): only hands on site may.

Whoever has a center's command key could otherwise have the gateway become another, listen to other
keys, send its secrets to a camera of theirs, leave out a center or an authority that vouches
against them, or forget sooner.  What the site consents to, it consents to on site: a command may
take rights away and give none.  It brings no files, so every file that the new configuration names
is one that the old one names at the same place.
"""

from collections.abc import Iterator
from typing import Any

from edge_agent.config import Center, Config
from edge_agent.config_words import Problem
from edge_agent.evidence.charter import Charter

ON_SITE = "this is changed on site only"
_GATEWAY = ("id", "identity_key", "tpm", "data_dir", "socket")
_FILES_OF_CENTER = (
    *("ca", "certificate", "key", "receipt_certificate", "command_certificate"),
    "seal_certificate",
)


def problems(installed: Config, wanted: Config, center: str) -> Iterator[Problem]:
    """Yield what `wanted` may not be in the place of `installed`, by a command of `center`."""
    yield from _differing("gateway", installed.gateway, wanted.gateway, _GATEWAY)
    yield from _of_anchor(installed, wanted)
    yield from _of_second_signature(installed, wanted)
    yield from _kept_shorter(installed, wanted)
    yield from _of_centers(installed, wanted, center)
    yield from _of_access(installed, wanted)
    yield from _of_panels(installed, wanted)
    yield from _of_cameras(installed, wanted)


def beyond(installed: Config, wanted: Config, charter: Charter) -> Iterator[Problem]:
    """Yield panels and zones that are new in `wanted`, and not what the system is for."""
    said = f"charter {charter.number} does not name it: have one signed that does"
    panels = {panel.id for panel in installed.panel}
    for index, panel in enumerate(wanted.panel):
        if panel.id not in panels and not charter.watches(panel.id):
            yield Problem(f"panel[{index}]", repr(panel.id), said)
    zones = {(zone.panel, zone.zone) for zone in installed.zone}
    for index, zone in enumerate(wanted.zone):
        place = zone.panel, zone.zone
        if place not in zones and not charter.watches(*place):
            yield Problem(f"zone[{index}]", f"zone {zone.zone} of {zone.panel}", said)


def _differing(key: str, before: Any, after: Any, names: tuple[str, ...]) -> Iterator[Problem]:
    for name in names:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Problem(f"{key}.{name}", repr(new)[:80], f"it is {old!r} here, and {ON_SITE}")


def _of_anchor(installed: Config, wanted: Config) -> Iterator[Problem]:
    """Who timestamps the events is there for those who do not trust the center."""
    if wanted.anchor != installed.anchor:
        yield Problem("anchor", "", f"another authority, or none: {ON_SITE}")


def _of_second_signature(installed: Config, wanted: Config) -> Iterator[Problem]:
    """Nor is it the center's to say by which key the gateway signs for others, or that it stops."""
    if wanted.sm2 != installed.sm2:
        yield Problem("sm2", "", f"another second signature, or none: {ON_SITE}")


def _kept_shorter(installed: Config, wanted: Config) -> Iterator[Problem]:
    """Records are kept as long as before, at least; of clips no more and no longer than before."""
    before, after = installed.gateway, wanted.gateway
    if after.journal_keep_days < before.journal_keep_days:
        said = f"it is {before.journal_keep_days} here; less than that {ON_SITE}"
        yield Problem("gateway.journal_keep_days", str(after.journal_keep_days), said)
    old, new = before.journal_bytes_max, after.journal_bytes_max
    if new != old and (old is None or new is None or new < old):
        said = f"it is {old or 'half of the disk'} here, and {ON_SITE}"
        yield Problem("gateway.journal_bytes_max", repr(new), said)
    yield from _differing("clips", installed.clips, wanted.clips, ("bytes_max", "keep_days"))


def _of_access(installed: Config, wanted: Config) -> Iterator[Problem]:
    """Nobody gets a role that they did not have."""
    for role in installed.access.__struct_fields__:
        had = getattr(installed.access, role)
        for member in getattr(wanted.access, role):
            if member not in had:
                yield Problem(f"access.{role}", repr(member), f"a right more: {ON_SITE}")


def _of_centers(installed: Config, wanted: Config, center: str) -> Iterator[Problem]:
    """A center changes its own ways, and nothing of the others."""
    before = {one.name: one for one in installed.center}
    after = {one.name: one for one in wanted.center}
    for name in before.keys() ^ after.keys():
        what = "added" if name in after else "left out"
        yield Problem("center", repr(name), f"a center is {what} here, and {ON_SITE}")
    for index, new in enumerate(wanted.center):
        old = before.get(new.name)
        if old is None:
            continue
        key = f"center[{index}]"
        if new.name != center:
            names: tuple[str, ...] = Center.__struct_fields__
        else:
            names = (*_FILES_OF_CENTER, "required", "enrolment")
        yield from _differing(key, old, new, names)
    order = [one.name for one in wanted.center if one.name in before]
    if order != [one.name for one in installed.center if one.name in after]:
        yield Problem("center", "", f"the first one is asked for the time: their order {ON_SITE}")


def _of_panels(installed: Config, wanted: Config) -> Iterator[Problem]:
    """No profile of another file, and nothing allowed that was not."""
    profiles = {panel.profile for panel in installed.panel}
    allowed = {panel.id: panel.allow for panel in installed.panel}
    for index, panel in enumerate(wanted.panel):
        name = panel.profile
        if name is not None and name not in profiles and ("/" in name or name.endswith(".toml")):
            yield Problem(f"panel[{index}].profile", repr(name)[:80], f"a file: {ON_SITE}")
        for word in panel.allow:
            if word not in allowed.get(panel.id, []):
                yield Problem(f"panel[{index}].allow", repr(word), f"a right more: {ON_SITE}")


def _of_cameras(installed: Config, wanted: Config) -> Iterator[Problem]:
    """What is consented to, and who is sent the password, is agreed on with the client."""
    before = {camera.id: camera for camera in installed.camera}
    for index, camera in enumerate(wanted.camera):
        if before.get(camera.id) != camera:
            yield Problem(f"camera[{index}]", repr(camera.id), f"another camera: {ON_SITE}")
