"""Pieces of HTML and SVG, whatever text is in them."""

import time
from collections.abc import Iterable, Sequence

from core.text.markup import escape_html as text


def named(value: object) -> str:
    return f"<bdi>{text(value)}</bdi>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, escaped: bool = False) -> str:
    """Cells are HTML already; so is the head where it is `escaped`."""
    top = "".join(f'<th scope="col">{title if escaped else text(title)}</th>' for title in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide"><table><tr>{top}</tr>{body}</table></div>'


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    return f"<dl>{''.join(f'<dt>{text(term)}</dt><dd>{value}</dd>' for term, value in pairs)}</dl>"


def bullets(items: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def date(moment: float) -> str:
    return time.strftime("%d %B %Y, %H:%M", time.localtime(moment))
