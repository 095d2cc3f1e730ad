"""The Dataset page's report, edits and export: each state, and what a click does to every count."""

import zipfile
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import open_dataset
from core.datasets.current import remember_source
from core.datasets.quality.problems import PROBLEMS
from core.datasets.sample.sample import write_sample
from pages.ui.dataset.edits import zips
from pages.ui.dataset.quality import reports
from tests.pages.app import new_app, press, words


@pytest.fixture(scope="session")
def clean_pets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trust") / "all"
    write_sample(folder, train=6, validation=4)
    return folder


@pytest.fixture
def leaky(clean_pets: Path, tmp_path: Path) -> Path:
    """Twenty drawn images, one of them in training and in validation, one twice in training, one broken."""
    pets = tmp_path / "pets"
    for split, number in (("train", 6), ("validation", 4)):
        for label in ("cats", "dogs"):
            (pets / split / label).mkdir(parents=True)
            for file in sorted((clean_pets / split / label).iterdir())[:number]:
                (pets / split / label / file.name).write_bytes(file.read_bytes())
    cats, dogs = (sorted((pets / "train" / label).iterdir()) for label in ("cats", "dogs"))
    (pets / "validation" / "cats" / "leak.png").write_bytes(cats[0].read_bytes())
    (pets / "train" / "dogs" / "twice.png").write_bytes(dogs[0].read_bytes())
    (pets / "train" / "dogs" / "broken.png").write_bytes(dogs[1].read_bytes()[:200])
    remember_source(str(pets))
    return pets


def page(view: str = "problems") -> AppTest:
    at = new_app().run()
    task = reports().latest
    assert task is not None
    assert task.wait(60)
    return at.segmented_control(key="dataset_view").set_value(view).run()


def metric(at: AppTest, label: str) -> str:
    return str(next(one.value for one in at.metric if one.label == label))


def test_the_report_names_what_was_planted(leaky: Path) -> None:
    at = page()
    assert not at.exception
    assert "**Leaks**: 1 group of 2 images" in words(at)
    assert "**Exact duplicates**: 2 groups of 4 images" in words(at)
    assert "**Unreadable**: 1 image" in words(at)
    assert int(metric(at, "Flagged")) >= 5


def test_each_edit_is_undone_where_it_was_made(leaky: Path) -> None:
    at = page("numbers")
    at.session_state["images_selected"] = frozenset({"train/cats/cat.0001.jpg", "train/cats/cat.0002.jpg"})
    press(at.run(), "Exclude 2")
    assert "**Excluded 2 images.**" in words(at)
    press(at, "Undo this")
    assert metric(at, "Images") == "22"
    assert "Excluded 2" not in words(at)

    at.session_state["images_open"] = "train/cats/cat.0001.jpg"
    press(at.run(), "Relabel as dogs")
    assert "**Relabelled 1 image.**" in words(at)
    press(at, "Next")
    assert "Relabelled 1" not in words(at)  # it was another image
    press(at, "Previous")
    press(at, "Undo this")
    assert open_dataset(leaky).edits == ()

    press(at, "Back")
    at.segmented_control(key="dataset_view").set_value("problems").run()
    at.button(key="trust_fix_leaks").click().run()
    assert "**Excluded 1 image.**" in words(at)
    press(at, "Undo this")
    assert metric(at, "Images") == "22"


def test_removing_leaks_changes_the_counts_and_undo_brings_them_back(leaky: Path) -> None:
    at = page()
    before = metric(at, "Images")
    at.button(key="trust_fix_leaks").click().run()
    assert not at.exception
    assert (before, metric(at, "Images")) == ("22", "21")
    assert "**Leaks**" not in words(at)
    assert open_dataset(leaky).counts() == {
        "train": {"cats": 5, "dogs": 7},
        "validation": {"cats": 5, "dogs": 4},
    }
    next(button for button in at.button if button.label == "Undo").click().run()
    assert metric(at, "Images") == "22"
    assert "**Leaks**" in words(at)


def test_keeping_one_of_each_duplicate_leaves_one(leaky: Path) -> None:
    at = page()
    at.button(key="trust_fix_duplicates").click().run()
    assert "Exact duplicates**" not in words(at)
    digests = [record.digest for record in open_dataset(leaky).usable()]
    assert len(digests) == len(set(digests)) == 20


def test_a_clean_dataset_is_said_to_be_clean(leaky: Path) -> None:
    for name in ("validation/cats/leak.png", "train/dogs/twice.png", "train/dogs/broken.png"):
        (leaky / name).unlink()
    for record in open_dataset(leaky).records:
        if any(problem.detail(record) for problem in PROBLEMS):
            (leaky / record.path).unlink()
    at = page()
    assert "No problems found" in at.success[0].value
    assert metric(at, "Flagged") == "0"


def test_a_stopped_report_can_be_begun_again(leaky: Path) -> None:
    at = page()
    task = reports().latest
    assert task is not None
    key = task.key

    def stopped(progress: object) -> None:
        from core.errors import Cancelled

        raise Cancelled("Stopped")

    reports().submit(key, stopped, again=True).wait(20)  # type: ignore[arg-type]
    at.run()
    assert "Stopped" in at.info[0].value
    next(button for button in at.button if button.label == "Compare again").click().run()
    assert "**Leaks**" in words(at)


def test_the_cleaned_zip_holds_what_is_used(leaky: Path) -> None:
    at = page()
    at.button(key="trust_fix_leaks").click().run()
    at.segmented_control(key="dataset_view").set_value("export").run()
    next(button for button in at.button if button.label == "Prepare the zip").click().run()
    task = zips()._task
    assert task is not None
    assert task.wait(30)
    at.run()
    assert not at.exception
    path = Path(at.code[0].value)
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == 21
    assert open_dataset(path).counts() == open_dataset(leaky).counts()


def test_edits_that_cannot_be_read_are_told_and_put_aside(leaky: Path) -> None:
    from core.datasets.edits.sidecar import edits_file

    at = page()
    at.button(key="trust_fix_leaks").click().run()
    edits_file(leaky).write_bytes(b"{broken")
    at.run()
    assert not at.exception
    assert at.error
    at.run()
    assert metric(at, "Images") == "22"


def test_the_training_page_counts_what_is_used(leaky: Path) -> None:
    at = page()
    at.button(key="trust_fix_leaks").click().run()
    at.switch_page("train.py").run()
    assert not at.exception
    assert "12 training images, 9 validation" in words(at)
