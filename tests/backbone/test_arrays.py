"""The digest that tells two sets of weights apart, and what is accepted as weights."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.backbone.architecture import CONVOLUTIONS, WEIGHT_SHAPES
from core.backbone.arrays import digest_of, validated
from core.errors import InputError
from tests.backbone.weight_files import random_weights
from tests.examples import FEW


def test_the_network_has_its_published_size() -> None:
    assert len(CONVOLUTIONS) == 52
    assert len(WEIGHT_SHAPES) == 260
    # "Total params" of Keras' summary of MobileNetV2 without its top
    assert sum(int(np.prod(shape)) for shape in WEIGHT_SHAPES.values()) == 2_257_984


def test_digest_does_not_depend_on_order_or_memory_layout() -> None:
    arrays = random_weights()
    other = {name: np.asfortranarray(arrays[name]).astype(">f4") for name in reversed(arrays)}
    assert digest_of(other) == digest_of(arrays)


@FEW
@given(name=st.sampled_from(sorted(WEIGHT_SHAPES)), data=st.data())
def test_digest_sees_a_single_changed_value(name: str, data: st.DataObject) -> None:
    arrays = random_weights()
    before = digest_of(arrays)
    index = data.draw(st.integers(0, arrays[name].size - 1))
    flat = arrays[name].reshape(-1)
    flat[index] = np.nextafter(flat[index], np.float32(np.inf))
    assert digest_of(arrays) != before


def test_digest_sees_two_arrays_that_changed_places() -> None:
    arrays = random_weights()
    before = digest_of(arrays)
    arrays["bn_Conv1/gamma"], arrays["bn_Conv1/beta"] = arrays["bn_Conv1/beta"], arrays["bn_Conv1/gamma"]
    assert digest_of(arrays) != before


def test_validated_arrays_leave_extras_out_and_cannot_be_written() -> None:
    arrays = validated({"predictions/kernel": np.zeros((1280, 1000), np.float32), **random_weights()})
    assert list(arrays) == list(WEIGHT_SHAPES)
    with pytest.raises(ValueError, match="read-only"):
        arrays["Conv1/kernel"][0] = 0


@FEW
@given(name=st.sampled_from(sorted(WEIGHT_SHAPES)))
def test_every_weight_is_needed(name: str) -> None:
    arrays = random_weights()
    del arrays[name]
    with pytest.raises(InputError, match=f"{name} is missing"):
        validated(arrays)
