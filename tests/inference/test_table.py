"""The table of predictions: cut at any byte it goes on as if it had not been, and nothing else is taken for it."""

import csv
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import ConfigError, ImageError, InputError, PawlabError
from core.inference.classifier import Prediction
from core.inference.csv_rows import columns
from core.inference.inputs import InputFile
from core.inference.table import Earlier, TableWriter, check_replaceable, read_table
from core.runs.limits import Limits
from core.runs.sets import PredictionSets
from core.text.csv_cells import unescape_cell
from tests.examples import FEW

CLASSES = ("cats", 'd"o,g\ns', "=1+1")
PATHS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ['a"b', "a,b", "a\r\nb", "a\rb", "\n", '"', '"\r\n"', "🐶", "=1+1", "a;b", "\x1a", "\u2028"]
)
PREDICTIONS = st.builds(
    lambda values, distance: Prediction(dict(zip(CLASSES, values, strict=True)), distance),
    st.tuples(*[st.floats(0, 1)] * 3),
    st.floats(0, 1) | st.none(),
) | st.text("ab,\"\r\n'", max_size=5).map(ImageError)
LIMITS = Limits(cut=0.3, sets=PredictionSets(0.9, 0.4))
Rows = list[tuple[str, Prediction | ImageError]]


def write(path: Path, rows: Rows, earlier: Earlier | None = None) -> None:
    with TableWriter(path, CLASSES, LIMITS, earlier) as table:
        for name, prediction in rows:
            table.write(InputFile(name, Path(name)), prediction)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(PATHS, PREDICTIONS), max_size=8, unique_by=lambda row: row[0]), data=st.data())
def test_cut_anywhere_it_goes_on_to_the_same_bytes(tmp_path: Path, rows: Rows, data: st.DataObject) -> None:
    path = tmp_path / "predictions.csv"
    write(path, rows)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    earlier = read_table(path, CLASSES)
    assert [name in earlier for name, _ in rows] == [True] * earlier.rows + [False] * (len(rows) - earlier.rows)
    write(path, rows[earlier.rows :], earlier)
    assert path.read_bytes() == whole


@settings(FEW, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(PATHS, PREDICTIONS), max_size=8))
def test_any_reader_of_csv_gets_back_what_was_written(tmp_path: Path, rows: Rows) -> None:
    path = tmp_path / "predictions.csv"
    write(path, rows)
    with path.open(newline="", encoding="utf-8") as file:
        header, *read = ([*map(unescape_cell, row)] for row in csv.reader(file))
    assert header == columns(CLASSES)
    for cells, (name, prediction) in zip(read, rows, strict=True):
        assert cells[0] == name
        if isinstance(prediction, ImageError):
            assert cells[1:] == ["", "", prediction.received, *[""] * 6]
        else:
            assert (cells[1], float(cells[2]), cells[3]) == (prediction.label, prediction.confidence, "")
            unlike = {None: "", False: "false", True: "true"}[
                None if prediction.distance is None else prediction.distance > LIMITS.cut
            ]
            assert cells[4:6] == ["" if prediction.distance is None else str(prediction.distance), unlike]
            assert cells[6] == " | ".join(prediction.likely(LIMITS) or ["no set"])
            assert [float(cell) for cell in cells[7:]] == list(prediction.probabilities.values())


HEADER = ",".join(columns(("cats", "dogs")))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("path,label,confidence,error,distance,unlike,set,cats,birds\r\n", id="other classes"),
        pytest.param("path,label,confidence,error,distance,unlike,set,dogs,cats\r\n", id="another order"),
        pytest.param("path,label,confidence,error,distance,unlike,set,cats\r\n", id="fewer classes"),
        pytest.param("path,label,confidence,error,cats,dogs\r\n", id="a table of version 0.1"),
        pytest.param("name,weight\r\na,1\r\n", id="another table"),
        pytest.param("a text", id="a text without a line's end"),
        pytest.param("\r\n", id="an empty line"),
        pytest.param(f"{HEADER}\r\na.jpg,cats,1\r\n", id="a row that is short"),
        pytest.param(f"{HEADER}\r\na.jpg,cats,1,,,,cats,one,0\r\n", id="a probability that is none"),
        pytest.param(f'{HEADER}\r\n"a"b,cats,1,,,,cats,1,0\r\nb,cats,1,,,,cats,1,0\r\n', id="quotes astray"),
        pytest.param(f"{HEADER}\r\n{'x' * 2**20}\r\n", id="a long line"),
        pytest.param(f"{HEADER}\r\n{'x' * 2**21}", id="a long line without an end"),
    ],
)
def test_another_file_is_refused_and_stays(tmp_path: Path, content: str) -> None:
    path = tmp_path / "predictions.csv"
    path.write_bytes(content.encode())
    with pytest.raises(InputError, match="cannot be resumed") as raised:
        read_table(path, ("cats", "dogs"))
    assert len(str(raised.value)) < 800 and "\n" not in str(raised.value)
    assert path.read_bytes() == content.encode()


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_bytes(HEADER.encode() + b"\r\n\xff\xd8\xff\r\n")
    with pytest.raises(InputError, match="cannot be resumed"):
        read_table(path, ("cats", "dogs"))


def test_where_there_is_no_table_nothing_is_held_and_one_is_begun(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    earlier = read_table(path, CLASSES)
    assert (earlier.rows, "a" in earlier) == (0, False)
    write(path, [("a", ImageError("b"))], earlier)
    assert "a" in read_table(path, CLASSES)


def test_a_table_that_a_spreadsheet_saved_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "predictions.csv"
    path.write_bytes(f"{HEADER}\na.jpg,cats,1,,0.2,false,cats,1,0\n".encode())
    assert "a.jpg" in read_table(path, ("cats", "dogs"))


def test_rows_are_in_the_file_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.inference.table.FLUSH_SECONDS", -1)
    path = tmp_path / "predictions.csv"
    with TableWriter(path, CLASSES, LIMITS) as table:
        assert read_table(path, CLASSES).rows == 0
        table.write(InputFile("a", Path("a")), ImageError("b"))
        assert read_table(path, CLASSES).rows == 1


def test_a_table_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "a.csv"):
        with pytest.raises(PawlabError, match="cannot be written"):
            TableWriter(path, CLASSES, LIMITS)
    with pytest.raises(PawlabError, match="No space"):
        TableWriter(Path("/dev/full"), CLASSES, LIMITS)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"a,b\r\n", b"pathetic", b"\0"])
def test_what_is_no_table_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a table of predictions"):
        check_replaceable(path)


@pytest.mark.parametrize("content", [None, b"", b"path,la", HEADER.encode() + b"\r\n"])
def test_a_table_is_replaced(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "a.csv").write_bytes(content)
        with pytest.raises(ConfigError, match="--force") if content else nullcontext():
            check_replaceable(tmp_path / "a.csv")
    check_replaceable(tmp_path / "a.csv", force=True)
