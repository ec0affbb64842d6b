"""Counts lines of code: neither blank ones, nor comments, nor Python's docstrings."""

from __future__ import annotations

import io
import re
import tokenize

from .stacks import ROOT

# What the class reads of each stack, and the layer that C++ needs where Python has a framework.
PROGRAMS = {
    "flask": ["docs/src/08_chat/flask_socketio_app.py"],
    "fastapi": ["docs/src/08_chat/fastapi_app.py"],
    "cpp": ["chapter08/main.cpp", "chapter08/routers", "chapter08/chat"],
}
LAYERS = {"cpp": ["chapter08/beastapi"]}

_CPP_TOKEN = re.compile(
    r'R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)"'  # a raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"  # a character; 1'000 is a number
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)",
    re.DOTALL,
)


def count_lines() -> dict[str, dict[str, int]]:
    """Lines of each stack's program, and of its layer if it brings one."""
    return {
        stack: {"program": _count(paths), "layer": _count(LAYERS.get(stack, []))}
        for stack, paths in PROGRAMS.items()
    }


def _count(paths: list[str]) -> int:
    total = 0
    for path in (ROOT / name for name in paths):
        files = [path] if path.is_file() else sorted(path.rglob("*.[ch]pp"))
        for file in files:
            text = file.read_text(encoding="utf-8")
            total += python_lines(text) if file.suffix == ".py" else cpp_lines(text)
    return total


def cpp_lines(text: str) -> int:
    """Lines of C++ that hold code."""

    def without_comment(token: re.Match[str]) -> str:
        if token["comment"] is None:
            return token[0]
        return "\n" * token[0].count("\n")

    return sum(bool(line.strip()) for line in _CPP_TOKEN.sub(without_comment, text).splitlines())


def python_lines(text: str) -> int:
    """Lines of Python that hold code."""
    layout = {tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING}
    layout |= {tokenize.COMMENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    begins = True  # whether a statement begins here
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and begins
        if token.type not in layout and not is_docstring:
            lines.update(range(token.start[0], token.end[0] + 1))
        if token.type not in (tokenize.COMMENT, tokenize.NL):
            begins = token.type in layout
    return len(lines)
