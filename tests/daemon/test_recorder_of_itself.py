"""What the recorder says of the journal and of itself."""

from pathlib import Path

from edge_agent.domain.event import EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody, JournalBody, JournalChange
from edge_agent.journal import Damage
from tests.daemon.test_recorder import CLOSED, MAINS, Rig, until, with_rig


def test_damage_found_behind_the_commits_is_an_event(tmp_path: Path) -> None:
    async def scenario(rig: Rig) -> None:
        rig.recorder.damaged(Damage(7, 4096, "bytes unreadable", b"epoch001"))
        await until(lambda: len(rig.published) == 2)
        told = JournalBody.from_body(rig.events()[-1].body)
        assert (told.what, rig.events()[-1].lane) == (JournalChange.DAMAGED, Lane.FAULT)
        assert told.detail.startswith("segment 7, byte 4096: bytes unreadable")

    with_rig(tmp_path, scenario)


def test_for_lack_of_space_only_what_no_panel_waits_with_is_omitted_and_counted(
    tmp_path: Path,
) -> None:
    """Seen to fail when a panel's state was refused: its next alarm would wait behind it."""

    async def scenario(rig: Rig) -> None:
        rig.journal.allow(3)
        await rig.record("p1", CLOSED, MAINS)
        await rig.record("p2", CLOSED)
        rig.recorder.link("p1", False, "gone")
        rig.recorder.note(EventType.ACT, Lane.STATE, ActBody("read", "me").to_body())
        assert rig.recorder.omitted == {Lane.FAULT: 1, Lane.STATE: 1}
        rig.recorder.say_omitted()
        await until(lambda: any(event.type is EventType.JOURNAL for event in rig.events()))
        assert [event.type for event in rig.events()].count(EventType.SIGNAL) == 3
        assert not any(event.type in {EventType.LINK, EventType.ACT} for event in rig.events())
        told = JournalBody.from_body(rig.events()[-1].body)
        assert told.what is JournalChange.OMITTED
        assert told.detail == "not recorded for lack of space: 1 of fault, 1 of state"
        rig.recorder.say_omitted()
        rig.journal.allow(6)
        rig.recorder.link("p1", True, "")
        await until(lambda: rig.events()[-1].type is EventType.LINK)
        assert sum(event.type is EventType.JOURNAL for event in rig.events()) == 1

    with_rig(tmp_path, scenario)
