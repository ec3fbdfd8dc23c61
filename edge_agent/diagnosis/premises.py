"""The premises as a run records what it judged by: JSON with the configuration's own keys.

Names of people and places stay at the gateway: no rule looks at them.  What has its default is left
out, so that a site of which nothing is said takes two bytes.
"""

import json
from collections.abc import Iterable
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from typing import Any

from edge_agent.domain.site import Premises

_NAME = "name"


def to_json(premises: Premises) -> bytes:
    """Return the premises without names, the same bytes for the same premises."""
    said = {
        "site": _plain(premises.site),
        "area": _all(premises.areas),
        "zone": _all(premises.zones),
        "schedule": _all(premises.schedules),
        "user": _all(premises.users),
        "maintenance": _all(premises.maintenance),
        "camera": _all(premises.cameras),
    }
    kept = {key: value for key, value in said.items() if value}
    return json.dumps(kept, separators=(",", ":"), sort_keys=True).encode()


def _all(values: Iterable[object]) -> list[Any]:
    return [_plain(value) for value in values]


def _plain(value: object) -> Any:
    if is_dataclass(value):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in fields(value)
            if field.name != _NAME and not _is_default(getattr(value, field.name), field.default)
        }
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _is_default(value: object, default: object) -> bool:
    return default is not MISSING and value == default
