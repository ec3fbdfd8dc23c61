"""Everything that ships as data or by name: files, code tables, profiles and drivers.

One accessor for all of it, the same in a checkout (folders `config/` and `systemd/` at the top) and
in an installed wheel (the same folders below `edge_agent/_data/`).  Drivers are found by name and
imported one at a time, so that the daemon loads only what its configuration names.
"""

import csv
import functools
import importlib
import pkgutil
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from edge_agent.domain.codes import Codes, ContactIdRow, SiaRow
from edge_agent.domain.kinds import Kind
from edge_agent.domain.session import Decoder, Driver, Option, Plain, Profile, Session, Setup

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from edge_agent.domain.recognition import Recognition

ENTRY_POINTS = "edge_agent.drivers"  # the group in which a third party announces its drivers
NAME = re.compile(r"[a-z0-9][a-z0-9_]*")  # a driver's or profile's name; also its file name
PROFILE_BYTES_MAX = 1 << 20  # the largest register map seen has 5,000 points of some 60 bytes each

_PACKAGE = Path(__file__).resolve().parent
_WORDS = {"true": True, "false": False}


class DriverError(ValueError):
    """A driver that does not exist or does not load; the message names the nearest one."""


class BrokenDriverError(DriverError):
    """A driver that an installed package brings, and that does not load: its maker has to mend it.

    Nothing in the configuration is wrong, so the daemon starts without it.
    """


class ProfileError(ValueError):
    """A profile that cannot be read or makes no sense; the message names file and reason."""


class OptionError(ValueError):
    """A driver's option that does not exist or has a wrong value; the message says what fits."""


# ---- files


def data(*parts: str) -> Path:
    """Return the shipped file or folder `parts`, such as `data("config", "codes")`.

    Raises FileNotFoundError where nothing of that name is shipped.
    """
    shipped = _PACKAGE / "_data"
    path = (shipped if shipped.is_dir() else _PACKAGE.parent).joinpath(*parts)
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: the installation of edge-agent is incomplete")
    return path


@functools.cache
def load_codes() -> Codes:
    """Return both event code tables.  Raises ValueError where a row of the data is wrong."""
    contact_id = {
        row["code"]: ContactIdRow(
            code=row["code"],
            kind=Kind(row["kind"]),
            number_is=row["number_is"],
            sia_new=row["sia_new"],
            sia_restore=row["sia_restore"],
            english=row["english"],
            chinese=row["chinese"],
        )
        for row in _rows("contact_id.csv")
    }
    sia = {row["code"]: SiaRow(**row) for row in _rows("sia_codes.csv")}
    return Codes(contact_id_rows=contact_id, sia_rows=sia)


def _rows(name: str) -> Iterator[dict[str, str]]:
    with data("config", "codes", name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


# ---- profiles


def profiles() -> dict[str, Profile]:
    """Return every shipped profile by name, in order of name."""
    paths = sorted(data("config", "profiles").glob("*.toml"))
    return {path.stem: _read_profile(path) for path in paths}


@functools.cache
def profiles_of(driver: str) -> tuple[Profile, ...]:
    """Return the shipped profiles of one driver, in order of name."""
    return tuple(profile for profile in profiles().values() if profile.driver == driver)


def load_profile(name_or_path: str, driver: str | None = None, folder: Path = Path()) -> Profile:
    """Return a shipped profile by name, or any profile by path (one with `/` or `.toml`).

    A path is relative to `folder`.  Raises ProfileError with the file and the reason; where nobody
    knows the name, with those of `driver`.
    """
    if "/" in name_or_path or name_or_path.endswith(".toml"):
        return _read_profile(folder / name_or_path)
    shipped = sorted(path.stem for path in data("config", "profiles").glob("*.toml"))
    if name_or_path not in shipped:
        known = [one.name for one in profiles_of(driver)] if driver else shipped
        raise ProfileError(
            f"no profile is called {name_or_path!r}; {_nearest(name_or_path, known)}"
        )
    return _read_profile(data("config", "profiles", f"{name_or_path}.toml"))


def _read_profile(path: Path) -> Profile:
    try:
        if path.stat().st_size > PROFILE_BYTES_MAX:
            raise ProfileError(f"profile {path}: larger than {PROFILE_BYTES_MAX} bytes")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"profile {path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # TOML or UTF-8
        if isinstance(error, ProfileError):
            raise
        raise ProfileError(f"profile {path}: {error}") from error
    try:
        return _profile(path.stem, values)
    except ProfileError as error:
        raise ProfileError(f"profile {path}: {error}") from None


def _profile(name: str, values: Mapping[str, object]) -> Profile:
    if not NAME.fullmatch(name):
        raise ProfileError(f"the file name {name!r} is not made of a-z, 0-9 and _")
    driver, version, title = (_text(values, key) for key in ("driver", "version", "title"))
    facts = values.get(driver)
    if not isinstance(facts, dict):
        raise ProfileError(f"the section [{driver}] is missing")
    known = ["driver", "version", "title", driver]
    for key in values:
        if key not in known:
            raise ProfileError(f"unknown key {key!r}; {_nearest(key, known)}")
    return Profile(
        name=name,
        version=version,
        driver=driver,
        title=title,
        facts=cast("Mapping[str, Plain]", facts),
    )


def _text(values: Mapping[str, object], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value:
        raise ProfileError(f"the key {key!r} is missing or is not text")
    return value


# ---- drivers


def drivers() -> dict[str, Callable[[], Driver]]:
    """Return a loader for every driver, by name: nothing is imported until one is called.

    Built-in drivers are the modules of the package `drivers`; a third party adds its own by the
    entry point group `edge_agent.drivers`, but never replaces a built-in one.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415  1 MB, and built-in ones need none

    loaders: dict[str, Callable[[], Driver]] = {
        entry.name: functools.partial(_load_entry, entry)
        for entry in entry_points(group=ENTRY_POINTS)
    }
    loaders |= {name: functools.partial(_load_builtin, name) for name in _builtin_names()}
    return dict(sorted(loaders.items()))


def load_driver(name: str) -> Driver:
    """Import and return one driver.

    Raises DriverError, which names the nearest driver, BrokenDriverError where it is there and does
    not load.
    """
    if name in _builtin_names():
        return _load_builtin(name)
    loaders = drivers()
    if name not in loaders:
        raise DriverError(f"no driver is called {name!r}; {_nearest(name, loaders)}")
    return loaders[name]()


def is_built_in(name: str) -> bool:
    """Tell whether a driver is ours; else it is of an installed package."""
    return name in _builtin_names()


def _builtin_names() -> list[str]:
    package = importlib.import_module("drivers")
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return [name for name in names if NAME.fullmatch(name)]  # _private modules are shared code


def _load_builtin(name: str) -> Driver:
    return _checked(name, getattr(importlib.import_module(f"drivers.{name}"), "DRIVER", None))


def _load_entry(entry: "EntryPoint") -> Driver:
    """Import a third party's driver: whatever its module raises is its own fault, and is told."""
    try:
        found = entry.load()
    except (Exception, SystemExit) as error:
        kind = type(error).__name__
        raise BrokenDriverError(
            f"driver {entry.name!r} ({entry.value}) does not load: {kind}: {error}; "
            "mend or uninstall its package"
        ) from error
    if NAME.fullmatch(entry.name) is None:
        raise DriverError(f"driver {entry.name!r} ({entry.value}): a name is of a-z, 0-9 and _")
    return _checked(entry.name, found)


def recognition_of(driver: Driver) -> "Recognition":
    """Return how a driver's protocol is recognised.  Raises DriverError where it does not load."""
    from edge_agent.domain.recognition import (  # noqa: PLC0415  the daemon looks for no panels
        UNDECLARED,
        Recognition,
    )

    if driver.recognition is None:
        return UNDECLARED
    module, _, name = driver.recognition.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise DriverError(f"driver {driver.name!r}: {driver.recognition}: {error}") from error
    if not isinstance(found, Recognition):
        raise DriverError(f"driver {driver.name!r}: {driver.recognition} is no Recognition")
    return found


def _checked(name: str, found: object) -> Driver:
    if not isinstance(found, Driver) or found.name != name:
        raise BrokenDriverError(f"driver {name!r} does not define a Driver of that name")
    return _knowing(found) if found.dialects_are_profiles else found


_Made = TypeVar("_Made", Session, Decoder)


def _knowing(driver: Driver) -> Driver:
    """Return the driver that is given its own profiles where none is named."""

    def knows(make: Callable[[Setup], _Made]) -> Callable[[Setup], _Made]:
        @functools.wraps(make)
        def made(setup: Setup) -> _Made:
            known = setup.profile is not None or setup.dialects
            return make(setup if known else replace(setup, dialects=profiles_of(driver.name)))

        return made

    return replace(driver, session=knows(driver.session), decoder=knows(driver.decoder))


# ---- options


def check_options(driver: Driver, given: Mapping[str, object]) -> dict[str, Plain]:
    """Return the options of `driver` with defaults filled in.

    Raises OptionError, which names the option, what was found and what is allowed.
    """
    known = {option.name: option for option in driver.options}
    for name in given:
        if name not in known:
            raise OptionError(f"{driver.name} has no option {name!r}; {_nearest(name, known)}")
    return {
        name: _check_option(option, given[name]) if name in given else option.default
        for name, option in known.items()
    }


def parse_option(driver: Driver, text: str) -> tuple[str, object]:
    """Return name and value of an option as typed on a command line, `NAME=VALUE`.

    Raises OptionError where the value cannot be of the option's kind.
    """
    name, equals, value = text.partition("=")
    if not equals:
        raise OptionError(f"option {text!r} is not of the form NAME=VALUE")
    kind = next((option.kind for option in driver.options if option.name == name), str)
    if kind is bool:
        return name, _WORDS.get(value.lower(), value)
    if kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            return name, value
    return name, value


def _check_option(option: Option, value: object) -> Plain:
    fitting = isinstance(value, option.kind) and (
        option.kind is bool or not isinstance(value, bool)
    )
    if option.kind is float and isinstance(value, int) and not isinstance(value, bool):
        fitting = True
    if not fitting:
        raise OptionError(f"option {option.name!r} is {_found(option, value)}; {_allowed(option)}")
    if option.allowed and value not in option.allowed:
        nearest = _nearest(str(value), option.allowed)
        raise OptionError(f"option {option.name!r} is {_found(option, value)}; {nearest}")
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = option.minimum, option.maximum
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            raise OptionError(
                f"option {option.name!r} is {_found(option, value)}; {_allowed(option)}"
            )
    return cast("Plain", value)


def _found(option: Option, value: object) -> str:
    return "not accepted" if option.secret else repr(value)


def _allowed(option: Option) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    words = f"allowed: {names.get(option.kind, option.kind.__name__)}"
    if option.minimum is not None:
        words += f" from {option.minimum:g}"
    if option.maximum is not None:
        words += f" up to {option.maximum:g}"
    return words


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415  only for what is misspelt

    names = sorted(known)
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}known: {', '.join(names) or 'none'}"


# ---- what is there


def describe(driver: Driver, own: Iterable[Profile]) -> dict[str, Plain]:
    """Return what a driver can do, with its own profiles, as plain values."""
    options: list[Plain] = [
        {
            "name": option.name,
            "kind": option.kind.__name__,
            "default": option.default,
            "help": option.help,
            "allowed": list(option.allowed),
            "minimum": option.minimum,
            "maximum": option.maximum,
            "secret": option.secret,
        }
        for option in driver.options
    ]
    found: list[Plain] = [
        {
            "name": profile.name,
            "version": profile.version,
            "title": profile.title,
            "line": profile.facts.get("line"),
            "unproven": profile.facts.get("unproven", []),
        }
        for profile in own
    ]
    return {
        "name": driver.name,
        "version": driver.version,
        "title": driver.title,
        "nature": driver.nature.value,
        "panels": list(driver.panels),
        "lines": list(driver.lines),
        "bauds": list(driver.bauds),
        "abilities": list(driver.abilities),
        "acknowledges": driver.acknowledges,
        "commands": [act.value for act in sorted(driver.commands)],
        "quality": driver.quality,
        "probes": [probe.data.hex() for probe in recognition_of(driver).probes],
        "options": options,
        "profiles": found,
    }
