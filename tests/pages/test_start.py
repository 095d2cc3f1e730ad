"""The first page: to whom it says what, and where its buttons lead."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.current import remember_source
from core.runs.run import Run, load_run
from core.storage.home import home
from tests.drawing import write_images
from tests.pages.app import START_HEADING, new_app, opened, press, reloaded, unescaped_words
from tests.trained import on_other_data

SPLITS = ("train/a", "train/b", "validation/a", "validation/b")
WAYS = ["Use the camera", "Open photos", "Open the drawn sample"]


def page() -> AppTest:
    return checked(opened(new_app("").run()))


def checked(app: AppTest) -> AppTest:
    assert not app.exception
    assert [title.value for title in app.title] == [START_HEADING]
    return app


def titles(app: AppTest) -> list[str]:
    """Of the pages that are shown: one."""
    assert not app.exception
    return [str(title.value) for title in app.title]


def pictures(app: AppTest) -> list[str]:
    """The alternative texts of the images at the top."""
    components = (one.proto for one in app.get("bidi_component"))
    (drawn,) = (json.loads(one.json) for one in components if one.component_name == "gallery")
    assert all(item["image"] for item in drawn["items"])
    return [item["alt"] for item in drawn["items"]]


def primary(app: AppTest) -> list[str]:
    return [button.label for button in app.button if button.proto.type == "primary"]


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    folder = write_images(tmp_path / "pets", dict.fromkeys(SPLITS, 3))
    remember_source(str(folder))
    return folder


def test_a_newcomer_sees_drawings_and_the_ways_in_and_nothing_is_opened(pawlab_home: Path) -> None:
    app = page()
    assert [alt.split()[-1] for alt in pictures(app)] == ["cat", "dog"] * 4
    assert [button.label for button in app.button] == WAYS
    assert primary(app) == WAYS[:1]
    assert "Dataset **" not in unescaped_words(app), "the header names a dataset that nobody has opened"
    assert not (pawlab_home / "datasets").exists()
    assert not (pawlab_home / "dataset.json").exists()


def test_the_camera_is_on_a_page_beside_the_five_steps(pawlab_home: Path) -> None:
    app = press(page(), "Use the camera")
    assert titles(app) == ["Collect"]
    assert [link.proto.label[:3] for link in app.get("page_link")[:2]] == ["→ 1", "2 A"]


def test_photos_are_chosen_where_datasets_are_opened_until_one_is_open(home_with_sample: Path, tmp_path: Path) -> None:
    app = opened(press(page(), "Open photos"))
    assert titles(app) == ["Dataset"]
    (chooser,) = (one for one in app.expander if one.label == "Open another dataset")
    assert chooser.proto.expanded
    assert app.segmented_control(key="source_kind").value == "folder"
    app.segmented_control(key="source_kind").set_value("path").run()
    assert next(one for one in app.expander if one.label == "Open another dataset").proto.expanded
    app.text_input(key="source_path").set_value(str(write_images(tmp_path / "pets", dict.fromkeys(SPLITS, 3))))
    opened(press(app, "Open"))
    assert not next(one for one in app.expander if one.label == "Open another dataset").proto.expanded


def test_the_sample_is_opened_by_one_press(home_with_sample: Path) -> None:
    app = opened(press(page(), "Open the drawn sample"))
    assert titles(app) == ["Dataset"]
    assert app.metric[0].value == "560"


def test_an_open_dataset_is_shown_by_its_images_and_its_name_and_is_trained_next(pets: Path) -> None:
    app = page()
    assert {alt.split(",")[0] for alt in pictures(app)} == {"a", "b"}
    assert "**pets** is open. No model is trained on it yet." in unescaped_words(app)
    assert primary(app) == ["Train"]
    assert [button.label for button in app.button][1:] == WAYS
    assert titles(press(app, "Train")) == ["Training"]


def test_a_dataset_that_is_gone_says_so_and_the_ways_in_stay(tmp_path: Path) -> None:
    remember_source(str(tmp_path / "gone"))
    app = page()
    assert "gone" in app.error[0].value
    assert primary(app) == ["Open the drawn sample instead"]
    assert [button.label for button in app.button][-3:] == WAYS


def test_a_run_leads_to_its_mistakes_then_to_ones_own_photo(finished: Run) -> None:
    remember_source(finished.source)
    app = page()
    assert f"“{finished.name}”: validation accuracy **" in unescaped_words(app)
    assert "95% CI" in unescaped_words(app)
    assert primary(app) == ["See its mistakes"]
    app = press(app, "See its mistakes")
    assert titles(app) == ["Evaluate"]
    assert app.selectbox(key="evaluate_run").value == finished.id
    assert app.segmented_control(key="evaluate_view").value == "misclassified"
    app = checked(opened(reloaded(app, "").run()))
    assert primary(app) == ["Try your own photo"]
    app = press(app, "Try your own photo")
    assert titles(app) == ["Classify"]
    assert app.selectbox(key="classify_run").value == finished.id


def test_a_run_on_other_images_does_not_count(finished: Run, pets: Path) -> None:
    app = page()
    assert finished.name not in unescaped_words(app)
    assert primary(app) == ["Train"]
    on_other_data(load_run(home() / "runs" / finished.id), pets)
    assert primary(page()) == ["See its mistakes"]


def test_a_run_whose_images_were_never_here_can_be_tried(finished: Run) -> None:
    app = page()
    assert len(pictures(app)) == 8
    assert primary(app) == ["Try your own photo"]


def test_an_address_of_a_view_from_before_leads_to_the_dataset(pets: Path) -> None:
    app = new_app("")
    app.query_params["view"] = "export"
    app.run()
    assert titles(app) == ["Dataset"]
    assert app.segmented_control(key="dataset_view").value == "export"
