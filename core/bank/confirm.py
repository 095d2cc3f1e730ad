"""Predictions put to the test: real runs with the same seed, each with what was predicted for it."""

import uuid
from collections.abc import Mapping

from core.augmentation import AugmentationConfig
from core.bank.predict import Prediction
from core.config import Settings
from core.datasets import Dataset
from core.errors import PawlabError
from core.evaluation.experiment import Experiment, experiments
from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig
from core.runs.start import start_run
from core.storage.files import write_json
from core.storage.models import load_model

GROUP = "confirmation-"
FILE = "predicted.json"
WITHOUT = "no augmentation"


class Predicted(Settings):
    """`predicted.json` in a run's folder: the expected difference from the run without augmentation, -1..1, with its
    95% interval, and the number of training images that it was predicted from."""

    difference: float
    low: float
    high: float
    num_images: int


def start_confirmation(
    data: Dataset,
    config: TrainingConfig,
    policies: Mapping[str, tuple[AugmentationConfig, Prediction]],
    num_images: int,
) -> Experiment:
    """Creates a run without copies and one with each of the settings in `policies`, by their names, and puts them into
    the queue.

    Args:
        config: Settings of all; it has one copy or more.
        num_images: That the predictions were made from.

    Raises:
        PawlabError: As `create_run` and `start_run`; runs created before the failure stay and can be started by hand.
    """
    group = GROUP + uuid.uuid4().hex[:12]
    runs = [create_run(data, config.changed(copies=0), f"Confirm, {WITHOUT}", group=group)]
    for name, (augmentation, prediction) in policies.items():
        run = create_run(data, config.changed(augmentation=augmentation), f"Confirm, {name}", group=group)
        change = prediction.change
        predicted = Predicted(difference=change.difference, low=change.low, high=change.high, num_images=num_images)
        try:
            write_json(run.directory / FILE, predicted.model_dump())
        except OSError as error:
            raise PawlabError(f"The folder of the run {run.id} cannot be written: {error.strerror}") from error
        runs.append(run)
    for run in runs:
        start_run(run)
    return Experiment(tuple(runs))


def confirmations(runs: list[Run]) -> list[Experiment]:
    """Those among `runs`, the newest first."""
    return experiments(runs, GROUP)


def predicted(run: Run) -> Predicted:
    """What was predicted for a run of `start_confirmation`. Raises OSError or ValueError: it is gone or broken."""
    return load_model(run.directory / FILE, Predicted)
