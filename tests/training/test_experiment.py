"""The classic experiment: what its two runs share, and that it is found again."""

import pytest

from core.errors import ConfigError
from core.files import write_json
from core.training import experiment
from core.training.experiment import pairs, start_pair
from core.training.labels import NAME_CHARACTERS
from core.training.queue import enqueue, waiting
from core.training.recipe import TrainingConfig, preset
from core.training.runs import create_run
from core.training.shelf import drop_run, list_runs

FAST = preset("fast").changed(copies=3, seed=5, epochs=2)


@pytest.fixture(autouse=True)
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is real; only its first run is not started, since it would train for a minute."""
    monkeypatch.setattr(experiment, "start_run", enqueue)


def test_the_two_runs_are_equal_but_for_their_copies_and_wait_one_after_the_other() -> None:
    pair = start_pair("sample", FAST, "mine *x*")
    assert pair.augmented.config == FAST
    assert pair.without.config == FAST.changed(copies=0)
    assert pair.augmented.source == pair.without.source == "sample"
    assert [run.id for run in waiting()] == [pair.without.id, pair.augmented.id]
    assert pair.augmented.name == "mine *x*, augmented"
    assert pair.without.name == "mine *x*, not augmented"


def test_it_is_found_again_on_the_disk_under_any_name_the_newest_first() -> None:
    first, second = start_pair("sample", FAST), start_pair("sample", FAST, "y" * 200)
    create_run("sample", FAST)
    first.without.rename("other", "")
    found = pairs(list_runs().runs)
    assert [(pair.without.id, pair.augmented.id) for pair in found] == [
        (pair.without.id, pair.augmented.id) for pair in (second, first)
    ]
    assert len(second.without.name) <= NAME_CHARACTERS
    drop_run(second.augmented)
    assert [pair.without.id for pair in pairs(list_runs().runs)] == [first.without.id]


@pytest.mark.parametrize("group", ["augmentation-1", 7, None, ["x"], "x" * 10**5])
def test_a_strangers_group_makes_no_pair_and_no_trouble(group: object) -> None:
    run = create_run("sample", FAST)
    asked = {"name": "x", "source": "sample", "created": 1.0, "settings": FAST.model_dump(mode="json"), "group": group}
    write_json(run.directory / "config.json", asked)
    assert pairs(list_runs().runs) == []


def test_what_would_be_no_experiment_is_refused_and_leaves_no_run() -> None:
    still = TrainingConfig().augmentation.changed(
        rotation_range=0, width_shift_range=0, height_shift_range=0, shear_range=0, zoom_range=0
    )
    for config in (FAST.changed(copies=0), FAST.changed(augmentation=still)):
        with pytest.raises(ConfigError):
            start_pair("sample", config)
    assert list_runs().runs == []
