"""What each change does to the accuracy, on the page: said before it is measured, then beside each control."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.augmentation import PRESETS, AugmentationConfig
from core.bank.confirm import FILE, confirmations, predicted
from core.bank.predict import only
from core.datasets.current import remember_source
from core.runs.queue import waiting
from core.runs.run import create_run
from core.runs.store import list_runs
from pages.ui.augment.bank import measurements, searches
from tests.pages.app import new_app, press, unescaped_words
from tests.pages.test_augment_compare import at_work
from tests.trained import SMALL


@pytest.fixture(autouse=True)
def source(drawn: Path) -> Iterator[None]:
    remember_source(str(drawn))
    yield
    measurements().close()
    searches().close()


@pytest.fixture
def page(ready_home: Path) -> AppTest:
    """At 32 pixels, nothing measured."""
    page = new_app("train.py").run()
    page.number_input(key="training_image_size").set_value(32).run()
    return page.switch_page("augment.py").run()


def captions(page: AppTest) -> list[str]:
    return [caption.value for caption in page.caption if "points (" in caption.value]


def test_from_the_button_over_a_stop_to_a_number_at_each_control_and_real_runs(page: AppTest, drawn: Path) -> None:
    at_work(create_run(str(drawn), SMALL, "busy"))
    assert "Passes 40 of your 40 training images" in unescaped_words(page)
    assert "1,880 in all, **about " in unescaped_words(page)
    assert not captions(page)

    press(page, "Measure what each change does")
    stopped = measurements().latest
    assert stopped is not None
    stopped.cancel()
    assert stopped.wait(300)
    page.run()
    if stopped.error is not None:
        assert "Stopped. What was complete is kept" in unescaped_words(page)
    press(page, "Measure what each change does")
    task = measurements().latest
    assert task is not stopped
    assert task is not None
    assert task.wait(300)
    page.run()
    assert not page.exception
    predictor = task.result
    assert predictor is not None
    config = AugmentationConfig()
    expected = [predictor.together(only(config, name), 1).in_words() for name in ("rotation_range", "zoom_range")]
    assert len(captions(page)) == 5  # the five changes of the geometry that are on
    assert captions(page)[0] == expected[0]
    assert captions(page)[-1] == expected[1]
    assert f"**All together: {predictor.together(config, 1).in_words()}" in unescaped_words(page)

    press(page, "None")  # without augmentation there is nothing to confirm
    assert PRESETS["none"] == page.session_state["augmentation"]
    assert "Every transformation is off" in unescaped_words(page)
    assert not captions(page)
    assert page.button(key="augment_confirm").disabled
    page.button(key="augment_strength_notebook").click().run()

    page.slider(key="augment_rotation_range").set_value(60.0).run()
    assert captions(page)[0].endswith("interpolated")
    page.selectbox(key="augment_fill_mode").set_value("wrap").run()  # of which nothing is measured
    assert not captions(page)
    page.selectbox(key="augment_fill_mode").set_value("nearest").run()

    press(page, "Propose the best")
    search = searches().latest
    assert search is not None
    assert search.wait(300)
    page.run()
    proposal = search.result
    assert proposal is not None
    assert proposal.in_words() in unescaped_words(page)

    press(page, "Confirm by real runs")
    (experiment,) = confirmations(list_runs().runs)
    without, *augmented = experiment.runs
    assert [run.id for run in waiting()] == [run.id for run in experiment.runs]
    assert not (without.directory / FILE).exists()
    assert augmented[0].config.augmentation == config.changed(rotation_range=60.0)
    assert {run.config.seed for run in experiment.runs} == {without.config.seed}
    change = predictor.together(augmented[0].config.augmentation, 1).change
    note = predicted(augmented[0])
    assert (note.difference, note.low, note.high) == (change.difference, change.low, change.high)
    assert "Confirm by real runs" not in [button.label for button in page.button]
