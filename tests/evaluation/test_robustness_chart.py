"""What stands where in the curves of accuracy against strength, and of images beyond a distance."""

import json
from typing import Any

import numpy as np

from core.charts import TOOLBAR
from core.evaluation.charts import distances_chart, robustness_chart
from core.evaluation.robustness import Point

CURVE = [Point(0, 0.95, 0.9, 0.98, 100), Point(1, 0.9, 0.82, 0.95, 100), Point(2, 0.7, 0.6, 0.78, 100)]


def drawn(points: list[Point]) -> dict[str, Any]:
    figure: dict[str, Any] = json.loads(robustness_chart(points).to_json())
    return figure


def test_the_share_beyond_the_cut_can_be_read_off() -> None:
    validation, others = np.array([0.3, 0.1, 0.2, 0.4], np.float32), np.array([0.5, 0.25], np.float32)
    figure = distances_chart(validation, others, 0.3)
    ours, theirs = figure.data
    at = np.searchsorted(ours.x, np.float32(0.3), "right") - 1
    assert ours.y[at] == (validation > np.float32(0.3)).mean() == 0.25
    assert (theirs.x[0], theirs.y.tolist()) == (ours.x[0], [1, 0.5, 0])
    assert figure.layout.shapes[0].x0 == 0.3
    assert len(distances_chart(validation, others[:0], 2.0).data) == 1


def test_the_band_goes_along_the_upper_ends_and_back_along_the_lower() -> None:
    band, line = drawn(CURVE)["data"]
    assert list(zip(band["x"], band["y"], strict=True)) == [
        (0, 0.98),
        (1, 0.95),
        (2, 0.78),
        (2, 0.6),
        (1, 0.82),
        (0, 0.9),
    ]
    assert (line["x"], line["y"]) == ([0, 1, 2], [0.95, 0.9, 0.7])


def test_the_break_and_the_unchanged_images_lower_end_are_marked() -> None:
    layout = drawn(CURVE)["layout"]
    level, broken = layout["shapes"]
    assert level["y0"] == level["y1"] == 0.9
    assert broken["x0"] == broken["x1"] == 2
    assert "breaks at 2" in [note["text"] for note in layout["annotations"]]


def test_a_curve_that_does_not_break_and_one_of_a_single_point_have_no_such_mark() -> None:
    for points in (CURVE[:2], CURVE[:1]):
        assert len(drawn(points)["layout"]["shapes"]) == 1


def test_neither_the_toolbar_nor_an_axis_stands_on_the_legend() -> None:
    layout = drawn(CURVE)["layout"]
    assert layout["margin"]["t"] >= TOOLBAR
    assert (layout["legend"]["yref"], layout["legend"]["y"], layout["legend"]["yanchor"]) == ("container", 0, "bottom")
    axis_and_two_rows = 40 + 2 * 20
    assert layout["margin"]["b"] >= axis_and_two_rows


def test_nothing_that_a_theme_owns_is_painted() -> None:
    layout = drawn(CURVE)["layout"]
    assert layout["paper_bgcolor"] == layout["plot_bgcolor"] == "rgba(0, 0, 0, 0)"
