"""The score while somebody labels: of images that nobody has chosen, by a model that has not seen them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.instant.asked_score import NEEDED, asked_score
from tests.instant.test_asking import blobs

ROWS = 60
FEATURES, GROUPS = blobs([ROWS // 2, ROWS // 2])
ORDER = np.random.default_rng(1).permutation(ROWS)  # rows come in a random order
FEATURES, GROUPS = FEATURES[ORDER], GROUPS[ORDER]
HELD_OUT = np.random.default_rng(2).random(ROWS) < 0.4
HELD = np.flatnonzero(HELD_OUT).tolist()


def labelled(rows: list[int]) -> np.ndarray:
    labels = np.full(ROWS, -1)
    labels[rows] = GROUPS[rows]
    return labels


def training(number: int = 12) -> list[int]:
    return np.flatnonzero(~HELD_OUT).tolist()[:number]


@given(st.integers(NEEDED, len(HELD) - 1), st.sets(st.sampled_from(HELD)))
def test_labels_beyond_the_first_open_image_change_nothing(first: int, others: set[int]) -> None:
    """Which are confirmed in batches, surest first: they would flatter."""
    alone = asked_score(FEATURES, labelled([*training(), *HELD[:first]]), HELD_OUT)
    chosen = [row for row in others if row > HELD[first]]
    assert asked_score(FEATURES, labelled([*training(), *HELD[:first], *chosen]), HELD_OUT) == alone
    assert alone.num_images == first


def test_what_was_skipped_ends_nothing() -> None:
    rows = [*training(), *HELD[:2], *HELD[3:9]]
    assert asked_score(FEATURES, labelled(rows), HELD_OUT).why
    assert asked_score(FEATURES, labelled(rows), HELD_OUT, skipped=[HELD[2]]).num_images == 8


def test_it_is_the_share_that_a_model_of_training_images_gets_right() -> None:
    labels = labelled([*training(), *HELD])
    assert asked_score(FEATURES, labels, HELD_OUT).accuracy.value == 1
    labels[HELD[:6]] = 1 - labels[HELD[:6]]  # a model that learned from them would know
    assert asked_score(FEATURES, labels, HELD_OUT).accuracy.value == pytest.approx(1 - 6 / len(HELD))
    labels[HELD[0]] = 7  # a class of which no training image has a label
    assert asked_score(FEATURES, labels, HELD_OUT).accuracy.value == pytest.approx(1 - 6 / len(HELD))


def test_it_says_why_there_is_none() -> None:
    assert "two classes" in asked_score(FEATURES, labelled(HELD), HELD_OUT).why
    assert "about 10 more labels" in asked_score(FEATURES, labelled([*training(), *HELD[: NEEDED - 2]]), HELD_OUT).why
