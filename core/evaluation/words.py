"""Scores in words, the same on the page, in the report and on the command line."""

from math import isnan

from core.evaluation.confusion import Score

NO_INTERVAL = "no interval"  # every redrawn set scores the same: `core.evaluation.resampling`


def percent(score: Score) -> str:
    return f"{score.value:.1%}" if score.known else "–"


def interval(score: Score, form: str = ".1%") -> str:
    """Lowest and highest, each in the format `form`; "" for a score that has no meaning."""
    return _range(score, score.low, score.high, form)


def points(score: Score) -> str:
    """The same in percentage points."""
    return _range(score, 100 * score.low, 100 * score.high, ".1f")


def _range(score: Score, low: float, high: float, form: str) -> str:
    if not score.known:
        return ""
    return NO_INTERVAL if isnan(low) else f"{low:{form}} to {high:{form}}"


def confident(value: float) -> str:
    """A probability, 0..1, in percent, that never says 100 while it is less, nor 0 while it is more."""
    if 0.9995 <= value < 1:
        return ">99.9%"
    return "<0.1%" if 0 < value < 0.0005 else f"{value:.1%}"
