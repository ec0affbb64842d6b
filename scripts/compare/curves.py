"""One chart as inline SVG: how long a message takes at the same load, and where a stack falls."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from . import figures
from .charts import LEFT, RIGHT, WIDTH

TOP, BOTTOM = 12, 260  # of the field, below the names
FIRST = 58  # where it begins on the left, beside the times
LINE = 23  # a line of text


@dataclass(frozen=True)
class Point:
    """At a load: the times in ms within which half, 99 % and 99.9 % of the messages arrive."""

    load: float
    p50: float
    p99: float
    p999: float


@dataclass(frozen=True)
class Curve:
    """A stack: what it carried, and the first load that was too much, if there was one."""

    label: str
    css_class: str
    points: tuple[Point, ...]
    fell_at: float | None = None

    @property
    def text(self) -> str:
        """How much it carries, in words."""
        if not self.points:
            return f"less than {figures.rate(self.fell_at or 0)}/s"
        more = "" if self.fell_at else " and more"
        return f"up to {figures.rate(self.points[-1].load)}/s{more}"


def curve_chart(title: str, curves: Sequence[Curve]) -> str:
    """Loads from left to right, times from bottom to top, both logarithmic."""
    points = [point for curve in curves for point in curve.points]
    loads = [point.load for point in points] + [curve.fell_at for curve in curves if curve.fell_at]
    if not points:
        return ""
    x_of = _scale(min(loads), max(loads), FIRST + 8, RIGHT - 10)
    lowest = 10 ** math.floor(math.log10(min(point.p50 for point in points)))
    highest = 10 ** math.ceil(math.log10(max(point.p999 for point in points)))
    head = LINE * len(curves)
    y_of = _scale(lowest, max(highest, 10 * lowest), head + BOTTOM, head + TOP + 20)
    parts = [*_names(curves), *_grid(sorted(set(loads)), x_of, lowest, highest, y_of, head)]
    for index, curve in enumerate(curves):
        beside = sum(curve.fell_at == other.fell_at for other in curves[:index])
        parts += _curve(curve, x_of, y_of, head + TOP, beside)
    label = escape(f"{title}. {'; '.join(f'{c.label}: {c.text}' for c in curves)}", quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {head + BOTTOM + 42}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )


def _scale(low: float, high: float, first: float, last: float):  # type: ignore[no-untyped-def]
    width = math.log(high / low) or 1.0
    return lambda value: first + math.log(max(value, low) / low) / width * (last - first)


def _names(curves: Sequence[Curve]) -> list[str]:
    parts = []
    for index, curve in enumerate(reversed(curves)):
        y, name, text = LINE * index + 16, escape(curve.label), escape(curve.text)
        box = f'x="{LEFT}" y="{y - 11}" width="14" height="12" rx="3"'
        parts.append(f'<rect class="{curve.css_class}" {box}/>')
        parts.append(f'<text class="label" x="{LEFT + 21}" y="{y}">{name}</text>')
        parts.append(_text("value", RIGHT, y, "end", text))
    return parts


def _text(css_class: str, x: float, y: float, anchor: str, text: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{css_class}" {place}>{text}</text>'


def _grid(loads, x_of, lowest, highest, y_of, head) -> list[str]:  # type: ignore[no-untyped-def]
    parts = []
    time = lowest
    while time <= highest:
        y = y_of(time)
        parts.append(f'<line class="grid" x1="{FIRST}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        text = f"{time / 1000:g} s" if time >= 1000 else f"{time:g} ms"
        parts.append(_text("small", FIRST - 6, y + 4, "end", text))
        time *= 10
    right = None
    for load in reversed(loads):  # from the right, as far as they don't touch
        x = x_of(load)
        if right is None or right - x > 46:
            parts.append(_text("small", x, head + BOTTOM + 18, "middle", figures.rate(load)))
            right = x
    below = "messages delivered a second, the same for all"
    return [*parts, _text("small", RIGHT, head + BOTTOM + 36, "end", below)]


def _curve(curve: Curve, x_of, y_of, top: float, beside: int) -> list[str]:  # type: ignore[no-untyped-def]
    """`beside`: how many other curves end at the same load."""
    parts, css_class = [], curve.css_class
    line = [f"{x_of(p.load):.1f},{y_of(p.p99):.1f}" for p in curve.points]
    if curve.points:
        band = [f"{x_of(p.load):.1f},{y_of(p.p999):.1f}" for p in curve.points]
        band += [f"{x_of(p.load):.1f},{y_of(p.p50):.1f}" for p in reversed(curve.points)]
        parts.append(f'<polygon class="band {css_class}" points="{" ".join(band)}"/>')
        parts.append(f'<polyline class="curve {css_class}" points="{" ".join(line)}"/>')
    for p in curve.points:
        place = f'cx="{x_of(p.load):.1f}" cy="{y_of(p.p99):.1f}"'
        parts.append(f'<circle class="{css_class}" {place} r="4"/>')
    if curve.fell_at:
        x = x_of(curve.fell_at) - 17 * beside
        if curve.points:
            fall = f"{line[-1]} {x:.1f},{top + 7}"
            parts.append(f'<polyline class="fall {css_class}" points="{fall}"/>')
        cross = f"M{x - 6:.1f} {top - 6}l12 12m0 -12l-12 12"
        parts.append(f'<path class="cross {css_class}" d="{cross}"/>')
    return parts
