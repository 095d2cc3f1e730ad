"""The five steps from images to a classifier, and where somebody is on them. Start, Collect and Improve are none."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

STEPS = {
    "dataset": "Dataset",
    "augment": "Augmentation",
    "train": "Training",
    "evaluate": "Evaluate",
    "classify": "Classify",
}
"""{page: title}, in order."""
START = "start"
COLLECT = "collect"
LABEL = "label"
"""No page of the navigation: the Dataset page leads there, and it is part of that step."""
IMPROVE = "improve"
PAGES = {
    START: "Start",
    COLLECT: "Collect",
    **{page: title for page, title in STEPS.items() if page != "classify"},
    IMPROVE: "Improve",
    "classify": STEPS["classify"],
}
"""{page: title} of every page, as the navigation has them."""


@dataclass(frozen=True)
class Step:
    """One step: `number` counts from 1; the page that is shown is "now", whatever is done on it."""

    number: int
    page: str
    title: str
    state: Literal["done", "now", "next", "later"]


def path_steps(here: str, done: Collection[str]) -> list[Step]:
    """The steps in order, one of them at most "next": the first that is neither done nor shown.

    Args:
        here: The page that is shown; of the steps, none is "now" where it is the first page.
        done: Pages whose step is done.

    Example:
        >>> [step.state for step in path_steps("dataset", {"dataset"})]
        ['now', 'next', 'later', 'later', 'later']
    """
    here = "dataset" if here == LABEL else here
    following = next((page for page in STEPS if page != here and page not in done), "")
    return [
        Step(
            number,
            page,
            title,
            "now" if page == here else "done" if page in done else "next" if page == following else "later",
        )
        for number, (page, title) in enumerate(STEPS.items(), start=1)
    ]
