"""Pillow kept quiet, and what it says of a broken file in plain words."""

import logging
import warnings

from PIL import Image

logging.getLogger("PIL").addHandler(logging.NullHandler())  # else its log of broken files goes to the terminal


def silence() -> None:
    """Pillow warns of broken metadata. That must not fill the terminal, nor, where warnings are errors, refuse a good
    image. Looked at on every call because tests and libraries put their own filters in front."""
    action, _, _, module, _ = warnings.filters[0] if warnings.filters else ("", None, Warning, None, 0)
    if (action, getattr(module, "pattern", module)) != ("ignore", r"PIL\."):
        warnings.filterwarnings("ignore", module=r"PIL\.")


def in_words(error: Exception, *, opened: bool) -> str:
    """Why an image does not decode, whatever Pillow raised; `opened` says whether its header could be read."""
    detail = " ".join(str(error).split())[:120]
    if isinstance(error, MemoryError):
        return "there is not enough memory to decode the image"
    if isinstance(error, Image.DecompressionBombError):
        return "the image has too many pixels"
    if isinstance(error, EOFError) or "truncated" in detail.lower():
        return f"the image is cut off: {detail or 'the file ends too early'}"
    return f"the image{'' if opened else chr(39) + 's header'} is damaged: {detail or type(error).__name__}"
