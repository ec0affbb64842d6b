#!/usr/bin/env python3
"""Fills the code in the docs' pages in from the files that are compiled and tested.

    scripts/snippets.py [FILE…]           fills it in: in these pages, or in all of docs/ and README*.md
    scripts/snippets.py --check [FILE…]   changes nothing; fails where a page differs from its sources

A page says where its code comes from, and this script writes what stands between the two comments:

    <!-- snippet src/01_echo/main.cpp#endpoint -->
    <!-- /snippet -->

    <!-- stacks src/01_echo#endpoint
    accept: accept\\(
    receive: receive_text ## receive_text ## co_await .*receive_text
    -->
    <!-- /stacks -->

Paths are relative to docs/. Without `#region` it is the whole file. A region of a source is what stands
between the lines `// [endpoint]` and `// [/endpoint]` (`# [endpoint]`, `<!-- [endpoint] -->`,
`/* [endpoint] */`). Regions may nest; the marker lines are cut out, and the rest is dedented.

A stacks block shows the same region of the Flask-SocketIO, the FastAPI and the C++ program of a folder.
The lines in its comment are

    NAME: REGEX                 lines of code that match are parts of one name, lit together on the site
    NAME: REGEX ## REGEX ## REGEX   one for each of Flask-SocketIO, FastAPI and C++; may be empty
    without: flask              leaves versions out that lack the region: any of flask, fastapi, cpp
    cpp: ../chapter08/main.cpp#run  takes a version from another file

Exit status: 0, or 1 with one line for each thing that is wrong, or 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"

STACKS = {
    "flask": ("Flask-SocketIO", "flask_socketio_app.py"),
    "fastapi": ("FastAPI", "fastapi_app.py"),
    "cpp": ("C++", "main.cpp"),
}
LANGUAGES = {
    ".cmake": "cmake", ".cpp": "cpp", ".css": "css", ".hpp": "cpp", ".html": "html", ".ini": "ini",
    ".js": "js", ".json": "json", ".md": "md", ".mjs": "js", ".py": "python", ".sh": "sh",
    ".toml": "toml", ".ts": "ts", ".yml": "yaml", "CMakeLists.txt": "cmake",
}  # fmt: skip

MARKER = re.compile(
    r"\s*(?:(?://|#)\s*\[(/?)([A-Za-z][\w-]*)\]"
    r"|<!--\s*\[(/?)([A-Za-z][\w-]*)\]\s*-->"
    r"|/\*\s*\[(/?)([A-Za-z][\w-]*)\]\s*\*/)\s*"
)
FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
OPENING = re.compile(r"(\s*)<!--\s*(snippet|stacks)\b(.*)")
CLOSING = re.compile(r"\s*<!--\s*/(snippet|stacks)\s*-->\s*")
PART = re.compile(r"([\w-]+)\s*:\s*(.*)")


class Mistake(Exception):
    """What is wrong in a page or a source, in one line; `line` is the page's, if it is not the block's."""

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.line = line


@dataclass
class Block:
    """One opening comment in a page, and the lines (counted from 0) that belong to it."""

    kind: str  # "snippet" or "stacks"
    source: str
    indent: str
    options: list[tuple[int, str]] = field(default_factory=list)  # the comment's lines, numbered from 1
    begin: int = 0  # the opening comment's first line
    body: int = 0  # the first line behind the opening comment
    end: int = 0  # the line of the closing comment

    @property
    def name(self) -> str:
        return f"{self.kind} {self.source}"


def shown(path: Path) -> str:
    """A path as a person would type it at the project's root."""
    return os.path.relpath(path, ROOT) if path.is_relative_to(ROOT) else str(path)


# --- sources -----------------------------------------------------------------------------------------


def resolve(path: str) -> Path:
    """The file or folder that a page means by a path."""
    found = (DOCS / path).resolve()
    if path.startswith("/") or not found.is_relative_to(ROOT):
        raise Mistake(f"{path}: a path is relative to docs/ and stays in the project")
    return found


def read_region(path: Path, region: str) -> list[str]:
    """The lines of a region, or of the whole file for an empty name: without markers, dedented."""
    if not path.is_file():
        raise Mistake(f"there is no file {shown(path)}")
    regions: dict[str, list[str]] = {"": []}
    opened: dict[str, int] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = MARKER.fullmatch(line)
        if not found:
            for name in ("", *opened):
                regions[name].append(line)
            continue
        where = f"{shown(path)}:{number}: "
        closes, name = next(pair for pair in zip(*[iter(found.groups())] * 2) if pair[1])
        if closes and not opened.pop(name, None):
            raise Mistake(f"{where}[/{name}] closes a region that is not open")
        if not closes and name in regions:
            raise Mistake(f"{where}a second region [{name}] in one file: give it another name")
        if not closes:
            regions[name] = []
            opened[name] = number
    for name, number in opened.items():
        raise Mistake(f"{shown(path)}:{number}: the region [{name}] is never closed: add [/{name}]")
    if region not in regions:
        there = ", ".join(sorted(filter(None, regions))) or "none"
        raise Mistake(f"{shown(path)} has no region [{region}]; there are: {there}")
    lines = textwrap.dedent("\n".join(regions[region])).strip("\n").split("\n")
    if lines == [""]:
        raise Mistake(f"{shown(path)}: the region [{region}] is empty")
    return [line.rstrip() for line in lines]


def split_source(source: str) -> tuple[str, str]:
    path, _, region = source.partition("#")
    return path, region


def fence(lines: list[str], path: Path, info: str = "") -> list[str]:
    """The lines as a fenced block; its info string begins with the language."""
    runs = [len(run[1]) for line in lines if (run := re.match(r"\s*(`{3,})", line))]
    ticks = "`" * max(3, *(run + 1 for run in runs), 3)
    language = LANGUAGES.get(path.name) or LANGUAGES.get(path.suffix, "text")
    return [f"{ticks}{language}{info}", *lines, ticks]


# --- what stands between two comments ----------------------------------------------------------------


def render_snippet(block: Block) -> list[str]:
    if block.options:
        raise Mistake("the comment of a snippet is one line", block.options[0][0])
    path, region = split_source(block.source)
    return fence(read_region(resolve(path), region), resolve(path))


def render_stacks(block: Block, page: Path) -> list[str]:
    sources, parts = read_options(block)
    versions = {}
    for stack, source in sources.items():
        path, region = split_source(source)
        try:
            versions[stack] = (resolve(path), read_region(resolve(path), region))
        except Mistake as mistake:
            hint = f"; if {STACKS[stack][0]} is to be left out, add the line `without: {stack}`"
            raise Mistake(f"{mistake}{hint}", mistake.line) from mistake
    found: dict[str, list[str]] = {stack: [] for stack in versions}
    for line, name, patterns in parts:
        hits = {
            stack: [n for n, text in enumerate(lines, 1) if patterns[stack] and patterns[stack].search(text)]
            for stack, (_, lines) in versions.items()
        }
        lit = [stack for stack in hits if hits[stack]]
        if len(lit) < 2:
            only = f"only {STACKS[lit[0]][0]}" if lit else "no version"
            raise Mistake(f"the part {name} matches lines in {only}: it has to match in two at least", line)
        for stack in lit:
            found[stack].append(f"{name}:{ranges(hits[stack])}")
    result = []
    for stack, (path, lines) in versions.items():
        link = os.path.relpath(path, page.resolve().parent).replace(os.sep, "/")
        info = f" [{STACKS[stack][0]}]" + (f' parts="{",".join(found[stack])}"' if found[stack] else "")
        result += [f"**{STACKS[stack][0]}**: [{path.name}]({link})", "", *fence(lines, path, info), ""]
    return result[:-1]


def read_options(block: Block) -> tuple[dict[str, str], list[tuple[int, str, dict[str, re.Pattern[str]]]]]:
    """The sources by stack, and the parts as (line in the page, name, pattern by stack)."""
    folder, region = split_source(block.source)
    mark = f"#{region}" if region else ""
    sources = {stack: f"{folder}/{file}{mark}" for stack, (_, file) in STACKS.items()}
    parts: list[tuple[int, str, dict[str, re.Pattern[str]]]] = []
    for number, line in block.options:
        found = PART.fullmatch(line.strip())
        if not found:
            raise Mistake(f"expected `name: regular expression`: {line.strip()}", number)
        name, value = found[1], found[2].strip()
        if name == "without":
            for stack in re.split(r"[,\s]+", value):
                if stack not in STACKS:
                    raise Mistake(f"no stack is named {stack}: {', '.join(STACKS)}", number)
                sources.pop(stack, None)
        elif name in STACKS:
            sources[name] = value if "#" in value else value + mark
        elif any(name == other for _, other, _ in parts):
            raise Mistake(f"a second part named {name}", number)
        else:
            parts.append((number, name, read_patterns(name, value, number)))
    return sources, parts


def read_patterns(name: str, value: str, line: int) -> dict[str, re.Pattern[str]]:
    patterns = [pattern.strip() for pattern in value.split("##")]
    if len(patterns) == 1:
        patterns *= len(STACKS)
    if len(patterns) != len(STACKS):
        raise Mistake(f"the part {name} has {len(patterns)} expressions: one, or one for each of "
                      f"{' ## '.join(STACKS)}", line)  # fmt: skip
    if not any(patterns):
        raise Mistake(f"the part {name} has no regular expression", line)
    try:
        compiled = [re.compile(pattern) if pattern else None for pattern in patterns]
    except re.error as error:
        raise Mistake(f"the part {name} is no regular expression: {error}", line) from error
    return dict(zip(STACKS, compiled))


def ranges(numbers: list[int]) -> str:
    """[2, 5, 6] as 2+5-6."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return "+".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


# --- pages -------------------------------------------------------------------------------------------


def find_blocks(lines: list[str]) -> Iterator[Block | Mistake]:
    """The blocks of a page; a block that cannot be read is a Mistake with its line."""
    at = 0
    fenced = ""
    excused = False  # a closing comment whose opening one was refused already
    while at < len(lines):
        line = lines[at]
        fenced = fence_after(fenced, line)
        if fenced:
            at += 1
            continue
        opening = OPENING.fullmatch(line)
        if not opening:
            if CLOSING.fullmatch(line):
                if not excused:
                    yield Mistake(f"{line.strip()} closes nothing", at + 1)
                excused = False
            at += 1
            continue
        try:
            block = read_opening(lines, at, opening)
            block.end = find_closing(lines, block)
        except Mistake as mistake:
            yield mistake
            excused = True
            at += 1
            continue
        excused = False
        yield block
        at = block.end + 1


def fence_after(fenced: str, line: str) -> str:
    """The fence that is open after a line: its ticks, or nothing."""
    found = FENCE.fullmatch(line)
    if not found:
        return fenced
    if not fenced:
        return found[1] if "`" not in found[2] else ""
    closes = found[1][0] == fenced[0] and len(found[1]) >= len(fenced) and not found[2].strip()
    return "" if closes else fenced


def read_opening(lines: list[str], at: int, opening: re.Match[str]) -> Block:
    indent, kind, rest = opening.groups()
    block = Block(kind, "", indent, begin=at)
    behind = at + 1
    if not rest.rstrip().endswith("-->"):
        while behind < len(lines) and "-->" not in lines[behind]:
            if lines[behind].strip():
                block.options.append((behind + 1, lines[behind]))
            behind += 1
        if behind == len(lines):
            raise Mistake(f"this <!-- {kind} comment is never closed: add a line `-->`", at + 1)
        if lines[behind].strip() != "-->":
            raise Mistake("the comment ends with a line of its own: `-->`", behind + 1)
        behind += 1
    block.source = rest.strip().removesuffix("-->").strip()
    if not re.fullmatch(r"[^\s#]+(#[\w-]+)?", block.source):
        raise Mistake(f"expected <!-- {kind} PATH or <!-- {kind} PATH#region", at + 1)
    block.body = behind
    return block


def find_closing(lines: list[str], block: Block) -> int:
    fenced = ""
    for at in range(block.body, len(lines)):
        fenced = fence_after(fenced, lines[at])
        closing = None if fenced else CLOSING.fullmatch(lines[at])
        if closing and closing[1] == block.kind:
            return at
        if closing or (not fenced and OPENING.fullmatch(lines[at])):
            break
    raise Mistake(f"{block.name} is never closed: add <!-- /{block.kind} -->", block.begin + 1)


def fill_in(page: Path, check: bool) -> list[str]:
    """Fills a page in, or only compares; returns what is wrong, one line each."""
    lines = page.read_text(encoding="utf-8").split("\n")
    wrong: list[str] = []
    result: list[str] = []
    copied = 0
    for block in find_blocks(lines):
        if isinstance(block, Mistake):
            wrong.append(f"{shown(page)}:{block.line}: {block}")
            continue
        try:
            body = render_snippet(block) if block.kind == "snippet" else render_stacks(block, page)
        except Mistake as mistake:
            wrong.append(f"{shown(page)}:{mistake.line or block.begin + 1}: {mistake}")
            continue
        body = [f"{block.indent}{line}" if line else "" for line in body]
        if check and lines[block.body : block.end] != body:
            at = first_difference(lines[block.body : block.end], body) + block.body + 1
            wrong.append(f"{shown(page)}:{at}: not what {block.name} is: its source has changed, or this was "
                         "edited by hand; change the source, then run scripts/snippets.py")  # fmt: skip
        result += lines[copied : block.body] + body
        copied = block.end
    result += lines[copied:]
    if not check and result != lines:
        page.write_text("\n".join(result), encoding="utf-8")
        print(f"filled in {shown(page)}")
    return wrong


def first_difference(one: list[str], other: list[str]) -> int:
    for at, (left, right) in enumerate(zip(one, other)):
        if left != right:
            return at
    return min(len(one), len(other))


def all_pages() -> list[Path]:
    pages = [*sorted(ROOT.glob("README*.md")), *sorted(DOCS.rglob("*.md"))]
    skipped = (DOCS / "src", DOCS / ".vitepress")
    return [page for page in pages if page.is_file() and not any(map(page.is_relative_to, skipped))]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing, fail where a page is stale")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="pages (all by default)")
    arguments = parser.parse_args()
    for file in arguments.files:
        if not file.is_file():
            parser.error(f"there is no file {file}")
    pages = [file.resolve() for file in arguments.files] or all_pages()
    wrong = [line for page in pages for line in fill_in(page, arguments.check)]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
