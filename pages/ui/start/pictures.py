"""The images at the top: those of the open dataset, else drawings of our own. A click leads to where they are."""

import streamlit as st

from core.datasets import Dataset
from core.datasets.examples import example_images
from core.datasets.sample.welcome import welcome_drawings
from core.datasets.source import SAMPLE
from pages.ui.components.gallery import GalleryItem, Look, gallery, gallery_event
from pages.ui.components.lightbox import gallery_items
from pages.ui.dataset.images import open_image_of
from pages.ui.shared.data import start

NUMBER = 8  # one row on a screen, two on a phone
KEY = "start_pictures"


def pictures(dataset: Dataset | None) -> None:
    if clicked := gallery_event(KEY).opened:
        if dataset is None:
            start(SAMPLE)
        else:
            open_image_of(dataset, clicked)
        st.switch_page("dataset.py")
    if dataset is None:
        items, label = _drawings(), "Drawings of cats and dogs"
    else:
        items, label = gallery_items(dataset, example_images(dataset, NUMBER), {}), "Images of the open dataset"
    if items:
        gallery(items, KEY, look=Look(label=label, selectable=False, cell=80, fill=True))


def _drawings() -> list[GalleryItem]:
    return [
        GalleryItem(f"drawing {number}", f"Drawing of a {drawing.species}", drawing.species, drawing.content)
        for number, drawing in enumerate(welcome_drawings())
    ]
