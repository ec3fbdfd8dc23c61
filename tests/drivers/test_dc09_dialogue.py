"""Encrypted conversations over bad lines in virtual time: each copy is sealed anew.

The contract test plays the clear ones; it tells signals apart by their frames, which here differ
from copy to copy.  So here they are told apart by their zones, each of which speaks once.
"""

from collections import Counter

import pytest

from edge_agent.domain.session import FaultKind
from hil.lines import Quality, Split, byte_ns
from hil.panels.dc09 import Dc09Setup, Wording
from hil.panels.dc09_face import panel
from hil.panels.machine import Entry, Said
from hil.panels.model import ModelSetup, zones_of
from hil.panels.stand import Stand, StandSetup
from tests.contract.subjects import STREAM
from tests.contract.world import SECOND_NS, Gateway, World, commit_times

KEY = "EDGEAGENTTESTKEY"
ZONES = 20
SUBJECT = next(one for one in STREAM if one.driver.name == "dc09" and one.first)
LINES = {
    "perfect": Quality(byte_ns(9600)),
    "bytes_lost": Quality(byte_ns(9600), lose=0.005, split=Split.RANDOM),
    "doubled": Quality(byte_ns(9600), double=0.5),
    "half_frames": Quality(byte_ns(9600), cut=0.4),
    "datagrams_lost": Quality(drop=0.3),
}


class SealedWorld(World):
    """A world whose ledger is checked by zone."""

    @property
    def zones(self) -> Counter[int | None]:
        return Counter(item.signal.zone for item in self.gateway.durable)

    def _note(self, entry: Entry) -> None:
        self.ledger.append((self.now_ns, entry))
        is_read = {item.signal.kind for item in self.gateway.durable} != {"unknown"}
        if entry.state is Said.ACKED and entry.signal is not None and is_read:
            assert self.zones[entry.signal.zone] == 1, "acknowledged, but not durable once"


def world(
    quality: Quality, *, key: str = KEY, packets: bool = False, off_s: float = 0
) -> SealedWorld:
    site = ModelSetup(zones=zones_of(ZONES), clock_offset_s=off_s)
    machine = panel(site, Dc09Setup(wording=Wording.CID, key=KEY.encode()))
    back = Quality(quality.byte_ns, lose=quality.lose, drop=quality.drop)
    stand = Stand(machine, StandSetup(out=quality, back=back, seed=3))
    subject = type(SUBJECT)(SUBJECT.driver, SUBJECT.profile, SUBJECT.face, options={"key": key})
    return SealedWorld(stand, Gateway(subject.session, commit_times(3)), many=True, packets=packets)


def play(here: SealedWorld) -> None:
    here.plug()
    for zone in range(1, ZONES + 1):
        here.tell(zone * 7 * SECOND_NS, f"tamper zone={zone}")
        if zone % 5 == 0:
            here.at(zone * 7 * SECOND_NS + 100_000_000, here.restart)
    here.run((ZONES * 7 + 3) * SECOND_NS)
    here.stand.out.quality = here.stand.back.quality = Quality(here.stand.out.quality.byte_ns)
    here.run(here.now_ns + 300 * SECOND_NS)


@pytest.mark.parametrize("line", list(LINES))
def test_everything_is_recorded_once_and_acknowledged(line: str) -> None:
    here = world(LINES[line], packets=line.startswith("datagrams"))
    play(here)
    assert here.zones == Counter(range(1, ZONES + 1))
    assert len(here.state(Said.ACKED)) == ZONES


def test_a_panel_whose_clock_is_off_is_put_right_and_loses_nothing() -> None:
    here = world(LINES["perfect"], off_s=-7200)
    play(here)
    assert here.zones == Counter(range(1, ZONES + 1))
    assert FaultKind.REPLAY in [fault.kind for _, fault in here.gateway.faults]
    assert [finding.active for finding in here.gateway.findings] == [True, False]


def test_with_another_key_every_message_is_kept_and_nobody_is_believed_to_be_there() -> None:
    here = world(LINES["perfect"], key="X" * 16)
    here.plug()
    for zone in range(1, 4):
        here.tell(zone * 7 * SECOND_NS, f"tamper zone={zone}")
    here.run(200 * SECOND_NS)
    assert {item.signal.kind for item in here.gateway.durable} == {"unknown"}
    assert len(here.gateway.durable) == 3, "its copies are no further events"
    assert not [link for _, link in here.gateway.links if link.online]
