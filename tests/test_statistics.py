"""The interval around a measured score."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.statistics import wilson_interval

COUNTS = st.integers(1, 10**6).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_values(correct: int, total: int, low: float, high: float) -> None:
    """Table I of R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, method 3."""
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(COUNTS)
def test_holds_the_measured_proportion_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    low, high = wilson_interval(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1
    assert low < high


@settings(deadline=None)
@given(COUNTS, st.integers(2, 50))
def test_narrows_with_more_pictures(counts: tuple[int, int], times: int) -> None:
    few = wilson_interval(*counts)
    many = wilson_interval(counts[0] * times, counts[1] * times)
    assert many[1] - many[0] < few[1] - few[0]


@settings(deadline=None)
@given(COUNTS)
def test_right_and_wrong_mirror_each_other(counts: tuple[int, int]) -> None:
    low, high = wilson_interval(*counts)
    assert wilson_interval(counts[1] - counts[0], counts[1]) == pytest.approx((1 - high, 1 - low))


@settings(deadline=None)
@given(COUNTS, st.floats(0.5, 0.9))
def test_more_confidence_is_wider(counts: tuple[int, int], confidence: float) -> None:
    sure, surer = wilson_interval(*counts, confidence), wilson_interval(*counts, confidence + 0.05)
    assert surer[1] - surer[0] > sure[1] - sure[0]


@pytest.mark.parametrize(("correct", "total", "confidence"), [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_refuses_what_is_no_proportion(correct: int, total: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        wilson_interval(correct, total, confidence)
