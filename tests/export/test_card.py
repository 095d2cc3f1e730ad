"""The model card where a score has no meaning: it says so, and never "nan"."""

import numpy as np
import pytest

from core.evaluation.predictions import Predictions
from core.export.card import model_card
from core.export.compare import Keras
from core.export.manifest import Manifest, Sets
from core.export.verification import Verified
from core.runs.settings import TrainingConfig, preset

VERIFIED = Verified(1e-8, 16, 11, "", Keras(None, "not asked", None, None, "not asked"))
EPOCH = {"epoch": 1, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5, "learning_rate": 1e-3}


def manifest(classes: tuple[str, ...], threshold: float) -> Manifest:
    counts = {split: dict.fromkeys(classes, 2) for split in ("train", "validation")}
    weights = {"source": "keras", "location": "x", "digest": "0" * 64, "file_sha256": "0" * 64, "description": "y"}
    scores = {"best_epoch": 1, "epochs": 1, "val_accuracy": 0.5, "val_loss": 1.0, "keras_onnx_difference": 0.0}
    about = {"name": "pets", "data": "sample", "created": 0.0, "status": "finished", "fingerprint": "0" * 64}
    more = {"edits": {}, "versions": {}, "seconds": {}, "history": [EPOCH], "weights": weights}
    settings = TrainingConfig().model_dump(mode="json")
    return Manifest.create(
        {**about, **scores, **more, "classes": classes, "counts": counts, "threshold": threshold, "settings": settings}
    )


def predictions(classes: tuple[str, ...], labels: list[int]) -> Predictions:
    table = np.random.default_rng(0).dirichlet(np.ones(len(classes)), len(labels))
    return Predictions(classes, np.array(labels, np.int64), table)


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 0], [2]])
@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_a_class_without_images_has_no_score(labels: list[int], threshold: float) -> None:
    classes = ("cats", "dogs", "birds")
    card = model_card(manifest(classes, threshold), predictions(classes, labels), VERIFIED)
    assert "cannot tell whether an image is unlike" in card
    assert "nan" not in card.lower()
    assert "| birds |" in card


def test_coverage_is_measured_on_the_test_images_where_there_are_some() -> None:
    classes, sets = ("cats", "dogs"), Sets(level=0.9, cutoff=0.2)
    about = manifest(classes, 0.5).changed(sets=sets)
    table = np.array([[0.7, 0.3], [0.9, 0.1], [0.9, 0.1], [0.5, 0.5]])  # the true class is dogs, and not in two sets
    test = Predictions(classes, np.ones(4, np.int64), table)
    card = model_card(about, predictions(classes, [0, 1]), VERIFIED, test=test)
    assert "Measured on 4 test images: the true class is in 50.0%" in card
    assert "1.50 classes on average; 50.0% have more than one" in card
    assert "chose the cutoff" in model_card(about, predictions(classes, [0, 1]), VERIFIED)
    assert "too few validation images" in model_card(manifest(classes, 0.5), predictions(classes, [0, 1]), VERIFIED)


@pytest.mark.parametrize("threshold", [0.995, 0.999, 1.0])
def test_a_threshold_near_1_is_not_rounded(threshold: float) -> None:
    classes = ("cats", "dogs")
    card = model_card(manifest(classes, threshold), predictions(classes, [0, 1, 0]), VERIFIED)
    assert f"Confidence threshold: **{threshold:g}**" in card


def test_a_calibrated_model_says_at_which_temperature_and_what_that_did() -> None:
    classes = ("cats", "dogs")
    labels = [row % 2 for row in range(200)]
    plain = manifest(classes, 0.5)
    counts = {split: dict.fromkeys(classes, 100) for split in ("train", "validation")}
    scaled = plain.changed(settings=preset("fast").model_dump(), counts=counts, temperature=1.8)
    card = model_card(scaled, predictions(classes, labels), VERIFIED)
    assert "all logits are divided by T = 1.80, fitted on the validation images" in card
    assert "loss 1.0000 before temperature scaling" in card
    assert "temperature" not in model_card(plain, predictions(classes, labels), VERIFIED).replace("temperature_s", "")
