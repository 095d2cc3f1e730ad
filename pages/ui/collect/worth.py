"""What a collection is worth so far: how many looks it has, and the instant model's honest score, or why there is
none."""

from collections.abc import Sequence

import streamlit as st

from core.datasets.collect.cards import ClassCard
from core.datasets.collect.collection import Collection
from core.errors import Cancelled, PawlabError
from core.evaluation.words import with_interval
from pages.ui.collect.learning import LEARNING
from pages.ui.components.clock import ask_again
from pages.ui.shared.progress import AT_ONCE, follow
from pages.ui.shared.text import plain, show_error

TICK = 1.0  # seconds between two looks at a score that is being computed
ABOUT_LOOKS = (
    "The images that you record while you hold a button once are one burst: near copies of each other. A split into "
    "training and validation images never parts them, and no score counts them as independent."
)
ABOUT_SCORE = (
    "Each burst is predicted by a model that has not seen it: at most five models, each without its share of the "
    "bursts of every class. So it says what to expect of the next burst, not of the images that the model knows. In "
    "brackets: the 95% confidence interval (Wilson's, with bursts as the unit)."
)


def worth(collection: Collection, cards: Sequence[ClassCard]) -> None:
    """Draws both, and the preparation of the base while it lasts; `cards` are the collection's."""
    images, bursts = sum(card.num_images for card in cards), sum(card.num_bursts for card in cards)
    job = LEARNING.prepare(collection)
    if not job.wait(AT_ONCE):
        note = "The base model turns images into features. The first time, its weights are downloaded. You can record "
        follow(job, f"{note}meanwhile.", "Recording goes on, without answers.")
        return
    if job.error:
        _unprepared(collection, job.error)
        return
    with st.container(horizontal=True, vertical_alignment="top", key="collect_worth", gap="medium"):
        if images:
            st.markdown(_looks(images, bursts), help=ABOUT_LOOKS, width="content")
            with st.container(width="content", gap=None):
                _score(collection)


def _looks(images: int, bursts: int) -> str:
    def counted(number: int, word: str) -> str:
        return f"{number:,} {word}{'' if number == 1 else 's'}"

    looks = counted(bursts, "look")
    return f"{counted(images, 'image')} in {counted(bursts, 'burst')} count as {looks}."


@st.fragment
def _score(collection: Collection) -> None:
    try:
        learner = LEARNING.learner(collection)
    except PawlabError:  # it is gone: the page is about to say so
        return
    if learner is None:
        return
    is_settled = learner.wait(TICK, settled=True)
    score = learner.score()
    if score.why:
        st.markdown(f"No score yet. {plain(score.why)}", width="content", help=ABOUT_SCORE)
    else:
        accuracy = f"Accuracy on bursts that were left out: **{with_interval(score.accuracy)}**"
        words = f"{accuracy} on {score.num_images:,} images in {score.num_bursts:,} bursts."
        st.markdown(words, width="content", help=ABOUT_SCORE)
    ask_again("collect_score_clock", 0 if is_settled else TICK)


def _unprepared(collection: Collection, error: PawlabError) -> None:
    if isinstance(error, Cancelled):
        st.info("Stopped. You can record, but there are no answers without the base model.")
    else:
        show_error(error)
    st.button(
        "Prepare the base model",
        on_click=_again,
        args=(collection,),
        help="Its weights are downloaded once. Then your images are turned into features.",
    )


def _again(collection: Collection) -> None:
    LEARNING.prepare(collection, again=True)
