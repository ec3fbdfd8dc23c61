"""Every panel is talked to: over a line of its own, or with the others of its bus."""

import asyncio
from dataclasses import replace

from edge_agent.clock import SystemClock
from edge_agent.config import Bus, parse
from edge_agent.daemon.lines import Talks
from edge_agent.daemon.panels import fit
from edge_agent.daemon.recorder import Recorder
from edge_agent.domain.finding import Cause, Finding
from edge_agent.link.desk import Desk
from tests.test_config import FILE, GOOD

MORE = """
[[bus]]
id = "empty"
tcp = { host = "192.168.1.21", port = 502 }

[[panel]]
id = "p3"
driver = "modbus_map"
profile = "generic_di8"
bus = "b1"
unit = 2
"""


def test_a_panel_whose_driver_does_not_load_is_not_talked_to_and_said() -> None:
    loaded = parse((GOOD + MORE).encode(), FILE)
    broken = [replace(one, broken="it does not load") for one in fit(loaded)]
    told: list[tuple[object, ...]] = []

    class Ear(Recorder):
        def link(self, panel: str, online: bool | None, reason: str) -> None:
            told.append((panel, online, reason))

        def finding(self, panel: str, finding: Finding) -> None:
            told.append((panel, finding.cause, finding.detail))

    ear = Ear(SystemClock(), {}, lambda *_: None)
    works = Talks(broken, loaded.config.bus, lambda _: Desk(frozenset())).works(ear, SystemClock())
    for work in works:
        asyncio.run(work)
    assert [one for one in told if one[0] == "p1"] == [
        ("p1", False, "its driver does not load"),
        ("p1", Cause.DRIVER_BROKEN, "it does not load"),
    ]
    assert {one[0] for one in told} == {"p1", "p2", "p3"}


def test_a_work_for_each_line_and_each_bus_that_has_panels() -> None:
    loaded = parse((GOOD + MORE).encode(), FILE)
    asked: list[str] = []

    def desk(panel: str) -> Desk:
        asked.append(panel)
        return Desk(frozenset())

    buses: list[Bus] = loaded.config.bus
    works = Talks(fit(loaded), buses, desk).works(
        Recorder(SystemClock(), {}, lambda *_: None), SystemClock()
    )
    assert [getattr(work, "__qualname__", "") for work in works] == ["run_panel", "run_bus"]
    assert asked == ["p1", "p2", "p3"]
    for work in works:
        work.close()
