"""Which files are found, and which class and split their folders give them."""

import os
from pathlib import Path

import pytest

from core.datasets.layout import find_layout, loose_in_words
from core.errors import DatasetError


def make(root: Path, *paths: str) -> Path:
    """Empty files; a path that ends in a slash is a folder."""
    for path in paths:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.endswith("/"):
            target.mkdir(exist_ok=True)
        else:
            target.touch()
    return root


def found(root: Path) -> list[tuple[str, str, str]]:
    return [(file.path, file.split, file.label) for file in find_layout(root).files]


def test_plain_class_folders(tmp_path: Path) -> None:
    layout = find_layout(make(tmp_path, "dogs/b.jpg", "cats/a.jpg", "cats/c.jpg"))
    assert layout.root == tmp_path.resolve()
    assert layout.classes == ("cats", "dogs")
    assert found(tmp_path) == [("cats/a.jpg", "", "cats"), ("cats/c.jpg", "", "cats"), ("dogs/b.jpg", "", "dogs")]


@pytest.mark.parametrize("train", ["train", "training", "Train", "TRAINING"])
@pytest.mark.parametrize("validation", ["validation", "val", "valid", "Val", "VALIDATION"])
@pytest.mark.parametrize("test", ["test", "testing", "Test"])
def test_split_folders_by_all_their_names(tmp_path: Path, train: str, validation: str, test: str) -> None:
    make(tmp_path, f"{train}/cats/1.jpg", f"{validation}/cats/2.jpg", f"{test}/cats/3.jpg", f"{train}/dogs/4.jpg")
    assert {(path.split("/")[0], split) for path, split, _ in found(tmp_path)} == {
        (train, "train"),
        (validation, "validation"),
        (test, "test"),
    }
    assert find_layout(tmp_path).classes == ("cats", "dogs")


def test_a_train_folder_alone_is_a_split(tmp_path: Path) -> None:
    make(tmp_path, "train/cats/1.jpg", "train/dogs/2.jpg")
    assert found(tmp_path) == [("train/cats/1.jpg", "train", "cats"), ("train/dogs/2.jpg", "train", "dogs")]


def test_train_can_be_a_class_of_its_own(tmp_path: Path) -> None:
    make(tmp_path, "train/1.jpg", "plane/2.jpg", "test/3.jpg")
    assert find_layout(tmp_path).classes == ("plane", "test", "train")


def test_valid_can_be_a_class_of_its_own(tmp_path: Path) -> None:
    make(tmp_path, "valid/1.jpg", "invalid/2.jpg")
    assert {split for _, split, _ in found(tmp_path)} == {""}


def test_folders_beside_the_splits_are_no_classes(tmp_path: Path) -> None:
    make(tmp_path, "train/cats/1.jpg", "train/dogs/2.jpg", "scripts/x/make.py")
    assert find_layout(tmp_path).classes == ("cats", "dogs")


def test_two_folders_for_one_split_are_an_error(tmp_path: Path) -> None:
    make(tmp_path, "train/cats/1.jpg", "val/cats/2.jpg", "validation/cats/3.jpg")
    with pytest.raises(DatasetError, match="val and validation, which both mean validation"):
        find_layout(tmp_path)


@pytest.mark.parametrize("inside", ["train/cats/1.jpg", "cats/1.jpg"])
def test_wrapping_folders_are_looked_through(tmp_path: Path, inside: str) -> None:
    wrapped = tmp_path / "photos" / "of pets"
    make(wrapped, inside, inside.replace("cats", "dogs"))
    make(tmp_path, ".hidden", "__MACOSX/photos/._x", "Thumbs.db", "README.md")
    assert find_layout(tmp_path) == find_layout(wrapped)
    assert find_layout(tmp_path).root == wrapped.resolve()
    assert find_layout(tmp_path).classes == ("cats", "dogs")


def test_a_single_class_is_not_looked_through(tmp_path: Path) -> None:
    make(tmp_path, "cats/1.jpg")
    assert find_layout(tmp_path).classes == ("cats",)


def test_images_may_lie_deeper(tmp_path: Path) -> None:
    make(tmp_path, "cats/2019/may/1.jpg", "cats/3.jpg", "dogs/3.jpg")
    paths = ["cats/2019/may/1.jpg", "cats/3.jpg", "dogs/3.jpg"]
    assert found(tmp_path) == [(path, "", path[:4]) for path in paths]  # sorted, however deep


def test_clutter_is_no_file_and_no_class(tmp_path: Path) -> None:
    make(tmp_path, "cats/1.jpg", "dogs/2.jpg", "cats/.DS_Store", "cats/thumbs.DB", "cats/.git/x", "cats/Desktop.ini")
    make(tmp_path, ".cache/x.jpg", "__macosx/y.jpg", "notes.txt")
    assert [path for path, _, _ in found(tmp_path)] == ["cats/1.jpg", "dogs/2.jpg"]


def test_any_other_file_below_a_class_is_found(tmp_path: Path) -> None:
    make(tmp_path, "cats/notes.txt", "cats/no extension", "dogs/a 'b' \"c\"\n\U0001f436 \u202egpj.exe")
    assert len(found(tmp_path)) == 3


def test_an_empty_class_folder_is_a_class(tmp_path: Path) -> None:
    make(tmp_path, "cats/1.jpg", "dogs/")
    assert find_layout(tmp_path).classes == ("cats", "dogs")


def test_files_do_not_depend_on_the_order_of_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, *(f"{label}/{number}/x.jpg" for label in ("cats", "dogs") for number in range(5)))
    forwards = find_layout(tmp_path)
    real = os.scandir

    class Backwards:
        def __init__(self, path: str) -> None:
            with real(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> list["os.DirEntry[str]"]:
            return self.entries

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert find_layout(tmp_path) == forwards


# --- links and other dangers -----------------------------------------------------------------------------------------


def problems(root: Path) -> dict[str, str]:
    return {file.path: file.problem for file in find_layout(root).files if file.problem}


def test_a_link_out_of_the_dataset_is_a_problem(tmp_path: Path) -> None:
    make(tmp_path, "secret.jpg", "data/cats/1.jpg", "data/dogs/2.jpg")
    (tmp_path / "data" / "cats" / "out.jpg").symlink_to("../../secret.jpg")
    (tmp_path / "data" / "dogs" / "absolute.jpg").symlink_to("/etc/passwd")
    assert problems(tmp_path / "data") == {
        "cats/out.jpg": "a link that leads out of the dataset",
        "dogs/absolute.jpg": "a link that leads out of the dataset",
    }


def test_a_link_through_a_link_out_of_the_dataset_is_a_problem(tmp_path: Path) -> None:
    make(tmp_path, "secret.jpg", "data/cats/1.jpg", "data/dogs/2.jpg")
    (tmp_path / "data" / ".door").symlink_to("..")
    (tmp_path / "data" / "cats" / "out.jpg").symlink_to("../.door/secret.jpg")
    assert list(problems(tmp_path / "data")) == ["cats/out.jpg"]


def test_a_neighbour_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    make(tmp_path, "data-private/1.jpg", "data/cats/1.jpg", "data/dogs/2.jpg")
    (tmp_path / "data" / "cats" / "out.jpg").symlink_to(tmp_path / "data-private" / "1.jpg")
    assert list(problems(tmp_path / "data")) == ["cats/out.jpg"]


def test_a_link_within_the_dataset_is_a_file(tmp_path: Path) -> None:
    make(tmp_path, "cats/1.jpg", "dogs/2.jpg")
    (tmp_path / "cats" / "again.jpg").symlink_to("1.jpg")
    assert problems(tmp_path) == {}
    assert ("cats/again.jpg", "", "cats") in found(tmp_path)


def test_the_dataset_itself_may_be_reached_by_a_link(tmp_path: Path) -> None:
    make(tmp_path / "real", "cats/1.jpg", "dogs/2.jpg")
    (tmp_path / "real" / "cats" / "again.jpg").symlink_to("1.jpg")
    (tmp_path / "link").symlink_to("real")
    assert find_layout(tmp_path / "link") == find_layout(tmp_path / "real")
    assert problems(tmp_path / "link") == {}


def test_links_that_lead_nowhere_or_in_a_circle_are_problems(tmp_path: Path) -> None:
    make(tmp_path, "cats/1.jpg", "dogs/2.jpg")
    (tmp_path / "cats" / "gone.jpg").symlink_to("missing.jpg")
    (tmp_path / "dogs" / "a.jpg").symlink_to("b.jpg")
    (tmp_path / "dogs" / "b.jpg").symlink_to("a.jpg")
    assert problems(tmp_path) == dict.fromkeys(
        ["cats/gone.jpg", "dogs/a.jpg", "dogs/b.jpg"], "a link that leads nowhere"
    )


def test_linked_folders_are_not_entered(tmp_path: Path) -> None:
    make(tmp_path, "outside/1.jpg", "data/cats/1.jpg", "data/dogs/2.jpg")
    data = tmp_path / "data"
    (data / "birds").symlink_to(tmp_path / "outside")
    (data / "cats" / "loop").symlink_to("..")
    (data / "cats" / "out").symlink_to(tmp_path / "outside")
    assert find_layout(data).classes == ("cats", "dogs")
    assert problems(data) == {"cats/loop": "a link to a folder", "cats/out": "a link that leads out of the dataset"}
    assert [path for path, _, _ in found(data)] == ["cats/1.jpg", "cats/loop", "cats/out", "dogs/2.jpg"]


def test_a_name_that_is_not_unicode_is_a_problem_that_can_be_printed(tmp_path: Path) -> None:
    make(tmp_path, "cats/1.jpg", "dogs/2.jpg")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/cats/\xff\xfe.jpg")).touch()
    assert problems(tmp_path) == {"cats/\ufffd\ufffd.jpg": "the name is not valid Unicode"}


def test_a_class_whose_name_is_not_unicode_has_no_file_without_a_problem(tmp_path: Path) -> None:
    make(tmp_path, "cats/1.jpg", "dogs/2.jpg")
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    folder.mkdir()
    (folder / "1.jpg").touch()
    assert problems(tmp_path) == {"\ufffd/1.jpg": "the name is not valid Unicode"}
    "".join(find_layout(tmp_path).classes).encode()


def test_a_folder_that_cannot_be_listed_is_a_problem_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "cats/1.jpg", "cats/locked/2.jpg", "dogs/3.jpg")
    real = os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert problems(tmp_path) == {"cats/locked": "the folder cannot be listed: Permission denied"}
    assert len(found(tmp_path)) == 3


def test_a_dataset_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be listed"):
        find_layout(tmp_path / "missing")


# --- images beside the class folders ---------------------------------------------------------------------------------


def test_loose_images_are_named_and_not_used(tmp_path: Path) -> None:
    make(tmp_path, "train/cats/1.jpg", "train/dogs/2.jpg", "validation/cats/3.jpg")
    make(tmp_path, "a.JPG", "train/b.png", "validation/c.webp", "README.txt", ".hidden.jpg", "x.jpg/", "test.jpg")
    layout = find_layout(tmp_path)
    assert layout.loose == ("a.JPG", "test.jpg", "train/b.png", "validation/c.webp")
    assert [file.path for file in layout.files] == ["train/cats/1.jpg", "train/dogs/2.jpg", "validation/cats/3.jpg"]


def test_loose_images_in_words() -> None:
    assert loose_in_words([f"{number}.jpg" for number in range(7)]) == (
        "7 images lie beside the class folders and are not used: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg, …"
    )
