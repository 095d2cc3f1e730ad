"""The image behind a row is what the network was given: with augmented validation, its copy."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.augmentation import AugmentationConfig, augment
from core.evaluation.model_input import copy_of, explained_jpeg, model_input
from core.evaluation.predictions import images_of, load_predictions
from core.evaluation.robustness import training_dataset
from core.images.decode import decode_image, load_image
from core.inference.classifier import Classifier
from core.inference.grad_cam import Explainer
from core.runs.run import Run


def test_an_original_is_the_image_and_a_copy_its_augmentation(trained: Run) -> None:
    config = trained.config.changed(
        copies=2,
        augment_validation=True,
        augmentation=AugmentationConfig(rotation_range=90).model_dump(),
        crop="center",
    )
    run, dataset = replace(trained, config=config), training_dataset(trained)
    record = dataset.usable("validation")[1]
    original = load_image(dataset.file(record), config.image_size, crop="center")
    assert [copy_of(run, row) for row in range(3, 6)] == [0, 1, 2]
    assert (model_input(run, dataset, record) == original).all()
    for copy in (1, 2):
        expected = augment(original, config.augmentation, config.seed, record.digest, copy)[0]
        assert (model_input(run, dataset, record, copy) == expected).all()
        assert (expected != original).any()


def test_it_is_what_the_predictions_were_given_for(trained: Run) -> None:
    predictions, dataset = load_predictions(trained), training_dataset(trained)
    records = images_of(predictions, dataset, trained)
    images = np.stack([model_input(trained, dataset, records[row]) for row in range(4)])
    np.testing.assert_allclose(Classifier.open(trained).predict(images), predictions.probabilities[:4], atol=2e-4)


def test_the_evidence_comes_as_a_jpeg_or_with_the_reason(trained: Run, tmp_path: Path) -> None:
    dataset, explainer = training_dataset(trained), Explainer.open(trained)
    record = dataset.usable("validation")[0]
    content, reason = explained_jpeg(trained, dataset, record, 0, explainer, 1)
    assert decode_image(content, 500).shape == (trained.config.image_size, trained.config.image_size, 3)
    assert reason == ""
    gone = replace(dataset, root=tmp_path)
    content, reason = explained_jpeg(trained, gone, record, 0, explainer, 1)
    assert content == b""
    assert reason


@pytest.mark.parametrize("augment_validation", [True, False])
def test_without_copies_every_row_is_an_original(trained: Run, augment_validation: bool) -> None:
    run = replace(trained, config=trained.config.changed(copies=0, augment_validation=augment_validation))
    assert {copy_of(run, row) for row in range(9)} == {0}
