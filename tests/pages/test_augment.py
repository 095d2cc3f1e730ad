"""The Augmentation page: its preview is what training draws, and its settings reach the Training page."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest

from core.augmentation import AugmentationConfig, augment
from core.augmentation import preset as strength
from core.datasets import open_dataset
from core.datasets.current import remember_source
from core.images import load_image

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


@pytest.fixture
def page(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    remember_source(str(drawn))
    return AppTest.from_file(MAIN, default_timeout=60).run().switch_page("augment.py").run()


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[list[list[NDArray[np.uint8]]]]:
    """Every grid that the page composes, as rows of pictures."""
    import core.preview

    seen: list[list[list[NDArray[np.uint8]]]] = []
    compose = core.preview.compose

    def listen(rows: list[list[NDArray[np.uint8]]], *others: object) -> NDArray[np.uint8]:
        seen.append(rows)
        return compose(rows, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(core.preview, "compose", listen)
    return seen


def test_the_preview_is_byte_for_byte_what_training_draws(
    composed: list[list[list[NDArray[np.uint8]]]], page: AppTest, drawn: Path
) -> None:
    assert not page.exception
    records = open_dataset(drawn).readable("train")
    first = next(record for record in records if record.label == "cats")
    original = load_image(drawn / first.path, 160)
    for copy, shown in enumerate(composed[-1][0]):
        expected = augment(original, AugmentationConfig(), 0, first.digest, copy)[0] if copy else original
        np.testing.assert_array_equal(shown, expected)


@pytest.mark.parametrize("name", ["none", "gentle", "strong"])
def test_a_strength_sets_every_control_and_is_what_the_training_page_will_use(page: AppTest, name: str) -> None:
    page.segmented_control[0].set_value(name).run()
    assert not page.exception
    assert page.session_state["augmentation"] == strength(name)


def test_a_slider_changes_the_settings_and_nothing_else(page: AppTest) -> None:
    slider = next(slider for slider in page.slider if slider.label == "Rotation")
    slider.set_value(10).run()
    assert page.session_state["augmentation"] == AugmentationConfig().changed(rotation_range=10)


def test_settings_survive_a_change_of_page(page: AppTest) -> None:
    next(slider for slider in page.slider if slider.label == "Rotation").set_value(10).run()
    page.switch_page("train.py").run()
    page.switch_page("augment.py").run()
    assert next(slider for slider in page.slider if slider.label == "Rotation").value == 10


def test_draw_again_draws_others(composed: list[list[list[NDArray[np.uint8]]]], page: AppTest) -> None:
    before = composed[-1][0]
    next(button for button in page.button if button.label == "Draw again").click().run()
    after = composed[-1][0]
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_every_control_has_help(page: AppTest) -> None:
    controls = [*page.slider, *page.selectbox, *page.number_input, *page.toggle, *page.button, *page.segmented_control]
    assert [control.label for control in controls if not control.help] == []
    assert len(controls) > 10
