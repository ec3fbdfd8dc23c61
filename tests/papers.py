"""Two enterprises and a gateway of the first, with all papers of a handover; files only."""

from dataclasses import dataclass
from pathlib import Path

from edge_agent import cli
from edge_agent.center.cli import main as center
from edge_agent.center.credentials import utc
from edge_agent.center.enrolment import Enrolments
from edge_agent.center.inviting import place_of
from edge_agent.center.layout import Layout
from edge_agent.clock import now_ms
from edge_agent.config import Loaded, load
from edge_agent.daemon.charter import KEPT
from edge_agent.daemon.offering import make_offer
from edge_agent.evidence.charter import SignedCharter, read_signed

PANEL = '\n[[panel]]\nid = "p1"\ndriver = "surgard"\nserial = { port = "/dev/null" }\n'
NOW_MS = 1_795_000_000_000


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies in `folder`: `old` and `new` center, `gateway`, keys, and the papers so far."""

    folder: Path

    def file(self, name: str) -> Path:
        return self.folder / name

    @property
    def loaded(self) -> Loaded:
        return load(self.folder / "gateway" / "gateway.toml")

    @property
    def present(self) -> SignedCharter:
        """The charter in force at first."""
        return read_signed(self.file("first.charter").read_bytes())

    @property
    def next(self) -> SignedCharter:
        """The charter that passes the site on, with the signatures it has so far."""
        return read_signed(self.file("gw1.charter").read_bytes())

    @property
    def answer(self) -> bytes:
        return self.file("gw1.handover").read_bytes()

    def put(self, charter: SignedCharter) -> None:
        self.file("gw1.charter").write_bytes(charter.data)

    def center(self, which: str, command: str, *words: str | Path) -> int:
        return center([command, str(self.folder / which), *map(str, words)])

    def sign(self, party: str, name: str = "gw1.charter") -> None:
        """Sign a charter as a party: owner, inspector, old, new."""
        if party in ("old", "new"):
            assert self.center(party, "charter", "sign", self.file(name)) == 0
            return
        words = ["charter", "sign", str(self.file(name)), "--key", str(self.file(f"{party}.key"))]
        assert cli.main(words) == 0

    def offer(self) -> None:
        made = make_offer(self.loaded, self.present, NOW_MS)
        self.file("gw1.offer").write_bytes(made)

    def accept(self, *options: str) -> int:
        named = ("--enterprise", "Green Lion", "--as", "green", *options)
        out = ("--out", self.file("gw1.charter"))
        return self.center("new", "handover", "accept", self.file("gw1.offer"), *named, *out)

    def grant(self) -> int:
        papers = (self.file("gw1.offer"), self.file("gw1.charter"))
        out = ("--out", self.file("gw1.handover"))
        return self.center("new", "handover", "grant", *papers, *out)


def first(folder: Path) -> Papers:
    """Return a gateway that was enrolled by file at its first enterprise, under a charter."""
    papers = Papers(folder)
    for which in ("old", "new"):
        assert papers.center(which, "init") == 0
    for party in ("owner", "inspector"):
        assert cli.main(["charter", "key", str(papers.file(f"{party}.key"))]) == 0
    papers.file("site.toml").write_text(
        'gateway = "gw1"\npurpose = "alarm"\n[enterprise]\nname = "Red Lion"\n'
        '[owner]\nname = "Shop"\nkey = "owner.pem"\n'
        '[inspector]\nname = "Bureau"\nkey = "inspector.pem"\n[[panel]]\nid = "p1"\n'
    )
    paper = papers.file("first.charter")
    assert papers.center("old", "charter", "new", papers.file("site.toml"), "--out", paper) == 0
    papers.sign("old", paper.name)
    papers.sign("owner", paper.name)
    assert papers.center("old", "charter", "accept", paper) == 0
    _enrol(papers)
    return papers


def _enrol(papers: Papers) -> None:
    layout = Layout(papers.folder / "old")
    now = utc(now_ms() * 1_000_000)
    code = Enrolments(layout).invite("gw1", place_of(layout, None), now, 1).text
    gateway = papers.folder / "gateway"
    words = ["enrol", code, "--folder", str(gateway)]
    request, answer = papers.file("gw1.request"), papers.file("gw1.answer")
    assert cli.main([*words, "--request", str(request)]) == 0
    assert papers.center("old", "enrolment", "answer", request, "--out", answer) == 0
    assert cli.main([*words, "--answer", str(answer)]) == 0
    config = gateway / "gateway.toml"
    own = f'[gateway]\nsocket = "{papers.folder}/agent.sock"\ndata_dir = "data"\n'
    config.write_text(config.read_text().replace("[gateway]\n", own, 1) + PANEL)
    (gateway / "data").mkdir()
    (gateway / "data" / KEPT).write_bytes(papers.present.data)


def whole(folder: Path, *options: str) -> Papers:
    """Return the same with everything signed and granted."""
    papers = first(folder)
    papers.offer()
    assert papers.accept(*options) == 0
    papers.sign("old")
    papers.sign("owner")
    assert papers.grant() == 0
    return papers
