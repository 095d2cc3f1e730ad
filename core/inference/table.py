"""The answers as a CSV that may become very long: written as they come, and gone on with after a break.

Its rows are those of `core.inference.csv_rows`. A writer may be killed at any moment, which leaves at most an
unfinished last row; the next one cuts it off and goes on.
"""

import csv
import hashlib
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from core.csv_cells import unguarded
from core.errors import ConfigError, ImageError, InputError, PawlabError
from core.files import check_place
from core.inference.classifier import Answer, Classifier
from core.inference.csv_rows import answer_row, columns, header_row
from core.inference.inputs import Found

FLUSH_SECONDS = 1.0
FLUSH_BYTES = 16 * 1024
MAX_LINE_BYTES = 2**20
RESUME = "Once that is so, go on with the same command and --resume"
SAMPLES = 32  # answers that are kept to tell whose they are
TOLERANCE = 1e-3  # between two answers of one model: batches and machines differ by less, two models by more


@dataclass(frozen=True)
class Earlier:
    """What a table holds already.

    Args:
        rows: How many.
        end: Bytes up to the end of the last whole row.
        samples: {path: probabilities} of its first answers.
        digests: One a path, ascending.
    """

    file: Path | None = None
    rows: int = 0
    end: int = 0
    samples: dict[str, tuple[float, ...]] = field(default_factory=dict)
    digests: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, np.uint64))

    def __contains__(self, path: str) -> bool:
        at = int(np.searchsorted(self.digests, wanted := np.uint64(_digest(path))))
        return at < len(self.digests) and bool(self.digests[at] == wanted)

    def check(self, picture: Found, classifier: Classifier) -> None:
        """That the classifier gives the sample's answer. A picture that has gone says nothing.

        Raises:
            InputError: It gives another: the table is of another run, or the picture has changed.
        """
        try:
            answer = classifier.classify(picture.file)
        except ImageError:
            return
        differences = np.subtract(tuple(answer.probabilities.values()), self.samples[picture.path])
        if np.abs(differences).max() > TOLERANCE:
            raise InputError(
                f"{self.file} is of another run: this run has another answer for {picture.path}",
                "a table that this run began, of pictures that stay as they are",
                "Name another --csv file, or the run that began this one",
            )


def check_replaceable(path: Path) -> None:
    """That a new table destroys nothing but an older one.

    Raises:
        ConfigError: The file at `path` is something else: a picture, for one; or no file can be there.
    """
    check_place(path)
    begin = header_row([]).rstrip()
    try:
        with path.open("rb") as file:
            content = file.read(len(begin))
    except OSError:  # it is not there, or whoever writes it will say why that fails
        return
    if not begin.startswith(content):
        raise ConfigError(
            f"{path} exists and is no table of answers", "a new file, or a table to replace", "Choose another name"
        )


def read_table(path: Path, classes: Sequence[str]) -> Earlier:
    """What the table at `path` holds; nothing where there is none. Takes 8 bytes of memory a row.

    Raises:
        InputError: The file is no such table, or one of other classes.
        PawlabError: It cannot be read.
    """
    header = columns(classes)
    digests, samples, end = array("Q"), dict[str, tuple[float, ...]](), 0
    try:
        with path.open("rb") as file:
            for row, at in _whole_rows(file):
                if (not end and [*map(unguarded, row)] != header) or len(row) != len(header):
                    raise _foreign(path, f"holds {', '.join(row)[:80]!r}", header)
                if end:
                    picture = unguarded(row[0])
                    digests.append(_digest(picture))
                    if len(samples) < SAMPLES and row[2]:
                        samples[picture] = tuple(float(cell) for cell in row[4:])
                end = at
            file.seek(0)
            # Nothing but the beginning of its first line: it was killed in there.
            if not end and not header_row(classes).startswith(file.read(MAX_LINE_BYTES)):
                raise _foreign(path, "has no whole line", header)
    except FileNotFoundError:
        return Earlier(path)
    except OSError as error:
        raise PawlabError(f"{path} cannot be read: {error.strerror}") from error
    except (csv.Error, ValueError) as error:
        raise _foreign(path, f"cannot be read as one ({' '.join(str(error).split())[:80]})", header) from error
    return Earlier(path, len(digests), end, samples, np.sort(np.array(digests, np.uint64)))


class TableWriter:
    """Adds rows to a table. What it wrote is in the file after a second at most, however the process ends."""

    def __init__(self, path: Path, classes: Sequence[str], earlier: Earlier | None = None) -> None:
        """Begins the table anew, or goes on after what `earlier` says is there.

        Raises:
            PawlabError: It cannot be written. So do the methods.
        """
        self._path, self._classes, self._waiting, self._flushed = path, classes, bytearray(), 0.0
        end = earlier.end if earlier else 0
        try:
            self._file = path.open("r+b" if end else "wb", buffering=0)
        except OSError as error:
            raise self._failure(error) from error
        try:
            self._file.seek(end)
            self._file.truncate()
        except OSError:  # no ordinary file, but one that can be written, as /dev/stdout is
            pass
        if not end:
            self._waiting += header_row(classes)
            try:
                self.flush()
            except PawlabError:
                self._file.close()
                raise

    def write(self, picture: Found, answer: Answer | ImageError) -> None:
        if isinstance(answer, ImageError):
            self._waiting += answer_row(picture.path, None, answer.received, self._classes)
        else:
            self._waiting += answer_row(picture.path, answer, "", self._classes)
        if len(self._waiting) > FLUSH_BYTES or time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Whole rows in one write, so that a kill hardly ever finds one half written."""
        waiting, self._waiting = bytes(self._waiting), bytearray()
        try:
            while waiting:
                waiting = waiting[self._file.write(waiting) :]
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
    """Each row with the place where it ends, without an unfinished last one."""
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
    """8 bytes: among ten million paths, one in 300,000 such tables has two that share theirs."""
    return int.from_bytes(hashlib.blake2b(path.encode(), digest_size=8).digest(), "little")


def _foreign(path: Path, what: str, header: Sequence[str]) -> InputError:
    return InputError(
        f"{path} is no table to go on with: it {what}",
        f"a table with the columns {', '.join(header)[:200]}, as this run writes it",
        "Name another --csv file, or the run that began this one",
    )
