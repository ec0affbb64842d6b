"""Words that the docs' prose avoids: reads the lists words.txt and terms.txt, and finds their words in pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).resolve().parent
ENGLISH = FOLDER / "words.txt"
CHINESE = FOLDER / "terms.txt"

# What an author doesn't answer for: code, what a link leads to, HTML, and other people's words.
NO_PROSE = re.compile(
    r"(`+)(?!`).*?(?<!`)\1(?!`)"
    r"|(?<=\])\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)"
    r"|<[^<>]*>|“[^”]*”|(?<!\w)\"[^\"]*\"(?!\w)"
)
# A line that is a paragraph of its own, or begins one: a heading, a row of a table, an item of a list.
ALONE = re.compile(r"\s*(?:#{1,6}\s|\|)")
BEGINS = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
QUOTED = re.compile(r"\s*>")


class Rule(NamedTuple):
    pattern: re.Pattern[str]
    better: str


def read_rules(path: Path) -> list[Rule]:
    """The rules of a list, one a line: what to avoid -> what to use."""
    rules = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        avoided, arrow, better = line.partition(" -> ")
        if not arrow:
            raise ValueError(f"{path.name}:{number}: no “ -> ”: {line}")
        rules.append(Rule(pattern_of(avoided.strip()), better.strip()))
    return rules


def pattern_of(avoided: str) -> re.Pattern[str]:
    if avoided.startswith("/") and avoided.endswith("/"):
        return re.compile(avoided[1:-1])
    text = re.escape(avoided)
    return re.compile(rf"\b{text}\b" if avoided.isascii() else text, re.IGNORECASE)


def mistakes(lines: Iterable[tuple[int, str]], rules: list[Rule]) -> Iterator[tuple[int, str, str]]:
    """Of numbered lines of prose: the line, the words that were found there, and the better ones."""
    for paragraph in paragraphs(lines):
        text = " ".join(line.strip() for _, line in paragraph)
        text = NO_PROSE.sub(lambda found: "`" * len(found[0]), text)
        for pattern, better in rules:
            for found in pattern.finditer(text):
                yield line_at(paragraph, found.start()), found[0].strip(), better


def paragraphs(lines: Iterable[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    """Lines that belong together, as a sentence may go over several."""
    current: list[tuple[int, str]] = []
    for number, line in lines:
        starts = not line.strip() or ALONE.match(line) or BEGINS.match(line) or QUOTED.match(line)
        if current and (starts or ALONE.match(current[-1][1]) or number != current[-1][0] + 1):
            yield current
            current = []
        if line.strip() and not QUOTED.match(line):
            current.append((number, line))
    if current:
        yield current


def line_at(paragraph: list[tuple[int, str]], offset: int) -> int:
    """The number of the line that has a place of the joined text."""
    for number, line in paragraph:
        offset -= len(line.strip()) + 1
        if offset < 0:
            break
    return number
