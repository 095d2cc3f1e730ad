"""Where a run stops deciding: the confidence threshold, the distance beyond which an image is unlike the training
images (`core.backbone.neighbours`), and the level of its sets (`core.runs.sets`). All are kept in the run's folder and
used wherever it predicts."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from core.backbone.neighbours import NEVER, Neighbours, load_neighbours
from core.errors import RunError
from core.runs.choices import LEVEL, REJECTION, THRESHOLD
from core.runs.run import NEIGHBOURS, Run
from core.runs.sets import PredictionSets, sets_at
from core.storage.files import stamp_of

BASE = "base.onnx"
"""Of a fine-tuned run, whose own base has changed: the frozen base that the features of its reference set are of."""


@dataclass(frozen=True)
class Limits:
    """`threshold`, 0..1: below this confidence a prediction is unsure. `cut`, 0..`NEVER`: beyond this distance an image
    is unlike the training images. `sets` gives the classes that an image may show; None where no set is promised."""

    threshold: float = THRESHOLD.default
    cut: float = NEVER
    sets: PredictionSets | None = None


def limits_of(run: Run, neighbours: Neighbours | None) -> Limits:
    """Those in use for a run with this reference set; without one, no image is unlike."""
    cut = neighbours.cut(REJECTION.of(run)) if neighbours else NEVER
    return Limits(THRESHOLD.of(run), cut, sets_at(run, LEVEL.of(run)))


def has_neighbours(run: Run) -> bool:
    """Whether the run has a reference set, whole or not; runs from before version 0.2 have none."""
    return (run.directory / NEIGHBOURS).is_file()


def neighbours_of(run: Run) -> Neighbours:
    """The reference set of a run, read once and shared.

    Raises:
        RunError: It has none, or the file is broken.
    """
    file = run.directory / NEIGHBOURS
    try:
        return _load(file, stamp_of(file), len(run.summary()["classes"]))
    except FileNotFoundError:
        raise RunError(
            f"“{run.name}” cannot say how unlike an image is: it has no {NEIGHBOURS}",
            "a run of version 0.2 or later, or one to which it was added",
            "Add it with the button on the Evaluate page, or the command unlike",
        ) from None
    except (OSError, KeyError, ValueError) as error:
        raise RunError(
            f"“{run.name}” cannot say how unlike an image is: {NEIGHBOURS} is broken ({error})",
            f"{NEIGHBOURS} as Pawlab wrote it",
            "Delete the file, and make it again with the command unlike",
        ) from error


@lru_cache(4)
def _load(file: Path, stamp: tuple[int, ...], classes: int) -> Neighbours:
    return load_neighbours(file, classes)


def frozen_base(run: Run) -> Path | None:
    """The base whose features are compared, where that is not the one in the run's model.

    Raises:
        RunError: It is gone.
    """
    if not run.fine_tuning:
        return None
    file = run.directory / BASE
    if not file.is_file():
        raise RunError(
            f"“{run.name}” cannot say how unlike an image is: {BASE} is gone",
            "the frozen base beside the fine-tuned model",
            f"Delete {NEIGHBOURS}, and make both again with the command unlike",
        )
    return file
