"""The Classify page: without a run, with a good one, with broken ones; what is uploaded gets an answer or a reason."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.datasets.corrections import add_correction, corrections, corrections_folder
from core.datasets.current import current_source
from core.evaluation.chosen import choose_threshold
from core.inference.classifier import Answer, Classifier
from core.training.runs import Run, load_run
from pages.ui.classifier import bars, confidence_in_words
from pages.ui.classify_corrections import NONE
from pages.ui.classify_detail import headline
from tests.drawing import draw_image, encode, image_bytes, make_zip

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


def page() -> AppTest:
    return AppTest.from_file(MAIN, default_timeout=90).switch_page("classify.py").run()


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
    (found,) = [one for one in at.button if one.label == label]
    return found


def words(at: AppTest) -> str:
    shown = [*at.markdown, *at.subheader, *at.caption, *at.error, *at.warning, *at.info]
    return "\n".join(str(one.value) for one in shown)


def picture(at: AppTest) -> str:
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
    asked = json.loads((newer / "config.json").read_text())
    (newer / "config.json").write_text(json.dumps({**asked, "created": asked["created"] + 60}))
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
    assert "No run" not in words(at)


def test_a_picture_gets_its_answer_at_once_and_keeps_it_in_a_rerun(finished: Path, trained: Run) -> None:
    at = given(("a.jpg", image_bytes()))
    expected = headline(Classifier.open(trained).classify(image_bytes()), 0.0)
    assert at.subheader[1].value == expected
    time_taken = next(one.value for one in at.caption if "ms from the file" in one.value)
    assert time_taken in [one.value for one in at.run().caption]


def test_below_the_threshold_it_is_unsure_and_that_is_no_detector(finished: Path) -> None:
    choose_threshold(load_run(finished), 1.0)
    at = given(("a.jpg", image_bytes()))
    assert "Unsure" in words(at)
    assert "no detector of unknown things" in words(at)


def turned() -> bytes:
    picture = draw_image(size=(90, 60))
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(picture, "JPEG", exif=exif)


def alpha() -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), dtype=np.uint8)
    return encode(Image.fromarray(pixels), "PNG")


def animated() -> bytes:
    file = io.BytesIO()
    frames = [draw_image(seed).convert("P") for seed in range(3)]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    return file.getvalue()


def test_pictures_of_every_kind_get_an_answer_or_a_reason(finished: Path, trained: Run) -> None:
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
        assert f"**{name}\\.jpg** is not classified" in shown
    classifier = Classifier.open(trained)
    headlines = [one.value for one in at.markdown]
    for name in ("turned.jpg", "alpha.png", "print.jpg", "moving.gif", "web.webp", "dot.png"):
        assert headline(classifier.classify(files[name]), 0.0) in headlines, name


def test_many_of_a_zip_are_a_table_with_reasons_that_can_be_filtered(finished: Path) -> None:
    members = {f"{seed:02}.jpg": image_bytes(seed) for seed in range(15)} | {"bad.txt": b"no picture"}
    at = given(("photos.zip", make_zip(members)), ("evil.zip", b"PK\x03\x04"))
    table = at.dataframe[0].value
    assert len(table) == 17
    bad = table[table["Answer"] == "no answer"]
    assert list(bad["Name"]) == ["photos.zip/bad.txt", "evil.zip"]
    assert bad["Why there is no answer"].str.len().min() > 5
    assert table["Picture"].notna().sum() == 15
    assert table["Confidence"].dropna().between(50, 100).all()


def test_columns_stand_where_something_is_said_in_them_and_the_answer_first(finished: Path) -> None:
    """A phone shows the first columns; a name may be long."""
    at = given(("photos.zip", make_zip({f"{seed:02}.jpg": image_bytes(seed) for seed in range(15)})))
    assert list(at.dataframe[0].value) == ["Picture", "Answer", "Confidence", "Name"]
    choose_threshold(load_run(finished), 1.0)
    at.run()
    settled(at)
    assert list(at.dataframe[0].value) == ["Picture", "Answer", "Most probable", "Confidence", "Name"]


def test_a_run_deleted_under_the_page_is_not_replaced_in_silence(finished: Path, trained: Run) -> None:
    other = finished.parent / "20260102-030405-other"
    shutil.copytree(trained.directory, other)
    at = page()
    at.selectbox(key="classify_run").set_value(other.name).run()
    assert not at.warning
    shutil.rmtree(other)
    at.run()
    assert "is gone" in at.warning[0].value
    assert at.selectbox(key="classify_run").value == finished.name


def test_hostile_names_are_shown_as_they_are(finished: Path) -> None:
    name = '![](http://example.org/"<b>) *x*.jpg'
    at = given((name, image_bytes()), ("b.jpg", image_bytes(1)))
    assert "![](http" not in words(at)


def test_an_address_of_this_machine_is_refused(finished: Path) -> None:
    at = page()
    at.segmented_control(key="classify_input").set_value("Web address").run()
    at.text_input[0].set_value("http://127.0.0.1/a.png")
    button(at, "Fetch and classify").click()
    at = settled(at.run())
    assert "not public" in at.error[0].value
    settled(button(at, "Begin again").click().run())
    assert "not public" in at.error[0].value
    button(at, "Clear").click().run()
    assert not at.exception
    assert not at.error
    assert at.text_input[0].value == ""


def test_a_judged_picture_is_kept_only_where_that_is_turned_on(finished: Path) -> None:
    at = given(("a.jpg", image_bytes()))
    at.pills[0].set_value("dogs").run()
    assert "You judged 1 here" in words(at)
    assert not corrections()
    at.toggle(key="classify_keep").set_value(True).run()
    assert not at.exception
    assert corrections() == {"dogs": 1}


def test_a_kept_picture_is_taken_back_with_what_was_said_of_it(finished: Path) -> None:
    at = given(("a.jpg", image_bytes()))
    at.toggle(key="classify_keep").set_value(True).run()
    at.pills[0].set_value("dogs").run()
    assert corrections() == {"dogs": 1}
    button(at, "Take this one back").click().run()
    assert not at.exception
    assert corrections() == {}
    assert at.pills[0].value is None
    assert "You judged" not in words(at)
    assert "Take this one back" not in [one.label for one in at.button]
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


def test_what_was_kept_on_another_day_is_there_again_when_taken_back(finished: Path) -> None:
    add_correction(image_bytes(), "cats", "a.jpg")
    at = given(("a.jpg", image_bytes()))
    at.toggle(key="classify_keep").set_value(True).run()
    at.pills[0].set_value("dogs").run()
    assert corrections() == {"dogs": 1}
    button(at, "Take this one back").click().run()
    assert corrections() == {"cats": 1}


def test_corrections_of_two_classes_are_opened_on_the_dataset_page(finished: Path) -> None:
    add_correction(image_bytes(1), "cats", "a.jpg")
    at = given(("b.jpg", image_bytes()))
    at.toggle(key="classify_keep").set_value(True).run()
    assert button(at, "Open my corrections").disabled
    at.pills[0].set_value("dogs").run()
    assert not button(at, "Open my corrections").disabled
    at = settled(button(at, "Open my corrections").click().run())
    assert at.title[0].value == "Dataset"
    assert current_source() == str(corrections_folder())


def give_folder(*files: tuple[str, bytes]) -> AppTest:
    at = page()
    at.segmented_control(key="classify_input").set_value("Folder").run()
    at.file_uploader[0].set_value([(name, content, "") for name, content in files])
    return settled(at.run())


def test_a_folder_is_classified_whole_but_for_what_systems_leave_in_it(finished: Path) -> None:
    at = give_folder(
        ("pets/a.jpg", image_bytes(1)), ("pets/more/b.png", image_bytes(2, format="PNG")), ("pets/Thumbs.db", b"x")
    )
    assert "2 pictures in" in words(at)
    assert "pets/more/b" in words(at).replace("\\", "")


@pytest.mark.parametrize(("limit", "value"), [("MAX_PICTURES", 2), ("MAX_UPLOAD_BYTES", 2_000)])
def test_a_folder_that_is_too_large_is_refused_and_can_be_cleared(
    finished: Path, monkeypatch: pytest.MonkeyPatch, limit: str, value: int
) -> None:
    monkeypatch.setattr(f"core.inference.given.{limit}", value)
    at = give_folder(*((f"pets/{seed}.jpg", image_bytes(seed)) for seed in range(3)))
    assert "Received" in at.error[0].value
    assert "Expected: at most" in at.error[0].value.replace("\\", "")
    assert "pictures in" not in words(at)
    button(at, "Clear").click().run()
    assert not at.exception
    assert not at.error
    assert not at.file_uploader[0].value


def test_where_it_looked_is_laid_over_the_picture(finished: Path) -> None:
    at = given(("a.jpg", image_bytes()))
    before = picture(at)
    at.toggle(key="classify_looked").set_value(True).run()
    after = picture(at)
    assert not at.exception
    assert "where the model looked" in after
    assert before.split(",")[1] != after.split(",")[1]


def test_what_is_not_quite_certain_never_says_100() -> None:
    assert "100" not in headline(Answer({"cats": 0.99996, "dogs": 0.00004}), 0.0)


def test_bars_come_by_probability_and_are_not_too_many() -> None:
    answer = Answer({str(number): number / 210 for number in range(21)})
    shown = bars(answer)
    assert [name for name, _ in shown] == [str(number) for number in range(20, 10, -1)]


@pytest.mark.parametrize(("confidence", "words"), [(0.995, "Almost certainly"), (0.6, "Perhaps")])
def test_confidence_is_said_in_words(confidence: float, words: str) -> None:
    assert confidence_in_words(Answer({"cats": confidence, "dogs": 1 - confidence})) == words


@pytest.mark.parametrize("num_others", [1, 5])
def test_a_judged_class_keeps_its_name_as_a_button_and_in_a_list(num_others: int) -> None:
    """Buttons read Markdown, so names are escaped there; a list does not, and would show the backslashes."""

    def judging(num_others: int) -> None:
        from types import SimpleNamespace
        from typing import Any

        from pages.ui.classify_corrections import judgement

        row: Any = SimpleNamespace(picture=SimpleNamespace(id="1"), answer=SimpleNamespace(label="a*b_c"))
        judgement(row, ("a*b_c", *(f"d_{number}" for number in range(num_others))))

    at = AppTest.from_function(judging, kwargs={"num_others": num_others}).run()
    if num_others > 2:
        assert at.selectbox[0].options[:2] == ["Right: a*b_c", "Wrong, it is d_0"]
    else:
        assert at.pills[0].options[:2] == [r"Right\: a\*b\_c", r"Wrong\, it is d\_0"]
