"""The report as one HTML file that needs nothing else: no network, no script."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from . import behaviour
from .charts import Bar, Range, bar_chart, range_chart
from .curves import Curve, Point, curve_chart
from .headlines import Headline, headlines
from .stacks import STACKS
from .tables import STUCK_LIMIT_MS, Cell, Row, Section
from .workers import ABOUT_WORKERS, workers_table

_STATE = {
    behaviour.PASSED: ("passed", "✓ passes"),
    behaviour.KNOWN: ("known", "known failure"),
    behaviour.UNEXPECTED: ("unexpected", "✗ unexpected"),
    behaviour.NOT_APPLICABLE: ("none", "not applicable"),
}


def html_page(result: dict[str, Any], sections: list[Section]) -> str:
    """The whole page."""
    scenarios = result["behaviour"]
    body = [_header(result, headlines(sections, scenarios)), "<main>"]
    if scenarios:
        body.append(_behaviour(scenarios))
    body.append('<h2 id="measurements">Measurements</h2>')
    body.append(f'<p class="soft">{escape(result["method"])}</p>')
    of_speed = [section for section in sections if section.kind in ("offered", "echo", "chat")]
    body += [_section(section) for section in of_speed]
    body.append(_workers(result.get("workers") or {}))
    body += [_section(section) for section in sections if section not in of_speed]
    if scenarios:
        body.append(_scenarios(scenarios))
    body += [_settings(result), "</main>", _footer(result)]
    style = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>The same chat in Flask-SocketIO, FastAPI and C++</title>\n<style>\n{style}</style>\n"
        "</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _header(result: dict[str, Any], lines: list[Headline]) -> str:
    names = '<b class="flask">Flask-SocketIO</b>, <b class="fastapi_corrected">FastAPI</b> and '
    links = [("#measurements", "Measurements"), ("#settings", "How it was measured")]
    if result["behaviour"]:
        links.insert(0, ("#behaviour", "Behaviour"))
        links.insert(2, ("#scenarios", "Each conversation"))
    nav = "".join(f'<a href="{target}">{text}</a>' for target, text in links)
    warnings = "".join(f'<p class="warning">{escape(text)}</p>' for text in result["warnings"])
    tiles = _tiles("Where Python wins", [line for line in lines if line.winner != "cpp"])
    tiles += _tiles("Where C++ wins", [line for line in lines if line.winner == "cpp"])
    return (
        f"<header><h1>The same chat, three times</h1>"
        f'<p class="lead">{names}<b class="cpp">C++</b>: what each does, and what it costs. FastAPI '
        "is here twice: as the original tutorial writes it, and corrected, as you’d write it "
        "knowing its faults. So is Flask-SocketIO: as the class migrates from it, and corrected. "
        "All ratios are to FastAPI’s corrected program.</p>"
        f'{warnings}{tiles}</header>\n<nav aria-label="Sections"><div>{nav}</div></nav>'
    )


def _tiles(title: str, lines: list[Headline]) -> str:
    if not lines:
        return ""
    tiles = "".join(
        f'<div class="tile {line.winner}"><strong>{escape(line.figure)}</strong>'
        f"<span>{escape(line.text)}</span><small>{escape(line.detail)}</small></div>"
        for line in lines
    )
    return f'<h2 class="wins">{title}</h2><div class="tiles">{tiles}</div>'


# -- behaviour --------------------------------------------------------------------------------


def _behaviour(scenarios: list[dict[str, Any]]) -> str:
    rows = []
    for stack in STACKS:
        counts = behaviour.tally(scenarios, stack.name)
        pieces = "".join(
            f'<span class="{_STATE[status][0]}" style="flex-grow:{number}" '
            f'title="{number} {status}">{number}</span>'
            for status, number in counts.items()
            if number
        )
        bar = f'<div class="bar">{pieces}</div>'
        rows.append(f'<div class="row"><span>{stack.title}</span>{bar}</div>')
    used = {cell["status"] for row in scenarios for cell in row["cells"].values()}
    legend = "".join(
        f'<li class="state {css_class}">{escape(text)}</li>'
        for status, (css_class, text) in _STATE.items()
        if status in used
    )
    return (
        '<h2 id="behaviour">Behaviour</h2>'
        f'<p class="soft">{len(scenarios)} conversations, played over real sockets. A known '
        "failure is listed with its reason; anything that is not as listed is unexpected. "
        '<a href="#scenarios">Each of them</a> is below.</p>'
        f'<div class="card"><ul class="legend">{legend}</ul>'
        f'<div class="tally">{"".join(rows)}</div></div>'
    )


def _scenarios(scenarios: list[dict[str, Any]]) -> str:
    folders = {"scenarios": "The protocol", "faults": "The museum of faults"}
    parts = ['<h2 id="scenarios">Each conversation</h2>']
    for folder, title in folders.items():
        rows = [row for row in scenarios if row["folder"] == folder]
        if rows:
            body = "".join(_scenario(row) for row in rows)
            parts.append(
                f'<div class="card"><h3>{title}</h3><table class="scenarios">'
                f"{_head('conversation')}<tbody>{body}</tbody></table></div>"
            )
    return "\n".join(parts)


def _scenario(row: dict[str, Any]) -> str:
    cells = []
    for stack in STACKS:
        cell = row["cells"].get(stack.name, {"status": behaviour.NOT_APPLICABLE})
        css_class, text = _STATE[cell["status"]]
        why = f"<small>{escape(cell['why'])}</small>" if cell.get("why") else ""
        if cell.get("differences"):
            differences = escape("\n".join(cell["differences"]))
            why += f"<details><summary>what differed</summary><pre>{differences}</pre></details>"
        state = "" if css_class == "none" else "state "
        said = f'<span class="{state}{css_class}">{text}</span>'
        cells.append(f'<td data-stack="{stack.title}">{said}{why}</td>')
    name = f"<small><code>{escape(row['name'])}</code></small>"
    return f"<tr><th>{escape(row['title'])}{name}</th>{''.join(cells)}</tr>\n"


# -- measurements -----------------------------------------------------------------------------


def _section(section: Section) -> str:
    charts = "".join(
        f"<figure><h4>{escape(title)}</h4>{svg}</figure>" for title, svg in _charts(section)
    )
    rows = "".join(_row(row) for row in section.rows)
    return (
        f'<section class="card" id="{section.name}"><h3>{escape(section.title)}</h3>'
        f'<p class="soft">{escape(section.about)}</p><div class="charts">{charts}</div>'
        f'<table class="figures">{_head("")}<tbody>{rows}</tbody></table></section>'
    )


def _workers(samples: dict[str, Any]) -> str:
    if not samples:
        return ""
    head, rows = workers_table(samples)
    cells = "".join(f"<th>{escape(text)}</th>" for text in head)
    body = "".join(
        f"<tr><th>{escape(row[0])}</th>"
        + "".join(f'<td data-stack="{escape(name)}"><span>{escape(text)}</span></td>'
                  for name, text in zip(head[1:], row[1:]))
        + "</tr>\n"
        for row in rows
    )  # fmt: skip
    return (
        '<section class="card" id="workers"><h3>Several workers</h3>'
        f'<p class="soft">{escape(ABOUT_WORKERS)}</p>'
        f'<table class="workers"><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'
        "</section>"
    )


def _head(first: str) -> str:
    stacks = "".join(f'<th><b class="{stack.name}">{stack.title}</b></th>' for stack in STACKS)
    return f"<thead><tr><th>{first}</th>{stacks}</tr></thead>"


def _row(row: Row) -> str:
    cells = []
    for stack in STACKS:
        cell = row.cells[stack.name]
        times = f"<em>{escape(cell.ratio)}</em>" if cell.ratio else ""
        note = f"<small>{escape(cell.note)}</small>" if cell.note else ""
        cells.append(
            f'<td data-stack="{stack.title}"><span>{escape(cell.text)}{times}</span>{note}</td>'
        )
    better = f"<small>{row.better} is better</small>" if row.better else ""
    return f"<tr><th>{escape(row.label)}{better}</th>{''.join(cells)}</tr>\n"


def _charts(section: Section) -> list[tuple[str, str]]:
    if section.kind == "offered":
        title = "99 of 100 messages arrive within…"
        return [(title, curve_chart(title, _curves(section)))]
    if section.kind in ("echo", "chat"):
        wall, cpu = section.row("per_second"), section.row("per_cpu_second")
        return [
            ("For each second of server CPU", bar_chart(cpu.label, _bars(cpu))),
            (_capital(wall.label), bar_chart(wall.label, _bars(wall))),
            ("Times at saturation, each at its own load", range_chart("Times", _ranges(section))),
        ]
    if section.kind in ("classroom", "churn"):
        rows = [row for row in section.rows if row.better]
        return [(_capital(row.label), bar_chart(row.label, _bars(row))) for row in rows]
    if section.kind == "memory":
        cells = [cell for row in section.rows for cell in row.cells.values()]
        top = max((cell.spread.high for cell in cells if cell.spread), default=1.0)
        return [(row.label, bar_chart(row.label, _bars(row), top)) for row in section.rows]
    if section.kind == "stall":
        row = section.row("silence_ms")
        goal = f"the goal: {STUCK_LIMIT_MS:.0f} ms"
        chart = bar_chart(row.label, _bars(row), mark=STUCK_LIMIT_MS, mark_text=goal)
        return [(_capital(row.label), chart)]
    return [("Lines of code", bar_chart("Lines of code", _line_bars(section)))]


def _curves(section: Section) -> list[Curve]:
    curves = []
    for stack in STACKS:
        points, fell_at = [], None
        for row in section.rows:
            cell, load = row.cells[stack.name], float(row.label.split()[0].replace(",", ""))
            if cell.spread and len(cell.also) == 2:
                points.append(Point(load, cell.also[0], cell.spread.median, cell.also[1]))
            elif cell.text.startswith("falls") and fell_at is None:
                fell_at = load
        curves.append(Curve(stack.title, stack.name, tuple(points), fell_at))
    return curves


def _bars(row: Row) -> list[Bar]:
    bars = []
    for stack in STACKS:
        cell = row.cells[stack.name]
        text = _with_ratio(cell)
        if cell.spread is None:
            bars.append(Bar(stack.title, stack.name, text))
            continue
        low, value, high = (
            max(number, 0) for number in (cell.spread.low, cell.spread.median, cell.spread.high)
        )
        bars.append(Bar(stack.title, stack.name, text, value, low, high, is_open=cell.is_bound))
    return bars


def _line_bars(section: Section) -> list[Bar]:
    bars = []
    for stack in STACKS:
        program, layer = (section.row(name).cells[stack.name] for name in ("program", "layer"))
        of_program = program.spread.median if program.spread else 0.0
        of_layer = layer.spread.median if layer.spread else 0.0
        text = _with_ratio(program)
        if of_layer:
            text = f"{program.text} + {layer.text} in beastapi"
        bars.append(
            Bar(stack.title, stack.name, text, of_program, of_program, of_program, of_layer)
        )
    return bars


def _ranges(section: Section) -> list[Range]:
    ranges = []
    for stack in STACKS:
        cells = [section.row(name).cells[stack.name] for name in ("p50_ms", "p99_ms", "max_ms")]
        spreads = [cell.spread for cell in cells]
        if all(spreads):
            values = tuple(spread.median for spread in spreads if spread)
            text = f"p99 {_with_ratio(cells[1])}"
            ranges.append(Range(stack.title, stack.name, text, values))  # type: ignore[arg-type]
        else:
            ranges.append(Range(stack.title, stack.name, cells[0].text))
    return ranges


def _with_ratio(cell: Cell) -> str:
    return f"{cell.text} · {cell.ratio}" if cell.ratio else cell.text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# -- how it was measured ----------------------------------------------------------------------


def _settings(result: dict[str, Any]) -> str:
    def definitions(values: dict[str, str], is_code: bool = False) -> str:
        before, after = ("<code>", "</code>") if is_code else ("", "")
        pairs = (
            f"<dt>{escape(name)}</dt><dd>{before}{escape(text)}{after}</dd>"
            for name, text in values.items()
        )
        return f"<dl>{''.join(pairs)}</dl>"

    return (
        '<h2 id="settings">How it was measured</h2><div class="two">'
        f'<div class="card"><h3>Machine</h3>{definitions(result["machine"])}</div>'
        f'<div class="card"><h3>Versions</h3>{definitions(result["versions"])}</div></div>'
        f'<div class="card"><h3>Servers</h3>{definitions(result["servers"], True)}'
        f'<h3>Loads</h3><p class="soft">Options of the load tool, <code>tests/load</code>.</p>'
        f"{definitions(result['loads'], True)}</div>"
    )


def _footer(result: dict[str, Any]) -> str:
    return f"<footer>Written by scripts/compare.sh on {escape(result['date'])}.</footer>"
