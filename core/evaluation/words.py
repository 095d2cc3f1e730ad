"""Scores in words, the same on the page, in the report and on the command line."""

from core.evaluation.confusion import Score


def percent(score: Score) -> str:
    return f"{score.value:.1%}" if score.known else "–"


def interval(score: Score) -> str:
    return f"{score.low:.1%} to {score.high:.1%}" if score.known else ""


def confident(value: float) -> str:
    """A probability, 0..1, in percent, that never says 100 while it is less, nor 0 while it is more."""
    if 0.9995 <= value < 1:
        return ">99.9%"
    return "<0.1%" if 0 < value < 0.0005 else f"{value:.1%}"
