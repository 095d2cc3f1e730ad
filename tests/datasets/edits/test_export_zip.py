"""The cleaned zip: what is in it, that it opens to the same dataset, and that a failure leaves nothing."""

import hashlib
import tempfile
import zipfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import Dataset, Edits, ImageRecord, open_dataset
from core.datasets.edits.export_zip import write_cleaned, zip_names
from core.datasets.source import resolve_source
from core.errors import Cancelled, ConfigError, DatasetError, PawlabError
from core.text.file_names import folded
from tests.drawing import image_bytes, write_images
from tests.examples import FEW

SPLIT = {"train/cats": 3, "train/dogs": 4, "validation/cats": 2, "validation/dogs": 2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_images(tmp_path / "pets", SPLIT)


def contents(dataset: Dataset) -> Counter[tuple[str, str, str]]:
    return Counter((record.split, record.label, record.digest) for record in dataset.usable())


def members(target: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_zip_holds_the_original_bytes_in_the_notebooks_layout(folder: Path, tmp_path: Path) -> None:
    summary = write_cleaned(open_dataset(folder), tmp_path / "out.zip")
    expected = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpg")}
    assert members(tmp_path / "out.zip") == expected
    assert (summary["pictures"], summary["renamed"], summary["classes"]) == (11, 0, ["cats", "dogs"])
    assert summary["bytes"] == (tmp_path / "out.zip").stat().st_size


def test_excluded_images_stay_out_and_relabelled_ones_lie_in_their_new_class(folder: Path, tmp_path: Path) -> None:
    (folder / "train/dogs/bad.jpg").write_bytes(b"no image")
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.exclude([record for record in dataset.records if record.path == "train/cats/0.jpg"])
    edits.relabel([record for record in dataset.records if record.path == "train/cats/1.jpg"], "birds")
    summary = write_cleaned(edits.apply(dataset), tmp_path / "out.zip", drop=["unreadable"])
    names = set(members(tmp_path / "out.zip"))
    assert "train/birds/1.jpg" in names
    assert not names & {"train/cats/0.jpg", "train/cats/1.jpg", "train/dogs/bad.jpg"}
    assert summary["left_out"] == {"excluded": 1, "unreadable": 1}


def test_plain_class_folders_keep_the_split_that_pawlab_chose(tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "plain", {"cats": 9, "dogs": 12}), seed=3)
    write_cleaned(dataset, tmp_path / "out.zip")
    assert contents(open_dataset(tmp_path / "out.zip")) == contents(dataset)


def test_the_same_images_give_the_same_bytes_on_another_day(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = open_dataset(folder)
    write_cleaned(dataset, tmp_path / "one.zip")
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("sys.platform", "win32")
    write_cleaned(replace(dataset, records=tuple(reversed(dataset.records))), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_images_of_one_name_in_deeper_folders_get_numbers(folder: Path, tmp_path: Path) -> None:
    for number, place in enumerate(("a", "b", "b/c")):
        (folder / "train/cats" / place).mkdir(parents=True)
        (folder / "train/cats" / place / "0.jpg").write_bytes(image_bytes(100 + number))
    (folder / "train/cats/0-2.jpg").write_bytes(image_bytes(200))
    (folder / "train/cats/0.JPG").write_bytes(image_bytes(201))
    dataset = open_dataset(folder)
    summary = write_cleaned(dataset, tmp_path / "out.zip")
    cats = {name.removeprefix("train/cats/") for name in members(tmp_path / "out.zip") if "train/cats" in name}
    assert cats == {"0-2.jpg", "0.JPG", "0-3.jpg", "0-4.jpg", "0-5.jpg", "0-6.jpg", "1.jpg", "2.jpg"}
    assert summary["renamed"] == 4
    assert contents(open_dataset(tmp_path / "out.zip")) == contents(dataset)


def test_a_suffix_that_is_wrong_for_the_format_stays(folder: Path, tmp_path: Path) -> None:
    (folder / "train/cats/really.jpg").write_bytes(image_bytes(50, format="PNG"))
    write_cleaned(open_dataset(folder), tmp_path / "out.zip")
    assert members(tmp_path / "out.zip")["train/cats/really.jpg"].startswith(b"\x89PNG")


def test_compressed_formats_are_stored_and_a_blank_bitmap_is_no_bomb(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", SPLIT)
    (folder / "train/cats/blank.bmp").write_bytes(b"BM" + _bmp(2200, 2000))
    (folder / "train/cats/photo.bmp").write_bytes(image_bytes(7, (200, 100), format="BMP"))
    dataset = open_dataset(folder)
    assert not dataset.unreadable()
    write_cleaned(dataset, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        packed = {info.filename.rsplit("/")[-1]: info.compress_type for info in archive.infolist()}
    assert (packed["0.jpg"], packed["blank.bmp"]) == (zipfile.ZIP_STORED, zipfile.ZIP_STORED)
    assert packed["photo.bmp"] == zipfile.ZIP_DEFLATED
    assert contents(open_dataset(tmp_path / "out.zip")) == contents(dataset)


def _bmp(width: int, height: int) -> bytes:
    """A black bitmap of 24 bits, without its first two bytes: 13 MB that a zip packs 1,000 times."""
    size = width * height * 3
    header = (54 + size, 0, 54, 40, width, height)
    return b"".join(n.to_bytes(4, "little") for n in header) + b"\1\0\x18\0" + bytes(24) + bytes(size)


def test_a_failure_or_a_cancel_leaves_what_was_there(folder: Path, tmp_path: Path) -> None:
    dataset = open_dataset(folder)
    target = tmp_path / "out" / "out.zip"
    target.parent.mkdir()
    target.write_bytes(b"old")

    def cancel(phase: str, done: int, total: int) -> None:
        if (phase, done) == ("write", 3):
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        write_cleaned(dataset, target, progress=cancel)
    (folder / "train/dogs/0.jpg").write_bytes(image_bytes(99))
    with pytest.raises(DatasetError, match=r"train/dogs/0\.jpg has changed"):
        write_cleaned(dataset, target)
    (folder / "train/dogs/0.jpg").unlink()
    with pytest.raises(DatasetError, match=r"train/dogs/0\.jpg has changed or gone"):
        write_cleaned(dataset, target)
    assert [path.name for path in target.parent.iterdir()] == ["out.zip"]
    assert target.read_bytes() == b"old"


def test_a_place_that_cannot_be_written_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(PawlabError, match="cannot be written"):
        write_cleaned(open_dataset(folder), tmp_path / "missing" / "out.zip")


def test_what_could_not_be_opened_again_is_not_written(folder: Path, tmp_path: Path) -> None:
    dataset = open_dataset(folder)
    edits = Edits.load(dataset)
    edits.exclude([record for record in dataset.usable("train") if record.label == "cats"])
    with pytest.raises(DatasetError, match="class cats"):
        write_cleaned(edits.apply(dataset), tmp_path / "out.zip")
    assert not (tmp_path / "out.zip").exists()


def test_an_unknown_name_to_drop_is_refused_before_anything_is_done(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'leak'.*leaks"):
        write_cleaned(open_dataset(folder), tmp_path / "out.zip", drop=["leak"])


def test_the_unchanged_name_goes_to_the_image_and_the_class_that_have_it() -> None:
    records = [ImageRecord(f"train/a:b/{name}", "train", "a:b", name) for name in ("x?.jpg", "x_.jpg")]
    records += [ImageRecord("train/a_b/1.jpg", "train", "a_b", "1")]
    names = zip_names(Dataset(resolve_source("/x"), Path("/x"), tuple(records), ("a:b", "a_b")))
    assert names == {
        "train/a:b/x?.jpg": "train/a_b-2/x_-2.jpg",
        "train/a:b/x_.jpg": "train/a_b-2/x_.jpg",
        "train/a_b/1.jpg": "train/a_b/1.jpg",
    }


letters = st.sampled_from(["a", "A", "é", "e\u0301", "ß", "ss", " ", ".", ":", "-2", "猫", "con", "\n", "'", "\u202e"])
words = st.lists(letters, min_size=1, max_size=4).map("".join).filter(lambda name: not name.startswith("."))


@given(st.sets(st.tuples(st.sampled_from(["train", "test"]), words, words), max_size=12))
def test_no_two_images_share_a_place_on_any_file_system(files: set[tuple[str, str, str]]) -> None:
    records = [ImageRecord(f"{split}/{label}/{name}.jpg", split, label, "1") for split, label, name in files]
    names = zip_names(Dataset(resolve_source("/x"), Path("/x"), tuple(records), tuple({r.label for r in records})))
    assert set(names) == {record.path for record in records}
    assert len({folded(name) for name in names.values()}) == len(records)
    folders = {(record.label, names[record.path].split("/")[1]) for record in records}
    assert len(folders) == len({label for label, _ in folders}) == len({folded(folder) for _, folder in folders})


@FEW
@given(
    st.lists(
        st.tuples(st.sampled_from(["train", "validation"]), st.sampled_from(["cats", "v1.2", "猫"]), words), max_size=9
    ),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["exclude", "cats", "new one"])), max_size=4),
)
def test_opened_again_it_is_the_dataset_that_was_written(
    files: list[tuple[str, str, str]], changes: list[tuple[int, str]]
) -> None:
    """Whatever the files are called and whatever was excluded or relabelled."""
    with tempfile.TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", f"{root}/home")
        folder = write_images(
            Path(root) / "pets", {"train/cats": 1, "train/v1.2": 1, "train/猫": 1, "validation/猫": 1}
        )
        for number, (split, label, name) in enumerate(files):
            (folder / split / label).mkdir(parents=True, exist_ok=True)
            (folder / split / label / f"{name}.jpg").write_bytes(image_bytes(100 + number))
        dataset = open_dataset(folder)
        edits = Edits.load(dataset)
        for position, change in changes:
            chosen = dataset.records[position : position + 1]
            if change == "exclude":
                edits.exclude(chosen)
            else:
                edits.relabel(chosen, change)
        edited = edits.apply(dataset)
        missing = [label for label, count in edited.counts()["train"].items() if not count]
        if missing or len(edited.classes) < 2 or not edited.usable("validation"):
            return
        write_cleaned(edited, Path(root) / "out.zip")
        again = open_dataset(Path(root) / "out.zip")
        assert (again.classes, again.counts()) == (edited.classes, edited.counts())
        assert contents(again) == contents(edited)
        digests = {hashlib.sha256(content).hexdigest() for content in members(Path(root) / "out.zip").values()}
        assert digests == {record.digest for record in edited.usable()}
