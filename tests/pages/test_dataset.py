"""The Dataset page: empty-handed, with good data, with bad data."""

import io
import zipfile
from pathlib import Path
from threading import Event

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import Dataset, Edits, open_dataset
from core.datasets.current import current_source, remember_source
from core.datasets.quality.report import Report, make_report
from core.datasets.uploads import keep_zip
from core.errors import ArchiveError, DatasetError
from core.jobs.progress import Progress
from core.storage.home import home
from pages.ui.dataset import quality as trust
from pages.ui.dataset.quality import reports
from tests.drawing import image_bytes, write_images
from tests.pages.app import new_app, opened, press, reloaded, words


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A dataset of 8 images, which is open already."""
    folder = write_images(tmp_path / "other", {"train/a": 2, "train/b": 2, "validation/a": 2, "validation/b": 2})
    remember_source(str(folder))
    return folder


def page() -> AppTest:
    return new_app().run()


def open_path(at: AppTest, path: Path) -> AppTest:
    at.segmented_control(key="source_kind").set_value("path").run()
    at.text_input[0].set_value(str(path))
    return opened(at.button[0].click().run())


def test_it_opens_on_the_drawn_sample_and_says_that_it_is_drawn(home_with_sample: Path) -> None:
    at = page()
    assert not at.exception
    assert at.metric[0].value == "560"
    assert "not photos" in words(at)


def test_opening_a_folder_shows_its_counts_and_is_remembered(other: Path, drawn: Path) -> None:
    at = open_path(page(), drawn)
    assert not at.exception
    assert at.metric[0].value == "56"
    assert current_source().text == str(drawn)
    assert page().metric[0].value == "56"


def test_unreadable_files_are_counted_and_reported(tmp_path: Path) -> None:
    data = write_images(tmp_path / "data", {"train/a": 4, "train/b": 4, "validation/a": 2, "validation/b": 2})
    (data / "train" / "a" / "bad.jpg").write_bytes(b"no image")
    remember_source(str(data))
    at = page()
    assert at.metric[2].value == "1"
    report = reports()._task
    assert report is not None
    assert report.wait(60)
    at.segmented_control(key="dataset_view").set_value("problems").run()
    assert "**Unreadable**: 1 image" in words(at)


def test_a_wrong_path_is_explained_and_the_open_data_stays(drawn: Path, tmp_path: Path) -> None:
    remember_source(str(drawn))
    at = open_path(page(), tmp_path / "nowhere")
    assert not at.exception
    assert "nowhere" in at.error[0].value
    assert at.metric[0].value == "56"
    assert current_source().text == str(drawn)


def test_a_source_that_vanished_offers_the_sample(tmp_path: Path, home_with_sample: Path) -> None:
    remember_source(str(tmp_path / "gone"))
    at = page()
    assert "gone" in at.error[0].value
    at.button[-1].click().run()
    assert at.metric[0].value == "560"


def test_the_table_names_a_file_of_each_class(other: Path, drawn: Path) -> None:
    table = open_path(page(), drawn).dataframe[0].value
    for label, name in zip(table["class"], table["example file"], strict=True):
        assert (drawn / "train" / label / name).is_file()


def test_the_message_about_a_failed_opening_can_be_closed(other: Path, tmp_path: Path) -> None:
    at = open_path(page(), tmp_path / "nothing")
    assert at.error
    next(button for button in at.button if button.label == "Dismiss").click().run()
    assert not at.error
    assert at.metric[0].value == "8"


def test_the_number_of_flagged_files_waits_for_the_report(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = Event()

    def slow(dataset: Dataset, progress: Progress) -> Report:
        go.wait(60)
        return make_report(dataset, progress)

    monkeypatch.setattr(trust, "make_report", slow)
    remember_source(str(drawn))
    at = page()
    flagged = next(number for number, one in enumerate(at.metric) if one.label == "Flagged")
    assert at.metric[flagged].value == "…"
    go.set()
    report = reports()._task
    assert report is not None
    assert report.wait(60)
    assert at.run().metric[flagged].value.isdigit()


def test_files_that_came_since_are_taken_in_by_reading_again(other: Path) -> None:
    at = page()
    write_images(other, {"train/new": 3})
    at = opened(press(at, "Rescan folder"))
    assert (at.metric[0].value, at.metric[1].value) == ("11", "3")
    assert "In validation, new has no images" in words(at).replace("\\", "")


def test_a_class_keeps_its_name_whatever_it_is(tmp_path: Path) -> None:
    """No capital at the start of a sentence, no Markdown, and no backslash in a list of options, which is none."""
    odd = "a*b_c [x](y) $z$ :smile:"
    remember_source(str(write_images(tmp_path / "odd", {f"train/{odd}": 6, "train/b": 2, "validation/b": 2})))
    at = page()
    assert f"In training, {odd} outnumber b 3 to 1" in words(at).replace("\\", "")
    assert [box.options for box in at.selectbox if box.label == "Class"] == [["All", odd, "b"]]
    assert [box.options for box in at.selectbox if box.label == "Class for the selected images"] == [[odd, "b"]]


def test_one_class_left_by_edits_is_told(other: Path) -> None:
    found = open_dataset(str(other))
    Edits.load(found).exclude([record for record in found.records if record.label == "b"], "all b")
    at = page()
    assert "Fewer than two classes are left" in words(at)
    next(button for button in at.button if button.label == "Undo").click().run()
    assert "Fewer than two classes are left" not in words(at)


def test_files_named_by_class_are_offered_and_opened(other: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kaggle"
    (folder / "train").mkdir(parents=True)
    for number, label in enumerate(["cat", "dog"] * 4):
        (folder / "train" / f"{label}.{number}.jpg").write_bytes(image_bytes(number))
    at = open_path(page(), folder)
    assert "cat (4), dog (4)" in at.error[0].value.replace("\\", "")
    at = opened(press(at, "Use the names of the files as classes"))
    assert not at.error
    assert (at.metric[0].value, at.metric[1].value) == ("8", "2")
    assert reloaded(at).run().metric[0].value == "8"


def test_loose_images_are_named(other: Path) -> None:
    (other / "a_b.jpg").write_bytes(image_bytes(1))
    at = page()
    assert "1 image lies beside the class folders and is not used: a_b.jpg" in words(at).replace("\\", "")


def test_an_error_shows_no_path_of_our_own_copies(other: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("cats/1.jpg", b"no image")
    path = keep_zip(content.getvalue(), "my pets.zip")
    with pytest.raises(DatasetError, match="in my pets") as error:
        open_dataset(path)
    assert str(home()) not in str(error.value)
    path.unlink()
    with pytest.raises(DatasetError, match="my pets") as error:
        open_dataset(path)
    assert str(home()) not in str(error.value)


@pytest.mark.parametrize("content", [b"no zip at all", b"PK\x03\x04 and then nothing", b""])
def test_a_broken_zip_is_called_one(content: bytes, tmp_path: Path) -> None:
    for source in (tmp_path / "broken.zip", tmp_path / "no suffix"):
        source.write_bytes(content)
        with pytest.raises(ArchiveError, match="zip is broken"):
            open_dataset(source)
    with pytest.raises(ArchiveError, match="zip is broken"):
        open_dataset(keep_zip(content, "pets.zip"))
