"""The path through the lesson, above every page: what is done, where this session is, what comes next."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.runs.store import list_runs
from core.sessions.path import path_steps
from pages.ui.shared.data import open_now
from pages.ui.shared.session import kept, source

_HERE, _CAME = "path_here", "path_came"  # session keys: the page of the last run, and whether it was another one
_SEEN = kept("path_seen")  # the text of the dataset's source, then the steps that were taken with it
_HELP = {
    "dataset": "Open images and find what would mislead a network.",
    "augment": "Vary the training images and see the copies.",
    "train": "Train a head on a pre-trained base model.",
    "evaluate": "See what the trained model gets wrong.",
    "classify": "Try the model on photos of your own.",
}
_MARKS = {"done": "✓ {}", "now": "**{}**", "next": "→ {}", "later": "{}"}
# Links of a compact line: on a phone all five stand in one row, as large as its width allows.
_STYLE = """<style>
.st-key-path [data-testid='stHorizontalBlock'] {row-gap: 0}
.st-key-path [data-testid='stPageLink'] a {padding: 0.1rem 0.5rem; font-size: 0.875rem}
@media (max-width: 600px) {
  .st-key-path [data-testid='stHorizontalBlock'] {column-gap: 0}
  .st-key-path [data-testid='stPageLink'] a {padding: 0.25rem 0.15rem}
  .st-key-path [data-testid='stPageLink'] a p {font-size: min(0.75rem, 3.1vw)}
}
</style>"""


def begin_path(here: str) -> DeltaGenerator:
    """Notes which page is shown, and returns where its path stands, for `draw_path`."""
    st.session_state[_CAME] = st.session_state.get(_HERE) != here
    st.session_state[_HERE] = here
    st.html(_STYLE)
    return st.container(key="path", width="content").empty()


def draw_path(place: DeltaGenerator, here: str) -> None:
    """Draws the steps as links. `here` is the name of the page that is shown."""
    with place.container(horizontal=True, gap="xxsmall", width="content"):
        for step in path_steps(here, steps_done(here)):
            title = step.title if step.state == "done" else f"{step.number} {step.title}"
            st.page_link(f"{step.page}.py", label=_MARKS[step.state].format(title), help=_HELP[step.page])


def came_from_elsewhere() -> bool:
    """Whether the run before this one showed another page, or there was none."""
    return bool(st.session_state.get(_CAME, True))


def steps_done(here: str) -> set[str]:
    """The pages whose step is done: a dataset is open; augmentation was looked at; a run on this dataset has a model,
    which was evaluated, tried."""
    text = source().text
    stored = st.session_state.get(_SEEN, ())
    seen = stored if stored[:1] == (text,) else (text,)
    if "train" not in seen and any(run.source == text and run.has_model() for run in list_runs().runs):
        seen = (*seen, "train")
    if here not in seen and (here == "augment" or (here in ("evaluate", "classify") and "train" in seen)):
        seen = (*seen, here)
    st.session_state[_SEEN] = seen
    return {*seen[1:], *(["dataset"] if open_now() else [])}
