"""The Evaluate page: with no run, with a real one, with one whose pictures are gone or whose answers are broken."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.evaluation.answers import load_answers
from core.training.runs import Run
from pages.ui.evaluation import pictures_task
from pages.ui.words import confident

MAIN = Path(__file__).parents[2] / "pages" / "main.py"


def page() -> AppTest:
    return AppTest.from_file(MAIN, default_timeout=60).run().switch_page("evaluate.py").run()


@pytest.fixture
def finished(trained: Run, pawlab_home: Path) -> Run:
    folder = pawlab_home / "runs" / trained.id
    shutil.copytree(trained.directory, folder)
    return replace(trained, directory=folder)


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def test_without_a_run_it_says_what_to_do_next() -> None:
    at = page()
    assert not at.exception
    assert "Train one first" in at.info[0].value


def test_a_run_has_its_scores_and_the_pictures_of_a_cell(finished: Run) -> None:
    assert pictures_task(finished).wait(60)
    at = page()
    assert not at.exception
    answers = load_answers(finished)
    assert metrics(at)["Accuracy"] == f"{answers.accuracy().value:.1%}"
    assert metrics(at)["Without leaks and excluded"] == metrics(at)["Accuracy"]
    assert any("answered as" in one.value for one in at.subheader)


@pytest.mark.parametrize("view", ["curves", "confidence"])
def test_each_view_is_drawn(finished: Run, view: str) -> None:
    assert pictures_task(finished).wait(60)
    at = page()
    next(one for one in at.segmented_control if one.key == "evaluate_view").set_value(view).run()
    assert not at.exception
    assert len(at.get("plotly_chart")) == 2


def test_a_threshold_leaves_the_unsure_ones_out(finished: Run) -> None:
    at = page()
    at.slider(key="evaluate_threshold").set_value(1.0).run()
    assert not at.exception
    answers = load_answers(finished)
    certain = int((answers.confidence >= 1).sum())
    expected = f"{certain:,} of {len(answers):,}" if certain else "no picture gets an answer"
    assert any(expected in one.value for one in at.caption)


def test_pictures_that_are_gone_leave_the_scores(finished: Run, tmp_path: Path) -> None:
    config = finished.directory / "config.json"
    config.write_text(config.read_text().replace(finished.source, str(tmp_path / "gone")))
    at = page()
    assert not at.exception
    assert at.error
    assert metrics(at)["Accuracy"] == f"{load_answers(finished).accuracy().value:.1%}"
    assert metrics(at)["Without leaks and excluded"] == "–"


def test_broken_answers_are_explained(finished: Run) -> None:
    (finished.directory / "validation.npz").write_bytes(b"broken")
    at = page()
    assert not at.exception
    assert "cannot be read" in at.error[0].value


@pytest.mark.parametrize(("value", "words"), [(1.0, "100.0%"), (0.9997, ">99.9%"), (0.9991, "99.9%"), (0.5, "50.0%")])
def test_nothing_is_a_hundred_percent_that_is_less(value: float, words: str) -> None:
    assert confident(value) == words
