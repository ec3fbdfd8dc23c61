"""The sentences in a source file, as samples of what it can say: a 7 stands for every value."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

_PROSE = re.compile(r"[a-z]{2,}[,;:.]? [a-z0-9{(]|7 [a-z]{2,}")
_EXPRESSION = re.compile(r"\(\?P<|\\w")
_CHINESE = re.compile("[\u4e00-\u9fff]")
_NOT_SAID = ("log.", "add_argument(", "command(", "Meta(", "get_logger(", "thread(", "Thread(")
"""Calls whose words are for logs, for `--help`, for the schema and for nobody."""


def sentences(file: str) -> Iterator[tuple[str, str]]:
    """Yield place and sample of every text in a source that reads like a sentence.

    Docstrings, assertions, logs, help and catalogs, which have the Chinese beside the English, are
    none.
    """
    tree = ast.parse((ROOT / file).read_text())
    constants = dict(_constants(tree))
    passed = {id(one) for node in ast.walk(tree) for one in _passed_over(node)}
    for node in ast.walk(tree):
        text = None if id(node) in passed else _sample(node, constants)
        if text is not None and _PROSE.search(text) and not _EXPRESSION.search(text):
            yield f"{file}:{node.lineno}", text  # type: ignore[attr-defined]  # a text has one


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the texts that have a name in the whole file."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str() as text)):
                yield name, text


def _passed_over(node: ast.AST) -> Iterator[ast.AST]:
    match node:
        case ast.Expr(value=ast.Constant() as docstring):
            yield docstring
        case ast.JoinedStr():
            yield from (one for one in ast.walk(node) if one is not node)
        case ast.Assert():
            yield from ast.walk(node)
        case ast.FunctionDef(returns=ast.expr() as type_):
            yield type_
        case ast.arg(annotation=ast.expr() as type_) | ast.AnnAssign(annotation=type_):
            yield type_
        case ast.Call() if any(name in f"{ast.unparse(node.func)}(" for name in _NOT_SAID):
            yield from ast.walk(node)
        case ast.Tuple(elts=[english, chinese]) if _CHINESE.search(_sample(chinese, {}) or ""):
            yield english
            yield chinese


def _sample(node: ast.AST, constants: dict[str, str]) -> str | None:
    match node:
        case ast.Constant(value=str() as text):
            return re.sub(r"\{[\w.:!]+\}", "7", text)
        case ast.JoinedStr(values=parts):
            return "".join(_sample(part, constants) or "7" for part in parts)
        case ast.FormattedValue(value=ast.Name(id=name), conversion=-1):
            return constants.get(name)
    return None
