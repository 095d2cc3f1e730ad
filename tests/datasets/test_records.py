"""Dataset: what is counted, and what its fingerprint depends on."""

from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import Dataset, ImageRecord
from core.datasets.source import resolve_source


def record(path: str, split: str = "train", label: str = "cats", reason: str = "") -> ImageRecord:
    return ImageRecord(path, split, label, digest=path[::-1], bytes=10, width=4, height=3, reason=reason)


def dataset(*records: ImageRecord, classes: tuple[str, ...] = ("cats", "dogs"), root: str = "/x") -> Dataset:
    return Dataset(resolve_source(root), Path(root), records, classes)


RECORDS = (
    record("b.jpg"),
    record("a.jpg", label="dogs"),
    record("c.jpg", split="validation"),
    record("broken.jpg", split="validation", label="dogs", reason="the file is empty"),
)


def test_counts_name_every_class_in_every_split_and_only_readable_images() -> None:
    counts = dataset(*RECORDS).counts()
    assert counts == {"train": {"cats": 1, "dogs": 1}, "validation": {"cats": 1, "dogs": 0}}


def test_counts_hold_a_test_split_where_there_is_one() -> None:
    counts = dataset(*RECORDS, record("t.jpg", split="test")).counts()
    assert counts["test"] == {"cats": 1, "dogs": 0}
    assert list(counts) == ["train", "validation", "test"]


def test_readable_and_unreadable_part_the_records() -> None:
    made = dataset(*RECORDS)
    assert [one.path for one in made.readable()] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [one.path for one in made.readable("train")] == ["a.jpg", "b.jpg"]
    assert [one.path for one in made.readable("validation")] == ["c.jpg"]
    assert [one.path for one in made.unreadable()] == ["broken.jpg"]


def test_records_and_classes_are_sorted() -> None:
    made = dataset(*RECORDS, classes=("dogs", "cats"))
    assert made.classes == ("cats", "dogs")
    assert [one.path for one in made.records] == ["a.jpg", "b.jpg", "broken.jpg", "c.jpg"]


def test_file_lies_below_the_root() -> None:
    assert dataset(*RECORDS, root="/data").file(record("train/cats/a.jpg")) == Path("/data/train/cats/a.jpg")


def test_nothing_can_be_changed_afterwards() -> None:
    made = dataset(*RECORDS)
    for thing, name in ((made, "name"), (made, "fingerprint"), (made.records[0], "label")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, "other")


def test_the_fingerprint_does_not_depend_on_place_name_order_or_unreadable_files() -> None:
    fingerprint = dataset(*RECORDS).fingerprint
    assert dataset(*reversed(RECORDS), root="/elsewhere", classes=("dogs", "cats")).fingerprint == fingerprint
    assert dataset(*RECORDS[:3]).fingerprint == fingerprint
    assert len(fingerprint) == 64


@pytest.mark.parametrize("change", [{"path": "z.jpg"}, {"split": "test"}, {"label": "dogs"}, {"digest": "other"}])
def test_the_fingerprint_depends_on_every_readable_record(change: dict[str, Any]) -> None:
    changed = replace(RECORDS[0], **change)
    assert dataset(changed, *RECORDS[1:]).fingerprint != dataset(*RECORDS).fingerprint


def test_the_fingerprint_depends_on_the_classes() -> None:
    assert dataset(*RECORDS, classes=("cats", "dogs", "birds")).fingerprint != dataset(*RECORDS).fingerprint


cuts = st.sets(st.integers(1, 5), min_size=3, max_size=3).map(sorted)


@given(st.sampled_from(["", "/", "\n", " "]), cuts, cuts)
def test_moving_text_between_fields_changes_the_fingerprint(separator: str, one: list[int], other: list[int]) -> None:
    """The same letters in the same order, only with the borders of the fields elsewhere."""

    def fingerprint(borders: list[int]) -> str:
        a, b, c = borders
        fields = [separator.join("abcdef"[start:end]) for start, end in ((0, a), (a, b), (b, c), (c, 6))]
        split, label, path, digest = fields
        return dataset(ImageRecord(path, split, label, digest)).fingerprint

    assert (fingerprint(one) == fingerprint(other)) == (one == other)


def test_moving_text_between_records_changes_the_fingerprint() -> None:
    one = dataset(ImageRecord("a", "train", "cats", "12"), ImageRecord("b", "train", "cats", "3"))
    other = dataset(ImageRecord("a", "train", "cats", "1"), ImageRecord("b", "2train", "cats", "3"))
    assert one.fingerprint != other.fingerprint
