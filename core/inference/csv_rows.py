"""Predictions as rows of a CSV, the same from the page and from the command line.

Columns: path, label, confidence, error, distance, unlike (true, false, or empty where the run cannot tell), set (the
classes that the image may show, most probable first, with ` | ` between them; empty where none is promised), and the
probability of each class. Rows end with CRLF (RFC 4180), text is UTF-8; half a surrogate pair, which a browser may send
in a name, is written as its escape. Names are escaped (`core.text.csv_cells`): none is a formula.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from core.inference.classifier import Prediction
from core.runs.limits import Limits
from core.text.csv_cells import escape_cell

FIXED = ("path", "label", "confidence", "error", "distance", "unlike", "set")


def columns(classes: Sequence[str]) -> list[str]:
    """The names in the first row, before they are escaped."""
    return [*FIXED, *classes]


def header_row(classes: Sequence[str]) -> bytes:
    return _encoded(columns(classes))


def prediction_row(
    path: str, prediction: Prediction | None, reason: str, classes: Sequence[str], limits: Limits
) -> bytes:
    """The row of one image; `prediction` is None where there is none, for the `reason`."""
    if prediction is None:
        return _encoded([path, "", "", reason, "", "", "", *[""] * len(classes)])
    return _encoded(
        [
            path,
            prediction.label,
            prediction.confidence,
            "",
            "" if prediction.distance is None else prediction.distance,
            "" if prediction.distance is None else str(prediction.is_unlike(limits)).lower(),
            " | ".join(prediction.likely(limits) or ()),
            *(prediction.probabilities[name] for name in classes),
        ]
    )


def _encoded(cells: Sequence[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([escape_cell(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().encode("utf-8", "backslashreplace")
