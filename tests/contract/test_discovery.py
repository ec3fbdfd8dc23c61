"""Every driver's panel is told from all the others: on real ptys and sockets, all at once.

The emulated panels run on the loop of the discovery: twenty processes would tell no more.  A busy
machine makes panels late, and what is late is silent: whatever is not told the first time is looked
for again with a patience that only a dead panel outlasts.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from edge_agent import resources
from edge_agent.clock import SystemClock
from edge_agent.domain.address import TcpAddress
from edge_agent.domain.recognition import CERTAIN_BITS, Sureness
from edge_agent.linetools.discover import Discovery, Outcome, Target, Wanted, candidates
from edge_agent.linetools.scan import Result, Verdict
from hil.lines import SECOND_NS
from hil.panels import __main__ as panels
from hil.panels.stand import Stand, StandSetup
from tests.contract.subjects import STREAM, Subject
from tests.contract.test_real import IMPATIENT
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
PROFILED = [
    # dialects that are told by what they say alone
    subject
    for subject in STREAM
    if subject.profile is not None and resources.recognition_of(subject.driver).only_listens
]
HASTY = Wanted(listen_s=2.5, answer_s=1.2, units=(1, 2))
PATIENT = Wanted(listen_s=20.0, answer_s=10.0, units=(1, 2))


TRAFFIC = "plan traffic rate=2"
QUICK = {**IMPATIENT, "surgard": {"repeat_ns": SECOND_NS // 2, "heartbeat_ns": SECOND_NS}}
UNTOLD = {
    # why nobody can tell these by listening; `edge-agent discover` names them where somebody speaks
    "ld128e": "three bytes without any check",
    "printer_text": "printed text of any kind",
}


@dataclass(frozen=True)
class End:
    """A panel at the other end of a line, and what has to be found out of it.

    `profile` is one that has to be among those that fit, None for whichever.  `says` is a control
    line for a panel that is not to wait for a question.
    """

    panel: Panel
    driver: str
    profile: str | None = None
    says: str = ""

    def wrong_in(self, result: Result) -> str | None:
        """What is wrong with what was found."""
        if self.driver == "modbus_map":
            return None if [one.unit for one in result.units] == [1] else f"{result}"
        if self.profile in UNTOLD:
            return None if result.verdict is Verdict.UNKNOWN else f"{result}"
        drivers = [one.driver for one in result.likenesses]
        if result.verdict is not Verdict.RECOGNISED or drivers != [self.driver]:
            return f"{result}"
        [found] = result.likenesses
        if found.sureness is not Sureness.CERTAIN:
            enough = f"its frames have to weigh {CERTAIN_BITS} bits together (Recognition.weight)"
            return f"{found.sureness.name}, {enough}: {result}"
        is_named = self.profile is None or found.models is None or self.profile in found.models
        return None if is_named else f"not {self.profile}: {result}"


def of_line(name: str, way: str, folder: Path) -> End:
    """Return a driver's panel on a kind of line, with the timing of tests: it may be asked.

    Where it may not, and says nothing while nothing happens, something does.
    """
    face = panels.load_face(name)
    line = LINES[way]  # which a bus frames its registers for
    arguments = panels._parser().parse_args([name, *line, *face.quick])
    stand = panels._stand(face, arguments)
    own = [one for one in resources.profiles().values() if one.driver == name]
    says = TRAFFIC if own and all(one.facts.get("only_answers") for one in own) else ""
    return End(Panel(name, stand, way, folder, peers_max=face.peers_max), name, says=says)


def of_profile(subject: Subject, folder: Path) -> End:
    """Return the panel of a profile, on a pty, while things happen at its site."""
    assert subject.profile is not None
    name, face = subject.driver.name, subject.face
    machine = face.for_profile(subject.profile, QUICK.get(name, {}))
    stand = Stand(machine, StandSetup(plans=face.plans))
    panel = Panel(name, stand, "serial", folder, peers_max=face.peers_max)
    return End(panel, name, subject.profile.name, TRAFFIC)


async def find(ends: dict[str, End], wanted: Wanted) -> dict[str, str]:
    """Find them out; return what was found wrong of which."""
    targets = {name: Target(end.panel.address) for name, end in ends.items()}
    buses = frozenset(
        target.name
        for name, target in targets.items()
        if ends[name].driver == "modbus_map" and isinstance(target.address, TcpAddress)
    )
    there, _ = candidates()
    wanted = Wanted(wanted.listen_s, wanted.answer_s, units=wanted.units, buses=buses)
    outcomes: list[Outcome] = []
    discovery = Discovery(there, wanted, SystemClock(), lambda *_: None)
    await discovery.run(list(targets.values()), outcomes.append)
    told = {outcome.target: outcome.result for outcome in outcomes}
    wrong = {name: ends[name].wrong_in(told[target]) for name, target in targets.items()}
    return {name: what for name, what in wrong.items() if what}


def test_every_panel_is_told_from_the_others_on_every_kind_of_line(tmp_path: Path) -> None:
    """And every profile of those that are never asked, on a pty, by what its panel says."""

    def folder(name: str) -> Path:
        made = tmp_path / name
        made.mkdir()
        return made

    async def find_all() -> dict[str, str]:
        ends = {
            f"{name} over {way}": of_line(name, way, folder(f"{name}.{way}")) for name, way in ENDS
        }
        ends |= {str(one): of_profile(one, folder(str(one))) for one in PROFILED}
        async with AsyncExitStack() as lines:
            for end in ends.values():
                await lines.enter_async_context(end.panel.plugged())
                if end.says:
                    end.panel.tell(end.says)
            wrong = await find(ends, HASTY)
            return await find({name: ends[name] for name in wrong}, PATIENT) if wrong else {}

    assert len(ENDS) > 15
    assert len(PROFILED) > 15
    assert asyncio.run(find_all()) == {}
