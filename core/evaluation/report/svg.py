"""Line charts as SVG text: a report shows them without a script or a network.

Colours come from the document's style sheet: classes `line-1` to `line-8`, `guide` and `grid`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.text.markup import escape_html as text

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 12, 42
MAX_POINTS = 300  # of a line: more than it has pixels

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """`x` and `y` of its points, in data units, finite; `whiskers` are (x, low, high). `number` is its colour, 1..6,
    7 and 8 for averages, or 0 for a dashed guide."""

    name: str
    x: ArrayLike
    y: ArrayLike
    number: int = 1
    dots: bool = False
    whiskers: Sequence[tuple[float, float, float]] = field(default=())


@dataclass(frozen=True)
class Axis:
    """Its title, the numbers that it spans, and whether they are shares, labelled in percent."""

    title: str
    span: tuple[float, float] = (0.0, 1.0)
    is_share: bool = True


def line_chart(lines: Sequence[Line], x: Axis, y: Axis, alt: str, *, marks: Sequence[tuple[float, str]] = ()) -> str:
    """One chart with its legend, as an `<svg>` element.

    Args:
        alt: What it shows, for those who cannot see it.
        marks: Vertical lines at x, with a label.
    """
    across, up = _Scale(x, LEFT, WIDTH - RIGHT), _Scale(y, HEIGHT - BOTTOM, TOP)
    parts = [
        *(_grid_x(value, across) for value in across.ticks()),
        *(_grid_y(value, up) for value in up.ticks()),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 6}" class="title">{text(x.title)}</text>',
        f'<text transform="translate(12 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)" class="title">'
        f"{text(y.title)}</text>",
        *(_mark(value, label, across) for value, label in marks),
        *(_line(line, across, up) for line in lines),
    ]
    drawing = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(alt)}">{"".join(parts)}</svg>'
    names = "".join(
        f'<li><i class="key-{line.number}"></i><bdi>{text(line.name)}</bdi></li>' for line in lines if line.name
    )
    return f'{drawing}<ul class="legend">{names}</ul>'


class _Scale:
    """From data to pixels."""

    def __init__(self, axis: Axis, begin: float, end: float) -> None:
        low, high = axis.span
        self.low, self.high = low, high if high > low else low + 1
        self.begin, self.end, self.is_share = begin, end, axis.is_share

    def place(self, values: ArrayLike) -> Floats:
        inside = np.clip(np.asarray(values, np.float64), self.low, self.high)
        return self.begin + (inside - self.low) / (self.high - self.low) * (self.end - self.begin)

    def ticks(self) -> list[float]:
        """Four to eight round numbers."""
        rough = (self.high - self.low) / 5
        size = 10.0 ** np.floor(np.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
        first = np.ceil(self.low / step - 1e-9)
        last = np.floor(self.high / step + 1e-9)
        return [float(number * step) + 0.0 for number in np.arange(first, last + 1)]  # + 0.0: no -0

    def label(self, value: float) -> str:
        return f"{100 * value:.4g}%" if self.is_share else f"{value:.4g}"


def _grid_x(value: float, scale: _Scale) -> str:
    x = float(scale.place(value))
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="grid"/>'
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" class="tick">{scale.label(value)}</text>'
    )


def _grid_y(value: float, scale: _Scale) -> str:
    y = float(scale.place(value))
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="tick end">{scale.label(value)}</text>'
    )


def _mark(value: float, label: str, scale: _Scale) -> str:
    x = float(scale.place(value))
    right = x > (LEFT + WIDTH - RIGHT) / 2
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="mark"/>'
        f'<text x="{x + (-5 if right else 5):.1f}" y="{TOP + 12}" class="note{" end" if right else ""}">'
        f"{text(label)}</text>"
    )


def _line(line: Line, across: _Scale, up: _Scale) -> str:
    x, y = across.place(line.x), up.place(line.y)
    if len(x) > MAX_POINTS:
        drawn = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).astype(int))
        x, y = x[drawn], y[drawn]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    colour = f"line-{line.number}" if line.number else "guide"
    parts = f'<polyline points="{points}" class="{colour}"/>'
    for place, low, high in line.whiskers:
        at = float(across.place(place))
        ends = f'y1="{float(up.place(low)):.1f}" y2="{float(up.place(high)):.1f}"'
        parts += f'<line x1="{at:.1f}" x2="{at:.1f}" {ends} class="{colour} thin"/>'
    if line.dots:
        parts += "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.2" class="{colour} dot"/>' for a, b in zip(x, y, strict=True)
        )
    return parts
