"""No name of a stranger is a formula in a table, and a table is gone on with all the same."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.inference.classifier import Prediction
from core.inference.inputs import InputFile
from core.inference.table import TableWriter, read_table
from core.runs.limits import Limits
from core.text.csv_cells import escape_cell, unescape_cell

FORMULA = '=HYPERLINK("https://example.org","cats")'


@given(st.text() | st.sampled_from(["'", "''", "'=1", "=1", "-", "\t", "@a"]))
def test_every_text_is_found_again(text: str) -> None:
    assert unescape_cell(escape_cell(text)) == text
    assert not escape_cell(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@pytest.mark.parametrize("name", [FORMULA, "'quoted'", "-1", "dogs"])
def test_a_table_holds_no_formula_and_is_gone_on_with(tmp_path: Path, name: str) -> None:
    classes, file = ("cats", name), tmp_path / "predictions.csv"
    prediction = Prediction({"cats": 0.25, name: 0.75})
    with TableWriter(file, classes, Limits()) as table:
        table.write(InputFile(f"{name}.jpg", tmp_path / "a.jpg"), prediction)
    cells = [cell for row in csv.reader(io.StringIO(file.read_text(encoding="utf-8"))) for cell in row]
    assert not any(cell.startswith(("=", "-", "+", "@")) for cell in cells)
    earlier = read_table(file, classes)
    assert earlier.rows == 1
    assert f"{name}.jpg" in earlier
    assert earlier.samples == {f"{name}.jpg": (0.25, 0.75)}
