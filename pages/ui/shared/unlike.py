"""The reference set of a run that has none: made on demand, once for all sessions."""

import streamlit as st

from core.backbone.neighbours import Neighbours
from core.evaluation.unlike import LIMITS, add_neighbours
from core.jobs.background import SingleFlight
from core.runs.run import Run
from pages.ui.shared.job_widgets import asked_for
from pages.ui.shared.progress import AT_ONCE


@st.cache_resource(show_spinner=False)
def reference_sets() -> SingleFlight[Neighbours]:
    """The reference set that is being made."""
    return SingleFlight()


def added(run: Run) -> None:
    """Offers to make it, and shows how far that is. The page reruns once it is there."""
    st.caption("This run cannot say yet whether an image is unlike its training images.", help=LIMITS)
    key = f"{run.id} {run.model_stamp()}"
    asked_for(
        reference_sets().find(key),
        "Compare with the training images",
        lambda: _start(run, key),
        note="Extracting the features of its training images. It continues if you leave this page.",
        help="Opens this run's images, and extracts their features where these are no longer cached: as long as the "
        "first half of its training. Kept with the run.",
        key="unlike_add",
    )


def _start(run: Run, key: str) -> None:
    reference_sets().submit(key, lambda progress: add_neighbours(run, progress), again=True).wait(AT_ONCE)
