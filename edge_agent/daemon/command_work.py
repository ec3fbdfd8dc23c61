"""What a center's command has the gateway itself do, beside orders to panels.

Who may, and that it is recorded before and after, is decided by `edge_agent.daemon.commands`; here
is what is done and what is answered.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge_agent.clock import Clock
from edge_agent.config import Config, Loaded
from edge_agent.daemon.bundles import Bundling
from edge_agent.daemon.commands import DONE, FAILED, Result, Work
from edge_agent.daemon.renewal_watch import Renewed, renew
from edge_agent.daemon.walk_test import WalkTests
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import (
    BUNDLE,
    DIAGNOSE,
    RENEW,
    REVOKED,
    WALK_TEST,
    CenterCommand,
    CommandRef,
)
from edge_agent.evidence.reply import FACTS_BYTES_MAX, facts_of

Ask = Callable[[Mapping[str, Any], str], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Means:
    """What the running agent gives: `test` asks for a self-test, or for more of one, in somebody's
    name (`SelfTest.ask`); `note` records; `is_short` tells whether the disk has no room to spare;
    `hand_over` sends the center named a piece of a file (`Supply.hand_over`).
    """

    test: Ask
    note: Callable[[EventType, Lane, Body], None]
    is_short: Callable[[], bool]
    hand_over: Callable[[str, bytes], Awaitable[str]]


class CommandWork:
    """What one run of the agent does for its centers: `works` by the command's word."""

    def __init__(self, loaded: Loaded, clock: Clock, means: Means) -> None:
        self._loaded = loaded
        self._test = means.test
        self.walk_tests = WalkTests(_zones(loaded.config), clock, means.note)
        folder = loaded.path(loaded.config.gateway.data_dir)
        bundling = Bundling(loaded.file, folder, means.is_short, means.hand_over)
        self.works: dict[str, Work] = {
            DIAGNOSE: self._diagnose,
            RENEW: self._renew,
            REVOKED: self._revoked,
            WALK_TEST: self.walk_tests.take,
            BUNDLE: bundling.take,
        }

    async def run(self) -> None:
        """End what ends by itself, until cancelled."""
        await self.walk_tests.run()

    async def _diagnose(self, command: CenterCommand, _ref: CommandRef) -> Result:
        _without_body(command)
        return await _diagnosed(self._test, command.actor)

    async def _renew(self, command: CenterCommand, _ref: CommandRef) -> Result:
        _without_body(command)
        return _renewed(await renew(self._loaded.file, now=True))

    async def _revoked(self, command: CenterCommand, ref: CommandRef) -> Result:
        from edge_agent.daemon import broker_keys  # noqa: PLC0415  rarely: a broker's key was lost

        return await broker_keys.take(self._loaded, command, ref)


def _zones(config: Config) -> dict[str, dict[int, int | None]]:
    """Return the zones that the site lists, by panel, each with its area."""
    zones: dict[str, dict[int, int | None]] = {panel.id: {} for panel in config.panel}
    for zone in config.zone:
        zones[zone.panel][zone.zone] = zone.area
    return zones


def _without_body(command: CenterCommand) -> None:
    if command.body:
        raise Malformed(f"{command.what} takes nothing")


async def _diagnosed(test: Ask, actor: str) -> Result:
    """Have a self-test, and tell all of it.  Raises ValueError where none may begin now."""
    said = await test({}, actor)
    probes, run = list(said["probes"]), said["run"]
    while not said["over"]:
        said = await test({"run": run, "seen": len(probes)}, actor)
        probes += said["probes"]
    bad = sum(one["good"] is False for one in probes)
    untried = sum(one["good"] is None for one in probes)
    detail = f"{len(probes)} probed, {bad} to mend, {untried} not tried"
    if said["broken"]:
        return Result(FAILED, f"{detail}; broken off: {said['broken']}", _probes(probes))
    return Result(DONE, detail, _probes(probes))


def _probes(probes: list[dict[str, Any]]) -> bytes:
    """Return as many as a reply holds, those to mend first."""
    order = {False: 0, None: 1, True: 2}
    told, room = [], FACTS_BYTES_MAX - 64
    for one in sorted(probes, key=lambda one: order[one["good"]]):
        room -= len(json.dumps(one).encode()) + 1
        if room < 0:
            break
        told.append(one)
    return facts_of({"probes": told, "left_out": len(probes) - len(told)})


def _renewed(renewed: Renewed) -> Result:
    told = [f"certificate for center {center}, until {until}" for center, until in renewed.done]
    facts = facts_of({"until": dict(renewed.done), "trouble": renewed.trouble or None})
    if renewed.trouble:
        return Result(FAILED, "; ".join([renewed.trouble, *told]), facts)
    nothing = "nothing to renew: no center has `enrolment` in the configuration"
    return Result(DONE, "; ".join(told) or nothing, facts)
