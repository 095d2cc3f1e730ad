"""How the decoder refuses a file: in one form, whoever finds the fault."""

from core.errors import ImageError


def refused(reason: str, expected: str | int) -> ImageError:
    """The error to raise.

    Args:
        reason: What was received, as `ImageError.received`.
        expected: What would have been right; a number is the limit.
    """
    text = f"at most {expected}" if isinstance(expected, int) else expected
    return ImageError(reason, text, "Open it in a picture editor and save it as JPEG")
