"""The numbers that a user chooses for a run, which say where it stops deciding: each is a small file in the run's
folder, used wherever the run predicts (`core.runs.limits`)."""

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import ConfigError, PawlabError
from core.runs.run import Run
from core.storage.files import write_json
from core.storage.models import load_model

LEVELS = (0.9, 0.95, 0.99)
"""Of the sets of classes (`core.runs.sets`)."""
MAX_REJECTION = 0.5


@dataclass(frozen=True)
class Choice:
    """One number.

    Attributes:
        name: Of the file's only field.
        words: What messages call it.
        default: Where nothing was chosen, or the file is broken.
        allowed: The values that it may have, in words.
        fits: Whether it may have a value; False for NaN.
    """

    file: str
    name: str
    words: str
    default: float
    allowed: str
    fits: Callable[[float], bool]

    def of(self, run: Run) -> float:
        """What was chosen for a run."""
        try:
            value = load_model(run.directory / self.file, dict[str, float])[self.name]
        except (OSError, ValueError, KeyError):
            return self.default
        return value if self.fits(value) else self.default

    def keep(self, run: Run, value: float) -> None:
        """Keeps the number with the run.

        Raises:
            ConfigError: It may not have this value.
            PawlabError: The run's folder cannot be written.
        """
        if not self.fits(value):
            raise ConfigError(f"Received {value} for {self.words}", self.allowed)
        try:
            write_json(run.directory / self.file, {self.name: value})
        except OSError as error:
            where = f"{self.words[:1].upper()}{self.words[1:]} cannot be saved in {run.directory}"
            raise PawlabError(f"{where}: {error.strerror}") from error


def _between(low: float, high: float) -> Callable[[float], bool]:
    return lambda value: low <= value <= high


THRESHOLD = Choice("threshold.json", "threshold", "the threshold", 0.0, "0 to 1", _between(0, 1))
"""The probability below which a prediction is "unsure"; at 0 every image gets a prediction."""
REJECTION = Choice(
    "unlike.json",
    "rejection",
    "the share that may be called unlike",
    0.01,
    f"0 to {MAX_REJECTION:g}",
    _between(0, MAX_REJECTION),
)
"""The share of images like the training images that may be called unlike them."""
LEVEL = Choice("sets.json", "level", "the level of the sets", LEVELS[0], "0.9, 0.95 or 0.99", LEVELS.__contains__)
"""The probability with which the true class is in an image's set."""
