"""A collection is a dataset like any other: opened by its folder and by its name, by functions and commands."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from core.datasets import Edits, open_dataset
from core.datasets.collect.bursts import burst_of
from core.datasets.collect.store import rename_collection
from core.datasets.source import BY_NAME, resolve_source, typed_dataset
from core.datasets.trainable import check_trainable
from core.errors import DatasetError
from core.jobs.process import PROJECT
from tests.datasets.collect.pictures import filled, picture


def test_a_name_is_the_collection_unless_something_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    collection = filled({"cats": []}, "my pets")
    source = resolve_source("my pets")
    assert source == resolve_source(collection.root) == resolve_source(source.text)
    assert (source.kind, source.name, source.title, source.may_change) == ("folder", "my pets", "my pets", True)
    assert resolve_source(BY_NAME + "my pets").path == source.path
    assert typed_dataset(" 'my pets' ") == collection.root
    assert resolve_source(Path("my pets")).path == tmp_path / "my pets"
    (tmp_path / "my pets").mkdir()
    assert resolve_source("my pets").path == tmp_path / "my pets"
    assert typed_dataset("my pets") == Path("my pets")
    filled({"cats": []}, "sample")
    assert resolve_source("sample").kind == "sample"


def test_a_burst_is_on_one_side_and_what_was_removed_is_on_none() -> None:
    collection = filled({"cats": [4, 5, 3], "dogs": [2, 6]})
    gone = collection.classes()[0].images[0]
    collection.remove([gone])
    dataset = open_dataset(resolve_source("pets"))
    assert dataset.classes == ("cats", "dogs")
    assert len(dataset.records) == 19 and gone not in {record.path for record in dataset.records}
    sides: dict[str, set[str]] = defaultdict(set)
    for record in dataset.records:
        sides[burst_of(record.path)].add(record.split)
    assert len(sides) == 5 and all(len(splits) == 1 for splits in sides.values())
    assert all(dataset.counts()["validation"].values())
    check_trainable(dataset)


def test_classes_with_one_burst_say_what_to_do() -> None:
    filled({"cats": [4], "dogs": [4]})
    with pytest.raises(DatasetError, match="Record each class a second time, from another side") as raised:
        check_trainable(open_dataset("pets"))
    assert raised.value.received == "pets has no image to validate on: each class has one burst, which no split parts"


def test_a_class_called_train_and_a_single_class_are_not_taken_for_something_else() -> None:
    filled({"train": [2, 2], "cats": [2, 2]}, "odd")
    assert open_dataset("odd").classes == ("cats", "train")
    filled({"cats": [2, 2]}, "one")
    with pytest.raises(DatasetError, match="fewer than two classes"):
        open_dataset("one")


def test_edits_go_with_a_collection_that_is_renamed() -> None:
    filled({"cats": [1, 1], "dogs": [1, 1]})
    dataset = open_dataset("pets")
    Edits.load(dataset).exclude(dataset.records[:1])
    rename_collection("pets", "animals")
    assert [record.excluded for record in open_dataset("animals").records].count(True) == 1


def test_commands_take_a_name(tmp_path: Path) -> None:
    collection = filled({"cats": [2, 2], "dogs": [2, 2]})
    collection.add("dogs", picture(0), "20261129-223510-a1b2c3")  # a cat by another hand
    done = subprocess.run(
        [sys.executable, "-m", "core", "scan", "pets", "--json"], cwd=PROJECT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert result["classes"] == ["cats", "dogs"]
    assert len(result["label_conflicts"]) == 1
