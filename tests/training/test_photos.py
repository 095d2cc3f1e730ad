"""The main job on real photos: a few of the notebook's, trained with the preset `fast`."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from core.datasets import open_dataset
from core.inference.classifier import Classifier, Prediction
from core.jobs.process import PROJECT
from core.runs.settings import preset
from core.runs.temperature import fit_temperature, with_temperature
from core.runs.validation import validation_predictions
from tests.trained import train_to_the_end

PHOTOS = Path(os.environ.get("PAWLAB_TEST_PHOTOS", PROJECT.parent / "shared/data/cats_and_dogs_filtered.zip"))
TRAIN, VALIDATION = 100, 100  # photos a class


@pytest.fixture
def few_photos(tmp_path: Path) -> Path:
    """The first photos of each class and split, as a zip with a wrapping folder."""
    if not PHOTOS.is_file():
        if os.environ.get("CI"):
            pytest.fail(f"{PHOTOS} does not exist, and CI skips nothing")
        pytest.skip(f"{PHOTOS} does not exist; set PAWLAB_TEST_PHOTOS to a copy of cats_and_dogs_filtered.zip")
    target = tmp_path / "few.zip"
    with zipfile.ZipFile(PHOTOS) as source, zipfile.ZipFile(target, "w") as few:
        taken: dict[str, int] = {}
        for name in sorted(source.namelist()):
            folder = name.rpartition("/")[0]
            if name.endswith(".jpg") and taken.get(folder, 0) < (TRAIN if "/train/" in name else VALIDATION):
                taken[folder] = taken.get(folder, 0) + 1
                few.writestr(name, source.read(name))
    return target


def test_real_photos_give_a_classifier_that_knows_cats_from_dogs(ready_home: Path, few_photos: Path) -> None:
    """Temperature scaling is on: with 100 validation images and a wrong one, T is not 1."""
    run = train_to_the_end(few_photos, preset("fast").changed(epochs=4))
    summary = run.summary()
    assert summary["counts"] == {
        "train": {"cats": TRAIN, "dogs": TRAIN},
        "validation": {"cats": VALIDATION, "dogs": VALIDATION},
    }
    assert summary["val_accuracy"] > 0.9
    dataset = open_dataset(few_photos)
    records = dataset.readable("validation")
    predictions = list(Classifier.open(run).classify_all(dataset.file(record) for record in records))
    right = [
        isinstance(a, Prediction) and a.label == record.label for a, record in zip(predictions, records, strict=True)
    ]
    assert sum(right) / len(right) == pytest.approx(summary["val_accuracy"], abs=0.005)  # the score holds outside, too
    labels, table = validation_predictions(run)
    shown = np.array([list(one.probabilities.values()) for one in predictions if isinstance(one, Prediction)])
    np.testing.assert_allclose(shown, table, atol=0.02)
    assert summary["temperature"] != 1
    trained = with_temperature(table, 1 / summary["temperature"])
    assert fit_temperature(labels, trained[:, 1:]) == pytest.approx(summary["temperature"], rel=1e-3)
