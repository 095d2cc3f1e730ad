"""Augmentation: tune the random changes, and see exactly the copies that training will draw."""

from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.augmentation import AugmentationConfig, augment, describe
from core.datasets import Dataset, ImageRecord
from core.errors import ImageError
from core.images import load_image
from core.preview import compose
from core.training.recipe import TrainingConfig
from pages.ui import augment_controls as controls
from pages.ui.data import dataset
from pages.ui.words import plain

SIZE = TrainingConfig().image_size
HIGHEST_SEED = 2**31 - 1
SEED, ALL = "augment_seed", "all classes"
BACKGROUNDS = {"light": (255, 255, 255), "dark": (20, 25, 27)}


def main() -> None:
    st.title("Augmentation")
    st.write(
        "Training shows a network randomly changed copies of each picture, so that it learns the animal and not its "
        "place, angle or light. Here you set how far the changes may go and see the copies."
    )
    playground(dataset())


@st.fragment
def playground(found: Dataset) -> None:
    config = controls.read_controls()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        controls.strength(config)
        seed, label, originals, copies = choices(found)
    left, right = st.columns([3, 2], gap="large")
    with right:
        controls.geometry(config)
        controls.colour()
    with left:
        preview(found, config, seed, chosen(found, label, originals), copies)
        st.write("The Training page uses these settings at once.")
        st.page_link("train.py", label="Go to Training", help="The settings go with you.")


def choices(found: Dataset) -> tuple[int, str, int, int]:
    """Seed, class, number of originals and of copies each."""
    label = st.selectbox(
        "Class", [ALL, *found.classes], help="Which class the originals come from: training pictures only.", width=160
    )
    originals = st.number_input(
        "Originals", 1, 6, 3, key="augment_originals", persist_state="session", help="Rows of the preview.", width=110
    )
    copies = st.number_input(
        "Copies each", 1, 6, 4, key="augment_copies", persist_state="session", help="Copies in a row.", width=110
    )
    seed = st.number_input(
        "Seed",
        0,
        HIGHEST_SEED,
        0,
        key=SEED,
        persist_state="session",
        help="The same seed draws the same changes. 0 shows what a training run with seed 0 draws.",
        width=120,
    )
    st.button("Draw again", on_click=next_seed, type="primary", help="Other random changes: the next seed.")
    return int(seed), label or ALL, int(originals), int(copies)


def next_seed() -> None:
    st.session_state[SEED] = (int(st.session_state[SEED]) + 1) % (HIGHEST_SEED + 1)


def chosen(found: Dataset, label: str, number: int) -> list[ImageRecord]:
    """The first training pictures of a class, or of each class in turn."""
    records = found.usable("train")
    by_class = [
        [record for record in records if record.label == name] for name in found.classes if label in (ALL, name)
    ]
    turns = [row[turn] for turn in range(number) for row in by_class if turn < len(row)]
    return turns[:number]


def preview(found: Dataset, config: AugmentationConfig, seed: int, records: list[ImageRecord], copies: int) -> None:
    rows: list[list[NDArray[np.uint8]]] = []
    drawn: list[dict[str, str]] = []
    for record in records:
        try:
            original = square(found.file(record))
        except ImageError as error:
            st.warning(plain(f"{Path(record.path).name} can no longer be read: {error.received}."))
            continue
        row = [original]
        for copy in range(1, 1 + copies):  # training numbers its copies from 1
            picture, changes = augment(original, config, seed, record.digest, copy)
            row.append(picture)
            drawn.append({"row": str(len(rows) + 1), "copy": str(copy), "what was drawn": describe(changes)})
        rows.append(row)
    if not rows:
        st.info("There is no training picture to show. Choose another class, or open another dataset.")
        st.page_link("dataset.py", label="Go to Dataset", help="Open other pictures there.")
        return
    many = "its copy" if copies == 1 else f"its copies 1 to {copies}"
    st.caption(f"First column: the original, {SIZE} x {SIZE} pixels as the network gets it. To the right: {many}.")
    st.image(
        compose(rows, 4, BACKGROUNDS["dark" if st.context.theme.type == "dark" else "light"]),
        output_format="PNG",
        alt=f"{len(rows)} training pictures, each followed by {copies} augmented copies",
    )
    words = (
        "Exactly what a training run with seed 0 draws" if seed == 0 else f"What a training run with seed {seed} draws"
    )
    st.caption(f"{words} for these pictures.")
    with st.expander("What was drawn for each copy"):
        st.table(drawn)


def square(file: Path) -> NDArray[np.uint8]:
    """The picture as training loads it. Raises `ImageError`."""
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise ImageError(f"the file is gone: {error.strerror}") from None
    return _square(file, changed, SIZE)


@st.cache_data(max_entries=100, show_spinner=False)
def _square(file: Path, changed: int, size: int) -> NDArray[np.uint8]:
    return load_image(file, size)


main()
