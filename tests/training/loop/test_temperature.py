"""Temperature scaling of a run: its files agree, and a second stage starts from what was trained."""

from pathlib import Path

import numpy as np
import pytest

from core.backbone.architecture import FEATURES, IMAGE
from core.backbone.session import open_session
from core.backbone.weights import resolve_weights
from core.datasets import open_dataset
from core.evaluation.temperature import run_scaling_in_words
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.runs import temperature
from core.runs.run import Run
from core.runs.temperature import fit_temperature, with_temperature
from core.runs.validation import validation_predictions
from core.storage.files import write_json
from core.training.head.head import Head
from core.training.loop.checkpoint import Best, State
from core.training.loop.onnx_model import PROBABILITIES, classifier_graph
from core.training.loop.saving import Trained, save_run
from core.training.loop.second_stage import fine_tune_run, load_start
from core.training.schedule import CosineDecay, EarlyStopping
from tests.trained import SECOND, SMALL, copied


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras under NumPy 2
def test_a_scaled_run_predicts_alike_everywhere_and_a_second_stage_gets_back_what_was_trained(
    trained: Run, ready_home: Path, drawn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 16 validation images, which are enough here, and a head that has not learned."""
    monkeypatch.setattr(temperature, "ENOUGH", 16)
    run, dataset, weights = copied(trained, ready_home), open_dataset(drawn), resolve_weights()
    images = np.stack([load_image(file, SMALL.image_size) for file in sorted((drawn / "validation").glob("*/*"))])
    head = Head(FEATURES, 2, SMALL.units, 0.0, 0.0, seed=0).weights()
    head["output_bias"] += 1
    graph = classifier_graph(weights.arrays, head, "average").SerializeToString()
    table = open_session(graph, 1).run([PROBABILITIES], {IMAGE: images.astype(np.float32)})[0].astype(np.float64)
    labels = validation_predictions(run)[0]
    best = Best(run.summary()["best_epoch"], head, table.copy())
    state = State(SMALL.epochs, EarlyStopping(1), CosineDecay(1e-3, 1), best)

    summary = save_run(run, dataset, Trained(state, labels, weights), best, None)  # compares Keras and ONNX

    write_json(run.directory / "run.json", run.summary() | summary)
    fitted = summary["temperature"]
    assert fitted == fit_temperature(labels, table) != 1
    expected = with_temperature(table, fitted)[:, 0]
    assert np.abs(expected - table[:, 0]).max() > 0.01, "nothing was scaled, so nothing was tested"
    np.testing.assert_allclose(Classifier.open(run).predict(images)[:, 1], expected, atol=1e-5)
    np.testing.assert_allclose(validation_predictions(run)[1][:, 1], expected, atol=1e-6)
    assert summary["val_loss"] == trained.summary()["val_loss"]
    assert "T of one half" in run_scaling_in_words(run)
    assert state.best is best
    np.testing.assert_array_equal(best.probabilities, table)  # a run that is resumed goes on from these
    start = load_start(fine_tune_run(run, SECOND))
    assert start.summary.temperature == fitted
    np.testing.assert_allclose(start.predictions, table, atol=1e-6)


def test_a_first_stage_from_before_there_was_a_temperature_is_not_scaled(trained: Run, pawlab_home: Path) -> None:
    run = copied(trained, pawlab_home)
    summary = run.summary()
    del summary["temperature"]
    write_json(run.directory / "run.json", summary)
    start = load_start(fine_tune_run(run, SECOND))
    assert start.summary.temperature == 1
    np.testing.assert_allclose(start.predictions[:, 0], validation_predictions(run)[1][:, 1], atol=1e-12)
