"""Predictions of a finished run: right, in order, and bad images harm nobody."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import ImageError, InputError, RunError
from core.evaluation.nearest import nearest_images
from core.images.decode import load_image
from core.inference.batch import classify_images
from core.inference.classifier import Classifier, Prediction
from core.inference.given import InputImage
from core.inference.live import LiveModels
from core.runs.run import Run, load_run
from tests.drawing import image_bytes


@pytest.fixture(scope="module")
def classifier(trained: Run) -> Classifier:
    return Classifier.open(trained)


def test_path_and_bytes_of_a_image_get_the_same_prediction(classifier: Classifier, drawn: Path) -> None:
    file = next((drawn / "train" / "cats").iterdir())
    assert classifier.classify(file) == classifier.classify(file.read_bytes())


def test_with_center_every_way_in_sees_the_centred_square(trained: Run, classifier: Classifier, tmp_path: Path) -> None:
    run = replace(trained, config=trained.config.changed(crop="center"))
    centred, content = Classifier.open(run), image_bytes(3, (321, 240))
    (tmp_path / "a.jpg").write_bytes(content)
    square = load_image(content, classifier.image_size, crop="center")
    (expected,) = classifier.predictions(square[np.newaxis])
    assert expected.probabilities != pytest.approx(classifier.classify(content).probabilities, abs=1e-4)
    (row,) = classify_images([InputImage("0", "a.jpg", content)], centred).rows
    live = LiveModels().prediction(run, content)
    found = [
        centred.classify(content),
        *centred.classify_all([content]),
        *centred.classify_all([tmp_path / "a.jpg"]),
        row.prediction,
        Prediction(dict(live["probabilities"]), live["distance"]),
    ]
    for prediction in found:
        assert isinstance(prediction, Prediction)
        assert prediction.probabilities == pytest.approx(expected.probabilities, abs=1e-6)
        assert prediction.distance == pytest.approx(expected.distance, abs=1e-6)
    assert nearest_images(centred, content)[-1].distance == pytest.approx(expected.distance, abs=1e-6)


def test_most_training_images_are_recognised(classifier: Classifier, drawn: Path) -> None:
    files = sorted((drawn / "train").glob("*/*"))
    predictions = classifier.classify_all(files)
    right = [
        isinstance(a, Prediction) and a.label == file.parent.name for a, file in zip(predictions, files, strict=True)
    ]
    assert sum(right) / len(right) > 0.7


def test_probabilities_sum_to_one(classifier: Classifier) -> None:
    prediction = classifier.classify(image_bytes())
    assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert prediction.confidence == max(prediction.probabilities.values())


def test_a_bad_image_is_an_prediction_of_its_own_and_the_order_stays(classifier: Classifier) -> None:
    good = [image_bytes(seed) for seed in range(30)]
    mixed = [content for pair in zip(good, [b"text"] * 30, strict=True) for content in pair]
    predictions = list(classifier.classify_all(mixed))
    assert all(isinstance(prediction, ImageError) for prediction in predictions[1::2])
    for prediction, content in zip(predictions[::2], good, strict=True):
        assert isinstance(prediction, Prediction)
        assert prediction.probabilities == pytest.approx(classifier.classify(content).probabilities, abs=1e-5)


def test_a_part_of_bad_images_alone_is_answered(classifier: Classifier) -> None:
    predictions = list(classifier.classify_all([b"text"] * 9))
    assert len(predictions) == 9
    assert all(isinstance(prediction, ImageError) for prediction in predictions)
    assert list(classifier.classify_all([])) == []


def test_images_are_taken_only_a_little_ahead_of_the_predictions(classifier: Classifier) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield image_bytes()

    predictions = classifier.classify_all(endless())
    for _ in range(5):
        next(predictions)
    predictions.close()
    assert taken < 100


@pytest.mark.parametrize("damage", ["no model", "text for a model", "other classes", "broken summary"])
def test_a_damaged_run_is_refused_in_words(trained: Run, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(trained.directory, folder)
    if damage == "no model":
        (folder / "model.onnx").unlink()
    elif damage == "text for a model":
        (folder / "model.onnx").write_text("hello")
    elif damage == "broken summary":
        (folder / "run.json").write_text('{"classes": 7}')
    else:
        summary = json.loads((folder / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps({**summary, "classes": ["a", "b", "c"]}))
    with pytest.raises((RunError, InputError)):
        Classifier.open(load_run(folder))


def test_classifying_loads_no_tensorflow(trained: Run) -> None:
    code = (
        "import sys; from core.inference.classifier import Classifier; from core.runs.run import load_run;"
        "from pathlib import Path; Classifier.open(load_run(Path(sys.argv[1])));"
        "sys.exit(any(name.split('.')[0] in ('tensorflow', 'keras') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(trained.directory)], timeout=60).returncode == 0
