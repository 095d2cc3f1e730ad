"""Small pictures for galleries, decoded once."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.images import decode_image


def thumbnail(file: Path, longest: int = 160) -> NDArray[np.uint8]:
    """A picture the right way up, uint8 (height, width, 3), no side above `longest` pixels."""
    return _thumbnail(file, file.stat().st_mtime_ns, longest)


@st.cache_data(max_entries=2000, show_spinner=False)
def _thumbnail(file: Path, changed: int, longest: int) -> NDArray[np.uint8]:
    return decode_image(file, longest)
