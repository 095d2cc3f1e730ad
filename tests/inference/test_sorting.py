"""Sorting: every image in exactly one folder, with its bytes; originals as they were; nothing outside, nothing lost."""

import io
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, PawlabError
from core.inference.batch import Batch, Row
from core.inference.classifier import Prediction
from core.inference.given import InputImage
from core.inference.sorting import (
    UNLIKE_FOLDER,
    UNSURE_FOLDER,
    FolderSorter,
    class_folders,
    copy_batch,
    num_bytes,
    write_sorted_zip,
)
from core.runs.limits import Limits
from core.text.file_names import file_name, folded

NAMES = st.one_of(
    st.sampled_from(["a.jpg", "A.JPG", "a-2.jpg", "x/a.jpg", "../../a.jpg", "/etc/passwd", "..", "", "con.jpg", ".a"]),
    st.text(max_size=40),
)
CLASSES = st.lists(
    st.one_of(
        st.sampled_from(["cats", "Cats", "unsure", "Unlike", "../dogs", "a/b", "a_b", "", ".."]), st.text(max_size=20)
    ),
    min_size=2,
    max_size=5,
    unique=True,
)


LIMITS = Limits(threshold=0.5, cut=0.55)


def batch_of(classes: list[str], images: list[tuple[str, float]]) -> Batch:
    """Images with contents of their own; the confidence says which class, below 0 for none. From the seventh on
    they are unlike the training images."""
    rows = []
    for number, (name, confidence) in enumerate(images):
        image = InputImage(str(number), name, f"image {number}".encode())
        rest = dict.fromkeys(classes, 0.0)
        prediction = Prediction({**rest, classes[number % len(classes)]: confidence}, number / 10)
        rows.append(Row(image, prediction) if confidence >= 0 else Row(image, reason="no image"))
    return Batch(tuple(classes), tuple(rows), 1.0)


def expected(batch: Batch, limits: Limits) -> dict[bytes, str]:
    """{content: folder}"""
    folders = class_folders(batch.classes)
    return {row.image.read(): folders[row.outcome(limits)] for row in batch.rows if row.prediction}


@given(CLASSES, st.lists(st.tuples(NAMES, st.sampled_from([-1.0, 0.4, 0.5, 0.9])), max_size=12))
def test_every_image_is_in_exactly_one_folder_byte_for_byte(
    classes: list[str], images: list[tuple[str, float]]
) -> None:
    batch = batch_of(classes, images)
    wanted = expected(batch, LIMITS)
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "deep" / "sorted"
        sorter = copy_batch(batch, FolderSorter(target, batch.classes, LIMITS))
        files = [path for path in Path(scratch).rglob("*") if path.is_file()]
        assert {path.read_bytes(): path.parent.name for path in files} == wanted
        assert len(files) == len(wanted)
        assert all(path.parent.parent == target for path in files)
        assert sum(sorter.counts.values()) == len(wanted)
    file = io.BytesIO()
    write_sorted_zip(batch, LIMITS, file)
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        assert {archive.read(name): name.split("/")[0] for name in names} == wanted
    assert len({folded(name) for name in names}) == len(names) == len(wanted)
    for name in names:
        folder, image = name.split("/")
        assert file_name(image, 255) == image
        assert file_name(folder, 255) == folder


@given(CLASSES)
def test_no_two_classes_share_a_folder_and_none_takes_the_unsure_or_the_unlike(classes: list[str]) -> None:
    folders = class_folders(classes)
    assert len({folded(name) for name in folders.values()}) == len(classes) + 2
    for own in (UNSURE_FOLDER, UNLIKE_FOLDER):
        assert [name for name in folders.values() if folded(name) == own] == [own]


def test_nothing_that_exists_is_overwritten_and_originals_stay(tmp_path: Path) -> None:
    original = tmp_path / "photos" / "a.jpg"
    original.parent.mkdir()
    original.write_bytes(b"new")
    target = tmp_path / "sorted"
    (target / "cats").mkdir(parents=True)
    (target / "cats" / "a.jpg").write_bytes(b"old")
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"outside")
    (target / "cats" / "a-2.jpg").symlink_to(outside)
    batch = Batch(
        ("cats", "dogs"), (Row(InputImage("1", "a.jpg", original), Prediction({"cats": 0.9, "dogs": 0.1})),), 1
    )
    copy_batch(batch, FolderSorter(target, batch.classes, Limits()))
    assert (target / "cats" / "a.jpg").read_bytes() == b"old"
    assert (target / "cats" / "a-3.jpg").read_bytes() == b"new"
    assert original.read_bytes() == b"new"
    assert outside.read_bytes() == b"outside"
    assert num_bytes(batch) == 3


def test_a_class_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "sorted", tmp_path / "elsewhere"
    target.mkdir()
    elsewhere.mkdir()
    (target / "cats").symlink_to(elsewhere)
    with pytest.raises(PawlabError, match="is a link"):
        FolderSorter(target, ("cats", "dogs"), Limits()).copy("a.jpg", b"1", Prediction({"cats": 1.0, "dogs": 0.0}))
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("target", ["photos", "photos/a.jpg", ".", "x" * 300, "nul\0"])
def test_a_target_that_is_no_folder_or_among_the_images_is_refused(tmp_path: Path, target: str) -> None:
    """ "." because its folder of the class "photos" would be the one that is classified."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"1")
    with pytest.raises(ConfigError):
        FolderSorter(tmp_path / target, ("photos", "dogs"), Limits(), [tmp_path / "photos"])


def test_an_image_that_is_gone_says_so(tmp_path: Path) -> None:
    batch = Batch(("a", "b"), (Row(InputImage("1", "a.jpg", tmp_path / "a.jpg"), Prediction({"a": 1.0, "b": 0.0})),), 1)
    with pytest.raises(PawlabError, match=r"a\.jpg can no longer be read"):
        copy_batch(batch, FolderSorter(tmp_path / "sorted", batch.classes, Limits()))
    with pytest.raises(PawlabError, match="can no longer be read"):
        write_sorted_zip(batch, Limits(), io.BytesIO())


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PawlabError, match="cannot be written"):
        FolderSorter(tmp_path / "file" / "sorted", ("a", "b"), Limits()).copy(
            "a.jpg", b"1", Prediction({"a": 1.0, "b": 0.0})
        )
