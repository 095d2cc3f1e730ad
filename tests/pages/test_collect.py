"""The page Collect without a browser: empty, with a collection, with several, when something is refused."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.collect.bursts import new_burst
from core.datasets.collect.collection import Collection
from core.datasets.collect.store import collections, create_collection, delete_collection, open_collection
from core.errors import WeightsError
from pages.ui.collect.learning import LEARNING
from tests.drawing import image_bytes
from tests.pages.app import new_app, opened, press, unescaped_words, words


def page() -> AppTest:
    return new_app("collect.py").run()


def filled(name: str = "Cups", bursts: int = 2) -> Collection:
    """Two classes of so many bursts of three images."""
    collection = create_collection(name)
    for number, label in enumerate(("cup", "spoon")):
        collection.add_class(label)
        for seed in range(3 * bursts):
            if seed % 3 == 0:
                burst = new_burst()
            collection.add(label, image_bytes(100 * number + seed // 3, (320, 240), quality=60 + seed), burst)
    return collection


def learned(name: str) -> None:
    """Waits until its score is there."""
    assert LEARNING.prepare(open_collection(name)).wait(60)
    learner = LEARNING.learner(open_collection(name))
    assert learner
    assert learner.wait(60, settled=True)


def component_data(app: AppTest) -> dict[str, object]:
    """What the browser gets."""
    found = [element for element in app.get("bidi_component") if element.proto.component_name == "collect"]
    data: dict[str, object] = json.loads(found[0].proto.json)
    return data


def test_an_empty_page_makes_a_collection_with_one_click_and_turns_the_camera_on(ready_home: Path) -> None:
    app = press(page(), "Start collecting")
    assert not app.exception
    assert [card.label for card in open_collection("My collection").classes()] == ["Class 1", "Class 2"]
    assert component_data(app)["begin"]
    assert "No images yet" in words(app)
    assert {button.label: button.disabled for button in app.button}["Train this properly"]


def test_a_name_that_cannot_be_had_makes_nothing(ready_home: Path) -> None:
    app = page()
    app.text_input[2].set_value(app.text_input[1].value)
    app = press(app, "Start collecting")
    assert "already" in words(app)
    assert collections() == ()
    app.text_input[0].set_value("///")
    assert "name" in words(press(app, "Start collecting"))
    assert collections() == ()


def test_looks_are_counted_in_bursts_and_the_score_says_of_how_many(ready_home: Path) -> None:
    filled()
    learned("Cups")
    app = page()
    assert not app.exception
    assert "12 images in 4 bursts count as 4 looks." in words(app)
    assert "Accuracy on bursts that were left out: **" in words(app)
    assert "on 12 images in 4 bursts." in words(app)


def test_one_burst_has_no_score_and_says_why(ready_home: Path) -> None:
    filled(bursts=1)
    learned("Cups")
    assert "No score yet. Record each class a second time" in unescaped_words(page())


def test_without_weights_it_says_so_and_images_are_there(pawlab_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise WeightsError("There is no network")

    monkeypatch.setattr("core.backbone.weights.resolve_weights", refuse)
    monkeypatch.setattr(LEARNING, "_learners", None)
    filled()
    app = page()
    assert not app.exception
    assert "There is no network" in words(app)
    assert press(app, "Prepare the base model").error
    monkeypatch.setattr(LEARNING, "_learners", None)


def test_training_opens_it_as_the_dataset(ready_home: Path) -> None:
    collection = filled()
    app = opened(press(page(), "Open it on the Dataset page"))
    assert not app.exception
    assert app.session_state["session_source"].path == collection.root.resolve()


def test_several_are_chosen_renamed_and_deleted(ready_home: Path) -> None:
    filled("One")
    filled("Two")
    app = page()
    assert app.selectbox(key="collect_chosen").value == "Two"
    app.selectbox(key="collect_chosen").set_value("One").run()
    assert component_data(app)["collection"] == "One"
    app.text_input(key="collect_new_name_One").set_value("Two")
    assert "already" in words(press(app, "Rename it"))
    app.text_input(key="collect_new_name_One").set_value("Three")
    app = press(app, "Rename it")
    assert component_data(app)["collection"] == "Three"
    app = press(app, "Delete for good")
    assert collections() == ("Two",)
    delete_collection("Two")  # by another window
    assert "Start collecting" in [button.label for button in app.run().button]


def test_images_are_moved_and_removed_and_that_is_undone(ready_home: Path) -> None:
    collection = filled()

    def numbers() -> list[int]:
        return [card.num_images for card in collection.classes()]

    app = page()
    assert {button.label: button.disabled for button in app.button}["Remove"]
    app = press(app, "Select all 12")
    app = press(app, "Select none")
    app.selectbox(key="collect_images_class").set_value("cup").run()
    app = press(app, "Select all 6")
    app.selectbox(key="collect_images_to").set_value("spoon").run()
    app = press(app, "Move")
    assert numbers() == [0, 12]
    assert "move 6 images to spoon" in app.button(key="collect_undo").label
    app = app.button(key="collect_undo").click().run()
    assert numbers() == [6, 6]
    app = press(app, "Select all 6")
    app = press(app, "Remove 6")
    assert numbers() == [0, 6]
    assert not app.exception
