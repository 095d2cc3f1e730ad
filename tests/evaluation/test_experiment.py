"""Experiments: what their runs share, that they are found again, and what is concluded from them."""

import numpy as np
import pytest

from core.augmentation import AugmentationConfig
from core.augmentation import preset as augmentation_preset
from core.errors import ConfigError
from core.evaluation import experiment
from core.evaluation.compare_runs import Validated
from core.evaluation.experiment import (
    Experiment,
    better_settings,
    compare_with_first,
    experiments,
    start_pair,
    start_strengths,
    strength_in,
    verdict,
)
from core.evaluation.predictions import Predictions
from core.runs.names import NAME_CHARACTERS
from core.runs.queue import enqueue, waiting
from core.runs.run import create_run
from core.runs.settings import TrainingConfig, preset
from core.runs.store import drop_run, list_runs
from core.storage.files import write_json

FAST = preset("fast").changed(copies=3, seed=5, epochs=2)


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is real; only its first run is not started, since it would train for a minute."""
    monkeypatch.setattr(experiment, "start_run", enqueue)


def test_the_two_runs_are_equal_but_for_their_copies_and_wait_one_after_the_other() -> None:
    without, augmented = start_pair("sample", FAST, "mine *x*").runs
    assert augmented.config == FAST
    assert without.config == FAST.changed(copies=0)
    assert augmented.source == without.source == "sample"
    assert [run.id for run in waiting()] == [without.id, augmented.id]
    assert augmented.name == "mine *x*, augmented"
    assert without.name == "mine *x*, not augmented"


@pytest.mark.parametrize(
    ("augmentation", "names"),
    [
        (AugmentationConfig(hue_range=5), ["none", "gentle", "notebook", "strong", "mine"]),
        (augmentation_preset("strong"), ["none", "gentle", "notebook", "strong"]),
        (augmentation_preset("none"), ["none", "gentle", "notebook", "strong"]),
    ],
)
def test_strengths_differ_in_their_augmentation_alone_and_none_comes_twice(
    augmentation: AugmentationConfig, names: list[str]
) -> None:
    config = FAST.changed(augmentation=augmentation)
    runs = start_strengths("sample", config, "y" * 200).runs
    assert [strength_in(run) for run in runs] == names
    assert [run.id for run in waiting()] == [run.id for run in runs]
    assert {run.config.changed(copies=3, augmentation=augmentation) for run in runs} == {config}
    assert [run.config.copies for run in runs] == [0] + [3] * (len(names) - 1)
    assert all(run.name.endswith(f", {name}") for run, name in zip(runs, names, strict=True))
    assert experiments(list_runs().runs) == [Experiment(runs)]
    drop_run(runs[2])
    assert experiments(list_runs().runs) == [Experiment((*runs[:2], *runs[3:]))]


def test_it_is_found_again_on_the_disk_under_any_name_the_newest_first() -> None:
    first, second = start_pair("sample", FAST), start_pair("sample", FAST, "y" * 200)
    create_run("sample", FAST)
    first.runs[0].rename("other", "")
    found = experiments(list_runs().runs)
    assert [[run.id for run in experiment.runs] for experiment in found] == [
        [run.id for run in experiment.runs] for experiment in (second, first)
    ]
    assert len(second.runs[0].name) <= NAME_CHARACTERS
    drop_run(second.runs[1])
    assert [experiment.runs[1].id for experiment in experiments(list_runs().runs)] == [first.runs[1].id]


def validated(correct: int) -> Validated:
    """Of 200 images, of which the first `correct` are classified correctly."""
    probabilities = np.zeros((200, 2))
    probabilities[:correct, 0] = probabilities[correct:, 1] = 1
    return Validated(Predictions(("a", "b"), np.zeros(200, np.int64), probabilities), tuple(range(200)), 0.0)


@pytest.mark.parametrize(
    ("correct", "expected", "better"),
    [
        (
            [150, 155, 190, 189],
            "Notebook is best with 95.0% accuracy: 20.0 points better than no augmentation",
            "notebook",
        ),
        ([150, 151, 149, 150], "which chance alone can explain", None),
        ([150, 140, 149, 120], "None of them is more accurate than no augmentation: 75.0%. Notebook comes", None),
        ([150, 150, 149, 120], "None of them is more accurate", None),
    ],
)
def test_the_verdict_names_the_best_and_says_whether_it_is_chance(
    correct: list[int], expected: str, better: str | None
) -> None:
    comparisons = compare_with_first([validated(number) for number in correct])
    assert all(result.confidence == pytest.approx(1 - 0.05 / 3) for result in comparisons)
    assert expected in verdict(["gentle", "notebook", "strong"], comparisons)
    settings = better_settings(start_strengths("sample", FAST), comparisons)
    assert settings == (augmentation_preset(better) if better else None)


@pytest.mark.parametrize("group", ["augmentation-1", 7, None, ["x"], "x" * 10**5])
def test_a_strangers_group_makes_no_pair_and_no_trouble(group: object) -> None:
    run = create_run("sample", FAST)
    config = {"name": "x", "source": "sample", "created": 1.0, "settings": FAST.model_dump(mode="json"), "group": group}
    write_json(run.directory / "config.json", config)
    assert experiments(list_runs().runs) == []


def test_what_would_be_no_experiment_is_refused_and_leaves_no_run() -> None:
    still = TrainingConfig().augmentation.changed(
        rotation_range=0, width_shift_range=0, height_shift_range=0, shear_range=0, zoom_range=0
    )
    for config in (FAST.changed(copies=0), FAST.changed(augmentation=still)):
        with pytest.raises(ConfigError):
            start_pair("sample", config)
    with pytest.raises(ConfigError):
        start_strengths("sample", FAST.changed(copies=0))
    assert list_runs().runs == []
