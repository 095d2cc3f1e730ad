"""Classes in the names of files, as Kaggle ships them: offered, opened when asked for, found again after a restart."""

from pathlib import Path

import pytest

from core.datasets import Edits, open_dataset
from core.datasets.current import current_source, recent_paths, remember_source
from core.datasets.loading import actions_of
from core.datasets.named_files import find_named_files
from core.datasets.source import BY_NAME, resolve_source
from core.errors import DatasetError, NamedFilesError
from tests.datasets.test_layout import make
from tests.drawing import image_bytes, zip_folder


@pytest.fixture
def kaggle(tmp_path: Path) -> Path:
    """As the competition's zip unpacks: train/cat.0.jpg, and test images without a class."""
    folder = tmp_path / "dogs-vs-cats"
    make(folder, "train/", "test1/")
    for number, label in enumerate(["cat"] * 6 + ["dog"] * 5):
        (folder / "train" / f"{label}.{number}.jpg").write_bytes(image_bytes(number))
        (folder / "test1" / f"{number}.jpg").write_bytes(image_bytes(100 + number))
    return folder


@pytest.mark.parametrize("inside", ["", "train"])
def test_it_is_offered_and_opens_when_asked_for(kaggle: Path, inside: str) -> None:
    with pytest.raises(NamedFilesError, match=r"no class folders .*: cat \(6\), dog \(5\)\..* open by-name:"):
        open_dataset(kaggle / inside)
    data = open_dataset(f"{BY_NAME}{kaggle / inside}")
    assert data.classes == ("cat", "dog")
    assert len(data.records) == 11
    assert all(record.label in record.path and record.split in ("train", "validation") for record in data.records)
    assert {record.split for record in data.records} == {"train", "validation"}


def test_it_is_found_again_after_a_restart_with_its_edits(kaggle: Path) -> None:
    data = open_dataset(f"{BY_NAME}{kaggle}")
    remember_source(data.source)
    assert current_source() == data.source == resolve_source(data.source.text)
    assert current_source().by_name
    assert recent_paths() == [str(kaggle)]
    Edits.load(data).exclude(data.records[:2])
    assert len(open_dataset(current_source()).usable()) == 9
    assert len(actions_of(data.source)) == 1


def test_a_zip_is_offered_and_opened_alike(kaggle: Path, tmp_path: Path) -> None:
    path = tmp_path / "kaggle.zip"
    path.write_bytes(zip_folder(kaggle, "all/"))
    with pytest.raises(NamedFilesError):
        open_dataset(path)
    assert open_dataset(f"{BY_NAME}{path}").classes == ("cat", "dog")


def test_names_of_breeds_count_too_and_a_name_that_occurs_once_is_no_class(tmp_path: Path) -> None:
    make(tmp_path, *(f"images/{name}_{number}.jpg" for name in ("great_dane", "Birman") for number in (1, 20)))
    make(tmp_path, "images/cover_1.jpg", "images/notes_1.txt", "images/notes_2.txt", "images/1.jpg", "images/x.jpg")
    layout = find_named_files(tmp_path)
    assert layout is not None
    assert layout.classes == ("Birman", "great_dane")
    assert [file.path for file in layout.files] == [
        "Birman_1.jpg",
        "Birman_20.jpg",
        "great_dane_1.jpg",
        "great_dane_20.jpg",
    ]


def test_splits_stay(tmp_path: Path) -> None:
    make(tmp_path, *(f"{split}/{name}.{n}.png" for split in ("train", "val") for name in ("a", "b") for n in (1, 2)))
    layout = find_named_files(tmp_path)
    assert layout is not None
    assert {(file.path.split("/")[0], file.split) for file in layout.files} == {
        ("train", "train"),
        ("val", "validation"),
    }


@pytest.mark.parametrize(
    "names",
    [
        ("cats/a.1.jpg", "cats/a.2.jpg", "dogs/b.1.jpg", "dogs/b.2.jpg"),
        ("train/1.jpg", "train/2.jpg", "plane/a.1.jpg", "plane/a.2.jpg"),
    ],
)
def test_class_folders_win(tmp_path: Path, names: tuple[str, ...]) -> None:
    make(tmp_path, *names)
    for path in tmp_path.rglob("*.jpg"):
        path.write_bytes(image_bytes(len(str(path))))
    assert len(open_dataset(tmp_path).classes) == 2


def test_without_such_names_the_old_error_stays_and_the_word_is_explained(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b.jpg", "IMG.1.jpg", "IMG.2.jpg")
    with pytest.raises(DatasetError, match="Found no class folders") as error:
        open_dataset(tmp_path)
    assert not isinstance(error.value, NamedFilesError)
    with pytest.raises(DatasetError, match=r"no two classes .* cat\.0\.jpg"):
        open_dataset(f"{BY_NAME}{tmp_path}")


def test_a_link_that_leads_out_is_refused_here_too(tmp_path: Path) -> None:
    make(tmp_path, "secret.jpg", *(f"data/{name}.{number}.jpg" for name in ("a", "b") for number in (1, 2)))
    (tmp_path / "data" / "a.3.jpg").symlink_to("../secret.jpg")
    layout = find_named_files(tmp_path / "data")
    assert layout is not None
    assert {file.path: file.problem for file in layout.files if file.problem} == {
        "a.3.jpg": "a link that leads out of the dataset"
    }
