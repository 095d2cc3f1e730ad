"""Frames of a live camera: answered as photos are, bounded, by the model that is there now."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from core.backbone.architecture import IMAGE
from core.errors import ImageError, PawlabError, RunError
from core.inference.classifier import Classifier
from core.inference.live import MAX_PROBABILITIES, LiveModels
from core.runs.choices import THRESHOLD
from core.runs.limits import limits_of
from core.runs.run import Run, load_run
from core.storage.files import read_json, write_json
from tests.drawing import image_bytes

CLASSES = 25


@pytest.fixture
def run(trained: Run, tmp_path: Path) -> Run:
    return load_run(Path(shutil.copytree(trained.directory, tmp_path / "run")))


def many_classes(run: Run) -> None:
    """Makes it a run of `CLASSES` classes whose model says class 24 of everything, then 23 and so on."""
    weights = helper.make_tensor("bias", TensorProto.FLOAT, [1, CLASSES], np.arange(CLASSES) / 5)
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [3, CLASSES], np.zeros(3 * CLASSES))
    nodes = [
        helper.make_node("ReduceMean", [IMAGE], ["colour"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["colour", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    image = helper.make_tensor_value_info(IMAGE, TensorProto.FLOAT, [None, None, None, 3])
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, CLASSES])
    graph = helper.make_graph(nodes, "many", [image], [output], [weights, zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (run.directory / "model.onnx").write_bytes(model.SerializeToString())
    summary = read_json(run.directory / "run.json")
    write_json(run.directory / "run.json", {**summary, "classes": [str(number) for number in range(CLASSES)]})


def test_a_frame_gets_the_prediction_that_a_photo_gets(run: Run) -> None:
    frame = image_bytes(3, (320, 240))
    expected = Classifier.open(run).classify(frame)
    prediction = LiveModels().prediction(run, frame)
    assert (prediction["label"], prediction["confidence"]) == (expected.label, expected.confidence)
    assert dict(prediction["probabilities"]) == expected.probabilities
    limits = limits_of(run, Classifier.open(run).neighbours)
    assert (prediction["distance"], prediction["cut"]) == (expected.distance, limits.cut)
    assert prediction["unlike"] == expected.is_unlike(limits)
    assert limits.sets is not None
    assert (prediction["level"], prediction["cutoff"]) == (limits.sets.level, limits.sets.cutoff)


def test_of_many_classes_the_most_probable_are_told_in_order(run: Run) -> None:
    many_classes(run)
    onnx.checker.check_model(str(run.directory / "model.onnx"))
    prediction = LiveModels().prediction(run, image_bytes())
    assert [name for name, _ in prediction["probabilities"]] == [str(24 - place) for place in range(MAX_PROBABILITIES)]
    assert prediction["label"] == "24"


def test_the_runs_own_threshold_is_told_as_it_is_now(run: Run) -> None:
    models = LiveModels()
    assert models.prediction(run, image_bytes())["threshold"] == 0
    THRESHOLD.keep(run, 0.8)
    assert models.prediction(run, image_bytes())["threshold"] == 0.8


def test_a_image_with_more_pixels_than_any_camera_sends_is_refused(run: Run) -> None:
    with pytest.raises(ImageError, match="2500x2000"):
        LiveModels().prediction(run, image_bytes(size=(2500, 2000)))


def test_a_model_is_opened_once_and_anew_when_it_has_changed(run: Run) -> None:
    models = LiveModels()
    first = models.classifier(run)
    assert models.classifier(run) is first
    many_classes(run)
    assert len(models.classifier(run).classes) == CLASSES


def test_few_models_are_kept(run: Run, trained: Run) -> None:
    models = LiveModels(limit=1)
    first = models.classifier(run)
    models.classifier(trained)
    assert models.classifier(run) is not first


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_a_model_that_is_gone_or_broken_is_an_error_of_ours(run: Run, content: bytes | None) -> None:
    models = LiveModels()
    models.classifier(run)
    model = run.directory / "model.onnx"
    if content is None:
        model.unlink()
    else:
        model.write_bytes(content)
    with pytest.raises(PawlabError, match="model"):
        models.prediction(run, image_bytes())


def test_a_model_that_takes_something_else_is_an_error_of_ours(run: Run) -> None:
    node = helper.make_node("Identity", ["x"], ["probabilities"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "probabilities")]
    model = helper.make_model(
        helper.make_graph([node], "other", ends[:1], ends[1:]),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    (run.directory / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(RunError, match="fails"):
        LiveModels().classifier(run)
