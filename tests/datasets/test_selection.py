"""Filters and orders of records, against the plainest way to say them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import Dataset, ImageRecord
from core.datasets.selection import COLUMNS, STATES, Catalog, Column, Filter, State, num_pages
from core.datasets.source import resolve_source

LETTERS = st.characters(codec="latin-1", exclude_characters="/\0") | st.sampled_from("ש\u202e😀Σς")
NAMES = st.text(LETTERS, min_size=1, max_size=6)  # no accents that stand alone: half a letter need not be found
KEYS: dict[Column, Callable[[ImageRecord], Any]] = {
    "name": lambda record: record.path,
    "pixels": lambda record: record.width * record.height,
    "bytes": lambda record: record.bytes,
    "brightness": lambda record: record.brightness,
    "sharpness": lambda record: record.sharpness,
    "entropy": lambda record: record.entropy,
}


@st.composite
def records(draw: st.DrawFn) -> ImageRecord:
    few = st.integers(0, 3)
    readable = draw(st.booleans())
    label = draw(st.sampled_from(["cats", "dogs"]))
    split = draw(st.sampled_from(["train", "validation"]))
    return ImageRecord(
        f"{split}/{label}/{draw(NAMES)}",
        split,
        label,
        "d" if readable else "",
        draw(few),
        draw(few) if readable else 0,
        draw(few) if readable else 0,
        draw(st.sampled_from(["JPEG", "PNG"])) if readable else "",
        draw(st.sampled_from(["RGB", "L"])) if readable else "",
        "" if readable else "broken",
        brightness=draw(few) / 3 if readable else 0,
        sharpness=float(draw(few)) if readable else 0,
        entropy=float(draw(few)) if readable else 0,
        excluded=draw(st.booleans()),
        folder_label=draw(st.sampled_from(["", "birds"])),
    )


datasets = st.lists(records(), max_size=30, unique_by=lambda record: record.path).map(
    lambda found: Dataset(resolve_source("/nowhere"), Path("/nowhere"), tuple(found), ("cats", "dogs"))
)
ranges = st.none() | st.tuples(st.integers(0, 2), st.integers(1, 3))
filters = st.builds(
    Filter,
    split=st.sampled_from(["", "train", "validation", "test"]),
    label=st.sampled_from(["", "cats", "birds"]),
    state=st.sampled_from(STATES),
    problem=st.sampled_from(["", "", "dark", "unknown"]),
    text=st.just("") | st.text(max_size=2),
    format=st.sampled_from(["", "", "JPEG", "GIF"]),
    mode=st.sampled_from(["", "", "RGB"]),
    width=ranges,
    height=ranges,
)


def lets_through(wanted: Filter, record: ImageRecord, dark: set[str]) -> bool:
    states: dict[State, bool] = {
        "all": True,
        "usable": not record.reason and not record.excluded,
        "excluded": record.excluded,
        "relabelled": bool(record.folder_label),
        "unreadable": bool(record.reason),
    }
    return (
        wanted.split in ("", record.split)
        and wanted.label in ("", record.label)
        and states[wanted.state]
        and (not wanted.problem or (wanted.problem == "dark" and record.path in dark))
        and wanted.format in ("", record.format)
        and wanted.mode in ("", record.mode)
        and (wanted.width is None or wanted.width[0] <= record.width <= wanted.width[1])
        and (wanted.height is None or wanted.height[0] <= record.height <= wanted.height[1])
    )


@given(datasets, filters, st.sampled_from(COLUMNS), st.booleans(), st.data())
def test_filter_and_order_are_what_the_plain_way_gives(
    dataset: Dataset, wanted: Filter, sort: Column, descending: bool, data: st.DataObject
) -> None:
    paths = [record.path for record in dataset.records]
    dark = data.draw(st.sets(st.sampled_from(paths))) if paths else set()
    wanted = Filter(**{**vars(wanted), "text": ""})
    catalog = Catalog(dataset)
    got = catalog.records(catalog.choose(wanted, sort, descending=descending, problems={"dark": dark}))
    plain = [record for record in dataset.records if lets_through(wanted, record, dark)]
    plain.sort(key=KEYS[sort], reverse=descending)  # Python keeps equal ones in their order either way
    if sort not in ("name", "bytes"):
        plain.sort(key=lambda record: bool(record.reason))
    assert got == plain


@given(datasets, st.data())
def test_any_part_of_a_path_finds_it_in_any_case(dataset: Dataset, data: st.DataObject) -> None:
    if not dataset.records:
        return
    record = data.draw(st.sampled_from(dataset.records))
    start = data.draw(st.integers(0, len(record.path) - 1))
    part = record.path[start : data.draw(st.integers(start + 1, len(record.path)))]
    catalog = Catalog(dataset)
    assert record in catalog.records(catalog.choose(Filter(text=part)))
    if part.isascii():
        assert record in catalog.records(catalog.choose(Filter(text=part.swapcase())))


def one(path: str) -> Catalog:
    record = ImageRecord(path, "train", "cats", "d", 1, 1, 1, "JPEG", "RGB")
    return Catalog(Dataset(resolve_source("/nowhere"), Path("/nowhere"), (record,), ("cats",)))


@pytest.mark.parametrize(("stored", "typed"), [("café", "cafe\u0301"), ("cafe\u0301", "CAFÉ"), ("Straße", "STRASSE")])
def test_an_accent_is_found_however_it_is_stored_or_typed(stored: str, typed: str) -> None:
    assert len(one(f"train/cats/{stored}.jpg").choose(Filter(text=typed))) == 1


def test_text_is_no_pattern() -> None:
    assert len(one("train/cats/a.jpg").choose(Filter(text=".*"))) == 0


@given(datasets, st.integers(1, 7))
def test_pages_put_together_are_everything_once(dataset: Dataset, size: int) -> None:
    catalog = Catalog(dataset)
    chosen = catalog.choose(Filter(), "pixels")
    pages = [catalog.page(chosen, number + 1, size) for number in range(num_pages(len(chosen), size))]
    assert [record for page in pages for record in page] == catalog.records(chosen)
    assert all(len(page) == size for page in pages[:-1])


@given(datasets, st.integers(-3, 99))
def test_a_page_beyond_the_end_is_the_nearest_that_exists(dataset: Dataset, number: int) -> None:
    catalog = Catalog(dataset)
    chosen = catalog.choose(Filter())
    nearest = min(max(1, number), num_pages(len(chosen), 4))
    assert catalog.page(chosen, number, 4) == catalog.page(chosen, nearest, 4)


@given(datasets, st.sampled_from(COLUMNS))
def test_a_record_is_found_by_its_path_where_it_stands(dataset: Dataset, sort: Column) -> None:
    catalog = Catalog(dataset)
    chosen = catalog.choose(Filter(state="usable"), sort)
    for place, record in enumerate(catalog.records(chosen)):
        assert catalog.position(chosen, record.path) == place
        assert catalog.find(record.path) == record
    for record in set(dataset.records) - set(catalog.records(chosen)):
        assert catalog.position(chosen, record.path) == -1
    assert catalog.position(chosen, "zzz") == -1
    assert catalog.find("zzz") is catalog.find("") is None


def test_formats_are_those_in_use_the_most_frequent_first() -> None:
    kinds = ["PNG", "JPEG", "JPEG", ""]
    found = [
        ImageRecord(f"{number}", "train", "cats", "d", 1, 1, 1, kind, "RGB", reason="" if kind else "broken")
        for number, kind in enumerate(kinds)
    ]
    catalog = Catalog(Dataset(resolve_source("/nowhere"), Path("/nowhere"), tuple(found), ("cats",)))
    assert catalog.formats == ("JPEG", "PNG")
    assert catalog.share_below("pixels", 1) == 0
    assert catalog.share_below("pixels", 2) == 1
