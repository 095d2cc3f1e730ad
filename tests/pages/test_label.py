"""The Label page without a browser: where it is offered, names, questions, batches, and the way on."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets import Dataset
from core.datasets.current import remember_source
from core.datasets.loading import open_unlabelled
from core.errors import WeightsError
from pages.ui.label.preparing import labellers
from tests.drawing import write_images, zip_folder
from tests.pages.app import new_app, opened, press, reloaded, unescaped_words, words


@pytest.fixture(autouse=True)
def drawn_is_open(drawn: Path) -> None:
    """As after a restart."""
    remember_source(str(drawn))


@pytest.fixture
def photos(ready_home: Path, drawn: Path, tmp_path: Path) -> Path:
    """30 drawn cats and dogs in one folder."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for label in ("cats", "dogs"):
        for file in sorted((drawn / "train" / label).iterdir())[:15]:
            shutil.copy(file, folder / unnamed(file))
    return folder


def unnamed(file: Path) -> str:
    """A name that is not read as that of a class: "0001 cat.jpg"."""
    label, number, _ = file.name.split(".")
    return f"{number} {label}.jpg"


def labels(at: AppTest) -> dict[str, bool]:
    """Whether each button is disabled."""
    return {button.label: button.disabled for button in at.button}


def offered(path: Path) -> AppTest:
    """The Dataset page that has refused to open it."""
    at = new_app().run().segmented_control(key="source_kind").set_value("path").run()
    at.text_input(key="source_path").set_value(str(path))
    return opened(press(at, "Open"))


def prepared(at: AppTest) -> AppTest:
    """The page once the images are read and their features made."""
    for job in labellers()._jobs.values():
        assert job.latest is not None and job.latest.wait(120)
    return at.run()


def chosen(path: Path) -> AppTest:
    """The page with nothing but the images."""
    at = new_app("label.py")
    at.session_state["label_source"] = f"by-hand:{path}"
    return prepared(at.run())


def begun(path: Path) -> AppTest:
    """The page with two classes."""
    at = chosen(path)
    at.text_input(key="label_class_first").set_value("cat")
    at.text_input(key="label_class_second").set_value("dog")
    return press(at, "Start labelling")


def asked(at: AppTest) -> str:
    """The path of the image that it asks for."""
    return next(str(caption.value) for caption in at.caption if str(caption.value).endswith("jpg")).replace("\\", "")


def answer(at: AppTest, number: int) -> AppTest:
    for _ in range(number):
        at = press(at, "cat" if "cat" in asked(at) else "dog")
        assert not at.exception
    return at


def data_of(path: Path) -> Dataset:
    return open_unlabelled(path)


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_images_without_labels_are_offered_to_be_labelled(photos: Path, tmp_path: Path, kind: str) -> None:
    path = photos
    if kind == "zip":
        path = tmp_path / "photos.zip"
        path.write_bytes(zip_folder(photos))
    at = offered(path)
    assert "These images have no labels yet. Label them here." in words(at).replace("*", "")
    assert not at.error
    at = press(at, "Label these images")
    assert at.title[0].value == "Label"
    at = prepared(at.switch_page("label.py"))
    assert not at.exception
    assert "Name two classes" in words(at)
    assert "no labels yet" not in words(at.switch_page("dataset.py").run())


def test_where_nothing_is_chosen_it_says_what_to_do(pawlab_home: Path) -> None:
    at = new_app("label.py").run()
    assert not at.exception
    assert "Open a folder or a zip" in words(at)
    assert "Open images" in labels(at)


def test_names_are_refused_before_any_image_has_one(photos: Path) -> None:
    at = chosen(photos)
    for first, second, reason in (
        ("cat", "cat", "already"),
        ("cat", "Cat", "beside"),
        ("a/b", "cat", "a/b"),
        ("", "b", ""),
    ):
        at.text_input(key="label_class_first").set_value(first)
        at.text_input(key="label_class_second").set_value(second)
        at = press(at, "Start labelling")
        assert at.error and reason in unescaped_words(at)
        assert "Start labelling" in labels(at)


def test_answers_are_labels_skip_is_none_unsure_leaves_out_and_undo_asks_again(photos: Path) -> None:
    at = begun(photos)
    assert "0 of 30 labelled" in [one.proto.text for one in at.get("progress")]
    first = asked(at)
    at = press(at, "Skip")
    second = asked(at)
    assert second != first
    at = press(at, "Unsure")
    assert [record.path for record in data_of(photos).records if record.excluded] == [second]
    third = asked(at)
    at = press(at, "cat")
    assert {record.path: record.label for record in data_of(photos).usable()} == {third: "cat"}
    assert asked(at) not in (first, second, third)
    at = press(at, "Undo")
    assert asked(at) == third
    at = press(at, "Undo")
    assert asked(at) == second
    assert not data_of(photos).usable()
    assert labels(at)["Undo"]
    at.run()
    assert not at.exception


def test_a_reload_keeps_names_labels_and_the_view(photos: Path) -> None:
    at = answer(begun(photos), 3)
    at.segmented_control(key="label_view").set_value("batches").run()
    other = reloaded(at, "label.py").run()
    assert not other.exception
    assert other.segmented_control(key="label_view").value == "batches"
    assert "3 of 30 labelled" in [one.proto.text for one in other.get("progress")]
    assert {"cat", "dog"} <= labels(other).keys()


def test_classes_are_added_renamed_and_removed(photos: Path) -> None:
    at = press(begun(photos), "cat")
    at.text_input(key="label_class_new").set_value("bird")
    at = press(at, "Add")
    assert {"cat", "dog", "bird"} <= labels(at).keys()
    assert labels(at)["Remove"], "the first has an image"
    at.text_input(key="label_class_other").set_value("dog")
    at = press(at, "Rename")
    assert "already" in words(at)
    at.text_input(key="label_class_other").set_value("kitten")
    at = press(at, "Rename")
    assert data_of(photos).classes == ("kitten",)
    assert list(labels(at)).index("kitten") < list(labels(at)).index("dog"), "it keeps its key"
    at.selectbox(key="label_class_which").set_value("bird").run()
    at = press(at, "Remove")
    assert "bird" not in labels(at)


def test_a_batch_is_confirmed_at_once_and_the_way_on_opens(photos: Path) -> None:
    at = begun(photos)
    assert labels(at)["Train on what is labelled"]
    at = answer(at, 10)
    at.segmented_control(key="label_view").set_value("batches").run()
    confirm = next(name for name in labels(at) if name.startswith("Confirm all"))
    number, name = int(confirm.split()[2]), confirm.split()[-1]
    before = len(data_of(photos).usable())
    at = press(at, confirm)
    assert not at.exception
    data = data_of(photos)
    assert len(data.usable()) == before + number
    assert sum(record.label == name for record in data.usable()) >= number
    assert not labels(at)["Train on what is labelled"]
    at = opened(press(at, "Open it on the Dataset page").switch_page("dataset.py"))
    assert not at.exception
    assert at.session_state["session_source"].by_hand
    assert at.metric[0].value == str(before + number)
    at = press(at, "Label more")
    assert at.title[0].value == "Label"


def test_every_image_can_get_a_label(ready_home: Path, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "three", {"": 3})
    at = begun(folder)
    for _ in range(3):
        at = press(at, "cat")
    assert "Every image has a label" in words(at)
    assert len(data_of(folder).usable()) == 3
    assert labels(at)["Train on what is labelled"], "there is one class only"


def test_without_weights_it_says_so_and_tries_again(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise WeightsError("There is no network")

    with monkeypatch.context() as patch:
        patch.setattr("core.backbone.weights.resolve_weights", refuse)
        at = chosen(photos)
        assert "There is no network" in words(at)
    at = prepared(press(at, "Try again"))
    assert "Name two classes" in words(at)


def test_images_beside_class_folders_are_labelled_with_what_the_folders_say(ready_home: Path, tmp_path: Path) -> None:
    folder = write_images(tmp_path / "pets", {"cats": 6, "dogs": 6, "": 3})
    at = press(offered(folder), "Label them")
    assert at.title[0].value == "Label"
    at = press(prepared(at.switch_page("label.py")), "Use the class folders as labels")
    assert not at.exception
    assert "12 of 15 labelled" in [one.proto.text for one in at.get("progress")]
    assert {"cats", "dogs"} <= labels(at).keys()
    assert "/" not in asked(at)
