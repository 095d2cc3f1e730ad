"""Where a run stops deciding: the confidence threshold, the distance beyond which an image is unlike the training
images (`core.backbone.neighbours`), and the level of its sets (`core.runs.sets`). All are kept in the run's folder and
used wherever it predicts."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import Field

from core.backbone.neighbours import NEVER, Neighbours, load_neighbours
from core.config import Settings
from core.errors import ConfigError, PawlabError, RunError
from core.runs.run import NEIGHBOURS, Run
from core.runs.sets import PredictionSets, chosen_level, sets_at
from core.runs.threshold import ALWAYS, chosen_threshold
from core.storage.files import stamp_of, write_json
from core.storage.models import load_model

BASE = "base.onnx"
"""Of a fine-tuned run, whose own base has changed: the frozen base that the features of its reference set are of."""
CHOSEN = "unlike.json"
REJECTION = 0.01
"""The share of images like the training images that may be called unlike them, unless another was chosen."""
MOST = 0.5


class _Stored(Settings):
    rejection: float = Field(ge=0, le=MOST)


@dataclass(frozen=True)
class Limits:
    """`threshold`, 0..1: below this confidence a prediction is unsure. `cut`, 0..`NEVER`: beyond this distance an image
    is unlike the training images. `sets` gives the classes that an image may show; None where no set is promised."""

    threshold: float = ALWAYS
    cut: float = NEVER
    sets: PredictionSets | None = None


def limits_of(run: Run, neighbours: Neighbours | None) -> Limits:
    """Those in use for a run with this reference set; without one, no image is unlike."""
    cut = neighbours.cut(chosen_rejection(run)) if neighbours else NEVER
    return Limits(chosen_threshold(run), cut, sets_at(run, chosen_level(run)))


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


def chosen_rejection(run: Run) -> float:
    """The share, 0..`MOST`, that was chosen for a run; `REJECTION` where none can be read."""
    try:
        return load_model(run.directory / CHOSEN, _Stored).rejection
    except (OSError, ValueError):
        return REJECTION


def choose_rejection(run: Run, rejection: float) -> None:
    """Keeps the share with the run.

    Raises:
        ConfigError: It is outside 0..`MOST`.
        PawlabError: The run's folder cannot be written.
    """
    if not 0 <= rejection <= MOST:
        raise ConfigError(f"Received {rejection} for the share that may be called unlike", f"0 to {MOST:g}")
    try:
        write_json(run.directory / CHOSEN, {"rejection": rejection})
    except OSError as error:
        raise PawlabError(f"The cut cannot be saved in {run.directory}: {error.strerror}") from error
