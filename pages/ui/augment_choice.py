"""Which pictures the preview shows, at which size, with which seed and how many copies: controls and what they give."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.selection import num_pages
from core.datasets.thumbnails import thumbnails
from core.errors import ImageError, PawlabError
from core.images import FORMATS, MAX_BYTES, load_image
from core.training.recipe import TrainingConfig
from pages.ui.gallery import GalleryItem, gallery, gallery_event
from pages.ui.training_form import chosen_settings

Image: TypeAlias = NDArray[np.uint8]
MOST = 8  # originals, and copies of each
SIZES = (32, 512)  # what training takes
HIGHEST_SEED = 2**31 - 1
SEED, SIZE, ORIGINALS, COPIES, BY, CLASS, CHOSEN = (
    f"augment_{name}" for name in ("seed", "size", "originals", "copies", "by", "class", "chosen")
)
BY_CLASS, BY_HAND, UPLOAD = "by class", "by hand", "upload"
_UPLOADED, _PICKER, _PAGE, _SEARCH = (f"augment_{name}" for name in ("uploaded", "picker", "page", "search"))
_A_PAGE = 12


@dataclass(frozen=True)
class Original:
    """A picture to augment: its name, the SHA-256 of its file in hexadecimal, and its pixels as training loads them,
    uint8 (size, size, 3) RGB. `label` is its class, "" where nobody knows."""

    name: str
    digest: str
    image: Image
    label: str = ""


def begin() -> None:
    """Fills in what has no value yet, and learns what was picked by hand. Call it before anything else here."""
    training = training_now()
    begun = {
        SEED: training.seed,
        SIZE: training.image_size,
        ORIGINALS: 4,
        COPIES: 4,
        BY: BY_CLASS,
        CLASS: "",
        CHOSEN: (),
    }
    for key, value in begun.items():
        st.session_state.setdefault(key, value)
    if st.session_state[BY] is None:  # the marked segment was clicked again
        st.session_state[BY] = BY_CLASS
    event = gallery_event(_PICKER)
    before = list(st.session_state[CHOSEN])
    after = event.apply(frozenset(before)) ^ ({event.opened} if event.opened else frozenset())  # a click ticks too
    kept = [path for path in before if path in after]
    st.session_state[CHOSEN] = tuple([*kept, *sorted(after - set(kept))][:MOST])
    if event.page:
        st.session_state[_PAGE] = event.page


def training_now() -> TrainingConfig:
    """What the Training page is set to; the notebook's settings while it is set to nothing that works."""
    try:
        return chosen_settings()
    except PawlabError:
        return TrainingConfig()


def seed() -> int:
    return int(st.session_state[SEED])


def size() -> int:
    return int(st.session_state[SIZE])


def copies() -> int:
    return int(st.session_state[COPIES])


def uploads() -> bool:
    """True while an uploaded picture is shown, which no training run has."""
    return bool(st.session_state[BY] == UPLOAD)


def originals(found: Dataset, side: int = 0) -> tuple[list[Original], list[PawlabError]]:
    """The chosen pictures, and why some of them cannot be shown; `side` in pixels, else as the control says."""
    side = side or size()
    shown: list[Original] = []
    errors: list[PawlabError] = []
    if uploads():
        for file in st.session_state.get(_UPLOADED) or []:
            content = file.getvalue()
            try:
                image = _uploaded(content, side)
                shown.append(Original(file.name, hashlib.sha256(content).hexdigest(), image))
            except ImageError as error:
                errors.append(ImageError(f"{file.name}: {error.received}", error.expected, error.fix))
        return shown[:MOST], errors
    for record in records(found):
        try:
            shown.append(Original(record.path, record.digest, _square(found.file(record), side), record.label))
        except ImageError as error:
            errors.append(ImageError(f"{Path(record.path).name} can no longer be read: {error.received}"))
    return shown, errors


def records(found: Dataset) -> list[ImageRecord]:
    """The dataset's pictures that are chosen: by hand, else the first training pictures of a class, or of each class in
    turn."""
    usable = found.usable("train")
    if st.session_state[BY] == BY_HAND and (chosen := _picked(found)):
        return chosen
    label, number = _label(found), int(st.session_state[ORIGINALS])
    by_class = [[record for record in usable if record.label == name] for name in found.classes if label in ("", name)]
    turns = [row[turn] for turn in range(number) for row in by_class if turn < len(row)]
    return turns[:number]


def draw_again() -> None:
    """The button that draws other changes, and the seed that it counts on."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="augment_draw"):
        st.button("Draw again", on_click=_next_seed, type="primary", help="Other random changes: the next seed.")
        st.number_input(
            "Seed",
            0,
            HIGHEST_SEED,
            key=SEED,
            persist_state="session",
            help="The same seed draws the same changes, here and in training.",
            width=130,
        )


def choice(found: Dataset) -> None:
    """The controls."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Originals",
            1,
            MOST,
            key=ORIGINALS,
            persist_state="session",
            disabled=st.session_state[BY] != BY_CLASS,
            help="Rows of the preview, while they are chosen by class.",
            width=115,
        )
        st.number_input("Copies each", 1, MOST, key=COPIES, persist_state="session", help="Copies in a row.", width=115)
        st.number_input(
            "Size",
            *SIZES,
            key=SIZE,
            step=32,
            persist_state="session",
            help="Side of the square in pixels. Training draws at its own image size, and other sizes give others.",
            width=125,
        )
    st.segmented_control(
        "Pictures",
        [BY_CLASS, BY_HAND, UPLOAD],
        format_func=str.capitalize,
        key=BY,
        persist_state="session",
        help="The first training pictures of a class, those that you tick, or pictures from your machine.",
    )
    match st.session_state[BY]:
        case "by hand":
            _picker(found)
        case "upload":
            st.file_uploader(
                "Pictures to augment",
                accept_multiple_files=True,
                key=_UPLOADED,
                max_upload_size=MAX_BYTES // 2**20,
                help=f"Stays in memory, on this machine ({FORMATS}).",
            )
            st.caption("Their copies are those that training would draw, were they in the dataset.")
        case _:
            _label(found)
            st.selectbox(
                "Class",
                ["", *found.classes],
                format_func=lambda name: name or "All classes in turn",
                key=CLASS,
                persist_state="session",
                help="Which class the originals come from: training pictures only.",
            )


def _picker(found: Dataset) -> None:
    text = st.text_input(
        "Search by name",
        key=_SEARCH,
        persist_state="session",
        placeholder="part of the path",
        help="Any part of the file's path, in upper or lower case.",
    ).casefold()
    fitting = [record for record in found.usable("train") if text in record.path.casefold()]
    chosen = _picked(found)
    with st.container(horizontal=True, vertical_alignment="center"):
        words = f"{len(chosen)} of at most {MOST} ticked." if chosen else "Tick up to 8; until then, they are by class."
        st.caption(words)
        st.button("Untick all", on_click=_untick, disabled=not chosen, help="Back to pictures by class.")
    if not fitting:
        st.info("No training picture has that in its name.")
        return
    pages = num_pages(len(fitting), _A_PAGE)
    page = min(max(1, st.session_state.get(_PAGE, 1)), pages)
    cells = fitting[(page - 1) * _A_PAGE : page * _A_PAGE]
    gallery(
        [
            GalleryItem(record.path, record.path, Path(record.path).name, small.content, small.reason)
            for record, small in zip(cells, thumbnails(found, cells), strict=True)
        ],
        _PICKER,
        frozenset(record.path for record in chosen),
        label="Training pictures",
        page=page,
        pages=pages,
        size=_A_PAGE,
        total=len(fitting),
        cell=80,
    )


def _picked(found: Dataset) -> list[ImageRecord]:
    """What was ticked and is still a usable training picture, in the order of the ticks."""
    by_path = {record.path: record for record in found.usable("train")}
    return [by_path[path] for path in st.session_state[CHOSEN] if path in by_path]


def pick(found: Dataset, digests: Sequence[str]) -> int:
    """Ticks the training pictures whose digests begin so; gives the number of them that are not in this dataset."""
    paths = [
        next((record.path for record in found.usable("train") if record.digest.startswith(digest)), "")
        for digest in digests
    ]
    st.session_state[CHOSEN] = tuple(filter(None, dict.fromkeys(paths)))
    st.session_state[BY] = BY_HAND
    return paths.count("")


def _label(found: Dataset) -> str:
    """The chosen class, "" for all; a class of another dataset is forgotten."""
    if st.session_state[CLASS] not in ("", *found.classes):
        st.session_state[CLASS] = ""
    return str(st.session_state[CLASS])


def _untick() -> None:
    st.session_state[CHOSEN] = ()


def _next_seed() -> None:
    st.session_state[SEED] = (seed() + 1) % (HIGHEST_SEED + 1)


def match_training() -> None:
    """Size and seed as the Training page has them."""
    training = training_now()
    st.session_state[SEED], st.session_state[SIZE] = training.seed, training.image_size


def _square(file: Path, side: int) -> Image:
    """The picture as training loads it. Raises `ImageError`."""
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        raise ImageError(f"the file is gone: {error.strerror}") from None
    return _loaded(file, changed, side)


@st.cache_data(max_entries=100, show_spinner=False)
def _loaded(file: Path, changed: int, side: int) -> Image:
    return load_image(file, side)


@st.cache_data(max_entries=20, show_spinner=False)
def _uploaded(content: bytes, side: int) -> Image:
    return load_image(content, side)
