"""Coverage and size of sets, and their words."""

import numpy as np
import pytest

from core.evaluation.conformal import mean_in_words, score_sets, set_in_words, too_few
from core.evaluation.confusion import Score
from core.evaluation.predictions import Predictions
from core.inference.classifier import Prediction
from core.runs.choices import LEVELS
from core.runs.limits import Limits
from core.runs.sets import PredictionSets, cutoff_of

SETS = PredictionSets(0.9, 0.3)


def test_the_scores_are_those_of_the_sets_written_out() -> None:
    table = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.35, 0.33, 0.32], [0.28, 0.45, 0.27]])
    labels = np.array([1, 0, 2, 1])  # in {0, 1}, {2}, {0, 1, 2} and {1}
    scores = score_sets(Predictions(("a", "b", "c"), labels, table), SETS)
    assert scores.coverage == Score.of(3, 4)
    assert scores.several == Score.of(2, 4)
    assert scores.size.value == 7 / 4
    margin = 1.96 * np.std([2, 1, 3, 1], ddof=1) / 2
    assert scores.size.low == 1
    assert scores.size.high == pytest.approx(7 / 4 + margin)


def test_sets_of_one_size_have_no_interval() -> None:
    table = np.array([[0.9, 0.1], [0.8, 0.2]])
    assert mean_in_words(score_sets(Predictions(("a", "b"), np.array([0, 1]), table), SETS).size) == "1.00"


@pytest.mark.parametrize("level", LEVELS)
def test_new_images_are_covered_as_promised_and_hard_ones_have_larger_sets(level: float) -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 5, 20_000)
    noise = random.normal(size=(20_000, 5)) + 2 * np.eye(5)[labels] * (labels[:, np.newaxis] > 1)
    table = np.exp(noise) / np.exp(noise).sum(axis=1, keepdims=True)
    cutoff = cutoff_of(table[:10_000][np.arange(10_000), labels[:10_000]], level)
    assert cutoff is not None
    sets = PredictionSets(level, cutoff)

    def of(rows: np.ndarray) -> tuple[float, float]:
        scores = score_sets(Predictions(tuple("abcde"), labels[rows], table[rows]), sets)
        return scores.coverage.value, scores.size.value

    fresh = np.arange(10_000, 20_000)
    assert of(fresh)[0] == pytest.approx(level, abs=0.015)  # 1.5 times the largest standard deviation of the two draws
    easy, hard = (fresh[labels[fresh] > 1], fresh[labels[fresh] <= 1])
    assert of(hard)[1] > of(easy)[1]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"cats": 0.6, "dogs": 0.4}, "cats or dogs (90%)"),
        ({"cats": 0.8, "dogs": 0.2}, ""),
        ({"a": 0.3, "b": 0.4, "c": 0.3}, "b, a or c (90%)"),
        (dict.fromkeys("abcdefg", 0.3), "a, b, c, d, e or 2 more (90%)"),
    ],
)
def test_a_set_is_named_where_one_class_is_not_enough(row: dict[str, float], words: str) -> None:
    assert set_in_words(Prediction(row, 0.4), Limits(cut=0.5, sets=SETS)) == words
    assert set_in_words(Prediction(row, 0.6), Limits(cut=0.5, sets=SETS)) == ""  # unlike: nothing is promised
    assert set_in_words(Prediction(row, 0.4), Limits(cut=0.5)) == ""


def test_it_says_how_many_images_a_level_takes() -> None:
    assert [too_few(number, 0.95) for number in (19, 18)] == [
        "",
        "18 validation images are too few for sets at 95%, which take 19.",
    ]
