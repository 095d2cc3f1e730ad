"""Line charts as SVG text, drawn by code: a report must show them without a script, a network or a browser of ours.

Colours come from the document's style sheet: classes `line-1` to `line-6`, `guide` and `grid`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.evaluation.markup import text

WIDTH, HEIGHT = 420, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 12, 42
MOST_POINTS = 300  # of a line: more than it has pixels

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """`x` and `y` of its points, in data units, finite; `whiskers` are (x, low, high). `number` 1..6 is its colour, 0
    that of a guide, which is dashed."""

    name: str
    x: ArrayLike
    y: ArrayLike
    number: int = 1
    dots: bool = False
    steps: bool = False
    whiskers: Sequence[tuple[float, float, float]] = field(default=())


def line_chart(
    lines: Sequence[Line],
    x_title: str,
    y_title: str,
    alt: str,
    x_range: tuple[float, float] = (0.0, 1.0),
    y_range: tuple[float, float] = (0.0, 1.0),
    percent: tuple[bool, bool] = (True, True),
    marks: Sequence[tuple[float, str]] = (),
) -> str:
    """One chart with its legend, as an `<svg>` element.

    Args:
        alt: What it shows, for those who cannot see it.
        x_range, y_range: What the axes span.
        percent: Whether the numbers of the x and of the y axis are shares.
        marks: Vertical lines at x, with words.
    """
    across, up = _Axis(x_range, LEFT, WIDTH - RIGHT), _Axis(y_range, HEIGHT - BOTTOM, TOP)
    parts = [
        *(_grid_x(value, across, percent[0]) for value in across.ticks()),
        *(_grid_y(value, up, percent[1]) for value in up.ticks()),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 6}" class="title">{text(x_title)}</text>',
        f'<text transform="translate(12 {(TOP + HEIGHT - BOTTOM) / 2:.0f}) rotate(-90)" class="title">'
        f"{text(y_title)}</text>",
        *(_mark(value, words, across) for value, words in marks),
        *(_line(one, across, up) for one in lines),
    ]
    drawing = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{text(alt)}">{"".join(parts)}</svg>'
    names = "".join(
        f'<li><i class="key-{one.number}"></i><bdi>{text(one.name)}</bdi></li>' for one in lines if one.name
    )
    return f'{drawing}<ul class="legend">{names}</ul>'


class _Axis:
    """From data to pixels."""

    def __init__(self, span: tuple[float, float], begin: float, end: float) -> None:
        low, high = span
        self.low, self.high = low, high if high > low else low + 1
        self.begin, self.end = begin, end

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


def _number(value: float, share: bool) -> str:
    return f"{100 * value:.4g} %" if share else f"{value:.4g}"


def _grid_x(value: float, axis: _Axis, share: bool) -> str:
    x = float(axis.place(value))
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="grid"/>'
        f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 15}" class="tick">{_number(value, share)}</text>'
    )


def _grid_y(value: float, axis: _Axis, share: bool) -> str:
    y = float(axis.place(value))
    return (
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>'
        f'<text x="{LEFT - 6}" y="{y + 4:.1f}" class="tick end">{_number(value, share)}</text>'
    )


def _mark(value: float, words: str, axis: _Axis) -> str:
    x = float(axis.place(value))
    right = x > (LEFT + WIDTH - RIGHT) / 2
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" class="mark"/>'
        f'<text x="{x + (-5 if right else 5):.1f}" y="{TOP + 12}" class="note{" end" if right else ""}">'
        f"{text(words)}</text>"
    )


def _line(one: Line, across: _Axis, up: _Axis) -> str:
    x, y = across.place(one.x), up.place(one.y)
    if len(x) > MOST_POINTS:
        kept = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).astype(int))
        x, y = x[kept], y[kept]
    if one.steps and len(x) > 1:
        x, y = np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    colour = f"line-{one.number}" if one.number else "guide"
    drawn = f'<polyline points="{points}" class="{colour}"/>'
    for place, low, high in one.whiskers:
        at = float(across.place(place))
        ends = f'y1="{float(up.place(low)):.1f}" y2="{float(up.place(high)):.1f}"'
        drawn += f'<line x1="{at:.1f}" x2="{at:.1f}" {ends} class="{colour} thin"/>'
    if one.dots:
        drawn += "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3.2" class="{colour} dot"/>' for a, b in zip(x, y, strict=True)
        )
    return drawn
