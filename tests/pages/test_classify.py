"""The Classify page: without a run, with a good one, with broken ones; what is uploaded gets a prediction or a
reason."""

import io
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.datasets import open_dataset
from core.datasets.current import current_source
from core.datasets.edits.corrections import add_correction, corrections, corrections_folder
from core.inference.classifier import Classifier, Prediction
from core.runs.choices import REJECTION, THRESHOLD
from core.runs.limits import Limits, limits_of
from core.runs.run import Run, load_run
from pages.ui.classify.corrections import NONE
from pages.ui.classify.detail import headline
from pages.ui.classify.inputs import FILES, FOLDER, LIVE, PATH, PHOTO
from pages.ui.shared.classifier import bars, confidence_in_words
from tests.drawing import draw_image, encode, image_bytes, make_zip
from tests.pages.app import new_app, words
from tests.trained import with_cutoff


def page() -> AppTest:
    return new_app("classify.py").run()


def given(*files: tuple[str, bytes]) -> AppTest:
    at = page()
    at.file_uploader[0].set_value([(name, content, "") for name, content in files])
    return settled(at.run())


def settled(at: AppTest) -> AppTest:
    """AppTest does not tick: runs again until the job is done."""
    for _ in range(100):
        if not any(button.label == "Stop" for button in at.button):
            break
        at.run()
    assert not at.exception
    return at


def button(at: AppTest, label: str) -> Button:
    (match,) = [one for one in at.button if one.label == label]
    return match


def image(at: AppTest) -> str:
    return next(str(one.proto.body) for one in at.get("html") if "<img" in one.proto.body)


@pytest.fixture
def finished(trained: Run, pawlab_home: Path) -> Path:
    folder = pawlab_home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return folder


def test_without_a_run_it_says_what_to_do_next() -> None:
    at = page()
    assert not at.exception
    assert "Train one first" in at.info[0].value


def test_the_best_run_is_chosen_and_named_with_its_score(finished: Path, trained: Run) -> None:
    newer = finished.parent / "newer"
    shutil.copytree(finished, newer)
    summary = json.loads((newer / "run.json").read_text())
    (newer / "run.json").write_text(json.dumps({**summary, "val_accuracy": 0.01}))
    config = json.loads((newer / "config.json").read_text())
    (newer / "config.json").write_text(json.dumps({**config, "created": config["created"] + 60}))
    at = page()
    assert not at.exception
    assert at.selectbox[0].value == trained.id
    assert f"{trained.summary()['val_accuracy']:.1%}" in at.selectbox[0].options[1]


@pytest.mark.parametrize("broken", ["run.json", "model.onnx"])
def test_a_broken_run_is_explained_and_not_called_missing(finished: Path, broken: str) -> None:
    (finished / broken).write_text("{}")
    at = page()
    assert not at.exception
    assert at.error or at.dataframe
    assert "No trained model" not in words(at)


def test_a_image_gets_its_prediction_at_once_and_keeps_it_in_a_rerun(finished: Path, trained: Run) -> None:
    at = given(("a.jpg", image_bytes()))
    classifier = Classifier.open(trained)
    expected = headline(classifier.classify(image_bytes()), limits_of(trained, classifier.neighbours))
    assert at.subheader[1].value == expected
    time_taken = next(one.value for one in at.caption if "ms per image" in one.value)
    assert time_taken in [one.value for one in at.run().caption]


def test_below_the_threshold_it_is_unsure_and_that_is_no_detector(finished: Path) -> None:
    THRESHOLD.keep(load_run(finished), 1.0)
    at = given(("a.jpg", image_bytes()))
    assert at.subheader[1].value.startswith("Unlike the training images, most likely")
    REJECTION.keep(load_run(finished), 0)
    at = given(("a.jpg", image_bytes()))
    assert at.subheader[1].value.startswith("Unsure, most likely")
    assert "cannot spot unknown objects" in words(at)


def turned() -> bytes:
    image = draw_image(size=(90, 60))
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(image, "JPEG", exif=exif)


def alpha() -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    return encode(Image.fromarray(pixels), "PNG")


def animated() -> bytes:
    file = io.BytesIO()
    frames = [draw_image(seed).convert("P") for seed in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def test_images_of_every_kind_get_an_prediction_or_a_reason(finished: Path, trained: Run) -> None:
    files = {
        "turned.jpg": turned(),
        "alpha.png": alpha(),
        "print.jpg": image_bytes(mode="CMYK"),
        "moving.gif": animated(),
        "web.webp": image_bytes(format="WEBP"),
        "dot.png": image_bytes(size=(1, 1), format="PNG"),
        "empty.jpg": b"",
        "text.jpg": b"hello",
        "cut.jpg": image_bytes(size=(400, 300))[:700],
    }
    at = given(*files.items())
    shown = words(at)
    for name in ("empty", "text", "cut"):
        assert f"**{name}\\.jpg** could not be classified" in shown
    classifier = Classifier.open(trained)
    limits = limits_of(trained, classifier.neighbours)
    headlines = [one.value for one in at.markdown]
    for name in ("turned.jpg", "alpha.png", "print.jpg", "moving.gif", "web.webp", "dot.png"):
        assert headline(classifier.classify(files[name]), limits) in headlines, name


def test_many_of_a_zip_are_a_table_with_reasons_that_can_be_filtered(finished: Path) -> None:
    members = {f"{seed:02}.jpg": image_bytes(seed) for seed in range(15)} | {"bad.txt": b"no image"}
    at = given(("photos.zip", make_zip(members)), ("evil.zip", b"PK\x03\x04"))
    table = at.dataframe[0].value
    assert len(table) == 15
    assert table.notna().all(axis=None)
    assert table["Image"].str.startswith("data:image").all()
    assert table["Confidence"].between(50, 100).all()
    assert list(table["Name"]) == [f"photos.zip/{seed:02}.jpg" for seed in range(15)]  # by name
    reasons = at.error[0].value.replace("\\", "")  # whole, not cut off by a cell
    assert "**photos.zip/bad.txt**: not an image in a format that we read (JPEG, PNG, WebP, BMP, GIF, TIFF)" in reasons
    assert "**evil.zip**: " in reasons


def test_columns_stand_where_something_is_said_in_them_and_the_prediction_first(finished: Path) -> None:
    """A phone shows the first columns; a name may be long."""
    REJECTION.keep(load_run(finished), 0.0)
    with_cutoff(load_run(finished), 0.6)
    at = given(("photos.zip", make_zip({f"{seed:02}.jpg": image_bytes(seed) for seed in range(15)})))
    assert list(at.dataframe[0].value) == ["Image", "Prediction", "Confidence", "Name"]
    THRESHOLD.keep(load_run(finished), 1.0)
    at.run()
    settled(at)
    assert list(at.dataframe[0].value) == ["Image", "Prediction", "Most likely class", "Confidence", "Name"]
    REJECTION.keep(load_run(finished), 0.01)
    at.run()
    settled(at)
    assert list(at.dataframe[0].value)[-2:] == ["Training images", "Name"]
    with_cutoff(load_run(finished), 0.0)
    at.run()
    settled(at)
    assert list(at.dataframe[0].value)[-2:] == ["Set", "Name"]
    shown = set(at.dataframe[0].value["Set"])
    assert shown - {"cats or dogs (90%)", "dogs or cats (90%)"} == {""}  # not all images have both classes
    assert len(shown) > 1
    assert set(at.dataframe[0].value["Training images"]) == {"", "unlike"}


def test_a_run_deleted_under_the_page_is_not_replaced_in_silence(finished: Path, trained: Run) -> None:
    other = finished.parent / "20260102-030405-other"
    shutil.copytree(trained.directory, other)
    at = page()
    at.selectbox(key="classify_run").set_value(other.name).run()
    assert not at.warning
    shutil.rmtree(other)
    at.run()
    assert "no longer exists" in at.warning[0].value
    assert at.selectbox(key="classify_run").value == finished.name


def test_hostile_names_are_shown_as_they_are(finished: Path) -> None:
    name = '![](http://example.org/"<b>) *x*.jpg'
    at = given((name, image_bytes()), ("b.jpg", image_bytes(1)))
    shown = (*at.markdown, *at.subheader, *at.caption, *at.error)
    assert not [element.value for element in shown if "![](http" in element.value]


def test_an_address_of_this_machine_is_refused(finished: Path) -> None:
    at = page()
    at.segmented_control(key="classify_input").set_value("Web address").run()
    at.text_input[0].set_value("http://127.0.0.1/a.png")
    button(at, "Download and classify").click()
    at = settled(at.run())
    assert "not public" in at.error[0].value
    settled(button(at, "Try again").click().run())
    assert "not public" in at.error[0].value
    button(at, "Clear").click().run()
    assert not at.exception
    assert not at.error
    assert at.text_input[0].value == ""


def test_a_judged_image_is_kept_only_where_that_is_turned_on(finished: Path) -> None:
    at = given(("a.jpg", image_bytes()))
    at.pills[0].set_value("dogs").run()
    assert "You checked 1 prediction" in words(at)
    assert not corrections()
    at.toggle(key="classify_keep").set_value(True).run()
    assert not at.exception
    assert corrections() == {"dogs": 1}


def test_a_kept_image_is_taken_back_with_what_was_said_of_it(finished: Path) -> None:
    at = given(("a.jpg", image_bytes()))
    at.toggle(key="classify_keep").set_value(True).run()
    at.pills[0].set_value("dogs").run()
    assert corrections() == {"dogs": 1}
    button(at, "Undo this correction").click().run()
    assert not at.exception
    assert corrections() == {}
    assert at.pills[0].value is None
    assert "You checked" not in words(at)
    assert "Undo this correction" not in [one.label for one in at.button]
    at.run()
    assert corrections() == {}


@pytest.mark.parametrize("said", [None, NONE])
def test_who_judges_otherwise_keeps_otherwise(finished: Path, said: str | None) -> None:
    at = given(("a.jpg", image_bytes()))
    at.toggle(key="classify_keep").set_value(True).run()
    for label in ("dogs", "cats"):
        at.pills[0].set_value(label).run()
        assert corrections() == {label: 1}
    at.pills[0].set_value(said).run()
    assert corrections() == {}
    assert ("Not saved: it shows none of the classes" in words(at)) is (said == NONE)
    assert "now saved" not in words(at) or said is None


def test_what_was_kept_on_another_day_is_there_again_when_taken_back(finished: Path) -> None:
    add_correction(image_bytes(), "cats", "a.jpg")
    at = given(("a.jpg", image_bytes()))
    at.toggle(key="classify_keep").set_value(True).run()
    at.pills[0].set_value("dogs").run()
    assert corrections() == {"dogs": 1}
    button(at, "Undo this correction").click().run()
    assert corrections() == {"cats": 1}


def test_corrections_of_two_classes_are_opened_on_the_dataset_page(finished: Path) -> None:
    add_correction(image_bytes(1), "cats", "a.jpg")
    at = given(("b.jpg", image_bytes()))
    at.toggle(key="classify_keep").set_value(True).run()
    assert button(at, "Open my corrections").disabled
    assert "needs images of two classes" in words(at)
    at.pills[0].set_value("dogs").run()
    assert not button(at, "Open my corrections").disabled
    assert "two classes" not in words(at)
    at = settled(button(at, "Open my corrections").click().run())
    assert at.title[0].value == "Dataset"
    assert current_source().text == str(corrections_folder())


def choose(at: AppTest, kind: str) -> AppTest:
    at.segmented_control(key="classify_input").set_value(kind).run()
    assert not at.exception
    return at


def test_another_input_does_not_show_the_predictions_of_this_one(finished: Path) -> None:
    at = given(("a.jpg", image_bytes()), ("b.jpg", image_bytes(1)))
    assert "2 images in" in words(at)
    for kind in (PHOTO, FOLDER, LIVE):
        assert "2 images in" not in words(choose(at, kind)), kind
    assert "2 images in" in words(settled(choose(at, FILES)))


def test_the_camera_is_asked_for_only_where_a_button_is_pressed(finished: Path) -> None:
    at = choose(page(), PHOTO)
    assert not at.get("camera_input")
    button(at, "Turn on the camera").click().run()
    assert len(at.get("camera_input")) == 1
    choose(choose(at, FILES), PHOTO)
    assert not at.get("camera_input")


def test_a_model_trained_on_drawings_says_so_and_others_do_not(finished: Path, home_with_sample: Path) -> None:
    assert "trained on drawings" not in words(given(("a.jpg", image_bytes())))
    config = json.loads((finished / "config.json").read_text())
    (finished / "config.json").write_text(json.dumps({**config, "source": "sample"}))
    at = given(("a.jpg", image_bytes()))
    assert "trained on drawings, not on photos" in at.warning[0].value
    assert "trained on drawings" in words(choose(at, LIVE))
    button(at, "Train on photos").click().run()
    assert at.title[0].value == "Dataset"


def classify_path(path: Path | str) -> AppTest:
    at = choose(page(), PATH)
    at.text_input[0].set_value(str(path))
    button(at, "Classify").click()
    return settled(at.run())


def test_a_folder_on_this_machine_is_sorted_into_a_folder_of_ones_choice(
    finished: Path, trained: Run, tmp_path: Path
) -> None:
    photos = tmp_path / "my photos"
    (photos / "deep").mkdir(parents=True)
    contents = {photos / f"{seed}.jpg": image_bytes(seed) for seed in range(3)}
    contents[photos / "deep" / "0.jpg"] = image_bytes(9)
    for path, content in contents.items():
        path.write_bytes(content)
    (photos / "notes.txt").write_text("no image")
    at = classify_path(f'"{photos}"')  # as file managers copy it
    assert "5 images in" in words(at)
    assert "deep/0.jpg" in words(at).replace("\\", "")
    assert "1 without a prediction is left out" in words(at)
    target = tmp_path / "sorted"
    at.text_input(key="classify_sort_target").set_value(str(target))
    button(at, "Copy").click().run()
    at = settled(at)
    assert "Copied into" in at.success[0].value
    classifier = Classifier.open(trained)
    copies = {path.read_bytes(): path.parent.name for path in target.rglob("*.jpg")}
    limits = limits_of(trained, classifier.neighbours)
    predictions = {content: classifier.classify(content) for content in contents.values()}
    assert copies == {
        content: "unlike" if prediction.is_unlike(limits) else prediction.label
        for content, prediction in predictions.items()
    }
    assert "unlike" in copies.values()
    assert {path: path.read_bytes() for path in contents} == contents
    at.text_input(key="classify_sort_target").set_value(str(photos))
    button(at, "Copy").click().run()
    assert "would lie among the images" in at.error[-1].value


@pytest.mark.parametrize("typed", ["/nowhere/at all", "x" * 300, ""])
def test_a_path_without_anything_says_so(finished: Path, typed: str) -> None:
    at = classify_path(typed)
    assert "does not exist" in at.error[0].value if typed else "Enter a path" in at.warning[0].value


def give_folder(*files: tuple[str, bytes]) -> AppTest:
    at = page()
    at.segmented_control(key="classify_input").set_value("Folder").run()
    at.file_uploader[0].set_value([(name, content, "") for name, content in files])
    return settled(at.run())


def test_a_folder_is_classified_whole_but_for_what_systems_leave_in_it(finished: Path) -> None:
    at = give_folder(
        ("pets/a.jpg", image_bytes(1)), ("pets/more/b.png", image_bytes(2, format="PNG")), ("pets/Thumbs.db", b"x")
    )
    assert "2 images in" in words(at)
    assert "pets/more/b" in words(at).replace("\\", "")


@pytest.mark.parametrize(("limit", "value"), [("MAX_IMAGES", 2), ("MAX_UPLOAD_BYTES", 2_000)])
def test_a_folder_that_is_too_large_is_refused_and_can_be_cleared(
    finished: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(f"core.inference.given.{limit}", value)
    at = give_folder(*((f"pets/{seed}.jpg", image_bytes(seed)) for seed in range(3)))
    assert "Received" in at.error[0].value
    assert "Expected: at most" in at.error[0].value.replace("\\", "")
    assert "images in" not in words(at)
    button(at, "Clear").click().run()
    assert not at.exception
    assert not at.error
    assert not at.file_uploader[0].value


def test_where_it_looked_stands_beside_the_image_with_a_legend(finished: Path) -> None:
    at = given(("a.jpg", image_bytes()))
    (plain,) = re.findall(r'src="([^"]+)"', image(at))
    at.toggle(key="classify_looked").set_value(True).run()
    assert not at.exception
    first, second = re.findall(r'src="([^"]+)"', image(at))
    assert first == plain
    assert second != plain
    assert "with Grad-CAM over it" in image(at)
    assert any("strongest evidence for" in one.proto.body for one in at.get("html"))


def test_what_is_not_quite_certain_never_says_100() -> None:
    assert "100" not in headline(Prediction({"cats": 0.99996, "dogs": 0.00004}), Limits())


def test_bars_come_by_probability_and_are_not_too_many() -> None:
    prediction = Prediction({str(number): number / 210 for number in range(21)})
    shown = bars(prediction)
    assert [name for name, _ in shown] == [str(number) for number in range(20, 10, -1)]


@pytest.mark.parametrize(("confidence", "words"), [(0.995, "Almost certainly"), (0.6, "Perhaps")])
def test_confidence_is_said_in_words(confidence: float, words: str) -> None:
    assert confidence_in_words(Prediction({"cats": confidence, "dogs": 1 - confidence})) == words


@pytest.mark.parametrize("num_others", [1, 5])
def test_a_judged_class_keeps_its_name_as_a_button_and_in_a_list(num_others: int) -> None:
    """Buttons read Markdown, so names are escaped there; a list does not, and would show the backslashes."""

    def judging(num_others: int) -> None:
        from types import SimpleNamespace
        from typing import Any

        from pages.ui.classify.corrections import check

        row: Any = SimpleNamespace(image=SimpleNamespace(id="1"), prediction=SimpleNamespace(label="a*b_c"))
        check(row, ("a*b_c", *(f"d_{number}" for number in range(num_others))))

    at = AppTest.from_function(judging, kwargs={"num_others": num_others}).run()
    if num_others > 2:
        assert at.selectbox[0].options[:2] == ["Right: a*b_c", "Wrong: it is d_0"]
    else:
        assert at.pills[0].options[:2] == [r"Right\: a\*b\_c", r"Wrong\: it is d\_0"]


def test_an_image_unlike_the_training_images_is_said_to_be_so_beside_its_probability(finished: Path) -> None:
    at = given(("grey.png", encode(Image.new("RGB", (90, 60), "grey"), "PNG")))
    assert "Unlike the training images" in words(at) and "118 breeds" in str([one.help for one in at.markdown])
    assert "not a" not in " ".join(one.value for one in at.markdown)
    REJECTION.keep(load_run(finished), 0.0)
    assert "Unlike the training images" not in words(at.run())


def test_look_closer_shows_the_nearest_training_images_and_a_wrong_label_is_changed(
    finished: Path, trained: Run, drawn: Path, tmp_path: Path
) -> None:
    pets = shutil.copytree(drawn, tmp_path / "pets")  # whose edits are this test's
    config = finished / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "source": str(pets)}))
    file = sorted((pets / "train" / "dogs").iterdir())[0]
    at = given(("a.jpg", file.read_bytes()))
    cells = nearest_images(at)
    assert len(cells) == 5
    path = f"train/dogs/{file.name}"
    assert (cells[0]["id"], cells[0]["caption"]) == (path, "dogs · 0.000")
    at.session_state["classify_nearest_open"] = path
    button(at.run(), "Relabel as cats").click().run()
    assert not at.exception
    assert "Labelled **cats**" in words(at) and "Changed since this run" in words(at)
    edited = open_dataset(str(pets))
    assert next(record.label for record in edited.records if record.path == path) == "cats"
    assert nearest_images(at)[0]["caption"] == "cats · 0.000"


def test_without_its_training_images_their_labels_and_distances_are_told_in_words(finished: Path, drawn: Path) -> None:
    config = finished / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "source": "/gone/away"}))
    at = given(("a.jpg", sorted((drawn / "train" / "cats").iterdir())[0].read_bytes()))
    settled(at)
    assert "cats (0.000), " in words(at)
    assert "The images cannot be shown" in words(at)


def nearest_images(at: AppTest) -> list[dict[str, Any]]:
    """The cells of their gallery, once the run's images are open."""
    for _ in range(100):
        for element in at.get("bidi_component"):
            if element.proto.component_name == "gallery":
                items: list[dict[str, Any]] = json.loads(element.proto.json)["items"]
                return items
        time.sleep(0.1)
        at.run()
    pytest.fail("no gallery")
