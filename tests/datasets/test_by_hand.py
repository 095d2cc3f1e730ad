"""A folder without labels: opened, labelled image by image, trained on; its files stay as they are."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets import Dataset, Edits, open_dataset
from core.datasets.current import current_source, recent_paths, remember_source
from core.datasets.edits.export_zip import write_cleaned
from core.datasets.labelling import folder_labels, labelling_of, labels_csv, with_copies
from core.datasets.loading import actions_of, open_labelled, open_unlabelled
from core.datasets.records import UNLABELLED
from core.datasets.source import BY_HAND, BY_NAME, resolve_source
from core.datasets.trainable import check_trainable
from core.errors import DatasetError, UnlabelledError
from tests.drawing import image_bytes, write_images, zip_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """20 images in folders that mean nothing, one of them twice, and other files."""
    folder = write_images(tmp_path / "photos", {"2021": 8, "2022/summer": 8, "": 4})
    (folder / "copy.jpg").write_bytes((folder / "2021" / "0.jpg").read_bytes())
    (folder / "2021" / "notes.txt").write_text("no image")
    (folder / "2022" / "broken.jpg").write_bytes(b"no image")
    return folder


def give(dataset: Dataset, **labels: list[int]) -> Dataset:
    """The dataset after these labels, given to readable images by their places."""
    for label, places in labels.items():
        Edits.load(dataset).relabel([dataset.readable()[place] for place in places], label)
    return open_unlabelled(dataset.source)


def files_in(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_all_images_are_there_without_a_label_and_none_is_in_use(photos: Path) -> None:
    data = open_unlabelled(photos)
    assert len(data.readable()) == 21
    assert [record.path for record in data.unreadable()] == ["2022/broken.jpg"]
    assert {record.label for record in data.records} == {UNLABELLED}
    assert (data.classes, data.usable(), data.counts()) == ((), [], {"train": {}, "validation": {}})
    assert len(data.readable("validation")) == 4
    with pytest.raises(UnlabelledError, match=r"21 images, of which 0 have a label.*two classes"):
        open_dataset(data.source)


def test_with_two_classes_it_is_a_dataset_like_any_other_and_no_file_has_changed(photos: Path, tmp_path: Path) -> None:
    before = files_in(photos)
    data = give(open_unlabelled(photos), cat=[0, 1, 2, 3, 4, 5, 6], **{"a dog": [10, 11, 12, 13, 14, 15]})
    opened = open_dataset(f"{BY_HAND}{photos}")
    assert opened == data
    assert opened.classes == ("a dog", "cat")
    assert len(opened.usable()) == 13
    check_trainable(opened)
    assert len(actions_of(opened.source)) == 2
    bare = open_dataset(opened.source, edits=False)  # as a run opens it, which brings its own edits
    assert Edits.load(bare).apply(bare) == opened
    assert len(open_labelled(opened.source).usable("test")) == 13
    write_cleaned(opened, tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert {name.split("/")[1] for name in archive.namelist()} == {"a dog", "cat"}
        assert len(archive.namelist()) == 13
    assert files_in(photos) == before


def test_it_is_found_again_after_a_restart_and_a_label_taken_back(photos: Path) -> None:
    data = give(open_unlabelled(photos), cat=[0, 1], dog=[2, 3])
    remember_source(data.source)
    assert current_source() == data.source == resolve_source(data.source.text)
    assert current_source().by_hand
    assert recent_paths() == [str(photos)]
    Edits.load(data).undo()
    assert open_unlabelled(photos).classes == ("cat",)
    Edits.load(data).relabel(data.usable(), "")  # as somebody who takes all back
    assert open_unlabelled(photos).classes == ()
    Edits.load(data).undo()
    assert open_unlabelled(photos).classes == ("cat",)


def test_a_label_follows_its_image_to_another_name(photos: Path) -> None:
    data = give(open_unlabelled(photos), cat=[3], dog=[5])
    first, second = (photos / record.path for record in data.usable())
    first.rename(photos / "renamed.jpg")
    (photos / "deep" / "er").mkdir(parents=True)
    second.rename(photos / "deep" / "er" / "moved.jpg")
    found = {record.path: record.label for record in open_unlabelled(photos).usable()}
    assert found == {"renamed.jpg": "cat", "deep/er/moved.jpg": "dog"}


def test_no_label_moves_an_image_between_training_and_validation(photos: Path) -> None:
    data = open_unlabelled(photos)
    splits = {record.path: record.split for record in data.records}
    data = give(data, cat=list(range(0, 20, 2)), dog=list(range(1, 20, 2)))
    assert {record.path: record.split for record in data.records} == splits
    assert splits["2021/0.jpg"] == splits["copy.jpg"]


def test_a_zip_is_labelled_alike(photos: Path, tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    path.write_bytes(zip_folder(photos, "inside/"))
    data = give(open_unlabelled(path), cat=[0, 1], dog=[2, 3])
    assert open_dataset(data.source).classes == ("cat", "dog")
    path.rename(tmp_path / "other.zip")
    assert open_dataset(f"{BY_HAND}{tmp_path / 'other.zip'}").classes == ("cat", "dog")


def test_images_without_class_folders_are_told_from_a_folder_without_images(photos: Path, tmp_path: Path) -> None:
    flat = write_images(tmp_path / "flat", {"": 3})
    for folder in (flat, write_images(tmp_path / "one", {"pets": 3})):
        with pytest.raises(UnlabelledError):
            open_dataset(folder)
        assert len(open_unlabelled(folder).readable()) == 3
    (tmp_path / "empty" / "inside").mkdir(parents=True)
    (tmp_path / "empty" / "notes.txt").write_text("no image")
    with pytest.raises(DatasetError, match="0 files named like images"):
        open_unlabelled(tmp_path / "empty")
    (tmp_path / "empty" / "bad.png").write_bytes(b"no image")
    with pytest.raises(DatasetError, match="none of 1 files is an image that can be read"):
        open_unlabelled(tmp_path / "empty")


def test_links_that_lead_out_are_not_followed(photos: Path, tmp_path: Path) -> None:
    outside = write_images(tmp_path / "outside", {"": 2})
    (photos / "link.jpg").symlink_to(outside / "0.jpg")
    (photos / "folder").symlink_to(outside)
    (photos / "inside.jpg").symlink_to(photos / "2021" / "1.jpg")
    data = open_unlabelled(photos)
    assert {record.path: record.reason for record in data.unreadable()}.keys() == {
        "2022/broken.jpg",
        "folder",
        "link.jpg",
    }
    assert len(data.readable()) == 22


@pytest.mark.parametrize("mark", ["", BY_NAME, BY_HAND])
def test_any_mark_gives_way_to_by_hand_and_no_secret_is_lost(mark: str) -> None:
    source = resolve_source(f"{mark}https://example.org/pets.zip?token=secret").marked(BY_HAND)
    assert source.text.startswith(f"{BY_HAND}https://example.org/pets.zip#zip-")
    assert source.url == "https://example.org/pets.zip?token=secret"
    assert (source.by_hand, source.by_name) == (True, False)
    assert resolve_source(source.text) == source


@pytest.mark.parametrize("label", [UNLABELLED, "a/b", "con", ".hidden", "Cat"])
def test_what_cannot_be_a_class_is_refused(photos: Path, label: str) -> None:
    data = give(open_unlabelled(photos), cat=[0])
    with pytest.raises(DatasetError) as caught:
        Edits.load(data).relabel(data.readable()[5:6], label)
    assert "unlabelled," not in str(caught.value)
    assert open_unlabelled(photos) == data


def test_whoever_is_unsure_excludes_and_is_not_asked_again(photos: Path) -> None:
    data = give(open_unlabelled(photos), cat=[0, 1], dog=[2])
    Edits.load(data).exclude([data.readable()[7]], "Unsure")
    state = labelling_of(open_unlabelled(photos))
    assert data.readable()[7].path not in {record.path for record in state.records}
    assert state.classes == ("cat", "dog")
    assert sorted(state.labels.tolist()) == [-1] * 16 + [0, 0, 1]
    assert [record.split == "validation" for record in state.records] == state.held_out.tolist()


def test_equal_images_are_asked_for_once_and_labelled_together(photos: Path) -> None:
    data = open_unlabelled(photos)
    state = labelling_of(data)
    assert len(state.records) == 20
    (asked,) = (record for record in state.records if record.path in ("copy.jpg", "2021/0.jpg"))
    both = with_copies(data, [asked])
    assert {record.path for record in both} == {"copy.jpg", "2021/0.jpg"}
    Edits.load(data).relabel(both, "cat")
    state = labelling_of(open_unlabelled(photos))
    assert np.flatnonzero(state.labels == 0).tolist() == [
        place for place, record in enumerate(state.records) if record.digest == asked.digest
    ]


def test_the_table_holds_each_label_and_no_formula(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate(["=1+1.jpg", "a,b.jpg", "ordinary.jpg", "without.jpg"]):
        (folder / name).write_bytes(image_bytes(number))
    data = give(open_unlabelled(folder), **{"@cat": [0, 1], "dog": [2]})
    rows = list(csv.DictReader(io.StringIO(labels_csv(data).decode(), newline="")))
    assert [(row["path"], row["label"]) for row in rows] == [
        ("'=1+1.jpg", "'@cat"),
        ("a,b.jpg", "'@cat"),
        ("ordinary.jpg", "dog"),
    ]
    assert [row["sha256"] for row in rows] == [record.digest for record in data.usable()]


moves = st.lists(
    st.tuples(
        st.sampled_from(["label", "take back", "unsure", "sure", "undo"]), st.integers(0, 5), st.sampled_from("abc")
    ),
    max_size=10,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(moves)
def test_any_session_ends_where_a_plain_dictionary_says(photos: Path, moves: list[tuple[str, int, str]]) -> None:
    data = open_unlabelled(photos)
    Edits.load(data).clear()
    paths = [record.path for record in data.readable()[:6]]
    states = [dict.fromkeys(paths, (False, UNLABELLED))]
    for name, place, label in moves:
        edits, now = Edits.load(data), dict(states[-1])
        record, (excluded, before) = data.readable()[place], now[paths[place]]
        if name == "undo":
            if len(states) > 1:
                edits.undo()
                states.pop()
            continue
        if name in ("unsure", "sure"):
            (edits.exclude if name == "unsure" else edits.include)([record])
            now[paths[place]] = (name == "unsure", before)
        else:
            edits.relabel([record], label if name == "label" else "")
            now[paths[place]] = (excluded, label if name == "label" else UNLABELLED)
        if now != states[-1]:
            states.append(now)
    found = {record.path: (record.excluded, record.label) for record in open_unlabelled(photos).records}
    assert {path: found[path] for path in paths} == states[-1]
    assert {found[path] for path in found.keys() - set(paths)} == {(False, UNLABELLED)}


def test_an_image_that_goes_leaves_the_order_of_the_others(photos: Path) -> None:
    """It is the order in which held-out images are asked for, and says nothing of what they show."""
    data = open_unlabelled(photos)
    before = [record.digest for record in labelling_of(data).records]
    assert before == sorted(before)
    Edits.load(data).exclude([data.readable()[4]])
    after = [record.digest for record in labelling_of(open_unlabelled(photos)).records]
    assert after == [digest for digest in before if digest != data.readable()[4].digest]


def test_class_folders_are_labels_for_whoever_wants_them_and_images_beside_them_have_none(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "outer" / "inner", {"cats": 3, "dogs": 4, "": 2})
    data = open_unlabelled(folder)
    found = folder_labels(data)
    assert {name: len(records) for name, records in found.items()} == {"cats": 3, "dogs": 4}
    for name, records in found.items():
        Edits.load(data).relabel(records, name)
    state = labelling_of(open_unlabelled(folder))
    open_ones = [record.path for record, label in zip(state.records, state.labels, strict=True) if label < 0]
    assert sorted(open_ones) == ["0.jpg", "1.jpg"]
    assert open_dataset(folder).classes == ("cats", "dogs")  # the same edits change nothing there
    assert not any(record.folder_label for record in open_dataset(folder).records)
    split = write_images(tmp_path / "split", {"train/cats": 2, "train/dogs": 2})
    assert folder_labels(open_unlabelled(split)) == folder_labels(open_unlabelled(folder / "cats")) == {}
