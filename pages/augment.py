"""Augmentation: tune the random transformations and see exactly the copies that training will draw."""

import time

import streamlit as st

from core.augmentation import AugmentationConfig, Drawn, augment, describe
from core.datasets import Dataset
from core.datasets.subject import subject
from pages.ui.augment import choice, controls
from pages.ui.augment.bank import bank, expected_changes
from pages.ui.augment.choice import Original
from pages.ui.augment.compare import compare_on_my_data
from pages.ui.augment.effect import effect, warnings
from pages.ui.augment.images import draw_again, images_choice
from pages.ui.augment.link import read_link, write_link
from pages.ui.augment.saved import save_and_share
from pages.ui.augment.words import augmentation_in_words
from pages.ui.components.augmented import Copy, Row, augmented
from pages.ui.shared.data import dataset
from pages.ui.shared.session import keep_session, kept
from pages.ui.shared.text import show_error

Copies = list[list[tuple[choice.Image, Drawn]]]
HINT = "Point at a copy, or use Tab and the arrow keys, to see its parameters. Click or press Enter to enlarge it."
PAINT_SECONDS = 0.2  # what a browser of two slow cores takes to paint a 4x4 preview (benchmarks/preview.py)
VIEW = kept("augment_view")
VIEWS = {
    "Sweep": "one transformation at a time, step by step.",
    "Statistics": "how the copies differ from the originals, and whether that goes too far.",
    "With a run": "what a trained model predicts for the copies.",
    "As code": "the same settings in Keras, and as JSON.",
}
# The preview stays in sight while the controls beside it, or on a phone below it, are scrolled.
CSS = """<style>
[data-testid='stColumn']:has(> * .st-key-augment_preview) {
  position: sticky; top: 3.75rem; align-self: flex-start; z-index: 5; background: light-dark(%s, %s);
}
@media (max-width: 640px) {
  [data-testid='stColumn']:has(> * .st-key-augment_preview) {padding-bottom: 0.5rem}
  [data-testid='stHorizontalBlock']:has(> * > * .st-key-augment_preview) {gap: 0.5rem}
}
</style>"""


def main() -> None:
    st.title("Augmentation")
    words = st.empty()
    data = dataset()
    words.write(
        "Training uses randomly transformed copies of each image, so that the model learns the "
        f"{subject(data.classes)} rather than its position, angle or lighting."
    )
    choice.begin()
    read_link(data)
    playground(data)


@st.fragment
def playground(data: Dataset) -> None:
    choice.begin()
    config = controls.read_controls()
    originals, errors = choice.originals(data)
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
        let_it_paint()
    with right, st.container(gap="small"):
        hand_over(config)
        controls.strength(config)
        with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
            draw_again()
            save_and_share(config, data)
        # What was uploaded is gone as soon as its control is not drawn.
        always = ("Images",) if choice.uploads() else ()
        controls.groups(
            config,
            {"Images": lambda: images_choice(data)},
            warnings(config, originals, copies),
            expected_changes(data, config),
            always=always,
        )
    bank(data, config)
    compare_on_my_data(data, config)
    closer(config, originals, copies, data)
    write_link(config, data)
    keep_session()


def preview(originals: list[Original], copies: Copies, config: AugmentationConfig) -> bool:
    """Draws it; True when there is something new to paint."""
    rows = [
        Row(original.name, original.image, tuple(Copy(image, describe(drawn)) for image, drawn in row))
        for original, row in zip(originals, copies, strict=True)
    ]
    changed = augmented(
        rows,
        "augment_grid",
        heads=["Original", *(f"Copy {copy}" for copy in range(1, 1 + choice.copies()))],
        hint=HINT,
        note=f"{choice.size()} px, seed {choice.seed()}: {'as' if as_in_training() else 'not as'} in training",
    )
    same_as_training()
    return changed


def let_it_paint() -> None:
    """Forty elements follow. Were they sent at once, the browser would paint the preview only after all of them. The
    next move of a slider ends the wait: Streamlit stops a run for another where it reads the session's state."""
    end = time.monotonic() + PAINT_SECONDS
    while time.monotonic() < end:
        time.sleep(0.01)
        choice.seed()


def nothing_to_show(*, explained: bool) -> None:
    """What to do next; the reason too, unless an error above has `explained` it."""
    if choice.uploads():
        if not explained:
            st.info("No image yet. Upload one in the Images tab.")
        return
    if not explained:
        st.info("There is no training image to show. Choose another class, or open another dataset.")
    st.page_link("dataset.py", label="Go to Dataset", help="Open another dataset, or this one again.")


def as_in_training() -> bool:
    training = choice.training_now()
    return (training.seed, training.image_size) == (choice.seed(), choice.size())


def same_as_training() -> None:
    """Says whether a run would draw these very copies."""
    training, agree = choice.training_now(), as_in_training()
    if choice.uploads():
        words = "The copies that training would draw if these images were in the dataset."
    elif not agree:
        words = f"Training is set to {training.image_size} px and seed {training.seed}, so it will draw other copies."
    else:
        words = f"Exactly the copies that a training run with seed {choice.seed()} draws. {_columns(training.copies)}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(words, width="content")
        if not agree:
            st.button(
                "Use training's size and seed",
                on_click=choice.match_training,
                type="tertiary",
                help="Sets both to the values on the Training page.",
            )


def _columns(number: int) -> str:
    if number == 0:
        return "Training is set to 0 copies, so it uses only the originals."
    return (
        "Training is set to 1 copy of each image: Copy 1."
        if number == 1
        else f"Training is set to {number} copies of each image: Copy 1 to Copy {number}."
    )


def hand_over(config: AugmentationConfig) -> None:
    """The way on, beside the preview, or below it on a phone."""
    if st.button(
        "Train with these settings",
        width="stretch",
        key="augment_hand_over",
        type="primary",
        help=f"Opens the Training page, which has these settings already. {augmentation_in_words(config)}",
    ):
        st.switch_page("train.py")


def closer(config: AugmentationConfig, originals: list[Original], copies: Copies, data: Dataset) -> None:
    """More about these settings: one view at a time, made on demand."""
    chosen = st.segmented_control(
        "Take a closer look",
        list(VIEWS),
        key=VIEW,
        persist_state="session",
        help=" ".join(f"{name}: {words}" for name, words in VIEWS.items()),
    )
    if chosen and not originals:
        st.info("Choose an image first.")
        return
    # Imported on demand: a run's predictions need ONNX Runtime.
    match chosen:
        case "Sweep":
            from pages.ui.augment.sweep import sweeps

            sweeps(config, originals)
        case "Statistics":
            effect(config, originals, copies)
        case "With a run":
            from pages.ui.augment.run import with_a_run

            with_a_run(config, originals, copies, data)
        case "As code":
            from pages.ui.augment.code import as_code

            as_code(config)


main()
