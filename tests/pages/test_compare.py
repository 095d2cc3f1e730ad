"""The list of runs, the actions on ticked runs, the comparison, and the experiment."""

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.datasets.current import remember_source
from core.evaluation.experiment import experiments
from core.runs.fine_tuning import FineTuning, FineTuningConfig
from core.runs.queue import waiting
from core.runs.run import Run, create_run, load_run
from core.runs.settings import TrainingConfig, preset
from core.runs.store import list_runs
from core.storage.files import write_json
from pages.ui.shared.runs import FRESH
from pages.ui.train.real_difference import run_comparisons
from pages.ui.train.runs import CHOSEN
from pages.ui.train.words import settings_in_words
from tests.pages.app import new_app, words
from tests.trained import SMALL, copied

HOSTILE = "![](http:pawlab.invalid) *x* </b> 'q' \"r\" ‏של 🐶"
SHOWN = HOSTILE.replace("\u200f", "")  # without the mark of direction, which a name does not need


@pytest.fixture(autouse=True)
def fresh(drawn: Path) -> Iterator[None]:
    """The small drawn dataset is open, and nothing is remembered of another test's home."""
    st.cache_resource.clear()
    st.cache_data.clear()
    remember_source(str(drawn))
    yield
    st.cache_resource.clear()


def page(*ticked: Run) -> AppTest:
    time.sleep(FRESH)  # for so long a look at a run is kept, also for another browser
    app = new_app()
    app.session_state[CHOSEN] = [run.id for run in ticked]
    app.switch_page("train.py").run()
    assert not app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return app


def runs_table(app: AppTest) -> pd.DataFrame:
    table: pd.DataFrame = next(frame.value for frame in app.dataframe if "accuracy" in frame.value.columns)
    return table


def finished(trained: Run, home: Path, name: str, created: float, **changed: object) -> Run:
    """A finished run: a copy of a real one under another name, with other settings in its configuration."""
    folder = home / "runs" / f"copy-{created:.0f}"
    shutil.copytree(trained.directory, folder)
    asked = json.loads((folder / "config.json").read_text())
    asked |= {"name": name, "created": created, "settings": asked["settings"] | changed}
    write_json(folder / "config.json", asked)
    return load_run(folder)


def at_work(run: Run) -> None:
    """Its worker is this very process."""
    write_json(run.directory / "worker.json", {"pid": psutil.Process().pid, "started": psutil.Process().create_time()})
    run.log.append({"event": "status", "status": "running", "time": 1.0})


def test_the_list_says_what_each_run_is(trained: Run, pawlab_home: Path, drawn: Path) -> None:
    run = finished(trained, pawlab_home, "first", 1000.0)
    run.rename(HOSTILE, "my note")
    create_run(str(drawn), preset("notebook").changed(epochs=3, copies=0), "second")
    table = runs_table(page())
    assert table["name"].tolist() == ["second", SHOWN]
    assert table["note"].tolist() == ["", "my note"]
    assert table["dataset"].tolist() == [drawn.name, drawn.name]
    assert table["settings"][0] == "Notebook: epochs 3, no copies"
    assert table["settings"][1].startswith("Fast: image size 96")
    assert table["accuracy"][1] == round(100 * trained.summary()["val_accuracy"], 1)
    assert "–" in table["95% CI"][1]
    assert table["95% CI"][0] == ""
    assert table["loss"][1] == pytest.approx(trained.summary()["val_loss"])
    assert table["best epoch"][1] == trained.summary()["best_epoch"]
    assert table["size"][1] > 10**6
    assert table["status"].tolist() == ["waiting", "finished"]


def test_hundreds_of_runs_with_broken_ones_among_them_are_listed(trained: Run, pawlab_home: Path) -> None:
    run = finished(trained, pawlab_home, "good", 1000.0)
    for name, content in (("run.json", "{"), ("events.jsonl", "7\n"), ("validation.npz", "x"), ("label.json", "[")):
        (finished(trained, pawlab_home, name, 1000.0 + len(name)).directory / name).write_text(content)
    (pawlab_home / "runs" / "half").mkdir()
    odd = create_run("sample", SMALL, "odd").directory / "config.json"
    odd.write_text(odd.read_text().replace('"odd"', '"o\\ud800\\nd"').replace('"sample"', '"/x/\\udcff"'))
    for _ in range(200):
        create_run("sample", SMALL)
    everything = list_runs().runs
    app = page(*everything[-3:])
    assert len(runs_table(app)) == len(everything) == 206
    assert "**half**: " in words(app)
    assert run.id in [one.id for one in everything]


def test_a_run_is_given_a_name_and_a_note(drawn: Path) -> None:
    run = create_run(str(drawn), SMALL, "before")
    app = page(run)
    app.text_input(key=f"run_name_{run.id}").set_value(HOSTILE)
    app.text_input(key=f"run_note_{run.id}").set_value("seen *this*")
    press(app, "Save")
    assert (load_run(run.directory).name, load_run(run.directory).note) == (SHOWN, "seen *this*")
    assert runs_table(app)["name"].tolist() == [SHOWN]
    app.text_input(key=f"run_name_{run.id}").set_value("  ")
    assert "without a visible character" in words(press(app, "Save"))
    assert load_run(run.directory).name == SHOWN


def test_delete_asks_first_and_removes_those_that_are_ticked_and_no_other(drawn: Path) -> None:
    kept, first, second = (create_run(str(drawn), SMALL, name) for name in ("kept", "first", "second"))
    app = page(first, second)
    assert "Delete these 2 runs" in words(app)
    assert len(list_runs().runs) == 3, "the question stands in the popover of Delete: only the answer deletes"
    press(app, "Delete for good")
    assert [run.id for run in list_runs().runs] == [kept.id]
    assert runs_table(app)["name"].tolist() == ["kept"]
    assert not [button for button in app.button if button.label == "Delete for good"]


def test_a_run_at_work_is_not_deleted_not_even_when_it_began_after_the_question(drawn: Path) -> None:
    run = create_run(str(drawn), SMALL, "busy")
    app = page(run)
    at_work(run)
    press(app, "Delete for good")
    assert "is training" in words(app)
    assert run.directory.is_dir()
    app = page(run)
    assert not [button for button in app.button if button.label == "Delete for good"]
    assert "Stop the run before you delete it." in words(app), "not in a tooltip alone"


def test_settings_are_reopened_ready_to_start_augmentation_included(drawn: Path) -> None:
    config = TrainingConfig().changed(
        epochs=7,
        learning_rate=1e-7,  # less than the form offers
        dropout=0.995,
        copies=2,
        augment_validation=True,
        augmentation=TrainingConfig().augmentation.changed(rotation_range=11, brightness_range=(0.8, 1.1)),
    )
    run = create_run("/elsewhere", config, "old [x](y)")
    app = press(page(run), "Use these settings")
    assert "show the settings of" in words(app)
    assert "used another dataset" in words(app)
    app.switch_page("augment.py").run()
    app.switch_page("train.py").run()
    assert "show the settings of" not in words(app)
    at_work(create_run(str(drawn), SMALL, "busy"))
    press(app, "Start training")
    assert list_runs().runs[0].config == config
    assert list_runs().runs[0].source == str(drawn)


def test_a_second_stage_is_reopened_too(tuned: Run, pawlab_home: Path) -> None:
    run = copied(tuned, pawlab_home)
    app = press(page(run), "Use these settings")
    assert "open Fine-tune below its result" in words(app)
    assert [app.session_state[f"fine_tune_{name}"] for name in ("layers", "epochs", "learning_rate")] == [9, 2, 1e-4]


def test_two_runs_are_compared_image_by_image(trained: Run, pawlab_home: Path) -> None:
    first = finished(trained, pawlab_home, HOSTILE, 1000.0)
    second = finished(trained, pawlab_home, "second", 2000.0, epochs=9)
    app = page(second, first)
    text = words(app)
    assert "The same 16 validation images, compared one by one" in text
    assert "“B · second” is as good as “A · " in text
    assert "95% CI of the difference" in text
    assert "**may be chance**" in text
    table = app.dataframe[-1].value
    assert table.index.tolist() == ["Epochs"]
    assert table.to_numpy().tolist() == [["4", "9"]]
    assert table.columns.tolist() == ["A", "B"]
    assert len(app.get("bidi_component")) >= 2


def test_of_more_runs_each_is_compared_with_a_chosen_one_and_intervals_are_wider(
    trained: Run, pawlab_home: Path
) -> None:
    runs = [finished(trained, pawlab_home, f"n{number}", 1000.0 * (number + 1)) for number in range(7)]
    app = page(*runs[:3])
    assert words(app).count("97.5% CI of the difference") == 2
    app.selectbox(key="compare_with").set_value(runs[2].id).run()
    assert "“A · n0” is as good as “C · n2”" in words(app)
    assert "None: the same settings" in words(app)
    assert "7 runs are ticked" in words(page(*runs))


def test_runs_without_predictions_take_no_share_of_the_chance(trained: Run, pawlab_home: Path, drawn: Path) -> None:
    runs = [finished(trained, pawlab_home, f"n{number}", 1000.0 * (number + 1)) for number in range(3)]
    app = page(*runs, create_run(str(drawn), SMALL, "no model"))
    assert words(app).count("97.5% CI of the difference") == 2, "three others are ticked, two have an interval"
    assert words(app).count("both intervals hold together") == 2
    assert "has no model yet" in words(app)


def test_runs_without_predictions_say_so_and_keep_their_curves(trained: Run, pawlab_home: Path, drawn: Path) -> None:
    good = finished(trained, pawlab_home, "good", 1000.0)
    broken = finished(trained, pawlab_home, "broken", 2000.0)
    (broken.directory / "validation.npz").write_bytes(b"x")
    assert "cannot be read" in words(page(good, broken))
    new = create_run(str(drawn), SMALL, "new")
    assert "has no model yet" in words(page(good, new))
    assert "no curves" in words(page(new, create_run(str(drawn), SMALL, "newer")))


def test_the_classic_experiment_is_queued_found_again_and_reported(trained: Run, drawn: Path) -> None:
    at_work(create_run(str(drawn), SMALL, "busy"))
    app = page()
    app.number_input(key="training_copies").set_value(0).run()
    assert "Received 0 for copies" in words(press(app, "Train with and without"))
    app.number_input(key="training_copies").set_value(2).run()
    app.text_input(key="experiment_name").set_value("Mine *x*").run()
    press(app, "Train with and without")
    without, augmented = experiments(list_runs().runs)[0].runs
    assert [run.id for run in waiting()] == [without.id, augmented.id]
    assert (without.config.copies, augmented.config.copies) == (0, 2)
    assert "appears here when both runs have ended" in words(page())
    for run in waiting():
        for name in ("run.json", "validation.npz", "model.onnx"):
            shutil.copy(trained.directory / name, run.directory / name)
        run.log.append({"event": "status", "status": "finished", "time": 2.0})
    app = page()  # another browser
    assert "The same 16 validation images" in words(app)
    assert "**may be chance**" in words(app)
    press(app, "Compare curves and settings")
    assert app.session_state[CHOSEN] == [without.id, augmented.id]
    assert app.dataframe[-1].value.index.tolist() == ["Augmented copies"]
    (augmented.directory / "run.json").unlink()
    assert "Both runs need a model to be compared" in words(page())


def test_the_list_says_which_run_is_a_second_stage(tmp_path: Path) -> None:
    first = Run(tmp_path, "", "sample", preset("fast"), 0.0)
    stage = FineTuning(run="first", name="first", epochs=10, settings=FineTuningConfig(layers=7))
    second = replace(first, fine_tuning=stage)
    assert settings_in_words(first) == "Fast"
    assert settings_in_words(second) == "Fast: last 7 layers fine-tuned"


def test_whether_a_difference_is_real_is_asked_once_and_survives_a_reload(
    trained: Run, ready_home: Path, drawn: Path
) -> None:
    first = finished(trained, ready_home, "whole", 1000.0, units=8)
    second = finished(trained, ready_home, "smaller", 2000.0, image_size=48)
    app = page(first, second)
    assert "Compares image size. It does not see hidden units." in words(app)
    press(app, "Cross-validate both")
    task = run_comparisons().latest
    assert task is not None and task.wait(90) and task.error is None
    app = page(first, second)  # another visit
    assert "“smaller” is " in words(app) and "on average (95% CI " in words(app)
    assert not any(button.label == "Cross-validate both" for button in app.button)
    assert "differ in hidden units" in words(page(first, finished(trained, ready_home, "plain", 3000.0)))
