"""Every question that discovery may ask, told to every emulated panel: it changes nothing there.

No signal counts as acknowledged, no point moves, no order is obeyed, whatever the panel speaks.
"""

import pytest

from edge_agent import resources
from edge_agent.domain.session import Nature, Profile
from edge_agent.linetools.units import UNITS, UnitPlan, UnitScan
from hil.panels.machine import (
    Command,
    Commanded,
    Entry,
    Heard,
    Machine,
    Note,
    Plugged,
    Said,
    Ticked,
)
from tests.linetools.bench import S, candidates, load_face

PANELS = [
    pytest.param(profile, id=profile.name)
    for one in candidates()
    if one.driver.nature is Nature.STREAM
    for profile in one.profiles
]
CHANGES = {Said.ACKED, Said.OBEYED}


def questions() -> list[bytes]:
    """All probes of all drivers, and the reads of all units that are asked on an unproven line."""
    probes = [probe.data for one in candidates() for probe in one.recognition.probes]
    scan = UnitScan(UnitPlan(("9600-8N1",), tuple(UNITS)))
    while (asked := scan.next()) is not None:
        probes.append(asked.frame)
        scan.silence()
    return probes


def entries(machine: Machine, happened: object, now_ns: int) -> list[Entry]:
    return [one.entry for one in machine.handle(happened, now_ns) if isinstance(one, Note)]  # type: ignore[arg-type]


@pytest.mark.parametrize("profile", PANELS)
def test_no_question_changes_anything_in_any_panel(profile: Profile) -> None:
    face = load_face(profile.driver)
    machine = face.for_profile(profile, {})
    entries(machine, Plugged(), 0)
    for number in range(4):  # signals that wait for an ACK where the protocol has one
        entries(machine, Commanded(Command.parse(face.speak(number, False))), S)
    entries(machine, Ticked(), 2 * S)
    before = dict(face.truth(machine))
    asked = questions()
    assert len(asked) > 240
    told: list[Entry] = []
    for data in asked:
        told += entries(machine, Heard(data), 3 * S)
    told += entries(machine, Ticked(), 3 * S)
    assert [one for one in told if one.state in CHANGES] == []
    assert dict(face.truth(machine)) == before


def test_an_ack_would_be_seen() -> None:
    """What the test above looks for: the byte that no question may hold."""
    face = load_face("surgard")
    machine = face.for_profile(resources.load_profile("surgard_mlr2000"), {})
    entries(machine, Plugged(), 0)
    told = entries(machine, Heard(b"\x06"), S)
    entries(machine, Commanded(Command.parse(face.speak(0, False))), 2 * S)
    told += entries(machine, Ticked(), 3 * S)
    told += entries(machine, Heard(b"\x06"), 4 * S)
    assert any(one.state is Said.ACKED for one in told)
