"""The first thing to see of a dataset: a row of its images."""

import streamlit as st

from core.datasets import Dataset
from core.datasets.examples import example_images
from pages.ui.components.gallery import Look, gallery, gallery_event
from pages.ui.components.lightbox import gallery_items
from pages.ui.dataset.images import open_image

NUMBER = 8  # one row on a screen, two on a phone
KEY = "examples"


def examples(dataset: Dataset) -> None:
    """Draws a row of images of all classes; a click shows one large, where all images are."""
    if opened := gallery_event(KEY).opened:
        open_image(opened)
    records = example_images(dataset, NUMBER)
    if records:
        items = gallery_items(dataset, records, {})
        gallery(items, KEY, look=Look(label="Examples of the images", selectable=False, cell=80, fill=True))
    else:
        st.info("No image is in use: undo an edit below.")
