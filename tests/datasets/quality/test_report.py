import csv
import hashlib
import io
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets.quality import report as report_module
from core.datasets.quality.problems import PROBLEMS
from core.datasets.quality.report import (
    REMOVABLE,
    Report,
    balance_words,
    make_report,
    report_csv,
    to_remove,
    validation_words,
)
from core.datasets.records import Dataset, ImageRecord
from core.errors import Cancelled, ConfigError
from tests.datasets.look_alike_files import drawing, make_dataset, write_images

Near = Callable[..., None]
GROUPED = ("duplicates", "near_duplicates", "leaks", "label_conflicts")


@pytest.fixture
def near(monkeypatch: pytest.MonkeyPatch) -> Near:
    """`near("ab", "cd")`: images with the digests a and b show the same photo, and those with c and d."""

    def set_near(*groups: str) -> None:
        def find(dataset: Dataset, progress: object) -> list[list[ImageRecord]]:
            first: dict[str, ImageRecord] = {}
            for record in dataset.readable():
                first.setdefault(record.digest, record)
            return [[first[digest] for digest in group if digest in first] for group in groups]

        monkeypatch.setattr(report_module, "near_duplicates", find)

    set_near()
    return set_near


def record(path: str, digest: str, width: int = 100, height: int = 100) -> ImageRecord:
    split, label, _ = path.split("/")
    return ImageRecord(path, split, label, digest, 1000, width, height, "JPEG", "RGB")


def report_of(*records: ImageRecord) -> Report:
    return make_report(make_dataset(Path("/"), list(records)))


def groups(report: Report, key: str) -> list[list[str]]:
    return [[one.path for one in members] for members in report.row(key).groups]


def test_rows_are_always_all_there_in_the_same_order(near: Near) -> None:
    report = report_of(record("train/cats/a.jpg", "a"))
    assert [row.key for row in report.rows] == [*(problem.key for problem in PROBLEMS), *GROUPED]
    assert all(row.count == len(row.records) == len(row.details) == len(row.groups) == 0 for row in report.rows)
    assert all(row.title and row.why for row in report.rows)


def test_an_unknown_row_is_refused(near: Near) -> None:
    with pytest.raises(ConfigError, match="blury"):
        report_of(record("train/cats/a.jpg", "a")).row("blury")


def test_a_problem_is_listed_with_its_images_and_details(near: Near) -> None:
    broken = replace(record("train/cats/b.jpg", "b"), reason="the image is cut off")
    report = report_of(record("train/cats/a.jpg", "a", 30, 30), broken)
    assert (report.row("tiny").records[0].path, report.row("tiny").details) == ("train/cats/a.jpg", ("30x30",))
    assert report.row("unreadable").details == ("the image is cut off",)
    assert report.row("unreadable").count == 1


def test_the_same_bytes_are_exact_duplicates(near: Near) -> None:
    report = report_of(*(record(f"train/cats/{name}.jpg", digest) for name, digest in ("ax", "bx", "cy", "dz", "ez")))
    assert groups(report, "duplicates") == [["train/cats/a.jpg", "train/cats/b.jpg"],
                                            ["train/cats/d.jpg", "train/cats/e.jpg"]]  # fmt: skip
    assert report.row("duplicates").count == 2
    assert groups(report, "near_duplicates") == groups(report, "leaks") == groups(report, "label_conflicts") == []


def test_a_near_duplicate_brings_its_exact_copies(near: Near) -> None:
    near("xy")
    report = report_of(*(record(f"train/cats/{name}.jpg", digest) for name, digest in ("ax", "bx", "cy")))
    assert groups(report, "near_duplicates") == [["train/cats/a.jpg", "train/cats/b.jpg", "train/cats/c.jpg"]]
    assert groups(report, "duplicates") == [["train/cats/a.jpg", "train/cats/b.jpg"]]
    assert set(report.row("near_duplicates").details) == {"nearly the same image"}


@pytest.mark.parametrize(("first", "last"), [("train", "validation"), ("train", "test"), ("validation", "test")])
@pytest.mark.parametrize("same", [True, False])
def test_a_leak_joins_two_splits_and_the_later_one_keeps_its_copy(
    near: Near, first: str, last: str, same: bool
) -> None:
    near("xy")
    leak = [record(f"{first}/cats/a.jpg", "x"), record(f"{last}/cats/a.jpg", "x" if same else "y")]
    report = report_of(*leak, record("train/cats/b.jpg", "z"), record("test/cats/b.jpg", "w"))
    assert sorted(groups(report, "leaks")[0]) == sorted(one.path for one in leak)
    assert [one.path for one in to_remove(report, "leaks")] == [f"{first}/cats/a.jpg"]


def test_copies_within_a_split_are_no_leak(near: Near) -> None:
    report = report_of(record("validation/cats/a.jpg", "x"), record("validation/cats/b.jpg", "x"))
    assert groups(report, "leaks") == []


def test_a_burst_in_two_splits_is_a_leak_and_one_with_what_it_shares_an_image_with(near: Near) -> None:
    near("xy", "vw")
    name = "cats/pawlab-20261129-22351{}-a1b2c3-000{}.jpg".format
    burst = [record(f"train/{name(0, 1)}", "x"), *(record(f"validation/{name(0, n)}", f"b{n}") for n in (2, 3))]
    other = [record(f"train/{name(1, n)}", f"o{n}") for n in (1, 2)]
    look_alike = record("test/cats/a.jpg", "y")
    alone = [record("train/cats/v.jpg", "v"), record("validation/cats/w.jpg", "w")]
    report = report_of(*burst, *other, look_alike, *alone)
    assert sorted(groups(report, "leaks")) == sorted(
        [sorted(one.path for one in (*burst, look_alike)), sorted(one.path for one in alone)]
    )
    assert len(report.row("leaks").records) == 6
    assert report_of(*burst).row("leaks").details == ("the same burst",) * 3
    assert {one.path for one in to_remove(report_of(*burst), "leaks")} == {burst[0].path}


def test_a_burst_is_not_flagged_for_being_alike(near: Near) -> None:
    """Its images are alike by intention: "Keep one of each" would throw away what was just recorded."""
    near("xyz", "vw")
    frames = [record(f"train/cats/pawlab-20261129-223510-a1b2c3-000{n}.jpg", digest) for n, digest in enumerate("xyz")]
    pair = [record("train/cats/v.jpg", "v"), record("train/cats/w.jpg", "w")]
    report = report_of(*frames, *pair)
    assert groups(report, "near_duplicates") == [[one.path for one in pair]]
    assert {one.path for one in to_remove(report, "near_duplicates")} < {one.path for one in pair}
    photo = record("train/cats/photo.jpg", "x")
    assert len(groups(report_of(*frames, photo), "near_duplicates")) == 1


def test_the_same_image_under_two_classes_is_a_conflict(near: Near) -> None:
    near("xy")
    cat, dog = record("train/cats/a.jpg", "x"), record("train/dogs/a.jpg", "y")
    assert groups(report_of(cat, dog), "label_conflicts") == [["train/cats/a.jpg", "train/dogs/a.jpg"]]
    relabelled = replace(dog, label="cats", folder_label="dogs")
    assert groups(report_of(cat, relabelled), "label_conflicts") == []


def test_excluded_images_are_out(near: Near) -> None:
    near("xy")
    images = [record("train/cats/a.jpg", "x", 30, 30), record("validation/dogs/a.jpg", "x"),
                record("train/dogs/b.jpg", "y")]  # fmt: skip
    assert all(report_of(*images).row(key).count == 1 for key in (*GROUPED, "tiny"))
    report = report_of(*(replace(one, excluded=True) for one in images[:1]), *images[1:])
    assert report.row("duplicates").count == report.row("tiny").count == 0
    assert groups(report, "leaks") == [["train/dogs/b.jpg", "validation/dogs/a.jpg"]]
    rest = report_of(*(replace(one, excluded=True) for one in images[:2]), images[2])
    assert all(rest.row(key).count == 0 for key in GROUPED)


def test_the_copy_that_stays_is_the_most_useful(near: Near) -> None:
    near("xyz")
    report = report_of(
        record("train/cats/a.jpg", "x"), record("validation/cats/b.jpg", "y"), record("train/cats/c.jpg", "z", 900, 900)
    )
    assert [one.path for one in to_remove(report, "near_duplicates")] == ["train/cats/a.jpg", "train/cats/c.jpg"]
    report = report_of(record("train/cats/a.jpg", "x"), record("train/cats/c.jpg", "z", 900, 900))
    assert [one.path for one in to_remove(report, "near_duplicates")] == ["train/cats/a.jpg"]


def test_unreadable_files_go_with_the_empty_ones(near: Near) -> None:
    empty = replace(record("train/cats/a.jpg", hashlib.sha256().hexdigest()), reason="the file is empty")
    damaged = replace(record("train/cats/b.jpg", ""), reason="damaged")
    report = report_of(damaged, empty, record("train/cats/c.jpg", "c"))
    assert report.row("empty").count == report.row("unreadable").count == 1
    assert [one.path for one in to_remove(report, "unreadable")] == ["train/cats/a.jpg", "train/cats/b.jpg"]


def test_only_what_can_be_removed_is(near: Near) -> None:
    with pytest.raises(ConfigError, match="label_conflicts"):
        to_remove(report_of(record("train/cats/a.jpg", "a")), "label_conflicts")


SPLITS, LABELS = st.sampled_from(["train", "validation", "test"]), st.sampled_from(["cats", "dogs"])
IMAGES = st.lists(st.tuples(SPLITS, LABELS, st.sampled_from("uvwxyz")), min_size=1, max_size=12)


@given(IMAGES, st.sampled_from(REMOVABLE))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_removed_empties_the_row_and_no_image_is_lost(
    near: Near, images: list[tuple[str, str, str]], what: str
) -> None:
    near("uv", "wxy")
    records = [record(f"{split}/{label}/{n}.jpg", digest) for n, (split, label, digest) in enumerate(images)]
    dataset = make_dataset(Path("/"), records)
    removed = {one.path for one in to_remove(make_report(dataset), what)}
    rest = [replace(one, excluded=one.path in removed) for one in dataset.records]
    left = make_report(make_dataset(Path("/"), rest))
    assert left.row(what).count == 0
    photos: dict[str, str] = {**dict.fromkeys("uv", "uv"), **dict.fromkeys("wxy", "wxy"), "z": "z"}
    shown: dict[bool, set[str]] = defaultdict(set)
    for one in rest:
        shown[one.excluded].add(photos[one.digest])
    assert shown[True] <= shown[False]
    if what == "leaks":
        assert all(one.split != "test" for one in rest if one.excluded)


def test_real_files_are_searched(tmp_path: Path) -> None:
    image = drawing(0)
    small = image.resize((image.width // 2, image.height // 2))
    images = {"train/cats/a.jpg": image, "validation/cats/b.jpg": small, "train/dogs/c.jpg": drawing(1)}
    phases: set[str] = set()
    report = make_report(write_images(tmp_path, images), lambda phase, *_: phases.add(phase))
    assert groups(report, "leaks") == [["train/cats/a.jpg", "validation/cats/b.jpg"]]
    assert phases == {"compare", "verify"}

    def stop(phase: str, done: int, total: int) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        make_report(write_images(tmp_path / "other", {**images, "train/dogs/d.jpg": drawing(2)}), stop)


def table(report: Report) -> list[list[str]]:
    return list(csv.reader(io.StringIO(report_csv(report), newline="")))


def test_the_table_says_where_each_image_is(near: Near) -> None:
    report = report_of(
        record("train/cats/a.jpg", "x"), record("validation/cats/b.jpg", "x"), record("train/dogs/c.jpg", "y", 30, 40)
    )
    assert table(report) == [
        ["problem", "path", "class", "split", "group", "detail"],
        ["tiny", "train/dogs/c.jpg", "dogs", "train", "", "30x40"],
        ["duplicates", "train/cats/a.jpg", "cats", "train", "1", "the same file"],
        ["duplicates", "validation/cats/b.jpg", "cats", "validation", "1", "the same file"],
        ["leaks", "train/cats/a.jpg", "cats", "train", "1", "the same file"],
        ["leaks", "validation/cats/b.jpg", "cats", "validation", "1", "the same file"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(near: Near, start: str) -> None:
    evil = ImageRecord(f"{start}cmd()", "train", f"{start}1+1", "x", 1, 30, 30, "JPEG", "RGB")
    (_, row) = table(report_of(evil))[:2]
    assert row[1:3] == [f"'{start}cmd()", f"'{start}1+1"]


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_comes_back_from_the_table(near: Near, name: str) -> None:
    found = table(report_of(ImageRecord(name, "train", "cats", "x", 1, 30, 30, "", "RGB")))[1][1]
    assert found in {name, f"'{name}"}
    assert not found.startswith(("=", "+", "-", "@"))


def test_a_name_that_is_not_utf8_can_be_sent(near: Near) -> None:
    report = report_of(ImageRecord("train/cats/\udcff.jpg", "train", "cats", reason="the name is not UTF-8"))
    assert b"udcff" in report_csv(report).encode()


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, ""),
        ({"cats": 500, "dogs": 500}, ""),
        ({"cats": 500, "dogs": 740}, ""),
        ({"cats": 500, "dogs": 1500}, "dogs outnumber cats 3 to 1: accuracy alone will mislead"),
        ({"cats": 500, "dogs": 200}, "cats outnumber dogs 2.5 to 1: accuracy alone will mislead"),
        ({"cats": 1, "dogs": 1234}, "dogs outnumber cats 1234 to 1: accuracy alone will mislead"),
        ({"cats": 10, "dogs": 0}, "dogs has no images and cannot be learned"),
        ({"cats": 0, "dogs": 0}, "cats and dogs have no images and cannot be learned"),
        (
            {"a": 9, "b": 30, "c": 0, "d": 0, "e": 0, "f": 0, "g": 0, "h": 10},
            "c, d, e and 2 more have no images and cannot be learned; "
            "b, the largest of 3 classes, outnumber a 3.3 to 1: accuracy alone will mislead",
        ),
        ({"a": 0, "b": 0, "c": 0, "d": 5}, "a, b and c have no images and cannot be learned"),
    ],
)
def test_balance_is_said_in_words_where_it_matters(counts: dict[str, int], words: str) -> None:
    assert balance_words(counts) == words


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, ""),
        ({"cats": 1, "dogs": 9}, ""),
        ({"cats": 5, "dogs": 0}, "dogs has no images, so it is not evaluated"),
        ({"a": 0, "b": 0, "c": 3}, "a and b have no images, so they are not evaluated"),
        ({"cats": 0, "dogs": 0}, "there are no images, but training needs some: add images to each class"),
    ],
)
def test_a_class_that_is_never_tested_is_named(counts: dict[str, int], words: str) -> None:
    assert validation_words(counts) == words
