"""What was saved opens elsewhere as it was: images, splits, edits, settings, and a run that predicts the same."""

from pathlib import Path

import pytest

from core.augmentation.settings import AugmentationConfig
from core.augmentation.store import Store
from core.datasets import open_dataset
from core.datasets.collect.store import collections, open_collection
from core.datasets.edits.edits import Edits
from core.datasets.edits.sidecar import read_actions
from core.evaluation.robustness import training_dataset
from core.export.bundle import Bundle
from core.export.files import write_zip
from core.export.kept import BUNDLE, export_key
from core.inference.classifier import Classifier
from core.project.opening import open_project
from core.project.placing import free_name
from core.project.saving import save_project
from core.runs.run import Run
from tests.cli.calling import core
from tests.drawing import image_bytes
from tests.export.making import write_bundle
from tests.project.making import small_project
from tests.trained import at_home, copied

WIDE = AugmentationConfig.create({"rotation_range": 30})


@pytest.fixture(scope="module")
def saved(trained: Run, drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A project of the drawn images with edits, saved settings and the finished run, and the dataset's fingerprint."""
    place = tmp_path_factory.mktemp("project")
    with at_home(place / "home"):
        dataset = open_dataset(drawn)
        edits = Edits.load(dataset, author="a session")
        edits.exclude(dataset.usable("train")[:2])
        edits.relabel(dataset.usable("train")[3:4], "dogs")
        edits.exclude(dataset.usable("train")[5:6])
        edits.undo()
        Store().save("wide", WIDE)
        run = copied(trained, place / "home").rename("my pets", "a note")
        write_bundle(run, place / "bundle", place / "scratch")
        write_zip(place / "bundle", run.directory / BUNDLE.file)
        size = (run.directory / BUNDLE.file).stat().st_size
        BUNDLE.note(run, export_key(run), Bundle("", size, (), 16, "", 0, None, "not asked", None, "not asked"))
        first = save_project(dataset, place / "pets.zip", [run])
        save_project(dataset, place / "again.zip", [run, run])
    assert (place / "again.zip").read_bytes() == (place / "pets.zip").read_bytes()
    assert b"a session" not in (place / "pets.zip").read_bytes()
    return place / "pets.zip", first.fingerprint


def test_a_project_opens_with_its_splits_and_edits(saved: tuple[Path, str], drawn: Path) -> None:
    opened = open_project(saved[0])
    dataset = open_dataset(opened.source)
    assert (opened.is_collection, opened.is_same, dataset.fingerprint) == (False, True, saved[1])
    assert [record.split for record in dataset.records] == [record.split for record in open_dataset(drawn).records]
    actions, undone = read_actions(dataset.root)
    assert (len(actions), len(undone)) == (2, 1)
    assert dataset.counts()["train"] == {"cats": 17, "dogs": 21}


def test_its_run_is_one_of_this_dataset_and_predicts_the_same(saved: tuple[Path, str], trained: Run) -> None:
    opened = open_project(saved[0])
    (run,) = opened.runs
    images = [image_bytes(seed, (200 + 7 * seed, 150)) for seed in range(8)]
    assert list(Classifier.open(run).classify_all(images)) == list(Classifier.open(trained).classify_all(images))
    assert (run.name, run.note, run.source, run.status()) == ("my pets", "a note", opened.source, "finished")
    assert training_dataset(run).fingerprint == trained.summary()["fingerprint"]


def test_what_has_the_name_already_stays(saved: tuple[Path, str]) -> None:
    Store().save("wide", AugmentationConfig())
    first, second = open_project(saved[0]), open_project(saved[0])
    assert (first.name, second.name) == ("pets", "pets 2")
    assert [run.name for run in (*first.runs, *second.runs)] == ["my pets", "my pets 2"]
    assert (first.settings, second.settings) == (("wide 2",), ())
    assert (Store().open("wide"), Store().open("wide 2")) == (AugmentationConfig(), WIDE)
    assert open_dataset(first.source).fingerprint == open_dataset(second.source).fingerprint


def test_a_collection_stays_one_with_its_bursts(tmp_path: Path) -> None:
    with at_home(tmp_path / "there"):
        project = small_project(tmp_path / "pets.zip")
        before, unedited = open_dataset("pets"), open_dataset("pets", edits=False)
    opened = open_project(project, "Rex / Mia")
    dataset = open_dataset(opened.name)
    assert opened.is_collection
    assert open_dataset(project).fingerprint == unedited.fingerprint
    assert collections() == (opened.name,)
    assert dataset.fingerprint == before.fingerprint
    cards = open_collection(opened.name).classes()
    assert [(card.label, card.num_images, card.num_bursts) for card in cards] == [("dogs", 4, 2), ("cats", 4, 2)]


def test_classes_in_names_of_files_are_found_again(tmp_path: Path) -> None:
    for seed, label in enumerate(("cat", "dog") * 3):
        (tmp_path / "pets").mkdir(exist_ok=True)
        (tmp_path / "pets" / f"{label}.{seed}.jpg").write_bytes(image_bytes(seed))
    dataset = open_dataset(f"by-name:{tmp_path / 'pets'}")
    save_project(dataset, tmp_path / "pets.zip")
    opened = open_project(tmp_path / "pets.zip")
    assert open_dataset(opened.source).fingerprint == dataset.fingerprint
    assert not opened.is_collection


def test_names_are_free_in_any_case_and_within_their_length() -> None:
    assert free_name("Pets", ["pets", "PETS 2"], 60) == "Pets 3"
    assert free_name("x" * 60, ["x" * 60], 60) == "x" * 58 + " 2"


def test_the_commands_save_and_open(tmp_path: Path) -> None:
    with at_home(tmp_path / "there"):
        small_project(tmp_path / "first.zip")
        saved = core("project", "save", tmp_path / "pets.zip", "--data", "pets", "--json").result
        core("project", "save", tmp_path / "pets.zip", "--data", "pets", code=2)
        assert (tmp_path / "pets.zip").read_bytes() == (tmp_path / "first.zip").read_bytes()
    opened = core("project", "open", tmp_path / "pets.zip", "--json").result
    assert (saved["images"], opened["images"], opened["name"], opened["is_collection"]) == (8, 8, "pets", True)
    assert core("scan", "pets", "--json").result["fingerprint"] == saved["fingerprint"]
    assert core("project", "open", tmp_path / "pets.zip", "--json").result["name"] == "pets 2"
