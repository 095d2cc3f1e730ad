"""The score's unit is the burst, and where there is none the words say what to record."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.intervals import wilson_interval
from core.instant.score import burst_score, why_no_score


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 30)), min_size=1, max_size=20))
def test_more_frames_of_a_burst_say_nothing_more(bursts: list[tuple[bool, int]]) -> None:
    right = np.concatenate([np.full(frames, good) for good, frames in bursts])
    groups = np.concatenate([np.full(frames, number) for number, (_, frames) in enumerate(bursts)])
    score = burst_score(right, groups)
    good = sum(right for right, _ in bursts)
    assert score.num_bursts == len(bursts)
    assert score.num_images == len(right)
    assert score.accuracy.value == pytest.approx(good / len(bursts))
    assert (score.accuracy.low, score.accuracy.high) == pytest.approx(wilson_interval(good, len(bursts)))


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=1, max_size=40))
def test_the_accuracy_is_the_mean_of_the_shares_of_the_bursts(images: list[tuple[int, bool]]) -> None:
    groups, right = (np.array(column) for column in zip(*images, strict=True))
    shares = [right[groups == group].mean() for group in np.unique(groups)]
    score = burst_score(right, groups).accuracy
    assert score.value == pytest.approx(np.mean(shares))
    assert 0 <= score.low <= score.value <= score.high <= 1


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        ([1, 1], "Record each class a second time"),
        ([1, 2], "Record “a” again"),
        ([0, 2], "Record “a” in two bursts"),
        ([2, 2], ""),
        ([3], "Add another class"),
    ],
)
def test_words_say_what_a_score_needs(looks: list[int], words: str) -> None:
    why = why_no_score(("a", "b")[: len(looks)], np.array(looks))
    assert words in why
    assert bool(why) == bool(words)
