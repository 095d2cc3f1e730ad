"""Numbers that show when the changes go too far."""

from collections.abc import Sequence

import streamlit as st

from core.augmentation import AugmentationConfig, Drawn
from core.augmentation.effect import measure, words
from pages.ui.augment_choice import Image, Original
from pages.ui.words import plain


def effect(
    config: AugmentationConfig, originals: Sequence[Original], copies: Sequence[Sequence[tuple[Image, Drawn]]]
) -> None:
    """Of the copies that the preview shows."""
    found = measure([original.image for original in originals], [copy for row in copies for copy in row], config)
    before, after = found.originals, found.copies
    shown = {
        "Filled in": (
            f"{found.filled.mean:.0%}",
            f"at most {found.filled.greatest:.0%}",
            "Share of a copy whose pixels come from outside of the picture, on average.",
        ),
        "Covered": (
            f"{found.erased.mean:.0%}",
            f"at most {found.erased.greatest:.0%}",
            "Share of a copy that the rectangle of random erasing covers, on average.",
        ),
        "Brightness": (
            f"{after.brightness:.0f}",
            f"originals {before.brightness:.0f}",
            "Mean of the copies, from 0, black, to 255, white.",
        ),
        "Spread of brightness": (
            f"{after.spread:.0f}",
            f"originals {before.spread:.0f}",
            "How far pictures differ in brightness: the standard deviation of their means.",
        ),
        "Contrast": (
            f"{after.contrast:.0f}",
            f"originals {before.contrast:.0f}",
            "How far the pixels of one picture differ in brightness: their standard deviation, on average.",
        ),
    }
    with st.container(horizontal=True, gap="large"):
        for name, (value, beside, help) in shown.items():
            with st.container(width="content", gap=None):
                st.metric(name, value, help=help, width="content")
                st.caption(beside)
    for line in (lines := words(found)):
        st.warning(plain(line))
    if not lines:
        st.success("Nothing goes too far.")
    copies_above = "one copy" if found.num_copies == 1 else f"{found.num_copies} copies"
    st.caption(f"Measured on the {copies_above} above: more originals and copies make the numbers surer.")
