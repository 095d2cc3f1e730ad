"""All scores at once, and the accuracy that remains when leaks and excluded images do not count."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from core.datasets import Dataset, open_dataset
from core.datasets.loading import open_labelled
from core.datasets.quality.report import make_report
from core.datasets.sample.sample import write_sample
from core.evaluation.predictions import Predictions
from core.evaluation.summary import clean_accuracy, leaked_images, seen_in_training, summarise
from tests.drawing import image_bytes, write_images


def predictions_for(dataset: Dataset, wrong: set[str]) -> Predictions:
    """Right for every validation image but `wrong`, with a confidence of 0.9."""
    records = dataset.usable("validation")
    labels = np.array([dataset.classes.index(record.label) for record in records])
    given = np.array([label ^ (record.path in wrong) for record, label in zip(records, labels, strict=True)])
    table = np.full((len(records), 2), 0.1)
    table[np.arange(len(records)), given] = 0.9
    return Predictions(dataset.classes, labels, table)


@pytest.fixture
def leaky(tmp_path: Path, pawlab_home: Path) -> Dataset:
    """Ten validation images, one of which is in training too."""
    folder = tmp_path / "pets"
    write_sample(folder, train=6, validation=5)
    copied = sorted((folder / "train" / "cats").iterdir())[0]
    target = sorted((folder / "validation" / "cats").iterdir())[0]
    target.write_bytes(copied.read_bytes())
    return open_dataset(folder)


def test_a_leak_does_not_count(leaky: Dataset) -> None:
    report = make_report(leaky)
    (leak,) = leaked_images(report)
    others = [record.path for record in leaky.usable("validation") if record.path != leak]
    predictions = predictions_for(leaky, {others[0]})
    clean = clean_accuracy(predictions, leaky.usable("validation"), leaky, {leak})
    assert predictions.accuracy().value == pytest.approx(9 / 10)
    assert (clean.leaks, clean.excluded, clean.relabelled) == (1, 0, 0)
    assert clean.accuracy.value == pytest.approx(8 / 9)


def test_an_image_is_seen_in_training_where_its_burst_is(tmp_path: Path) -> None:
    own = write_images(tmp_path / "own", {"train/cats": 2, "train/dogs": 2, "validation/cats": 1, "validation/dogs": 1})
    other = tmp_path / "other" / "cats"
    other.mkdir(parents=True)
    (own / "train" / "cats" / "0.jpg").rename(own / "train" / "cats" / "pawlab-20261129-223510-a1b2c3-0001.jpg")
    (own / "validation" / "cats" / "0.jpg").rename(
        own / "validation" / "cats" / "pawlab-20261129-223511-a1b2c3-0001.jpg"
    )
    for number, name in enumerate(("223510-a1b2c3-0002", "223511-a1b2c3-0002", "223512-a1b2c3-0001")):
        (other / f"pawlab-20261129-{name}.jpg").write_bytes(image_bytes(50 + number))
    seen = seen_in_training(open_dataset(own), open_labelled(other.parent))
    assert seen == {"cats/pawlab-20261129-223510-a1b2c3-0002.jpg"}


def test_what_was_excluded_since_does_not_count_and_a_new_class_is_the_judge(leaky: Dataset) -> None:
    report, records = make_report(leaky), leaky.usable("validation")
    excluded, relabelled = [record for record in records if record.label == "dogs"][:2]
    predictions = predictions_for(leaky, {excluded.path, relabelled.path})
    today = changed(leaky, excluded.path, relabelled.path)
    clean = clean_accuracy(predictions, records, today, leaked_images(report))
    assert (clean.leaks, clean.excluded, clean.relabelled) == (1, 1, 1)
    assert clean.accuracy.value == 1


def changed(dataset: Dataset, excluded: str, relabelled: str) -> Dataset:
    records = tuple(
        replace(record, excluded=record.path == excluded, label="cats" if record.path == relabelled else record.label)
        for record in dataset.records
    )
    return replace(dataset, records=records)


def test_every_score_lies_in_its_interval_and_a_good_classifier_scores_high() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 3, 200)
    table = random.dirichlet([0.3] * 3, 200)
    table[np.arange(200), labels] += 1.5
    table[:6] = np.roll(table[:6], 1, axis=1)  # some mistakes: without any there are no intervals
    table = table / table.sum(axis=1, keepdims=True)
    summary = summarise(Predictions(("a", "b", "c"), labels, table), resamples=200)
    scores = [summary.accuracy, summary.macro_f1, summary.calibration_error]
    for one in summary.classes:
        scores += [one.f1, one.roc_area, one.average_precision, one.scores.precision, one.scores.recall]
    assert all(0 <= score.low <= score.value <= score.high <= 1 for score in scores)
    assert summary.macro_f1.value > 0.9
    assert all(one.roc_area.value > 0.95 for one in summary.classes)


def test_top_k_accuracy_is_scikit_learns_where_there_are_more_than_five_classes() -> None:
    random = np.random.default_rng(1)
    labels, table = random.integers(0, 6, 90), random.dirichlet([0.5] * 6, 90)
    six = summarise(Predictions(tuple("abcdef"), labels, table), resamples=100)
    assert {k: score.value for k, score in six.top_k.items()} == {
        k: pytest.approx(top_k_accuracy_score(labels, table, k=k)) for k in (3, 5)
    }
    assert six.top_k[3].low < six.top_k[3].value < six.top_k[3].high
    few = Predictions(tuple("abcde"), labels % 5, random.dirichlet([1] * 5, 90))
    assert summarise(few, resamples=100).top_k == {}
    tied = Predictions(tuple("abc"), np.array([0, 1, 2]), np.full((3, 3), 1 / 3))
    assert [tied.top_k(k).value for k in (1, 2, 3)] == [pytest.approx(k / 3) for k in (1, 2, 3)]
    assert tied.top_k(1) == tied.accuracy()
