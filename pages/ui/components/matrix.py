"""The confusion matrix as a table whose cells can be clicked."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import streamlit as st

from core.evaluation.confusion import Counts, rates
from core.evaluation.words import as_percent

UNSURE = "unsure"
FEW = 8
"""Up to so many classes have cells that are large enough for two figures."""


def pressed_cell(key: str) -> tuple[int, int] | None:
    """Row and column of the cell that was clicked just now: call it before `matrix`."""
    match getattr(st.session_state.get(key), "cell", None):
        case {"row": int(row), "column": int(column)} if row >= 0 and column >= 0:
            return row, column
    return None


def matrix(
    counts: Counts,
    classes: Sequence[str],
    unsure: Sequence[int],
    key: str,
    chosen: tuple[int, int],
    *,
    in_rates: bool,
    order: Sequence[int] = (),
) -> None:
    """Draws it; of more than `FEW` classes as small cells that scroll both ways, blank where there are no images.

    Args:
        counts: int64 (classes, classes): row the true class, column the predicted class.
        unsure: Per true class, the number of unsure images; without any there is no such column.
        chosen: The cell that is marked.
        in_rates: Whether percentages of the row stand in large figures and counts in small ones, or vice versa.
        order: In which the classes stand; as they come where left out.
    """
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component(
        "matrix", html='<div class="matrix"></div>', css=_part("matrix.css"), js=_part("matrix.js")
    )
    is_dense = len(classes) > FEW
    shares = rates(counts)
    totals = counts.sum(axis=1) + list(unsure)
    cells = {
        f"{row} {column}": _cell(int(count), int(totals[row]), float(shares[row, column]))
        for (row, column), count in np.ndenumerate(counts)
        if count or not is_dense
    }
    order = list(order or range(len(classes)))
    rows = [[classes[at], at] for at in order]
    columns = list(rows)
    if any(unsure):
        columns.append([UNSURE, len(classes)])
        for row, number in enumerate(unsure):
            cells[f"{row} {len(classes)}"] = _cell(number, int(totals[row]), 0.0)
    data = {
        "caption": "Rows: true class. Columns: predicted class.",
        "rows": rows,
        "columns": columns,
        "cells": cells,
        "chosen": f"{chosen[0]} {chosen[1]}",
        "rates": in_rates,
        "dense": is_dense,
    }
    draw(data=data, key=key, on_cell_change=_nothing)


def _cell(count: int, total: int, share: float) -> list[object]:
    """Count and rate as text, and the share that colours it."""
    return [f"{count:,}", as_percent(count / total) if total else "–", round(share, 3)]


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _nothing() -> None:
    """Streamlit wants a callback for each event that a component may send."""
