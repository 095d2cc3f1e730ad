"""The ONNX graph: valid, free in its sizes, written once. That its numbers are right: test_against_keras.py."""

import numpy as np
import onnx
import onnxruntime
import pytest

from core.backbone.architecture import FEATURE_MAP, IMAGE
from core.backbone.arrays import digest_of
from core.backbone.graph import base_graph, base_nodes, cached_base, to_model
from core.backbone.provenance import Provenance, Weights
from tests.backbone.weight_files import random_weights


def weights(seed: int) -> Weights:
    arrays = random_weights(seed)
    return Weights(arrays, Provenance("user file", "nowhere", digest_of(arrays), "0" * 64, "random numbers"))


def run(model: onnx.ModelProto, images: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    outputs: list[np.ndarray] = session.run(None, {IMAGE: images})
    return outputs


def test_graph_passes_the_checker_of_onnx() -> None:
    onnx.checker.check_model(base_graph(random_weights()), full_check=True)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 96), (150, 161), (224, 64)])
def test_any_size_gives_a_map_a_32nd_as_large_rounded_up(height: int, width: int) -> None:
    (features,) = run(base_graph(random_weights()), np.zeros((3, height, width, 3), np.float32))
    assert features.shape == (3, -(-height // 32), -(-width // 32), 1280)


def test_an_image_does_not_depend_on_its_neighbours() -> None:
    images = np.random.default_rng(1).uniform(0, 255, (4, 64, 64, 3)).astype(np.float32)
    model = base_graph(random_weights())
    (together,) = run(model, images)
    (alone,) = run(model, images[2:3])
    np.testing.assert_allclose(together[2:3], alone, atol=1e-4)


def test_a_head_can_be_appended() -> None:
    nodes, initializers = base_nodes(random_weights())
    nodes.append(onnx.helper.make_node("ReduceMean", [FEATURE_MAP], ["features"], axes=[1, 2], keepdims=0))
    model = to_model(nodes, initializers, [("features", ["N", 1280]), (FEATURE_MAP, ["N", "h", "w", 1280])])
    onnx.checker.check_model(model, full_check=True)
    features, feature_map = run(model, np.full((2, 64, 64, 3), 80, np.float32))
    np.testing.assert_allclose(features, feature_map.mean((1, 2)), atol=1e-5)


def test_names_leave_room_for_a_head() -> None:
    nodes, initializers = base_nodes(random_weights())
    names = {name for node in nodes for name in [*node.input, *node.output]} | {tensor.name for tensor in initializers}
    assert {name for name in names if not name.startswith("base/")} == {IMAGE, FEATURE_MAP}


def test_cached_base_is_written_once_and_for_its_weights_only() -> None:
    path = cached_base(weights(0))
    written = path.stat().st_mtime_ns
    assert onnx.load(path) == base_graph(random_weights(0))
    assert cached_base(weights(0)) == path
    assert path.stat().st_mtime_ns == written
    assert cached_base(weights(1)) != path
    assert {file.suffix for file in path.parent.iterdir()} == {".onnx"}


@pytest.mark.parametrize("damage", ["cut", "flipped", "a folder in its place"])
def test_a_damaged_base_is_written_again(damage: str) -> None:
    path = cached_base(weights(0))
    content = path.read_bytes()
    match damage:
        case "cut":
            path.write_bytes(content[:-1])
        case "flipped":
            path.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])
        case _:
            path.unlink()
            path.with_name(path.name.replace("onnx", "x.onnx")).mkdir()
    again = cached_base(weights(0))
    assert again.read_bytes() == content
