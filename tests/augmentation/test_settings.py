"""AugmentationConfig: JSON, limits, presets."""

import math
from typing import Any

import pytest
from hypothesis import given

from core.augmentation import PRESETS, AugmentationConfig, preset
from core.config import help_of
from core.errors import ConfigError
from tests.augmentation.images import configs


@given(config=configs)
def test_any_config_survives_json(config: AugmentationConfig) -> None:
    assert AugmentationConfig.from_json(config.to_json()) == config
    assert config.changed() == config


@pytest.mark.parametrize(
    "wrong",
    [
        {"rotation_range": 181},
        {"rotation_range": math.nan},
        {"width_shift_range": 1},
        {"height_shift_range": -0.1},
        {"shear_range": 61},
        {"zoom_range": 0.95},
        {"zoom_range": math.nan},
        {"zoom_range": (1.2, 0.8)},
        {"zoom_range": (0, 1)},
        {"zoom_range": "0.2"},
        {"brightness_range": (0.5, 3.1)},
        {"brightness_range": 0.5},
        {"brightness_range": (0.5, 1, 1.5)},
        {"brightness_range": (math.nan, 1)},
        {"channel_shift_range": 256},
        {"fill_mode": "mirror"},
        {"cval": -1},
        {"rotation": 10},
    ],
    ids=str,
)
def test_wrong_values_are_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=rf"\b{next(iter(wrong))}\. Expected ."):
        AugmentationConfig.create(wrong)


def test_presets() -> None:
    assert PRESETS["notebook"] == AugmentationConfig()
    assert [name for name, config in PRESETS.items() if config.identity] == ["none"]
    with pytest.raises(ConfigError, match="none, gentle, notebook, strong"):
        preset("extreme")


def test_every_setting_has_a_one_line_help() -> None:
    for name in AugmentationConfig.model_fields:
        assert 20 < len(help_of(AugmentationConfig, name)) < 160
