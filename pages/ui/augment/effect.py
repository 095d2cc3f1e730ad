"""Numbers that show when the transformations go too far."""

from collections.abc import Sequence

import streamlit as st

from core.augmentation import AugmentationConfig, Drawn
from core.augmentation.cause import cause_of
from core.augmentation.effect import faults, measure
from pages.ui.augment.choice import Image, Original


def effect(
    config: AugmentationConfig, originals: Sequence[Original], copies: Sequence[Sequence[tuple[Image, Drawn]]]
) -> None:
    """Statistics of the copies in the preview."""
    measured = measure([original.image for original in originals], [copy for row in copies for copy in row], config)
    before, after = measured.originals, measured.copies
    shown = {
        "Filled in": (
            f"{measured.filled.mean:.0%}",
            f"max {measured.filled.largest:.0%}",
            "Mean share of a copy that lies outside the image and is made up by the fill mode.",
        ),
        "Erased": (
            f"{measured.erased.mean:.0%}",
            f"max {measured.erased.largest:.0%}",
            "Mean share of a copy that random erasing covers.",
        ),
        "Brightness": (
            f"{after.brightness:.0f}",
            f"originals {before.brightness:.0f}",
            "Mean grey level of the copies, from 0, black, to 255, white.",
        ),
        "Brightness spread": (
            f"{after.spread:.0f}",
            f"originals {before.spread:.0f}",
            "How much the copies differ in brightness: the standard deviation of their mean grey levels.",
        ),
        "Contrast": (
            f"{after.contrast:.0f}",
            f"originals {before.contrast:.0f}",
            "How much the pixels of one copy differ in brightness: the mean standard deviation of their grey levels.",
        ),
    }
    with st.container(horizontal=True, gap="large"):
        for name, (value, beside, help) in shown.items():
            with st.container(width="content", gap=None):
                st.metric(name, value, help=help, width="content")
                st.caption(beside)
    number = len(warnings(config, originals, copies))
    if not number:
        st.success("No transformation goes too far.")
    else:
        st.warning(f"{'A warning stands' if number == 1 else f'{number} warnings stand'} beside the controls.")
    copies_above = "one copy" if measured.num_copies == 1 else f"{measured.num_copies} copies"
    st.caption(f"Measured on the {copies_above} above. More originals and copies make these numbers more reliable.")


def warnings(
    config: AugmentationConfig, originals: Sequence[Original], copies: Sequence[Sequence[tuple[Image, Drawn]]]
) -> dict[str, str]:
    """Advice on what goes too far in the preview, by the name of the setting that causes most of it."""
    flat = [copy for row in copies for copy in row]
    if not flat:
        return {}
    measured = measure([original.image for original in originals], flat, config)
    by_setting: dict[str, list[str]] = {}
    for fault, sentence in faults(measured).items():
        cause = cause_of(fault, [drawn for _, drawn in flat], config, measured.originals.brightness)
        if cause:
            by_setting.setdefault(cause, []).append(sentence)
    return {name: " ".join(sentences) for name, sentences in by_setting.items()}
