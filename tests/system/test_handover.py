"""A gateway's whole life: enrolled, renewed, passed on, taken out of service; killed in between.

Two enterprises, each with a real broker, a real center and a real door for certificates.  The new
one first never comes; then it does; then it is bankrupt, and the site goes back to the old one by
the signatures of owner and inspector.

Seen to fail: the old center left out before the new one has receipted; a handover that forgets
itself when the agent is killed; keys that are destroyed before the center has the last event; a
handover that is begun again while its gateway ends.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from edge_agent import cli
from edge_agent.center import revocation
from edge_agent.center.cli import main as center
from edge_agent.center.layout import Layout
from edge_agent.evidence.cbor import Malformed
from edge_agent.identity.handover import Marker, Phase
from hil.rig import Agent, Broker, Center, Panel, free_port, wait_until
from hil.rig.child import Child
from hil.rig.parts import CENTER

WAIT_S = 240.0  # a trial that a kill cut short is tried again after a minute
GATEWAY = "gw1"


def run(*words: str | Path, code: int = 0) -> str:
    """Run a command in this process, which has loaded it already; return all that it said."""
    main = {"edge_agent": cli.main, CENTER: center}[str(words[0])]
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        ended = main([str(word) for word in words[1:]])
    assert ended == code, said.getvalue()
    return said.getvalue()


class Enterprise:
    """One enterprise: its center's directory, broker, center and door for certificates."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.port, door = free_port(), free_port()
        run(CENTER, "init", self.folder, "--port", str(self.port))
        self.broker = Broker(self.folder, folder / f"{name}-broker.log")
        self.center = Center(self.folder, folder / f"{name}.log")
        words = ("-m", CENTER, "enrolment", self.folder, "serve", "--port", str(door))
        self.door = Child(f"{name} door", (sys.executable, *words), folder / f"{name}-door.log")
        self.place = f"localhost:{door}"
        self.parts = (self.broker, self.center, self.door)

    def start(self) -> None:
        for part in self.parts:
            part.start()
        self.center.wait_ready()
        self.door.wait_said("enrolment.ready")

    def close(self) -> None:
        for part in self.parts:
            part.close()

    def do(self, *words: str | Path) -> str:
        command, *rest = words
        return run(CENTER, command, self.folder, *rest)

    def said(self) -> list[dict[str, Any]]:
        """What the gateway told of its handover, as this center's operator sees it."""
        told = run(CENTER, "handover", self.folder, "show", GATEWAY, "--json")
        return [json.loads(line) for line in told.splitlines()]

    def words(self) -> list[str]:
        return [one["outcome"] for one in self.said()]

    def heard(self) -> list[str]:
        """The zones of the trouble signals that it holds, in the order of the journal."""
        found = self.center.events("--type", "signal")
        return [str(one["body"]["zone"]) for one in found if one["body"]["zone"] is not None]


class Site:
    """A gateway, its panel, its owner, and the two enterprises."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.old, self.new = Enterprise(folder, "old"), Enterprise(folder, "new")
        self.gateway = folder / "gateway"
        self.panel = Panel("p1")
        self.agent = Agent(self.gateway / "gateway.toml", folder / "agent.log")
        self.said: list[str] = []

    def close(self) -> None:
        self.agent.close()
        self.panel.close()
        for enterprise in (self.old, self.new):
            enterprise.close()

    def file(self, name: str) -> Path:
        return self.folder / name

    def enrol(self) -> None:
        """Charter, operator, invitation, enrolment: as docs/charter.md and center.md say."""
        for party in ("owner", "inspector"):
            run("edge_agent", "charter", "key", self.file(f"{party}.key"))
        self.file("site.toml").write_text(
            f'gateway = "{GATEWAY}"\npurpose = "alarm"\n[enterprise]\nname = "Red Lion"\n'
            '[owner]\nname = "Shop"\nkey = "owner.pem"\n'
            '[inspector]\nname = "Bureau"\nkey = "inspector.pem"\n[[panel]]\nid = "p1"\n'
        )
        paper = self.file("first.charter")
        self.old.do("charter", "new", self.file("site.toml"), "--out", paper)
        self.old.do("charter", "sign", paper)
        run("edge_agent", "charter", "sign", paper, "--key", self.file("owner.key"))
        self.old.do("charter", "accept", paper)
        key, role = self.file("lina.key"), ("--role", "installer")
        self.old.do("operator", "add", "lina", "--name", "Li Na", *role, "--key", key)
        invited = self.old.do("enrolment", "new", GATEWAY, "--at", self.old.place, "--json")
        code = json.loads(invited)["text"]
        run("edge_agent", "enrol", code, "--folder", self.gateway)
        self.panel.start(self.folder)
        config = self.gateway / "gateway.toml"
        own = f'[gateway]\nsocket = "{self.folder}/agent.sock"\ndata_dir = "data"\n'
        text = config.read_text().replace("[gateway]\n", own, 1)
        config.write_text(f"{text}\n{self.panel.toml()}\n")

    def tell(self, zone: int) -> None:
        """Let the panel tell of a zone; no alarm: what is young holds up a restart."""
        self.panel.tell(f"trouble zone={zone}")
        self.said.append(str(zone))
        wait_until(self.panel.quiet, "acknowledged", WAIT_S)

    def receipted(self, center: str) -> bool:
        """Whether a center is there and has all."""
        found = {one["center"]: one for one in self.agent.status().get("centers", ())}
        one = found.get(center)
        return bool(one and one["connected"] and one["proven"] and not one["outstanding"])

    def phase(self) -> Phase | None:
        """How far the handover has come, as it is written down."""
        try:
            return Marker.from_bytes((self.gateway / "gateway.toml.handover").read_bytes()).phase
        except (FileNotFoundError, Malformed):
            return None

    def tries(self) -> bool:
        """Whether a configuration is on trial: what a kill makes of that is another test's."""
        return (self.gateway / "gateway.toml.probation").exists()

    def kill(self) -> None:
        self.agent.kill()
        self.agent.start()

    def come_late(self) -> None:
        """Let the time be over in which the new center could have come."""
        file = self.gateway / "gateway.toml.handover"
        self.agent.kill()
        marker = Marker.from_bytes(file.read_bytes())
        assert marker.until_ms is not None, "it is counted"
        file.write_bytes(replace(marker, until_ms=1).to_bytes())
        self.agent.start()

    def answer(self) -> Path:
        """Go through the papers; return what the gateway is given."""
        offer, paper, answer = map(self.file, ("gw1.offer", "gw1.charter", "gw1.handover"))
        self.old.do("handover", "offer", GATEWAY, "--out", offer, "--key", self.file("lina.key"))
        named = ("--enterprise", "Green Lion", "--as", "green", "--days", "0")
        self.new.do("handover", "accept", offer, *named, "--out", paper)
        refused = run(
            *(CENTER, "handover", self.new.folder, "grant", offer, paper, "--out", answer), code=1
        )
        assert "has not signed it" in refused, "one signature is not enough"
        self.old.do("charter", "sign", paper)
        run("edge_agent", "charter", "sign", paper, "--key", self.file("owner.key"))
        self.new.do("handover", "grant", offer, paper, "--out", answer, "--at", self.new.place)
        return answer

    def answer_of_the_bankrupt(self) -> Path:
        """Go through the papers without the enterprise that has the site; the old one takes it."""
        offer, paper, answer = map(self.file, ("gw2.offer", "gw2.charter", "gw2.handover"))
        run("edge_agent", "handover", "offer", offer, "--config", self.agent.config)
        named = ("--enterprise", "Red Lion", "--as", "red", "--days", "0")
        self.old.do("handover", "accept", offer, *named, "--out", paper)
        run("edge_agent", "charter", "sign", paper, "--key", self.file("owner.key"))
        grant = ("handover", "grant", offer, paper, "--out", answer, "--at", self.old.place)
        refused = run(CENTER, grant[0], self.old.folder, *grant[1:], code=1)
        assert "has not signed it" in refused, "an owner alone takes no site from anybody"
        run("edge_agent", "charter", "sign", paper, "--key", self.file("inspector.key"))
        self.old.do(*grant)
        return answer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        made = Site(tmp_path)
        stack.callback(made.close)
        yield made


@pytest.mark.timeout(900)
def test_a_gateway_is_enrolled_renewed_passed_on_and_ended_whatever_is_killed(site: Site) -> None:
    site.old.start()
    site.enrol()
    site.agent.start()
    wait_until(lambda: site.receipted("center"), site.agent.tail, WAIT_S)
    site.tell(1)
    renewed = run("edge_agent", "renew", "--now", "--json", "--config", site.agent.config)
    assert json.loads(renewed)["centers"][0]["until"], renewed
    answer = site.answer()
    join(site, answer)
    never_comes(site)
    join(site, answer)
    move(site)
    judge(site)
    go_bankrupt(site)
    end(site)
    judge_end(site)


def join(site: Site, answer: Path) -> None:
    """It is passed on to a center that does not run yet: the old one is served as ever."""
    key = site.file("lina.key")
    sent = site.old.do("handover", "send", GATEWAY, answer, "--key", key)
    assert "center is served on until green has receipted" in sent
    wait_until(lambda: site.phase() is Phase.JOINING, site.agent.tail, WAIT_S)
    wait_until(lambda: "green" in names(site) and not site.tries(), site.agent.tail, WAIT_S)
    assert site.phase() is Phase.JOINING, "the new center was never there"
    assert site.agent.status()["charter"]["number"] == 1


def never_comes(site: Site) -> None:
    """The days are over: all is as it was, and the old center was told."""
    site.come_late()
    wait_until(lambda: site.phase() is None and not site.tries(), site.agent.tail, WAIT_S)
    wait_until(lambda: site.receipted("center"), site.agent.tail, WAIT_S)
    assert names(site) == ["center"]
    assert site.agent.status()["charter"]["number"] == 1
    site.tell(2)
    wait_until(lambda: site.old.words()[-1] == "failed", site.agent.tail, WAIT_S)


def move(site: Site) -> None:
    """The new center comes, and the old one is served no more."""
    site.new.start()
    wait_until(lambda: site.phase() in (Phase.LEAVING, Phase.MOVED), site.agent.tail, WAIT_S)
    site.kill()
    wait_until(lambda: site.phase() is Phase.MOVED, site.agent.tail, WAIT_S)
    wait_until(lambda: site.receipted("green"), site.agent.tail, WAIT_S)
    assert names(site) == ["green"]
    site.old.center.verify()
    assert site.old.center.fleet()[GATEWAY]["farewell"].startswith("handed over: ")
    site.old.do("revoke", GATEWAY)
    for part in site.old.parts:
        part.kill()
    site.tell(3)
    site.kill()
    wait_until(lambda: site.receipted("green"), site.agent.tail, WAIT_S)


def judge(site: Site) -> None:
    """One journal, no gap, and both know what they should."""
    old, new = site.old, site.new
    assert new.words()[-1] == "moved"
    assert "begun" in old.words()
    assert (old.heard(), new.heard()[-1]) == (["1", "2"], "3")
    assert sorted({*old.heard(), *new.heard()}) == site.said, "no gap"
    assert site.agent.status()["charter"]["number"] == 2
    new.center.verify()
    site.agent.verify()
    run("edge_agent", "renew", "--now", "--config", site.agent.config)


def go_bankrupt(site: Site) -> None:
    """The new enterprise is no more: owner and inspector give the site to the old one, on site."""
    old = site.old
    for part in site.new.parts:
        part.kill()
    answer = site.answer_of_the_bankrupt()
    old.start()
    accept = ("handover", "accept", answer, "--config", site.agent.config)
    assert "green is served on until red has receipted" in run("edge_agent", *accept)
    wait_until(lambda: site.phase() is Phase.MOVED, site.agent.tail, WAIT_S)
    wait_until(lambda: site.receipted("red"), site.agent.tail, WAIT_S)
    assert names(site) == ["red"]
    assert site.agent.status()["charter"]["number"] == 3
    assert old.words()[-1] == "moved"
    assert not revocation.is_silenced(Layout(old.folder), GATEWAY), "its name may speak again"


def end(site: Site) -> None:
    """Nobody ends it alone, and a kill ends nothing."""
    paper, charter = site.file("gw1.end"), site.file("gw2.charter")
    reason = ("--reason", "shop closed")
    run("edge_agent", "decommission", "paper", paper, "--charter", charter, *reason)
    ends = ("--paper", paper, "--gateway", GATEWAY, "--config", site.agent.config)
    told = ("edge_agent", "decommission", "run", *ends)
    sign = ("edge_agent", "decommission", "sign", paper)
    run(*sign, "--key", site.file("owner.key"))
    refused = run(*told, "--out", site.file("records-1"), code=1)
    assert "Red Lion, has not signed it" in refused
    run(*sign, "--key", site.old.folder / "ca.key")
    site.old.center.kill()
    run(*told, "--out", site.file("records-2"))
    begun = ("handover", "accept", site.file("gw1.handover"), "--config", site.agent.config)
    assert "being taken out of service: shop closed" in run("edge_agent", *begun, code=1)
    site.tell(4)
    site.kill()
    wait_until(site.agent.status, site.agent.tail, WAIT_S)
    assert (site.gateway / "identity.key").exists(), "the center has not heard of it"
    site.old.center.start()
    status = ("edge_agent", "decommission", "status", "--config", site.agent.config)
    assert "taken out of service" in run(*status, "--wait", str(WAIT_S))


def judge_end(site: Site) -> None:
    """The center has the last event, the keys are gone, and nothing starts any more."""
    old = site.old
    assert site.agent.wait_end(WAIT_S) == 78
    for key in ("identity.key", "client.key"):
        assert not (site.gateway / key).exists()
    acts = [one["body"] for one in old.center.events("--type", "act")]
    assert (acts[-1]["what"], acts[-1]["outcome"]) == ("decommission", "ended")
    assert old.heard()[-1] == "4", "an alarm is an alarm to the end"
    (gap,) = json.loads(run(CENTER, "verify", old.folder, "--json", code=1))["problems"]
    assert (gap["what"], gap["seq"]) == ("gap", 0), "the runs that were the other enterprise's"
    site.agent.start()
    assert site.agent.wait_end(WAIT_S) == 78
    assert "Its keys are destroyed" in site.agent.said()
    bundle = site.file("records-2") / f"{GATEWAY}.bundle"
    run(CENTER, "verify", bundle, "--ca", old.folder / "ca.pem")


def names(site: Site) -> list[str]:
    return [one["center"] for one in site.agent.status().get("centers", ())]
