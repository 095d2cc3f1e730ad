"""Advice as a whole: the command's JSON, the same twice, chance, a shortcut first, a stop that leaves nothing."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.advice.actions import Action, ranked
from core.advice.advice import Advice, advise
from core.advice.comparison import compare, compare_features
from core.advice.material import Material
from core.cli import console
from core.cli.main import app
from core.datasets import Dataset, open_dataset
from core.errors import Cancelled
from core.runs.run import Run

ACTIONS = {"relabel", "more_images", "image_size", "nothing"}


@pytest.fixture
def advised(trained: Run, ready_home: Path, drawn: Path) -> Advice:
    return advise(open_dataset(drawn), trained)


def test_the_command_prints_what_the_issue_asks_for(
    trained: Run, ready_home: Path, drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(trained.directory, ready_home / "runs" / trained.id)
    command = ["advise", str(drawn), "--run", trained.id]

    def printed() -> dict[str, Any]:
        assert console.run(app, [*command, "--json"]) == 0
        values: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert values.pop("seconds") >= 0
        return values

    first = printed()
    assert console.run(app, command) == 0
    assert "Learning curve" in capsys.readouterr().out
    for file in (ready_home / "cache" / "advice").glob("*.json"):
        file.unlink()
    assert printed() == first
    assert (first["image_size"], first["images"]) == (96, 56)
    for error in first["label_errors"]:
        assert {"path", "label", "suggested", "score"} <= set(error) and error["label"] != error["suggested"]
    scores = [error["score"] for error in first["label_errors"]]
    assert scores == sorted(scores, reverse=True)
    sizes = [point["images"] for point in first["learning_curve"]]
    assert sizes == sorted(sizes) and all({"accuracy", "low", "high"} <= set(p) for p in first["learning_curve"])
    assert first["at_twice"]["images"] == 80 and first["class_weights"] is None
    assert isinstance(first["groups"], list) and len(first["shortcuts"]) == 8
    for action in first["actions"]:
        assert action["action"] in ACTIONS and {"what", "images", "expected", "low", "high", "cost"} <= set(action)


def test_what_is_cached_is_the_same(advised: Advice, trained: Run, drawn: Path) -> None:
    def refuse(phase: str, done: int, total: int) -> None:
        raise AssertionError(phase)

    assert advise(open_dataset(drawn), trained, progress=refuse) == advised


def test_shuffled_labels_are_chance(trained: Run, ready_home: Path, drawn: Path) -> None:
    dataset = open_dataset(drawn)
    mixed = np.random.default_rng(1).permutation([record.label for record in dataset.records]).tolist()
    records = tuple(replace(record, label=label) for record, label in zip(dataset.records, mixed, strict=True))
    advice = advise(replace(dataset, records=records), trained)
    assert advice.is_chance and advice.label_errors == () and advice.groups == ()
    assert [action.action for action in advice.actions] == ["nothing"]
    assert not any(shortcut.warning for shortcut in advice.shortcuts)


def test_a_shortcut_comes_before_everything(
    opened: dict[str, tuple[Dataset, Material]], home_with_features: Path, trained: Run
) -> None:
    advice = advise(opened["shortcut"][0], replace(trained, config=trained.config.changed(crop="center")))
    assert advice.actions[0].action == "more_images" and advice.actions[0].expected is None
    assert "border" in advice.actions[0].what and advice.actions[0].images


def test_a_stop_leaves_no_advice(trained: Run, ready_home: Path, drawn: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if phase == "learning curve":
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        advise(open_dataset(drawn), trained, progress=stop)
    assert list((ready_home / "cache" / "advice").glob("*.json")) == []


def test_nothing_will_help_is_said_with_what_more_images_would_add() -> None:
    more = Action("more_images", "Take 2,000 more", "", (), 0.001, 0.0, 0.002)
    larger = Action("image_size", "Train with 224 pixels", "", (), 0.004, -0.002, 0.01)
    first, *rest = ranked([more, larger])
    assert first.action == "nothing" and "at most 0.2 points" in first.why
    assert rest == [larger, more]
    helping = replace(larger, expected=0.012, low=0.004, helps=True)
    assert ranked([more, helping])[0] == helping


def test_what_was_measured_is_ranked_by_its_change_and_what_nobody_can_know_comes_last() -> None:
    worse, same, unknown = (Action("image_size", "", "", expected=change) for change in (-0.003, 0.0, None))
    assert ranked([unknown, worse, same])[1:] == (same, worse, unknown)


def test_a_setting_is_compared_with_itself_and_with_noise(opened: dict[str, tuple[Dataset, Material]]) -> None:
    _, sample = opened["sample"]
    same = compare_features(sample.rows, sample.rows, sample, repeats=2)
    assert same.difference == 0 and same.low < 0 < same.high and not same.real
    noise = np.random.default_rng(0).normal(0, 0.06, sample.rows.shape).astype(np.float32)
    worse = compare_features(sample.rows, noise, sample, repeats=2)
    assert worse.real and worse.high < 0


def test_a_fold_without_an_image_to_judge_is_left_out(opened: dict[str, tuple[Dataset, Material]]) -> None:
    """As where nearly all images were left out of the newer run."""
    _, sample = opened["sample"]
    judged = np.arange(len(sample)) < 2
    difference = compare(lambda _, own: sample.labels[own], lambda _, own: 0 * own, sample, 3, judged=judged)
    assert difference.images == 2 and 3 <= len(difference.each) <= 6
    assert np.isfinite([difference.first, difference.low, difference.high]).all()
