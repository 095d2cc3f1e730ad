"""What more images of the same kind would give: the learning curve, continued.

The error falls as a + b n^-c, with a, b of 0 or more and c of a few values (J. Hestness et al., "Deep learning scaling
is predictable, empirically", arXiv 1712.00409). Small errors of such a curve become large ones of the forecast
(R. Mahmood et al., "How much more data do I need?", CVPR 2022, arXiv 2207.01725). So the law is checked first: fitted
to the sizes up to half of the largest, it must forecast the largest. Where it does not, nobody knows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.advice.learning_curve import Curve, Z
from core.evaluation.intervals import wilson_interval
from core.evaluation.words import points_interval, signed_points

POWERS = (0.25, 0.35, 0.5, 0.7, 1.0, 1.4)
RESAMPLES = 300
LEAST_SIZES = 4  # that the law is fitted to
WIDE = 0.06  # width of the gain's interval from which on it says nothing
SLACK = 0.003  # a forecast that misses by less is right

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class Forecast:
    """The accuracy expected from so many training images, 0..1, with a 95% interval for one training; and what that is
    more than now, which is known better than either. Where `known` is False, `why` says why, and the numbers are only
    what the law would give.
    """

    images: int
    accuracy: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float
    known: bool
    why: str = ""


@dataclass(frozen=True)
class ClassGain:
    """How much the recall of one class would grow, 0..1, with its 95% interval."""

    label: str
    recall: float
    gain: float
    gain_low: float
    gain_high: float


def forecast(curve: Curve, now: int, then: int, seed: int = 0) -> Forecast:
    """What `then` training images would give instead of `now`."""
    sizes, errors = curve.sizes, _resampled(curve, np.ones(len(curve.material), np.bool_), seed)
    at_now, at_then = continued(sizes, errors, (now, then))
    gains = at_now - at_then
    beginning = int((sizes <= 0.55 * sizes[-1]).sum())
    misses = np.zeros(RESAMPLES + 1)
    if beginning >= LEAST_SIZES:
        misses = continued(sizes[:beginning], errors[:, :beginning], (int(sizes[-1]),))[0] - errors[:, -1]
    miss, chance = abs(float(misses[0])), float(misses[1:].std())
    draws = float(curve.spread[-1])
    number = len(np.unique(curve.material.groups))
    last = float(curve.accuracies[-1])
    ends = wilson_interval(last * number, number)
    reach = Z * float(at_then[1:].std())
    down = float(np.sqrt(max(reach, last - ends[0]) ** 2 + (Z * draws) ** 2 + miss**2))
    up = float(np.sqrt(max(reach, ends[1] - last) ** 2 + (Z * draws) ** 2 + miss**2))
    accuracy, gain = 1 - float(at_then[0]), float(gains[0])
    gain_reach = float(np.hypot(Z * gains[1:].std(), miss))
    low, high = max(0.0, accuracy - down), min(1.0, accuracy + up)
    gain_low, gain_high = max(0.0, gain - gain_reach), min(1.0, gain + gain_reach)
    why = ""
    if beginning < LEAST_SIZES:
        why = f"{len(sizes)} sizes from {sizes[0]:,} to {sizes[-1]:,} images are too few to see how the curve goes on"
    elif miss > max(SLACK, Z * float(np.hypot(chance, draws / np.sqrt(2)))):
        why = (
            f"The curve does not go on as it began: from up to {sizes[beginning - 1]:,} images it would be at "
            f"{1 - errors[0, -1] - misses[0]:.1%} with {sizes[-1]:,}, and it is at {1 - errors[0, -1]:.1%}"
        )
    elif gain_high - gain_low > WIDE:
        why = f"It could be anything from {points_interval(gain_low, gain_high)}"
    return Forecast(then, accuracy, low, high, gain, gain_low, gain_high, not why, why)


def class_gains(curve: Curve, now: int, then: int, seed: int = 0) -> tuple[ClassGain, ...]:
    """What the same would give each class, the one that gains most first."""
    material, gains = curve.material, []
    for label, name in enumerate(material.classes):
        own = material.labels == label
        at_now, at_then = continued(curve.sizes, _resampled(curve, own, seed), (now, then))
        difference = at_now - at_then
        reach, gain = Z * float(difference[1:].std()), float(difference[0])
        recall = float(curve.right[-1, own].mean())
        gains.append(ClassGain(name, recall, gain, max(0.0, gain - reach), min(1.0, gain + reach)))
    return tuple(sorted(gains, key=lambda gain: -gain.gain))


def in_words(forecast: Forecast) -> str:
    """The forecast as a sentence."""
    if not forecast.known:
        return f"What {forecast.images:,} training images would give cannot be known. {forecast.why}."
    return (
        f"{forecast.images:,} training images of the same kind would give about {forecast.accuracy:.1%} "
        f"({forecast.low:.1%} to {forecast.high:.1%}): {signed_points(forecast.gain)} points more "
        f"({points_interval(forecast.gain_low, forecast.gain_high)})."
    )


def continued(sizes: NDArray[np.int64], errors: Doubles, at: tuple[int, ...]) -> Doubles:
    """The error at other sizes.

    Args:
        sizes: int64 (sizes,).
        errors: float64 (curves, sizes), 0..1; the first curve decides how much each size weighs.
        at: Numbers of images.

    Returns:
        float64 (len(at), curves).
    """
    weights = 1 / (errors[0] + 0.01)
    weights = weights / weights.sum()
    least = np.full(len(errors), np.inf)
    result = np.zeros((len(at), len(errors)))
    for power in POWERS:
        x = (sizes / sizes[-1]) ** -power
        x_mean, mean = weights @ x, errors @ weights
        slope = np.maximum((errors * weights) @ (x - x_mean) / max(float(weights @ (x - x_mean) ** 2), 1e-12), 0)
        limit = mean - slope * x_mean
        through_zero = np.maximum((errors * weights) @ x / (weights @ x**2), 0)
        slope, limit = np.where(limit < 0, through_zero, slope), np.maximum(limit, 0)
        losses = (errors - limit[:, None] - slope[:, None] * x) ** 2 @ weights
        better = losses < least - 1e-12
        least = np.where(better, losses, least)
        for place, number in enumerate(at):
            result[place] = np.where(better, limit + slope * (number / sizes[-1]) ** -power, result[place])
    return result


def _resampled(curve: Curve, chosen: NDArray[np.bool_], seed: int) -> Doubles:
    """float64 (1 + RESAMPLES, sizes): the errors on the chosen images, and on groups of them drawn anew."""
    _, groups = np.unique(curve.material.groups[chosen], return_inverse=True)
    counts = np.bincount(groups)
    wrong = np.stack([np.bincount(groups, weights=row) for row in ~curve.right[:, chosen]], axis=1)
    draws = np.random.default_rng([seed, 1]).poisson(1.0, (RESAMPLES, len(counts))).astype(np.float64)
    draws = np.concatenate([np.ones((1, len(counts))), draws])
    return np.asarray(draws @ wrong / np.maximum(draws @ counts, 1)[:, None], np.float64)
