"""Predictions as a CSV that may become very long: written as they come, and resumed after an interruption.

Its rows are those of `core.inference.csv_rows`. A writer may be killed at any moment, which leaves at most an
incomplete last row; the next one removes it and resumes.
"""

import csv
import hashlib
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import ConfigError, ImageError, InputError, PawlabError
from core.inference.classifier import Classifier, Prediction
from core.inference.csv_rows import FIXED, columns, header_row, prediction_row
from core.inference.inputs import InputFile
from core.runs.limits import Limits
from core.storage.files import check_place
from core.text.csv_cells import unescape_cell
from core.text.lines import error_line

FLUSH_SECONDS = 1.0
FLUSH_BYTES = 16 * 1024
MAX_LINE_BYTES = 2**20
STDOUT = Path("/dev/stdout")
RESUME = "Then run the same command with --resume"
SAMPLES = 32  # predictions that are compared to recognise the run
TOLERANCE = 1e-3  # between two predictions of one model: batches and machines differ less, two models more


@dataclass(frozen=True)
class Earlier:
    """The predictions that a table already has.

    Args:
        rows: Number of rows.
        end: Bytes up to the end of the last complete row.
        samples: {path: probabilities} of its first predictions.
        digests: One per path, ascending.
    """

    file: Path | None = None
    rows: int = 0
    end: int = 0
    samples: dict[str, tuple[float, ...]] = field(default_factory=dict)
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))

    def __contains__(self, path: str) -> bool:
        at = int(np.searchsorted(self.digests, digest := np.uint64(_digest(path))))
        return at < len(self.digests) and bool(self.digests[at] == digest)

    def check(self, image: InputFile, classifier: Classifier) -> None:
        """Checks that the classifier repeats the prediction of a sample; skips an image that no longer exists.

        Raises:
            InputError: It does not: the table is of another run, or the image has changed.
        """
        try:
            prediction = classifier.classify(image.file)
        except ImageError:
            return
        differences = np.subtract(tuple(prediction.probabilities.values()), self.samples[image.path])
        if np.abs(differences).max() > TOLERANCE:
            raise InputError(
                f"{self.file} is of another run: this run predicts {image.path} differently",
                "a table that this run began, of images that have not changed",
                "Name another --csv file, or the run that began this table",
            )


def is_stream(path: Path) -> bool:
    """Whether a table at `path` goes through stdout, a pipe or a device: it cannot be read again or resumed."""
    return path == STDOUT or (path.exists() and not path.is_file() and not path.is_dir())


def check_replaceable(path: Path, *, force: bool = False) -> None:
    """Checks that a new table overwrites nothing, or with `force` nothing but an older table.

    Raises:
        ConfigError: There is a file at `path`; or none can be created there.
    """
    check_place(path)
    if is_stream(path):
        return
    begin = b"path,label,confidence,error"  # of every version's
    try:
        with path.open("rb") as file:
            content = file.read(len(begin))
    except OSError:  # it is not there, or whoever writes it will say why that fails
        return
    if not begin.startswith(content):
        raise ConfigError(
            f"{path} exists and is not a table of predictions",
            "a new file, or a table to replace",
            "Choose another name",
        )
    if content and not force:
        raise ConfigError(
            f"{path} exists already", "a new file", "Choose another name, continue it with --resume, or use --force"
        )


def read_table(path: Path, classes: Sequence[str]) -> Earlier:
    """Reads the table at `path`; empty where there is none. Takes 8 bytes of memory per row.

    Raises:
        InputError: The file is not such a table, or has other classes.
        PawlabError: It cannot be read.
    """
    header = columns(classes)
    digests, samples, end = array("Q"), dict[str, tuple[float, ...]](), 0
    try:
        with path.open("rb") as file:
            for row, at in _whole_rows(file):
                if (not end and [*map(unescape_cell, row)] != header) or len(row) != len(header):
                    raise _foreign(path, f"contains {', '.join(row)[:80]!r}", header)
                if end:
                    image = unescape_cell(row[0])
                    digests.append(_digest(image))
                    if len(samples) < SAMPLES and row[2]:
                        samples[image] = tuple(float(cell) for cell in row[len(FIXED) :])
                end = at
            file.seek(0)
            # Only the beginning of its first line: the writer was killed in it.
            if not end and not header_row(classes).startswith(file.read(MAX_LINE_BYTES)):
                raise _foreign(path, "has no complete line", header)
    except FileNotFoundError:
        return Earlier(path)
    except OSError as error:
        raise PawlabError(f"{path} cannot be read: {error.strerror}") from error
    except (csv.Error, ValueError) as error:
        raise _foreign(path, f"cannot be read as one ({error_line(error, 80)})", header) from error
    return Earlier(path, len(digests), end, samples, np.sort(np.array(digests, np.uint64)))


class TableWriter:
    """Appends rows to a table. They are in the file within a second, however the process ends."""

    def __init__(self, path: Path, classes: Sequence[str], limits: Limits, earlier: Earlier | None = None) -> None:
        """Begins a new table, or appends to the rows of `earlier`.

        Raises:
            PawlabError: The table cannot be written. The methods raise it too.
        """
        self._path, self._classes, self._limits = path, classes, limits
        self._waiting, self._flushed = bytearray(), 0.0
        end = earlier.end if earlier else 0
        try:
            if path == STDOUT:  # not opened anew: that would empty the file that a shell appends to
                self._file = open(sys.stdout.fileno(), "wb", buffering=0, closefd=False)  # noqa: SIM115
            else:
                self._file = path.open("r+b" if end else "wb", buffering=0)
            if not is_stream(path):
                self._file.seek(end)
                self._file.truncate()
        except OSError as error:
            raise self._failure(error) from error
        if not end:
            self._waiting += header_row(classes)
            try:
                self.flush()
            except (PawlabError, BrokenPipeError):
                self._file.close()
                raise

    def write(self, image: InputFile, prediction: Prediction | ImageError) -> None:
        if isinstance(prediction, ImageError):
            self._waiting += prediction_row(image.path, None, prediction.received, self._classes, self._limits)
        else:
            self._waiting += prediction_row(image.path, prediction, "", self._classes, self._limits)
        if len(self._waiting) > FLUSH_BYTES or time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Whole rows in one write, so that a kill rarely leaves half a row."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        try:
            while waiting:
                waiting = waiting[self._file.write(waiting) :]
        except BrokenPipeError:  # nobody reads any more, which is no failure
            raise
        except OSError as error:
            raise self._failure(error) from error
        self._flushed = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.flush()
        finally:
            self._file.close()

    def _failure(self, error: OSError) -> PawlabError:
        return PawlabError(f"{self._path} cannot be written: {error.strerror}", "a file with room to grow", RESUME)


def _whole_rows(file: IO[bytes]) -> Iterator[tuple[list[str], int]]:
    """Each complete row with the offset of its end."""
    end, ended = 0, False

    def lines() -> Iterator[str]:
        nonlocal end, ended
        while (line := file.readline(MAX_LINE_BYTES)).endswith(b"\n"):
            end += len(line)
            yield line.decode("utf-8")
        if len(line) == MAX_LINE_BYTES:
            raise ValueError("a line of more than a megabyte")
        ended = True

    rows = csv.reader(lines(), strict=True)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            if ended:  # within quotes
                return
            raise
        yield row, end


def _digest(path: str) -> int:
    """8 bytes: among ten million paths, the chance that any two share a digest is 1 in 300,000."""
    return int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest(), "little")


def _foreign(path: Path, what: str, header: Sequence[str]) -> InputError:
    return InputError(
        f"{path} cannot be resumed: it {what}",
        f"a table with the columns {', '.join(header)[:200]}, as this run writes it",
        "Name another --csv file, or the run that began this table",
    )
