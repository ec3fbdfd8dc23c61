"""A driver from a package of its own: built, installed and found; a broken one stops no other.

The package is the example of docs/drivers/writing.md, and has to be right as well: it is held
against its emulated panel.  Seen to fail: a broken module that ends `edge-agent drivers`.
"""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from edge_agent.cli import main
from edge_agent.config import ConfigError, parse
from edge_agent.daemon.panels import fit
from edge_agent.domain.command import Act, Command, Outcome
from edge_agent.domain.kinds import Kind, Origin, State
from edge_agent.domain.session import FaultKind, Frame, Opened, Setup
from edge_agent.linetools.discover import candidates
from edge_agent.resources import load_codes
from hil.lines import Quality, Split, byte_ns
from hil.panels import site
from hil.panels.machine import Said
from hil.panels.stand import Stand, StandSetup
from hil.panels.voice import ModelPanel
from tests.contract.world import SECOND_NS, Gateway, World, body, commit_times, is_event
from tests.drivers.golden import Golden, check

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "docs" / "drivers" / "marlin"
LINES_MAX = 150  # of a driver that a newcomer writes


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MARLIN, EMULATED = loaded("acme_marlin"), loaded("emulated_marlin")
sys.modules["emulated_marlin"] = EMULATED  # its face imports it
FACE, GOLDEN = loaded("marlin_face").FACE, loaded("golden_marlin").GOLDEN
DRIVER = MARLIN.DRIVER
SETUP = Setup(load_codes(), options={"listen_only": False})

# ---- the package


def run(folder: Path, *arguments: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, f"{arguments}: {ran.returncode}\n{ran.stdout}{ran.stderr}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's wheel, installed without network; beside it a package that is broken."""
    source, site = tmp_path_factory.mktemp("source") / "marlin", tmp_path_factory.mktemp("site")
    shutil.copytree(EXAMPLE, source)
    run(source, "hatchling", "build", "-t", "wheel", "-d", str(source))
    [wheel] = source.glob("*.whl")
    pip = ("pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile")
    run(source, *pip, "--target", str(site), str(wheel))
    (site / "acme_broken.py").write_text("DRIVER = 1 / 0\n")
    metadata = site / "acme_broken-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-broken\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(
        "[edge_agent.drivers]\nbroken = acme_broken:DRIVER\n"
    )
    return site


@pytest.fixture
def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is installed is in reach."""
    monkeypatch.syspath_prepend(folder)
    return folder


def test_it_is_listed_and_a_broken_one_is_told(
    installed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drivers", "--json"]) == 1
    said = capsys.readouterr()
    names = {driver["name"]: driver for driver in json.loads(said.out)}
    assert names["marlin"]["panels"] == ["Marlin M-16"]
    assert "broken" not in names
    assert {"ness", "surgard"} <= names.keys()
    assert "'broken' (acme_broken:DRIVER) does not load: ZeroDivisionError" in said.err
    spec = importlib.util.find_spec("acme_marlin")
    assert spec is not None
    assert spec.origin == str(installed / "acme_marlin.py")


@pytest.mark.usefixtures("installed")
def test_it_decodes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "heard.bin").write_bytes(b"$EV,BA,01,04*39\r\n")
    assert main(["decode", "--driver", "marlin", str(tmp_path / "heard.bin")]) == 0
    [told] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (told["ok"], told["type"]) == (True, "event")
    assert (told["signals"][0]["code"], told["signals"][0]["zone"]) == ("130", 4)


@pytest.mark.usefixtures("installed")
def test_it_is_configured_with_its_profile_and_a_broken_one_is_named() -> None:
    text = (
        '[gateway]\nid = "gw1"\n[[center]]\nname = "c"\n[[center.path]]\nhost = "h"\n'
        '[[panel]]\nid = "p1"\ndriver = "marlin"\nserial = {{ port = "/dev/x" }}\n'
        'profile = "{}"\n'
    ).format(EXAMPLE / "marlin_m16.toml")
    [panel] = fit(parse(text.encode(), Path("g.toml")))
    assert (panel.source.driver, panel.source.profile) == ("marlin", "marlin_m16")
    assert type(panel.driver.session(panel.setup)).__name__ == "PolledSession"
    assert panel.guard is not None, "what it raises costs nobody else anything"
    talk = panel.session()
    talk.handle(Opened(), 0)
    assert talk.deadline_ns() is not None, "it wants to ask"
    with pytest.raises(ConfigError, match=r"panel\[0\] \(p1\).*'broken'.*does not load"):
        fit(parse(text.replace("marlin", "broken").encode(), Path("g.toml")))


@pytest.mark.usefixtures("installed")
def test_who_looks_for_panels_looks_for_it_too_and_names_the_broken_one() -> None:
    found, wrong = candidates()
    assert "marlin" in [one.driver.name for one in found]
    assert [text.split()[1] for text in wrong] == ["'broken'"]


# ---- the example is right


def decode(data: bytes) -> list[Frame]:
    decoder = DRIVER.decoder(SETUP)
    return [*decoder.feed(data), *decoder.finish()]


def test_it_is_as_short_as_the_page_says() -> None:
    lines = len((EXAMPLE / "acme_marlin.py").read_text().splitlines())
    assert lines < LINES_MAX
    assert f"{lines} lines" in (ROOT / "docs" / "drivers" / "writing.md").read_text()


@pytest.mark.parametrize("known", GOLDEN, ids=lambda known: f"{known.source}, {known.frame!r}")
def test_golden_frames(known: Golden) -> None:
    check(known, decode(known.frame))


def test_what_is_no_line_is_noise() -> None:
    assert [frame.fault for frame in decode(b"hello\r\n")] == [FaultKind.NOISE]


def test_a_code_that_a_host_says_is_marked() -> None:
    [frame] = decode(MARLIN.MarlinDecoder.framed("BY,03,1234"))
    [span] = frame.secrets
    assert frame.raw[span.start : span.end] == b"1234"


def world(**quality: Any) -> World:
    pace = Quality(byte_ns(9600), split=Split.RANDOM, **quality)
    stand = Stand(FACE.for_profile(None, {}), StandSetup(out=pace))
    return World(stand, Gateway(lambda: DRIVER.session(SETUP), commit_times(0)))


def believed(here: World) -> None:
    panel = here.stand.machine
    assert isinstance(panel, ModelPanel)
    model = panel.model
    rest = {Kind.ZONE: State.CLOSED, Kind.AREA: State.DISARMED}
    for point, state in site.points(model, lambda number: site.contact(model, number)).items():
        if point[0] is not Kind.OUTPUT:
            assert here.believed.get(point, rest[point[0]]) is state, point


@pytest.mark.parametrize("harm", [{}, {"lose": 0.02}])
def test_it_hears_what_its_panel_says_and_believes_what_is_true(harm: dict[str, float]) -> None:
    here = world(**harm)
    here.plug()
    lines = ("open 2", "alarm zone=3", "bypass zone=4", "mains", "arm area=1 user=2", "close 2")
    for number, line in enumerate(lines):
        here.tell((20 + 7 * number) * SECOND_NS, line)
    here.run(300 * SECOND_NS)
    believed(here)
    told = {body(entry.frame) for entry in here.state(Said.ARRIVED)}
    assert told <= {body(item.signal.frame) for item in here.gateway.durable}
    if not harm:
        assert len(told) == 4


def test_an_alarm_that_stands_is_found_and_its_end_too() -> None:
    here = world()
    here.tell(here.now_ns, "fire zone=16")
    here.run(10 * SECOND_NS)
    here.plug()
    here.run(100 * SECOND_NS)
    here.unplug()
    here.tell(here.now_ns, "restore fire zone=16")
    here.plug()
    here.run(here.now_ns + 100 * SECOND_NS)
    found = [item.signal for item in here.gateway.durable if is_event(item.signal)]
    assert [(s.kind, s.state, s.origin) for s in found] == [
        (Kind.FIRE, State.ACTIVE, Origin.AT_START),
        (Kind.FIRE, State.RESTORED, Origin.LIVE),
    ]


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (Command(act=Act.BYPASS, zone=3, code="1234"), Outcome.DONE),
        (Command(act=Act.ARM_STAY, area=2, code="1234"), Outcome.DONE),
        (Command(act=Act.DISARM, area=1, code="9999"), Outcome.DONE),  # it was so
        (Command(act=Act.ARM_AWAY, area=1, code="9999"), Outcome.REFUSED),
        (Command(act=Act.ARM_AWAY, area=1), Outcome.REFUSED),
        (Command(act=Act.OUTPUT_ON, zone=1), Outcome.UNSUPPORTED),
    ],
)
def test_it_obeys(command: Command, outcome: Outcome) -> None:
    here = world()
    here.plug()
    here.run(30 * SECOND_NS)
    here.command(here.now_ns, 7, command)
    here.run(here.now_ns + 60 * SECOND_NS)
    assert [one.outcome for one in here.gateway.obeyed] == [outcome]
