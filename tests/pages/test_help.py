"""Every control of every page has a help text, also those that few tests reach: a large view's, an error's."""

import ast
from collections.abc import Iterator

from core.jobs.process import PROJECT

PAGES = PROJECT / "pages"
WORDS = "button checkbox download_button file_uploader form_submit_button metric multiselect number_input page_link"
MORE = "pills popover radio segmented_control select_slider selectbox slider text_area text_input toggle"
CONTROLS = {*WORDS.split(" "), *MORE.split(" ")}


def controls(text: str) -> Iterator[tuple[int, bool]]:
    """The line of each control, and whether it has help; one whose arguments are spread is trusted to."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CONTROLS:
            yield node.lineno, bool({keyword.arg for keyword in node.keywords} & {"help", None})


def test_a_control_without_help_is_found() -> None:
    assert list(controls("st.button('a')\nleft.toggle('b', help='c')\nst.slider(**d)")) == [
        (1, False),
        (2, True),
        (3, True),
    ]


def test_every_control_has_help() -> None:
    drawn = [(path.name, *control) for path in PAGES.rglob("*.py") for control in controls(path.read_text("utf-8"))]
    assert [(name, line) for name, line, helped in drawn if not helped] == []
    assert len(drawn) > 100
