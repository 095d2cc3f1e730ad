"""Scores as text, the same on the pages, in the report and in the model card.

Accuracy, precision, recall and F1 are percentages; areas under curves and the calibration error are decimals.
"""

from math import isnan

from core.evaluation.confusion import Score

PERCENT, DECIMAL = ".1%", ".3f"
UNKNOWN = "–"
NO_INTERVAL = "no interval"  # every resample scores the same: `core.evaluation.bootstrap`


def as_percent(value: float) -> str:
    """A share, 0..1, as a percentage that never says 100 while it is less, nor 0 while it is more."""
    if 0.9995 <= value < 1:
        return ">99.9%"
    return "<0.1%" if 0 < value < 0.0005 else f"{value:.1%}"


def percent(score: Score) -> str:
    return as_percent(score.value) if score.known else UNKNOWN


def decimal(score: Score) -> str:
    return f"{score.value:{DECIMAL}}" if score.known else UNKNOWN


def interval(score: Score, form: str = PERCENT) -> str:
    """The 95% confidence interval: "87.3–95.7%" or "0.951–0.994"; "" for a score that is not defined."""
    if not score.known:
        return ""
    if isnan(score.low):
        return NO_INTERVAL
    low, high = f"{score.low:{form}}", f"{score.high:{form}}"
    return f"{low.removesuffix('%')}–{high}"


def confidence_interval(score: Score, form: str = PERCENT) -> str:
    """The same with its name: "95% CI 87.3–95.7%"."""
    text = interval(score, form)
    return text if text in ("", NO_INTERVAL) else f"95% CI {text}"


def with_interval(score: Score, form: str = PERCENT) -> str:
    """The score with its interval behind it: "92.5% (87.3–95.7%)"."""
    if not score.known:
        return UNKNOWN
    return f"{percent(score) if form == PERCENT else decimal(score)} ({interval(score, form)})"


def signed_points(difference: float) -> str:
    """A difference of two shares, -1..1, in percentage points with its sign: "+1.2", "−0.4", "0.0"."""
    text = f"{100 * difference:+.1f}".replace("-", "−")
    return text[1:] if text in ("+0.0", "−0.0") else text


def points_interval(low: float, high: float) -> str:
    """The ends of an interval of such a difference: "−0.4 to +2.8 points"."""
    return f"{signed_points(low)} to {signed_points(high)} points"
