"""Words and small displays that pages share."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import streamlit as st

from core.errors import PawlabError
from core.evaluation.words import confident as confident
from core.progress import Progress

PHASES = {
    "download": "Downloading the zip",
    "extract": "Unpacking the zip",
    "scan": "Reading every picture",
    "draw": "Drawing the sample",
    "data": "Opening the data",
    "compare": "Looking for look-alikes",
    "verify": "Comparing look-alikes",
    "write": "Writing the zip",
    "robustness": "Asking the run",
    "classify": "Classifying",
    "weights": "Fetching the pre-trained weights",
    "unfreeze": "Unfreezing the last layers",
    "features": "Passing the pictures through the base",
    "head": "Training the head",
    "measure": "Timing some steps of the head",
    "fine_tune": "Fine-tuning the last layers",
    "save": "Saving and checking the model",
    "report": "Writing the report",
    "bundle": "Putting the bundle together",
    "tensorflow": "Asking model.keras, and converting it to LiteRT",
    "predict": "Running the bundle's predict.py",
    "unpack": "Unpacking the finished bundle",
    "check": "Checking the bundle",
}


def plain(text: str) -> str:
    """`text` for a place where Streamlit reads Markdown: shown as it is.

    Names of folders and files come from strangers' zips: a class called `![](https:example.org)` would otherwise make
    the browser ask that host for a picture. Streamlit makes links of bare addresses too, even of escaped ones, once all
    else has been read: a word joiner, which cannot be seen, keeps their parts apart.

    Not for the options of `st.selectbox` and `st.multiselect`, which are no Markdown: they would show the backslashes.
    """
    text = re.sub(r"(?i)(?<=http)(?=s?://)|(?<=www)(?=\.)|(?=@)", "\N{WORD JOINER}", text)
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(text.split()))


def show_error(error: PawlabError) -> None:
    """What was received, what was expected, how to fix it; never a traceback."""
    lines = [f"**{plain(error.received.rstrip('.'))}.**"]
    if error.expected:
        lines.append(f"Expected: {plain(error.expected.rstrip('.'))}.")
    if error.fix:
        lines.append(f"{plain(error.fix.rstrip('.'))}.")
    st.error("  \n".join(lines))


@contextmanager
def progress_bar(words: str) -> Iterator[Progress]:
    """Yields a progress callback that moves one bar, which is gone when the block ends."""
    place = st.empty()
    place.progress(0.0, words)

    def show(phase: str, done: int, total: int) -> None:
        name = PHASES.get(phase, phase.capitalize())
        counted = f"{name}: {done:,} of {total:,}" if total else f"{name}: {done:,}"
        place.progress(min(1.0, done / total) if total else 0.0, counted)

    try:
        yield show
    finally:
        place.empty()


def duration(seconds: float) -> str:
    if seconds < 0.1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def size(number: float) -> str:
    """Bytes in MB or GB."""
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{max(1, round(number / 1e6)):,} MB"


def learning_rate(value: float) -> str:
    """With two digits that count: 0.00002 and not 2e-05, as far as that can be read."""
    short = f"{value:.2g}"
    return f"{Decimal(short):f}" if value >= 1e-6 else short


def when(created: float) -> str:
    """A moment, in seconds since 1970, as the date and time here."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created))
