"""The confidence threshold that was chosen for a run: kept in its folder, used wherever the run answers."""

from core.errors import ConfigError, PawlabError
from core.files import read_json, write_json
from core.training.runs import Run

ALWAYS = 0.0  # every picture gets an answer


def chosen_threshold(run: Run) -> float:
    """Below this probability, 0..1, the run's answer is "unsure"; `ALWAYS` where nothing was chosen, or what was is
    unreadable."""
    try:
        value = float(read_json(run.directory / "threshold.json")["threshold"])
    except (OSError, ValueError, KeyError, TypeError):
        return ALWAYS
    return value if ALWAYS <= value <= 1 else ALWAYS


def choose_threshold(run: Run, threshold: float) -> None:
    """Keeps the threshold with the run.

    Raises:
        ConfigError: It is outside 0..1.
        PawlabError: The run's folder cannot be written.
    """
    if not ALWAYS <= threshold <= 1:
        raise ConfigError(f"Received {threshold} for the threshold", "0 to 1")
    try:
        write_json(run.directory / "threshold.json", {"threshold": threshold})
    except OSError as error:
        raise PawlabError(f"The threshold of the run {run.id} cannot be kept: {error.strerror}") from error
