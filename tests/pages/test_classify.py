"""The Classify page: with no run, with a good one, with a broken one."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.inference.classifier import Answer, Classifier
from core.training.runs import Run
from pages.ui.classifier import bars, confidence_in_words, look_at
from tests.drawing import image_bytes

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


def page() -> AppTest:
    return AppTest.from_file(MAIN, default_timeout=60).run().switch_page("classify.py").run()


@pytest.fixture
def finished(trained: Run, pawlab_home: Path) -> Path:
    folder = pawlab_home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return folder


def test_without_a_run_it_says_what_to_do_next() -> None:
    at = page()
    assert not at.exception
    assert "Train one first" in at.info[0].value


def test_a_finished_run_is_offered_with_its_score(finished: Path, trained: Run) -> None:
    at = page()
    assert not at.exception
    assert f"{trained.summary()['val_accuracy']:.1%}" in at.selectbox[0].options[0]
    assert at.file_uploader[0].label == "Pictures"


@pytest.mark.parametrize("broken", ["run.json", "model.onnx"])
def test_a_broken_run_is_explained(finished: Path, broken: str) -> None:
    (finished / broken).write_text("{}")
    at = page()
    assert not at.exception
    assert at.error or at.dataframe


def test_a_good_and_a_bad_picture_each_get_what_is_theirs(trained: Run) -> None:
    classifier = Classifier.open(trained)
    good = look_at("good", trained.id, classifier, image_bytes())
    bad = look_at("bad", trained.id, classifier, b"no picture")
    assert good.answer == classifier.classify(image_bytes())
    assert good.thumbnail is not None
    assert bad.answer is None
    assert bad.reason


def test_bars_come_by_probability_and_are_not_too_many() -> None:
    answer = Answer({str(number): number / 210 for number in range(21)})
    shown = bars(answer)
    assert [name for name, _ in shown] == [str(number) for number in range(20, 10, -1)]


@pytest.mark.parametrize(("confidence", "words"), [(0.995, "Almost certainly"), (0.6, "Perhaps")])
def test_confidence_is_said_in_words(confidence: float, words: str) -> None:
    assert confidence_in_words(Answer({"cats": confidence, "dogs": 1 - confidence})) == words
