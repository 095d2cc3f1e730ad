"""The user's corrections: each image once, in the class it was given last, whatever classes are called."""

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets import open_dataset
from core.datasets.edits import corrections as module
from core.datasets.edits.corrections import (
    add_correction,
    correction_of,
    corrections,
    corrections_folder,
    corrections_source,
    drop_correction,
)
from core.datasets.names import CLASS_BYTES
from core.errors import DatasetError, ImageError, InputError, PawlabError
from core.text.file_names import file_name, folded
from tests.drawing import image_bytes
from tests.examples import FEW

HOSTILE = [
    *(
        "../../etc",
        "/etc/passwd",
        "a/b",
        "a\\b",
        "a:b",
        "a_b",
        ".",
        "..",
        ".hidden",
        "...",
        "con",
        "NUL.txt",
        "Thumbs.db",
    ),
    *("__MACOSX", "train", "validation", "val", "test", "cats", "Cats", "CATS", "cats ", " cats", "cats.", "x" * 5000),
    *(
        "x" * 4999,
        "🐶🏽‍🦯",
        "é",
        "e\u0301",
        "\u202egod",
        "a\nb",
        "a\0b",
        "\ud800",
        "\udcff",
        "=1+1",
        "-rf",
        "![](http:h)",
    ),
    *("my-corrections", "$HOME", "%00", "~", "*", "a" * 200, "ß", "ss", "ẞ"),
]


def files() -> list[Path]:
    root = corrections_folder()
    return sorted(path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))


def test_a_image_is_kept_as_it_came(pawlab_home: Path) -> None:
    content = image_bytes(1, format="PNG")
    path = add_correction(content, "cats", "a.png")
    assert path.read_bytes() == content
    assert path.parent == corrections_folder() / "cats"
    assert path.suffix == ".png"
    assert corrections_folder().is_relative_to(pawlab_home)
    assert corrections() == {"cats": 1}


def test_nothing_is_made_by_asking(pawlab_home: Path) -> None:
    assert corrections() == {}
    with pytest.raises(DatasetError):
        corrections_source()
    assert not pawlab_home.exists()


def test_the_same_image_is_there_once_and_moves_to_its_new_class() -> None:
    first, second = image_bytes(1), image_bytes(2)
    for label in ("cats", "cats", "dogs"):
        add_correction(first, label, "first")
    assert corrections() == {"dogs": 1}
    assert [path.parent.name for path in files()] == ["dogs"]
    assert not (corrections_folder() / "cats").exists()  # an empty class would keep the dataset from training
    add_correction(second, "cats", "second")
    assert corrections() == {"cats": 1, "dogs": 1}


def test_two_classes_open_as_a_dataset_and_one_says_what_is_missing() -> None:
    for seed in range(6):
        add_correction(image_bytes(seed), "cats", "a")
    with pytest.raises(DatasetError, match=r"6 of 'cats'.*two classes.*Classify page"):
        corrections_source()
    for seed in range(6, 10):
        add_correction(image_bytes(seed), "dogs", "b")
    dataset = open_dataset(corrections_source())
    assert dataset.classes == ("cats", "dogs")
    assert len(dataset.usable("train")) + len(dataset.usable("validation")) == 10


def test_a_class_folder_that_a_kill_left_empty_is_in_nobodys_way() -> None:
    for seed, label in enumerate(["cats", "dogs"]):
        add_correction(image_bytes(seed), label, "a")
    (corrections_folder() / "birds").mkdir()
    (corrections_folder() / "birds" / ".class.json").write_text('"b/rds"')
    assert open_dataset(corrections_source()).classes == ("cats", "dogs")


def test_hostile_classes_stay_apart_and_within_and_open() -> None:
    for seed, label in enumerate(HOSTILE):
        add_correction(image_bytes(seed, (16, 16)), label, "a")
    assert corrections() == dict.fromkeys(sorted(HOSTILE), 1)
    assert len(files()) == len(HOSTILE)
    folders = {path.parent for path in files()}
    assert len({folded(folder.name) for folder in folders}) == len(HOSTILE)
    assert all(folder.parent == corrections_folder() for folder in folders)
    assert all(file_name(folder.name, CLASS_BYTES) == folder.name for folder in folders)
    dataset = open_dataset(corrections_source())
    assert set(dataset.classes) == {folder.name for folder in folders}
    assert dataset.unreadable() == []


@settings(FEW, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 4), st.text(min_size=1, max_size=300) | st.sampled_from(HOSTILE)), max_size=8))
def test_every_image_is_in_the_class_it_was_given_last(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, str]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", str(tmp_path_factory.mktemp("home")))
        wanted: dict[int, str] = {}
        for seed, label in steps:
            if label.strip():
                add_correction(image_bytes(seed, (16, 16)), label, "a")
                wanted[seed] = label
        counts = {label: list(wanted.values()).count(label) for label in wanted.values()}
        assert corrections() == counts
        assert len(files()) == len(wanted)


@pytest.mark.parametrize("content", [b"", b"text", image_bytes(1)[:300], b"GIF89a"])
def test_what_is_no_image_is_not_kept(content: bytes) -> None:
    with pytest.raises(ImageError, match=r"holiday\.jpg cannot be kept"):
        add_correction(content, "cats", "holiday.jpg")
    assert not corrections_folder().exists()


@pytest.mark.parametrize("label", ["", " ", "\n"])
def test_an_empty_class_is_refused(label: str) -> None:
    with pytest.raises(InputError):
        add_correction(image_bytes(1), label, "a")
    assert not corrections_folder().exists()


def test_a_home_that_cannot_be_written_is_said_in_words(pawlab_home: Path) -> None:
    pawlab_home.mkdir()
    corrections_folder().write_text("a file is in the way")
    with pytest.raises(PawlabError, match="cannot be kept"):
        add_correction(image_bytes(1), "cats", "a")


def test_many_at_once_lose_nothing_and_double_nothing() -> None:
    def work(start: int) -> None:
        for number in range(12):
            add_correction(image_bytes(number, (16, 16)), f"class {(start + number) % 3}", "a")

    threads = [threading.Thread(target=work, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(corrections().values()) == 12
    assert len({path.name for path in files()}) == len(files()) == 12


@pytest.mark.parametrize("label", ["dogs", "../../etc", "a\nb", "\ud800"])
def test_a_image_is_taken_out_again_and_no_other(label: str) -> None:
    for seed in (1, 2):
        add_correction(image_bytes(seed), label, "a")
    assert [correction_of(image_bytes(seed)) for seed in (1, 2, 3)] == [label, label, ""]
    drop_correction(image_bytes(1), "a")
    assert [correction_of(image_bytes(seed)) for seed in (1, 2)] == ["", label]
    for _ in range(2):
        drop_correction(image_bytes(2), "a")
    assert corrections() == {}
    assert files() == []


def test_taking_out_of_nothing_makes_nothing(pawlab_home: Path) -> None:
    drop_correction(image_bytes(1), "a")
    assert correction_of(image_bytes(1)) == ""
    assert not pawlab_home.exists()


def test_a_class_that_another_session_has_just_emptied_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder was listed and is gone when it is looked into."""
    add_correction(image_bytes(1), "cats", "1.jpg")
    here = list(module._folders(corrections_folder()))
    monkeypatch.setattr(module, "_folders", lambda root: iter([*here, ("gone", corrections_folder() / "gone")]))
    assert corrections() == {"cats": 1}
