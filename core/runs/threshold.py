"""The confidence threshold that was chosen for a run: kept in its folder, used wherever the run predicts."""

from pydantic import Field

from core.config import Settings
from core.errors import ConfigError, PawlabError
from core.runs.run import Run
from core.storage.files import write_json
from core.storage.models import load_model

ALWAYS = 0.0  # every image gets a prediction
FILE = "threshold.json"


class _Stored(Settings):
    threshold: float = Field(ge=ALWAYS, le=1)


def chosen_threshold(run: Run) -> float:
    """The probability, 0..1, below which a prediction is "unsure"; `ALWAYS` where none can be read."""
    try:
        return load_model(run.directory / FILE, _Stored).threshold
    except (OSError, ValueError):
        return ALWAYS


def choose_threshold(run: Run, threshold: float) -> None:
    """Keeps the threshold with the run.

    Raises:
        ConfigError: It is outside 0..1.
        PawlabError: The run's folder cannot be written.
    """
    if not ALWAYS <= threshold <= 1:
        raise ConfigError(f"Received {threshold} for the threshold", "0 to 1")
    try:
        write_json(run.directory / FILE, {"threshold": threshold})
    except OSError as error:
        raise PawlabError(f"The threshold cannot be saved in {run.directory}: {error.strerror}") from error
