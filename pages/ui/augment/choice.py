"""Which pictures the preview shows, at which size, with which seed and how many copies. `augment_pictures` has the
controls."""

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
from core.images import load_image
from core.training.recipe import TrainingConfig
from pages.ui.gallery import gallery_event
from pages.ui.training_form import chosen_settings

Image: TypeAlias = NDArray[np.uint8]
MOST = 8  # originals, and copies of each
SIZES = (32, 512)  # what training takes
HIGHEST_SEED = 2**31 - 1
SEED, SIZE, ORIGINALS, COPIES, BY, CLASS, CHOSEN = (
    f"augment_{name}" for name in ("seed", "size", "originals", "copies", "by", "class", "chosen")
)
BY_CLASS, BY_HAND, UPLOAD = "by class", "by hand", "upload"
UPLOADED, PICKER, PAGE = (f"augment_{name}" for name in ("uploaded", "picker", "page"))


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
    event = gallery_event(PICKER)
    before = list(st.session_state[CHOSEN])
    after = event.apply(frozenset(before)) ^ ({event.opened} if event.opened else frozenset())  # a click ticks too
    kept = [path for path in before if path in after]
    st.session_state[CHOSEN] = tuple([*kept, *sorted(after - set(kept))][:MOST])
    if event.page:
        st.session_state[PAGE] = event.page


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
        for file in st.session_state.get(UPLOADED) or []:
            content = file.getvalue()
            try:
                image = _uploaded(content, side)
                shown.append(Original(file.name, hashlib.sha256(content).hexdigest(), image))
            except ImageError as error:
                errors.append(ImageError(f"{file.name}: {error.received}", error.expected, error.fix))
        return shown[:MOST], errors
    gone: list[tuple[str, str]] = []
    for record in records(found):
        try:
            shown.append(Original(record.path, record.digest, _square(found.file(record), side), record.label))
        except ImageError as error:
            gone.append((Path(record.path).name, error.received))
    if gone:  # one message: a folder that was moved away takes all of them along
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


def records(found: Dataset) -> list[ImageRecord]:
    """The dataset's pictures that are chosen: by hand, else the first training pictures of a class, or of each class in
    turn."""
    usable = found.usable("train")
    if st.session_state[BY] == BY_HAND and (chosen := picked(found)):
        return chosen
    label, number = label_now(found), int(st.session_state[ORIGINALS])
    by_class = [[record for record in usable if record.label == name] for name in found.classes if label in ("", name)]
    turns = [row[turn] for turn in range(number) for row in by_class if turn < len(row)]
    return turns[:number]


def picked(found: Dataset) -> list[ImageRecord]:
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


def label_now(found: Dataset) -> str:
    """The chosen class, "" for all; a class of another dataset is forgotten."""
    if st.session_state[CLASS] not in ("", *found.classes):
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


def _square(file: Path, side: int) -> Image:
    """The picture as training loads it. Raises `ImageError`."""
    try:
        changed = file.stat().st_mtime_ns
    except OSError as error:
        gone = isinstance(error, FileNotFoundError)
        raise ImageError("the file is gone" if gone else f"the file cannot be read: {error.strerror}") from None
    return _loaded(file, changed, side)


@st.cache_data(max_entries=100, show_spinner=False)
def _loaded(file: Path, changed: int, side: int) -> Image:
    return load_image(file, side)


@st.cache_data(max_entries=20, show_spinner=False)
def _uploaded(content: bytes, side: int) -> Image:
    return load_image(content, side)
