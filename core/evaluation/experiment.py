"""The classic experiment: the same settings, pictures and seed, with and without augmented copies.

The two runs carry one group in their config.json, so that they are found again after a reload, in another browser and
after a restart of the server.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ConfigError
from core.training.jobs import start_run
from core.training.labels import NAME_CHARACTERS, clean
from core.training.recipe import TrainingConfig
from core.training.runs import Run, create_run

GROUP = "augmentation-"
WITH, WITHOUT = ", augmented", ", not augmented"


@dataclass(frozen=True)
class Pair:
    """The two runs of one experiment; equal but for their name and their copies."""

    without: Run
    augmented: Run


def start_pair(source: str, config: TrainingConfig, name: str = "") -> Pair:
    """Creates both runs and puts them into the queue, the one without copies first.

    Args:
        config: Its `copies` are those of the run with augmentation.
        name: Of the experiment.

    Raises:
        ConfigError: These settings augment nothing, so that both runs would be the same.
        PawlabError: As `create_run` and `start_run`; what was created by then stays and can be started by hand.
    """
    if not config.copies:
        raise ConfigError("Received 0 for copies", "1 or more, for the run with augmentation")
    if config.augmentation.identity:
        raise ConfigError(
            "Received an augmentation that changes nothing", "at least one change", "Switch one on: page Augmentation"
        )
    group = GROUP + uuid.uuid4().hex[:12]
    stem = clean(name)[: NAME_CHARACTERS - len(WITHOUT)].rstrip() or "Experiment"
    without = create_run(source, config.changed(copies=0), stem + WITHOUT, group=group)
    augmented = create_run(source, config, stem + WITH, group=group)
    for run in (without, augmented):
        start_run(run)
    return Pair(without, augmented)


def pairs(runs: Sequence[Run]) -> list[Pair]:
    """The experiments among `runs` of which both runs are there, the newest first."""
    groups: dict[str, list[Run]] = {}
    for run in runs:
        if run.group.startswith(GROUP):
            groups.setdefault(run.group, []).append(run)
    found = []
    for members in groups.values():
        without = [run for run in members if not run.config.copies]
        augmented = [run for run in members if run.config.copies]
        if len(without) == len(augmented) == 1:
            found.append(Pair(without[0], augmented[0]))
    return sorted(found, key=lambda pair: pair.augmented.created, reverse=True)
