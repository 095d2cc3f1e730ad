"""How sure a score is that was measured on a limited number of pictures, and a difference of two such scores."""

from math import sqrt
from statistics import NormalDist


def wilson_interval(correct: float, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """The range that likely holds the true proportion, given `correct` of `total` independent trials.

    The score interval of E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22 (1927), without continuity correction. Unlike the textbook's
    p ± 1.96 standard errors it stays within 0..1 and keeps a width when everything or nothing was correct.

    Args:
        correct: 0..total; whole, but for sums of shares.
        total: At least 1.
        confidence: Share of such intervals that hold the true value, between 0 and 1.

    Returns:
        Lowest and highest proportion, 0..1; the measured one lies between them.

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
    """The range that likely holds by how much the second true proportion is higher than the first, each measured on
    pictures of its own.

    The hybrid score interval: method 10 of R. G. Newcombe, "Interval estimation for the difference between independent
    proportions: comparison of eleven methods", Statistics in Medicine 17 (1998), 873-890. It adds the distances of the
    two Wilson intervals as squares.

    Args:
        first, second: `correct` of `total`, as `wilson_interval` takes them.
        confidence: Between 0 and 1.

    Returns:
        Lowest and highest difference, -1..1; the measured one lies between them.

    Raises:
        ValueError: An argument is outside its range.
    """
    return _square_and_add(first, second, 0.0, confidence)


def paired_difference_interval(
    both: int, only_first: int, only_second: int, neither: int, confidence: float = 0.95
) -> tuple[float, float]:
    """The range that likely holds by how much the second true proportion is higher than the first, both measured on
    the same pictures: much narrower than `difference_interval` where the two mostly agree.

    Method 10 of R. G. Newcombe, "Improved confidence intervals for the difference between binomial proportions based
    on paired data", Statistics in Medicine 17 (1998), 2635-2650: as the hybrid score interval, less what the two have
    in common, measured by the phi coefficient with a continuity correction where that is positive.

    Args:
        both, only_first, only_second, neither: Pictures that both got right, one of them, none.
        confidence: Between 0 and 1.

    Returns:
        Lowest and highest difference, -1..1; the measured one lies between them.

    Raises:
        ValueError: A number is negative, there is no picture, or the confidence is outside its range.
    """
    if min(both, only_first, only_second, neither) < 0:
        raise ValueError(f"received {(both, only_first, only_second, neither)}; expected no number below 0")
    total = both + only_first + only_second + neither
    first, second = both + only_first, both + only_second
    common = both * neither - only_first * only_second
    corrected = max(common - total / 2, 0.0) if common > 0 else float(common)
    spread = sqrt(first * (total - first) * second * (total - second))
    return _square_and_add((first, total), (second, total), corrected / spread if spread else 0.0, confidence)


def _square_and_add(
    first: tuple[int, int], second: tuple[int, int], correlation: float, confidence: float
) -> tuple[float, float]:
    """Newcombe's way of joining two Wilson intervals; `correlation` is 0 for independent proportions."""
    low1, high1 = wilson_interval(*first, confidence)
    low2, high2 = wilson_interval(*second, confidence)
    one, two = first[0] / first[1], second[0] / second[1]

    def distance(a: float, b: float) -> float:
        return sqrt(max(0.0, a * a - 2 * correlation * a * b + b * b))

    difference = two - one
    return difference - distance(two - low2, high1 - one), difference + distance(high2 - two, one - low1)
