"""Which images the preview shows, at which size, with which seed and how many copies. `images` has the controls."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.errors import ImageError, PawlabError
from core.images.crop import Crop
from core.images.isolated import load_image
from core.runs.settings import TrainingConfig
from pages.ui.components.gallery import gallery_event
from pages.ui.shared.session import kept
from pages.ui.train.form import chosen_settings

Image: TypeAlias = NDArray[np.uint8]
MOST = 8  # originals, and copies of each
SIZES = (32, 512)  # what training takes
HIGHEST_SEED = 2**31 - 1
SEED, SIZE, ORIGINALS, COPIES, BY, CLASS, CHOSEN = (
    kept(f"augment_{name}") for name in ("seed", "size", "originals", "copies", "by", "class", "chosen")
)
BY_CLASS, BY_HAND, UPLOAD = "by class", "by hand", "upload"
UPLOADED, PICKER, PAGE = (f"augment_{name}" for name in ("uploaded", "picker", "page"))


@dataclass(frozen=True)
class Original:
    """An image to augment: its name, the SHA-256 of its file in hexadecimal, and its pixels as training loads them,
    uint8 (size, size, 3) RGB. `label` is its class, "" where it is unknown."""

    name: str
    digest: str
    image: Image
    label: str = ""


def begin() -> None:
    """Gives a value to what has none and reads what was picked by hand. Call it before anything else here."""
    training = training_now()
    initial = {
        SEED: training.seed,
        SIZE: training.image_size,
        ORIGINALS: 4,
        COPIES: 4,
        BY: BY_CLASS,
        CLASS: "",
        CHOSEN: (),
    }
    for key, value in initial.items():
        st.session_state.setdefault(key, value)
    if st.session_state[BY] is None:  # the marked segment was clicked again
        st.session_state[BY] = BY_CLASS
    event = gallery_event(PICKER)
    before = list(st.session_state[CHOSEN])
    after = event.apply(frozenset(before)) ^ ({event.opened} if event.opened else frozenset())  # a click ticks too
    still = [path for path in before if path in after]
    st.session_state[CHOSEN] = tuple([*still, *sorted(after - set(still))][:MOST])
    if event.page:
        st.session_state[PAGE] = event.page


def training_now() -> TrainingConfig:
    """The Training page's settings; the notebook's while those are invalid."""
    try:
        return chosen_settings()
    except PawlabError:
        return TrainingConfig()


def seed() -> int:
    return int(st.session_state[SEED])


def size() -> int:
    return int(st.session_state[SIZE])


def crop() -> Crop:
    """Always the Training page's."""
    return training_now().crop


def copies() -> int:
    return int(st.session_state[COPIES])


def uploads() -> bool:
    """True while uploaded images are shown, which no training run uses."""
    return bool(st.session_state[BY] == UPLOAD)


def originals(data: Dataset, square: tuple[int, Crop] | None = None) -> tuple[list[Original], list[PawlabError]]:
    """The chosen images, and why some of them cannot be shown; `square` is their side in pixels and their crop, by
    default the control's and training's."""
    side, how = square or (size(), crop())
    shown: list[Original] = []
    errors: list[PawlabError] = []
    if uploads():
        for file in st.session_state.get(UPLOADED) or []:
            content = file.getvalue()
            try:
                image = _uploaded(content, side, how)
                shown.append(Original(file.name, hashlib.sha256(content).hexdigest(), image))
            except ImageError as error:
                errors.append(ImageError(f"{file.name}: {error.received}", error.expected, error.fix))
        return shown[:MOST], errors
    gone: list[tuple[str, str]] = []
    for record in records(data):
        try:
            shown.append(Original(record.path, record.digest, _square(data.file(record), side, how), record.label))
        except ImageError as error:
            gone.append((Path(record.path).name, error.received))
    if gone:  # one message: a folder that was moved takes all of them along
        name, reason = gone[0]
        others = f" and {len(gone) - 1} more" if len(gone) > 1 else ""
        errors.append(
            ImageError(
                f"{name}{others} can no longer be read: {reason}",
                "files that stay as they were when the dataset was opened",
                "Put them back, or open the dataset again on the Dataset page",
            )
        )
    return shown, errors


def records(data: Dataset) -> list[ImageRecord]:
    """The dataset's chosen images: those picked by hand, else the first training images of a class, or of each class
    in turn."""
    usable = data.usable("train")
    if st.session_state[BY] == BY_HAND and (chosen := picked(data)):
        return chosen
    label, number = label_now(data), int(st.session_state[ORIGINALS])
    by_class = [[record for record in usable if record.label == name] for name in data.classes if label in ("", name)]
    turns = [row[turn] for turn in range(number) for row in by_class if turn < len(row)]
    return turns[:number]


def picked(data: Dataset) -> list[ImageRecord]:
    """The picked images that are still usable training images, in the order in which they were picked."""
    by_path = {record.path: record for record in data.usable("train")}
    return [by_path[path] for path in st.session_state[CHOSEN] if path in by_path]


def pick(data: Dataset, digests: Sequence[str]) -> int:
    """Picks the training images whose digests begin so, and returns how many of them are not in this dataset."""
    paths = [
        next((record.path for record in data.usable("train") if record.digest.startswith(digest)), "")
        for digest in digests
    ]
    st.session_state[CHOSEN] = tuple(filter(None, dict.fromkeys(paths)))
    st.session_state[BY] = BY_HAND
    return paths.count("")


def label_now(data: Dataset) -> str:
    """The chosen class, "" for all; a class of another dataset is dropped."""
    if st.session_state[CLASS] not in ("", *data.classes):
        st.session_state[CLASS] = ""
    return str(st.session_state[CLASS])


def untick() -> None:
    st.session_state[CHOSEN] = ()


def next_seed() -> None:
    st.session_state[SEED] = (seed() + 1) % (HIGHEST_SEED + 1)


def match_training() -> None:
    """Size and seed as the Training page has them."""
    training = training_now()
    st.session_state[SEED], st.session_state[SIZE] = training.seed, training.image_size


def _square(file: Path, side: int, how: Crop) -> Image:
    """The image as training loads it. Raises `ImageError`."""
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        raise ImageError("the file is gone" if gone else f"the file cannot be read: {error.strerror}") from None
    return _loaded(file, changed, side, how)


@st.cache_data(max_entries=100, show_spinner=False)
def _loaded(file: Path, changed: int, side: int, how: Crop) -> Image:
    return load_image(file, side, crop=how)


@st.cache_data(max_entries=20, show_spinner=False)
def _uploaded(content: bytes, side: int, how: Crop) -> Image:
    return load_image(content, side, crop=how)
