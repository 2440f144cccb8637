"""Finds every Chinese sentence that the program says: ``say(...)`` and ``next_step`` in code, ``{% say %}`` in pages."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = (ROOT / "src" / "tongxin", ROOT / "drill" / "src")
_TAG = re.compile(r"""\{%\s*say\s+(?:"([^"]+)"|'([^']+)')((?:(?!%\}).)*)%\}""")


def sentences() -> dict[str, bool]:
    """Return every sentence; True where some place gives a count, so that plural forms are needed."""
    found: dict[str, bool] = {}
    for sentence, counted in (*_in_code(), *_in_pages()):
        found[sentence] = found.get(sentence, False) or counted
    return found


def _in_code() -> Iterator[tuple[str, bool]]:
    for folder in PROGRAM:
        for file in sorted(folder.rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                yield from _said(node)


def _said(node: ast.AST) -> Iterator[tuple[str, bool]]:
    match node:
        case ast.Call(func=ast.Name("say"), args=[ast.Constant(str(sentence)), *_], keywords=words):
            yield sentence, any(word.arg == "n" and _is_count(word.value) for word in words)
        case ast.Assign(targets=[ast.Name("next_step" | "sentence")], value=ast.Constant(str(sentence))) if sentence:
            yield sentence, False


def _is_count(node: ast.expr) -> bool:
    return isinstance(node, ast.Call | ast.Name | ast.Attribute)


def _in_pages() -> Iterator[tuple[str, bool]]:
    for file in sorted((ROOT / "src" / "tongxin").rglob("*.html")):
        for match in _TAG.finditer(file.read_text("utf-8")):
            yield match[1] or match[2], "count=" in match[3]
