"""Imports point one way: domain <- evidence <- the folders <- agent and command line.

The tables below are the rules; the tests read every source's syntax tree (nothing is imported) and
name file, line and rule of each violation.  What the daemon may load at all is checked in a child.
"""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

FOLDERS = (
    *("link", "journal", "diagnosis", "uplink", "identity", "control", "health", "cameras"),
    "update",
)
"""Folders of edge_agent that do not import each other: they meet in agent.py only."""

LEAVES = tuple(f"edge_agent.{name}" for name in ("clock", "files", "lean", "limits", "resources"))
BELOW = ("edge_agent.domain", "edge_agent.evidence", *LEAVES)

SHELLS = tuple(
    f"edge_agent.evidence.{name}"
    for name in (
        *("booting", "key_file", "signers", "tpm_signer"),
        *("pkcs11", "pkcs11_child", "pkcs11_signer"),
    )
)
"""The only I/O of evidence: key files, and the TPM or token that one may be of.  Nothing else there
may use them."""

ALLOWED: dict[str, tuple[str, ...]] = {
    # part: what of this project it may import, besides itself; the longest matching name rules
    "edge_agent": (),
    "edge_agent.daemon": (),
    "edge_agent.domain": (),
    "edge_agent.evidence": ("edge_agent.domain",),
    **dict.fromkeys(SHELLS, ("edge_agent.domain", "edge_agent.evidence", "edge_agent.files")),
    "edge_agent.clock": ("edge_agent.domain", "edge_agent.limits", "edge_agent.discipline"),
    "edge_agent.discipline": (),
    "edge_agent.daemon.timekeeping": BELOW,
    "edge_agent.files": (),
    "edge_agent.limits": (),
    "edge_agent.resources": ("edge_agent.domain",),
    "edge_agent.lean": (),
    "edge_agent.output": ("edge_agent.language",),
    "edge_agent.interrupts": (),
    "edge_agent.start": ("edge_agent.interrupts", "edge_agent.cli", "edge_agent.center.cli"),
    "edge_agent.logs": ("edge_agent.clock", "edge_agent.domain", "edge_agent.lean"),
    "edge_agent.config_words": (),
    "edge_agent.config_text": ("edge_agent.config",),
    "edge_agent.config": (
        "edge_agent.config_words",
        "edge_agent.domain",
        "edge_agent.limits",
        "edge_agent.resources",
    ),
    **{f"edge_agent.{folder}": BELOW for folder in FOLDERS},
    "edge_agent.update": (*BELOW, "edge_agent.program"),
    "edge_agent.daemon.updates": (*BELOW, "edge_agent.control"),
    "edge_agent.journal": ("edge_agent.clock", "edge_agent.limits"),  # bytes are opaque to it
    "edge_agent.views": (),
    "edge_agent.views.rendering": ("edge_agent.domain", "edge_agent.evidence"),
    "edge_agent.contents": ("edge_agent.domain", "edge_agent.evidence", "edge_agent.journal"),
    "edge_agent.decoding": ("edge_agent.domain",),
    "edge_agent.judging": ("edge_agent.domain", "edge_agent.diagnosis"),
    "edge_agent.daemon.listeners": ("edge_agent.domain",),
    "edge_agent.rejudging": (*BELOW, "edge_agent.config", "edge_agent.diagnosis"),
    "edge_agent.daemon.recorder": (
        *BELOW,
        "edge_agent.daemon.listeners",
        "edge_agent.journal",
        "edge_agent.link",
    ),
    "edge_agent.daemon.diagnosing": (
        *BELOW,
        "edge_agent",
        "edge_agent.diagnosis",
        "edge_agent.journal",
        "edge_agent.daemon.recorder",
    ),
    "edge_agent.daemon.ending": ("edge_agent.evidence",),
    "edge_agent.daemon.clips": (
        *BELOW,
        "edge_agent.cameras",
        "edge_agent.daemon.commands",
        "edge_agent.config",
        "edge_agent.daemon.file_sending",
        "edge_agent.uplink.names",
    ),
    "edge_agent.daemon.epoch": (
        *BELOW,
        "edge_agent",
        "edge_agent.config",
        "edge_agent.daemon.second_signing",
        "edge_agent.journal",
    ),
    "edge_agent.daemon.orders": (*BELOW, "edge_agent.daemon.panels", "edge_agent.link"),
    "edge_agent.daemon.commands": (*BELOW, "edge_agent.control", "edge_agent.daemon.orders"),
    "edge_agent.daemon.walk_test": (*BELOW, "edge_agent.daemon.commands"),
    "edge_agent.daemon.file_sending": BELOW,
    "edge_agent.daemon.bundles": (
        *BELOW,
        "edge_agent.daemon.commands",
        "edge_agent.daemon.children",
        "edge_agent.daemon.file_sending",
    ),
    "edge_agent.daemon.restraint": (*BELOW, "edge_agent.config", "edge_agent.config_words"),
    "edge_agent.daemon.reconfiguration": (
        *BELOW,
        "edge_agent.daemon.commands",
        "edge_agent.config",
        "edge_agent.control",
        "edge_agent.daemon.children",
        "edge_agent.daemon.panels",
    ),
    "edge_agent.daemon.broker_keys": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.daemon.commands",
        "edge_agent.uplink",
    ),
    "edge_agent.daemon.command_work": (
        *BELOW,
        "edge_agent.daemon.broker_keys",
        "edge_agent.daemon.bundles",
        "edge_agent.daemon.commands",
        "edge_agent.config",
        "edge_agent.daemon.renewal_watch",
        "edge_agent.daemon.walk_test",
    ),
    "edge_agent.daemon.zone_rates": (*BELOW, "edge_agent.daemon.news", "edge_agent.files"),
    "edge_agent.daemon.command_keys": (*BELOW, "edge_agent.config", "edge_agent.uplink"),
    "edge_agent.daemon.panels": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.config_words",
        "edge_agent.daemon.recorder",
    ),
    "edge_agent.audit": ("edge_agent.domain", "edge_agent.evidence", "edge_agent.journal"),
    "edge_agent.daemon.retirement": (*BELOW, "edge_agent.journal", "edge_agent.daemon.recorder"),
    "edge_agent.daemon.housekeeping": (
        *BELOW,
        "edge_agent.journal",
        "edge_agent.daemon.recorder",
        "edge_agent.daemon.retirement",
    ),
    "edge_agent.views.maintaining": (
        *BELOW,
        "edge_agent.diagnosis",
        "edge_agent.views.judged_words",
        "edge_agent.language",
        "edge_agent.phrases",
    ),
    "edge_agent.daemon.ways": (*BELOW, "edge_agent.config", "edge_agent.uplink"),
    "edge_agent.daemon.looking": (
        *BELOW,
        "edge_agent.cameras",
        "edge_agent.config",
        "edge_agent.diagnosis",
        "edge_agent.health",
        "edge_agent.daemon.inventory",
        "edge_agent.daemon.ways",
        "edge_agent.uplink",
    ),
    "edge_agent.machine": BELOW,
    "edge_agent.daemon.lines": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.daemon.panels",
        "edge_agent.link",
    ),
    "edge_agent.daemon.inventory": (*BELOW, "edge_agent.daemon.news"),
    "edge_agent.views.bundle": (*BELOW, "edge_agent.views.signed_page"),
    "edge_agent.views.signed_page": BELOW,
    "edge_agent.views.site_report": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.diagnosis",
        "edge_agent.daemon.inventory",
        "edge_agent.views.maintaining",
    ),
    "edge_agent.views.setup_steps": ("edge_agent.language", "edge_agent.phrases"),
    "edge_agent.views.site_page": (
        "edge_agent.views.judged_words",
        "edge_agent.language",
        "edge_agent.phrases",
        "edge_agent.views.rendering",
        "edge_agent.views.signed_page",
        "edge_agent.views.site_report",
    ),
    "edge_agent.daemon.authorities": (*BELOW, "edge_agent.config", "edge_agent.uplink"),
    "edge_agent.daemon.charter": (
        *BELOW,
        "edge_agent.daemon.authorities",
        "edge_agent.daemon.commands",
        "edge_agent.config",
        "edge_agent.control",
        "edge_agent.uplink",
    ),
    "edge_agent.daemon.decommissioning": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.daemon.charter",
        "edge_agent.daemon.ending",
        "edge_agent.daemon.orders",
        "edge_agent.identity",
    ),
    "edge_agent.daemon.offering": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.config_text",
        "edge_agent.identity",
        "edge_agent.uplink",
    ),
    "edge_agent.daemon.handover": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.config_text",
        "edge_agent.daemon.charter",
        "edge_agent.daemon.commands",
        "edge_agent.daemon.news",
        "edge_agent.daemon.offering",
        "edge_agent.daemon.orders",
        "edge_agent.daemon.reconfiguration",
        "edge_agent.identity",
    ),
    "edge_agent.daemon.scope_watch": (*BELOW, "edge_agent.daemon.news"),
    "edge_agent.center.charter_draft": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.config_words",
        "edge_agent.control.entitlement",  # which commands there are
    ),
    "edge_agent.views.handover": ("edge_agent.language", "edge_agent.views.rendering"),
    "edge_agent.views.charter": (*BELOW, "edge_agent.language", "edge_agent.views.rendering"),
    "edge_agent.daemon.exports": (*BELOW, "edge_agent.control"),
    "edge_agent.holding": (*BELOW, "edge_agent.contents", "edge_agent.journal"),
    "edge_agent.daemon.visitors": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.control",
        "edge_agent.trusted",
    ),
    "edge_agent.trusted": (*BELOW, "edge_agent.config"),
    "edge_agent.daemon.self_test": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.diagnosis",
        "edge_agent.daemon.looking",
    ),
    "edge_agent.program": ("edge_agent", "edge_agent.evidence"),
    "edge_agent.daemon.news": ("edge_agent.evidence",),
    "edge_agent.daemon.program_watch": (
        *BELOW,
        "edge_agent.daemon.children",
        "edge_agent.daemon.news",
    ),
    "edge_agent.daemon.heads": (*BELOW, "edge_agent.daemon.news"),
    "edge_agent.daemon.head_errands": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.daemon.anchoring",
        "edge_agent.daemon.heads",
        "edge_agent.daemon.second_signing",
    ),
    "edge_agent.daemon.anchoring": (
        *BELOW,
        "edge_agent.daemon.children",
        "edge_agent.daemon.heads",
    ),
    "edge_agent.daemon.second_signing": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.daemon.children",
        "edge_agent.daemon.heads",
    ),
    "edge_agent.daemon.timestamping": BELOW,
    "edge_agent.daemon.renewal_watch": (
        *BELOW,
        "edge_agent.daemon.children",
        "edge_agent.daemon.news",
    ),
    "edge_agent.daemon.children": (),
    "edge_agent.daemon.source": (
        *BELOW,
        "edge_agent.daemon.epoch",
        "edge_agent.journal",
        "edge_agent.daemon.recorder",
        "edge_agent.uplink",
    ),
    "edge_agent.daemon.centers": (
        *BELOW,
        "edge_agent.config",
        "edge_agent.journal",
        "edge_agent.daemon.recorder",
        "edge_agent.daemon.ways",
        "edge_agent.uplink",
    ),
    "edge_agent.daemon.heartbeat": (
        *BELOW,
        "edge_agent",
        "edge_agent.daemon.charter",
        "edge_agent.daemon.clips",
        "edge_agent.config",
        "edge_agent.daemon.diagnosing",
        "edge_agent.daemon.epoch",
        "edge_agent.health",
        "edge_agent.daemon.housekeeping",
        "edge_agent.journal",
        "edge_agent.daemon.recorder",
        "edge_agent.daemon.centers",
        "edge_agent.daemon.zone_rates",
    ),
    "edge_agent.agent": (
        *BELOW,
        "edge_agent",
        "edge_agent.daemon.charter",
        "edge_agent.daemon.scope_watch",
        "edge_agent.daemon.clips",
        "edge_agent.daemon.commands",
        "edge_agent.daemon.command_keys",
        "edge_agent.daemon.command_work",
        "edge_agent.daemon.reconfiguration",
        "edge_agent.daemon.zone_rates",
        "edge_agent.config",
        "edge_agent.daemon.ending",
        "edge_agent.contents",
        "edge_agent.daemon.decommissioning",
        "edge_agent.daemon.diagnosing",
        "edge_agent.daemon.epoch",
        "edge_agent.daemon.panels",
        "edge_agent.daemon.housekeeping",
        "edge_agent.daemon.inventory",
        "edge_agent.daemon.orders",
        "edge_agent.daemon.recorder",
        "edge_agent.machine",
        "edge_agent.daemon.heads",
        "edge_agent.daemon.head_errands",
        "edge_agent.daemon.program_watch",
        "edge_agent.daemon.renewal_watch",
        "edge_agent.daemon.self_test",
        "edge_agent.daemon.source",
        "edge_agent.daemon.centers",
        "edge_agent.daemon.lines",
        "edge_agent.daemon.timekeeping",
        "edge_agent.daemon.exports",
        "edge_agent.daemon.handover",
        "edge_agent.daemon.heartbeat",
        "edge_agent.daemon.updates",
        "edge_agent.daemon.visitors",
        *(f"edge_agent.{folder}" for folder in FOLDERS),
    ),
    "edge_agent.running": (
        *BELOW,
        "edge_agent.agent",
        "edge_agent.config",
        "edge_agent.control",
        "edge_agent.daemon.ending",
        "edge_agent.health",
        "edge_agent.journal",
        "edge_agent.daemon.reconfiguration",
    ),
    "edge_agent.demo": (  # everything else it starts as a child, as an operator would
        "edge_agent",
        "edge_agent.clock",
        "edge_agent.control.socket",
        "edge_agent.evidence",
        "edge_agent.journal",
        "edge_agent.language",
        "edge_agent.views.rendering",
        "hil.ports",
    ),
    "edge_agent.language": (),
    "edge_agent.views.identity": ("edge_agent.language", "edge_agent.phrases"),
    "edge_agent.views.judged_words": (
        "edge_agent.diagnosis.rules",  # what a verdict's reasons are called
        "edge_agent.domain",
        "edge_agent.language",
        "edge_agent.phrases",
        "edge_agent.views.signal_words",
        "edge_agent.views.zone_names",
    ),
    "edge_agent.views.signal_words": (
        "edge_agent.domain",
        "edge_agent.language",
        "edge_agent.views.zone_names",
    ),
    "edge_agent.phrases": (
        "edge_agent.cameras.trouble",  # what is to be done about a camera, in both languages
        "edge_agent.diagnosis.health_rules",  # and about a finding
    ),
    "edge_agent.views.probe": ("edge_agent.language", "edge_agent.phrases"),
    "edge_agent.views.walk": (
        "edge_agent.language",
        "edge_agent.phrases",
        "edge_agent.views.zone_names",
    ),
    "edge_agent.views.zone_names": ("edge_agent.domain", "edge_agent.language"),
    "edge_agent.views.status": (
        "edge_agent.views.handover",
        "edge_agent.views.judged_words",
        "edge_agent.language",
        "edge_agent.phrases",
        "edge_agent.views.rendering",
        "edge_agent.views.zone_names",
    ),
    "edge_agent.linetools": (
        *BELOW,
        "edge_agent.decoding",
        "edge_agent.language",
        "edge_agent.link",
        "edge_agent.phrases",
        "edge_agent.views.rendering",
    ),
    "edge_agent.cli": ("edge_agent",),
    "edge_agent.__main__": ("edge_agent.start",),
    "edge_agent.center": (
        "edge_agent",
        "edge_agent.domain",
        "edge_agent.evidence",
        "edge_agent.files",
        "edge_agent.resources",
        "edge_agent.clock",
        "edge_agent.logs",
        "edge_agent.output",
        "edge_agent.views.rendering",
        "edge_agent.language",
        "edge_agent.views.judged_words",
        "edge_agent.config",  # what is certainly wrong with one is told before it is sent
        "edge_agent.views.bundle",
        "edge_agent.center.charter_draft",
        "edge_agent.views.charter",
        "edge_agent.control.entitlement",  # who may what, at both ends
        "edge_agent.interrupts",
        "edge_agent.tls_door",
        "edge_agent.witness.cli",  # one command for all that an enterprise or an inspector does
        "edge_agent.witness.folder",
    ),
    "edge_agent.tls_door": (),
    "edge_agent.witness": (*BELOW, "edge_agent.logs", "edge_agent.tls_door"),  # needs no center
    "drivers": ("edge_agent.domain",),
    "hil": ("edge_agent.domain", "edge_agent.clock", "edge_agent.resources"),
    "bench": ("edge_agent", "drivers", "hil"),
    "tests": ("edge_agent", "drivers", "hil", "bench"),
}

WHOLE = {"edge_agent.cli", "bench", "tests"}
"""Parts for which an allowed package means everything below it; for the others "edge_agent" means
the package's own file (its version) alone."""

ONLY_IN: dict[str, tuple[str, ...]] = {
    # third-party package: the parts that may import it (tests and bench may import anything)
    "argcomplete": ("edge_agent.cli", "edge_agent.center.cli"),
    "cbor2": ("edge_agent.evidence.cbor",),
    "cryptography": (
        "edge_agent.evidence",
        "edge_agent.uplink",
        "edge_agent.center",
        "edge_agent.identity",
        "edge_agent.witness",
        "drivers._dc09_cipher",  # AES of one protocol; loaded where a site gives a key
        "hil",
    ),
    "msgspec": (
        *("edge_agent.config", "edge_agent.config_words", "edge_agent.config_text"),
        "edge_agent.center.charter_draft",
        *("edge_agent.resources", "edge_agent.center"),
        "edge_agent.rejudging",
    ),
    "paho": ("edge_agent.uplink.port", "edge_agent.center"),
    "pymodbus": ("edge_agent.link.modbus",),
    "rich": ("edge_agent.cli", "edge_agent.center.cli", "edge_agent.demo"),
    "segno": ("edge_agent.center.inviting",),
    "serial": ("edge_agent.link", "hil"),
    "structlog": ("edge_agent",),
}

PURE = ("edge_agent.domain", "edge_agent.evidence", "drivers")
IMPURE = {
    *("asyncio", "concurrent", "logging", "multiprocessing", "os", "pathlib", "random", "secrets"),
    *("select", "selectors", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile"),
    *("threading", "time", "urllib", "http", "shutil", "io"),
}
"""Of the standard library, what a pure machine has no use for."""

DAEMON_MAY_LOAD = {
    *("edge_agent", "drivers"),
    *("cbor2", "cryptography", "msgspec", "paho", "pymodbus", "serial", "structlog"),
    *("_cffi_backend", "_openssl"),  # what those bring along
}
"""Every name that is neither of the standard library nor here fails: each costs resident memory."""

DAEMON_MUST_NOT_LOAD = {
    *(
        "http.client",
        "http.server",
        "urllib.request",
        "importlib.metadata",
        "zipfile",
        "difflib",
        "pickle",
        "sqlite3",
        "unittest",
        "multiprocessing",
        "tkinter",
        "xml",
        "pydoc",
        "doctest",
    ),
    *(
        "pymodbus.datastore",
        "pymodbus.simulator",
        "statistics",
        "xmlrpc",
        "wsgiref",
        "ensurepip",
        "venv",
        "edge_agent.cameras",
        "edge_agent.center",
        "edge_agent.daemon.clips",
        "edge_agent.demo",
        "edge_agent.domain.recognition",
        "edge_agent.evidence.bundle",
        "edge_agent.evidence.booting",
        "edge_agent.evidence.der",
        "edge_agent.evidence.pkcs11",
        "edge_agent.evidence.pkcs11_child",
        "edge_agent.evidence.pkcs11_signer",
        "edge_agent.evidence.pkcs11_uri",
        "edge_agent.evidence.request",
        "edge_agent.evidence.timestamp",
        "edge_agent.evidence.tpm",
        "edge_agent.evidence.tpm_signer",
        "edge_agent.linetools",
        "edge_agent.phrases",
        "edge_agent.update",
    ),
}
"""Standard modules and parts of this project that the daemon has no use for."""


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: who imports it, and where."""

    importer: str
    imported: str
    place: str


def sources() -> list[Path]:
    parts = sorted({name.split(".")[0] for name in ALLOWED})
    return [path for part in parts for path in sorted((ROOT / part).rglob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Every statement, however deep, without the expressions: nothing is imported in one."""
    todo: list[ast.AST] = [tree]
    while todo:
        node = todo.pop()
        yield node
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(node, name, None)
            if isinstance(inner, list):
                todo += inner


def imports_of(text: str, module: str, place: str, is_package: bool = False) -> Iterator[Import]:
    """Every import in a source, also those inside functions; `from x import y` as x.y."""
    for node in statements(ast.parse(text)):
        match node:
            case ast.Import(names=names):
                for name in names:
                    yield Import(module, name.name, f"{place}:{node.lineno}")
            case ast.ImportFrom(module=base, names=names, level=level):
                prefix = base or ""
                if level:
                    here = module.split(".")[: None if is_package and level == 1 else -level]
                    prefix = ".".join([*here, *([base] if base else [])])
                for name in names:
                    yield Import(module, f"{prefix}.{name.name}", f"{place}:{node.lineno}")


@cache
def all_imports() -> list[Import]:
    return [
        found
        for path in sources()
        for found in imports_of(
            path.read_text(),
            module_name(path),
            str(path.relative_to(ROOT)),
            path.name == "__init__.py",
        )
    ]


def within(module: str, part: str) -> bool:
    return module == part or module.startswith(part + ".")


@cache  # thousands of imports name a few hundred modules
def part_of(module: str) -> str | None:
    """The part of the table that a module belongs to."""
    found = [part for part in ALLOWED if within(module, part)]
    return max(found, key=len, default=None)


def permits(part: str, allowed: str, imported: str) -> bool:
    if allowed == "edge_agent" and part not in WHOLE:
        return part_of(imported) == "edge_agent"
    return within(imported, allowed)


def direction_problem(found: Import) -> str | None:
    importer, imported = part_of(found.importer), part_of(found.imported)
    if imported is None:
        return None
    assert importer is not None, f"{found.place}: {found.importer} is in no part of the table"
    if importer == imported and (importer != "drivers" or found.importer == found.imported):
        return None
    if importer == "drivers" and found.imported.startswith("drivers._"):
        return None  # the frames of a large driver, or of several
    if any(permits(importer, allowed, found.imported) for allowed in ALLOWED[importer]):
        return None
    may = ", ".join(ALLOWED[importer]) or "nothing of this project"
    return f"{found.place}: {found.importer} imports {found.imported}; {importer} may import {may}"


def package_problem(found: Import) -> str | None:
    package = found.imported.split(".")[0]
    if package not in ONLY_IN or part_of(found.importer) in {"tests", "bench"}:
        return None
    if any(within(found.importer, part) for part in ONLY_IN[package]):
        return None
    return f"{found.place}: only {', '.join(ONLY_IN[package])} may import {package}"


def purity_problem(found: Import) -> str | None:
    if not any(within(found.importer, part) for part in PURE):
        return None
    if found.importer in SHELLS or found.imported.split(".")[0] not in IMPURE:
        return None
    return f"{found.place}: {found.importer} decides and does no I/O: no {found.imported} there"


def problems(imports: list[Import]) -> list[str]:
    rules = (direction_problem, package_problem, purity_problem)
    return [text for found in imports for rule in rules if (text := rule(found)) is not None]


def test_imports_point_one_way() -> None:
    found = problems(all_imports())
    assert not found, "\n" + "\n".join(found)


def test_every_source_is_in_the_table() -> None:
    names = [module_name(path) for path in sources()]
    strays = [
        name
        for name in names
        if part_of(name) == "edge_agent" and name not in {"edge_agent", "edge_agent._data"}
    ]
    assert not strays, f"no rule says what these may import: {strays}"
    assert len(names) > 20


def test_a_declared_third_party_package_has_a_rule() -> None:
    imported = {found.imported.split(".")[0] for found in all_imports() if _shipped(found)}
    ours = {part.split(".")[0] for part in ALLOWED}
    unknown = imported - set(sys.stdlib_module_names) - ours - set(ONLY_IN)
    assert not unknown, f"no rule says who may import {sorted(unknown)}"


def _shipped(found: Import) -> bool:
    return part_of(found.importer) not in {"tests", "bench"}


VIOLATIONS = [
    ("edge_agent.domain.signal", "import edge_agent.evidence.cbor", "edge_agent.domain may import"),
    ("edge_agent.link.runner", "from edge_agent.journal import Journal", "edge_agent.link may"),
    ("edge_agent.link.runner", "from edge_agent import journal", "edge_agent.link may import"),
    ("edge_agent.link.runner", "from edge_agent import agent", "edge_agent.link may import"),
    ("edge_agent.link.runner", "from .. import recorder", "edge_agent.link may import"),
    ("edge_agent.journal.segment", "from edge_agent.evidence import cbor", "edge_agent.journal"),
    ("edge_agent.limits", "from edge_agent.domain.kinds import Lane", "nothing of this project"),
    ("edge_agent.agent", "import hil.panels", "edge_agent.agent may import"),
    ("edge_agent.agent", "def f():\n    from edge_agent.cli import main", "edge_agent.agent may"),
    ("edge_agent.center.store", "from edge_agent.journal import read", "edge_agent.center may"),
    ("edge_agent.cli.demo", "from hil import panels", "edge_agent.cli may import edge_agent"),
    ("edge_agent.demo.stage", "from hil.panels import plans", "edge_agent.demo may import"),
    ("edge_agent.demo.stage", "from edge_agent.center.init import init", "edge_agent.demo may"),
    ("drivers.a", "from edge_agent.resources import data", "drivers may import edge_agent.domain"),
    ("drivers.a", "from drivers.b import decode", "drivers may import edge_agent.domain"),
    ("hil.panels.a", "from drivers.a import encode", "hil may import"),
    ("hil.panels.a", "from tests import stages", "hil may import"),
    ("drivers.a", "import socket", "does no I/O"),
    ("edge_agent.evidence.tree", "from time import monotonic", "does no I/O"),
    ("edge_agent.uplink.outbox", "import paho.mqtt.client", "only edge_agent.uplink.port"),
    ("edge_agent.agent", "from rich.console import Console", "only edge_agent.cli"),
]


@pytest.mark.parametrize(("importer", "line", "rule"), VIOLATIONS)
def test_a_violation_is_named(importer: str, line: str, rule: str) -> None:
    found = problems(list(imports_of(line, importer, "some/file.py")))
    assert len(found) == 1
    assert found[0].startswith("some/file.py:")
    assert rule in found[0]


def test_the_table_names_only_what_there_is_and_what_is_imported() -> None:
    modules = {module_name(path) for path in sources()}
    named = {*ALLOWED, *(name for allowed in ALLOWED.values() for name in allowed)}
    assert [name for name in named if not any(within(module, name) for module in modules)] == []
    imported: dict[str | None, set[str]] = {}
    for found in all_imports():
        imported.setdefault(part_of(found.importer), set()).add(found.imported)
    unused = [
        f"{part}: {name}"
        for part in ALLOWED.keys() - WHOLE - {"edge_agent.agent"}  # the last joins all folders
        for name in ALLOWED[part]
        if name not in BELOW and not any(permits(part, name, one) for one in imported[part])
    ]
    assert unused == []


ALLOWED_LINES = [
    ("edge_agent.link.runner", "from edge_agent.link.line import Line"),
    ("edge_agent.link.runner", "from .line import Line"),
    ("edge_agent.program.parts", "from edge_agent import __version__"),
    ("edge_agent.evidence.key_file", "import os"),
    ("edge_agent.agent", "from edge_agent.uplink.uplink import Uplink"),
    ("edge_agent.cli.demo", "from edge_agent.center.init import init"),
    ("drivers.a", "from edge_agent.domain.signal import Signal"),
    ("drivers.a", "from drivers._frames import decode"),
    ("tests.x", "import paho.mqtt.client"),
]


@pytest.mark.parametrize(("importer", "line"), ALLOWED_LINES)
def test_what_is_allowed_passes(importer: str, line: str) -> None:
    assert problems(list(imports_of(line, importer, "some/file.py"))) == []


CHILD = """
import sys, json
before = set(sys.modules)
from edge_agent.cli import parser
from edge_agent.cli.run import load
parser(["run"])
load()
import edge_agent.link.modbus  # where a bus is configured
# a name barred by None is not loaded
print(json.dumps([n for n in sorted(sys.modules) if n not in before and sys.modules[n]]))
"""


def loaded_by_the_daemon() -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    names: list[str] = json.loads(ran.stdout)
    return names


def test_the_daemon_loads_nothing_it_has_no_use_for() -> None:
    loaded = loaded_by_the_daemon()
    assert "edge_agent.agent" in loaded
    strangers = {name.split(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert strangers <= DAEMON_MAY_LOAD, f"not in the list: {sorted(strangers - DAEMON_MAY_LOAD)}"
    useless = [name for name in loaded for part in DAEMON_MUST_NOT_LOAD if within(name, part)]
    assert not useless, f"the daemon has no use for {useless}"
