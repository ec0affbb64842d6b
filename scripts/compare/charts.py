"""Charts as inline SVG; their colours are the page's CSS classes, so they follow its theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Small enough that the text of a chart is readable when a phone shows it 360 pixels wide.
WIDTH = 400
LEFT, RIGHT = 2, WIDTH - 2


@dataclass(frozen=True)
class Bar:
    """A bar from zero to `value`, with a whisker from `low` to `high`."""

    label: str
    css_class: str
    text: str
    value: float | None = None
    low: float = 0.0
    high: float = 0.0
    extra: float = 0.0  # a further, paler piece at its end
    is_open: bool = False  # the value is only a lower bound


@dataclass(frozen=True)
class Range:
    """Where half, 99 % and all of the values lie below."""

    label: str
    css_class: str
    text: str
    values: tuple[float, float, float] | None = None


def bar_chart(
    title: str,
    bars: Sequence[Bar],
    top: float | None = None,
    mark: float | None = None,
    mark_text: str = "",
) -> str:
    """Horizontal bars, each under its label; `mark` is a line across all of them."""
    greatest = max([bar.high + bar.extra for bar in bars if bar.value is not None] + [0.0])
    scale = (RIGHT - LEFT) / (top or greatest or 1.0)
    parts = []
    y = 0
    for bar in bars:
        parts.append(_line_of_text(y + 16, bar.label, bar.text if bar.value is not None else ""))
        parts.append(_rect("track", LEFT, y + 24, RIGHT - LEFT, 20))
        if bar.value is None:
            parts.append(_excuse(y + 38.5, bar.text))
        else:
            width = max(bar.value * scale, 1.5)
            parts.append(_rect(bar.css_class, LEFT, y + 24, width, 20))
            if bar.extra:
                start, length = LEFT + width + 2, bar.extra * scale - 2
                parts.append(_rect(f"{bar.css_class} pale", start, y + 24, length, 20))
            if bar.high > bar.low and not bar.is_open:
                parts.append(_whisker(LEFT + bar.low * scale, LEFT + bar.high * scale, y + 34))
            if bar.is_open:
                end = LEFT + width
                points = f"{end - 14:.1f},{y + 28} {end - 5:.1f},{y + 34} {end - 14:.1f},{y + 40}"
                parts.append(f'<polyline class="arrow" points="{points}"/>')
        y += 56
    if mark is not None:
        x = LEFT + mark * scale
        across = "".join(f"M{x:.1f} {at + 20}v28" for at in range(0, y, 56))
        parts.append(f'<path class="mark" d="{across}"/>')
        parts.append(f'<text class="small" x="{x:.1f}" y="{y + 8}">{escape(mark_text)}</text>')
        y += 16
    return _svg(title, [f"{bar.label}: {bar.text}" for bar in bars], y - 8, parts)


def range_chart(title: str, ranges: Sequence[Range]) -> str:
    """From the median over p99 to the slowest, in milliseconds on a logarithmic axis."""
    known = [value for item in ranges if item.values for value in item.values if value > 0]
    first = math.floor(math.log10(min(known, default=0.1)))
    last = max(math.ceil(math.log10(max(known, default=1.0))), first + 1)
    left, right = LEFT + 10, RIGHT - 10

    def x_of(value: float) -> float:
        share = (math.log10(max(value, 10**first)) - first) / (last - first)
        return left + share * (right - left)

    height = 56 * len(ranges)
    parts = []
    for power in range(first, last + 1):
        x = x_of(10.0**power)
        anchor = "start" if power == first else "end" if power == last else "middle"
        at = 2 if power == first else RIGHT if power == last else x
        parts.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="22" y2="{height}"/>')
        parts.append(
            f'<text class="small" x="{at:.1f}" y="{height + 16}" text-anchor="{anchor}">'
            f"{_tick(power)}</text>"
        )
    for index, item in enumerate(ranges):
        y = index * 56
        parts.append(_line_of_text(y + 16, item.label, item.text if item.values else "", True))
        if not item.values:
            parts.append(_excuse(y + 38.5, item.text))
            continue
        p50, p99, slowest = (x_of(value) for value in item.values)
        y += 36
        for part, x1, x2 in (("span", p50, p99), ("tail", p99, slowest)):
            ends = f'x1="{x1:.1f}" x2="{x2:.1f}" y1="{y}" y2="{y}"'
            parts.append(f'<line class="{part} {item.css_class}" {ends}/>')
        parts.append(f'<circle class="{item.css_class}" cx="{p50:.1f}" cy="{y}" r="8"/>')
        parts.append(_rect(item.css_class, p99 - 3, y - 9, 6, 18))
        parts.append(f'<circle class="hollow {item.css_class}" cx="{slowest:.1f}" cy="{y}" r="5"/>')
    parts.append(
        f'<text class="small" x="2" y="{height + 36}">● half are faster '
        f"▮ 99 % are faster ○ the slowest</text>"
    )
    described = [f"{item.label}: {item.text}" for item in ranges]
    return _svg(title, described, height + 42, parts)


def _tick(power: int) -> str:
    return f"{10.0 ** (power - 3):g} s" if power >= 3 else f"{10.0**power:g} ms"


def _excuse(y: float, text: str) -> str:
    """Why there is nothing to be drawn."""
    return f'<text class="small" x="{LEFT + 8}" y="{y}">{escape(text)}</text>'


def _line_of_text(y: float, label: str, text: str, clear: bool = False) -> str:
    halo = " halo" if clear else ""
    return (
        f'<text class="label{halo}" x="{LEFT}" y="{y}">{escape(label)}</text>'
        f'<text class="value{halo}" x="{RIGHT}" y="{y}" text-anchor="end">{escape(text)}</text>'
    )


def _rect(css_class: str, x: float, y: float, width: float, height: float) -> str:
    return (
        f'<rect class="{css_class}" x="{x:.1f}" y="{y}" width="{max(width, 0):.1f}" '
        f'height="{height}" rx="3"/>'
    )


def _whisker(x1: float, x2: float, y: float) -> str:
    ends = f"M{x1:.1f} {y - 5}v10M{x2:.1f} {y - 5}v10M{x1:.1f} {y}H{x2:.1f}"
    return f'<path class="whisker" d="{ends}"/>'


def _svg(title: str, described: Sequence[str], height: float, parts: Sequence[str]) -> str:
    label = escape(f"{title}. {'; '.join(described)}", quote=True)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{label}">'
        f"{''.join(parts)}</svg>"
    )
