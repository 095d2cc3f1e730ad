"""The worker process: what it leaves, and that a kill costs nothing."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import RunError
from core.images.decode import load_image
from core.runs.history import History
from core.runs.run import ACTIVE, Run, create_run, load_run
from core.runs.settings import TrainingConfig
from core.runs.start import log_tail, start_run
from tests.trained import SMALL, train_to_the_end, wait_for

NOT_COMPARED = ("time", "seconds")


def numbers(history: History) -> list[dict[str, Any]]:
    """Every point of a run's curves, without when it happened and how long it took."""
    points = history.epochs + history.batches + history.drops + ([history.early_stop] if history.early_stop else [])
    return [{key: value for key, value in point.items() if key not in NOT_COMPARED} for point in points]


def kill(run: Run) -> None:
    os.kill(json.loads((run.directory / "worker.json").read_text())["pid"], signal.SIGKILL)
    wait_for(run, lambda: not run.alive())


def test_the_saved_keras_model_takes_pixels_and_gives_the_probabilities_of_the_onnx_model(
    trained: Run, drawn: Path
) -> None:
    import keras

    from core.inference.classifier import Classifier

    files = sorted((drawn / "validation").glob("*/*"))
    images = np.stack([load_image(file, SMALL.image_size) for file in files])
    model = keras.models.load_model(trained.directory / "model.keras")
    theirs = model.predict_on_batch(images.astype(np.float32))[:, 0]
    ours = Classifier.open(trained).predict(images)[:, 1]
    assert np.abs(ours - theirs).max() < 1e-4
    assert np.ptp(ours) > 0.05, "the model answers the same for every image"


def test_the_summary_tells_the_best_epoch_of_the_history(trained: Run) -> None:
    summary, history = trained.summary(), trained.history()
    lowest = min(history.epochs, key=lambda epoch: float(epoch["val_loss"]))
    assert summary["best_epoch"] == lowest["epoch"]
    assert summary["val_loss"] == pytest.approx(lowest["val_loss"], rel=1e-6)
    assert summary["val_accuracy"] == pytest.approx(lowest["val_accuracy"])
    assert summary["weights"]["source"] in ("keras", "package index")
    assert len(summary["weights"]["digest"]) == 64


def test_the_log_has_every_batch_and_every_epoch(trained: Run) -> None:
    history = trained.history()
    batches = -(-40 * 2 // SMALL.batch_size)  # 20 drawn images a class, one copy each
    assert [point["epoch"] for point in history.epochs] == list(range(1, SMALL.epochs + 1))
    expected = [(epoch, batch) for epoch in range(1, SMALL.epochs + 1) for batch in range(1, batches + 1)]
    assert [(point["epoch"], point["batch"]) for point in history.batches] == expected


def test_the_saved_validation_predictions_give_the_score(trained: Run) -> None:
    saved = np.load(trained.directory / "validation.npz", allow_pickle=False)
    accuracy = np.mean((saved["probabilities"][:, 0] > 0.5) == saved["labels"])
    assert accuracy == pytest.approx(trained.summary()["val_accuracy"])


def killed_at_each(moments: list[Callable[[Run], bool]], drawn: Path) -> Run | None:
    """A run killed and resumed at one moment after the other; None where it ended before it could be killed."""
    run = create_run(str(drawn), SMALL, "killed")
    for moment in moments:
        start_run(run)
        wait_for(run, lambda now=moment: now(run) or run.status() not in ACTIVE, pause=0.02)  # type: ignore[misc]
        try:
            kill(run)
        except ProcessLookupError:
            assert run.history().phase == "save", (run.history().reason, log_tail(run))
        if run.status() == "finished":  # on a busy machine we may look too late
            return None
        assert run.status() == "interrupted", (run.history().reason, log_tail(run))
    return run


def test_a_run_killed_in_every_phase_ends_like_one_that_was_not(trained: Run, ready_home: Path, drawn: Path) -> None:
    """So the same seed gives the same history, too: what is compared with was another run."""
    moments: list[Callable[[Run], bool]] = [
        lambda run: run.history().phase == "features",
        lambda run: len(run.history().batches) >= 3,
        lambda run: len(run.history().epochs) >= 2,
        lambda run: run.history().phase == "save",
    ]
    run = next(filter(None, (killed_at_each(moments, drawn) for _ in range(5))))
    half = run.directory / ".checkpoint-2.0123abcd.tmp"
    half.mkdir()
    (half / "hidden_kernel.npy").write_bytes(b"half of it")
    start_run(run)
    wait_for(run, lambda: run.status() not in ACTIVE and not run.alive())
    assert run.status() == "finished", run.history().reason
    assert not list(run.directory.glob(".*")), "halves of files are left behind"
    assert numbers(run.history()) == numbers(trained.history())
    assert run.summary()["val_loss"] == trained.summary()["val_loss"]


def trained_without_saving(run: Run) -> None:
    """Waits until a run at work has trained, and ends it there: saving takes as long as all before."""
    wait_for(run, lambda: run.history().phase == "save" or run.status() not in ACTIVE)
    if run.alive():
        kill(run)
    assert run.status() in ("interrupted", "finished"), run.history().reason


def test_callbacks_keep_their_counters_over_a_kill(ready_home: Path, drawn: Path) -> None:
    """Settings under which the learning rate drops and training stops early: both at the epochs of an unbroken run."""
    config = SMALL.changed(
        epochs=30, learning_rate=0.5, l2=0.0, early_stopping_patience=4, reduce_lr_patience=2, reduce_lr_factor=0.5
    )
    unbroken = create_run(str(drawn), config, "unbroken")
    start_run(unbroken)
    trained_without_saving(unbroken)
    whole = unbroken.history()
    assert whole.early_stop and whole.drops, "the settings no longer provoke what this test is about"
    run = create_run(str(drawn), config, "killed")
    start_run(run)
    last = whole.epochs[-1]["epoch"]
    wait_for(run, lambda: len(run.history().epochs) >= last - 2 or run.status() not in ACTIVE, pause=0.02)
    if run.alive():
        kill(run)
        start_run(run)
    trained_without_saving(run)
    assert numbers(run.history()) == numbers(whole)


def test_a_run_at_work_is_not_started_twice_and_has_no_model_before_its_first_epoch(
    ready_home: Path, drawn: Path
) -> None:
    run = create_run(str(drawn), SMALL, "early")
    start_run(run)
    with pytest.raises(RunError, match="is training already"):
        start_run(run)
    run.cancel()
    wait_for(run, lambda: run.status() not in ACTIVE)
    assert run.status() == "cancelled"
    assert "no model" in run.history().reason
    with pytest.raises(RunError, match="has no model"):
        run.summary()


def test_flatten_and_three_classes(ready_home: Path, tmp_path: Path) -> None:
    """The notebook's head, softmax, plain class folders that Pawlab splits, and copies for validation."""
    from tests.drawing import write_images

    data = write_images(tmp_path / "shapes", {"ants": 9, "bees": 9, "cows": 9})
    config = TrainingConfig(image_size=64, epochs=2, batch_size=8, units=16, augment_validation=True)
    summary = train_to_the_end(data, config).summary()
    assert summary["classes"] == ["ants", "bees", "cows"]
    saved = np.load(Path(summary["directory"]) / "validation.npz", allow_pickle=False)
    assert saved["probabilities"].shape == (2 * sum(summary["counts"]["validation"].values()), 3)
    np.testing.assert_allclose(saved["probabilities"].sum(axis=1), 1, atol=1e-5)


def test_a_run_reads_back_from_its_folder(pawlab_home: Path) -> None:
    run = create_run("/somewhere", SMALL, "Größe & Co")
    assert load_run(run.directory) == run
    assert run.status() == "waiting"
