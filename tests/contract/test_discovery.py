"""Every driver's panel is told from all the others: on real ptys and sockets, all at once.

The emulated panels run on the loop of the discovery: twenty processes would tell no more.  A busy
machine makes panels late, and what is late is silent: whatever is not told the first time is looked
for again with a patience that only a dead panel outlasts.
"""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from edge_agent import resources
from edge_agent.clock import SystemClock
from edge_agent.domain.recognition import Sureness
from edge_agent.linetools.discover import Discovery, Outcome, Target, Wanted, candidates
from edge_agent.linetools.scan import Verdict
from hil.panels import __main__ as panels
from tests.hil.plugged import Panel

WAYS = {"modbus_rtu": "serial", "modbus_tcp": "tcp"}  # whose bus is on such a line
ENDS = [
    # every driver on every kind of line that it names
    (name, way)
    for name, load in resources.drivers().items()
    for way in dict.fromkeys(WAYS.get(line, line) for line in load().lines)
]
LINES = {
    "serial": ("--pty",),
    "tcp": ("--tcp", "0"),
    "listen": ("--connect", "127.0.0.1:0"),
    "udp": ("--udp", "127.0.0.1:0"),
}
HASTY = Wanted(listen_s=2.5, answer_s=1.2, units=(1, 2))
PATIENT = Wanted(listen_s=20.0, answer_s=10.0, units=(1, 2))


def emulated(name: str, way: str, folder: Path) -> Panel:
    """Return the panel with the timing of tests."""
    folder.mkdir()
    face = panels.load_face(name)
    line = LINES[way]  # which a bus frames its registers for
    arguments = panels._parser().parse_args([name, *line, *face.quick])
    stand = panels._stand(face, arguments)
    return Panel(name, stand, way, folder, peers_max=face.peers_max)


async def find(ends: dict[tuple[str, str], Panel], wanted: Wanted) -> dict[str, str]:
    """Find them out; return what was found wrong of which."""
    targets = {end: Target(panel.address) for end, panel in ends.items()}
    buses = frozenset(
        target.name
        for (name, way), target in targets.items()
        if (name, way) == ("modbus_map", "tcp")
    )
    there, _ = candidates()
    wanted = Wanted(wanted.listen_s, wanted.answer_s, units=wanted.units, buses=buses)
    outcomes: list[Outcome] = []
    discovery = Discovery(there, wanted, SystemClock(), lambda *_: None)
    await discovery.run(list(targets.values()), outcomes.append)
    told = {outcome.target: outcome for outcome in outcomes}
    wrong = {end: wrong_in(end[0], told[target]) for end, target in targets.items()}
    return {f"{name} over {way}": what for (name, way), what in wrong.items() if what}


def wrong_in(name: str, outcome: Outcome) -> str | None:
    """What is wrong with what was found of this driver's panel."""
    result = outcome.result
    if name == "modbus_map":
        return None if [one.unit for one in result.units] == [1] else f"{result}"
    drivers = [one.driver for one in result.likenesses]
    if result.verdict is not Verdict.RECOGNISED or drivers != [name]:
        return f"{result}"
    sureness = result.likenesses[0].sureness
    return None if sureness is Sureness.CERTAIN else f"{sureness.name}: {result}"


def test_every_panel_is_told_from_the_others_on_every_kind_of_line(tmp_path: Path) -> None:
    async def find_all() -> dict[str, str]:
        ends = {(name, way): emulated(name, way, tmp_path / f"{name}.{way}") for name, way in ENDS}
        async with AsyncExitStack() as lines:
            for panel in ends.values():
                await lines.enter_async_context(panel.plugged())
            wrong = await find(ends, HASTY)
            again = {end: panel for end, panel in ends.items() if " over ".join(end) in wrong}
            return await find(again, PATIENT) if again else {}

    assert len(ENDS) > 15
    assert asyncio.run(find_all()) == {}
