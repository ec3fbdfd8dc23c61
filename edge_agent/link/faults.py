"""Passes faults on to be counted, and logs each kind now and then with what a person can do.

A line with the wrong baud rate makes hundreds of faults a second.  All are counted; the log gets
the first of a kind and then one line a minute with how many there were.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import structlog

from edge_agent.domain.session import Fault, FaultKind
from edge_agent.link.intake import Intake

LOG_EVERY_NS = 60_000_000_000
FRAME_BYTES_LOGGED_MAX = 32  # enough to recognise a protocol or a wrong baud rate

_LINE = "check baud rate, data bits, parity and cable, and that the driver is the panel's"
_PANEL = "check the panel's settings against the driver's page"

REMEDIES: Mapping[FaultKind, str] = MappingProxyType(
    {
        FaultKind.CHECKSUM: _LINE,
        FaultKind.LENGTH: _LINE,
        FaultKind.SHAPE: _LINE,
        FaultKind.NOISE: _LINE,
        FaultKind.REPLAY: "check the panel's clock; if it is right, somebody replays old frames",
        FaultKind.DECRYPT: "check the key and the account",
        FaultKind.UNSUPPORTED: _PANEL,
        FaultKind.SILENCE: "check that the panel is on and its supervision is enabled",
        FaultKind.NO_ANSWER: "check power, wiring and unit address of the device",
        FaultKind.REFUSED: _PANEL,
        FaultKind.MISSED: "the state is asked for again; if it happens often, check the line",
        FaultKind.HEARTBEAT: "check the panel's load and the line; several missed are silence",
        FaultKind.REPEAT: "nothing to do: the panel repeated what was already recorded",
    }
)


@dataclass(slots=True)
class _Said:
    at_ns: int
    since: int = 0


class Faults:
    """The faults of one panel."""

    def __init__(self, panel: str, intake: Intake) -> None:
        self._panel = panel
        self._intake = intake
        self._said: dict[FaultKind, _Said] = {}
        self._log = structlog.get_logger().bind(panel=panel)

    def take(self, fault: Fault, now_ns: int) -> None:
        """Count `fault`, and log it where its kind was not logged within the last minute."""
        self._intake.fault(self._panel, fault)
        said = self._said.get(fault.kind)
        if said is not None and now_ns - said.at_ns < LOG_EVERY_NS:
            said.since += 1
            return
        times = 1 + (said.since if said is not None else 0)
        self._said[fault.kind] = _Said(now_ns)
        level = self._log.info if fault.kind is FaultKind.REPEAT else self._log.warning
        level(
            "panel.fault",
            kind=fault.kind.value,
            detail=fault.detail,
            times=times,
            frame=fault.frame[:FRAME_BYTES_LOGGED_MAX].hex(),
            remedy=REMEDIES[fault.kind],
        )
