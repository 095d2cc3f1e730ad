"""The Evaluate page: with no run, with a real one, with one whose images are gone or whose predictions are broken."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core.datasets import Edits
from core.datasets.current import remember_source
from core.evaluation.predictions import load_predictions
from core.evaluation.retrain import NOTE, origin_of
from core.evaluation.robustness import training_dataset
from core.evaluation.splits import WHY_TEST, score
from core.evaluation.words import percent
from core.runs.choices import LEVEL, REJECTION, THRESHOLD
from core.runs.limits import neighbours_of
from core.runs.queue import withdraw
from core.runs.run import Run, load_run
from core.runs.store import list_runs
from core.storage.files import read_json, write_json
from pages.ui.evaluate.cross_validation import cross_validations
from pages.ui.evaluate.state import Evaluation, evaluate, html_reports, image_tasks, images_task, report_key
from pages.ui.shared.classifier import model_key
from tests.drawing import encode
from tests.pages.app import new_app, words
from tests.trained import copied, with_many_classes


def page(**state: Any) -> AppTest:
    at = new_app()
    for key, value in state.items():
        at.session_state[key] = value
    return at.switch_page("evaluate.py").run()  # at once: the Dataset page would first draw its sample


def metrics(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def button(at: AppTest, label: str) -> Any:
    return next(one for one in at.button if one.label == label)


def control(at: AppTest, key: str) -> Any:
    return next(one for one in at.segmented_control if one.key == key)


def scored(at: AppTest) -> AppTest:
    """The page once the images that it scores are scored, or the reason is there."""
    task = image_tasks().latest
    assert task is not None
    assert task.wait(60)
    return at.run()


def wrong_row(run: Run, cell: tuple[int, int] = (0, 0)) -> int:
    return int(load_predictions(run).rows_of(*cell)[0])


def test_without_a_run_it_says_what_to_do_next() -> None:
    at = page()
    assert not at.exception
    assert "Train one first" in at.info[0].value


def test_a_run_has_its_scores_and_the_images_of_a_cell(finished: Run) -> None:
    assert images_task(finished).wait(60)
    at = page(evaluate_view="matrix")
    assert not at.exception
    predictions = load_predictions(finished)
    assert metrics(at)["Accuracy"] == f"{predictions.accuracy().value:.1%}"
    assert metrics(at)["Clean accuracy"] == metrics(at)["Accuracy"]
    assert any("predicted as" in one.value for one in at.subheader)
    assert not [one for one in at.button if one.label == "Train again with these edits"]
    button(at, "Try your own photo").click().run()
    assert at.title[0].value == "Classify"


def test_the_most_confident_errors_are_seen_first(finished: Run) -> None:
    assert images_task(finished).wait(60)
    at = page()
    assert not at.exception
    assert control(at, "evaluate_view").value == "misclassified"
    assert "Most confident errors first" in words(at)


def opened_by(finished: Run, **query: str) -> AppTest:
    assert images_task(finished).wait(60)
    at = new_app()
    for name, value in query.items():
        at.query_params[name] = value
    return at.switch_page("evaluate.py").run()


def test_a_link_opens_its_run_and_view_and_the_address_follows(finished: Run) -> None:
    younger = twin(finished, "younger")
    at = opened_by(finished, run=finished.id, view="curves")
    assert not at.exception
    control = next(one for one in at.selectbox if one.key == "evaluate_run")
    assert control.value == finished.id
    assert len(at.get("plotly_chart")) == 2
    next(one for one in at.segmented_control if one.key == "evaluate_view").set_value("matrix").run()
    control.set_value(younger.id).run()
    assert (at.query_params["run"], at.query_params["view"]) == (younger.id, "matrix")


def test_a_link_to_a_run_that_is_not_here_says_so(finished: Run) -> None:
    at = opened_by(finished, run="elsewhere", view="nonsense")
    assert not at.exception
    assert "not here" in at.warning[0].value
    assert metrics(at)["Accuracy"]


def test_each_view_is_drawn(finished: Run) -> None:
    assert images_task(finished).wait(60)
    at = page()
    for view, charts in (("curves", 2), ("calibration", 2), ("misclassified", 0), ("compare", 0)):
        next(one for one in at.segmented_control if one.key == "evaluate_view").set_value(view).run()
        assert not at.exception
        assert len(at.get("plotly_chart")) == charts
        assert ("takes 100 validation images, and there are 16" in words(at)) == (view == "calibration")
    assert "No other run was trained on these images yet" in words(at)


def test_the_page_begins_with_the_threshold_that_was_chosen_and_keeps_another(finished: Run) -> None:
    THRESHOLD.keep(finished, 0.7)
    at = page(evaluate_view="matrix")
    assert "In use for this run: 0.7." in words(at)
    assert button(at, "Use this threshold").disabled
    at.session_state["evaluate_threshold"] = (finished.id, 0.9)
    at.run()
    assert not button(at, "Use this threshold").disabled
    button(at, "Use this threshold").click().run()
    assert THRESHOLD.of(finished) == 0.9
    assert "In use for this run: 0.9." in words(at)
    assert "cannot spot unknown objects" in words(at)


def test_a_threshold_of_another_run_is_not_taken_over(finished: Run) -> None:
    at = page(evaluate_view="matrix", evaluate_threshold=("another", 0.9))
    assert at.session_state["evaluate_threshold"] == (finished.id, 0.0)


def test_an_exclusion_and_a_new_class_count_at_once_and_train_again_starts_a_run(
    finished: Run, drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(drawn, tmp_path / "pets")
    finished = moved(finished, tmp_path / "pets")
    remember_source(finished.source)
    monkeypatch.setattr("core.runs.start.start_next", lambda: None)  # it is made and queued; no worker here
    monkeypatch.setattr("core.runs.queue.start_next", lambda: None)
    assert images_task(finished).wait(60)
    at = page(evaluate_view="matrix", evaluate_cell=(0, 0))
    row = wrong_row(finished)
    at.session_state["evaluate_cell_open"] = row
    at.run()
    button(at, "Exclude").click().run()
    assert not at.exception
    before = training_dataset(finished)
    today = Edits.load(before).apply(before)
    assert sum(one.excluded for one in today.records) == 1
    assert "Now excluded" in words(at)
    assert "**Edits since this run:** 1 excluded" in words(at)
    button(at, "Relabel as dogs").click().run()
    assert "1 excluded" in words(at)
    button(at, "Train again with these edits").click().run()
    assert not at.exception
    new = next(run for run in list_runs().runs if run.id != finished.id)
    assert new.edits() == Edits.load(before).actions
    assert new.config == finished.config
    assert "1 excluded" in new.name
    assert at.session_state["watched_run"] == new.id
    assert any(one.value == "Training" for one in at.title)
    withdraw(new)


def moved(run: Run, source: Path) -> Run:
    config = read_json(run.directory / "config.json")
    write_json(run.directory / "config.json", config | {"source": str(source)})
    return load_run(run.directory)


def twin(run: Run, name: str, origin: str = "") -> Run:
    """Another run on the same images, a minute younger, which misclassifies one image more than `run`."""
    folder = run.directory.with_name(f"{run.id}-twin")
    shutil.copytree(run.directory, folder)
    config = read_json(folder / "config.json")
    write_json(folder / "config.json", config | {"name": name, "created": run.created + 60})
    with np.load(folder / "validation.npz") as stored:
        labels, table = stored["labels"], stored["probabilities"].copy()
    right = np.flatnonzero((table[:, 0] > 0.5) == labels)[0]
    table[right] = 1 - table[right]
    np.savez(folder / "validation.npz", labels=labels, probabilities=table)
    if origin:
        write_json(folder / NOTE, {"of": origin})
    return load_run(folder)


def test_a_run_that_was_trained_again_is_compared_on_the_same_images(finished: Run) -> None:
    younger = twin(finished, "with **edits**", finished.id)
    assert origin_of(younger) == finished.id
    assert images_task(finished).wait(60)
    at = page(evaluate_run=finished.id)
    assert "was trained again from it" in words(at)
    button(at, "Compare the two").click().run()
    for _ in range(100):
        if "Difference" in metrics(at):
            break
        time.sleep(0.1)
        at.run()
    assert not at.exception
    total = len(load_predictions(finished))
    assert metrics(at)["Difference"] == f"−{100 / total:.1f} points"
    assert "chance alone can explain" in words(at)
    assert f"Both runs were validated on {total:,} images" in words(at)


def test_runs_that_differ_in_more_than_edits_say_so(finished: Run) -> None:
    """A second stage is no field of the settings."""
    younger = twin(finished, "tuned")
    about = read_json(younger.directory / "run.json")
    stage = {"layers": 9, "epochs": 2, "learning_rate": 1e-4}
    write_json(younger.directory / "run.json", about | {"fine_tuning": stage})
    assert images_task(finished).wait(60)
    at = page(evaluate_run=finished.id, evaluate_view="compare", evaluate_with=younger.id)
    for _ in range(100):
        if "Difference" in metrics(at):
            break
        time.sleep(0.1)
        at.run()
    text = words(at).replace("\\", "")
    assert "Their settings differ. Fine-tuning: none vs. the last 9 layers, 2 epochs at most" in text
    assert "only the edits differ" not in text


def test_two_runs_of_one_name_and_minute_can_be_told_apart(finished: Run) -> None:
    remember_source(finished.source)  # else the Training page draws the sample
    other = twin(finished, finished.name)
    config = read_json(other.directory / "config.json")
    write_json(other.directory / "config.json", config | {"created": finished.created})
    control = next(one for one in page().selectbox if one.key == "evaluate_run")
    assert len(set(control.options)) == 2
    for page_name, key in (("train.py", "watched_run"), ("evaluate.py", "evaluate_run")):
        for run in (finished, other):
            at = new_app(page_name)
            at.session_state[key] = run.id
            at.run()
            at.run()  # what the browser sends back is the words
            assert at.session_state[key] == run.id


def test_a_report_is_offered_once_it_is_written(finished: Run) -> None:
    assert images_task(finished).wait(60)
    at = page(evaluate_view="report")
    button(at, "Prepare the report").click().run()
    evaluation = evaluate(finished)
    assert isinstance(evaluation, Evaluation)
    report = html_reports().find(report_key(evaluation))
    assert report is not None
    assert report.wait(60)
    at.run()
    assert not at.exception
    assert len(at.get("download_button")) == 1
    assert report.result is not None
    assert "<svg" in report.result.read_text()
    THRESHOLD.keep(finished, 0.8)  # then it is out of date
    at.run()
    assert not at.get("download_button")


def test_a_run_that_was_stopped_and_one_with_copies_say_so(finished: Run) -> None:
    about = read_json(finished.directory / "run.json")
    write_json(finished.directory / "run.json", about | {"status": "cancelled"})
    config = read_json(finished.directory / "config.json")
    config["settings"] |= {"copies": 1, "augment_validation": True}
    write_json(finished.directory / "config.json", config)
    at = page()
    assert "stopped early" in words(at)
    assert "scored on 8 images and 1 augmented copy of each" in words(at)


def test_images_that_are_gone_leave_the_scores(finished: Run, tmp_path: Path) -> None:
    config = finished.directory / "config.json"
    config.write_text(config.read_text().replace(finished.source, str(tmp_path / "gone")))
    at = page()
    assert not at.exception
    assert at.error
    assert metrics(at)["Accuracy"] == f"{load_predictions(finished).accuracy().value:.1%}"
    assert metrics(at)["Clean accuracy"] == "–"
    for view in ("matrix", "misclassified", "compare"):
        next(one for one in at.segmented_control if one.key == "evaluate_view").set_value(view).run()
        assert not at.exception
        assert "The images cannot be shown" in words(at)


def test_broken_predictions_are_explained(finished: Run) -> None:
    (finished.directory / "validation.npz").write_bytes(b"broken")
    at = page()
    assert not at.exception
    assert "cannot be read" in at.error[0].value


def test_three_classes_with_any_name(finished: Run) -> None:
    names = ["cats", 'big **dogs** ![](http://evil.example) <b>"', "dogs"]
    about = json.loads((finished.directory / "run.json").read_text())
    write_json(finished.directory / "run.json", about | {"classes": names})
    random = np.random.default_rng(0)
    table = random.dirichlet([1, 1, 1], 16).astype(np.float32)
    np.savez(finished.directory / "validation.npz", labels=np.arange(16) % 3, probabilities=table)
    at = page()
    assert not at.exception
    for view in ("curves", "calibration", "misclassified", "compare", "report"):
        next(one for one in at.segmented_control if one.key == "evaluate_view").set_value(view).run()
        assert not at.exception
        if view == "curves":  # plotly reads no Markdown, but tags
            legend = [line["name"] for line in json.loads(at.get("plotly_chart")[0].proto.spec)["data"]]
            assert legend[4] == "big **dogs** ![](http://evil.exampl…"
    assert "http://evil.example" not in words(at)  # as an address: it stands escaped where it stands
    assert "ROC area" not in metrics(at)


def test_the_test_split_stands_apart_and_its_link_opens_it(trained_with_test: Run, pawlab_home: Path) -> None:
    run = copied(trained_with_test, pawlab_home)
    at = opened_by(run, run=run.id, view="misclassified")
    assert "these scores are slightly optimistic: see Test" in words(at)
    assert "Cross-validate" not in [one.label for one in at.button]
    at = scored(control(at, "evaluate_on").set_value("test").run())
    assert not at.exception
    test = score(run, "test")
    clean = test.clean()
    assert clean is not None
    assert metrics(at)["Accuracy"] == f"{test.predictions.accuracy().value:.1%}"
    assert metrics(at)["Clean accuracy"] == f"{clean.accuracy.value:.1%}"
    assert f"**Test split**, 18 images. {WHY_TEST}" in words(at)
    assert at.query_params["on"] in ("test", ["test"])
    for view in ("matrix", "curves", "calibration", "report", "compare"):
        control(at, "evaluate_view").set_value(view).run()
        assert not at.exception
    assert "choose Validation above" in words(at)
    again = scored(opened_by(run, run=run.id, view="misclassified", on="test"))
    assert "**Test split**" in words(again)


def test_without_a_test_split_cross_validation_is_offered_and_shows_its_intervals(
    trained: Run, ready_home: Path
) -> None:
    run = copied(trained, ready_home)
    at = page()
    button(at, "Cross-validate").click().run()
    task = cross_validations().latest
    assert task is not None
    assert task.wait(120)
    at.run()
    assert not at.exception
    assert task.result is not None
    assert task.key == model_key(run)
    assert "56 images in 5 folds, 10 times" in words(at)
    assert percent(task.result.accuracy) in [metric.value for metric in at.metric if metric.label == "Accuracy"]


def test_other_images_are_scored_and_what_does_not_match_is_said(finished: Run, drawn: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(drawn / "validation", tmp_path / "more")
    (folder / "dogs").rename(folder / "birds")
    at = page()
    assert "test" not in str(control(at, "evaluate_on").options).lower()
    control(at, "evaluate_on").set_value("other").run()
    assert not metrics(at)
    button(at, "Score these images").click().run()
    assert "Type the path" in at.warning[0].value
    at.text_input(key="evaluate_typed").set_value(str(folder))
    at = scored(button(at, "Score these images").click().run())
    assert not at.exception
    said = words(at).replace("\\", "")
    assert "8 images are not scored, because their classes are unknown to the run: birds (8)." in said
    assert f"There are no images of dogs in {folder}, so its recall is not known." in said
    assert metrics(at)["Clean accuracy"] == metrics(at)["Accuracy"]
    assert str(folder) not in str(at.query_params)
    at.text_input(key="evaluate_typed").set_value(str(tmp_path / "nowhere"))
    at = scored(button(at, "Score these images").click().run())
    assert not at.exception
    assert "Found no folder and no zip" in at.error[0].value
    assert button(at, "Score again")


def test_many_classes_have_pairs_chosen_curves_and_top_k(finished: Run) -> None:
    names = with_many_classes(finished)
    at = page(evaluate_view="matrix")
    assert not at.exception
    assert {"Top-3 accuracy", "Top-5 accuracy"} <= set(metrics(at))
    pairs = next(one.value for one in at.dataframe if "Predicted as" in one.value)
    assert pairs.iloc[0].tolist() == ["class 03", "class 05", 4, 100.0]
    assert at.subheader[0].value == "class 03 predicted as class 05"
    scores = next(one.value for one in at.dataframe if "Precision" in one.value)
    assert scores["Class"][0] == "class 03"
    control(at, "evaluate_view").set_value("curves").run()
    assert "class 03" in [names[at] for at in at.multiselect[0].value]
    legend = [line["name"] for line in json.loads(at.get("plotly_chart")[0].proto.spec)["data"]]
    assert legend[:3] == ["guessing", "macro average", "micro average"]
    at.multiselect[0].set_value([0]).run()
    legend = [line["name"] for line in json.loads(at.get("plotly_chart")[0].proto.spec)["data"]]
    assert legend[3:] == ["class 00"]


def test_a_cut_is_tried_on_images_of_other_things_and_kept(finished: Run) -> None:
    at = page(evaluate_view="unlike")
    assert not at.exception
    assert "few to know" in words(at) and "118 breeds" in words(at)
    assert set(metrics(at)) >= {"Validation images"} and "Your images" not in metrics(at)
    grey = encode(Image.new("RGB", (90, 60), "grey"))
    at.file_uploader[0].set_value([("a.png", grey, ""), ("no.png", b"text", "")])
    at.run()
    for _ in range(100):
        if "Your images" in metrics(at):
            break
        time.sleep(0.1)
        at.run()
    assert (metrics(at)["Your images"], metrics(at)["ROC area"]) == ("100.0%", "1.000")
    assert button(at, "Use this cut").disabled
    slider = next(one for one in at.select_slider if "called unlike" in one.label)
    slider.set_value(0.2).run()
    neighbours = neighbours_of(finished)
    assert metrics(at)["Validation images"] == f"{(neighbours.validation > neighbours.cut(0.2)).mean():.1%}"
    button(at, "Use this cut").click().run()
    assert REJECTION.of(finished) == 0.2
    assert "In use for this run: 20.0%" in words(at)


def test_a_level_of_the_sets_is_chosen_and_kept(finished: Run) -> None:
    at = page(evaluate_view="sets")
    table = next(one.value for one in at.dataframe if "Coverage" in one.value)
    assert table["Level"].tolist() == ["90%"]
    assert "16 validation images are too few for sets at 95%, which take 19." in words(at)
    assert "choose Other images above" in words(at)
    assert button(at, "Use this level").disabled
    at.segmented_control(key=f"evaluate_level_{finished.id}_0.9").set_value(0.95).run()
    button(at, "Use this level").click().run()
    assert not at.exception
    assert LEVEL.of(finished) == 0.95
    assert "In use for this run: 95%" in words(at)


def test_an_old_run_gets_its_reference_set_at_a_press(finished: Run, weights_cache: Path, pawlab_home: Path) -> None:
    shutil.copytree(weights_cache, pawlab_home / "cache")
    (finished.directory / "neighbours.npz").unlink()
    at = page(evaluate_view="unlike")
    button(at, "Compare with the training images").click().run()
    for _ in range(200):
        if "Validation images" in metrics(at):
            break
        time.sleep(0.1)
        at.run()
    assert not at.exception
    assert len(neighbours_of(finished).labels) == 40


def test_an_imported_run_lacks_its_images_and_nothing_is_wrong(finished: Run) -> None:
    config = read_json(finished.directory / "config.json")
    write_json(finished.directory / "config.json", config | {"source": "imported: photos of pets"})
    at = page()
    for _ in range(100):
        if at.info:
            break
        time.sleep(0.1)
        at.run()
    assert "a bundle has no images" in words(at)
    assert not at.error and not at.exception
