"""The interval around a measured score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.intervals import difference_interval, paired_difference_interval, wilson_interval

COUNTS = st.integers(1, 10**6).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


@pytest.mark.parametrize(
    ("correct", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_published_values(correct: int, total: int, low: float, high: float) -> None:
    """Table I of R. G. Newcombe, "Two-sided confidence intervals for the single proportion", 1998, method 3."""
    assert wilson_interval(correct, total) == pytest.approx((low, high), abs=5e-5)


@given(COUNTS)
def test_holds_the_measured_proportion_and_stays_within_0_and_1(counts: tuple[int, int]) -> None:
    low, high = wilson_interval(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1
    assert low < high


@given(COUNTS, st.integers(2, 50))
def test_narrows_with_more_images(counts: tuple[int, int], times: int) -> None:
    few = wilson_interval(*counts)
    many = wilson_interval(counts[0] * times, counts[1] * times)
    assert many[1] - many[0] < few[1] - few[0]


@given(COUNTS)
def test_right_and_wrong_mirror_each_other(counts: tuple[int, int]) -> None:
    low, high = wilson_interval(*counts)
    assert wilson_interval(counts[1] - counts[0], counts[1]) == pytest.approx((1 - high, 1 - low))


@given(COUNTS, st.floats(0.5, 0.9))
def test_more_confidence_is_wider(counts: tuple[int, int], confidence: float) -> None:
    sure, surer = wilson_interval(*counts, confidence), wilson_interval(*counts, confidence + 0.05)
    assert surer[1] - surer[0] > sure[1] - sure[0]


@pytest.mark.parametrize(("correct", "total", "confidence"), [(0, 0, 0.95), (3, 2, 0.95), (-1, 2, 0.95), (1, 2, 1.0)])
def test_refuses_what_is_no_proportion(correct: int, total: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="expected"):
        wilson_interval(correct, total, confidence)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((2, 7), (6, 7), 0.0582, 0.8062),
        ((0, 29), (5, 56), -0.0381, 0.1926),
        ((0, 20), (0, 10), -0.1611, 0.2775),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ],
)
def test_published_differences(first: tuple[int, int], second: tuple[int, int], low: float, high: float) -> None:
    """Table II of Newcombe's paper on independent proportions, method 10."""
    assert difference_interval(first, second) == pytest.approx((low, high), abs=5e-5)


FOURFOLD = st.tuples(*[st.integers(0, 500)] * 4).filter(any)


@given(FOURFOLD)
def test_a_paired_difference_lies_in_its_interval_which_turns_round_with_the_order(
    table: tuple[int, int, int, int],
) -> None:
    both, first, second, neither = table
    low, high = paired_difference_interval(both, first, second, neither)
    assert -1 - 1e-9 <= low <= (second - first) / sum(table) <= high <= 1 + 1e-9
    assert paired_difference_interval(both, second, first, neither) == pytest.approx((-high, -low), abs=1e-12)


@pytest.mark.parametrize("table", [(25, 25, 25, 25), (36, 12, 12, 4)])
def test_pairs_that_have_nothing_in_common_are_as_two_samples(table: tuple[int, int, int, int]) -> None:
    """The phi coefficient is 0 there."""
    both, first, second, _ = table
    apart = difference_interval((both + first, sum(table)), (both + second, sum(table)))
    assert paired_difference_interval(*table) == pytest.approx(apart, abs=1e-12)


def test_equal_predictions_leave_the_width_that_a_image_more_could_make() -> None:
    """With perfect agreement the interval is symmetrical, and far narrower than for two samples."""
    low, high = paired_difference_interval(950, 0, 0, 50)
    assert low == pytest.approx(-high)
    assert 0 < high < difference_interval((950, 1000), (950, 1000))[1] / 3


@pytest.mark.parametrize("cells", [(0.9, 0.03, 0.05, 0.02), (0.95, 0.015, 0.015, 0.02), (0.5, 0.2, 0.1, 0.2)])
def test_the_paired_interval_holds_the_true_difference_as_often_as_it_says(cells: tuple[float, ...]) -> None:
    """2,000 simulated validations of 300 images. Newcombe finds a coverage of 0.94 to 0.97 for such tables."""
    drawn = np.random.default_rng(0).multinomial(300, cells, 2000)
    true = cells[2] - cells[1]
    intervals = [paired_difference_interval(*(int(cell) for cell in table)) for table in drawn]
    assert 0.935 <= np.mean([low <= true <= high for low, high in intervals]) <= 0.985


@pytest.mark.parametrize("table", [(0, 0, 0, 0), (-1, 2, 0, 0)])
def test_a_paired_difference_of_nothing_is_refused(table: tuple[int, int, int, int]) -> None:
    with pytest.raises(ValueError, match="received"):
        paired_difference_interval(*table)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((1, 1, 7, 12), (-0.507, -0.026)),  # Fagerland, Lydersen and Laake, Statistics in Medicine 33 (2014)
        ((14, 5, 0, 22), (0.011, 0.226)),  # Altman, Machin, Bryant and Gardner, "Statistics with confidence" (2000)
        ((36, 12, 2, 0), (0.0569, 0.3404)),  # Newcombe (1998)
    ],
)
def test_published_examples_of_pairs(table: tuple[int, int, int, int], expected: tuple[float, float]) -> None:
    both, second, first, neither = table
    assert paired_difference_interval(both, first, second, neither) == pytest.approx(expected, abs=6e-4)
