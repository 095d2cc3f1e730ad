"""One control for each field of the augmentation, grouped; their values live under keys of this module only."""

from typing import Any

import streamlit as st

from core.augmentation import PRESETS, AugmentationConfig, preset
from core.config import help_of
from pages.ui.state import augmentation, set_augmentation

# Field: label, lowest, highest, step, format.
SLIDERS: dict[str, tuple[str, float, float, float, str]] = {
    "rotation_range": ("Rotation", 0.0, 180.0, 1.0, "%.0f°"),
    "width_shift_range": ("Shift along the width", 0.0, 0.99, 0.01, "%.2f"),
    "height_shift_range": ("Shift along the height", 0.0, 0.99, 0.01, "%.2f"),
    "shear_range": ("Shear", 0.0, 60.0, 1.0, "%.0f°"),
    "zoom_range": ("Zoom factors, lowest and highest", 0.1, 3.0, 0.05, "%.2f"),
    "brightness_range": ("Brightness factors, lowest and highest", 0.0, 3.0, 0.05, "%.2f"),
    "channel_shift_range": ("Channel shift", 0.0, 255.0, 1.0, "%.0f"),
    "cval": ("Grey of the empty corners", 0.0, 255.0, 1.0, "%.0f"),
}
FLIPS = {"horizontal_flip": "Flip left to right", "vertical_flip": "Flip top to bottom"}
FILL_MODES = {"nearest": "edge pixels", "reflect": "mirror image", "wrap": "repeat", "constant": "one grey"}
EXPLAINED = {
    "zoom_range": " Here as two factors; with both at 1 the size stays.",
    "brightness_range": " With both at 1 the brightness stays.",
    "cval": " Only in use with the fill mode constant.",
}
STRENGTH = "augment_strength"


def key_of(name: str) -> str:
    """The key of a field's control in the session state."""
    return f"augment_{name}"


def to_controls(config: AugmentationConfig) -> dict[str, Any]:
    """What each control shows for `config`, by field: zoom and brightness always as a pair of factors."""
    zoom = tuple(round(factor, 4) for factor in config.zoom_limits)
    return {**config.model_dump(), "zoom_range": zoom, "brightness_range": config.brightness_range or (1.0, 1.0)}


def from_controls(values: dict[str, Any]) -> AugmentationConfig:
    """The settings that controls show: a pair of factors that changes nothing, or that one number says, becomes that.

    Raises:
        ConfigError: A value is out of its range.
    """
    # A browser's slider adds its steps up in floating point.
    values = {name: round(value, 4) if isinstance(value, float) else value for name, value in values.items()}
    zoom_low, zoom_high = (round(factor, 4) for factor in values["zoom_range"])
    even = round(zoom_low + zoom_high, 4) == 2 and zoom_low >= 0.1
    low, high = (round(factor, 4) for factor in values["brightness_range"])
    return AugmentationConfig.create(
        {
            **values,
            "zoom_range": round(1 - zoom_low, 4) if even else (zoom_low, zoom_high),
            "brightness_range": None if low == high == 1 else (low, high),
        }
    )


def read_controls() -> AugmentationConfig:
    """The settings as the controls stand; fills controls that have no value yet, as after a change of pages."""
    for name, value in to_controls(augmentation()).items():
        st.session_state.setdefault(key_of(name), value)
    config = from_controls({name: st.session_state[key_of(name)] for name in AugmentationConfig.model_fields})
    set_augmentation(config)
    return config


def strength(config: AugmentationConfig) -> None:
    """The presets; the one that the controls agree with is marked."""
    st.session_state[STRENGTH] = next((name for name in PRESETS if PRESETS[name] == config), None)
    st.segmented_control(
        "Strength",
        list(PRESETS),
        key=STRENGTH,
        on_change=_take_preset,
        help="Sets all controls at once. None of these is marked once you have changed a control yourself.",
    )


def geometry(config: AugmentationConfig) -> None:
    st.subheader("Geometry")
    for name in ("rotation_range", "width_shift_range", "height_shift_range", "shear_range", "zoom_range"):
        _slider(name)
    with st.container(horizontal=True):
        for name, label in FLIPS.items():
            st.toggle(label, key=key_of(name), help=help_of(AugmentationConfig, name))
    st.selectbox(
        "Fill mode",
        list(FILL_MODES),
        format_func=lambda mode: f"{mode}: {FILL_MODES[mode]}",
        key=key_of("fill_mode"),
        help=help_of(AugmentationConfig, "fill_mode"),
    )
    _slider("cval", disabled=config.fill_mode != "constant")


def colour() -> None:
    st.subheader("Colour")
    _slider("brightness_range")
    _slider("channel_shift_range")


def _slider(name: str, disabled: bool = False) -> None:
    label, lowest, highest, step, shown = SLIDERS[name]
    words = help_of(AugmentationConfig, name) + EXPLAINED.get(name, "")
    st.slider(label, lowest, highest, step=step, format=shown, key=key_of(name), help=words, disabled=disabled)


def _take_preset() -> None:
    name = st.session_state[STRENGTH]
    if name:  # None: the marked one was clicked again, which changes nothing
        for field, value in to_controls(preset(name)).items():
            st.session_state[key_of(field)] = value
