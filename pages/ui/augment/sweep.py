"""One change alone, in steps from its least to its greatest: what each slider does."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from core.augmentation import PARAMETERS, AugmentationConfig, apply, describe
from core.augmentation.sweep import sweep
from pages.ui.augment_choice import Original
from pages.ui.augmented import Copy, Row, augmented

_NAMES, _OF, _WHOLE = "augment_sweep_names", "augment_sweep_of", "augment_sweep_whole"


def sweeps(config: AugmentationConfig, originals: Sequence[Original]) -> None:
    """A row of steps for each chosen change, on one picture."""
    switches = [name for name, told in PARAMETERS.items() if told.has_switch]
    if _NAMES not in st.session_state:
        st.session_state[_NAMES] = [name for name in switches if config.is_on(name)][:3] or switches[:1]
    names = [original.name for original in originals]
    if st.session_state.get(_OF) not in names:
        st.session_state[_OF] = names[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Changes",
            switches,
            format_func=lambda name: PARAMETERS[name].label,
            key=_NAMES,
            persist_state="session",
            help="Each gets a row of steps; all other changes are off there.",
        )
        of = st.selectbox(
            "Picture",
            names,
            format_func=lambda name: Path(name).name,
            key=_OF,
            persist_state="session",
            width=220,
            help="One of the originals.",
        )
        whole = st.toggle(
            "Whole range",
            key=_WHOLE,
            persist_state="session",
            help="All that the slider allows; else as far as it is set, or would be when switched on.",
        )
    if not chosen:
        st.info("Choose a change to see its steps.")
        return
    original = next(one for one in originals if one.name == of)
    augmented(
        [_row(config, name, original, whole) for name in chosen],
        "augment_sweep",
        label="Steps of each change",
        hint="Each row is one change alone. Point at a step to see what it draws; click to enlarge it.",
        share=0.16 * len(chosen),
    )


def _row(config: AugmentationConfig, name: str, original: Original, whole: bool) -> Row:
    height, width = original.image.shape[:2]
    steps = sweep(config, name, (height, width), whole=whole)
    label = PARAMETERS[name].label
    return Row(
        f"{label}, {original.name}",
        original.image,
        tuple(Copy(apply(original.image, drawn, config), describe(drawn), words) for words, drawn in steps),
        label,
    )
