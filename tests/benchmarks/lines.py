"""Lines on two logarithmic scales as an SVG that follows the reader's light or dark mode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 420, 300  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 52, 34, 70, 40
STYLE = """
:root { --back: #ffffff; --text: #24303a; --grid: #d9dee2; --first: #2f78ad; --second: #b85f0e; }
@media (prefers-color-scheme: dark) {
  :root { --back: #10171d; --text: #e4eaee; --grid: #34404a; --first: #6fb4e4; --second: #f0a050; }
}
text { fill: var(--text); font: 12px system-ui, sans-serif; }
.title { font-weight: 600; font-size: 13px; }
.grid { stroke: var(--grid); }
.first { stroke: var(--first); fill: var(--first); }
.second { stroke: var(--second); fill: var(--second); }
path { fill: none !important; stroke-width: 2; }
.second path { stroke-dasharray: 6 4; }
"""


@dataclass(frozen=True)
class Line:
    """A line through points `(x, y)`, both above 0."""

    title: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One or two lines on the same scales; the first is drawn whole, the second dashed."""

    title: str
    x_title: str
    lines: Sequence[Line]


def draw(panels: Sequence[Panel]) -> str:
    """Return an SVG of panels beside each other; each scale goes to the next power of ten."""
    whole = WIDTH * len(panels)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {HEIGHT}" width="{whole}" height="{HEIGHT}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{whole}" height="{HEIGHT}" rx="8" fill="var(--back)"/>',
        *(f'<g transform="translate({WIDTH * at} 0)">{_panel(panel)}</g>' for at, panel in enumerate(panels)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _panel(panel: Panel) -> str:
    x_powers = _powers([x for line in panel.lines for x, _ in line.points])
    y_powers = _powers([y for line in panel.lines for _, y in line.points])
    parts = [_text(LEFT, 20, panel.title, "title")]
    for power in range(x_powers[0], x_powers[1] + 1):
        x = _x(10**power, x_powers)
        parts.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>')
        parts.append(_text(x, HEIGHT - BOTTOM + 16, f"{10**power:,}", "", "middle"))
    for power in range(y_powers[0], y_powers[1] + 1):
        y = _y(10**power, y_powers)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{10.0**power:g}", "", "end"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, panel.x_title, "", "middle"))
    for at, (line, kind) in enumerate(zip(panel.lines, ("first", "second"), strict=False)):
        points = [(_x(x, x_powers), _y(y, y_powers)) for x, y in line.points]
        key_y = 38 + 17 * at
        parts.append(f'<g class="{kind}">{_line(points)}<path d="M{LEFT} {key_y} h24"/></g>')
        parts.append(_text(LEFT + 30, key_y + 4, line.title))
    return "\n".join(parts)


def _powers(values: Sequence[float]) -> tuple[int, int]:
    """Return the powers of ten between which `values` lie."""
    return math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))


def _x(value: float, powers: tuple[int, int]) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * _share(value, powers), 1)


def _y(value: float, powers: tuple[int, int]) -> float:
    return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * _share(value, powers), 1)


def _share(value: float, powers: tuple[int, int]) -> float:
    return (math.log10(value) - powers[0]) / (powers[1] - powers[0])


def _line(points: Sequence[tuple[float, float]]) -> str:
    way = " L".join(f"{x} {y}" for x, y in points)
    return f'<path d="M{way}"/>' + "".join(f'<circle cx="{x}" cy="{y}" r="3"/>' for x, y in points)


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
