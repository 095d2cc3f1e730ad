"""Keras' numbering of the layers, and the cut below those that are fine-tuned. Keras is the oracle."""

from typing import Any

import numpy as np
import onnxruntime
import pytest

from core.backbone.architecture import BLOCKS, IMAGE
from core.backbone.graph import base_graph
from core.backbone.keras_layers import (
    LAYERS_OF_BLOCKS,
    MOST_LAYERS,
    NUM_LAYERS,
    frozen_blocks,
    map_shape,
    unfrozen,
)
from tests.backbone.test_against_keras import keras_base, set_arrays
from tests.backbone.weight_files import real_weights

# of Keras reading its own variables under NumPy 2
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDE = 75  # odd at every stride


@pytest.fixture(scope="module")
def base() -> Any:
    model = keras_base(SIDE, SIDE)
    set_arrays(model, dict(real_weights().arrays))
    return model


def test_the_names_are_those_of_keras_in_its_order(base: Any) -> None:
    names = [layer.name for layer in base.layers]
    assert len(names) == NUM_LAYERS
    assert [name for block in LAYERS_OF_BLOCKS for name in block] == names[1:]
    for layers in (3, 20, 54, MOST_LAYERS):
        assert list(unfrozen(layers)) == names[-layers:]


def test_the_cut_is_below_the_first_unfrozen_layer_and_no_block_lower_than_it_must_be() -> None:
    for layers in range(1, MOST_LAYERS + 1):
        blocks = frozen_blocks(layers)
        below = {name for block in LAYERS_OF_BLOCKS[:blocks] for name in block}
        assert blocks >= 1
        assert not below & set(unfrozen(layers))
        assert set(LAYERS_OF_BLOCKS[blocks]) & set(unfrozen(layers))


@pytest.mark.parametrize("blocks", [1, 2, 8, 15, 18, len(BLOCKS)])
def test_the_first_blocks_give_what_keras_has_there(base: Any, blocks: int) -> None:
    import keras

    images = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.float32)
    part = keras.Model(base.input, base.get_layer(LAYERS_OF_BLOCKS[blocks - 1][-1]).output)
    theirs = np.asarray(part(images / 127.5 - 1, training=False))
    session = onnxruntime.InferenceSession(base_graph(dict(real_weights().arrays), blocks).SerializeToString())
    (ours,) = session.run(None, {IMAGE: images})
    assert ours.shape[1:] == map_shape(blocks, SIDE)
    assert np.ptp(ours) > 1
    np.testing.assert_allclose(ours, theirs, atol=1e-3)
