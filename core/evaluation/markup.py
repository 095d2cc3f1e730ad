"""Text for HTML and SVG, whatever is in it."""

from html import escape


def text(value: object) -> str:
    """Any text for between tags and in quoted attributes. What no file can hold becomes visible: halves of surrogate
    pairs, as in names that are not UTF-8, and control characters."""
    whole = str(value).encode("utf-8", "backslashreplace").decode()
    return escape("".join(one if one.isprintable() or one in " \n" else f"\\x{ord(one):02x}" for one in whole))
