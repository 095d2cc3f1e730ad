"""Pieces of HTML and SVG, whatever text is in them."""

import time
from collections.abc import Iterable, Sequence
from html import escape


def text(value: object) -> str:
    """Any text for between tags and in quoted attributes. What no file can hold becomes visible: halves of surrogate
    pairs, as in names that are not UTF-8, and control characters."""
    whole = str(value).encode("utf-8", "backslashreplace").decode()
    return escape("".join(one if one.isprintable() or one in " \n" else f"\\x{ord(one):02x}" for one in whole))


def named(value: object) -> str:
    return f"<bdi>{text(value)}</bdi>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], escaped: bool = False) -> str:
    """Cells are HTML already; so is the head where it is `escaped`."""
    top = "".join(f'<th scope="col">{one if escaped else text(one)}</th>' for one in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{text(name)}</dt><dd>{value}</dd>' for name, value in pairs)}</dl>"


def bullets(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{one}</li>' for one in items)}</ul>"


def date(moment: float) -> str:
    return time.strftime("%d %B %Y, %H:%M", time.localtime(moment))
