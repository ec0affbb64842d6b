#!/usr/bin/env python3
"""Finds what is missing in the docs: a page or a heading in one of the languages, what a link leads to.

    scripts/check_docs.py

- Each page of docs/ has its twin in docs/zh-TW/, with headings of the same levels in the same order.
- A link to a file leads to a file or folder of the project, and a link with `#anchor` to a heading of that
  name: as code hosts make the names, and the site makes them alike (docs/.vitepress/markdown/slugify.js).
- A page of a language links to pages of that language.
- A chapter has its programs, docs/src/CHAPTER/, but for those named below.
- No file of a chapter's programs is longer than the tutorial promises in its chapter 00. Lines that mark
  regions, `// [name]`, do not count.
- The prose of docs/ and README*.md has none of the words that scripts/lib/words.txt (English) and
  scripts/lib/terms.txt (Chinese) list, but the better ones.

Exit status: 0, or 1 with one line for each thing that is wrong.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from lib import words

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TWIN = "zh-TW"

# Chapters about programs that are there already.
WITHOUT_PROGRAMS = {"00_what_we_build", "12_testing", "13_speed", "14_faults", "16b_one_chat"}
# Chapters whose program is the whole of a chat, which is as long as it is.
OF_ANY_LENGTH = {"08_chat"}
MOST_LINES = 120

FENCE = re.compile(r"\s*(`{3,}|~{3,})(.*)")
HEADING = re.compile(r" {0,3}(#{1,6})\s+(.*?)\s*#*\s*")
CODE = re.compile(r"(`+)(?!`).*?(?<!`)\1(?!`)")
LINK = re.compile(r"\]\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"\s{0,3}\[[^\]]+\]:\s*<?(\S+?)>?(?:\s+\"[^\"]*\")?\s*")
HTML_LINK = re.compile(r"<(?:a|img)\s[^>]*?\b(?:href|src)=\"([^\"]*)\"")
FRONT_LINK = re.compile(r"\s*(?:link|src):\s*(\S+)")
# As scripts/snippets.py knows it.
MARKER = re.compile(r"\s*(?://|#)\s*\[/?[A-Za-z][\w-]*\]\s*")
EXTERNAL = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass
class Page:
    """A Markdown file: its headings and its links, each with its line, and its lines of text."""

    path: Path
    text: list[tuple[int, str]] = field(default_factory=list)  # line, text
    headings: list[tuple[int, int, str]] = field(default_factory=list)  # line, level, text
    links: list[tuple[int, str]] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        return os.path.relpath(self.path, ROOT)


def read_page(path: Path) -> Page:
    page = Page(path)
    counts: dict[str, int] = {}
    page.text = list(text_lines(path.read_text(encoding="utf-8").split("\n")))
    for number, line in page.text:
        heading = HEADING.fullmatch(line)
        if heading:
            page.headings.append((number, len(heading[1]), heading[2]))
            slug = slugify(plain(heading[2]))
            # A second heading of one name is name-1, as on code hosts.
            page.anchors.add(f"{slug}-{counts[slug]}" if slug in counts else slug)
            counts[slug] = counts.get(slug, 0) + 1
        bare = CODE.sub("", line)
        for pattern in (LINK, HTML_LINK):
            page.links += [(number, target) for target in pattern.findall(bare)]
        reference = REFERENCE.fullmatch(bare)
        if reference:
            page.links.append((number, reference[1]))
    return page


def text_lines(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The lines that are neither code nor comment, numbered from 1; of a front matter the links."""
    fenced = ""
    comment = False
    front = lines[:1] == ["---"]
    for number, line in enumerate(lines, 1):
        if front and number > 1:
            front = line != "---"
            found = FRONT_LINK.fullmatch(line)
            if found:
                yield number, f"[front]({site_link(found[1])})"
            continue
        fence = FENCE.fullmatch(line)
        if fence and not comment:
            if not fenced:
                fenced = fence[1]
                continue
            if fence[1][0] == fenced[0] and len(fence[1]) >= len(fenced) and not fence[2].strip():
                fenced = ""
                continue
        if fenced or front:
            continue
        text, comment = without_comments(line, comment)
        yield number, text


def site_link(link: str) -> str:
    """A link of a front matter, /zh-TW/page or /images/picture.png, as a path from docs/."""
    target = DOCS / link.strip("/")
    return quote(str(target if target.suffix else target.with_suffix(".md")))


def without_comments(line: str, inside: bool) -> tuple[str, bool]:
    """A line without what stands in <!-- … -->, and whether a comment is open behind it."""
    result = ""
    while line:
        mark = "-->" if inside else "<!--"
        before, found, line = line.partition(mark)
        result += "" if inside else before
        inside ^= bool(found)
    return result, inside


def plain(heading: str) -> str:
    """The text of a heading: no marks of code and emphasis, of links their text."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece[1:-1] if piece.startswith("`") else emphasised(piece) for piece in pieces)


def emphasised(text: str) -> str:
    text = re.sub(r"(\*{1,3})(\S(?:.*?\S)?)\1", r"\2", text)
    return re.sub(r"(?<!\w)(_{1,3})(\S(?:.*?\S)?)\1(?!\w)", r"\2", text)


def slugify(text: str) -> str:
    """The name of a heading in links, as code hosts make it."""
    kept = (c for c in text.strip().lower() if c in "- " or unicodedata.category(c)[0] in "LMN"
            or unicodedata.category(c) == "Pc")  # fmt: skip
    return "".join(kept).replace(" ", "-")


# --- what is checked ---------------------------------------------------------------------------------


def check_twins(pages: dict[Path, Page]) -> Iterator[str]:
    """Each page has its twin in the other language, and each heading has one in that."""
    for path, page in pages.items():
        name = path.relative_to(DOCS)
        if name.parts[0] == TWIN:
            if DOCS / name.relative_to(TWIN) not in pages:
                yield f"{page.name}:1: there is no docs/{name.relative_to(TWIN)}, which this translates"
            continue
        twin = pages.get(DOCS / TWIN / name)
        if twin is None:
            yield f"{page.name}:1: there is no docs/{TWIN}/{name}, its translation"
            continue
        yield from check_headings(page, twin)


def check_headings(page: Page, twin: Page) -> Iterator[str]:
    for one, other in zip(page.headings, twin.headings):
        if one[1] != other[1]:
            yield (
                f"{twin.name}:{other[0]}: the heading {shown(other)} stands where {page.name}:{one[0]} has"
                f" {shown(one)}: the levels differ"
            )
            return
    longer, shorter = sorted((page, twin), key=lambda p: len(p.headings), reverse=True)
    if len(longer.headings) > len(shorter.headings):
        missing = longer.headings[len(shorter.headings)]
        yield f"{shorter.name}:1: it lacks the heading that {longer.name}:{missing[0]} has: {shown(missing)}"


def shown(heading: tuple[int, int, str]) -> str:
    return f"“{'#' * heading[1]} {heading[2]}”"


def check_titles(page: Page) -> Iterator[str]:
    """A page has one title, at its top; a front page has it in its front matter."""
    titles = [line for line, level, _ in page.headings if level == 1]
    if page.path.name == "index.md" and not titles:
        return
    if len(titles) != 1 or page.headings[0][1] != 1:
        yield f"{page.name}:{titles[-1] if titles else 1}: a page has one heading of level 1, its first"


def check_links(page: Page, pages: dict[Path, Page]) -> Iterator[str]:
    for line, link in page.links:
        wrong = link_mistake(page, link, pages)
        if wrong:
            written = unquote(link).removeprefix(str(DOCS))
            yield f"{page.name}:{line}: the link {written} {wrong}"


def link_mistake(page: Page, link: str, pages: dict[Path, Page]) -> str:
    """What is wrong with a link; nothing if it is good, or leads out of the project."""
    if EXTERNAL.match(link):
        return ""
    path, _, anchor = link.partition("#")
    if path.startswith("/") and not unquote(path).startswith(f"{DOCS}/"):
        return "begins at the root, which is another one on a code host: write it relative to the page"
    target = (page.path.parent / unquote(path)).resolve() if path else page.path
    if not target.is_relative_to(ROOT):
        return "leads out of the project"
    if not target.exists() or (path.endswith("/") and not target.is_dir()):
        return "leads nowhere: there is no such file"
    if page.path.is_relative_to(DOCS):
        wrong = language_mistake(page.path, target, pages)
        if wrong:
            return wrong
    if anchor and target.suffix == ".md":
        there = pages.get(target) or read_page(target)
        if unquote(anchor) not in there.anchors:
            return f"leads to no heading of {there.name}"
    return ""


def language_mistake(path: Path, target: Path, pages: dict[Path, Page]) -> str:
    if target not in pages:
        return ""
    here = path.relative_to(DOCS).parts[0] == TWIN
    name = target.relative_to(DOCS)
    there = name.parts[0] == TWIN
    if here == there:
        return ""
    own = DOCS / TWIN / name if here else DOCS / name.relative_to(TWIN)
    return f"leads to the other language: {os.path.relpath(own, path.parent)} is the page in this one"


def check_programs(page: Page) -> Iterator[str]:
    chapter = page.path.stem
    if not re.match(r"\d\d[a-z]?_", chapter) or chapter in WITHOUT_PROGRAMS:
        return
    if not any((DOCS / "src" / chapter).glob("*.*")):
        yield f"{page.name}:1: a chapter without programs: there is no docs/src/{chapter}"


def check_lengths() -> Iterator[str]:
    """Programs stay as small as a reader was told, and so do the files that they are made of."""
    for path in sorted((DOCS / "src").glob("[0-9][0-9]*_*/*.*")):
        if path.suffix not in (".cpp", ".hpp", ".py") or path.parent.name in OF_ANY_LENGTH:
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        count = sum(1 for line in lines if not MARKER.fullmatch(line))
        if count > MOST_LINES:
            yield (
                f"{os.path.relpath(path, ROOT)}:{len(lines)}: {count} lines without the markers of regions, and"
                f" {MOST_LINES} is the most: leave out what the chapter does not need, or give a part of it a"
                " file of its own, as 06_names/connection_manager.hpp is"
            )


def check_words(page: Page, rules: list[words.Rule]) -> Iterator[str]:
    for line, found, better in words.mistakes(page.text, rules):
        yield f"{page.name}:{line}: the docs avoid “{found}”: {better}"


def main() -> int:
    skipped = [DOCS / name for name in ("src", ".vitepress", "public")]
    paths = [p for p in sorted(DOCS.rglob("*.md")) if not any(map(p.is_relative_to, skipped))]
    pages = {path: read_page(path) for path in paths}
    wrong = [*check_twins(pages), *check_lengths()]
    for page in pages.values():
        wrong += [*check_titles(page), *check_links(page, pages), *check_programs(page)]
    english, chinese = words.read_rules(words.ENGLISH), words.read_rules(words.CHINESE)
    for path, page in pages.items():
        is_chinese = path.relative_to(DOCS).parts[0] == TWIN
        wrong += check_words(page, chinese if is_chinese else english)
    for name, rules in (("README.md", english), ("README.zh-TW.md", chinese)):
        if (ROOT / name).is_file():
            readme = read_page(ROOT / name)
            wrong += [*check_words(readme, rules), *(check_links(readme, pages) if name == "README.md" else ())]
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
