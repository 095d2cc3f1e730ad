"""Sample images with the prediction of an epoch beneath, updated in place: a class can watch the prediction form."""

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import streamlit as st

from core.evaluation.words import as_percent
from core.runs.sample_images import Sample
from core.storage.files import open_regular

MAX_BYTES = 200_000  # of an image: ours have a tenth of it
HTML = '<ul class="samples"></ul>'


def as_data(samples: Sequence[Sample]) -> dict[str, object]:
    """What `sample_images` draws. Reads the images, so keep it while nothing is new."""
    return {"items": [_item(sample) for sample in samples]}


def sample_images(data: dict[str, object], key: str) -> None:
    """Draws what `as_data` gave; the same `key` with new data changes words and bars of what is there."""
    # Registered on each call: the registry belongs to the runtime, which tests replace.
    draw = st.components.v2.component("samples", html=HTML, css=_part("samples.css"), js=_part("samples.js"))
    draw(data=data, key=key)


def _item(sample: Sample) -> dict[str, object]:
    prediction = f"{sample.prediction}, {as_percent(sample.confidence)}" if sample.prediction else "none yet"
    return {
        "image": jpeg(sample.file),
        "name": sample.path,
        "label": sample.label,
        "prediction": sample.prediction,
        "confidence": as_percent(sample.confidence) if sample.prediction else "",
        "verdict": ("right" if sample.right else "wrong") if sample.prediction else "none",
        "truth": round(sample.truth, 4),
        "course": [round(value, 3) for value in sample.course],
        "alt": f"{sample.path}: {sample.label}; prediction: {prediction}",
    }


def jpeg(file: Path) -> str:
    """Its content as text; "" where it is gone or too large."""
    try:
        with open_regular(file, MAX_BYTES) as stream:
            return base64.b64encode(stream.read()).decode()
    except OSError:
        return ""


@cache
def _part(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
