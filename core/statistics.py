"""How sure a score is that was measured on a limited number of pictures."""

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
