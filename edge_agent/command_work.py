"""What a center's command has the gateway itself do, beside orders to panels.

Who may, and that it is recorded before and after, is decided by `edge_agent.commanding`; here is
what is done and what is answered.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from edge_agent.commanding import DONE, FAILED, Result, Work
from edge_agent.evidence.cbor import Malformed
from edge_agent.evidence.command import DIAGNOSE, RENEW, CenterCommand, CommandRef
from edge_agent.evidence.reply import FACTS_BYTES_MAX, facts_of
from edge_agent.renewal_watch import Renewed

Ask = Callable[[Mapping[str, Any], str], Awaitable[dict[str, Any]]]
"""Asks for a self-test, or for more of one, in somebody's name (`SelfTest.ask`)."""


def works(test: Ask, renew: Callable[[], Awaitable[Renewed]]) -> dict[str, Work]:
    """Return what is done by the command's word."""

    async def diagnose(command: CenterCommand, _ref: CommandRef) -> Result:
        _without_body(command)
        return await _diagnosed(test, command.actor)

    async def renewed(command: CenterCommand, _ref: CommandRef) -> Result:
        _without_body(command)
        return _renewed(await renew())

    return {DIAGNOSE: diagnose, RENEW: renewed}


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
