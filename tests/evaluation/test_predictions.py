"""A real run's validation predictions: the same as its model gives, with the right images, and refused when
forged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets.sample.sample import write_sample
from core.errors import DatasetError, RunError
from core.evaluation.predictions import Predictions, images_of, load_predictions
from core.evaluation.robustness import training_dataset
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.runs.run import Run


def test_the_predictions_are_those_of_the_model_for_these_images(trained: Run) -> None:
    predictions, dataset = load_predictions(trained), training_dataset(trained)
    records = images_of(predictions, dataset, trained)
    classifier = Classifier.open(trained)
    images = np.stack([load_image(dataset.file(one), classifier.image_size) for one in records])
    np.testing.assert_allclose(predictions.probabilities, classifier.predict(images), atol=2e-4)
    assert [predictions.classes[label] for label in predictions.labels] == [one.label for one in records]
    assert predictions.accuracy().value == pytest.approx(trained.summary()["val_accuracy"])


def test_a_cell_holds_its_rows_the_surest_first() -> None:
    random = np.random.default_rng(0)
    table = random.dirichlet([1, 1, 1], 60)
    predictions = Predictions(("a", "b", "c"), random.integers(0, 3, 60), table)
    for threshold in (0.0, 0.6):
        matrix = predictions.matrix(threshold)
        for label in range(3):
            for prediction in range(3):
                rows = predictions.rows_of(label, prediction, threshold)
                assert len(rows) == matrix[label, prediction]
                assert (np.diff(predictions.confidence[rows]) <= 0).all()
        unsure = sum(len(predictions.rows_of(label, -1, threshold)) for label in range(3))
        assert matrix.sum() + unsure == 60


def test_images_that_changed_are_no_longer_taken_for_those_of_the_run(
    trained: Run, tmp_path: Path, pawlab_home: Path
) -> None:
    write_sample(tmp_path / "pets", train=4, validation=3)
    with pytest.raises(DatasetError, match="have changed since"):
        training_dataset(replace(trained, source=str(tmp_path / "pets")))


FORGED = {
    "missing": None,
    "not a zip": b"nothing",
    "a label outside": {"labels": np.array([0, 7]), "probabilities": np.full((2, 1), 0.5, np.float32)},
    "too many columns": {"labels": np.array([0, 1]), "probabilities": np.full((2, 3), 1 / 3, np.float32)},
    "not probabilities": {"labels": np.array([0, 1]), "probabilities": np.full((2, 2), 3, np.float32)},
    "nan": {"labels": np.array([0, 1]), "probabilities": np.full((2, 1), np.nan, np.float32)},
    "of another length": {"labels": np.array([0, 1]), "probabilities": np.full((3, 1), 0.5, np.float32)},
    "pickled": {"labels": np.array([{}, {}], object), "probabilities": np.full((2, 1), 0.5, np.float32)},
    "empty": {"labels": np.zeros(0, np.int64), "probabilities": np.zeros((0, 1), np.float32)},
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_file_is_refused_in_words(trained: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "run.json").write_bytes((trained.directory / "run.json").read_bytes())
    content = FORGED[kind]
    if isinstance(content, dict):
        np.savez(tmp_path / "validation.npz", **content)
    elif content:
        (tmp_path / "validation.npz").write_bytes(content)
    with pytest.raises(RunError, match="cannot be read"):
        load_predictions(replace(trained, directory=tmp_path))
