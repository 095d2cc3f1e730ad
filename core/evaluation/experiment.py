"""Which augmentation helps? The same settings, images and seed, without augmented copies and with different ones.

All runs of an experiment store the same group in their config.json, so it survives reloads, other browsers and server
restarts. They share the features of the original images: after the first run each passes only its own copies.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.augmentation import PRESETS, AugmentationConfig, strength_of
from core.datasets import Dataset
from core.errors import ConfigError
from core.evaluation.compare_runs import Comparison, Validated, compare
from core.evaluation.words import points_interval
from core.runs.names import NAME_CHARACTERS
from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig
from core.runs.start import start_run
from core.text.lines import one_line

GROUP = "augmentation-"
WITH, WITHOUT = "augmented", "not augmented"
NONE, MINE = "none", "mine"


@dataclass(frozen=True)
class Experiment:
    """The runs of one experiment, identical except for their names, copies and augmentation.

    Attributes:
        runs: Two or more. The first, without copies, is the one that the others are compared with.
    """

    runs: tuple[Run, ...]

    @property
    def created(self) -> float:
        """When its last run was created, in seconds since 1970."""
        return max(run.created for run in self.runs)


def start_pair(data: str | Dataset, config: TrainingConfig, name: str = "") -> Experiment:
    """The classic experiment: creates a run without copies and one with them, and puts them into the queue.

    Args:
        data: As `create_run` takes it.
        config: Settings of both; `copies` applies to the run with augmentation.
        name: Of the experiment.

    Raises:
        ConfigError: These settings augment nothing, so both runs would be the same.
        PawlabError: As `create_run` and `start_run`; runs created before the failure stay and can be started by hand.
    """
    if config.augmentation.identity:
        raise ConfigError(
            "Received an augmentation that changes nothing", "at least one change", "Switch one on: page Augmentation"
        )
    _check_copies(config)
    return _start(data, {WITHOUT: config.changed(copies=0), WITH: config}, name or "Experiment")


def start_strengths(data: str | Dataset, config: TrainingConfig, name: str = "") -> Experiment:
    """Creates a run of each of `strengths(config)` and puts them into the queue. Arguments and errors as `start_pair`,
    but settings that change nothing are only left out."""
    _check_copies(config)
    return _start(data, strengths(config), name or "Strengths")


def strengths(config: TrainingConfig) -> dict[str, TrainingConfig]:
    """The settings to compare, by their names: no copies, each preset, and the augmentation of `config` itself where it
    is none of them."""
    augmentations = {strength: preset for strength, preset in PRESETS.items() if not preset.identity}
    if not config.augmentation.identity and strength_of(config.augmentation) is None:
        augmentations[MINE] = config.augmentation
    return {
        NONE: config.changed(copies=0),
        **{strength: config.changed(augmentation=augmentation) for strength, augmentation in augmentations.items()},
    }


def strength_in(run: Run) -> str:
    """The name of a run's augmentation in `strengths`."""
    return (strength_of(run.config.augmentation) or MINE) if run.config.copies else NONE


def experiments(runs: Sequence[Run], prefix: str = GROUP) -> list[Experiment]:
    """The experiments among `runs`, the newest first: those whose run without copies exists, and one more. `prefix` is
    what their groups begin with."""
    groups: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: run.created):
        if run.group.startswith(prefix):
            groups.setdefault(run.group, []).append(run)
    complete = []
    for members in groups.values():
        without = [run for run in members if not run.config.copies]
        augmented = [run for run in members if run.config.copies]
        if len(without) == 1 and augmented:
            complete.append(Experiment((without[0], *augmented)))
    return sorted(complete, key=lambda experiment: experiment.created, reverse=True)


def compare_with_first(validated: Sequence[Validated]) -> list[Comparison]:
    """Each but the first compared with the first. The intervals are so wide that all hold together with 95% confidence
    (Bonferroni)."""
    first, *others = validated
    return [compare(first, other, 1 - 0.05 / len(others)) for other in others]


def verdict(names: Sequence[str], comparisons: Sequence[Comparison]) -> str:
    """Which is best, by how much, and whether that is more than chance, in one or two sentences.

    Args:
        names: Of the augmentations that are compared with none, one for each comparison.
    """
    best = max(range(len(names)), key=lambda place: comparisons[place].difference)
    name, result = names[best].capitalize(), comparisons[best]
    interval = f"{100 * result.confidence:.3g}% CI {points_interval(result.low, result.high)}"
    if result.difference <= 0:
        worse = "None of them is more accurate than no augmentation"
        return f"{worse}: {result.first.value:.1%}. {name} comes closest with {result.second.value:.1%} ({interval})."
    points = f"{100 * result.difference:.1f} points better than no augmentation ({interval})"
    chance = "more than chance explains" if result.significant else "which chance alone can explain"
    return f"{name} is best with {result.second.value:.1%} accuracy: {points}, {chance}."


def better_settings(experiment: Experiment, comparisons: Sequence[Comparison]) -> AugmentationConfig | None:
    """Those of the run that is best by more than chance; None where no run is."""
    significant = [
        (result.difference, run.config.augmentation)
        for run, result in zip(experiment.runs[1:], comparisons, strict=True)
        if result.significant and result.difference > 0
    ]
    return max(significant, key=lambda pair: pair[0])[1] if significant else None


def _check_copies(config: TrainingConfig) -> None:
    if not config.copies:
        raise ConfigError("Received 0 for copies", "1 or more, for the run with augmentation")


def _start(data: str | Dataset, configs: Mapping[str, TrainingConfig], name: str) -> Experiment:
    group = GROUP + uuid.uuid4().hex[:12]
    stem = one_line(name, NAME_CHARACTERS - max(map(len, configs)) - 2) or "Experiment"
    runs = tuple(create_run(data, config, f"{stem}, {each}", group=group) for each, config in configs.items())
    for run in runs:
        start_run(run)
    return Experiment(runs)
