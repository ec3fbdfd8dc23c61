"""What every file of the project keeps to; the rules are the tables at the top.

Sizes count code lines: no blanks, comments or docstrings.  Tables (literals at module level) do not
count against a file: a protocol's code table is read as data.
"""

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("edge_agent", "drivers", "hil", "bench", "tests")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

WITHOUT_OWN_TEST: dict[str, str] = {
    # source: why it has no test file of its own name
    "edge_agent/__main__.py": "one call; started by tests/test_wheel.py",
    "edge_agent/limits.py": "constants only",
    "edge_agent/domain/address.py": "values without behaviour",
    "edge_agent/domain/event.py": "values without behaviour",
    "edge_agent/domain/session.py": "the contract; every driver's test and tests/contract use it",
    "edge_agent/domain/stamp.py": "values without behaviour",
    "edge_agent/diagnosis/cause.py": "words without behaviour",
    "edge_agent/diagnosis/finding.py": "a value; tests/test_judging.py tests its text",
    "edge_agent/diagnosis/observation.py": "a value; tests/diagnosis/test_reading.py makes it",
    "edge_agent/diagnosis/verdict.py": "a value; tests/test_judging.py tests its text",
    "edge_agent/evidence/bundle_report.py": "values; test_bundle_check.py makes them",
    "edge_agent/journal/contents.py": "a Protocol; tests/test_contents.py tests what keeps it",
    **{
        f"edge_agent/phrases/{name}.py": "a table; test_book.py beside it holds it to the sources"
        for name in (
            *("commands", "configuration", "evidence", "findings", "keys", "lines", "probing"),
            *("system", "ways"),
        )
    },
    "edge_agent/link/intake.py": "a Protocol; tests/daemon/test_recorder.py tests what keeps it",
}

NAMES_BANNED = ("Manager", "Helper", "Util", "Utils", "Data", "Info", "Base", "Handler")
"""Endings of class names that say nothing about what the class decides or does."""

SUPERVISION = (
    "edge_agent/running.py",
    "edge_agent/daemon/diagnosing.py",  # a bug in judging costs no alarm: docs/decisions/0018
    "edge_agent/diagnosis/guard.py",
    "edge_agent/resources.py",  # what a third party's driver raises when it is imported
    "edge_agent/daemon/panels.py",  # when it starts a session
    "edge_agent/domain/guarded.py",  # and in a session
)
"""The only files that may catch everything, each with its reason; the first ends the process."""

NEVER_SLEEPS = ("edge_agent", "drivers", "hil")
"""Parts that wait for the thing itself; tests and benchmarks may sleep in a polling loop only."""

RIG = "hil/rig/"
"""The tests' own processes: waited for as tests wait."""

POLL_S_MAX = 0.25

# Tests hand over wrong types on purpose, again and again: there the reason is in the test's name.
UNEXPLAINED_IGNORE = "# type: " + r"ignore\[[\w, -]+\]$"

# Written in pieces, so that this file does not find itself.
BANNED_TEXT: dict[str, str] = {
    "/" + r"work/(?!\w*\.o\b)": "a path of one machine",
    r"(?<![\w.>/-])/" + r"root/": "a path of one machine",
    r"\.\./" + "shared": "a folder outside the project",
    "pypi" + r"\.org": "a registry's host",
    "python" + r"hosted\.org": "a registry's host",
    "deb" + r"\.debian\.org": "a registry's host",
    r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b": "unfinished work",
    "NotImplemented" + "Error": "unfinished work",
    "# no" + r"qa(?!: [A-Z])": "a silenced check without its code",
    "# no" + r"qa: [A-Z0-9, ]+$": "a silenced check without its reason",
    "# type: " + r"ignore(?!\[)": "a silenced check without its code",
    UNEXPLAINED_IGNORE: "a silenced check without its reason",
    r"pytest\.(?:mark\.)?(?:skip|xfail|importor" + "skip)": "a test that is not run",
}

ANY_BANNED = re.compile("|".join(BANNED_TEXT), re.MULTILINE)
"""One look at a whole file; which word it is, and where, only if there is one."""

TEXT_SUFFIXES = {
    *(
        ".py",
        ".toml",
        ".md",
        ".service",
        ".rules",
        ".conf",
        ".csv",
        ".json",
        ".jsonl",
        ".sh",
        ".txt",
    ),
    "",
}
NOT_OURS = {".git", "__pycache__", "build", "dist", "node_modules"}


@dataclass(frozen=True)
class Source:
    """One Python file and what the rules look at."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT)) if self.path.is_relative_to(ROOT) else "sample.py"

    @cached_property
    def text(self) -> str:
        return self.path.read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The whole tree, walked once for all rules; as by `ast.walk`, in half its time."""
        found: list[ast.AST] = [self.tree]
        for node in found:
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    found += [one for one in value if isinstance(one, ast.AST)]
                elif isinstance(value, ast.AST):
                    found.append(value)
        return found

    @cached_property
    def code_lines(self) -> list[int]:
        """Numbers of the lines that hold code, in order."""
        lines = {
            number
            for number, line in enumerate(self.text.splitlines(), 1)
            if (code := line.strip()) and not code.startswith("#")
        }
        for node in self.nodes:  # what looks empty or like a comment inside a text is neither
            if isinstance(node, ast.Constant | ast.JoinedStr) and node.end_lineno != node.lineno:
                lines.update(_lines_of(node))
        for node in self.nodes:
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                lines.difference_update(_lines_of(node))
        return sorted(lines)

    def length(self, node: ast.stmt) -> int:
        end = bisect_right(self.code_lines, node.end_lineno or 0)
        return max(0, end - bisect_left(self.code_lines, node.lineno))

    def table_lines(self) -> int:
        """Code lines of literals at module level."""
        return sum(
            self.length(node)
            for node in self.tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Call)
        )


def _lines_of(node: ast.expr | ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or 0) + 1)


def sources(*parts: str) -> list[Source]:
    return [Source(path) for part in parts for path in sorted((ROOT / part).rglob("*.py"))]


def texts() -> Iterator[Path]:
    """Every text file of the project, tracked or not yet."""
    folders = [ROOT]
    while folders:
        for path in sorted(folders.pop().iterdir()):
            if path.is_dir():
                hidden = path.name.startswith(".") and path.name != ".ci"
                if not hidden and path.name not in NOT_OURS:
                    folders.append(path)
            elif path.suffix in TEXT_SUFFIXES and path.name != "LICENSE":
                yield path


# ---- rules: each yields "place: what is wrong"


def too_long(source: Source) -> Iterator[str]:
    """Files and functions that do not fit a head."""
    size = len(source.code_lines) - source.table_lines()
    if size >= FILE_LINES_MAX:
        yield f"{source.name}: {size} code lines, allowed are fewer than {FILE_LINES_MAX}"
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = source.length(node)
            if size > FUNCTION_LINES_MAX:
                yield (
                    f"{source.name}:{node.lineno}: {node.name} has {size} code lines, "
                    f"allowed are {FUNCTION_LINES_MAX}"
                )


def catches_everything(source: Source) -> Iterator[str]:
    """`except Exception` hides our own bugs; `BaseException` is for cleaning up and going on up."""
    for node in source.nodes:
        if not isinstance(node, ast.ExceptHandler) or source.name in SUPERVISION:
            continue
        caught = {
            part.id for part in ast.walk(node.type or ast.Name("")) if isinstance(part, ast.Name)
        }
        cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if "Exception" in caught or (caught & {"", "BaseException"} and not cleans_up):
            yield f"{source.name}:{node.lineno}: catches everything; allowed in agent.py"


def sleeps(source: Source) -> Iterator[str]:
    """A fixed sleep is either too short or too long: wait for the condition instead."""
    polling = {
        inner
        for loop in source.nodes
        if isinstance(loop, ast.While | ast.For)
        for inner in ast.walk(loop)
    }
    for node in source.nodes:
        if not isinstance(node, ast.Call) or not _is_sleep(node.func):
            continue
        place = f"{source.name}:{node.lineno}"
        if source.name.split("/")[0] in NEVER_SLEEPS and not source.name.startswith(RIG):
            yield f"{place}: sleeps; wait for what you wait for"
        elif node not in polling or not _is_short(node.args[0]):
            yield f"{place}: sleeps; poll a condition with a deadline, {POLL_S_MAX} s at most"


def _is_sleep(called: ast.expr) -> bool:
    match called:
        case ast.Attribute(value=ast.Name(id="time"), attr="sleep"):
            return True
    return False


def _is_short(seconds: ast.expr) -> bool:
    match seconds:
        case ast.Constant(value=int() | float() as value):
            return value <= POLL_S_MAX
        case ast.Name():
            return True  # a named constant has its reason where it is defined
    return False


def named_for_nothing(source: Source) -> Iterator[str]:
    """A class is named for what it decides or is."""
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and node.name.endswith(NAMES_BANNED):
            yield f"{source.name}:{node.lineno}: class {node.name}: name it for what it decides"


def undocumented(source: Source) -> Iterator[str]:
    """A source says at its top what it decides; tests say it by their names."""
    if source.text.strip() and ast.get_docstring(source.tree) is None:
        yield f"{source.name}: no module docstring"


def banned(name: str, text: str) -> Iterator[str]:
    """Words that do not belong into the project."""
    if not ANY_BANNED.search(text):
        return
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, reason in BANNED_TEXT.items():
            if name.startswith("tests/") and pattern == UNEXPLAINED_IGNORE:
                continue
            if found := re.search(pattern, line):
                yield f"{name}:{number}: {reason}: {found[0]}"


def expected_test(source: str) -> str:
    """The test file that mirrors a source."""
    path = Path(source)
    parents = path.parent.parts[1:] if path.parts[0] == "edge_agent" else path.parent.parts
    return str(Path("tests", *parents, f"test_{path.name.lstrip('_')}"))


# ---- the project


def check(problems: Iterator[str]) -> None:
    found = list(problems)
    assert not found, "\n" + "\n".join(found)


Rule = Callable[[Source], Iterator[str]]
RULES: tuple[Rule, ...] = (too_long, catches_everything, sleeps, named_for_nothing)
SHIPPED = ("edge_agent", "drivers", "hil")


@cache
def broken() -> dict[Rule, list[str]]:
    """What is found by each rule: each source is parsed once, and its tree kept no longer.

    All trees together were half a gigabyte, and looked through for garbage again and again.
    """
    found: dict[Rule, list[str]] = {rule: [] for rule in (*RULES, undocumented)}
    for source in sources(*PARTS):
        for rule in RULES:
            found[rule] += rule(source)
        if source.name.startswith(SHIPPED):
            found[undocumented] += undocumented(source)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_source_keeps_to(rule: Rule) -> None:
    assert len(sources(*PARTS)) > 20
    check(iter(broken()[rule]))


def test_every_shipped_source_says_what_it_decides() -> None:
    check(iter(broken()[undocumented]))


def test_no_file_holds_words_that_do_not_belong() -> None:
    found = list(texts())
    assert ROOT / "pyproject.toml" in found
    assert ROOT / "run" in found
    check(
        problem
        for path in found
        for problem in banned(str(path.relative_to(ROOT)), path.read_text(errors="replace"))
    )


def test_the_architecture_page_names_every_module_and_folder() -> None:
    """Else a listing tells a newcomer less than it should; and it names none that is not there."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    root = ROOT / "edge_agent"
    inside = sorted(root.iterdir())
    found = sorted([*root.glob("*.py"), *root.glob("daemon/*.py")])
    modules = [str(path.relative_to(root)) for path in found if path.name[0] != "_"]
    folders = [path.name for path in inside if (path / "__init__.py").exists()]
    assert len(modules) > 40
    unnamed = [name for name in modules if f"`{name}`" not in page]
    unnamed += [name for name in folders if f"`edge_agent/{name}`" not in page]
    beside = [*PARTS[1:], "config", "systemd", "docs", "requirements"]
    rig = [path for path in sorted((ROOT / "hil").iterdir()) if path.name[0] not in "_."]
    unnamed += [name for name in beside if f"| `{name}" not in page]
    unnamed += [path.name for path in rig if f"`hil/{path.name}`" not in page]
    assert not unnamed
    told = re.findall(r"^\| ((?:`[\w/.]+`(?:, )?)+) \|", page, re.MULTILINE)
    names = [name for row in told for name in re.findall(r"`([\w/.]+)`", row)]
    assert set(modules) <= set(names)
    assert not [name for name in names if not ((ROOT / name).exists() or (root / name).exists())]


def test_readme_leads_to_every_page() -> None:
    pages = [path for path in (ROOT / "docs").iterdir() if path.suffix == ".md" or path.is_dir()]
    text = (ROOT / "README.md").read_text()
    unnamed = [path.name for path in pages if f"(docs/{path.name})" not in text]
    assert sorted(unnamed) == ["vectors", "verifier"], "what a page leads to"


def test_every_source_has_its_test_file() -> None:
    missing = [
        f"{source.name}: no {expected_test(source.name)}"
        for source in sources("edge_agent", "drivers")
        if source.path.name != "__init__.py"
        and source.name not in WITHOUT_OWN_TEST
        and not (ROOT / expected_test(source.name)).is_file()
    ]
    check(iter(missing))


def test_exemptions_are_still_needed() -> None:
    for name, reason in WITHOUT_OWN_TEST.items():
        assert reason
        assert (ROOT / name).is_file(), f"{name} is gone: drop its exemption"
        assert not (ROOT / expected_test(name)).is_file(), f"{name} has a test: drop its exemption"


# ---- the rules themselves


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return tmp_path / "sample.py"


def found_in(sample: Path, text: str) -> list[str]:
    sample.write_text(text)
    return [problem for rule in RULES for problem in rule(Source(sample))]


def body(lines: int) -> str:
    return "".join(f"    x = {n}\n" for n in range(lines))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("def f():\n" + body(FUNCTION_LINES_MAX), "f has 61 code lines"),
        ("".join(f"def f{n}(): pass\n" for n in range(FILE_LINES_MAX)), "400 code lines"),
        ("try:\n    pass\nexcept Exception:\n    raise\n", ":3: catches everything"),
        ("try:\n    pass\nexcept (OSError, Exception):\n    pass\n", ":3: catches everything"),
        ("try:\n    pass\nexcept BaseException:\n    pass\n", ":3: catches everything"),
        ("try:\n    pass\nexcept:\n    pass\n", ":3: catches everything"),
        ("import time\ntime.sleep(1)\n", ":2: sleeps"),
        ("import time\nwhile True:\n    time.sleep(1)\n", ":3: sleeps"),
        ("class ThingManager:\n    pass\n", "class ThingManager"),
    ],
)
def test_a_rule_finds_what_it_is_for(sample: Path, text: str, problem: str) -> None:
    found = found_in(sample, text)
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    '''Long.\n" + "\n" * 90 + "    '''\n" + "    # why\n" * 90 + body(59),
        "T = {\n" + "".join(f"    {n}: {n},\n" for n in range(500)) + "}\n",
        "try:\n    pass\nexcept BaseException:\n    x = 1\n    raise\n",
        "try:\n    pass\nexcept (OSError, ValueError):\n    pass\n",
        "import time\nwhile True:\n    time.sleep(0.05)\n",
    ],
)
def test_a_rule_leaves_alone_what_is_fine(sample: Path, text: str) -> None:
    assert found_in(sample, text) == []


@pytest.mark.parametrize(
    "line",
    [
        "/".join(["see ", "work", "main"]),
        "/".join(["in ", "root", ".cache"]),
        "../" + "shared/codes",
        "# TO" + "DO later",
        "raise NotImplemented" + "Error",
        "x = 1  # no" + "qa",
        "x = 1  # no" + "qa: S101",
        "x = 1  # type: " + "ignore[misc]",
        "@pytest.mark." + "skip",
    ],
)
def test_a_banned_word_is_found(line: str) -> None:
    assert len(list(banned("a.md", f"fine\n{line}\nfine"))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "leaf/root/peaks, network/layers, shared/exclusive",
        "x = 1  # no" + "qa: S101  only the test's own child is started",
        "x = 1  # type: " + "ignore[misc]  # the stub is wrong",
    ],
)
def test_a_fine_line_is_left_alone(line: str) -> None:
    assert list(banned("a.md", line)) == []


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("edge_agent/clock.py", "tests/test_clock.py"),
        ("edge_agent/evidence/cbor.py", "tests/evidence/test_cbor.py"),
        ("drivers/surgard.py", "tests/drivers/test_surgard.py"),
        ("drivers/_ness_frames.py", "tests/drivers/test_ness_frames.py"),
    ],
)
def test_where_a_test_file_is_expected(source: str, test: str) -> None:
    assert expected_test(source) == test
