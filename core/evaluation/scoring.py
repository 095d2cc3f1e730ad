"""The model's predictions for labelled images, computed once and kept with the run.

`predictions/` in the run's folder holds one .npz for each set of images, named by the model's and the images' content:
the same images elsewhere, or under another label, are not computed again. The CRC-32 of each array is in the file; what
is damaged or forged is computed again.
"""

import hashlib
import io
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageError
from core.inference.classifier import Classifier
from core.jobs.progress import Progress, silent
from core.runs.run import Run
from core.storage.files import sha256_file, write_atomic
from core.storage.npz import load_npz

VERSION = 1  # increase it with every change of the predictions
FOLDER = "predictions"
MOST_KEPT = 8  # sets of images; the one computed longest ago goes first

Table = NDArray[np.float64]


def probabilities_of(run: Run, files: Mapping[str, Path], progress: Progress = silent) -> dict[str, Table]:
    """The probabilities of each image by its digest, float64 (classes,), 0..1, without images that no longer decode.

    Args:
        run: A run with a model.
        files: The image of each digest, the hexadecimal SHA-256 of its bytes.
        progress: Told of the phase "classify", in images, unless the result is kept. What it raises stops the work.

    Raises:
        RunError: The run has no model.
    """
    digests = sorted(files)
    kept = run.directory / FOLDER / f"{_key(run, digests)}.npz"
    classes = len(run.summary()["classes"])
    table = _load(kept, digests, classes)
    if table is None:
        progress("classify", 0, len(digests))
        rows: list[NDArray[np.float32]] = []
        classifier = Classifier.open(run)
        with closing(classifier.classify_all(files[digest] for digest in digests)) as predictions:
            for prediction in predictions:
                if isinstance(prediction, ImageError):
                    rows.append(np.full(classes, np.nan, np.float32))
                else:
                    rows.append(np.array(list(prediction.probabilities.values()), np.float32))
                progress("classify", len(rows), len(digests))
        table = np.stack(rows)
        if not np.isnan(table).any():  # a file that comes back is not to be missed
            _store(kept, digests, table)
    known = table.astype(np.float64)
    if classes == 2:
        known[:, 0] = 1 - known[:, 1]  # in float32 the complement of a small probability is 1: a tie with others
    return {digest: row for digest, row in zip(digests, known, strict=True) if not np.isnan(row).any()}


def _key(run: Run, digests: Iterable[str]) -> str:
    content = f"{VERSION} {sha256_file(run.model_file())} {' '.join(digests)}"
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def _store(kept: Path, digests: list[str], table: NDArray[np.float32]) -> None:
    content = io.BytesIO()
    np.savez(content, digests=_as_array(digests), probabilities=table)
    with suppress(OSError):  # a full disk or a folder that cannot be written costs the next look, not this one
        kept.parent.mkdir(exist_ok=True)
        write_atomic(kept, content.getvalue())
        newest_first = sorted(kept.parent.glob("*.npz"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
        for file in newest_first[MOST_KEPT:]:
            file.unlink(missing_ok=True)


def _load(kept: Path, digests: list[str], classes: int) -> NDArray[np.float32] | None:
    """What is kept of exactly these images; None where that is nothing."""
    try:
        images, table = load_npz(kept, "digests", "probabilities")
    except (OSError, ValueError, KeyError):
        return None
    sound = (
        images.dtype == np.uint8
        and np.array_equal(images, _as_array(digests))
        and table.dtype == np.float32
        and table.shape == (len(digests), classes)
        and bool((table >= 0).all() and (table <= 1).all() and (np.abs(table.sum(axis=1) - 1) < 1e-3).all())
    )
    return table if sound else None


def _as_array(digests: list[str]) -> NDArray[np.uint8]:
    """uint8 (images, 32)."""
    return np.frombuffer(bytes.fromhex("".join(digests)), np.uint8).reshape(len(digests), -1)
