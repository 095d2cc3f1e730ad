"""Augmentation: tune the random changes, and see exactly the copies that training will draw."""

import time

import streamlit as st

from core.augmentation import AugmentationConfig, Drawn, augment, describe
from core.datasets import Dataset
from pages.ui import augment_choice as choice
from pages.ui import augment_controls as controls
from pages.ui.augment_choice import Original
from pages.ui.augment_link import read_link, write_link
from pages.ui.augment_pictures import draw_again, pictures_choice
from pages.ui.augment_saved import save_and_share
from pages.ui.augment_words import augmentation_in_words
from pages.ui.augmented import Copy, Row, augmented
from pages.ui.data import dataset
from pages.ui.words import show_error

Copies = list[list[tuple[choice.Image, Drawn]]]
HINT = "What was drawn: point at a copy, or reach it with Tab and the arrow keys. Click or press Enter to enlarge it."
PAINT_SECONDS = 0.1  # what a browser takes to paint a 4x4 preview (benchmarks/preview.py)
VIEW = "augment_view"
VIEWS = {
    "Sweep": "one change alone, in steps.",
    "Statistics": "whether the changes go too far.",
    "With a run": "what a trained model says of the copies.",
    "As code": "the same in Keras, and as JSON.",
}
# The preview stays in sight while the controls beside it, or on a phone below it, are scrolled.
CSS = """<style>
[data-testid='stColumn']:has(> * .st-key-augment_preview) {
  position: sticky; top: 3.75rem; align-self: flex-start; z-index: 5; background: light-dark(%s, %s);
}
@media (max-width: 640px) {[data-testid='stColumn']:has(> * .st-key-augment_preview) {padding-bottom: 0.5rem}}
</style>"""


def main() -> None:
    st.title("Augmentation")
    st.write(
        "Training sees randomly changed copies of each picture, so that it learns the animal and not its place, angle "
        "or light."
    )
    found = dataset()
    choice.begin()
    read_link(found)
    playground(found)


@st.fragment
def playground(found: Dataset) -> None:
    choice.begin()
    config = controls.read_controls()
    originals, errors = choice.originals(found)
    copies = [
        [
            augment(original.image, config, choice.seed(), original.digest, copy)
            for copy in range(1, 1 + choice.copies())  # training numbers its copies from 1
        ]
        for original in originals
    ]
    left, right = st.columns([3, 2], gap="large")
    with left, st.container(key="augment_preview", gap="small"):
        st.html(CSS % tuple(st.get_option(f"theme.{scheme}.backgroundColor") for scheme in ("light", "dark")))
        changed = bool(originals) and preview(originals, copies, config)
        for error in errors:
            show_error(error)
        if not originals:
            nothing_to_show(explained=bool(errors))
    if changed:
        # Forty elements follow. Were they sent at once, the browser would paint the preview only after all of them.
        time.sleep(PAINT_SECONDS)
    with right, st.container(gap="small"):
        controls.strength(config)
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            draw_again()
            save_and_share(config, found)
        # What was uploaded is gone as soon as its control is not drawn.
        always = ("Pictures",) if choice.uploads() else ()
        controls.groups(config, {"Pictures": lambda: pictures_choice(found)}, always=always)
    hand_over(config)
    closer(config, originals, copies, found)
    write_link(config, found)


def preview(originals: list[Original], copies: Copies, config: AugmentationConfig) -> bool:
    """Draws it; True when there is something new to paint."""
    rows = [
        Row(original.name, original.image, tuple(Copy(picture, describe(drawn)) for picture, drawn in row))
        for original, row in zip(originals, copies, strict=True)
    ]
    changed = augmented(
        rows,
        "augment_grid",
        heads=["Original", *(f"Copy {copy}" for copy in range(1, 1 + choice.copies()))],
        hint=HINT,
        note=f"{choice.size()} pixels, seed {choice.seed()}: {'as' if as_in_training() else 'not as'} in training",
    )
    same_as_training()
    return changed


def nothing_to_show(explained: bool) -> None:
    """What to do next; the reason too, unless an error above has `explained` it."""
    if choice.uploads():
        if not explained:
            st.info("No picture yet. Upload one under Pictures, at the end of the tabs.")
        return
    if not explained:
        st.info("There is no training picture to show. Choose another class, or open another dataset.")
    st.page_link("dataset.py", label="Go to Dataset", help="Open other pictures there, or these again.")


def as_in_training() -> bool:
    training = choice.training_now()
    return (training.seed, training.image_size) == (choice.seed(), choice.size())


def same_as_training() -> None:
    """Says whether a run would draw these very copies."""
    training, agree = choice.training_now(), as_in_training()
    if choice.uploads():
        words = "What training would draw if these pictures were part of the dataset."
    elif not agree:
        words = f"Training is set to {training.image_size} pixels and seed {training.seed}: it will draw other copies."
    else:
        words = f"Exactly the copies that a training run with seed {choice.seed()} draws. {_columns(training.copies)}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(words, width="content")
        if not agree:
            st.button(
                "Show what training draws",
                on_click=choice.match_training,
                type="tertiary",
                help="Sets size and seed to those of the Training page.",
            )


def _columns(number: int) -> str:
    if number == 0:
        return "It is set to no copies, so it will see the originals only."
    return "It is set to one copy of each picture: Copy 1." if number == 1 else f"It is set to copies 1 to {number}."


def hand_over(config: AugmentationConfig) -> None:
    with st.container(border=True):
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.markdown(f"**The Training page uses these settings.** {augmentation_in_words(config)}")
        if right.button(
            "Use these for training",
            width="stretch",
            key="augment_hand_over",
            type="primary",
            help="Opens the Training page: these settings are there already.",
        ):
            st.switch_page("train.py")


def closer(config: AugmentationConfig, originals: list[Original], copies: Copies, found: Dataset) -> None:
    """More about these settings: one view at a time, made when it is asked for."""
    chosen = st.segmented_control(
        "Look closer",
        list(VIEWS),
        key=VIEW,
        persist_state="session",
        help=" ".join(f"{name}: {words}" for name, words in VIEWS.items()),
    )
    if chosen and not originals:
        st.info("Choose a picture first.")
        return
    # Loaded when they are asked for: a run's answers need ONNX Runtime.
    match chosen:
        case "Sweep":
            from pages.ui.augment_sweep import sweeps

            sweeps(config, originals)
        case "Statistics":
            from pages.ui.augment_effect import effect

            effect(config, originals, copies)
        case "With a run":
            from pages.ui.augment_run import with_a_run

            with_a_run(config, originals, copies, found)
        case "As code":
            from pages.ui.augment_code import as_code

            as_code(config)


main()
