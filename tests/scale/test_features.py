"""Features as parts are those of the feature pass, bit for bit; what is no image has a reason."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from core.augmentation import preset
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.graph import cached_base
from core.backbone.weights import resolve_weights
from core.cli import console
from core.cli.main import app
from core.datasets import open_dataset
from core.scale.blocks import Item
from core.scale.features import FeatureKernel
from core.storage.parts import PartsFolder
from tests.drawing import image_bytes, write_images


@pytest.mark.parametrize(
    "plan",
    [
        FeaturePlan(64, "average", 2, preset("strong"), 3, crop="center"),
        FeaturePlan(48, "flatten", 0, preset("strong"), 0, crop="squeeze"),
    ],
    ids=["average with copies", "flatten"],
)
def test_rows_are_those_of_the_feature_pass(ready_home: Path, tmp_path: Path, plan: FeaturePlan) -> None:
    dataset = open_dataset(write_images(tmp_path / "pets", {"train/a": 6, "train/b": 5, "validation/a": 1}))
    weights = resolve_weights()
    base = cached_base(weights)
    array = extract_features(dataset, "train", plan, base, weights.provenance.digest)
    expected = array.read(np.arange(array.rows)).dense()
    array.close()
    kernel = FeatureKernel(base.read_bytes(), weights.provenance.digest, plan)
    records = dataset.usable("train")
    items = [Item(record.path, str(dataset.file(record))) for record in records]
    table = pa.concat_tables(kernel.read_rows(items[at : at + 4]) for at in range(0, len(items), 4))
    assert np.array_equal(np.array(table["feature"].to_pylist(), np.float32), expected)
    assert table["digest"].to_pylist() == [record.digest for record in records for _ in range(1 + plan.copies)]
    assert table["copy"].to_pylist() == [*range(1 + plan.copies)] * len(records)


def test_the_command_writes_parts_and_says_what_is_no_image(
    ready_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pets = write_images(tmp_path / "pets", {"train/a": 3, "train/b": 3, "validation/a": 1})
    (pets / "train" / "a" / "torn.jpg").write_bytes(image_bytes()[:200])
    arguments = ["features", str(pets), str(tmp_path / "out"), "--image-size", "32", "--json"]
    assert console.run(app, arguments) == 1
    outcome = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (outcome["images"], outcome["failed"]) == (8, 1)
    folder = PartsFolder(str(tmp_path / "out"))
    rows = [row for key in folder.part_keys() for row in folder.read(key).to_pylist()]
    (torn,) = (row for row in rows if row["path"] == "train/a/torn.jpg")
    assert torn["reason"] and torn["digest"] and torn["feature"] is None
    assert {(row["split"], row["label"]) for row in rows} == {("train", "a"), ("train", "b"), ("validation", "a")}
    assert console.run(app, [*arguments, "--resume"]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["new"] == 0
