"""open_dataset: from a folder, a zip or the sample to a dataset, or to an error that says what to do."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import Dataset, loading, open_dataset
from core.datasets.scan import index as scan
from core.errors import ArchiveError, Cancelled, ConfigError, DatasetError
from tests.drawing import image_bytes, make_zip, write_images, zip_folder
from tests.examples import FEW

SPLIT = {"train/cats": 3, "train/dogs": 4, "validation/cats": 2, "validation/dogs": 1}
PLAIN = {"cats": 10, "dogs": 20}


def a_zip(folder: Path) -> Path:
    path = folder / "a.zip"
    path.write_bytes(zip_folder(write_images(folder / "data", SPLIT)))
    return path


def paths_of(dataset: Dataset, split: str) -> set[str]:
    return {record.path for record in dataset.readable(split)}


def test_a_folder_with_splits(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_images(tmp_path / "my photos", SPLIT)))
    assert dataset.counts() == {"train": {"cats": 3, "dogs": 4}, "validation": {"cats": 2, "dogs": 1}}
    assert (dataset.name, dataset.source.kind) == ("my photos", "folder")
    assert dataset.source.text == str(tmp_path / "my photos")
    assert dataset.root == (tmp_path / "my photos").resolve()
    assert all(dataset.file(record).is_file() for record in dataset.records)


def test_a_record_says_what_its_file_is(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", SPLIT)
    (folder / "train" / "cats" / "deep").mkdir()
    (folder / "train" / "cats" / "deep" / "x.png").write_bytes(image_bytes(9, (5, 4), "P", "PNG"))
    record = next(record for record in open_dataset(folder).records if record.path.endswith("png"))
    assert (record.path, record.split, record.label) == ("train/cats/deep/x.png", "train", "cats")
    assert (record.width, record.height, record.format, record.mode, record.reason) == (5, 4, "PNG", "P", "")
    assert record.bytes == (folder / record.path).stat().st_size


def test_a_test_split_is_kept_apart(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", {"Train/cats": 5, "Train/dogs": 5, "testing/cats": 2, "testing/dogs": 2})
    counts = open_dataset(folder, validation_split=0.4).counts()
    assert counts == {
        "train": {"cats": 3, "dogs": 3},
        "validation": {"cats": 2, "dogs": 2},
        "test": {"cats": 2, "dogs": 2},
    }


def test_plain_class_folders_are_split(tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "data", PLAIN))
    assert dataset.counts() == {"train": {"cats": 8, "dogs": 16}, "validation": {"cats": 2, "dogs": 4}}


def test_more_than_two_classes(tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "data", {"b": 2, "a": 2, "d": 2, "c": 2}))
    assert dataset.classes == ("a", "b", "c", "d")


def test_the_split_depends_on_the_seed_and_on_nothing_else(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", PLAIN)
    shutil.copytree(folder, tmp_path / "copy")
    one, same, other = open_dataset(folder), open_dataset(tmp_path / "copy"), open_dataset(folder, seed=1)
    assert paths_of(one, "validation") == paths_of(same, "validation")
    assert one.fingerprint == same.fingerprint
    assert paths_of(one, "validation") != paths_of(other, "validation")
    assert one.fingerprint != other.fingerprint


def test_a_given_validation_folder_is_not_split_again(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", SPLIT)
    assert open_dataset(folder, seed=1).fingerprint == open_dataset(folder, validation_split=0.5).fingerprint


def test_a_validation_folder_without_images_counts_as_none(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", {"train/cats": 5, "train/dogs": 5, "validation/cats": 0})
    (folder / "validation" / "cats" / "notes.txt").write_text("none yet")
    dataset = open_dataset(folder)
    assert dataset.counts()["validation"] == {"cats": 1, "dogs": 1}
    assert [record.split for record in dataset.unreadable()] == ["validation"]


@FEW
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 6)), max_size=20), st.integers(0, 5))
def test_the_same_bytes_are_never_on_both_sides(
    tmp_path_factory: pytest.TempPathFactory, files: list[tuple[str, int]], seed: int
) -> None:
    folder = write_images(tmp_path_factory.mktemp("copies", numbered=True), {"a": 2, "b": 2}, size=(8, 8))
    for number, (label, image) in enumerate(files):
        (folder / label / f"copy {number}.jpg").write_bytes(image_bytes(image, (8, 8)))
    dataset = open_dataset(folder, seed=seed, validation_split=0.4)
    train, validation = ({r.digest for r in dataset.readable(split)} for split in ("train", "validation"))
    assert not train & validation
    assert len(dataset.readable()) == 4 + len(files)


def test_bad_files_are_records_with_a_reason_and_nothing_more(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", PLAIN)
    clean = open_dataset(folder)
    bad = {
        "empty.jpg": b"",
        "text.jpg": b"hello",
        "cut.jpg": image_bytes()[:200],
        "notes.txt": b"hi",
        "a\n'b'.png": b"x",
    }
    for name, content in bad.items():
        (folder / "cats" / name).write_bytes(content)
    (folder / "dogs" / "link.jpg").symlink_to("/etc/passwd")
    (folder / "dogs" / "Thumbs.db").write_bytes(b"x")
    dataset = open_dataset(folder)
    assert {record.path for record in dataset.unreadable()} == {f"cats/{name}" for name in bad} | {"dogs/link.jpg"}
    assert all(record.reason for record in dataset.unreadable())
    assert dataset.counts() == clean.counts()
    assert dataset.fingerprint == clean.fingerprint


def test_a_link_out_of_the_dataset_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_images(tmp_path / "data", PLAIN)
    (tmp_path / "secret.jpg").write_bytes(image_bytes(99))
    (folder / "cats" / "out.jpg").symlink_to("../../secret.jpg")
    (record,) = open_dataset(folder).unreadable()
    assert record.reason == "a link that leads out of the dataset"
    assert record.digest == ""


# --- zips ------------------------------------------------------------------------------------------------------------


def test_a_zip_is_the_dataset_of_its_folder(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", SPLIT)
    (tmp_path / "photos.zip").write_bytes(zip_folder(folder, "wrapped/twice/"))
    from_zip, from_folder = open_dataset(tmp_path / "photos.zip"), open_dataset(folder)
    assert from_zip.records == from_folder.records
    assert from_zip.fingerprint == from_folder.fingerprint
    assert (from_zip.name, from_zip.source.kind) == ("photos", "zip")
    assert all(from_zip.file(record).is_file() for record in from_zip.records)


def test_the_same_zip_in_two_places_is_unpacked_to_one(tmp_path: Path, pawlab_home: Path) -> None:
    content = zip_folder(write_images(tmp_path / "data", SPLIT))
    (tmp_path / "a.zip").write_bytes(content)
    (tmp_path / "b.zip").write_bytes(content)
    roots = {open_dataset(source).root for source in (tmp_path / "a.zip", str(tmp_path / "b.zip"))}
    assert len(roots) == 1
    assert len(list((pawlab_home / "datasets").iterdir())) == 1


def test_a_zip_is_unpacked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_zip(tmp_path)
    first = open_dataset(path)

    def never(*_: object) -> None:
        raise AssertionError("unpacked again")

    monkeypatch.setattr(loading, "extract_zip", never)
    assert open_dataset(path) == first


def test_a_zip_whose_content_changed_is_unpacked_again(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", SPLIT)
    path = tmp_path / "a.zip"
    path.write_bytes(zip_folder(folder))
    before = open_dataset(path)
    write_images(folder, {"train/cats": 9})
    path.write_bytes(zip_folder(folder))
    assert open_dataset(path).counts()["train"]["cats"] == 9
    assert open_dataset(path).root != before.root


def test_a_known_zip_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_zip(tmp_path)
    first = open_dataset(path)

    def never(*_: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(loading, "sha256_file", never)
    assert open_dataset(path) == first


@pytest.mark.parametrize("forged", ["[]", "{", "7", "null", "PATH: 7", "PATH: [1, 2]", "PATH: STAMP + '../../x'"])
def test_a_broken_memory_of_zips_is_made_again(tmp_path: Path, pawlab_home: Path, forged: str) -> None:
    path = a_zip(tmp_path)
    first = open_dataset(path)
    status = path.stat()
    memory = pawlab_home / "cache" / "zips.json"
    stamp = [status.st_size, status.st_mtime_ns]
    values = {"PATH: 7": 7, "PATH: [1, 2]": [1, 2], "PATH: STAMP + '../../x'": [*stamp, "../" * 21 + "x"]}
    memory.write_text(json.dumps({str(path): values[forged]}) if forged in values else forged)
    assert open_dataset(path) == first


def test_a_hostile_zip_leaves_nothing_behind(tmp_path: Path, pawlab_home: Path) -> None:
    (tmp_path / "a.zip").write_bytes(make_zip({"cats/1.jpg": image_bytes(), "../../evil.jpg": b"x"}))
    with pytest.raises(ArchiveError):
        open_dataset(tmp_path / "a.zip")
    assert [path.name for path in pawlab_home.rglob("*") if path.is_file()] == ["zips.json"]
    assert list((pawlab_home / "datasets").iterdir()) == []


@pytest.mark.parametrize("phase", ["extract", "scan"])
def test_cancelling_leaves_nothing_half_made(tmp_path: Path, pawlab_home: Path, phase: str) -> None:
    path = a_zip(tmp_path)

    def cancel(now: str, done: int, total: int) -> None:
        if now == phase and done >= 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        open_dataset(path, progress=cancel)
    assert [path for path in pawlab_home.rglob("*") if path.name.endswith(".tmp")] == []
    assert len(list((pawlab_home / "datasets").iterdir())) == (1 if phase == "scan" else 0)
    assert len(open_dataset(path).readable()) == 10


def test_both_phases_are_reported(tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    open_dataset(a_zip(tmp_path), progress=lambda phase, done, total: seen.update([phase]))
    assert set(seen) == {"extract", "scan"}


# --- the sample ------------------------------------------------------------------------------------------------------


def test_the_sample_is_opened_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from core.datasets.sample import sample

    drawn = write_images(tmp_path / "drawn", SPLIT)
    monkeypatch.setattr(sample, "sample_folder", lambda progress: drawn)
    dataset = open_dataset("sample")
    assert (dataset.name, dataset.source.text, dataset.source.kind) == ("sample", "sample", "sample")
    assert dataset.counts()["train"] == {"cats": 3, "dogs": 4}


def test_a_folder_called_sample_is_opened_as_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_images(tmp_path / "sample", PLAIN)
    monkeypatch.chdir(tmp_path)
    for source in ("./sample", Path("sample")):
        assert open_dataset(source).source.kind == "folder"
        assert open_dataset(source).name == "sample"


# --- what is no dataset ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["", "missing", "a\0b", "x" * 5000, "~nobody-of-this-name/x", "/dev/null"])
def test_a_source_that_is_not_there_is_a_dataset_error(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatasetError, match=r"no folder and no zip at .* Expected a folder, a zip"):
        open_dataset(source)


def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatasetError, match="no folder and no zip"):
        open_dataset(tmp_path / "pipe")


@pytest.mark.parametrize("content", [b"", b"text", image_bytes()])
def test_a_file_that_is_no_zip_is_an_archive_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(ArchiveError, match="The zip is broken"):
        open_dataset(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ({}, "Found no class folders in .* single class, choose the folder above"),
        ({"cats": 0, "dogs": 0}, "Found class folders cats, dogs in .* and no files in them"),
        ({"cats": 3}, r"fewer than two classes in .* \(cats: 3\)"),
        ({"cats": 3, "dogs": 0}, r"fewer than two classes in .* \(cats: 3, dogs: 0\)"),
        ({"cats": 3, "dogs": 3, "birds": 0}, "no readable training image in the class birds"),
        ({"train/cats": 3, "train/dogs": 3, "validation/birds": 3}, "training image in the class birds"),
        ({"train/cats": 3, "train/dogs": 3, "test/birds": 3}, "training image in the class birds"),
        (
            {"train/cats": 0, "train/dogs": 0, "validation/cats": 3},
            r"fewer than two classes in .* \(cats: 0, dogs: 0\)",
        ),
    ],
)
def test_what_holds_no_two_classes_says_what_was_found(tmp_path: Path, folders: dict[str, int], message: str) -> None:
    folder = write_images(tmp_path / "data", folders)
    folder.mkdir(exist_ok=True)
    with pytest.raises(DatasetError, match=message) as caught:
        open_dataset(folder)
    assert "two or more folders, one per class" in str(caught.value)


def test_images_without_class_folders_are_no_dataset(tmp_path: Path) -> None:
    write_images(tmp_path / "data", {".": 3})
    with pytest.raises(DatasetError, match="Found no class folders"):
        open_dataset(tmp_path / "data")


def test_a_class_of_broken_images_is_an_error_with_a_reason(tmp_path: Path) -> None:
    for label in ("cats", "dogs"):
        (tmp_path / "data" / label).mkdir(parents=True)
        (tmp_path / "data" / label / "1.jpg").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"none of 2 files .* \(cats/1.jpg: the file is empty\)"):
        open_dataset(tmp_path / "data")


def test_many_classes_do_not_make_a_long_message(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "data", {f"class {number:03}": number % 2 for number in range(200)}, size=(4, 4))
    with pytest.raises(DatasetError, match="and 190 more") as caught:
        open_dataset(folder)
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize("value", [0, 1, -0.1, 1.5, float("nan"), float("inf")])
def test_a_validation_split_out_of_range_is_a_config_error(tmp_path: Path, value: float) -> None:
    with pytest.raises(ConfigError, match="validation_split"):
        open_dataset(write_images(tmp_path / "data", PLAIN), validation_split=value)


def test_reopening_decodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_images(tmp_path / "data", PLAIN)
    first = open_dataset(folder)

    def never(root: Path, paths: list[str]) -> Iterator[object]:
        assert paths == [], "decoded again"
        yield []

    monkeypatch.setattr(scan, "scan_in_processes", never)
    assert open_dataset(folder) == first
