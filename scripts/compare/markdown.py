"""The report as Markdown, for a code host or an editor."""

from __future__ import annotations

from typing import Any

from . import behaviour
from .headlines import headlines
from .stacks import STACKS
from .tables import Row, Section
from .workers import ABOUT_WORKERS, workers_table

_STATE = {
    behaviour.PASSED: "✓",
    behaviour.KNOWN: "known failure",
    behaviour.UNEXPECTED: "**✗ unexpected**",
    behaviour.NOT_APPLICABLE: "–",
}


def markdown_page(result: dict[str, Any], sections: list[Section]) -> str:
    """The whole document."""
    scenarios = result["behaviour"]
    lines = ["# The same chat, three times", ""]
    lines += [f"> {text}\n" for text in result["warnings"]]
    for title, is_cpp in (("Where Python wins", False), ("Where C++ wins", True)):
        of = [line for line in headlines(sections, scenarios) if (line.winner == "cpp") == is_cpp]
        lines += ["", f"**{title}**", ""] if of else []
        lines += [f"- **{line.figure}** {line.text} ({line.detail})" for line in of]
    if scenarios:
        lines += ["", "## Behaviour", "", *_tally(scenarios)]
    lines += ["", "## Measurements", "", result["method"]]
    for section in sections:
        lines += ["", f"### {section.title}", "", section.about, "", *_head("")]
        lines += [_row(row) for row in section.rows]
    if result.get("workers"):
        head, rows = workers_table(result["workers"])
        lines += ["", "### Several workers", "", ABOUT_WORKERS, "", f"| {' | '.join(head)} |"]
        lines += ["|---" * len(head) + "|"]
        lines += [f"| {' | '.join(map(_escape, row))} |" for row in rows]
    if scenarios:
        lines += ["", "## Each conversation", "", *_head("conversation")]
        lines += [_scenario(row) for row in scenarios]
    lines += ["", "## How it was measured", ""]
    for group in ("machine", "versions"):
        lines += [f"- {name}: {text}" for name, text in result[group].items()]
    for group in ("servers", "loads"):
        lines += ["", *(f"- {name}: `{text}`" for name, text in result[group].items())]
    return "\n".join([*lines, "", f"Written by scripts/compare.sh on {result['date']}.", ""])


def _head(first: str) -> list[str]:
    titles = " | ".join(stack.title for stack in STACKS)
    return [f"| {first} | {titles} |", "|---" * (len(STACKS) + 1) + "|"]


def _tally(scenarios: list[dict[str, Any]]) -> list[str]:
    counts = [behaviour.tally(scenarios, stack.name) for stack in STACKS]
    rows = [
        f"| {status} | " + " | ".join(str(of_stack[status]) for of_stack in counts) + " |"
        for status in counts[0]
    ]
    return [*_head(f"{len(scenarios)} conversations"), *rows]


def _row(row: Row) -> str:
    cells = []
    for stack in STACKS:
        cell = row.cells[stack.name]
        parts = [cell.text, f"**{cell.ratio}**" if cell.ratio else ""]
        parts.append(f"({cell.note})" if cell.note else "")
        cells.append(_escape(" ".join(part for part in parts if part)))
    better = f" ({row.better} is better)" if row.better else ""
    return f"| {_escape(row.label)}{better} | {' | '.join(cells)} |"


def _scenario(row: dict[str, Any]) -> str:
    cells = []
    for stack in STACKS:
        cell = row["cells"].get(stack.name, {"status": behaviour.NOT_APPLICABLE})
        why = f": {cell['why']}" if cell.get("why") else ""
        cells.append(_escape(f"{_STATE[cell['status']]}{why}"))
    return f"| {_escape(row['title'])} `{row['name']}` | {' | '.join(cells)} |"


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
