"""The Augmentation page: its preview is what training draws, and its settings reach the Training page."""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Slider, Toggle, Warning

from core.augmentation import PARAMETERS, PRESETS, AugmentationConfig, Group, augment, describe
from core.augmentation import preset as strength
from core.augmentation.store import Store
from core.datasets import open_dataset
from core.datasets.current import remember_source
from core.images.decode import load_image
from core.runs.run import Run
from pages.ui.augment.robustness import curves
from pages.ui.augment.saved import OPEN
from pages.ui.augment.values import at_first, from_controls, key_of, switch_of, to_controls
from pages.ui.augment.words import augmentation_in_words
from tests.drawing import image_bytes, write_images
from tests.pages.app import new_app, press, unescaped_words

SLIDERS = [name for name, parameter in PARAMETERS.items() if parameter.step and parameter.has_switch]
Grid = list[list[NDArray[np.uint8]]]


@pytest.fixture(autouse=True)
def source(drawn: Path) -> Iterator[None]:
    remember_source(str(drawn))
    yield
    curves().close()


def opened(**query: str) -> AppTest:
    """The page in a new session, by a link where there is a query."""
    at = new_app("augment.py")
    at.query_params.update(query)
    return at.run()


@pytest.fixture
def page() -> AppTest:
    return opened()


def address_of(at: AppTest) -> dict[str, str]:
    """The query that the page gives its address, in place: AppTest has no browser to do that."""
    (script,) = (html.proto.body for html in at.get("html") if "history.replaceState" in html.proto.body)
    return dict(parse_qsl(json.loads(script.split("'', ")[1].split(")</script>")[0]).removeprefix("?")))


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[Grid]:
    """Every grid that the page composes, as rows of images."""
    import core.images.contact_sheet

    grids: list[Grid] = []
    compose = core.images.contact_sheet.compose

    def listen(rows: Grid) -> NDArray[np.uint8]:
        grids.append(rows)
        return compose(rows)

    monkeypatch.setattr(core.images.contact_sheet, "compose", listen)
    return grids


def config_of(at: AppTest) -> AugmentationConfig:
    assert not at.exception
    config: AugmentationConfig = at.session_state["augmentation"]
    return config


def shown(at: AppTest, key: str = "augment_grid") -> dict[str, Any]:
    """What the preview was given to draw."""
    (element,) = (component for component in at.get("bidi_component") if key in component.proto.id)
    return dict(json.loads(element.proto.json))


def show(at: AppTest, group: str) -> AppTest:
    """The page with a group's controls: only one group is drawn at a time."""
    if at.segmented_control(key="augment_group").value != group:
        at.segmented_control(key="augment_group").set_value(group).run()
    return at


def of_images(at: AppTest) -> AppTest:
    return show(at, "Images")


def slider(at: AppTest, name: str) -> Slider[Any]:
    return show(at, PARAMETERS[name].group).slider(key=key_of(name))


def switch(at: AppTest, name: str) -> Toggle:
    return show(at, PARAMETERS[name].group).toggle(key=switch_of(name))


# What is shown


def test_the_preview_is_byte_for_byte_what_training_draws(composed: list[Grid], page: AppTest, drawn: Path) -> None:
    assert not page.exception
    records = open_dataset(drawn).readable("train")
    first = next(record for record in records if record.label == "cats")
    original = load_image(drawn / first.path, 160)
    for copy, image in enumerate(composed[-1][0]):
        expected = augment(original, AugmentationConfig(), 0, first.digest, copy)[0] if copy else original
        np.testing.assert_array_equal(image, expected)


def test_each_copy_says_what_was_drawn_for_it(page: AppTest, drawn: Path) -> None:
    row = shown(page)["rows"][0]
    record = next(record for record in open_dataset(drawn).readable("train") if record.path == row["name"])
    image = load_image(drawn / record.path, 160)
    for number, copy in enumerate(row["copies"], 1):
        assert copy["words"] == describe(augment(image, AugmentationConfig(), 0, record.digest, number)[1])


def test_draw_again_draws_others_of_the_same_originals(composed: list[Grid], page: AppTest) -> None:
    before = composed[-1][0]
    press(page, "Draw again")
    after = composed[-1][0]
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[1], after[1])


def test_originals_copies_and_size_shape_the_grid(composed: list[Grid], page: AppTest) -> None:
    of_images(page).number_input(key="augment_originals").set_value(2)
    of_images(page).number_input(key="augment_copies").set_value(7)
    of_images(page).number_input(key="augment_size").set_value(96).run()
    assert [len(row) for row in composed[-1]] == [8, 8]
    assert composed[-1][0][0].shape == (96, 96, 3)


def test_a_class_alone(page: AppTest) -> None:
    of_images(page).selectbox(key="augment_class").set_value("dogs").run()
    assert all("/dogs/" in row["name"] for row in shown(page)["rows"])


def test_the_page_says_whether_training_would_draw_the_same(page: AppTest) -> None:
    assert "Exactly the copies that a training run with seed 0 draws" in unescaped_words(page)
    of_images(page).number_input(key="augment_size").set_value(96).run()
    assert "Training is set to 160 px and seed 0, so it will draw other copies" in unescaped_words(page)
    press(page, "Use training's size and seed")
    assert "Exactly the copies" in unescaped_words(page)


def test_size_and_seed_of_the_training_page_are_where_the_preview_begins() -> None:
    at = new_app("train.py").run()
    at.number_input(key="training_image_size").set_value(96)
    at.number_input(key="training_seed").set_value(5).run()
    at.switch_page("augment.py").run()
    assert (of_images(at).number_input(key="augment_size").value, at.number_input(key="augment_seed").value) == (
        96,
        5,
    )
    assert "Exactly the copies that a training run with seed 5 draws" in unescaped_words(at)


# Controls


def test_each_slider_sets_its_field_and_nothing_else(page: AppTest) -> None:
    for name in SLIDERS:
        before = config_of(page)
        parameter = PARAMETERS[name]
        value = (
            (0.7, 1.0)
            if parameter.pair and parameter.highest <= 3
            else (20.0, 80.0)
            if parameter.pair
            else parameter.highest / 4
        )
        slider(page, name).set_value(value).run()
        config = config_of(page)
        assert getattr(config, name) == value
        assert {field for field in PARAMETERS if getattr(config, field) != getattr(before, field)} == {name}


def test_a_switch_keeps_the_sliders_value_for_when_it_comes_back(page: AppTest) -> None:
    slider(page, "rotation_range").set_value(17.0).run()
    switch(page, "rotation_range").set_value(False).run()
    assert config_of(page).rotation_range == 0
    page.switch_page("train.py").run()
    page.switch_page("augment.py").run()
    switch(page, "rotation_range").set_value(True).run()
    assert config_of(page).rotation_range == 17


def test_a_transformation_that_was_never_on_begins_where_its_settings_say(page: AppTest) -> None:
    never_on = [name for name in SLIDERS if not AugmentationConfig().is_on(name)]
    for name in never_on:
        switch(page, name).set_value(True).run()
        assert getattr(config_of(page), name) == at_first(PARAMETERS[name])
        assert config_of(page).is_on(name)
    assert len(never_on) > 5


def test_what_does_not_matter_cannot_be_set(page: AppTest) -> None:
    assert slider(page, "cval").disabled
    assert slider(page, "erasing_scale").disabled
    show(page, "Geometry").selectbox(key=key_of("fill_mode")).set_value("constant").run()
    switch(page, "erasing_probability").set_value(True).run()
    assert not slider(page, "cval").disabled
    assert not slider(page, "erasing_scale").disabled
    assert config_of(page).fill_mode == "constant"


def test_a_strength_sets_every_control_and_is_what_the_training_page_will_use(page: AppTest) -> None:
    for name in ("none", "gentle", "strong"):
        page.button(key=f"augment_strength_{name}").click().run()
        assert config_of(page) == strength(name)
        assert switch(page, "rotation_range").value == (name != "none")


def test_reset_forgets_what_switched_off_sliders_kept(page: AppTest) -> None:
    slider(page, "blur_range").set_value(9.0).run()
    press(page, "Reset")
    assert config_of(page) == AugmentationConfig()
    assert slider(page, "blur_range").value == PARAMETERS["blur_range"].on


def test_every_control_has_help(page: AppTest) -> None:
    for group in (*Group, "Images"):
        show(page, group)
        drawn = (page.slider, page.selectbox, page.number_input, page.toggle, page.button, page.segmented_control)
        controls = [control for kind in drawn for control in kind]
        assert [control.label for control in controls if not control.help] == []
        assert len(controls) > 10


@pytest.mark.parametrize("name", PRESETS)
def test_controls_give_back_the_settings_that_they_show(name: str) -> None:
    initial = {key_of(slider): at_first(PARAMETERS[slider]) for slider in SLIDERS}
    assert from_controls(initial | to_controls(PRESETS[name])) == PRESETS[name]


@given(st.sampled_from(SLIDERS), st.data())
def test_any_slider_position_is_a_setting(name: str, data: st.DataObject) -> None:
    parameter = PARAMETERS[name]
    numbers = st.floats(parameter.lowest, parameter.highest)
    value = data.draw(st.tuples(numbers, numbers).map(sorted).map(tuple) if parameter.pair else numbers)
    initial = {key_of(slider): at_first(PARAMETERS[slider]) for slider in SLIDERS}
    shown = initial | to_controls(AugmentationConfig()) | {key_of(name): value, switch_of(name): True}
    config = from_controls(shown)
    assert config.is_on(name) == from_controls(shown | to_controls(config)).is_on(name)


def test_the_words_name_every_transformation_that_is_on() -> None:
    on = {name: parameter.on for name, parameter in PARAMETERS.items() if parameter.has_switch}
    text = augmentation_in_words(AugmentationConfig.create(on))
    assert all(PARAMETERS[name].label.lower() in text.lower() for name in on)
    assert augmentation_in_words(PRESETS["none"]) == "No augmentation: copies are identical to their originals."


# What stays


def test_settings_survive_a_change_of_page_and_a_new_session(page: AppTest) -> None:
    slider(page, "rotation_range").set_value(10.0).run()
    page.switch_page("train.py").run()
    page.switch_page("augment.py").run()
    assert slider(page, "rotation_range").value == 10
    assert slider(opened(), "rotation_range").value == 10


def test_the_address_says_what_the_page_shows_and_a_reload_shows_the_same(composed: list[Grid], page: AppTest) -> None:
    slider(page, "hue_range").set_value(40.0)
    of_images(page).number_input(key="augment_size").set_value(96)
    page.number_input(key="augment_seed").set_value(7)
    of_images(page).selectbox(key="augment_class").set_value("dogs").run()
    before, query = composed[-1], address_of(page)
    Store().remember(AugmentationConfig())
    again = opened(**query)
    assert config_of(again) == config_of(page)
    assert dict(again.query_params) == query
    np.testing.assert_array_equal(np.array(composed[-1]), np.array(before))


def test_a_link_wins_over_what_was_set_last_and_is_nobodys_choice() -> None:
    Store().remember(PRESETS["strong"])
    assert config_of(opened(seed="3")) == AugmentationConfig()
    assert config_of(opened()) == PRESETS["strong"]


@pytest.mark.parametrize(
    "query",
    [{"rotation_range": "999"}, {"seed": "-1"}, {"size": "9" * 30}, {"copies": "x"}, {"fill_mode": "![](http:a.b)"}],
)
def test_a_bad_link_is_explained_and_changes_nothing(query: dict[str, str]) -> None:
    at = opened(**{"hue_range": "20", **query})
    assert next(iter(query)) in unescaped_words(at)
    assert config_of(at) == AugmentationConfig()


def test_a_class_that_is_not_here_is_explained() -> None:
    at = opened(**{"class": "![](http:pawlab.invalid)"})
    assert "has no class" in unescaped_words(at)
    assert len(shown(at)["rows"]) == 4


def open_popover(page: AppTest) -> None:
    page.session_state[OPEN] = True
    page.run()


def test_saved_settings_can_be_opened_and_deleted(page: AppTest) -> None:
    open_popover(page)
    page.button(key="augment_strength_gentle").click().run()
    page.text_input(key="augment_saved_name").set_value("mine").run()
    press(page, "Save")
    press(page, "Reset")
    page.selectbox(key="augment_saved_opened").set_value("mine").run()
    press(page, "Open")
    assert config_of(page) == PRESETS["gentle"]
    assert not page.session_state[OPEN]  # on a phone it covers what has just changed
    open_popover(page)
    page.selectbox(key="augment_saved_opened").set_value("mine").run()
    press(page, "Delete")
    assert not page.exception
    assert Store().names() == []


def test_settings_without_a_name_are_not_saved_and_that_is_said(page: AppTest) -> None:
    open_popover(page)
    press(page, "Save")
    assert "empty name" in unescaped_words(page)


@pytest.mark.parametrize(("content", "expected"), [(PRESETS["strong"].to_json(), "strong"), ("{", "notebook")])
def test_a_file_of_settings_is_opened_or_explained(page: AppTest, content: str, expected: str) -> None:
    open_popover(page)
    page.file_uploader(key="augment_saved_file").set_value(("a.json", content.encode(), "application/json")).run()
    assert config_of(page) == PRESETS[expected]
    assert bool(page.error) == page.session_state[OPEN] == (expected == "notebook")


# Which images


@pytest.mark.parametrize("num_gone", [1, 4])
def test_files_that_vanished_are_explained_once(page: AppTest, drawn: Path, tmp_path: Path, num_gone: int) -> None:
    names = [row["name"] for row in shown(page)["rows"]]
    moved = shutil.copytree(drawn, tmp_path / "moved")
    remember_source(str(moved))
    at = opened()
    for name in names[:num_gone]:
        (moved / name).unlink()
    at.run()
    (error,) = at.error
    assert Path(names[0]).name in error.value.replace("\\", "")
    assert ("and 3 more" in error.value) == (num_gone == 4)
    assert "open the dataset again" in error.value
    assert "Choose another class" not in unescaped_words(at)


def test_a_tick_is_what_the_picker_says_that_a_click_does(page: AppTest) -> None:
    of_images(page).segmented_control(key="augment_by").set_value("by hand").run()
    data = next(
        json.loads(component.proto.json)
        for component in page.get("bidi_component")
        if component.proto.component_name == "gallery"
    )
    assert data["keys"] == "Click, Enter or Space picks an image"


def test_ticked_images_stay_until_they_are_changed(composed: list[Grid], page: AppTest, drawn: Path) -> None:
    records = open_dataset(drawn).usable("train")[5:8]
    of_images(page).segmented_control(key="augment_by").set_value("by hand").run()
    page.session_state["augment_chosen"] = tuple(record.path for record in records)
    page.run()
    press(page, "Draw again")
    assert [row["name"] for row in shown(page)["rows"]] == [record.path for record in records]
    again = opened(**address_of(page))
    assert [row["name"] for row in shown(again)["rows"]] == [record.path for record in records]


@pytest.mark.parametrize("name", ["images", "pictures"])  # the second in links that were made before
def test_a_link_to_images_of_another_dataset_is_explained(name: str) -> None:
    at = opened(**{name: "0123456789ab"})
    assert "Not all images of this link are in this dataset" in unescaped_words(at)
    assert len(shown(at)["rows"]) == 4


def test_an_uploaded_image_is_drawn_with_the_digest_of_its_content(composed: list[Grid], page: AppTest) -> None:
    content = image_bytes(3, (90, 60))
    of_images(page).segmented_control(key="augment_by").set_value("upload").run()
    assert "Upload one in the Images tab" in unescaped_words(page)
    of_images(page).file_uploader(key="augment_uploaded").set_value([("a.jpg", content, "image/jpeg")]).run()
    digest = hashlib.sha256(content).hexdigest()
    expected = augment(load_image(content, 160), AugmentationConfig(), 0, digest, 1)[0]
    np.testing.assert_array_equal(composed[-1][0][1], expected)


def test_a_broken_upload_is_explained_beside_the_good_one(page: AppTest) -> None:
    of_images(page).segmented_control(key="augment_by").set_value("upload").run()
    files = [("good.jpg", image_bytes(1), "image/jpeg"), ("![](http:x).jpg", b"no image", "image/jpeg")]
    of_images(page).file_uploader(key="augment_uploaded").set_value(files).run()
    assert [row["name"] for row in shown(page)["rows"]] == ["good.jpg"]
    assert "not an image" in unescaped_words(page)


# A closer look, and the way on


def test_a_sweep_has_a_row_for_each_chosen_change(page: AppTest) -> None:
    page.segmented_control(key="augment_view").set_value("Sweep").run()
    page.multiselect(key="augment_sweep_names").set_value(["hue_range", "blur_range"]).run()
    assert [row["caption"] for row in shown(page, "augment_sweep")["rows"]] == ["Hue", "Blur"]


def test_a_warning_stands_below_the_control_that_causes_it(page: AppTest) -> None:
    page.segmented_control(key="augment_view").set_value("Statistics").run()
    page.button(key="augment_strength_none").click().run()
    assert "No transformation goes too far" in unescaped_words(page)
    assert not page.warning
    slider(page, "height_shift_range").set_value(0.9).run()
    order = [text for text in walked(page) if text in ("augment_height_shift_range", "augment_shear_range", "warning")]
    assert order == ["augment_height_shift_range", "warning", "augment_shear_range", "warning"]
    fill = page.warning[0].value
    assert "is fill rather than image" in fill
    show(page, Group.COLOUR)
    assert page.warning[0].value == f"**Geometry, height shift**: {fill}"


def walked(page: AppTest) -> list[str]:
    """The page's sliders by their keys, and its warnings, from the top."""
    found: list[str] = []

    def visit(node: Any) -> None:
        if isinstance(node, Slider):
            found.append(str(node.key))
        elif isinstance(node, Warning):
            found.append("warning")
        for child in getattr(node, "children", {}).values():
            visit(child)

    visit(page.main)
    return found


def test_only_animals_are_called_so(tmp_path: Path) -> None:
    for classes, expected in ((("cats", "dogs"), "learns the animal"), (("cats", "cars"), "learns the object")):
        source = write_images(
            tmp_path / classes[1], {f"{split}/{label}": 2 for split in ("train", "validation") for label in classes}
        )
        remember_source(str(source))
        assert expected in unescaped_words(opened())


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("ImageDataGenerator", "rotation_range=40"), ("Keras layers", "keras.Sequential"), ("JSON", '"rotation_range"')],
)
def test_the_settings_as_code(page: AppTest, kind: str, expected: str) -> None:
    page.segmented_control(key="augment_view").set_value("As code").run()
    page.segmented_control(key="augment_code_as").set_value(kind).run()
    assert expected in "".join(code.value for code in page.code)


def test_a_run_of_other_classes_is_not_marked(trained: Run, pawlab_home: Path, page: AppTest, tmp_path: Path) -> None:
    shutil.copytree(trained.directory, pawlab_home / "runs" / trained.id)
    remember_source(str(write_images(tmp_path / "birds", {"train/owls": 3, "train/wrens": 3, "validation/owls": 1})))
    at = opened()
    at.segmented_control(key="augment_view").set_value("With a run").run()
    assert "was trained on cats, dogs. These images have no such label" in unescaped_words(at)


def test_without_a_run_the_page_says_where_to_train_one(page: AppTest) -> None:
    page.segmented_control(key="augment_view").set_value("With a run").run()
    assert "No trained model yet" in unescaped_words(page)


def test_a_run_names_each_copy_and_its_curve_is_measured_when_asked_for(
    trained: Run, pawlab_home: Path, page: AppTest
) -> None:
    shutil.copytree(trained.directory, pawlab_home / "runs" / trained.id)
    page.segmented_control(key="augment_view").set_value("With a run").run()
    copies = [copy for row in shown(page, "augment_predictions")["rows"] for copy in row["copies"]]
    right = sum(not copy["wrong"] for copy in copies)
    assert all(re.fullmatch(r"(cats|dogs) (\d+\.\d|>99\.9)%", copy["caption"]) for copy in copies)
    assert f"classifies {right} of 16 copies correctly" in unescaped_words(page)
    page.button(key="augment_curve_start").click().run()
    deadline = time.monotonic() + 60
    while "unchanged images" not in unescaped_words(page) and time.monotonic() < deadline:
        page.run()
    assert "of the 16 unchanged images" in unescaped_words(page)


def test_the_training_page_says_the_same_words(page: AppTest) -> None:
    page.button(key="augment_strength_strong").click().run()
    text = augmentation_in_words(PRESETS["strong"])
    assert text in unescaped_words(page)
    page.switch_page("train.py").run()
    assert text in unescaped_words(page)


def test_only_other_images_count_as_new_ones() -> None:
    """What waits for the browser to paint the preview waits for nothing else."""

    def page() -> None:
        import numpy as np
        import streamlit as st

        from pages.ui.components.augmented import Copy, Row, augmented

        image = np.full((8, 8, 3), st.session_state["shade"], np.uint8)
        st.session_state["new"] = augmented([Row("dog", image, (Copy(image, st.session_state["words"]),))], "one")

    at = AppTest.from_function(page)
    at.session_state["shade"], at.session_state["words"] = 10, "turned"
    assert at.run().session_state["new"]

    at.session_state["words"] = "shifted"
    assert not at.run().session_state["new"]

    at.session_state["shade"] = 200
    assert at.run().session_state["new"]
