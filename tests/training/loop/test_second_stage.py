"""Fine-tuning as a run: what it takes over, what it leaves, and that neither a kill nor a cancel costs anything."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.datasets import open_dataset
from core.errors import ConfigError, RunError
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.inference.grad_cam import Explainer
from core.runs.fine_tuning import FineTuningConfig
from core.runs.run import ACTIVE, Run, create_run, load_run
from core.runs.start import start_run
from core.training.loop.second_stage import fine_tune_run, load_start
from tests.trained import SECOND, SMALL, copied, to_the_end, wait_for
from tests.training.loop.test_worker import kill, numbers

LAST = SMALL.epochs + SECOND.epochs


def validation_images(drawn: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.stack([load_image(file, SMALL.image_size) for file in sorted((drawn / "validation").glob("*/*"))])


def test_the_curves_go_on_where_those_of_the_first_stage_end(tuned: Run, trained: Run) -> None:
    history, before = tuned.history(), trained.history()
    assert [point["epoch"] for point in history.epochs] == list(range(1, LAST + 1))
    assert history.epochs[: SMALL.epochs] == before.epochs
    places = [(point["epoch"], point["batch"]) for point in history.batches]
    assert places == sorted(set(places))
    assert places[: len(before.batches)] == [(point["epoch"], point["batch"]) for point in before.batches]
    assert history.fine_tune and history.fine_tune["epoch"] == SMALL.epochs + 1
    assert {point["learning_rate"] for point in history.epochs[SMALL.epochs :]} == {SECOND.learning_rate}


def test_it_needs_nothing_of_the_first_run_and_keeps_no_copy_of_its_model(tuned: Run) -> None:
    """The first run was deleted before the second one started."""
    assert not (tuned.directory / "start").exists()
    assert not list(tuned.directory.glob("checkpoint-*"))


def test_the_summary_tells_where_it_comes_from(tuned: Run, trained: Run) -> None:
    summary, first = tuned.summary(), trained.summary()
    assert summary["fine_tuned_from"]["run"] == trained.id
    assert summary["fine_tuned_from"]["val_accuracy"] == first["val_accuracy"]
    assert summary["fine_tuning"] == SECOND.model_dump(mode="json")
    assert summary["weights"]["digest"] == first["weights"]["digest"] != summary["fine_tuned_digest"]
    assert summary["fingerprint"] == first["fingerprint"]
    assert summary["val_loss"] <= first["val_loss"]
    assert summary["best_epoch"] > SMALL.epochs, "the settings no longer lower the loss, so nothing was tested"


def test_both_models_prediction_alike_and_as_the_validation_predictions_say(tuned: Run, drawn: Path) -> None:
    import keras

    images = validation_images(drawn)
    model = keras.models.load_model(tuned.directory / "model.keras")
    theirs = model.predict_on_batch(images.astype(np.float32))[:, 0]
    ours = Classifier.open(tuned).predict(images)[:, 1]
    saved = np.load(tuned.directory / "validation.npz", allow_pickle=False)
    assert np.abs(ours - theirs).max() < 1e-4
    assert np.abs(ours - saved["probabilities"][:, 0]).max() < 1e-4
    assert np.mean((ours > 0.5) == saved["labels"]) == pytest.approx(tuned.summary()["val_accuracy"])


def test_only_the_last_layers_differ_from_the_first_stage_and_no_normalisation_does(tuned: Run, trained: Run) -> None:
    import keras

    models = [keras.models.load_model(run.directory / "model.keras") for run in (trained, tuned)]
    bases = [next(layer for layer in model.layers if isinstance(layer, keras.Model)) for model in models]
    differing = set()
    for before, after in zip(bases[0].layers, bases[1].layers, strict=True):
        if any(not np.array_equal(*pair) for pair in zip(before.get_weights(), after.get_weights(), strict=True)):
            differing.add(after.name)
    last = bases[1].layers[-SECOND.layers :]
    learned = {layer.name for layer in last if layer.weights and not isinstance(layer, keras.layers.BatchNormalization)}
    assert differing == learned == {"block_16_depthwise", "block_16_project", "Conv_1"}
    norms = [model.get_layer("normalization").get_weights() for model in models]
    np.testing.assert_array_equal(np.stack(norms[0]), np.stack(norms[1]))
    assert {layer.name for layer in bases[1].layers if layer.trainable and layer.weights} == learned


def test_grad_cam_works_with_it(tuned: Run, drawn: Path) -> None:
    evidence = Explainer.open(tuned).explain(validation_images(drawn)[0], 0)
    assert evidence.shape == (3, 3)
    assert evidence.max() > 0


def test_a_killed_run_ends_like_one_that_was_not(tuned: Run, trained: Run, ready_home: Path) -> None:
    run = fine_tune_run(copied(trained, ready_home), SECOND, "killed")
    start_run(run)
    wait_for(
        run, lambda: len(run.history().batches) >= len(trained.history().batches) * LAST // SMALL.epochs - 7, pause=0.02
    )
    assert run.alive(), run.history().reason
    kill(run)
    assert run.status() == "interrupted"
    assert len(run.history().epochs) == SMALL.epochs + 1, "it was to be killed in its second epoch"
    to_the_end(run)
    assert numbers(run.history()) == numbers(tuned.history())
    assert run.summary()["val_loss"] == tuned.summary()["val_loss"]
    assert run.summary()["fine_tuned_digest"] == tuned.summary()["fine_tuned_digest"]


def test_a_cancel_keeps_the_best_so_far_and_a_resume_goes_on(trained: Run, ready_home: Path) -> None:
    first = copied(trained, ready_home)
    run = fine_tune_run(first, FineTuningConfig(layers=3, epochs=1000), "stopped")
    start_run(run)
    wait_for(run, lambda: len(run.history().epochs) > SMALL.epochs)
    run.cancel()
    wait_for(run, lambda: run.status() not in ACTIVE and not run.alive())
    assert run.status() == "cancelled"
    assert run.summary()["val_loss"] <= first.summary()["val_loss"]
    assert run.summary()["fine_tuned_from"]["run"] == first.id
    assert (run.directory / "start").is_dir()


def test_what_cannot_be_fine_tuned_says_why(tuned: Run, trained: Run, pawlab_home: Path) -> None:
    with pytest.raises(RunError, match="no model"):
        fine_tune_run(create_run("/somewhere", SMALL), SECOND)
    with pytest.raises(RunError, match="fine-tuned already"):
        fine_tune_run(tuned, SECOND)
    first = copied(trained, pawlab_home)
    (first.directory / "model.keras").unlink()
    before = sorted((pawlab_home / "runs").iterdir())
    with pytest.raises(Exception, match="cannot be copied"):
        fine_tune_run(first, SECOND)
    assert sorted((pawlab_home / "runs").iterdir()) == before
    for values in ({"layers": 2}, {"layers": 151}, {"learning_rate": 0}, {"epochs": 0}):
        with pytest.raises(ConfigError):
            FineTuningConfig.create(values)


def test_a_dataset_that_has_changed_is_refused_with_a_reason(
    trained: Run, pawlab_home: Path, drawn: Path, tmp_path: Path
) -> None:
    start = load_start(fine_tune_run(copied(trained, pawlab_home), SECOND))
    data = shutil.copytree(drawn, tmp_path / "pets")
    start.check(open_dataset(data))
    next((data / "validation" / "dogs").iterdir()).unlink()
    with pytest.raises(RunError, match="have changed since"):
        start.check(open_dataset(data))


def test_a_run_reads_back_from_its_folder(trained: Run, pawlab_home: Path) -> None:
    run = fine_tune_run(copied(trained, pawlab_home), SECOND, "Größe & Co")
    assert load_run(run.directory) == run
    assert run.fine_tuning and run.fine_tuning.settings == SECOND
    assert (run.first_epoch, run.last_epoch) == (SMALL.epochs + 1, LAST)
    assert run.status() == "waiting"
