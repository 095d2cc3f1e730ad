"""The pipeline as a whole: any settings on any image, the order of its steps, and its life in a server."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.augmentation import AugmentationConfig, Drawn, apply, augment, describe, preset
from core.augmentation.geometry import filled_share
from core.jobs.process import PROJECT
from tests.augmentation.images import (
    DIGEST,
    EVERYTHING,
    FILL_MODES,
    NOTHING,
    configs,
    later_changes,
    random_image,
    sides,
)
from tests.examples import FEW


@given(config=configs, height=sides, width=sides, seed=st.integers(0, 2**64), copy=st.integers(0, 1000))
def test_any_config_on_any_image_keeps_shape_and_dtype(
    config: AugmentationConfig, height: int, width: int, seed: int, copy: int
) -> None:
    image = random_image(height, width)
    before = image.copy()
    result, drawn = augment(image, config, seed, DIGEST, copy)
    assert result.shape == image.shape
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    assert not np.shares_memory(result, image)
    assert describe(drawn)
    assert 0 <= filled_share(drawn, config) <= 1
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(augment(image, config, seed, DIGEST, copy)[0], result)


@FEW
@given(height=sides, width=sides, look=configs)
def test_nothing_drawn_gives_the_same_bytes_in_a_new_array(height: int, width: int, look: AugmentationConfig) -> None:
    image = random_image(height, width)
    looks = look.model_dump(include={"fill_mode", "cval", "erasing_scale", "erasing_value"})
    config = NOTHING.changed(**looks)
    result, drawn = augment(image, config, 0, DIGEST, 0)
    assert config.identity
    assert drawn == Drawn(size=(height, width))
    assert result.tobytes() == image.tobytes()
    assert not np.shares_memory(result, image)


@pytest.mark.parametrize("fill_mode", FILL_MODES)
def test_read_only_and_strided_images_are_taken_and_not_changed(fill_mode: str) -> None:
    plain = random_image(40, 40)
    strided = np.asfortranarray(plain)[::-1]
    strided.flags.writeable = False
    before = strided.copy()
    config = preset("strong").changed(fill_mode=fill_mode)
    result, drawn = augment(strided, config, 0, DIGEST, 0)
    np.testing.assert_array_equal(result, apply(before, drawn, config))
    np.testing.assert_array_equal(strided, before)


@FEW
@given(changes=later_changes(), height=sides, width=sides)
def test_steps_happen_in_the_order_in_which_they_are_listed(changes: dict[str, Any], height: int, width: int) -> None:
    size = (height, width)
    image, config = random_image(height, width), NOTHING.changed(erasing_value=200)
    at_once = apply(image, Drawn(size=size, theta=12.0, brightness=1.1, **changes), config)
    step_by_step = apply(image, Drawn(size=size, theta=12.0, brightness=1.1), config)
    # These two are one step: hue, saturation and value are rounded once.
    together = {"saturation": {"saturation", "hue"}, "hue": set[str](), "noise": {"noise", "noise_seed"}}
    for field in fields(Drawn):
        names = together.get(field.name, {field.name}) & changes.keys()
        step_by_step = apply(step_by_step, Drawn(size=size, **{name: changes[name] for name in names}), config)
    np.testing.assert_array_equal(at_once, step_by_step)


def test_threads_do_not_disturb_each_other() -> None:
    image = random_image(160, 160)
    alone = [augment(image, EVERYTHING, 0, DIGEST, copy)[0] for copy in range(24)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda copy: augment(image, EVERYTHING, 0, DIGEST, copy)[0], range(24)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_opencv_starts_no_threads_of_its_own() -> None:
    assert cv2.getNumThreads() == 1


def test_core_augmentation_loads_no_scipy_and_no_tensorflow() -> None:
    code = "import sys, core.augmentation; print({'scipy', 'keras', 'tensorflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.strip() == "set()"
