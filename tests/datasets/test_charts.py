"""Figures of a dataset: each mark finds exactly its images."""

from pathlib import Path

import numpy as np

from core.datasets import Dataset, ImageRecord
from core.datasets.charts import MOST_POINTS, counts_chart, formats_chart, map_chart, records_behind, sizes_chart
from core.datasets.source import resolve_source


def record(number: int, split: str, label: str, width: int = 10, mode: str = "RGB", **more: object) -> ImageRecord:
    made = ImageRecord(f"{split}/{label}/{number}.jpg", split, label, f"{number}", 1, width, 8, "JPEG", mode)
    return ImageRecord(**{name: getattr(made, name) for name in made.__slots__} | more)


RECORDS = (
    record(1, "train", "cats"),
    record(2, "train", "cats", width=20),
    record(3, "train", "dogs", mode="L"),
    record(4, "validation", "dogs"),
    record(5, "train", "cats", excluded=True),
    record(6, "train", "dogs", width=0, reason="no image"),
)
PETS = Dataset(resolve_source("/nowhere"), Path("/nowhere"), RECORDS, ("cats", "dogs"))


def behind(chart: str, marks: list[list[object]]) -> list[str]:
    return [found.digest for found in records_behind(PETS, chart, marks)]


def test_bars_of_counts_add_up_to_the_usable_images() -> None:
    figure = counts_chart(PETS)
    heights = {(mark[0], mark[1]): y for bar in figure.data for mark, y in zip(bar.customdata, bar.y, strict=True)}
    assert heights == {("train", "cats"): 2, ("train", "dogs"): 1, ("validation", "cats"): 0, ("validation", "dogs"): 1}
    assert behind("counts", [["train", "cats"], ["validation", "dogs"]]) == ["1", "2", "4"]


def test_a_dot_stands_for_all_images_of_its_size() -> None:
    dots = sizes_chart(PETS).data[0].customdata
    assert sorted(map(list, dots)) == [[10, 8, 3], [20, 8, 1]]
    assert behind("sizes", [[10, 8, 3]]) == ["1", "3", "4"]


def test_a_bar_stands_for_format_and_mode() -> None:
    bar = formats_chart(PETS).data[0]
    assert list(zip(bar.y, bar.x, strict=True)) == [("JPEG, RGB", 3), ("JPEG, L", 1)]
    assert behind("formats", [["JPEG", "L"]]) == ["3"]


def test_the_points_of_a_map_name_their_place() -> None:
    points = np.arange(8, dtype=np.float32).reshape(4, 2)
    usable = PETS.usable()
    figure = map_chart(points, usable, PETS.classes, (0.5, 0.25))
    for trace in figure.data:
        for x, (place,) in zip(trace.x, trace.customdata, strict=True):
            assert x == points[place, 0]
            assert usable[place].label == trace.name
    assert "50%" in figure.layout.xaxis.title.text


def test_a_map_draws_a_part_of_very_many_images() -> None:
    many = [record(number, "train", "cats") for number in range(MOST_POINTS + 50)]
    figure = map_chart(np.zeros((len(many), 2), np.float32), many, ("cats",), (1, 0))
    assert len({place for (place,) in figure.data[0].customdata}) == MOST_POINTS


def dataset_of(labels: list[str]) -> Dataset:
    records = tuple(record(number, "train", label) for number, label in enumerate(labels))
    return Dataset(resolve_source("/nowhere"), Path("/nowhere"), records, tuple(labels))


def test_bars_of_many_classes_lie_in_rows_high_enough_for_their_names() -> None:
    labels = [f"breed {number:02}" for number in range(20)]
    figure = counts_chart(dataset_of(labels))
    assert all(bar.orientation == "h" for bar in figure.data)
    assert list(figure.layout.yaxis.ticktext) == labels
    assert figure.layout.height / len(labels) >= 20


def test_long_names_that_begin_alike_stay_bars_of_their_own() -> None:
    labels = ["american short hair, " * 5 + end for end in "ab"]
    bar = counts_chart(dataset_of(labels)).data[0]
    assert len(set(bar.x)) == 2
    assert [mark[1] for mark in bar.customdata] == labels


def test_a_name_is_no_markup_in_a_figure() -> None:
    labels = ['<a href="http://x">', "dogs"]
    figure = counts_chart(dataset_of(labels))
    assert not any("<" in text for text in (*figure.layout.xaxis.ticktext, *figure.data[0].text))


def test_each_of_many_classes_has_a_colour_of_its_own_in_the_map() -> None:
    many = dataset_of([f"{number}" for number in range(20)])
    figure = map_chart(np.zeros((20, 2), np.float32), many.usable(), many.classes, (1, 0))
    assert len({trace.marker.color for trace in figure.data}) == 20
