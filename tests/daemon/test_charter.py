"""The charter in force: kept through starts, changed only by a rightful one, and said aloud.

Seen to fail: with the file beside the configuration believed, without the one beside the journal,
without the check that a center is left, with an adoption that is not recorded.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from edge_agent.daemon.charter import KEPT, Chartered
from edge_agent.domain.command import Act, Command
from edge_agent.domain.event import Body, EventType
from edge_agent.domain.kinds import Lane
from edge_agent.evidence.bodies import ActBody, FindingBody
from edge_agent.evidence.charter import FILE, Charter, Destination, SignedCharter
from edge_agent.evidence.command import CommandRef
from edge_agent.uplink.access import Authorities
from tests.evidence.test_charter import CHARTER, ENTERPRISE, OWNER, SIGNED
from tests.evidence.test_command import COMMAND

CENTERS = {"center": Authorities((ENTERPRISE.public,), (b"a" * 32,))}


def signed(charter: Charter) -> SignedCharter:
    return SignedCharter(charter).signed_by(ENTERPRISE, 1).signed_by(OWNER, 2)


SECOND = signed(replace(CHARTER, number=2, purpose="the barn as well"))


@dataclass
class Site:
    """A gateway's two folders, and what its agent has recorded."""

    folder: Path
    centers: Mapping[str, Authorities] = field(default_factory=lambda: CENTERS)
    said: list[ActBody | FindingBody] = field(default_factory=list)

    def __post_init__(self) -> None:
        (self.folder / "etc").mkdir()
        (self.folder / "var").mkdir()

    def note(self, type_: EventType, lane: Lane, body: Body) -> None:
        assert lane is Lane.FAULT
        kind = ActBody if type_ is EventType.ACT else FindingBody
        self.said.append(kind.from_body(body))

    def start(self) -> Chartered:
        self.said.clear()
        folders = (self.folder / "etc", self.folder / "var")
        made = Chartered("gw1", folders, lambda: self.centers, self.note)
        made.begin()
        return made

    @property
    def shown(self) -> Path:
        return self.folder / "etc" / FILE

    @property
    def kept(self) -> Path:
        return self.folder / "var" / KEPT

    def words(self) -> list[str]:
        return [one.what if isinstance(one, ActBody) else one.cause for one in self.said]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_without_one_nothing_is_in_force_and_everything_is_sent(site: Site) -> None:
    made = site.start()
    assert (made.charter, made.mark, made.facts(), site.said) == (None, None, None, [])
    assert made.permits("center") == ""
    assert made.outside("shop", Command(act=Act.BYPASS, zone=9)) == ""


def test_a_first_one_beside_the_configuration_comes_into_force_and_stays(site: Site) -> None:
    site.shown.write_bytes(SIGNED.data)
    made = site.start()
    assert made.charter == CHARTER
    (act,) = site.said
    assert isinstance(act, ActBody)
    assert (act.what, act.charter) == ("charter", SIGNED.data)
    assert site.start().mark == (1, CHARTER.digest)
    assert site.said == [], "it was in force before"


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (None, "it was not there; written anew"),
        (b"", "written anew"),
        (b"junk", "written anew"),
        (SIGNED.signed_by(OWNER, 9).data, "another copy; written anew"),
    ],
)
def test_a_file_that_is_lost_or_damaged_changes_nothing_but_is_told(
    site: Site, there: bytes | None, told: str
) -> None:
    site.shown.write_bytes(SIGNED.data)
    site.start()
    site.shown.unlink()
    if there is not None:
        site.shown.write_bytes(there)
    assert site.start().charter == CHARTER
    (finding,) = site.said
    assert isinstance(finding, FindingBody)
    assert finding.cause == "charter_file"
    assert finding.detail.endswith(told)
    assert ("not there" in finding.detail) is (there is None)
    assert site.shown.read_bytes() == SIGNED.data
    site.kept.write_bytes(b"junk")
    assert site.start().charter == CHARTER
    assert site.words() == ["charter_file", "charter"]


def test_an_older_one_does_not_come_back(site: Site) -> None:
    site.shown.write_bytes(SIGNED.data)
    site.start()
    site.shown.write_bytes(SECOND.data)
    assert site.start().mark == (2, SECOND.charter.digest)
    site.shown.write_bytes(SIGNED.data)
    assert site.start().mark == (2, SECOND.charter.digest)
    (act,) = site.said
    assert isinstance(act, ActBody)
    assert (act.what, act.outcome) == ("refused", "charter")
    assert "does not come back" in act.detail
    assert site.shown.read_bytes() == SECOND.data


def test_a_first_one_of_strangers_is_refused(site: Site) -> None:
    site.centers = {"center": Authorities((OWNER.public,), (b"a" * 32,))}
    site.shown.write_bytes(SIGNED.data)
    assert site.start().charter is None
    assert site.words() == ["refused"]
    site.shown.write_bytes(SignedCharter(CHARTER).signed_by(ENTERPRISE, 1).data)
    assert site.start().charter is None
    assert site.words() == ["charter_file"]


def test_an_order_puts_one_into_force_at_once(site: Site) -> None:
    site.shown.write_bytes(SIGNED.data)
    made = site.start()
    site.said.clear()
    ref = CommandRef("center", 7, bytes(32))

    async def work() -> None:
        waiting = asyncio.ensure_future(made.changed())
        await asyncio.sleep(0)
        told = await made.adopt(SECOND.data, "Li Na", ref)
        assert told == "charter 2 is in force: the barn as well"
        await asyncio.wait_for(waiting, 60)
        assert "already" in await made.adopt(SECOND.data, "Li Na", ref)
        assert "already" in await made.answer({"charter": SECOND.data.hex()}, "root")

    asyncio.run(work())
    (act,) = site.said
    assert isinstance(act, ActBody)
    assert (act.actor, act.command, act.charter) == ("Li Na", ref, SECOND.data)
    for file in (site.shown, site.kept):
        assert file.read_bytes() == SECOND.data
    assert made.facts() == {
        "number": 2, "digest": SECOND.charter.digest.hex(), "purpose": "the barn as well",
    }  # fmt: skip


NOWHERE = signed(replace(CHARTER, number=2, destinations=(Destination("x", (b"a" * 32,)),)))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"junk", "no charter"),
        (SignedCharter(SECOND.charter).signed_by(OWNER, 1).data, "enterprise"),
        (signed(replace(CHARTER, purpose="another number 1")).data, "does not come back"),
        (NOWHERE.data, "tell nobody"),
    ],
)
def test_what_may_not_come_is_refused_and_recorded(site: Site, data: bytes, told: str) -> None:
    site.shown.write_bytes(SIGNED.data)
    made = site.start()
    site.said.clear()
    with pytest.raises(ValueError, match=told):
        asyncio.run(made.adopt(data, "Li Na"))
    assert site.words() == ["refused"]
    assert made.charter == CHARTER
    assert site.kept.read_bytes() == SIGNED.data


def test_a_center_brings_one(site: Site) -> None:
    made, ref = site.start(), CommandRef("center", 7, bytes(32))
    brings = replace(COMMAND, what="charter", body={1: SIGNED.data})
    done = asyncio.run(made.take(brings, ref))
    assert (done.outcome, made.charter) == ("done", CHARTER)
    wrong: tuple[Body, ...] = ({}, {1: "text"}, {1: SIGNED.data, 2: 1})
    for body in wrong:
        with pytest.raises(ValueError, match="carries no charter"):
            asyncio.run(made.take(replace(brings, body=body), ref))


@pytest.mark.parametrize("text", ["xyz", "ab" * 5000, None])
def test_a_request_that_is_none_is_refused(site: Site, text: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        asyncio.run(site.start().answer({"charter": text}, "root"))


def test_what_is_outside_is_named(site: Site) -> None:
    site.shown.write_bytes(SIGNED.data)
    made = site.start()
    assert made.permits("center") == ""
    assert "does not name it" in made.permits("stranger")
    site.centers = {}
    assert made.permits("center") == "", "whoever cannot read its `ca` says so"
    assert "does not name it" in made.permits("stranger"), "whatever its `ca` will hold"
    site.centers = {"center": Authorities((ENTERPRISE.public,), (b"a" * 32, b"b" * 32))}
    assert "does not name it" in made.permits("center")
    assert made.outside("shop", Command(act=Act.BYPASS, zone=8)) == ""
    assert "zone 9 of shop" in made.outside("shop", Command(act=Act.BYPASS, zone=9))
    assert made.outside("shop", Command(act=Act.OUTPUT_ON, zone=9)) == "", "an output is no zone"
    assert made.outside("barn", Command(act=Act.STATUS)) == "charter 1 does not name barn"


def test_a_disk_that_refuses_is_no_reason_to_refuse_a_charter(site: Site) -> None:
    made = site.start()
    site.kept.mkdir()
    asyncio.run(made.adopt(SIGNED.data, "Li Na"))
    assert made.charter == CHARTER
    assert site.words() == ["charter"]
