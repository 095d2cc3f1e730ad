"""The reference set of real runs: made when they are saved or later, of the frozen base, and never in the way."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from core.backbone.architecture import FEATURE_MAP, IMAGE
from core.backbone.features import extract_features
from core.backbone.graph import cached_base
from core.backbone.neighbours import K, averaged, load_neighbours
from core.backbone.session import open_session
from core.backbone.weights import resolve_weights
from core.cli import console
from core.cli.main import app
from core.datasets import open_dataset
from core.errors import Cancelled, ConfigError, DatasetError
from core.evaluation.unlike import add_neighbours, basis_in_words, cut_at, separation
from core.images.decode import load_image
from core.inference.classifier import Classifier
from core.runs.choices import REJECTION
from core.runs.feature_plan import feature_plan
from core.runs.limits import limits_of
from core.runs.run import NEIGHBOURS, Run, load_run
from core.training.reference_set import make_neighbours
from tests.drawing import encode, image_bytes


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return load_run(Path(shutil.copytree(trained.directory, tmp_path / "run")))


def files_of(drawn: Path, split: str) -> list[Path]:
    return sorted((drawn / split).glob("*/*"))


def test_each_training_image_is_its_own_nearest_neighbour_with_its_label_and_digest(trained: Run, drawn: Path) -> None:
    classifier = Classifier.open(trained)
    neighbours, dataset = classifier.neighbours, open_dataset(str(drawn))
    assert neighbours is not None
    records = dataset.usable("train")
    assert len(neighbours.labels) == len(records) == 40
    for record in records[::7]:
        feature = classifier.features(load_image(dataset.file(record), trained.config.image_size)[np.newaxis])[0]
        row, distance = neighbours.nearest(feature, 1)[0]
        assert distance < 1e-3
        assert dataset.classes[neighbours.labels[row]] == record.label
        assert record.digest.startswith(neighbours.images[row].tobytes().hex())


def test_a_prediction_has_the_distance_of_its_own_features(trained: Run, drawn: Path) -> None:
    classifier = Classifier.open(trained)
    assert classifier.neighbours is not None
    for file in files_of(drawn, "validation")[:5]:
        image = load_image(file, trained.config.image_size)
        cosines = classifier.neighbours.features @ classifier.features(image[np.newaxis])[0]
        assert classifier.classify(file).distance == pytest.approx(1 - np.sort(cosines)[-K], abs=1e-6)


def test_validation_images_pass_and_a_blank_one_does_not(trained: Run, drawn: Path) -> None:
    classifier = Classifier.open(trained)
    limits = limits_of(trained, classifier.neighbours)
    assert sum(classifier.classify(file).is_unlike(limits) for file in files_of(drawn, "validation")) <= 2
    assert classifier.classify(encode(Image.new("RGB", (90, 60), "grey"))).is_unlike(limits)
    assert classifier.neighbours is not None
    assert "too few" in basis_in_words(classifier.neighbours)


def test_a_fine_tuned_run_compares_features_of_the_frozen_base(
    trained: Run, tuned: Run, drawn: Path, tmp_path: Path
) -> None:
    """Whatever its own base has become: here each weight of a layer is half as large again."""
    run = load_run(Path(shutil.copytree(tuned.directory, tmp_path / "run")))
    model = onnx.load(run.model_file())
    kernel = next(array for array in model.graph.initializer if array.name.startswith("base/block_16") and array.dims)
    kernel.CopyFrom(onnx.numpy_helper.from_array(1.5 * onnx.numpy_helper.to_array(kernel), kernel.name))
    onnx.save(model, run.model_file())
    first, second = Classifier.open(trained), Classifier.open(run)
    for file in files_of(drawn, "validation")[:4]:
        assert second.classify(file).distance == pytest.approx(first.classify(file).distance, abs=1e-5)
    image = load_image(files_of(drawn, "validation")[0], run.config.image_size)[np.newaxis]
    (own,) = open_session(run.model_file(), 1).run([FEATURE_MAP], {IMAGE: image.astype(np.float32)})
    assert np.abs(averaged(own) - second.features(image)).max() > 1e-3


def test_an_old_run_gets_the_same_reference_set_later(run: Run, ready_home: Path) -> None:
    file = run.directory / NEIGHBOURS
    at_the_end = load_neighbours(file, 2)
    file.unlink()
    classifier = Classifier.open(run)
    prediction = classifier.classify(image_bytes())
    assert (prediction.distance, classifier.neighbours) == (None, None)
    assert "the command unlike" in classifier.without_distance
    phases: list[tuple[str, int, int]] = []
    later = add_neighbours(run, lambda *step: phases.append(step))
    assert ("features", 56, 56) in phases  # 40 + 16, none of them cached in this home
    assert later.features == pytest.approx(at_the_end.features, abs=1e-3)
    assert (later.images == at_the_end.images).all() and (later.labels == at_the_end.labels).all()
    assert later.held_out == pytest.approx(at_the_end.held_out, abs=1e-4)
    assert Classifier.open(run).classify(image_bytes()).distance is not None


def test_stopped_or_without_its_images_nothing_is_kept(run: Run, drawn: Path, ready_home: Path, tmp_path: Path) -> None:
    (run.directory / NEIGHBOURS).unlink()

    def stop(phase: str, done: int, total: int) -> None:
        if phase == "features" and done:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        add_neighbours(run, stop)
    with pytest.raises(DatasetError):
        add_neighbours(replace(run, source=str(tmp_path / "gone")))
    assert not (run.directory / NEIGHBOURS).exists()


def test_whole_feature_maps_that_are_cached_are_averaged_and_no_image_passes_again(
    trained: Run, drawn: Path, ready_home: Path
) -> None:
    dataset, weights, config = open_dataset(str(drawn)), resolve_weights(), trained.config.changed(pooling="flatten")
    base, digest = cached_base(weights), weights.provenance.digest
    for split in ("train", "validation"):
        extract_features(dataset, split, feature_plan(config, split), base, digest).close()
    steps: list[int] = []
    flat = make_neighbours(dataset, config, base, digest, lambda phase, done, total: steps.append(total))
    assert set(steps) == {0}
    kept = load_neighbours(trained.directory / NEIGHBOURS, 2)
    assert flat.features == pytest.approx(kept.features, abs=1e-3)
    assert (flat.images == kept.images).all()


@pytest.mark.parametrize("content", [b"", b"not a zip", "cut"])
def test_a_broken_file_is_said_and_the_model_predicts_all_the_same(run: Run, content: Any) -> None:
    good = Classifier.open(run).classify(image_bytes())
    file = run.directory / NEIGHBOURS
    file.write_bytes(file.read_bytes()[:-2000] if content == "cut" else content)
    classifier = Classifier.open(run)
    assert "neighbours.npz is broken" in classifier.without_distance
    assert classifier.classify(image_bytes()) == replace(good, distance=None)
    assert limits_of(run, classifier.neighbours).cut == 2


def test_the_share_is_kept_with_the_run_and_moves_the_cut(run: Run) -> None:
    neighbours = Classifier.open(run).neighbours
    assert neighbours is not None
    assert REJECTION.of(run) == 0.01
    REJECTION.keep(run, 0.2)
    assert limits_of(run, neighbours).cut == neighbours.cut(0.2) < neighbours.cut(0.01)
    with pytest.raises(ConfigError):
        REJECTION.keep(run, 0.6)
    (run.directory / "unlike.json").write_text('{"rejection": NaN}')
    assert REJECTION.of(run) == 0.01


def test_the_command_shows_the_cut_keeps_another_and_measures_on_a_folder(
    run: Run, drawn: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: object) -> str:
        assert console.run(app, ["unlike", str(run.directory), *map(str, arguments)]) == 0
        return capsys.readouterr().out

    assert "too few" in said() and REJECTION.of(run) == 0.01
    result = json.loads(said("--reject", 0.1, "--on", drawn / "validation", "--json").splitlines()[-1])
    neighbours = Classifier.open(run).neighbours
    assert neighbours is not None
    assert (REJECTION.of(run), result["cut"]) == (0.1, neighbours.cut(0.1))
    assert result["others"] == {**result["validation"], "images": 16}  # the same images
    assert result["roc_area"] == pytest.approx(0.5, abs=0.01)
    assert console.run(app, ["unlike", str(run.directory), "--reject", "0.7"]) == 2


def test_what_a_cut_does_is_counted(trained: Run) -> None:
    neighbours = Classifier.open(trained).neighbours
    assert neighbours is not None
    others = np.array([0.0, 0.9, 1.0, 1.0], np.float32)
    cut = cut_at(neighbours, 0.2, others)
    assert cut.others.value == 0.75
    assert cut.validation.value == (neighbours.validation > cut.distance).mean()
    assert separation(neighbours, others) == 0.75
