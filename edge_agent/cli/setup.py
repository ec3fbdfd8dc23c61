"""`edge-agent setup`: how far this gateway's installation is, and what to do next."""

import argparse
import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.cli import export, report
from edge_agent.cli.lines import add_language
from edge_agent.cli.options import Commands, UnreadableError, add_config, add_json, command
from edge_agent.config import DEFAULT_PATH, ConfigError

if TYPE_CHECKING:
    from edge_agent.language import Catalog
    from edge_agent.views.setup_steps import Done

EXIT_FOUND_BAD = 1


def add(commands: Commands) -> None:
    """Register the command."""
    parser = command(
        commands,
        "setup",
        "tell how far this gateway's installation is, and what to do next",
        "  edge-agent setup          again and again, until it says to write the report",
    )
    add_config(parser)
    add_language(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Tell; exit 0 where all is done, 1 where something comes next."""
    from edge_agent import output
    from edge_agent.language import language
    from edge_agent.views import setup_steps, site_page

    spoken = language(arguments.lang)
    found = list(_steps(arguments.config, site_page.words(spoken)))
    if arguments.json:
        told = [{"step": one.step, "good": one.good, "wrong": list(one.wrong)} for one in found]
        print(json.dumps({"steps": told}, ensure_ascii=False))
    else:
        say = setup_steps.words(spoken)
        output.show(*setup_steps.lines(found, str(arguments.config), str(DEFAULT_PATH), say))
    return 0 if found[-1].good else EXIT_FOUND_BAD


def _steps(file: Path, say: "Catalog") -> Iterator["Done"]:
    """Yield the steps up to the first that is not done."""
    for done in _each(file, say):
        yield done
        if not done.good:
            return


def _each(file: Path, say: "Catalog") -> Iterator["Done"]:
    from edge_agent import config
    from edge_agent.daemon import looking, panels
    from edge_agent.views import site_page, site_report
    from edge_agent.views.setup_steps import Done, Step

    try:
        written = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        written = {}
    except (OSError, ValueError) as error:
        yield Done(Step.ENROL, good=False, wrong=[f"{file}: {error}"])
        return
    yield Done(Step.ENROL, good=bool(written.get("gateway") and written.get("center")))
    yield Done(Step.PANELS, good=bool(written.get("panel")))
    try:
        loaded = config.load(file)
        panels.fit(loaded)
        wrong = [f"{one.what}: {one.detail}" for one in looking.files(loaded) if one.good is False]
    except ConfigError as error:
        wrong = str(error).splitlines()
        loaded = None
    yield Done(Step.CHECK, good=not wrong, wrong=wrong)
    if loaded is None:
        return
    gateway = loaded.config.gateway
    try:
        status = export.ask_agent(Path(gateway.socket), "status")
    except (export.ExportError, ValueError) as error:
        yield Done(Step.START, good=False, wrong=str(error).splitlines()[:1])
        return
    yield Done(Step.START, good=True)
    try:
        heard = report.heard(loaded, loaded.path(gateway.data_dir) / "journal", status)
        wrong = site_page.left(site_report.facts(heard), say)
    except UnreadableError as error:
        wrong = str(error).splitlines()
    yield Done(Step.HAND_OVER, good=not wrong, wrong=wrong)
