"""The ranked list: what to do, what it would change, what it costs, and a button that does it."""

from collections.abc import Callable

import streamlit as st

from core.advice.actions import Action
from core.datasets import Dataset
from core.errors import PawlabError
from core.evaluation.words import points_interval, signed_points
from core.runs.run import Run, create_run
from core.runs.settings import preset
from core.runs.start import start_run
from pages.ui.components.gallery import Look, gallery
from pages.ui.components.lightbox import gallery_items
from pages.ui.improve.view import show_view
from pages.ui.shared.runs import new_press, once, renew, watch
from pages.ui.shared.text import plain, show_error

SHOWN = 10  # images of an action
_FAILED = "improve_failed"


def ranked_list(dataset: Dataset, run: Run | None, actions: tuple[Action, ...]) -> None:
    """Draws the actions, those that help first."""
    if error := st.session_state.pop(_FAILED, None):
        show_error(error)
    by_path = {record.path: record for record in dataset.readable()}
    for number, action in enumerate(actions):
        with st.container(border=True, key=f"improve_action_{number}"):
            words, change, button = st.columns([6, 3, 2], vertical_alignment="center")
            with words.container(gap="xsmall"):
                st.markdown(f"**{plain(action.what)}**")
                st.caption(plain(action.why))
            with change.container(gap="xsmall"):
                _change(action)
            with button:
                _button(number, dataset, run, action)
            if records := [by_path[path] for path in action.images[:SHOWN] if path in by_path]:
                look = Look(label=action.what, selectable=False, cell=72)
                gallery(gallery_items(dataset, records, {}), f"improve_images_{number}", look=look)


def _change(action: Action) -> None:
    if action.expected is not None and action.low is not None and action.high is not None:
        if action.action != "nothing":
            interval = points_interval(action.low, action.high).removesuffix(" points")
            st.markdown(f"**{signed_points(action.expected)} points** ({interval})")
    else:
        st.markdown("Not measured")
    if action.cost:
        st.caption(plain(action.cost[0].upper() + action.cost[1:]))


def _button(number: int, dataset: Dataset, run: Run | None, action: Action) -> None:
    def button(label: str, help: str, do: Callable[..., None] | None = None, *args: object) -> bool:
        return st.button(
            label,
            key=f"improve_do_{number}",
            type="primary" if action.helps and number == 0 else "secondary",
            help=help,
            on_click=do,
            args=args,
            width="stretch",
        )

    if action.action == "relabel":
        button("Check the labels", "Shows these images, the surest first, each with a suggestion.", show_view, "labels")
    elif action.settings:
        help = "Starts a run with this setting and the edits as they are, and opens it on the Training page."
        if (
            button("Train with this", help, _train, dataset, run, action, new_press())
            and _FAILED not in st.session_state
        ):
            st.switch_page("train.py")
    elif action.images:
        button("See the images", "Those that give it away.", show_view, "shortcuts")
    elif action.action == "more_images":
        button("See the curve", "Accuracy by the number of training images.", show_view, "curve")
    elif button("Try your own photo", "Classifies images that are new to a model."):
        st.switch_page("classify.py")


def _train(dataset: Dataset, run: Run | None, action: Action, press: str) -> None:
    def make() -> Run:
        config = (run.config if run else preset("fast")).changed(**action.settings)
        new = create_run(dataset, config)
        start_run(new)
        renew(new)
        return new

    try:
        watch(once(press, make))
    except PawlabError as error:
        st.session_state[_FAILED] = error
