"""Sets with a guarantee: the classes that an image may show, so that the true one is among them with a chosen
probability, the level. For an image that the model cannot decide the set has several classes.

Split conformal prediction (Papadopoulos et al. 2002; Angelopoulos and Bates, "A gentle introduction to conformal
prediction and distribution-free uncertainty quantification", arXiv 2107.07511) by the probability of the true class:
Sadinle, Lei and Wasserman, "Least ambiguous set-valued classifiers with bounded error levels" (Journal of the American
Statistical Association 114, 2019), whose sets are the smallest on average. A class belongs to the set if its
probability reaches that of the true class in all but the lowest of the validation images.

Three limits. The guarantee is one over all images of the validation images' kind: not for each class by itself, and
not for other kinds of images. The validation images also chose the best epoch, so it is approximate; coverage on a test
split measures it. And where no class reaches the cutoff, the set would be empty: the most probable class stands there,
which can only add coverage. A good model therefore covers more than the level.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray

from core.errors import PawlabError
from core.runs.feature_plan import copies_of
from core.runs.run import Run
from core.runs.validation import VALIDATION, validation_predictions
from core.storage.files import stamp_of


@dataclass(frozen=True)
class PredictionSets:
    """When a class belongs to an image's set: its probability is `cutoff`, 0..1, or more, or it is the most probable
    one. The true class is in the set with a probability of at least `level`, 0..1."""

    level: float
    cutoff: float

    def members(self, probabilities: NDArray[np.floating]) -> NDArray[np.bool_]:
        """bool (images, classes), of probabilities (images, classes): at least one True in each row."""
        inside = probabilities >= self.cutoff
        inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
        return inside


def cutoff_of(true_probabilities: NDArray[np.floating], level: float) -> float | None:
    """The least probability with which a class belongs to a set; None where the images are too few for the level.

    Of n images the true class of the one with rank ceil((n + 1) level), most probable first: a new image of the same
    kind falls at each of the n + 1 places between them with the same probability. So n must be at least
    level / (1 - level): 9 images for 90%, 19 for 95%, 99 for 99%.

    Args:
        true_probabilities: (images,), the probability of each image's true class.
        level: Above 0, below 1.
    """
    number = len(true_probabilities)
    rank = ceil((number + 1) * level - 1e-9)
    return float(np.sort(true_probabilities)[number - rank]) if rank <= number else None


def sets_at(run: Run, level: float) -> PredictionSets | None:
    """The sets of a run at a level; None where its validation images are too few, or cannot be read."""
    try:
        cutoff = cutoff_of(_true_probabilities(run, stamp_of(run.directory / VALIDATION)), level)
    except PawlabError:  # the run predicts all the same; who shows its validation images says what is wrong
        return None
    return None if cutoff is None else PredictionSets(level, cutoff)


def calibration_images(run: Run) -> int:
    """Validation images that set the cutoff, without augmented copies. Raises `RunError` where they cannot be read."""
    return len(_true_probabilities(run, stamp_of(run.directory / VALIDATION)))


@lru_cache(8)
def _true_probabilities(run: Run, stamp: tuple[int, ...]) -> NDArray[np.float64]:
    """Of the images themselves, without augmented copies: a new image is none."""
    labels, probabilities = validation_predictions(run)
    own = probabilities[np.arange(len(labels)), labels]
    return own[:: 1 + copies_of(run.config, "validation")]
