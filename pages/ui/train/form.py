"""The controls of a TrainingConfig: every field with its help and its limits, filled in by a preset."""

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

import streamlit as st

from core.config import help_of
from core.runs.settings import Preset, TrainingConfig, preset
from pages.ui.augment.controls import show_settings as show_augmentation
from pages.ui.shared.session import augmentation, kept

BASIC = ("epochs", "image_size", "copies", "learning_rate")
STEPS = {"image_size": 32, "batch_size": 8, "units": 64, "min_steps": 10, "learning_rate": 1e-5, "l2": 0.005}
WORDS = {
    "crop": {"squeeze": "Squeeze: all of it, distorted", "center": "Centre: undistorted, without the edges"},
    "pooling": {"flatten": "Flatten: keep every position", "average": "Average: keep the mean of each feature"},
    "schedule": {
        "plateau": "Plateau: drop when the loss stops improving",
        "cosine": "Cosine: fall to 0 by the last step",
    },
}
PRESET_WORDS = {
    "notebook": ("Notebook", "The recipe as taught: a Flatten head with 16 million weights at 160 pixels."),
    "fast": (
        "Fast",
        "Average pooling: 25 times fewer weights, so each epoch is quick. Learns from few images too, from the centred "
        "square of each.",
    ),
}
LABELS = {
    "copies": "Augmented copies",
    "units": "Hidden units",
    "l2": "L2 penalty",
    "augment_validation": "Augment validation images",
    "schedule": "Learning rate schedule",
    "min_steps": "Steps per epoch, at least",
    "reduce_lr_patience": "Learning rate patience",
    "reduce_lr_factor": "Learning rate factor",
}
_PRESET = kept("training_preset")


def training_form() -> None:
    """Draws the controls that matter most. `chosen_settings` reads them all."""
    _fill_in_where_empty()
    st.radio(
        "Preset",
        get_args(Preset),
        format_func=lambda name: PRESET_WORDS[name][0],
        key=_PRESET,
        persist_state="session",
        on_change=_fill_in,
        horizontal=True,
        help="Fills in every setting below. You can change any of them afterwards.",
    )
    st.caption(PRESET_WORDS[_preset()][1])
    for pair in (BASIC[:2], BASIC[2:]):
        for column, name in zip(st.columns(2), pair, strict=True):
            with column:
                _control(name)


def more_settings() -> None:
    """Draws all other controls, and lists those that differ from the preset."""
    with st.expander("More settings"):
        for name in TrainingConfig.model_fields:
            if name not in (*BASIC, "augmentation"):
                _control(name)
    changed = [name for name, value in _values(_preset()).items() if st.session_state[_key(name)] != value]
    if changed:
        st.caption(f"Changed from the preset: {', '.join(label_of(name).lower() for name in changed)}.")


def chosen_settings() -> TrainingConfig:
    """The settings of the form and of the Augmentation page. Raises `ConfigError`."""
    _fill_in_where_empty()
    values = {name: st.session_state[_key(name)] for name in _values(_preset())}
    return TrainingConfig.create({**values, "augmentation": augmentation()})


def show_settings(config: TrainingConfig) -> None:
    """Sets every control to `config`, those of the Augmentation page too. Call it from a callback."""
    st.session_state[_PRESET] = "fast" if config.pooling == "average" else "notebook"
    for name, value in config.model_dump(exclude={"augmentation"}).items():
        st.session_state[_key(name)] = value
    show_augmentation(config.augmentation)


def _control(name: str) -> None:
    field = TrainingConfig.model_fields[name]
    common: dict[str, Any] = {
        "label": label_of(name),
        "key": _key(name),
        "help": help_of(TrainingConfig, name),
        "persist_state": "session",
    }
    if field.annotation is bool:
        st.toggle(**common)
    elif name in WORDS:
        st.selectbox(options=list(WORDS[name]), format_func=lambda value: WORDS[name][value], **common)
    else:
        whole = field.annotation is int
        low, high = _limits(name)
        # Shows any value that the command line can set.
        low, high = min(low, st.session_state[common["key"]]), max(high, st.session_state[common["key"]])
        step = STEPS.get(name, 1 if whole else 0.05)
        st.number_input(min_value=low, max_value=high, step=step, format=None if whole else "%g", **common)


def _limits(name: str) -> tuple[float, float]:
    """Lowest and highest value of a control. A bound that the field excludes is moved a little inwards."""
    field = TrainingConfig.model_fields[name]
    bounds = {
        key: getattr(limit, key) for limit in field.metadata for key in ("ge", "gt", "le", "lt") if hasattr(limit, key)
    }
    low = bounds["ge"] if "ge" in bounds else bounds["gt"] + 1e-6
    high = bounds["le"] if "le" in bounds else bounds["lt"] - 0.01
    return (int(low), int(high)) if field.annotation is int else (float(low), float(high))


def _preset() -> Preset:
    return "fast" if st.session_state.get(_PRESET) == "fast" else "notebook"


@cache
def _values(name: Preset) -> Mapping[str, Any]:
    return preset(name).model_dump(exclude={"augmentation"})


def _fill_in() -> None:
    for name, value in _values(_preset()).items():
        st.session_state[_key(name)] = value


def _fill_in_where_empty() -> None:
    for name, value in _values(_preset()).items():
        st.session_state.setdefault(_key(name), value)


def _key(name: str) -> str:
    return kept(f"training_{name}")


def label_of(name: str) -> str:
    """The label of a setting's control."""
    return LABELS.get(name, name.replace("_", " ").capitalize())
