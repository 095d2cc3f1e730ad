"""The Training page in every state that a run can be in."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.datasets.current import remember_source
from core.runs.fine_tuning import FineTuningConfig
from core.runs.queue import waiting, withdraw
from core.runs.run import ACTIVE, Run, create_run
from core.runs.settings import TrainingConfig, preset
from core.runs.store import list_runs
from core.storage.files import write_json
from pages.ui.shared.runs import FRESH, WATCHED
from pages.ui.shared.text import plain
from pages.ui.train.queue import _follow
from tests.events import event
from tests.pages.app import new_app, unescaped_words, words
from tests.trained import wait_for
from tests.training.loop.test_worker import kill

FAST = preset("fast")


@pytest.fixture(autouse=True)
def fresh(drawn: Path) -> Iterator[None]:
    """The small drawn dataset is open, and nothing is remembered of another test's home."""
    st.cache_resource.clear()
    st.cache_data.clear()
    remember_source(str(drawn))
    yield
    st.cache_resource.clear()


def page() -> AppTest:
    app = new_app("train.py").run()
    assert not app.exception
    return app


def run_that(status: str, drawn: Path, reason: str = "", config: TrainingConfig = FAST) -> Run:
    run = create_run(str(drawn), config, f"the {status} one")
    run.log.append({"event": "status", "status": status, "reason": reason, "time": time.time()})
    return run


def at_work(drawn: Path, config: TrainingConfig = FAST) -> Run:
    """A run whose worker is this very process."""
    run = run_that("running", drawn, config=config)
    write_json(run.directory / "worker.json", {"pid": psutil.Process().pid, "started": psutil.Process().create_time()})
    return run


def shown(trained: Run, home: Path) -> None:
    shutil.copytree(trained.directory, home / "runs" / trained.id)


def components(app: AppTest, name: str) -> int:
    return len([one for one in app.get("bidi_component") if one.proto.component_name.endswith(name)])


def curves(app: AppTest) -> int:
    return components(app, "live_chart")


def test_without_a_run_it_says_what_to_do(drawn: Path) -> None:
    app = page()
    assert "No runs yet" in words(app)
    assert "40 training images, 16 validation images" in words(app)
    start = next(button for button in app.button if button.label == "Start training")
    assert not start.disabled
    assert curves(app) == 0


def test_every_control_has_help() -> None:
    app = page()
    controls = [*app.number_input, *app.selectbox, *app.radio, *app.toggle, *app.text_input, *app.button]
    assert len(controls) >= len(TrainingConfig.model_fields)
    assert [control.label for control in controls if not control.help] == []


def test_a_finished_run_shows_its_score_and_how_sure_it_is(trained: Run, pawlab_home: Path) -> None:
    shown(trained, pawlab_home)
    app = page()
    accuracy = trained.summary()["val_accuracy"]
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Validation accuracy"] == f"{accuracy:.1%}"
    assert metrics["Lowest validation loss"] == f"{trained.summary()['val_loss']:.4f}"
    assert metrics["At epoch"] == f"{trained.summary()['best_epoch']} of 4"
    assert "95% confidence interval: " in words(app)
    assert ", from 16 validation images" in words(app)
    assert plain(trained.summary()["weights"]["description"]) in words(app)
    assert curves(app) == 1
    assert not [button for button in app.button if button.key in ("resume", "stop")]
    assert app.dataframe[0].value["status"].tolist() == ["finished"]
    assert app.button(key="evaluate").label == "See its mistakes"


@pytest.mark.parametrize(
    ("key", "control", "view"), [("evaluate", "evaluate_run", "misclassified"), ("classify", "classify_run", None)]
)
def test_the_next_steps_lead_to_the_mistakes_and_to_own_photos_of_this_run(
    trained: Run, pawlab_home: Path, key: str, control: str, view: str | None
) -> None:
    shown(trained, pawlab_home)
    app = page()
    app.button(key=key).click().run()
    assert not app.exception
    assert app.selectbox(key=control).value == trained.id
    if view:
        assert app.session_state["evaluate_view"] == view
        assert [title.value for title in app.title] == ["Evaluate"]


@pytest.mark.parametrize("improving", [True, False])
def test_a_run_that_still_improved_is_trained_longer_at_a_press(
    trained: Run, pawlab_home: Path, drawn: Path, improving: bool
) -> None:
    shown(trained, pawlab_home)
    run = next(iter(list_runs().runs))
    for point in [dict(epoch) for epoch in run.history().epochs] if improving else []:
        run.log.append(point | {"event": "start"})  # forgets this epoch and later ones
        break
    if improving:
        for point in trained.history().epochs:
            run.log.append(point | {"best": True})
    else:
        run.log.append(trained.history().epochs[-1] | {"event": "start"})
        run.log.append(trained.history().epochs[-1] | {"best": False})
    at_work(drawn)
    app = page()
    app.selectbox(key=WATCHED).set_value(run.id).run()
    if not improving:
        assert "Still improving" not in words(app)
        return
    assert "**Still improving:** the last epoch had the lowest validation loss" in words(app)
    app.button(key="train_longer").click().run()
    assert not app.exception
    (longer,) = waiting()
    assert longer.config == trained.config.changed(epochs=8)
    assert app.selectbox(key=WATCHED).value == longer.id
    withdraw(longer)


def test_a_frozen_run_can_be_fine_tuned_as_a_new_run_that_waits_its_turn(
    trained: Run, pawlab_home: Path, drawn: Path
) -> None:
    shown(trained, pawlab_home)
    at_work(drawn)
    app = page()
    app.selectbox(key=WATCHED).set_value(trained.id).run()
    app.number_input(key="fine_tune_layers").set_value(29)
    app.number_input(key="fine_tune_learning_rate").set_value(2e-5).run()
    assert "Trains the last 29 layers, from block_14_expand on" in words(app).replace("\\", "")
    app.button(key="fine_tune").click().run()
    assert not app.exception
    (run,) = waiting()
    assert run.fine_tuning is not None
    assert run.fine_tuning.run == trained.id
    assert run.fine_tuning.settings == FineTuningConfig(layers=29, learning_rate=2e-5)
    assert app.selectbox(key=WATCHED).value == run.id
    assert "In the queue" in words(app)
    withdraw(run)


def test_a_fine_tuned_run_says_what_it_came_from_and_whether_that_was_chance(tuned: Run, pawlab_home: Path) -> None:
    shown(tuned, pawlab_home)
    app = page()
    origin = tuned.summary()["fine_tuned_from"]
    assert f"Fine-tuned from “{origin['name']}”: the last 9 layers, learning rate 0.0001" in words(app)
    assert f"Validation accuracy before: {origin['val_accuracy']:.1%} (95% CI " in words(app)
    assert "may be chance" in words(app) or "above that interval" in words(app)
    assert not [button for button in app.button if button.key == "fine_tune"]


def test_the_predictions_are_those_of_the_latest_epoch_and_then_of_the_best(
    trained: Run, pawlab_home: Path, drawn: Path
) -> None:
    shown(trained, pawlab_home)
    app = page()
    assert components(app, "samples") == 1
    assert f"After epoch {trained.summary()['best_epoch']}, that of the lowest validation loss" in words(app)
    run = at_work(drawn)
    image = {"path": "validation/cats/1.png", "label": "cats"}
    run.log.append({"event": "samples", "time": 1.0, "classes": ["cats", "dogs"], "pictures": [image]})
    app = page()
    assert "Predictions appear after the first epoch" in words(app)
    for epoch in (1, 2):
        run.log.append(event("epoch", time=float(epoch), epoch=epoch, best=epoch == 1, samples=[[0.4, 0.6]]))
    time.sleep(FRESH)
    assert "After epoch 2." in words(app.run())
    assert components(app, "samples") == 1


def test_a_failed_run_shows_the_reason_and_the_last_words(drawn: Path) -> None:
    run = run_that("failed", drawn, "The disk is full")
    (run.directory / "worker.log").write_text("the last words\n")
    app = page()
    assert "The disk is full" in words(app)
    assert "the last words" in app.code[0].value
    assert not app.button(key="resume").disabled


def test_a_killed_run_is_called_interrupted_and_can_be_resumed(drawn: Path) -> None:
    run = run_that("running", drawn)
    write_json(run.directory / "worker.json", {"pid": 2**22 + 1, "started": 1.0})
    app = page()
    assert "Interrupted" in words(app)
    assert not app.button(key="resume").disabled


def test_while_a_run_is_at_work_others_wait_their_turn_and_can_be_moved_and_withdrawn(drawn: Path) -> None:
    run_that("cancelled", drawn)
    busy = at_work(drawn)
    app = page()
    assert f"“{busy.name}” is training now" in words(app)
    assert not app.button(key="stop").disabled
    for name in ("first", "second"):
        app.text_input(key="training_name").set_value(name).run()
        next(button for button in app.button if button.label == "Start training").click().run()
        assert not app.exception
    assert [run.name for run in waiting()] == ["first", "second"]
    assert "In the queue: 2 runs ahead" in words(app)
    assert busy.alive()
    first, second = waiting()
    app.button(key=f"Up {second.id}").click().run()
    assert [run.name for run in waiting()] == ["second", "first"]
    app.button(key=f"Withdraw {first.id}").click().run()
    assert [run.name for run in waiting()] == ["second"]
    assert not app.exception
    app.button(key=f"Withdraw {second.id}").click().run()
    assert "Queue" not in [one.value for one in app.subheader]
    app.selectbox(key=WATCHED).set_value(second.id).run()
    assert app.button(key="resume").label == "Queue again"


def test_the_badge_of_a_run_at_work_leads_to_it_from_every_page(drawn: Path) -> None:
    busy = at_work(drawn)
    for name in ("dataset.py", "augment.py", "evaluate.py", "classify.py"):
        app = new_app(name).run()
        assert f"“{busy.name}” is training" in app.button(key="header_watch").label, name
    app.button(key="header_watch").click().run()
    assert app.title[0].value == "Training"
    assert app.selectbox(key=WATCHED).value == busy.id
    busy.log.append({"event": "status", "status": "cancelled", "reason": "", "time": time.time()})
    time.sleep(FRESH)
    assert app.run().button(key="header_watch").label == f"“{busy.name}”: stopped"


def test_a_queue_that_another_window_changed_is_drawn_anew(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the timer of its fragment, without a press here: the page of a stopped run went on to list it as waiting."""
    at_work(drawn)
    app = page()
    next(button for button in app.button if button.label == "Start training").click().run()
    shown = [run.id for run in waiting()]
    asked: list[str] = []
    monkeypatch.setattr(st, "rerun", lambda: asked.append("the whole page"))
    _follow(shown)
    assert not asked
    withdraw(waiting()[0])
    _follow(shown)
    assert asked


def test_a_second_tab_that_presses_start_late_starts_no_second_worker(drawn: Path) -> None:
    app = page()
    at_work(drawn)  # after this tab was drawn
    next(button for button in app.button if button.label == "Start training").click().run()
    assert not app.exception
    assert [run.queued() for run in list_runs().runs].count(True) == 1
    assert "In the queue: 1 run ahead" in words(app)
    withdraw(waiting()[0])


def test_stop_asks_the_worker_to_stop(drawn: Path) -> None:
    run = at_work(drawn)
    app = page()
    app.button(key="stop").click().run()
    assert run.cancel_requested()
    assert app.button(key="stop").disabled
    assert "Stopping" in words(app)


def test_the_rate_and_the_time_left_are_said(drawn: Path) -> None:
    run = at_work(drawn)
    run.log.append({"event": "phase", "phase": "features", "time": 100.0})
    for done, seconds in ((100, 100.0), (300, 110.0)):
        run.log.append(event("progress", phase="features", done=done, total=1300, time=seconds))
    sees = "What the base model sees"
    assert sees not in words(page()), "no heading without images"
    image = {"number": 1, "path": "a.jpg", "label": "cats", "copy": 0}
    run.log.append(event("progress", phase="features", done=300, total=1300, time=110.0, image=image))
    time.sleep(FRESH)
    app = page()
    assert sees in words(app)
    assert "300 of 1,300 images, 20 per second" in words(app)
    (bar,) = app.get("progress")
    assert "left" not in bar.proto.text, "nothing is known of what follows"
    run.log.append({"event": "expected", "seconds": 40.0, "time": 110.0})
    time.sleep(FRESH)
    (bar,) = page().get("progress")
    assert bar.proto.text == "Step 3 of 5: Extracting features, about 2 min left of the whole run"
    run.log.append({"event": "phase", "phase": "head", "time": 120.0})
    time.sleep(FRESH)
    assert sees not in words(page()), "all have passed, and the first point is yet to come"


def test_every_step_of_both_stages_has_words_and_a_place(tuned: Run, trained: Run, drawn: Path) -> None:
    """A second stage fetches nothing: it opens the model of the first."""
    run = at_work(drawn)
    for stage, second in ((trained, "Loading the pre-trained weights"), (tuned, "Unfreezing the last layers")):
        shown = []
        for phase in (phase for phase in stage.summary()["seconds"] if phase != "total"):
            run.log.append({"event": "phase", "phase": phase, "time": time.time()})
            time.sleep(FRESH)
            (bar,) = page().get("progress")
            shown.append(bar.proto.text)
        assert [text.split(":")[0] for text in shown] == [f"Step {number} of 5" for number in range(1, 6)]
        assert second in shown[1]


def test_the_page_reads_on_where_it_stopped(drawn: Path) -> None:
    run = at_work(drawn)
    app = page()
    assert curves(app) == 0, "an empty chart says nothing"
    assert components(app, "passing") == 1
    scores = {"loss": 1.0, "accuracy": 0.5}
    run.log.append({"event": "batch", "time": 1.0, "epoch": 1, "batch": 1, "batches": 2, **scores})
    time.sleep(FRESH)
    assert curves(app.run()) == 1
    assert "The loss is the cross-entropy" in words(app)


def test_a_run_with_a_damaged_event_says_which_and_is_not_resumed(drawn: Path) -> None:
    run = run_that("failed", drawn, "The disk is full")
    run.log.append({"event": "epoch", "time": 1.0})
    app = page()
    assert (
        "This run cannot be shown: event 2 of events.jsonl has no epoch. Delete it, or train again."
        in unescaped_words(app)
    )
    assert "resume" not in [button.key for button in app.button]


def test_a_broken_run_is_listed_with_the_reason_and_can_be_deleted(pawlab_home: Path) -> None:
    (pawlab_home / "runs" / "half").mkdir(parents=True)
    (pawlab_home / "runs" / "half" / "config.json").write_text("{")
    (pawlab_home / "runs" / "loop").symlink_to(pawlab_home / "runs" / "loop")
    app = page()
    assert "**half**: The run half" in words(app)
    for _ in range(2):
        app.button(key="delete_broken_really_0").click().run()
    assert not list((pawlab_home / "runs").iterdir())
    assert "cannot be shown" not in words(app)


def test_a_preset_fills_in_every_setting() -> None:
    app = page()
    app.radio(key="training_preset").set_value("fast").run()
    assert app.number_input(key="training_learning_rate").value == preset("fast").learning_rate
    assert app.selectbox(key="training_pooling").value == "average"
    assert app.selectbox(key="training_crop").value == "center"


def test_settings_outlive_a_visit_to_another_page() -> None:
    app = page()
    app.number_input(key="training_epochs").set_value(3).run()
    app.switch_page("dataset.py").run()
    app.switch_page("train.py").run()
    assert app.number_input(key="training_epochs").value == 3
    assert "Changed from the preset: epochs" in words(app)


def test_start_trains_with_the_chosen_settings_and_cancelled_runs_resume(ready_home: Path, drawn: Path) -> None:
    app = page()
    app.radio(key="training_preset").set_value("fast").run()
    app.number_input(key="training_image_size").set_value(96)
    app.number_input(key="training_epochs").set_value(1000)
    app.number_input(key="training_early_stopping_patience").set_value(1000)
    app.text_input(key="training_name").set_value("mine")
    next(button for button in app.button if button.label == "Start training").click().run()
    assert not app.exception
    (run,) = list_runs().runs
    try:
        assert run.name == "mine"
        assert run.source == str(drawn)
        expected = preset("fast").changed(image_size=96, epochs=1000, early_stopping_patience=1000)
        assert run.config == expected
        wait_for(run, lambda: run.history().epochs)
        app.run()
        assert not app.button(key="stop").disabled
        app.button(key="stop").click().run()
        wait_for(run, lambda: run.status() == "cancelled" and not run.alive())
        app.run()
        assert "Stopped" in words(app)
        assert app.metric
        done = len(run.history().epochs)
        app.button(key="resume").click().run()
        assert run.status() in ACTIVE
        wait_for(run, lambda: len(run.history().epochs) > done)
        kill(run)  # it would save once more
    finally:
        run.cancel()
        wait_for(run, lambda: not run.alive())
