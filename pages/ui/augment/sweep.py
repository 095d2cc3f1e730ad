"""One transformation alone, in steps from its smallest to its largest amount: what each slider does."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.augmentation import PARAMETERS, AugmentationConfig, apply, describe
from core.augmentation.sweep import sweep
from pages.ui.augment.choice import Original
from pages.ui.components.augmented import Copy, Row, augmented

_NAMES, _OF, _FULL_RANGE = "augment_sweep_names", "augment_sweep_of", "augment_sweep_full_range"


def sweeps(config: AugmentationConfig, originals: Sequence[Original]) -> None:
    """A row of steps for each chosen transformation, on one image."""
    switches = [name for name, parameter in PARAMETERS.items() if parameter.has_switch]
    if _NAMES not in st.session_state:
        st.session_state[_NAMES] = [name for name in switches if config.is_on(name)][:3] or switches[:1]
    names = [original.name for original in originals]
    if st.session_state.get(_OF) not in names:
        st.session_state[_OF] = names[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Transformations",
            switches,
            format_func=lambda name: PARAMETERS[name].label,
            key=_NAMES,
            persist_state="session",
            help="Each gets a row of steps, with all others off.",
        )
        name_of_image = st.selectbox(
            "Image",
            names,
            format_func=lambda name: Path(name).name,
            key=_OF,
            persist_state="session",
            width=220,
            help="One of the originals.",
        )
        full_range = st.toggle(
            "Full range",
            key=_FULL_RANGE,
            persist_state="session",
            help="The full range of the slider rather than the range that is set.",
        )
    if not chosen:
        st.info("Choose a transformation to see its steps.")
        return
    original = next(original for original in originals if original.name == name_of_image)
    augmented(
        [_row(config, name, original, full_range=full_range) for name in chosen],
        "augment_sweep",
        label="Steps of each transformation",
        hint="Each row varies one transformation alone. Point at a step to see its parameters; click to enlarge it.",
        share=0.16 * len(chosen),
    )


def _row(config: AugmentationConfig, name: str, original: Original, *, full_range: bool) -> Row:
    height, width = original.image.shape[:2]
    steps = sweep(config, name, (height, width), full_range=full_range)
    label = PARAMETERS[name].label
    return Row(
        f"{label}, {original.name}",
        original.image,
        tuple(Copy(apply(original.image, drawn, config), describe(drawn), words) for words, drawn in steps),
        label,
    )
