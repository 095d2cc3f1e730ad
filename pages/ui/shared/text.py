"""Phrases, number formats and small displays that pages share."""

import time
from decimal import Decimal

import streamlit as st

from core.errors import PawlabError
from core.text.markup import escape_streamlit

PHASES = {
    "download": "Downloading the zip",
    "extract": "Unpacking the zip",
    "scan": "Reading every image",
    "draw": "Drawing the sample",
    "data": "Opening the dataset",
    "compare": "Searching for near-duplicates",
    "verify": "Verifying near-duplicates",
    "write": "Writing the zip",
    "robustness": "Running the model",
    "classify": "Classifying",
    "cross-validate": "Cross-validating",
    "search": "Searching for the best augmentation",
    "copy": "Copying",
    "weights": "Loading the pre-trained weights",
    "unfreeze": "Unfreezing the last layers",
    "features": "Extracting features",
    "typical": "Looking for typical images",
    "head": "Training the head",
    "measure": "Timing a few training steps",
    "fine_tune": "Fine-tuning the last layers",
    "looks": "Measuring the images",
    "label errors": "Looking for wrong labels",
    "learning curve": "Training on fewer images",
    "class weights": "Weighing the classes",
    "relabelling": "Trying the other labels",
    "settings": "Comparing settings",
    "save": "Saving and checking the model",
    "report": "Writing the report",
    "bundle": "Assembling the bundle",
    "tensorflow": "Checking model.keras and converting it to LiteRT",
    "predict": "Running the bundle's predict.py",
    "unpack": "Unpacking the finished bundle",
    "check": "Checking the bundle",
    "sums": "Checking every file",
    "runtime": "Fetching ONNX Runtime Web",
    "page": "Assembling the page",
}


plain = escape_streamlit


def show_error(error: PawlabError) -> None:
    """What was received, what was expected, how to fix it; never a traceback."""
    lines = [f"**{plain(error.received.rstrip('.'))}.**"]
    if error.expected:
        lines.append(f"Expected: {plain(error.expected.rstrip('.'))}.")
    if error.fix:
        lines.append(f"{plain(error.fix.rstrip('.'))}.")
    st.error("  \n".join(lines))


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
    """With two significant digits: 0.00002 rather than 2e-05, down to a millionth."""
    short = f"{value:.2g}"
    return f"{Decimal(short):f}" if value >= 1e-6 else short


def when(created: float) -> str:
    """A moment, in seconds since 1970, as the date and time here."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(created))
