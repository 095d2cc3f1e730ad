"""Confidence intervals of proportions, of differences between two of them, and of cross-validated scores."""

from collections.abc import Sequence
from math import isnan, nan, sqrt
from statistics import NormalDist, fmean, stdev


def wilson_interval(correct: float, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """The confidence interval of a proportion, given `correct` of `total` independent trials.

    The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), without continuity correction. Unlike the textbook's
    p ± 1.96 standard errors it stays within 0..1 and has a width when all or none were correct.

    Args:
        correct: 0..total; whole, except for sums of shares.
        total: At least 1.
        confidence: Level of the interval, between 0 and 1.

    Returns:
        Lower and upper end, 0..1; the measured proportion is between them.

    Raises:
        ValueError: An argument is outside its range.
    """
    if total < 1 or not 0 <= correct <= total or not 0 < confidence < 1:
        raise ValueError(f"received {correct} of {total} at {confidence}; expected 0 <= correct <= total, 1 <= total")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    proportion = correct / total
    centre = proportion + z * z / (2 * total)
    spread = z * sqrt(proportion * (1 - proportion) / total + z * z / (4 * total * total))
    low, high = ((centre + side * spread) / (1 + z * z / total) for side in (-1, 1))
    # At 0 and at 1 one end equals the proportion, but for the last digit.
    return max(0.0, min(low, proportion)), min(1.0, max(high, proportion))


def difference_interval(
    first: tuple[int, int], second: tuple[int, int], confidence: float = 0.95
) -> tuple[float, float]:
    """The confidence interval of the second proportion minus the first, each measured on images of its own.

    The hybrid score interval: method 10 of R. G. Newcombe, "Interval estimation for the difference between independent
    proportions: comparison of eleven methods", Statistics in Medicine 17 (1998), 873-890. It adds the distances of the
    two Wilson intervals as squares.

    Args:
        first, second: `correct` of `total`; all as `wilson_interval` takes them.

    Returns:
        Lower and upper end, -1..1; the measured difference is between them.
    """
    return _square_and_add(first, second, 0.0, confidence)


def paired_difference_interval(
    both: float, only_first: float, only_second: float, neither: float, confidence: float = 0.95
) -> tuple[float, float]:
    """The confidence interval of the second proportion minus the first, both measured on the same images: much
    narrower than `difference_interval` where the two mostly agree.

    Method 10 of R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data", Statistics in Medicine 17 (1998), 2635-2650: the hybrid score interval, narrowed by the correlation
    of the two, measured by the phi coefficient with a continuity correction where that is positive.

    Args:
        both, only_first, only_second, neither: Number of images that both, only one, or neither get right. Each
            whole, or a sum of shares where several images count as one; together they are whole.

    Returns:
        Lower and upper end, -1..1; the measured difference is between them.

    Raises:
        ValueError: A number is negative, there is no image, or the confidence is outside its range.
    """
    if min(both, only_first, only_second, neither) < 0:
        raise ValueError(f"received {(both, only_first, only_second, neither)}; expected no number below 0")
    total = round(both + only_first + only_second + neither)  # shares add up to it but for the last digit
    first, second = min(both + only_first, total), min(both + only_second, total)
    common = both * neither - only_first * only_second
    corrected = max(common - total / 2, 0.0) if common > 0 else float(common)
    spread = sqrt(first * (total - first) * second * (total - second))
    return _square_and_add((first, total), (second, total), corrected / spread if spread else 0.0, confidence)


def _square_and_add(
    first: tuple[float, int], second: tuple[float, int], correlation: float, confidence: float
) -> tuple[float, float]:
    """Newcombe's combination of two Wilson intervals; `correlation` is 0 for independent proportions."""
    low1, high1 = wilson_interval(*first, confidence)
    low2, high2 = wilson_interval(*second, confidence)
    one, two = first[0] / first[1], second[0] / second[1]

    def distance(a: float, b: float) -> float:
        return sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    difference = two - one
    return difference - distance(two - low2, high1 - one), difference + distance(high2 - two, one - low1)


def cross_validation_interval(scores: Sequence[float], num_folds: int, confidence: float = 0.95) -> tuple[float, float]:
    """The confidence interval of the mean of the scores of repeated cross-validation, as `resampled_interval` gives it,
    within 0..1."""
    low, high = resampled_interval(scores, num_folds, confidence)
    return (low, high) if isnan(low) else (max(0.0, low), min(1.0, high))


def resampled_interval(values: Sequence[float], num_folds: int, confidence: float = 0.95) -> tuple[float, float]:
    """The confidence interval of the mean of what repeated cross-validation measures, a score or a difference.

    The corrected resampled t interval: C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine
    Learning 52 (2003), 239-281, for repeated folds by R. R. Bouckaert and E. Frank, "Evaluating the replicability of
    significance tests for comparing learning algorithms", PAKDD 2004. Folds share most of their training images, so
    their scores vary less than those of new data would: 1 / (folds - 1), the size of a test fold over that of its
    training folds, is added to the 1 / number of a mean of independent scores.

    Args:
        values: One of each fold of each repetition, two or more.
        num_folds: Of one repetition, two or more.
        confidence: Level of the interval, between 0 and 1.

    Returns:
        Lower and upper end; NaN where all folds have the same value, which says nothing of other images.
    """
    number = len(values)
    if number < 2 or num_folds < 2:
        raise ValueError(f"received {number} values of {num_folds} folds; expected two or more of each")
    mean, spread = fmean(values), stdev(values)
    if not spread:
        return nan, nan
    reach = student_quantile((1 + confidence) / 2, number - 1) * spread * sqrt(1 / number + 1 / (num_folds - 1))
    return mean - reach, mean + reach


def student_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution, by the expansion around the normal one: M. Abramowitz and I. A. Stegun,
    "Handbook of Mathematical Functions" (1964), 26.7.5. Within 0.001 from 9 degrees of freedom on at 0.975.

    Args:
        probability: Between 0 and 1.
        freedom: Degrees of freedom, 1 or more.
    """
    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return float(sum(term / freedom**power for power, term in enumerate(terms)))
