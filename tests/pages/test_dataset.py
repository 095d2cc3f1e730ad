"""The Dataset page: empty-handed, with good data, with bad data."""

from pathlib import Path
from threading import Event

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import Dataset, Edits, open_dataset
from core.datasets.current import current_source, remember_source
from core.datasets.report import Report, make_report
from core.progress import Progress
from pages.ui import trust
from pages.ui.data import openings
from pages.ui.trust import reports
from tests.drawing import write_images

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A dataset of 8 pictures, which is open already."""
    folder = write_images(tmp_path / "other", {"train/a": 2, "train/b": 2, "validation/a": 2, "validation/b": 2})
    remember_source(str(folder))
    return folder


def page() -> AppTest:
    return AppTest.from_file(MAIN, default_timeout=60).run()


def words(at: AppTest) -> str:
    elements = [*at.markdown, *at.error, *at.info, *at.caption, *at.subheader, *at.warning]
    return " ".join(str(element.value) for element in elements)


def open_path(at: AppTest, path: Path) -> AppTest:
    at.segmented_control(key="source_kind").set_value("path").run()
    at.text_input[0].set_value(str(path))
    at.button[0].click().run()
    job = openings().job
    assert job is not None
    assert job.wait(60)
    return at.run()  # in a browser a timer does that


def test_it_opens_on_the_drawn_sample_and_says_that_it_is_drawn(home_with_sample: Path) -> None:
    at = page()
    assert not at.exception
    assert at.metric[0].value == "560"
    assert "not photos" in words(at)


def test_opening_a_folder_shows_its_counts_and_is_remembered(other: Path, drawn: Path) -> None:
    at = open_path(page(), drawn)
    assert not at.exception
    assert at.metric[0].value == "56"
    assert current_source() == str(drawn)
    assert page().metric[0].value == "56"


def test_unreadable_files_are_counted_and_reported(tmp_path: Path) -> None:
    data = write_images(tmp_path / "data", {"train/a": 4, "train/b": 4, "validation/a": 2, "validation/b": 2})
    (data / "train" / "a" / "bad.jpg").write_bytes(b"no picture")
    remember_source(str(data))
    at = page()
    assert at.metric[2].value == "1"
    report = reports()._task
    assert report is not None
    assert report.wait(60)
    at.segmented_control(key="dataset_view").set_value("problems").run()
    assert "**Unreadable**: 1 picture" in words(at)


def test_a_wrong_path_is_explained_and_the_open_data_stays(drawn: Path, tmp_path: Path) -> None:
    remember_source(str(drawn))
    at = open_path(page(), tmp_path / "nowhere")
    assert not at.exception
    assert "nowhere" in at.error[0].value
    assert at.metric[0].value == "56"
    assert current_source() == str(drawn)


def test_a_source_that_vanished_offers_the_sample(tmp_path: Path, home_with_sample: Path) -> None:
    remember_source(str(tmp_path / "gone"))
    at = page()
    assert "gone" in at.error[0].value
    at.button[-1].click().run()
    assert at.metric[0].value == "560"


def test_the_table_names_a_file_of_each_class(other: Path, drawn: Path) -> None:
    table = open_path(page(), drawn).dataframe[0].value
    for label, name in zip(table["class"], table["such as"], strict=True):
        assert (drawn / "train" / label / name).is_file()


def test_the_message_about_a_failed_opening_can_be_closed(other: Path, tmp_path: Path) -> None:
    at = open_path(page(), tmp_path / "nothing")
    assert at.error
    next(button for button in at.button if button.label == "Close this message").click().run()
    assert not at.error
    assert at.metric[0].value == "8"


def test_the_number_of_flagged_files_waits_for_the_report(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = Event()

    def slow(dataset: Dataset, tell: Progress) -> Report:
        go.wait(60)
        return make_report(dataset, tell)

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
    next(button for button in at.button if button.label == "Read again").click().run()
    job = openings().job
    assert job is not None
    assert job.wait(60)
    at.run()
    assert (at.metric[0].value, at.metric[1].value) == ("11", "3")
    assert "In validation, new has no pictures" in words(at).replace("\\", "")


def test_a_class_keeps_its_name_whatever_it_is(tmp_path: Path) -> None:
    """No capital at the start of a sentence, no Markdown, and no backslash in a list of options, which is none."""
    odd = "a*b_c [x](y) $z$ :smile:"
    remember_source(str(write_images(tmp_path / "odd", {f"train/{odd}": 6, "train/b": 2, "validation/b": 2})))
    at = page()
    assert f"In training, {odd} outnumber b 3 to 1" in words(at).replace("\\", "")
    assert [box.options for box in at.selectbox if box.label == "Class"] == [["All", odd, "b"]]
    assert [box.options for box in at.selectbox if box.label == "Class for the selected pictures"] == [[odd, "b"]]


def test_one_class_left_by_edits_is_told(other: Path) -> None:
    found = open_dataset(str(other))
    Edits.load(found).exclude([record for record in found.records if record.label == "b"], "all b")
    at = page()
    assert "fewer than two classes left" in words(at)
    next(button for button in at.button if button.label == "Undo").click().run()
    assert "fewer than two classes left" not in words(at)
