"""Line charts as SVG: points lie where they should, and every name stays text."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from core.evaluation.report.svg import BOTTOM, HEIGHT, LEFT, MAX_POINTS, RIGHT, TOP, WIDTH, Axis, Line, line_chart

TAGS = {"div", "svg", "line", "text", "polyline", "circle", "ul", "li", "i", "bdi"}


def points(drawing: str) -> list[tuple[float, ...]]:
    found = re.search(r'<polyline points="([^"]*)"', drawing)
    assert found
    return [tuple(map(float, pair.split(","))) for pair in found[1].split()]


def test_corners_of_the_data_are_corners_of_the_field() -> None:
    drawing = line_chart([Line("x", [0, 0.5, 1], [0, 1, 0.5])], Axis("x"), Axis("y"), "chart")
    middle, end = ((LEFT + WIDTH - RIGHT) / 2, TOP), (WIDTH - RIGHT, (TOP + HEIGHT - BOTTOM) / 2)
    assert points(drawing) == [(LEFT, HEIGHT - BOTTOM), middle, end]


def test_a_long_line_is_thinned_and_keeps_its_ends() -> None:
    x = np.linspace(0, 1, 5000)
    found = points(line_chart([Line("x", x, x)], Axis("x"), Axis("y"), "chart"))
    assert len(found) <= MAX_POINTS
    assert [found[0], found[-1]] == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]


def test_what_lies_outside_is_drawn_at_the_edge() -> None:
    found = points(line_chart([Line("x", [-5, 9], [-5, 9])], Axis("x"), Axis("y"), "chart"))
    assert found == [(LEFT, HEIGHT - BOTTOM), (WIDTH - RIGHT, TOP)]


@pytest.mark.parametrize("span", [(0.0, 1.0), (0.5, 1.0), (1.0, 2.0), (1.0, 1000.0), (3.0, 3.0), (0.0, 1e-4)])
def test_an_axis_has_a_few_numbers(span: tuple[float, float]) -> None:
    drawing = line_chart([Line("x", [span[0]], [0])], Axis("x", span, is_share=False), Axis("y"), "chart")
    assert 3 <= drawing.count('class="tick"') <= 12


def test_it_is_well_formed_with_any_name() -> None:
    hostile = '</svg><script>alert("1")</script> & \' "'
    axis, line = Axis(hostile), Line(hostile, [0], [0], dots=True)
    drawing = line_chart([line], axis, axis, hostile, marks=[(0.5, hostile)])
    tree = ElementTree.fromstring(f"<div>{drawing}</div>")
    assert {element.tag for element in tree.iter()} <= TAGS
    assert hostile in "".join(tree.itertext())
