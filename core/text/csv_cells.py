"""Text from strangers in a CSV: names of files and classes that a spreadsheet would take for formulas, and run."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MARK = "'"  # which spreadsheets take for "this is text"


def escape_cell(text: str) -> str:
    """A cell that every spreadsheet shows as text: what could be a formula gets an apostrophe in front. So does what
    begins with one, so that `unescape_cell` restores the text."""
    return f"{_MARK}{text}" if text.startswith((*_FORMULA, _MARK)) else text


def unescape_cell(cell: str) -> str:
    """The inverse of `escape_cell`."""
    return cell.removeprefix(_MARK)
