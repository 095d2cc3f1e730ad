"""Training on parts is training on the images: the same history and model, without them too."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.augmentation import AugmentationConfig
from core.backbone.feature_parts import take_features
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.cli import console
from core.cli.main import app
from core.datasets import open_dataset
from core.datasets.source import FEATURES
from core.errors import DatasetError
from core.storage.files import write_json
from tests.drawing import write_images


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = console.run(app, [*arguments, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    summary: dict[str, Any] = json.loads(out.splitlines()[-1])
    return summary


def epochs_of(summary: dict[str, Any]) -> list[dict[str, Any]]:
    lines = (Path(summary["directory"]) / "events.jsonl").read_text().splitlines()
    events = [event for event in map(json.loads, lines) if event["event"] in ("batch", "epoch")]
    return [{key: value for key, value in event.items() if key not in ("time", "seconds")} for event in events]


def test_the_history_is_that_of_a_pass_here(
    ready_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pets = write_images(tmp_path / "pets", {"a": 12, "b": 12})
    (pets / "a" / "bad.jpg").write_bytes(b"no image")
    out = tmp_path / "out"
    options = ["--image-size", "32", "--crop", "center", "--copies", "1"]
    assert console.run(app, ["features", str(pets), str(out), *options]) == 1
    capsys.readouterr()
    write_json(tmp_path / "more.json", {"epochs": 3, "units": 8, "batch_size": 8})
    more = ["--settings", str(tmp_path / "more.json")]
    here = run(capsys, "train", "--data", str(pets), "--preset", "fast", *options, *more)
    for place in (ready_home / "cache" / "features").iterdir():
        place.rename(tmp_path / place.name)  # so that nothing but the parts can be trained on
    pets.rename(tmp_path / "gone")
    there = run(capsys, "train", "--features", str(out), *more)
    assert epochs_of(there) == epochs_of(here)
    assert there["fingerprint"] == here["fingerprint"]
    models = [np.load(Path(one["directory"]) / "validation.npz")["probabilities"] for one in (here, there)]
    assert np.array_equal(*models)


def test_features_are_only_taken_for_the_settings_they_have(
    ready_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pets = write_images(tmp_path / "pets", {"train/a": 3, "train/b": 3, "validation/a": 2})
    out = str(tmp_path / "out")
    assert console.run(app, ["features", str(pets), out, "--image-size", "32", "--pooling", "flatten"]) == 0
    dataset, weights = open_dataset(FEATURES + out), resolve_weights()
    digest = weights.provenance.digest
    right = FeaturePlan(32, "flatten", 0, AugmentationConfig(), 0, crop="squeeze")
    for wrong, word in (
        (FeaturePlan(64, "flatten", 0, AugmentationConfig(), 0, crop="squeeze"), "image_size"),
        (FeaturePlan(32, "flatten", 0, AugmentationConfig(), 0, crop="center"), "crop"),
        (FeaturePlan(32, "flatten", 1, AugmentationConfig(), 0, crop="squeeze"), "copies"),
    ):
        with pytest.raises(DatasetError, match=word):
            take_features(out, dataset, {"train": wrong}, digest)
    with pytest.raises(DatasetError, match="weights"):
        take_features(out, dataset, {"train": right}, "0" * 64)
    take_features(out, dataset, {"train": right, "validation": right}, digest)
    pets.rename(tmp_path / "gone")
    array = extract_features(dataset, "validation", right, cached_base(weights), digest)
    assert array.rows == 2
    array.close()


def test_unfinished_features_are_refused(ready_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    pets = write_images(tmp_path / "pets", {"train/a": 3, "train/b": 3, "validation/a": 2})
    assert console.run(app, ["features", str(pets), str(out), "--image-size", "32"]) == 0
    capsys.readouterr()
    next(out.glob("*.parquet")).unlink()
    assert console.run(app, ["train", "--features", str(out)]) == 2
    assert "--resume" in capsys.readouterr().err
