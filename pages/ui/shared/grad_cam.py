"""Grad-CAM beside the image that it explains, with a legend of its colours."""

import base64

import streamlit as st

from core.text.markup import escape_html

_LEGEND = (
    "#30123b, #4145ab, #4675ed, #39a2fc, #1bcfd4, #24eca6, #61fc6c, #a4fc3b, #d1e834, #f3c63a, #fe9b2d, #f36315, "
    "#d93806, #b11901, #7a0402"
)
"""OpenCV's colour map turbo, which `core.inference.grad_cam.overlay` uses."""


def beside(image: bytes, alt: str, evidence: bytes | None = None, label: str = "", longest: int = 480) -> None:
    """Draws a JPEG, and a second one beside it, on a phone too.

    Args:
        image, alt: The image and its words.
        evidence: The same with Grad-CAM over it; None for the image alone.
        label: The class that the evidence is for.
        longest: The most pixels of a side as shown.
    """
    shown = _figure(image, alt, longest)
    if evidence is not None:
        shown += _figure(evidence, f"{alt}, with Grad-CAM over it", longest)
    st.html(f'<div style="display: flex; gap: 8px; align-items: flex-start">{shown}</div>')
    if evidence is None:
        return
    st.html(
        '<div style="display: flex; gap: 8px; align-items: center; font-size: 0.875rem">'
        '<span>no evidence</span><span style="flex: 1; max-width: 240px; height: 10px; border-radius: 5px; '
        f'background: linear-gradient(90deg, {_LEGEND})"></span>'
        f"<span>strongest evidence for {escape_html(label)}</span></div>"
    )


def _figure(image: bytes, alt: str, longest: int) -> str:
    source = f"data:image/jpeg;base64,{base64.b64encode(image).decode()}"
    style = f"flex: 1 1 0; min-width: 0; max-width: {longest}px; max-height: {longest}px; object-fit: contain"
    return f'<img src="{source}" alt="{escape_html(" ".join(alt.split()))}" style="{style}">'
