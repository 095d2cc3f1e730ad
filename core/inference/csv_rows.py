"""How an answer stands in a CSV, the same from the page and from the command line.

Columns: path, label, confidence, error, and the probability of each class. Rows end with CRLF (RFC 4180), text is
UTF-8; half a surrogate pair, which a browser may send in a name, is written as its escape. Names are guarded
(`core.csv_cells`): none is a formula.
"""

import csv
import io
from collections.abc import Sequence
from typing import Any

from core.csv_cells import guarded
from core.inference.classifier import Answer


def columns(classes: Sequence[str]) -> list[str]:
    """The first row, as names: a table has them guarded."""
    return ["path", "label", "confidence", "error", *classes]


def header_row(classes: Sequence[str]) -> bytes:
    return _encoded(columns(classes))


def answer_row(path: str, answer: Answer | None, reason: str, classes: Sequence[str]) -> bytes:
    """One picture's; `answer` is None where there is none, for the `reason`."""
    if answer is None:
        return _encoded([path, "", "", reason, *[""] * len(classes)])
    return _encoded([path, answer.label, answer.confidence, "", *(answer.probabilities[name] for name in classes)])


def _encoded(cells: Sequence[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerow([guarded(cell) if isinstance(cell, str) else cell for cell in cells])
    return text.getvalue().encode("utf-8", "backslashreplace")
