"""The path above every page, and the addresses of the Dataset page's views."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.datasets.current import remember_source
from core.runs.run import Run
from pages.ui.shared.data import openings
from tests.drawing import write_images
from tests.pages.app import new_app, press, reloaded

SPLITS = ("train/a", "train/b", "validation/a", "validation/b")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    folder = write_images(tmp_path / "pets", dict.fromkeys(SPLITS, 30))
    remember_source(str(folder))
    return folder


def steps(app: AppTest) -> list[str]:
    assert not app.exception
    return [link.proto.label for link in app.get("page_link")][:5]


def test_a_new_session_is_sent_to_the_augmentation_then_to_training(pets: Path) -> None:
    app = new_app().run()
    assert steps(app.run()) == ["**1 Dataset**", "→ 2 Augmentation", "3 Training", "4 Evaluate", "5 Classify"]
    press(app, "Tune augmentation")
    assert steps(app) == ["✓ Dataset", "**2 Augmentation**", "→ 3 Training", "4 Evaluate", "5 Classify"]
    app.switch_page("evaluate.py").run()
    assert steps(app) == ["✓ Dataset", "✓ Augmentation", "→ 3 Training", "**4 Evaluate**", "5 Classify"]
    app = reloaded(app).run()
    assert steps(app.run())[1] == "✓ Augmentation"
    press(app, "Train")
    assert steps(app)[2] == "**3 Training**"


def test_steps_after_training_count_once_the_open_dataset_has_a_model(finished: Run, tmp_path: Path) -> None:
    remember_source(finished.source)
    app = new_app("train.py").run()  # opens the dataset below the path
    assert steps(app) == ["✓ Dataset", "→ 2 Augmentation", "**3 Training**", "4 Evaluate", "5 Classify"]
    app.switch_page("evaluate.py").run()
    app.switch_page("dataset.py").run()
    assert steps(app) == ["**1 Dataset**", "→ 2 Augmentation", "✓ Training", "✓ Evaluate", "5 Classify"]
    remember_source(str(write_images(tmp_path / "other", dict.fromkeys(SPLITS, 3))))
    other = new_app().run()
    assert steps(other.run()) == ["**1 Dataset**", "→ 2 Augmentation", "3 Training", "4 Evaluate", "5 Classify"]


def test_another_dataset_begins_the_steps_anew_as_soon_as_it_is_open(pets: Path, tmp_path: Path) -> None:
    app = press(new_app().run(), "Tune augmentation").switch_page("dataset.py").run()
    assert steps(app)[1] == "✓ Augmentation"
    app.segmented_control(key="source_kind").set_value("path").run()
    app.text_input[0].set_value(str(write_images(tmp_path / "other", dict.fromkeys(SPLITS, 3))))
    press(app, "Open")
    job = openings().job(app.session_state["session_id"])
    if job is not None:  # not yet there: in a browser a timer runs the page again
        assert job.wait(60)
        app.run()
    assert steps(app)[1] == "→ 2 Augmentation"


def view(app: AppTest) -> object:
    assert not app.exception
    return app.segmented_control(key="dataset_view").value


def test_a_link_opens_its_view_and_a_click_changes_the_address(pets: Path) -> None:
    app = new_app()
    app.query_params["view"] = "map"
    assert view(app.run()) == "map"
    app.segmented_control(key="dataset_view").set_value("export").run()
    assert app.query_params["view"] == "export"
    del app.query_params["view"]  # as the Back button does
    assert view(app.run()) == "numbers"


def test_a_link_to_a_view_that_does_not_exist_opens_the_first(pets: Path) -> None:
    app = new_app()
    app.query_params["view"] = "nonsense"
    assert view(app.run()) == "numbers"


def test_view_filters_and_page_are_back_after_another_page_and_after_a_reload(pets: Path) -> None:
    app = new_app().run()
    app.segmented_control(key="dataset_view").set_value("export").run()
    app.selectbox(key="images_control_label").set_value("a").run()
    app.text_input(key="images_control_text").set_value("jpg").run()
    app.session_state["images_page"] = 2
    app.run()
    app.switch_page("augment.py").run()
    app.query_params.clear()  # as the browser's address after a click in the menu
    app.query_params["session"] = app.session_state["session_id"]
    for visit in (app.switch_page("dataset.py").run(), reloaded(app).run()):
        assert view(visit) == "export"
        assert visit.selectbox(key="images_control_label").value == "a"
        assert visit.text_input(key="images_control_text").value == "jpg"
        assert visit.session_state["images_page"] == 2
